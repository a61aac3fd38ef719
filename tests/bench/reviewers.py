"""How long it takes to find the two whose turn it is to hear a sample, by how many reviewers there are."""

import asyncio
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from bot.rules.policy import Policy
from bot.rules.review import HeardSample
from bot.services.reviewing import reviewers
from bot.services.unit import House, Units
from storage.database import Database
from storage.tables import Person, Reviewer, RoleGrant
from tests.databases import Databases, Files, empty_file
from tests.helpers import NOON, MovableClock
from tests.servers import running

COUNTS = (100, 1_000, 10_000)
TRIES = 9

console = Console()


async def main() -> None:
    """Measure on a file and on a server, and print."""
    table = Table(title="choosing two reviewers for a sample")
    for heading in ("database", "reviewers", "ms", "ratio"):
        table.add_column(heading, justify="right")
    with tempfile.TemporaryDirectory() as name:
        await _measured(table, "file", Files(Path(name), await empty_file(Path(name, "empty.db"))))
    with ExitStack() as stack:
        server = await asyncio.to_thread(stack.enter_context, running())  # it has loops of its own
        await _measured(table, "server", server)
    console.print(table)


async def _measured(table: Table, name: str, databases: Databases) -> None:
    first = 0.0
    for count in COUNTS:
        milliseconds = await _milliseconds(databases, count)
        first = first or milliseconds
        table.add_row(name, f"{count:,}", f"{milliseconds:.1f}", f"{milliseconds / first:.1f}")


async def _milliseconds(databases: Databases, count: int) -> float:
    """The median of some tries."""
    database = Database(await databases.create())
    async with database.writing() as tx:
        for begin in range(1, count + 1, 1_000):
            ids = range(begin, min(begin + 1_000, count + 1))
            known = {"created_at": NOON, "seen_at": NOON, "speaks": ["en", "zh"], "reachable": True}
            await tx.run(
                insert(Person), [{"id": i, "telegram_id": i, "telegram_name": f"R{i}", **known} for i in ids]
            )
            await tx.run(insert(Reviewer), [{"person_id": i} for i in ids])
            await tx.run(
                insert(RoleGrant), [{"person_id": i, "role": "reviewer", "granted_at": NOON} for i in ids]
            )
    units = Units(database, MovableClock(), House(Policy()))
    seconds = []
    async with units.writing("choose") as unit:
        for number in range(TRIES):
            begun = time.perf_counter()
            found = await reviewers.shortlist(unit, HeardSample(applicant=number + 1, language="zh"), 2)
            seconds.append(time.perf_counter() - begun)
            assert len(found) == 3
    await database.close()
    return statistics.median(seconds) * 1000
