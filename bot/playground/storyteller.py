"""The story, told on the stage at a chosen speed; it can be stopped anywhere, played on by hand and taken up again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.demo.cast import BotEnded, Cast, Missed
from bot.demo.story import Story
from bot.demo.theatre import next_noon
from bot.playground.company import Company
from bot.playground.stage import Stage
from bot.sandbox import SandboxClient, SandboxError

T = TypeVar("T")

READING = 1.5
"""Seconds that a person of speed 1 thinks before acting."""


class PacedCast(Cast):
    """A cast that waits before each act: for the pace, and for who has stopped the story."""

    def __init__(self, client: SandboxClient, *, patience: float = 60.0) -> None:
        super().__init__(client, patience=patience)
        self.pace = 0.0
        """Seconds before each act."""
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def breathe(self) -> None:
        """Wait for the pace, and as long as the story is stopped."""
        await asyncio.sleep(self.pace)
        await self.goes_on.wait()

    async def until(self, find: Callable[[], T | None], missed: Callable[[], Missed]) -> T:
        """Wait until `find` finds something; while the story is stopped, patience does not run out."""
        while True:
            try:
                return await super().until(find, missed)
            except Missed:
                if self.goes_on.is_set():
                    raise
                await self.goes_on.wait()


@dataclass(frozen=True, slots=True)
class Telling:
    """How far the story is: `idle`, `playing`, `stopped` (by hand), `over` or `broken` (with the reason)."""

    state: str = "idle"
    step: int = 0
    of: int = 0
    name: str = ""
    title: str = ""
    reason: str = ""


class Storyteller:
    """Plays the story on a stage that is made empty for it."""

    def __init__(
        self, stage: Stage, cast: PacedCast, company: Company, on_change: Callable[[], None]
    ) -> None:
        self._stage = stage
        self._cast = cast
        self._company = company
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self.telling = Telling()

    def _now(self, telling: Telling) -> None:
        self.telling = telling
        self._on_change()

    async def begin(self, speed: float) -> None:
        """Tell it from its beginning, at a multiple of people's pace."""
        await self.end()
        self.at(speed)
        self._cast.goes_on.set()
        await self._stage.begin_anew()
        self._company.clear()
        # Nothing in the story shall depend on the hour at which somebody plays it.
        self._stage.set_clock(next_noon())
        self._task = asyncio.create_task(self._tell())

    def at(self, speed: float) -> None:
        """Change the pace."""
        self._cast.pace = READING / speed

    def stop(self) -> None:
        """Hold the story before the next act; whoever plays can act for anybody now."""
        if self.telling.state == "playing":
            self._cast.goes_on.clear()
            self._now(replace(self.telling, state="stopped"))

    def go_on(self) -> None:
        """Take a stopped story up again."""
        if self.telling.state == "stopped":
            self._cast.goes_on.set()
            self._now(replace(self.telling, state="playing"))

    async def end(self) -> None:
        """Tell no more of it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._cast.goes_on.set()
        self._cast.pace = 0.0
        self._now(Telling())

    async def _tell(self) -> None:
        story = Story(self._cast, self._stage)
        count = len(story.steps)
        for number, step in enumerate(story.steps, 1):
            state = "playing" if self._cast.goes_on.is_set() else "stopped"
            self._now(Telling(state, number, count, step.name, step.title))
            try:
                await step.play()
            except (Missed, BotEnded, SandboxError) as trouble:
                self._now(Telling("broken", number, count, step.name, step.title, str(trouble)))
                return
        self._cast.pace = 0.0
        self._now(Telling("over", count, count))
