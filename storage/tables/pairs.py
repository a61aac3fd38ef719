"""Looking for a partner (搭子), being offered one, being a pair."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference

_OPEN = text("open")
_ACTIVE = text("active")


class Seeker(SQLModel, table=True):
    """Somebody who asked for a partner: the pool."""

    __tablename__ = "seekers"

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    since: datetime
    left_over_as: str | None = None
    """What the musts saw of this person when the last round left them over; null when it did not."""


class StandIn(SQLModel, table=True):
    """Somebody without a partner who may be called on short notice, to take the place of who is out of a session."""

    __tablename__ = "stand_ins"

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    since: datetime


class Block(SQLModel, table=True):
    """Somebody who does not want to be paired with somebody."""

    __tablename__ = "blocks"

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    blocked_id: int = Field(foreign_key="people.id", primary_key=True)
    at: datetime


class Proposal(SQLModel, table=True):
    """A match proposal (配对邀请) to two people; both must say yes."""

    __tablename__ = "proposals"

    id: int = key()
    kind: str
    """`pool`, `invitation` or `rescue` (a stand-in for a booking that lost somebody)."""
    state: str = Field(index=True)
    booking_id: int | None = reference("bookings.id", default=None)
    created_at: datetime
    expires_at: datetime | None = None
    closed_at: datetime | None = None


class ProposalMember(SQLModel, table=True):
    """One of the two people of a proposal; nobody has two open ones.

    A friend's invitation is never `open`: it may be answered beside a proposal, and its yes ends the others.
    """

    __tablename__ = "proposal_members"
    __table_args__ = (
        UniqueConstraint("proposal_id", "person_id"),
        Index(
            "uq_proposal_members_open", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    id: int = key()
    proposal_id: int = reference("proposals.id")
    person_id: int = reference("people.id")
    answer: bool | None = None
    reasons: list[str] = json(default_factory=list)
    """Why the other one, as this person may be told."""
    open: bool = True


class Pair(SQLModel, table=True):
    """Two people who book as one."""

    __tablename__ = "pairs"

    id: int = key()
    state: str = Field(index=True)
    via: str
    created_at: datetime
    dissolved_at: datetime | None = None
    dissolved_by: int | None = Field(default=None, foreign_key="people.id")


class PairMember(SQLModel, table=True):
    """One of the two people of a pair; nobody is in two active ones."""

    __tablename__ = "pair_members"
    __table_args__ = (
        UniqueConstraint("pair_id", "person_id"),
        Index(
            "uq_pair_members_active",
            "person_id",
            unique=True,
            sqlite_where=_ACTIVE,
            postgresql_where=_ACTIVE,
        ),
    )

    id: int = key()
    pair_id: int = reference("pairs.id")
    person_id: int = reference("people.id")
    active: bool = True
