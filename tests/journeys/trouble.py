"""Trouble for a bot that runs as a process: killed at a chosen call, and what may be told twice because of it.

The oracle. A message may reach somebody a second time only if an earlier copy was cut off in the air:
either the network failed after it arrived (the sandbox's `drop_after` and its like), or the bot was killed before it
had written down that it arrived. The second is read from the dead bot's own database, before it is started again: the
message was still marked as being sent, it was the chat's last one, and it had arrived only just then.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from bot import config
from bot.delivery.settle import DOUBTS
from bot.demo.cast import Cast, Line
from bot.demo.scene import REVIEWERS
from bot.demo.theatre import Theatre
from bot.services.messages import KINDS, IfUncertain
from tests import databases
from tests.stage import Stage

JUST_NOW = 3.0
"""Seconds: a bot that writes down a sending later than this has no excuse (the machine may be busy)."""

AFTER = ("drop_after", "hang_after", "error_after", "malformed", "half", "trickle", "delay")
"""The sandbox's faults that hide from the bot that something happened."""

CUT_AFTER = tuple(f"fault: {kind}" for kind in AFTER)

Place = Theatre | Stage
"""Where a bot plays: as a process, or in this one."""


@dataclass(frozen=True, slots=True)
class Death:
    """The bot was killed: when, until when nothing new could be sent, and the chats with a message in the air.

    What the dead one had sent off already may still arrive in between.
    """

    mono: float
    until: float
    in_the_air: frozenset[int]


@dataclass(frozen=True, slots=True)
class Stroke:
    """Kill the bot at the `nth` next call of one of `methods`.

    `before`: nothing happened yet. Otherwise it has happened, and the answer is on its way.
    """

    methods: tuple[str, ...]
    nth: int
    before: bool = False


class Trouble:
    """Kills the bot of a theatre and starts it again, keeping count of what was cut off."""

    def __init__(self, theatre: Theatre) -> None:
        self.theatre = theatre
        self.deaths: list[Death] = []
        self._strokes: list[Stroke] = []
        self._count = 0
        self._reviving: asyncio.Task[None] | None = None
        api = theatre.sandbox.api
        self._perform = api._perform
        api._perform = self._watched  # type: ignore[method-assign]

    def plan(self, *strokes: Stroke) -> None:
        """Strike one after the other, each counted from the one before."""
        self._strokes += strokes

    def forget(self) -> None:
        """Strike no more."""
        self._strokes.clear()

    @property
    def left(self) -> int:
        """How many planned strokes have not come."""
        return len(self._strokes)

    async def kill(self) -> None:
        """Kill the bot now and start it again on the same data."""
        self._strike()
        await self.calm()

    async def calm(self) -> None:
        """Wait until a bot that was killed runs again."""
        if self._reviving is not None:
            await self._reviving

    def _strike(self) -> None:
        if self._reviving is None or self._reviving.done():
            self.theatre.bot.strike()
            self._reviving = asyncio.create_task(self._revive(time.monotonic()))

    async def _revive(self, died: float) -> None:
        await self.theatre.bot.kill()
        self.deaths.append(Death(died, time.monotonic(), frozenset(chats_in_the_air(self.theatre))))
        await self.theatre.bot.start()

    async def _watched(self, method: str, given: dict[str, Any], uploads: Any) -> bytes:
        stroke = self._due(method)
        if stroke is None:
            return await self._perform(method, given, uploads)
        if stroke.before:
            self._strike()
            return b"true"  # nobody is there to read it
        result = await self._perform(method, given, uploads)
        self._strike()
        return result

    def _due(self, method: str) -> Stroke | None:
        if not self._strokes or method not in self._strokes[0].methods:
            return None
        if self._reviving is not None and not self._reviving.done():
            return None  # a call that the dead one had under way
        self._count += 1
        if self._count < self._strokes[0].nth:
            return None
        self._count = 0
        return self._strokes.pop(0)


def rows(theatre: Place, query: str) -> list[tuple[Any, ...]]:
    """Ask the bot's database, while no bot runs on it or beside one that does."""
    url = database_of(theatre)
    if url.startswith("sqlite") and not Path(str(make_url(url).database)).exists():
        return []
    try:
        return databases.rows(url, query)
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # killed before the tables were made
            return []
        raise


def on(database_url: str) -> dict[str, str]:
    """What a bot in a theatre is told, so that its state is there."""
    return {"DUOLOGUE_DATABASE_URL": database_url}


def database_of(place: Place) -> str:
    """The URL of the bot's database."""
    told = place.config() if isinstance(place, Stage) else config.load(place.environment(), place.folder)
    return told.settings.database_url


def knowing(folder: Path, database_url: str, secret: bytes) -> list[str]:
    """The files in a folder, and the tables of a database on a server, that hold something secret."""
    files = [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]
    if database_url.startswith("sqlite"):
        return files
    tables = [name for (name,) in databases.rows(database_url, TABLES)]
    return files + [
        name
        for name in tables
        if any(
            secret in str(row).encode()
            for (row,) in databases.rows(database_url, f'SELECT one::text FROM "{name}" one')
        )
    ]


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def chats_in_the_air(theatre: Place) -> list[int]:
    """The chats with a new message that is marked as being sent."""
    found = rows(theatre, "SELECT chat_id FROM outbox WHERE state = 'sending' AND edits IS NULL")
    return [chat for (chat,) in found]


def unexcused(cast: Cast, deaths: list[Death]) -> list[str]:
    """Messages that came twice although no copy but the last was cut off in the air."""
    cut = set()
    for actor in cast.actors.values():
        told = [line for line in actor.lines if line.kind == "message"]
        cut |= {_next_message(actor.lines, line) for line in actor.lines if line.text in CUT_AFTER}
        for death in deaths:
            before = [line for line in told if line.mono <= death.until]
            if actor.person.id in death.in_the_air and before and death.mono - before[-1].mono < JUST_NOW:
                cut.add(before[-1].seq)
    return [
        f"{copies[0].actor.name} got {copies[0].text!r} at {[round(copy.mono, 3) for copy in copies]}; deaths: "
        f"{[(round(death.mono, 3), sorted(death.in_the_air)) for death in deaths]}"
        for copies in cast.doubles()
        if any(copy.seq not in cut for copy in copies[:-1])
    ]


def _next_message(lines: list[Line], fault: Line) -> int:
    later = (line.seq for line in lines if line.kind == "message" and line.seq > fault.seq)
    return next(later, 0)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a play ended: what is true, and what everybody was told, each row of the outbox once."""

    samples: Counter[Any]
    votes: Counter[Any]
    decisions: Counter[Any]
    pairs: Counter[Any]
    bookings: Counter[Any]
    told: Counter[tuple[str, str]]
    stuck: tuple[Any, ...]


SAMPLES = "SELECT p.telegram_id, s.state FROM samples s JOIN people p ON p.id = s.person_id"
VOTES = """SELECT p.telegram_id, a.approve, a.state, a.reasons
    FROM assignments a JOIN samples s ON s.id = a.sample_id JOIN people p ON p.id = s.person_id"""
DECISIONS = """SELECT p.telegram_id, d.round, d.approved, d."by"
    FROM decisions d JOIN samples s ON s.id = d.sample_id JOIN people p ON p.id = s.person_id"""
PAIRS = """SELECT p.telegram_id, r.state, r.via
    FROM pair_members m JOIN pairs r ON r.id = m.pair_id JOIN people p ON p.id = m.person_id"""
BOOKINGS = """SELECT p.telegram_id, b.state, m.active, m.attending
    FROM booking_members m JOIN bookings b ON b.id = m.booking_id JOIN people p ON p.id = m.person_id"""
TOLD = "SELECT chat_id, kind FROM outbox WHERE edits IS NULL AND state IN ('sent', 'uncertain')"


def ending(theatre: Place, cast: Cast) -> Ending:
    """How the play ended, by the bot's database, with people under their names.

    Which of the reviewers hears which sample depends on who was idle longest: as listeners they count as one.
    """
    names = {actor.person.id: actor.name for actor in cast.actors.values()}
    listeners = names | {
        chat: "a reviewer" for chat, name in names.items() if name in {who for who, *_ in REVIEWERS}
    }

    def count(query: str, called: Mapping[int, str] = names) -> Counter[Any]:
        return Counter((called[row[0]], *row[1:]) for row in rows(theatre, query))

    return Ending(
        samples=count(SAMPLES),
        votes=count(VOTES),
        decisions=count(DECISIONS),
        pairs=count(PAIRS),
        bookings=count(BOOKINGS),
        told=count(TOLD, listeners),
        stuck=tuple(stuck(theatre)),
    )


def waiting(theatre: Place) -> list[tuple[Any, ...]]:
    """What the bot still has to do now."""
    return [
        *rows(theatre, "SELECT 'inbox', update_id FROM inbox WHERE state = 'new'"),
        *rows(theatre, "SELECT 'outbox', kind FROM outbox WHERE state IN ('queued', 'sending')"),
        *rows(theatre, "SELECT 'jobs', kind FROM jobs WHERE state IN ('queued', 'running')"),
    ]


def stuck(theatre: Place) -> list[tuple[Any, ...]]:
    """What waits or failed for good.

    Not so messages of which it stayed open whether they arrived, and whose kind is not sent again, or was sent
    as often as it may be: whether they are missed, the story tells.
    """
    query = "SELECT 'outbox', state, kind, attempts, error FROM outbox WHERE state IN ('failed', 'uncertain')"
    return [
        *waiting(theatre),
        *(row for row in rows(theatre, query) if row[1] == "failed" or not _given_up_rightly(*row[2:4])),
        *rows(theatre, "SELECT 'inbox', state, error FROM inbox WHERE state = 'failed'"),
        *rows(theatre, "SELECT 'jobs', state, kind, error FROM jobs WHERE state = 'failed'"),
    ]


def _given_up_rightly(kind: str, attempts: int) -> bool:
    return KINDS[kind].if_uncertain is not IfUncertain.AGAIN or attempts >= DOUBTS


async def settle(theatre: Place, patience: float = 30.0) -> None:
    """Wait until a bot has nothing left to do; raises TimeoutError."""
    async with asyncio.timeout(patience):
        while (await theatre.client.info())["pending_updates"] or waiting(theatre):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
