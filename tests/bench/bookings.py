"""Bookings a second: hundreds of pairs on a few slots beside the same presses on slots of their own, doubles counted.

Through the services, over two programs on one SQLite file: what the database and the rules cost, without Telegram. Each
press is a transaction of its own, from the look at the slot to the answer that is queued.
"""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from bot.rules.policy import Policy
from bot.services.booking import instead
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from tests.helpers import MovableClock
from tests.races.town import Town, losers

PAIRS = 400
FEW = 8
"""Slots that all of them press, under contention."""


@dataclass(frozen=True)
class Run:
    """What came of one run: presses and bookings, seconds, who was offered something else, and what broke."""

    name: str
    presses: int
    booked: int
    seconds: float
    offered: int
    broken: int

    @property
    def rate(self) -> float:
        """Presses a second."""
        return self.presses / self.seconds


async def a_town(folder: Path, name: str, times: int) -> tuple[Town, list[Database]]:
    """All the pairs, with two slots at each of so many times."""
    url = f"sqlite+aiosqlite:///{folder}/{name}.db"
    databases = [Database(url)]
    await migrate.upgrade(databases[0])
    databases.append(Database(url))
    clock, house = MovableClock(), House(Policy(), owners=frozenset({1}))
    one, other = (Units(database, clock, house) for database in databases)
    return await Town((one, other), Random(1)).build(PAIRS, times=times), databases


async def press(folder: Path, name: str, times: int) -> Run:
    """One of each pair presses once, all at the same time: on a slot of its own if there are enough."""
    town, databases = await a_town(folder, name, times)
    chosen = [town.slots[number % len(town.slots)] for number in range(PAIRS)]
    presses = [town.act(town.pair(number)[0], instead.book, slot) for number, slot in enumerate(chosen)]
    begun = time.perf_counter()
    answers = await town.at_once(presses)
    seconds = time.perf_counter() - begun
    broken = await town.broken()
    booked = len(await town.live())
    for database in databases:
        await database.close()
    return Run(
        name, len(answers), booked, seconds, sum(bool(one.near) for one in losers(answers)), len(broken)
    )


async def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp())
    try:
        alone = await press(folder, "a slot for each pair", PAIRS // 2)
        contended = await press(folder, f"{PAIRS} pairs on {FEW} slots", FEW // 2)
    finally:
        shutil.rmtree(folder)
    table = Table(title="Bookings under contention, beside the same presses without")
    for heading in (
        "presses at once",
        "presses a second",
        "ratio",
        "booked",
        "offered another",
        "double or lost",
    ):
        table.add_column(heading, justify="left" if heading == "presses at once" else "right")
    for run in (alone, contended):
        table.add_row(
            *(run.name, f"{run.rate:.0f}", f"{run.rate / alone.rate:.2f}", str(run.booked)),
            *(str(run.offered), str(run.broken)),
        )
    Console().print(table)
