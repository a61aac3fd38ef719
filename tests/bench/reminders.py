"""Reminders: what keeping 100,000 of them costs, and how 10,000 that are due in one minute go out.

Keeping is measured beside APScheduler's SQLAlchemyJobStore, each in a process of its own with an SQLite file
of its own, at the same number in the same run. Sending is measured on the real program against the sandbox,
which answers 429 to whatever is beyond the permitted rate.
"""

import asyncio
import contextlib
import gc
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from rich.console import Console
from rich.table import Table

from bot.delivery.clock import Clock
from bot.rules.policy import Policy
from bot.sandbox import SandboxClient
from bot.services.timers import set_timer
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from storage.tables import metadata
from tests import crowd

PENDING = 100_000
BESIDE = 10_000
"""How many both keep: APScheduler takes minutes for 100,000."""

BOOKING = 4
"""Timers that a confirmed booking writes in one commit: three reminders and the deadline for an answer."""

BULK = 1_000
TICKS = 200

DUE = 10_000
RATE = 300.0
"""Messages a second that the policy permits: ten times what Telegram does, else this would take six minutes."""

OFFSETS = (timedelta(hours=24), timedelta(hours=2), timedelta(minutes=30))


@dataclass(frozen=True)
class Keeping:
    """What it costs to keep reminders: seconds to add them, milliseconds a look with nothing due, megabytes."""

    name: str
    count: int
    add: float
    tick: float
    memory: float


@dataclass(frozen=True)
class Sending:
    """How due reminders went out: messages a second, and how many came before one about a nearer session."""

    count: int
    permitted: float
    reached: float
    first: float
    """Seconds from the start of the program to the first one."""
    inversions: int
    refused: int
    """429 answers."""
    wrong: int
    """Chats that did not get exactly one."""


@dataclass(frozen=True)
class Figures:
    """Everything measured here."""

    keeping: list[Keeping]
    sending: Sending


# --- keeping


def in_a_child(measure: Callable[..., Keeping], *arguments: Any) -> Keeping:
    """Run in a fresh process, so that nobody pays for another's memory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def resident_megabytes() -> float:
    """The memory that this process holds now (Linux)."""
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def ours(name: str, count: int, per_commit: int) -> Keeping:
    """Timers, so many in a commit."""
    return asyncio.run(_ours(name, count, per_commit))


async def _ours(name: str, count: int, per_commit: int) -> Keeping:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/timers.db")
        async with database.engine.begin() as connection:  # migrations would leave memory for what follows
            await connection.run_sync(metadata.create_all)
        units = Units(database, lambda: datetime.now(UTC), House(Policy()))
        clock = Clock(units, {})
        await _add_timers(units, 10, 10)
        await clock.run_due()
        before = resident_megabytes()
        begun = time.perf_counter()
        await _add_timers(units, count, per_commit)
        add = time.perf_counter() - begun
        ticks = []
        for _ in range(TICKS):
            begun = time.perf_counter()
            await clock.run_due()
            ticks.append(time.perf_counter() - begun)
        memory = resident_megabytes() - before
        await database.close()
    return Keeping(name, count, add, statistics.median(ticks) * 1000, memory)


async def _add_timers(units: Units, count: int, per_commit: int) -> None:
    for begin in range(0, count, per_commit):
        async with units.writing(f"timers from {begin}") as unit:
            for number, (due_at, facts) in enumerate(_reminders(min(per_commit, count - begin)), begin):
                start = due_at + OFFSETS[0]
                await set_timer(
                    unit,
                    "reminder",
                    f"booking:{number}",
                    due_at,
                    happens_at=start,
                    useful_until=start,
                    **facts,
                )


def apscheduler(name: str, count: int) -> Keeping:
    """Jobs in APScheduler's own store."""
    with tempfile.TemporaryDirectory() as folder:
        store = SQLAlchemyJobStore(f"sqlite:///{folder}/jobs.db")
        scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
        scheduler.start(paused=True)
        _add_jobs(scheduler, "warm", 10)
        store.get_due_jobs(datetime.now(UTC))
        before = resident_megabytes()
        begun = time.perf_counter()
        _add_jobs(scheduler, "booking", count)
        add = time.perf_counter() - begun
        ticks = []
        for _ in range(TICKS):
            begun = time.perf_counter()
            store.get_due_jobs(datetime.now(UTC))
            store.get_next_run_time()
            ticks.append(time.perf_counter() - begun)
        memory = resident_megabytes() - before
        scheduler.shutdown()
    return Keeping(name, count, add, statistics.median(ticks) * 1000, memory)


def _add_jobs(scheduler: BackgroundScheduler, subject: str, count: int) -> None:
    for number, (due_at, facts) in enumerate(_reminders(count)):
        name = f"{subject}:{number}"
        scheduler.add_job(
            "tests.bench.reminders:remind", "date", run_date=due_at, id=name, args=[name], kwargs=facts
        )


def remind(subject: str, **facts: Any) -> None:
    """What APScheduler would run; nothing is due here."""


def _reminders(count: int) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """When each is due, over the weeks to come, and the facts that it carries."""
    begin = datetime.now(UTC) + timedelta(days=1)
    for number in range(count):
        facts = {"offset": OFFSETS[0].total_seconds(), "asks": True, "last": False, "imminent": False}
        yield begin + timedelta(seconds=number * 7919 % (30 * 86400)), facts


# --- sending


@contextlib.asynccontextmanager
async def process(
    output: int, *command: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A part of the program as a process; it is told to stop at the end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", *command),
        env=clean | environment,
        stdout=output,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        await running.wait()


async def seed(folder: Path, count: int) -> dict[int, datetime]:
    """So many reminders of two each, written an hour ago and due within the last minute; each chat's session."""
    database = Database(f"sqlite+aiosqlite:///{folder}/duologue.db")
    await migrate.upgrade(database)
    minute = datetime.now(UTC) - timedelta(minutes=1)
    units = Units(database, lambda: minute - timedelta(hours=1), crowd.AWAKE)
    starts = [minute + timedelta(seconds=number % 60) + OFFSETS[number % 3] for number in range(count // 2)]
    random.Random(count).shuffle(starts)
    sessions = await crowd.confirmed(units, starts)
    await database.close()
    return {chat: session.starts_at for session in sessions for chat in session.people}


async def send(count: int, rate: float) -> Sending:
    """Let the real program find `count` reminders due, and hear them arrive."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "duologue.toml").write_text(
            f'[telegram]\nper_second = {rate:g}\n[reminders]\nquiet = ""\n', encoding="utf-8"
        )
        async with process(asyncio.subprocess.PIPE, "sandbox", "--port", "0") as sandbox:
            assert sandbox.stdout is not None
            url, token = [(await sandbox.stdout.readline()).decode().strip() for _ in range(2)]
            async with SandboxClient(url) as client:
                await client.settings(
                    flood=True, limits={"per_chat": 1, "burst": 6, "per_group": 20, "per_second": rate}
                )
                starts = await seed(folder, count)
                await _people(client, list(starts))
                begun = time.monotonic()
                async with process(
                    asyncio.subprocess.DEVNULL,
                    "run",
                    DUOLOGUE_TOKEN=token,
                    DUOLOGUE_API_URL=url,
                    DUOLOGUE_DATA=str(folder),
                    DUOLOGUE_POLICY=str(folder / "duologue.toml"),
                ):
                    heard = await _hear(client, count, patience=120 + 3 * count / rate)
                refused = [call for call in await client.requests("sendMessage") if call["status"] == 429]
    order = [starts[chat] for _, chat in heard]
    copies = Counter(chat for _, chat in heard)
    return Sending(
        count=count,
        permitted=rate,
        reached=(len(heard) - 1) / (heard[-1][0] - heard[0][0]),
        first=heard[0][0] - begun,
        inversions=sum(later < sooner for sooner, later in itertools.pairwise(order)),
        refused=len(refused),
        wrong=sum(copies[chat] != 1 for chat in starts),
    )


async def _people(client: SandboxClient, chats: list[int]) -> None:
    """Let everybody have begun the chat with the bot."""
    for begin in range(0, len(chats), 50):
        await asyncio.gather(
            *(
                client.post("people", first_name=f"Person {chat}", id=chat, started=True)
                for chat in chats[begin : begin + 50]
            )
        )


async def _hear(client: SandboxClient, count: int, patience: float) -> list[tuple[float, int]]:
    """When each message arrived (the server's monotonic seconds) and in which chat, until there are `count`."""
    heard: list[tuple[float, int]] = []
    after = 0
    async with asyncio.timeout(patience):
        while len(heard) < count:
            for event in await client.events(after, timeout=10, kinds="message", limit=5000):
                after = event["seq"]
                heard.append((event["mono"], event["chat_id"]))
    return heard


# --- all of it


async def figures(
    pending: int = PENDING, beside: int = BESIDE, due: int = DUE, rate: float = RATE
) -> Figures:
    """Measure everything."""
    plans: list[tuple[Any, ...]] = [
        (ours, "Duologue, a booking's four a commit", pending, BOOKING),
        (ours, f"Duologue, {BULK:,} a commit", pending, BULK),
        (ours, "Duologue, a booking's four a commit", beside, BOOKING),
        (ours, "Duologue, one a commit", beside, 1),
        (apscheduler, "APScheduler SQLAlchemyJobStore", beside),
    ]
    keeping = [await asyncio.to_thread(in_a_child, *plan) for plan in plans]
    return Figures(keeping, await send(due, rate))


def show(found: Figures) -> None:
    """Print two tables."""
    table = Table(title="Reminders pending: to add them, to look with nothing due, to hold them")
    for heading in ("what", "pending", "added in", "each", "idle tick", "memory"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for one in found.keeping:
        table.add_row(
            one.name,
            f"{one.count:,}",
            f"{one.add:.1f} s",
            f"{one.add / one.count * 1000:.3f} ms",
            f"{one.tick:.2f} ms",
            f"{one.memory:+.1f} MB",
        )
    *mine, theirs = found.keeping[-3:]
    for one in mine:
        table.add_row(
            f"APScheduler / {one.name}",
            "",
            f"{theirs.add / one.add:.1f}",
            "",
            f"{theirs.tick / one.tick:.1f}",
            "",
        )
    console = Console()
    console.print(table)
    console.print(_sending_table(found.sending))


def _sending_table(sending: Sending) -> Table:
    table = Table(title=f"{sending.count:,} reminders due in one minute, heard by the server")
    for heading in ("permitted", "reached", "ratio", "first after", "inversions", "429s", "not exactly once"):
        table.add_column(heading, justify="right")
    table.add_row(
        f"{sending.permitted:g}/s",
        f"{sending.reached:.0f}/s",
        f"{sending.reached / sending.permitted:.2f}",
        f"{sending.first:.1f} s",
        f"{sending.inversions}",
        f"{sending.refused}",
        f"{sending.wrong}",
    )
    return table


async def main(*arguments: int) -> None:
    """Measure and print; `arguments` as those of `figures`."""
    show(await figures(*arguments))


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:])))
