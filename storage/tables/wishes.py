"""Waiting for any time of a kind; announcements: whom they were for, and what came of them."""

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.tables.base import key, reference

_OPEN = text("state IN ('waiting', 'offered')")
_ON = text("state = 'on'")


class Reserve(SQLModel, table=True):
    """A pair in reserve for a day in a city; the seats are counted from 0, and nobody has another's."""

    __tablename__ = "reserves"
    __table_args__ = (
        Index("uq_reserves_seat", "city", "day", "seat", unique=True, sqlite_where=_ON, postgresql_where=_ON),
        Index(
            "uq_reserves_pair", "pair_id", "city", "day", unique=True, sqlite_where=_ON, postgresql_where=_ON
        ),
    )

    id: int = key()
    pair_id: int = reference("pairs.id")
    city: str = Field(foreign_key="cities.code")
    day: date
    """By the studio's calendar."""
    seat: int
    state: str
    created_at: datetime


class Wish(SQLModel, table=True):
    """A pair waits for any time of a kind in a city: a part of the day, some days of the week, until a day.

    `offered` from an offer until that is declined, has lapsed, or became a booking that stands.
    """

    __tablename__ = "wishes"
    __table_args__ = (
        Index("ix_wishes_city_state", "city", "state"),
        Index(
            "uq_wishes_open",
            "pair_id",
            "city",
            "part",
            "days",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: int = key()
    pair_id: int = reference("pairs.id")
    city: str = Field(foreign_key="cities.code")
    part: str
    """Of the day: see `bot.rules.wishes`."""
    days: str
    """Of the week: see `bot.rules.wishes`."""
    until: date
    """The last day that would do, by the studio's calendar."""
    state: str
    lapses: int = 0
    """How many offers in a row the pair has not answered; alike in all its open wishes."""
    waiting_id: int | None = reference("waitlist.id", default=None)
    """The place on a slot's list that its latest offer stands on."""
    created_at: datetime


class Announcement(SQLModel, table=True):
    """Free times that people were told of: a batch's, or a whole city's once more."""

    __tablename__ = "announcements"

    id: int = key()
    city: str = Field(foreign_key="cities.code", index=True)
    batch_id: int | None = reference("slot_batches.id", default=None)
    about: str = Field(unique=True)
    """The name of its messages, and with `topic` where they are found."""
    topic: str
    at: datetime
    opens_at: datetime | None = None
    """Until then only the first wave books; None: there is no wave."""


class AnnouncedSlot(SQLModel, table=True):
    """A slot that an announcement told of."""

    __tablename__ = "announced_slots"

    announcement_id: int = Field(foreign_key="announcements.id", primary_key=True)
    slot_id: int = Field(foreign_key="slots.id", primary_key=True, index=True)


class AnnouncedTo(SQLModel, table=True):
    """Somebody whom an announcement was for."""

    __tablename__ = "announced_to"

    announcement_id: int = Field(foreign_key="announcements.id", primary_key=True)
    person_id: int = Field(foreign_key="people.id", primary_key=True, index=True)
    first: bool = False
    """Whether in the first wave; decided once, when it begins."""
    seen_at: datetime | None = None
    """When a button of it was pressed for the first time."""
