"""Cities, studios, rooms, the slots in them and the staff who run those."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference

_STANDING = text("state <> 'cancelled'")
_APPLIED = text("state = 'applied'")


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
    setup: int = 0
    """Minutes that a room is made ready in before each session."""
    cleanup: int = 0
    """Minutes that a room is cleaned up in after each session."""


class Room(SQLModel, table=True):
    """One room (房间) of a studio, by number."""

    __tablename__ = "rooms"
    __table_args__ = (UniqueConstraint("studio_id", "number"),)

    id: int = key()
    studio_id: int = reference("studios.id")
    number: int
    closed_at: datetime | None = None


class RoomClosure(SQLModel, table=True):
    """A room, or all of a studio, that is closed for a while. Triggers let no session stand in it."""

    __tablename__ = "room_closures"
    __table_args__ = (
        Index(
            "ix_room_closures_applied",
            "studio_id",
            "starts_at",
            sqlite_where=_APPLIED,
            postgresql_where=_APPLIED,
        ),
    )

    id: int = key()
    studio_id: int = Field(foreign_key="studios.id")
    room_id: int | None = Field(default=None, foreign_key="rooms.id")
    """None: every room."""
    state: str
    """`preview`, `applied`, `dropped` or `lifted`."""
    starts_at: datetime
    ends_at: datetime
    reason: str = ""
    shown: list[int] = json(default_factory=list)
    """The bookings that it touches as far as the coordinator was shown them."""
    applied_at: datetime | None = None
    created_by: int = Field(foreign_key="people.id")
    created_at: datetime


class SlotTemplate(SQLModel, table=True):
    """Slots that repeat: a line with a rule, laid out by itself so many days ahead."""

    __tablename__ = "slot_templates"

    id: int = key()
    city: str = Field(foreign_key="cities.code")
    line: str
    """The template as its one line, exceptions and all."""
    state: str
    """`preview`, `running`, `dropped`, `stopped` or `ended`."""
    staff_needed: int
    laid_until: date | None = None
    """The last day, by the studio's calendar, that was laid out: days are laid once, in their order."""
    created_by: int = Field(foreign_key="people.id")
    created_at: datetime


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
    """A slot (场次): one room at one time, for one pair.

    Triggers refuse two whose busy times overlap in a room, and one in a room that is closed.
    """

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
    busy_from: datetime | None = None
    """When setting up begins; None: when the session does."""
    busy_until: datetime | None = None
    """When cleaning up is over; None: when the session is."""


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


class StaffingStep(SQLModel, table=True):
    """What was done about a slot's staff and is done once, until the slot loses somebody again."""

    __tablename__ = "staffing_steps"
    __table_args__ = (UniqueConstraint("slot_id", "kind"),)

    id: int = key()
    slot_id: int = Field(foreign_key="slots.id")
    kind: str
    """`everybody`: all were asked. `short`: coordinators were told that these are too few. `decide`: they were
    told that a booked session is theirs to decide about."""
    at: datetime
