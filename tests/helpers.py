"""Small things that many tests need."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select, update

from bot.delivery.clock import Clock
from bot.rules.consent import CONSENT_VERSION
from bot.rules.onboarding import REQUIRED_PURPOSES, SKIPPABLE
from bot.rules.roles import Role
from bot.services.due import RINGS
from bot.services.joining.onboarding import answer_consent
from bot.services.messages import Message, load
from bot.services.people import Visitor, arrive, change, grant
from bot.services.unit import Unit, Units
from storage.tables import City, OutboxRow, Person, Room, Sample, Slot, Studio

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


async def a_reviewer(unit: Unit, telegram_id: int, name: str = "", **columns: Any) -> Person:
    """A reviewer who hears English, unless `columns` say otherwise, and does not want to record."""
    person = await a_person(unit, telegram_id, name, **{"applying": False, **columns})
    await grant(unit, person, Role.REVIEWER)
    return person


async def an_approved(unit: Unit, telegram_id: int, name: str = "", **columns: Any) -> Person:
    """Somebody approved who agreed to everything that is asked: they can look for a partner."""
    known = {"approved_at": unit.now, "skipped": [question.value for question in SKIPPABLE]}
    person = await a_person(unit, telegram_id, name, **{**known, **columns})
    for purpose in REQUIRED_PURPOSES:
        await answer_consent(unit, person, purpose.value, CONSENT_VERSION, agree=True)
    return person


async def a_sample(unit: Unit, person: Person, **columns: Any) -> Sample:
    """A checked English sample that is queued for the reviewers; nobody was told of it yet."""
    known: dict[str, Any] = {
        "person_id": person.id,
        "state": "queued",
        "file_id": f"file-{person.id}",
        "file_unique_id": f"unique-{person.id}",
        "media": "voice",
        "language": "en",
        "agreed": True,
        "checked_at": unit.now,
        "facts": {"duration": 150.0},
        "audio_key": f"key-{person.id}.ogg",
        "created_at": unit.now,
        "queued_at": unit.now,
    }
    return await unit.tx.add(Sample(**{**known, **columns}))


async def all_sent(units: Units) -> None:
    """Let everything queued so far count as sent."""
    async with units.writing("all sent") as unit:
        for row in await unit.tx.all(select(OutboxRow).where(OutboxRow.state == "queued")):
            change_row = update(OutboxRow).where(col(OutboxRow.id) == row.id)
            await unit.tx.change(change_row.values(state="sent", message_id=row.edits or row.id))


async def ring(units: Units) -> None:
    """Run every timer that is due now, as the clock does."""
    await Clock(units, RINGS).run_due()


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


async def deliver(units: Units) -> None:
    """Let everything that is queued have been sent, so that a change of it is an edit."""
    async with units.writing("everything arrives") as unit:
        await unit.tx.change(
            update(OutboxRow)
            .where(col(OutboxRow.state) == "queued")
            .values(state="sent", message_id=OutboxRow.id)
        )


async def told(units: Units, telegram_id: int) -> list[Message]:
    """Every message queued to a chat so far, in order, edits too."""
    async with units.reading() as look:
        rows = await look.tx.all(
            select(OutboxRow)
            .where(OutboxRow.chat_id == telegram_id, col(OutboxRow.state) != "cancelled")
            .order_by(col(OutboxRow.id))
        )
    return [load(row.kind, row.data) for row in rows]
