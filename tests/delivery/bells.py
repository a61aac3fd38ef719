"""A bell that timers ring, and short ways to set timers and to look at them."""

import asyncio
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select

from bot.services import outbox
from bot.services.timers import set_timer
from bot.services.unit import Unit, Units
from storage.tables import Timer
from tests.delivery.mouths import Card


class Bell:
    """Rings, and takes down for whom; fails as often as the test says."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.failures = 0
        self.breaks_for = ""
        self.heard = asyncio.Event()

    async def ring(self, unit: Unit, timer: Timer) -> None:
        """What the timers do."""
        await outbox.send(unit, 7, Card(timer.subject))
        self.rung.append(timer.subject)
        if timer.subject == self.breaks_for:
            await unit.tx.run(text("SELECT * FROM nowhere"))
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        self.heard.set()


async def set_for(
    units: Units,
    due_at: datetime,
    *subjects: str,
    until: datetime | None = None,
    happens_at: datetime | None = None,
) -> None:
    """Set timers."""
    async with units.writing(f"set {subjects}") as unit:
        for subject in subjects:
            await set_timer(unit, "ring", subject, due_at, happens_at=happens_at, useful_until=until)


async def states(units: Units) -> list[str]:
    """The state of each timer, in order."""
    async with units.reading() as look:
        return list(await look.tx.all(select(Timer.state).order_by(col(Timer.id))))
