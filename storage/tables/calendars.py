"""Calendars that people subscribe to by a secret link."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.tables.base import key, reference

_OWN = text("studio_id IS NULL")
_STUDIOS = text("studio_id IS NOT NULL")


class CalendarFeed(SQLModel, table=True):
    """A link under which a calendar program reads somebody's sessions, or a studio's; each person has one of each."""

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        Index("uq_calendar_feeds_own", "person_id", unique=True, sqlite_where=_OWN, postgresql_where=_OWN),
        Index(
            "uq_calendar_feeds_studio",
            "person_id",
            "studio_id",
            unique=True,
            sqlite_where=_STUDIOS,
            postgresql_where=_STUDIOS,
        ),
    )

    id: int = key()
    person_id: int = reference("people.id")
    """Whose link it is; what it shows is what this person may see at the moment it is read."""
    studio_id: int | None = reference("studios.id", default=None)
    """None: the person's own sessions and shifts."""
    digest: str = Field(unique=True)
    """SHA-256 of the link's secret, in hexadecimal: who reads the table cannot open the calendars."""
    made_at: datetime
    read_at: datetime | None = None
    """When it was last read, to the hour or so."""
