"""Small things that many tests need."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot.services.messages import Message, load
from bot.services.people import Visitor, arrive, change
from bot.services.unit import Unit, Units
from storage.tables import City, OutboxRow, Person, Room, Slot, Studio

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday, 20 November 2026, 12:00 in Shanghai."""

DIALOGUES = Path(__file__).resolve().parents[1] / "bot" / "demo" / "dialogues"


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    now: datetime = field(default=NOON)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def forward(self, **span: float) -> datetime:
        """Move it by a span (`hours=2`)."""
        self.now += timedelta(**span)
        return self.now


async def a_person(unit: Unit, telegram_id: int, name: str = "", **columns: Any) -> Person:
    """Somebody onboarded who speaks English, unless `columns` say otherwise."""
    person = await arrive(unit, Visitor(telegram_id, name or f"Person {telegram_id}"))
    known = {
        "language": "en",
        "name": name or f"Person {telegram_id}",
        "birth_year": 1990,
        "speaks": ["en"],
        "applying": True,
        "onboarded_at": unit.now,
    }
    await change(unit, person, **{**known, **columns})
    return person


async def a_studio(unit: Unit, city: str = "beijing", rooms: int = 2, zone: str = "Asia/Shanghai") -> Studio:
    """A studio with rooms in a city, which is made if it is new."""
    await unit.tx.add_new(City(code=city, names={"en": city.title()}, created_at=unit.now))
    studio = await unit.tx.add(
        Studio(city=city, names={"en": f"{city.title()} studio"}, zone=zone, created_at=unit.now)
    )
    for number in range(1, rooms + 1):
        await unit.tx.add(Room(studio_id=studio.id, number=number))
    return studio


async def a_slot(unit: Unit, studio: Studio, starts_at: datetime, *, room: int = 1, **columns: Any) -> Slot:
    """An open slot of three hours in one of the studio's rooms."""
    room_id = await unit.tx.one(select(Room.id).where(Room.studio_id == studio.id, Room.number == room))
    known: dict[str, Any] = {
        "room_id": room_id,
        "state": "open",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=3),
        "staff_needed": 0,
        "created_at": unit.now,
    }
    return await unit.tx.add(Slot(**{**known, **columns}))


async def told(units: Units, telegram_id: int) -> list[Message]:
    """Every message queued to a chat so far, in order, edits too."""
    async with units.reading() as look:
        rows = await look.tx.all(
            select(OutboxRow)
            .where(OutboxRow.chat_id == telegram_id, col(OutboxRow.state) != "cancelled")
            .order_by(col(OutboxRow.id))
        )
    return [load(row.kind, row.data) for row in rows]
