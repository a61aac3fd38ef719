"""Cities, studios, rooms, the slots in them and the staff who run those."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference

_STANDING = text("state <> 'cancelled'")


class City(SQLModel, table=True):
    """A place with studios, by the short code that commands and buttons use."""

    __tablename__ = "cities"

    code: str = Field(primary_key=True)
    names: dict[str, str] = json(default_factory=dict)
    """Its name by language code; a language without one falls back to another."""
    announced_at: datetime | None = None
    """When its open slots were last announced by hand."""
    announcements: int = 0
    """How often they were, so that each time has a name of its own."""
    created_at: datetime


class Studio(SQLModel, table=True):
    """A recording studio (录音棚). All its times are told in its own time zone."""

    __tablename__ = "studios"

    id: int = key()
    city: str = reference("cities.code")
    names: dict[str, str] = json(default_factory=dict)
    address: str = ""
    map_url: str = ""
    zone: str
    closed_at: datetime | None = None
    created_at: datetime


class Room(SQLModel, table=True):
    """One room (房间) of a studio, by number."""

    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("studio_id", "number"),)

    id: int = key()
    studio_id: int = reference("studios.id")
    number: int
    closed_at: datetime | None = None


class SlotBatch(SQLModel, table=True):
    """What one `/newslots` planned: shown as a preview, then opened or dropped."""

    __tablename__ = "slot_batches"

    id: int = key()
    city: str = Field(foreign_key="cities.code")
    grid: dict[str, Any] = json(default_factory=dict)
    state: str
    """`preview`, `opened` or `dropped`."""
    staff_needed: int
    announced_at: datetime | None = None
    announcements: int = 0
    """How often its slots were announced: a batch that its staff open bit by bit has several."""
    asked_at: datetime | None = None
    """When its staff were last asked again by hand."""
    asked: int = 0
    """How often they were asked again."""
    created_by: int = Field(foreign_key="people.id")
    created_at: datetime


class Slot(SQLModel, table=True):
    """A slot (场次): one room at one time, for one pair. A trigger refuses two that overlap in a room."""

    __tablename__ = "slots"
    __table_args__ = (
        Index(
            "uq_slots_room_start",
            "room_id",
            "starts_at",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index("ix_slots_state_starts_at", "state", "starts_at"),
    )

    id: int = key()
    room_id: int = reference("rooms.id")
    batch_id: int | None = reference("slot_batches.id", default=None)
    state: str
    starts_at: datetime
    ends_at: datetime
    staff_needed: int
    announced_at: datetime | None = None
    created_at: datetime


class Shift(SQLModel, table=True):
    """Whether one of the staff (场务) runs one slot. A trigger refuses two confirmed ones that overlap."""

    __tablename__ = "shifts"
    __table_args__ = (UniqueConstraint("slot_id", "person_id"),)

    id: int = key()
    slot_id: int = reference("slots.id")
    person_id: int = reference("people.id")
    state: str
    starts_at: datetime
    ends_at: datetime
    card: int = 0
    """Which of the messages about a batch asks for it: each holds a few."""
    asked_at: datetime
    answered_at: datetime | None = None
