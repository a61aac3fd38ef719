"""A night: the story, played on the real bot, a process that dies where it is told to and is started again."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.delivery.jobs import TRIES
from bot.delivery.mortal import DIED, JOURNAL
from bot.demo.cast import BotEnded, Cast, Missed
from bot.demo.theatre import BotProcess, Theatre
from bot.services.messages import load
from bot.texts import LANGUAGES, speech
from handlers.render import screen
from handlers.screen import plain
from tests.crash.evidence import Seen, mask, seen
from tests.crash.nursery import ForkedBot, Nursery
from tests.crash.oracle import Cut, Verdict, broken_off, judge, miscounted, reminded, told_wrongly
from tests.crash.story import CANCELLED, HEADS, POLICY, REMINDERS, TOLD, Scene, Story
from tests.databases import as_left, rows

PATIENCE = 60.0
"""Seconds: what did not come by then does not come."""

KILLED = -9


class NightTheatre(Theatre):
    """A theatre whose bot comes from a nursery."""

    def __init__(
        self, nursery: Nursery, folder: Path, database_url: str, noon: datetime, moments: Sequence[str]
    ) -> None:
        env = {"DUOLOGUE_DATABASE_URL": database_url, "DUOLOGUE_FAULT": "; ".join(moments) or "record"}
        super().__init__(folder, policy=POLICY, noon=noon, env=env)
        self._nursery = nursery

    def cast_bot(self, env: Mapping[str, str], log: Path) -> BotProcess:
        """One that can be started often."""
        return ForkedBot(env, log, self._nursery)


@dataclass(slots=True)
class Outcome:
    """How a night went: what people saw, what was cut off, what it is called, and the moments that passed."""

    seen: Seen
    cuts: list[Cut]
    lanes: dict[str, int]
    journal: list[str]
    verdict: Verdict

    @property
    def deaths(self) -> list[str]:
        """The moments at which the bot died."""
        return [line.removeprefix(DIED) for line in self.journal if line.startswith(DIED)]


class Night:
    """Plays the story once.

    The bot dies at `moments` (none: it lives), and once more when all is over, if it is to die `late`.
    `scenes` is how many are played (None: all), `patience` in seconds.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        noon: datetime,
        moments: Sequence[str] = (),
        *,
        scenes: int | None = None,
        late: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self._folder = folder
        self._database_url = database_url
        self._noon = noon
        self._moments = moments
        self._scenes = scenes
        self._late = late
        self._patience = patience
        self._cuts: list[Cut] = []
        self._deadly = False
        """Whether a job took the bot down on its last try: it is given up then, and people are told so."""
        self._reviving: asyncio.Task[None] | None = None

    async def play(self, calm: Outcome | None = None) -> Outcome:
        """Play it, and judge it by a calm one (by itself, if it is the calm one)."""
        async with (
            Nursery() as nursery,
            NightTheatre(nursery, self._folder, self._database_url, self._noon, self._moments) as theatre,
            Cast(theatre.client, patience=self._patience) as cast,
        ):
            self._theatre, self._cast = theatre, cast
            theatre.bot.on_exit = self._died
            story = Story(cast, theatre, self._quiet)
            complaint = await self._act(story.scenes[: self._scenes])
            if self._late:
                await self._dies_late()
            outcome = await self._outcome(story)
            by = calm or outcome
            if self._deadly:
                outcome.verdict = Verdict(
                    broken_off=["a job took the bot down so often that it was given up"]
                )
            elif complaint and not self._late:  # there is nothing to compare
                who, words = complaint
                here = len(story.marks)
                outcome.verdict = broken_off(by.seen, outcome.seen, outcome.cuts, who, here, words)
            else:
                outcome.verdict = _judge(by, outcome, story)
            if self._scenes is None and not outcome.cuts and not complaint:
                outcome.verdict.losses += told_wrongly(outcome.seen, TOLD)
            return outcome

    async def _act(self, scenes: Sequence[Scene]) -> tuple[str, str] | None:
        """Play these scenes; gives who waited in vain, and for what."""
        for scene in scenes:
            try:
                await scene.play()
            except Missed as missed:
                return missed.who, f"{scene.name}: {missed}; what came: {' | '.join(missed.heard)}"
            except (BotEnded, TimeoutError) as error:
                return "", f"{scene.name}: {error}"
        return None

    async def _quiet(self) -> None:
        """Wait until the bot has nothing left to do now."""
        deadline = time.monotonic() + self._patience
        while True:
            await self._revived()
            pending = (await self._theatre.client.info())["pending_updates"]
            waiting = self._waiting()
            if not pending and not waiting:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{pending} updates wait at the door, and {waiting} inside")
            await asyncio.sleep(0.01)

    def _waiting(self) -> list[str]:
        now = self._theatre.now.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        return [what for (what,) in rows(self._database_url, WAITING.format(now=now))]

    async def _revived(self) -> None:
        while self._reviving is not None and not self._reviving.done():
            await self._reviving

    def _died(self) -> None:
        self._reviving = asyncio.create_task(self._revive(self._theatre.bot.fell))

    async def _revive(self, status: int | None) -> None:
        if status != KILLED:  # that was no planned death
            self._cast.bot_fell(status or 0)
            return
        until = time.monotonic()
        written = (self._theatre.data / JOURNAL).stat().st_mtime
        self._note_cuts(min(until, until - (time.time() - written)), until)
        await self._theatre.bot.start()

    async def _dies_late(self) -> None:
        await self._theatre.bot.kill()
        self._note_cuts(time.monotonic(), time.monotonic())
        polls = len(await self._theatre.client.requests("getUpdates"))
        await self._theatre.bot.start()
        while len(await self._theatre.client.requests("getUpdates")) == polls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await self._quiet()

    def _note_cuts(self, died: float, until: float) -> None:
        names = _names(self._cast)
        with as_left(self._database_url) as eyes:
            self._deadly |= bool(eyes.rows(DEADLY))
            for chat, kind, data, change in eyes.rows(IN_THE_AIR):
                texts = _texts(kind, data)
                self._cuts.append(Cut(names.get(chat, "?"), kind, texts, died, until, bool(change)))

    async def _outcome(self, story: Story) -> Outcome:
        client, names = self._theatre.client, _names(self._cast)
        events: list[dict[str, Any]] = []
        while more := await client.events(events[-1]["seq"] if events else 0):
            events += more
        with as_left(self._database_url) as eyes:
            found = eyes.rows("SELECT lane, kind, data FROM outbox WHERE edits IS NULL")
        lanes = {text: lane for lane, kind, data in found for text in _texts(kind, data)}
        journal = (self._theatre.data / JOURNAL).read_text().splitlines()
        told = seen(events, await client.requests(), names, story.marks)
        return Outcome(told, self._cuts, lanes, journal, Verdict())


def _judge(calm: Outcome, night: Outcome, story: Story) -> Verdict:
    verdict = judge(calm.seen, night.seen, night.cuts, calm.lanes | night.lanes)
    verdict.reminded += reminded(night.seen, story.cancelled_in, REMINDERS, f"{CANCELLED:%H:%M}–")
    verdict.losses += miscounted(night.seen.tally, HEADS, night.cuts) if night.seen.tally else []
    return verdict


IN_THE_AIR = """
    SELECT row.chat_id, row.kind, row.data, original.message_id IS NOT NULL
    FROM outbox row LEFT JOIN outbox original ON original.id = row.edits WHERE row.state = 'sending'
"""
"""What was being sent: new messages, and changes of such whose id is known; any other change goes out as a new one."""

DEADLY = f"SELECT 1 FROM jobs WHERE state = 'running' AND attempts > {TRIES}"

WAITING = """
    SELECT 'update ' || update_id FROM inbox WHERE state = 'new'
    UNION ALL SELECT state || ' ' || kind FROM outbox WHERE state IN ('queued', 'sending')
    UNION ALL SELECT state || ' ' || kind FROM jobs WHERE state IN ('queued', 'running')
    UNION ALL SELECT 'due ' || kind FROM timers WHERE state = 'pending' AND due_at <= '{now}'
"""
"""What there is to do at a moment (UTC, as a file has it)."""


def _texts(kind: str, data: Any) -> frozenset[str]:
    """How a row reads, in each language; nothing if it leaves no message."""
    message = load(kind, json.loads(data) if isinstance(data, str) else data)
    screens = [screen(message, speech(language)) for language in LANGUAGES]
    return frozenset(mask(plain(made.text)) for made in screens if made.commands is None)


def _names(cast: Cast) -> dict[int, str]:
    return {actor.person.id: actor.name for actor in cast.actors.values()}
