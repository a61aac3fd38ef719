"""Bookings, the waitlist, strikes, and the timers that remind of all of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference

_LIVE = text("state IN ('held', 'confirmed', 'attending', 'checked_in', 'rescue')")
_MOVING = text("state = 'held' AND replaces_id IS NOT NULL")
_QUEUED = text("state IN ('waiting', 'offered')")
_OFFERED = text("state = 'offered'")
_PENDING = text("state = 'pending'")


class Booking(SQLModel, table=True):
    """A pair's claim on a slot; a slot has at most one that lives, and a booking at most one move under way."""

    __tablename__ = "bookings"
    __table_args__ = (
        Index("uq_bookings_live_slot", "slot_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index(
            "uq_bookings_moving", "replaces_id", unique=True, sqlite_where=_MOVING, postgresql_where=_MOVING
        ),
    )

    id: int = key()
    slot_id: int = reference("slots.id")
    pair_id: int = reference("pairs.id")
    state: str = Field(index=True)
    version: int = 0
    """Grows with every change that its calendar entry and messages must show."""
    held_by: int = Field(foreign_key="people.id")
    held_until: datetime | None = None
    replaces_id: int | None = reference("bookings.id", default=None)
    """The booking that this hold moves: it ends in the moment this one is confirmed."""
    rescue_until: datetime | None = None
    created_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: int | None = Field(default=None, foreign_key="people.id")


class BookingMember(SQLModel, table=True):
    """One person of a booking, with its time: a trigger refuses two active ones that overlap."""

    __tablename__ = "booking_members"
    __table_args__ = (
        UniqueConstraint("booking_id", "person_id"),
        Index("ix_booking_members_person_id_active", "person_id", "active"),
    )

    id: int = key()
    booking_id: int = reference("bookings.id")
    person_id: int = Field(foreign_key="people.id")
    active: bool = True
    attending: bool | None = None
    starts_at: datetime
    ends_at: datetime


class Waiting(SQLModel, table=True):
    """A pair's place on a slot's waitlist (候补); a freed slot is offered to one at a time."""

    __tablename__ = "waitlist"
    __table_args__ = (
        Index(
            "uq_waitlist_queued",
            "slot_id",
            "pair_id",
            unique=True,
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        ),
        Index(
            "uq_waitlist_offered", "slot_id", unique=True, sqlite_where=_OFFERED, postgresql_where=_OFFERED
        ),
    )

    id: int = key()
    slot_id: int = reference("slots.id")
    pair_id: int = reference("pairs.id")
    state: str
    created_at: datetime
    offered_at: datetime | None = None
    offered_until: datetime | None = None


class Strike(SQLModel, table=True):
    """A late cancellation or a no-show."""

    __tablename__ = "strikes"
    __table_args__ = (UniqueConstraint("person_id", "booking_id"),)

    id: int = key()
    person_id: int = reference("people.id")
    booking_id: int = Field(foreign_key="bookings.id")
    kind: str
    """`late_cancel`, `no_show`, or `silent` for who was put out because no answer came."""
    at: datetime
    lifted_at: datetime | None = None
    """From then on it does not count any more; the row stays."""
    lifted_by: int | None = Field(default=None, foreign_key="people.id")
    lift_reason: str | None = None


_SHOW_UP = text("kind = 'show_up'")


class LedgerEntry(SQLModel, table=True):
    """Money owed to somebody. Triggers refuse changes and deletions: a correction is an entry of its own."""

    __tablename__ = "ledger"
    __table_args__ = (
        Index(
            "uq_ledger_show_up",
            "person_id",
            "booking_id",
            unique=True,
            sqlite_where=_SHOW_UP,
            postgresql_where=_SHOW_UP,
        ),
    )

    id: int = key()
    person_id: int = reference("people.id")
    booking_id: int | None = reference("bookings.id", default=None)
    kind: str
    """`show_up`: who was ready and lost the session because of the partner; paid once a booking."""
    amount: int
    """In minor units of `currency`; below zero takes back."""
    currency: str
    reason: str
    """Why: `no_stand_in`, `no_time` or `no_show`."""
    at: datetime


class Timer(SQLModel, table=True):
    """Something that is due: a reminder, a deadline, a nudge. Written and removed with its subject."""

    __tablename__ = "timers"
    __table_args__ = (
        Index("ix_timers_due", "due_at", "happens_at", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_timers_subject", "subject"),
    )

    id: int = key()
    kind: str
    subject: str
    """What it is about, as `thing:id`; whoever ends the thing removes its timers."""
    due_at: datetime
    happens_at: datetime
    """When that happens which it is about: of several that are due, the nearest goes first."""
    useful_until: datetime | None = None
    """Later than this it is dropped with a log line instead of being run."""
    data: dict[str, Any] = json(default_factory=dict)
    state: str = "pending"
    """`pending`, `done`, `dropped` (too late to be of use) or `failed` (every try of it)."""
    attempts: int = 0
    created_at: datetime
