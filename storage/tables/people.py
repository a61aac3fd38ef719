"""People, what they may do, what they agreed to and whom they invited."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference, telegram_id


class Person(SQLModel, table=True):
    """Anybody who ever wrote to the bot. What is not known yet is null."""

    __tablename__ = "people"

    id: int = key()
    telegram_id: int = telegram_id(unique=True)
    username: str | None = None
    telegram_name: str = ""
    language: str | None = None
    language_hint: str = "en"
    """The bot's language nearest to the one that the person's Telegram is set to."""
    name: str | None = None
    birth_year: int | None = None
    city: str | None = Field(default=None, foreign_key="cities.code", index=True)
    gender: str | None = None
    partner_wish: str | None = None
    dialect: str | None = None
    speaks: list[str] = json(default_factory=list)
    hours: list[int] | None = json(default=None)
    """Hours of the week (0 is Monday from 00:00, in the city's time) at which the person can record; null is any."""
    skipped: list[str] = json(default_factory=list)
    """Onboarding questions that the person chose not to answer."""
    expecting: dict[str, Any] | None = json(default=None)
    """The question that the next typed words answer; null when nothing is asked."""
    applying: bool = False
    """Whether the person wants to record, and is led through onboarding; who only has roles is not."""
    came_by: int | None = Field(default=None, index=True)
    """The id of a partner's invitation that waits until the person is approved (a key would be a cycle)."""
    onboarded_at: datetime | None = None
    approved_at: datetime | None = None
    reachable: bool = True
    """False once Telegram says the person blocked the bot, until the person writes again."""
    created_at: datetime
    seen_at: datetime


class RoleGrant(SQLModel, table=True):
    """A role that a person holds; roles add up. Staff hold theirs for a city."""

    __tablename__ = "role_grants"
    __table_args__ = (UniqueConstraint("person_id", "role", "city"),)

    id: int = key()
    person_id: int = reference("people.id")
    role: str
    city: str = ""
    granted_by: int | None = Field(default=None, foreign_key="people.id")
    granted_at: datetime
    hours: list[int] | None = json(default=None)
    """Staff: hours of the week, as a person's, at which they can run sessions in this city; null is any."""


class DayOff(SQLModel, table=True):
    """Days on which somebody of the staff runs no sessions, by each studio's own calendar."""

    __tablename__ = "days_off"

    id: int = key()
    person_id: int = reference("people.id")
    first: date
    last: date
    created_at: datetime


class Consent(SQLModel, table=True):
    """One answer to one purpose of one version of the consent text. Never edited: the newest counts."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_person_id_purpose", "person_id", "purpose"),)

    id: int = key()
    person_id: int = Field(foreign_key="people.id")
    purpose: str
    version: int
    agreed: bool
    language: str
    at: datetime


class Invitation(SQLModel, table=True):
    """A link with a one-time token: into a role, or to become somebody's partner."""

    __tablename__ = "invitations"
    __table_args__ = (
        Index(
            "uq_invitations_open_partner",
            "created_by",
            unique=True,
            sqlite_where=text("kind = 'partner' AND used_by IS NULL AND revoked_at IS NULL"),
            postgresql_where=text("kind = 'partner' AND used_by IS NULL AND revoked_at IS NULL"),
        ),
    )

    id: int = key()
    token: str = Field(unique=True)
    kind: str
    """`reviewer`, `staff`, `coordinator` or `partner`."""
    city: str = ""
    created_by: int = reference("people.id")
    created_at: datetime
    expires_at: datetime | None = None
    used_by: int | None = reference("people.id", default=None)
    used_at: datetime | None = None
    revoked_at: datetime | None = None


class Audit(SQLModel, table=True):
    """Every move of every thing, for ever: who did what to what, from which state to which."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"), Index("ix_audit_actor_id", "actor_id"))

    id: int = key()
    at: datetime
    actor_id: int | None = Field(default=None, foreign_key="people.id")
    subject: str
    """What moved, as `thing:id`."""
    event: str
    before: str | None = None
    after: str | None = None
    data: dict[str, Any] = json(default_factory=dict)
