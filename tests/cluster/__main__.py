"""`make cluster`: several programs on one server, and what they cost and stand.

`python -m tests.cluster [people] [night|throughput|cost …]`. The night: everybody goes through the story at a rising
rate, while programs are killed, stopped and cut off; then the oracle looks at it. Throughput: the same questions,
answered by one, two and four programs. Cost: what one update asks of the server as its tables grow.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlmodel import select

from bot import logs
from bot.rules.policy import Policy
from bot.services import people
from bot.services.pairing import partners
from bot.services.unit import House, Unit, Units
from storage.database import Database
from storage.tables import Studio
from tests.cluster import cost
from tests.cluster.oracle import Verdict, judge
from tests.cluster.people import PATIENCE, Person, Telegram
from tests.cluster.trouble import Trouble
from tests.helpers import DIALOGUES, a_reviewer, a_slot, a_studio
from tests.objects import VARIABLES, serving
from tests.programs import SECRET, Program
from tests.servers import Server, running
from tests.stage import NO_BUDGETS

PEOPLE = 2_000
PROGRAMS = 4
EVERY = 6.0
"""Seconds between two strikes of trouble, about."""

FIRST_RATE, LAST_RATE = 2.0, 20.0
"""People who begin a second: at first, and in the end."""

FIRST = 1_000_000

REVIEWERS = range(900_001, 900_007)

SAMPLED = 50
"""Of so many pairs one sends samples, which are heard and voted on: each is two seconds of a processor. The others are
approved by what a verdict calls."""

THROUGHPUT = 240
"""People whose questions are timed."""

AT_ONCE = 60
"""Of them at the same time."""

WAITING = text(
    "SELECT (SELECT count(*) FROM inbox WHERE state = 'new')"
    " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND not_before IS NULL)"
    " + (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running'))"
)
"""What is left to do: updates, messages that are due, jobs."""

SAMPLES = [((DIALOGUES / f"{name}.ogg").read_bytes(), 170) for name in ("night-market", "lost-in-the-hills")]
"""Recordings of two, and about how many seconds they last."""

console = Console(width=100)


class Cluster:
    """A database of its own on the server, programs that share it, and people who write to them."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.programs: list[Program] = []
        self.telegram = Telegram(lambda: [program.url for program in self.programs], SECRET)
        self.database = Database("postgresql+asyncpg:///x")
        self.units = Units(self.database, _now, House(Policy()))
        self._stack = AsyncExitStack()

    async def open(self, programs: int) -> None:
        """Make the database, and start the programs."""
        url = await self.server.create()
        self.database = Database(url)
        self.units = Units(self.database, _now, House(Policy()))
        await self.telegram.start()
        objects = self._stack.enter_context(serving())
        (self.folder / "duologue.toml").write_text(NO_BUDGETS + "[booking]\nstaff = 0\n")
        environment = {
            "DUOLOGUE_TOKEN": "1:cluster",
            "DUOLOGUE_API_URL": self.telegram.api.url,
            "DUOLOGUE_DATABASE_URL": url,
            "DUOLOGUE_POLICY": str(self.folder / "duologue.toml"),
            "DUOLOGUE_WEBHOOK_URL": "http://127.0.0.1:1/in/telegram",
            "DUOLOGUE_AUDIO_URL": f"s3://{objects.bucket()}/audio",
            **{name: os.environ[name] for name in VARIABLES},
        }
        async with self.units.writing("studio and reviewers") as unit:
            await a_studio(unit, rooms=40)
            for reviewer in REVIEWERS:
                await a_reviewer(unit, reviewer)
        self.programs += [Program(self.folder / str(n), environment) for n in range(programs)]
        await asyncio.gather(*(program.start() for program in self.programs))

    async def close(self) -> None:
        """End everything, in whatever state it is."""
        await asyncio.gather(*(program.end() for program in self.programs))
        await self.telegram.stop()
        await self.database.close()
        await self._stack.aclose()

    async def slots(self, count: int) -> None:
        """So many free times, three a day in forty rooms, from the day after tomorrow on."""
        async with self.units.writing("slots") as unit:
            studio = await unit.tx.one(select(Studio))
            begin = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) + timedelta(days=2)
            for number in range(count):
                place, room = divmod(number, 40)
                day, part = divmod(place, 3)
                await a_slot(unit, studio, begin + timedelta(days=day, hours=5 * part), room=room + 1)

    async def approve(self, persons: Sequence[Person]) -> None:
        """What the reviewers' verdict does, without the samples: hearing those is a matter of hours of their own."""
        for person in persons:
            async with self.units.writing(f"approve {person.id}") as unit:
                await _approve(unit, person.id)

    async def settled(self) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(PATIENCE):
            while await self._waiting():  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.5)

    async def _waiting(self) -> bool:
        async with self.database.reading() as tx:
            return bool((await tx.run(WAITING)).scalar_one())


def _now() -> datetime:
    return datetime.now(UTC)


async def _approve(unit: Unit, telegram_id: int) -> None:
    found = await people.by_telegram_id(unit, telegram_id)
    if found is None:
        raise LookupError(telegram_id)
    await people.change(unit, found, approved_at=unit.now)
    await partners.approved(unit, found)


@asynccontextmanager
async def cluster(server: Server, programs: int) -> AsyncIterator[Cluster]:
    """One that is closed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        made = Cluster(server, Path(name))
        try:
            await made.open(programs)
            yield made
        finally:
            await made.close()


async def throughput(server: Server, programs: int) -> float:
    """Updates a second, from the first to the last question of so many people."""
    async with cluster(server, programs) as one:
        places = asyncio.Semaphore(AT_ONCE)

        async def joins(number: int) -> None:
            async with places:
                await Person(one.telegram, FIRST + number).joins()

        await joins(THROUGHPUT)
        before, begun = len(one.telegram.taken), time.monotonic()
        await asyncio.gather(*(joins(number) for number in range(THROUGHPUT)))
        return (len(one.telegram.taken) - before) / (time.monotonic() - begun)


async def night(server: Server, count: int) -> tuple[Verdict, str]:
    """Everybody's way while programs die; the verdict, and what happened in a line."""
    async with cluster(server, PROGRAMS) as one:
        await one.slots(max(4, count // 2))
        trouble = Trouble(one.programs, server)
        busy = [asyncio.create_task(trouble.run(EVERY))]
        busy += [asyncio.create_task(Person(one.telegram, reviewer).reviews()) for reviewer in REVIEWERS]
        begun = time.monotonic()
        everybody = [Person(one.telegram, FIRST + number) for number in range(count)]
        pairs = list(zip(everybody[::2], everybody[1::2], strict=True))
        ways = []
        booked: list[int] = []
        for number, pair in enumerate(pairs):
            ways.append(asyncio.create_task(_way(one, pair, number, booked)))
            rate = FIRST_RATE + (LAST_RATE - FIRST_RATE) * number / len(pairs)
            await asyncio.sleep(2 / rate)
        ends = await asyncio.gather(*ways, return_exceptions=True)
        seconds = time.monotonic() - begun
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        await one.settled()
        verdict = await judge(one.database, one.telegram.taken, one.telegram.api.chats, booked)
        verdict.losses += [
            f"a pair did not get through: {end!r}" for end in ends if isinstance(end, BaseException)
        ]
        said = sum(len(chat) for chat in one.telegram.api.chats.values())
        struck = ", ".join(f"{name} {times} times" for name, times in sorted(trouble.struck.items()))
        told = (
            f"{count} people, {len(one.telegram.taken):,} updates and {said:,} messages in {seconds:.0f} s; "
            f"{len(one.telegram.api.files)} samples heard and voted on; {len(booked) // 2} pairs booked; "
            f"programs were {struck}; {one.telegram.refused:,} deliveries tried again"
        )
        return verdict, told


async def _way(one: Cluster, pair: tuple[Person, Person], number: int, booked: list[int]) -> None:
    """The story of two."""
    first, second = pair
    await asyncio.gather(first.joins(), second.joins())
    if number % SAMPLED:
        await one.approve(pair)
    else:
        await asyncio.gather(first.is_heard(*SAMPLES[0]), second.is_heard(*SAMPLES[1]))
    await first.invites(second)
    if await first.books(second, number):
        booked += [first.id, second.id]


async def main(server: Server, count: int, *parts: str) -> int:
    """Do the parts (all, if none) and print; the exit status."""
    wanted = set(parts or ("night", "throughput", "cost"))
    good = True
    if "night" in wanted:
        good = _tell(*await night(server, count))
    if "throughput" in wanted:
        await _throughput(server)
    if "cost" in wanted:
        good = await cost.show(server, console) and good
    return 0 if good else 1


def _tell(verdict: Verdict, told: str) -> bool:
    console.print(told)
    for title, found in (
        ("losses", verdict.losses),
        ("repeats of anything not cut off in the air", verdict.repeats),
        ("disorder", verdict.disorder),
        ("double bookings", verdict.double),
    ):
        console.print(f"{title}: {len(found)}", style="red" if found else "green")
        for complaint in found[:20]:
            console.print(f"  {complaint}", markup=False)
    console.print(f"cut off in the air: {verdict.uncertain}, of which came twice: {verdict.copies}")
    return verdict.good


async def _throughput(server: Server) -> None:
    table = Table(
        title=f"updates a second, {THROUGHPUT} people's questions, {AT_ONCE} at a time, one machine"
    )
    for heading in ("programs", "updates/s", "ratio"):
        table.add_column(heading, justify="right")
    first = 0.0
    for programs in (1, 2, 4):
        rate = await throughput(server, programs)
        first = first or rate
        table.add_row(str(programs), f"{rate:.0f}", f"{rate / first:.2f}")
    console.print(table)


if __name__ == "__main__":
    logs.set_up("WARNING")
    words = sys.argv[1:]
    number = int(words.pop(0)) if words and words[0].isdecimal() else PEOPLE
    with running(durable=True) as its:
        status = asyncio.run(main(its, number, *words))
    sys.exit(status)
