"""`duologue demo`: plays the story with the real bot on a sandbox and says whether every promise was kept."""

import asyncio
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.demo.cast import BotEnded, Cast, Missed
from bot.demo.story import Step, Story
from bot.demo.theatre import ZONE, Theatre
from bot.demo.transcript import WIDTH, Played, Transcript
from bot.sandbox import SandboxError

HEARD_WITHIN = 5.0
"""Seconds after which Ctrl-C is passed on once more, if nothing came of it."""

READING = 1.5
"""Seconds that a person of speed 1 thinks before acting."""


class _Stopped(Exception):
    """The play ended before its end: in which step, why, and what was got instead."""

    def __init__(self, step: str, reason: str, got: Sequence[str]) -> None:
        super().__init__(reason)
        self.step, self.reason, self.got = step, reason, got


async def demo(*, keep: bool = False, speed: float = 0.0) -> None:
    """Play the whole story on this machine: the real bot, a local Telegram, and people who use it.

    Parameters
    ----------
    keep
        Leave the data folder behind and say where it is.
    speed
        0: as fast as the bot can. 1: as slow as people read; 2: twice as fast as that.
    """
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal that cannot show a sign shall not end the play
    seen = Console(highlight=False)
    console = Console(highlight=False, width=min(seen.width, WIDTH) if seen.is_terminal else WIDTH)
    folder = Path(tempfile.mkdtemp(prefix="duologue-demo-"))
    try:
        passed = await _until_interrupted(play(folder, console, pause=READING / speed if speed > 0 else 0.0))
    except asyncio.CancelledError:
        raise SystemExit(130) from None
    finally:
        if keep:
            console.print(f"\nThe data is in {folder}", soft_wrap=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if not passed:
        raise SystemExit(1)


async def _until_interrupted(story: Coroutine[Any, Any, bool]) -> bool:
    """What becomes of a story. Raises CancelledError when Ctrl-C ended it.

    A cancellation can get lost in a library that is just done with something, so it is said again until it is heard.
    """
    playing, telling = asyncio.create_task(story), asyncio.create_task(told_to_stop(signal.SIGINT))
    await asyncio.wait({playing, telling}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    while not playing.done():
        playing.cancel()
        await asyncio.wait({playing}, timeout=HEARD_WITHIN)
    return playing.result()


async def told_to_stop(*signals: signal.Signals) -> None:
    """Wait until one of these signals comes, also if the program was started with them ignored."""
    told = asyncio.Event()
    for name in signals:
        with contextlib.suppress(NotImplementedError):  # Windows: there it comes as a KeyboardInterrupt
            asyncio.get_running_loop().add_signal_handler(name, told.set)
    await told.wait()


async def play(
    folder: Path,
    console: Console,
    *,
    command: Sequence[str] | None = None,
    pause: float = 0.0,
    patience: float = 20.0,
) -> bool:
    """Play the story in a folder; False if a step failed. `command` replaces the bot; times are seconds."""
    theatre = Theatre(folder, command=command)
    async with theatre, Cast(theatre.client, patience=patience, pause=pause) as cast:
        story = Story(cast, theatre)
        transcript = Transcript(console, len(story.steps))
        theatre.bot.on_exit = lambda: cast.bot_fell(theatre.bot.fell or 0)
        theatre.on_clock = lambda to: transcript.clock(f"{to.astimezone(ZONE):%a %d %b, %H:%M} in Beijing")
        cast.on_line = transcript.line
        transcript.began(time.monotonic())
        played: list[Played] = []
        with transcript.progress:
            try:
                for number, step in enumerate(story.steps, 1):
                    transcript.opens(number, step.title)
                    played.append(await _perform(cast, step))
                _check_everybody(cast)
            except _Stopped as stopped:
                transcript.failed(stopped.step, stopped.reason, stopped.got, theatre.bot.last_lines())
                return False
        transcript.summary(played, cast.lines)
    return True


async def _perform(cast: Cast, step: Step) -> Played:
    cast.step = step.name
    began = time.monotonic()
    try:
        await step.play()
    except Missed as missed:
        raise _Stopped(step.name, str(missed), missed.heard) from None
    except (BotEnded, SandboxError) as error:
        raise _Stopped(step.name, str(error), ()) from None
    _check_everybody(cast)
    return Played(step.name, step.title, time.monotonic() - began, passed=True)


def _check_everybody(cast: Cast) -> None:
    """Nobody is told anything twice, or in a language that is not theirs; the step to blame is the one that
    told it first."""
    for first, *others in cast.doubles():
        reason = f"{first.actor.name}: should have got this once, and got it {1 + len(others)} times"
        raise _Stopped(first.step, reason, [first.text])
    for actor in cast.actors.values():
        for line in actor.not_in_chinese():
            raise _Stopped(line.step, f"{actor.name}: should have been told this in Chinese", [line.text])
