"""Samples, who hears them and what was decided."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference, telegram_id

_LIVE = text("state IN ('received', 'queued', 'in_review', 'cross_review', 'appealed')")
_SEATED = text("state IN ('open', 'voted')")


class Sample(SQLModel, table=True):
    """One uploaded dialogue (样音). `claimed_*` is what the sender said and proves nothing."""

    __tablename__ = "samples"
    __table_args__ = (
        Index("uq_samples_live", "person_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    )

    id: int = key()
    person_id: int = reference("people.id")
    state: str = Field(index=True)
    file_id: str
    file_unique_id: str = Field(index=True)
    media: str
    """How Telegram delivered it: `voice`, `audio` or `document`."""
    claimed_seconds: int | None = None
    claimed_bytes: int | None = None
    language: str | None = None
    agreed: bool | None = None
    """Whether the other voice agreed to the review; null until answered."""
    counted: bool = True
    """Whether it uses up an attempt: not if it could not be judged at all."""
    checked_at: datetime | None = None
    facts: dict[str, Any] | None = json(default=None)
    findings: list[dict[str, Any]] = json(default_factory=list)
    content_hash: str | None = Field(default=None, index=True)
    audio_key: str | None = None
    pictures: dict[str, str] | None = json(default=None)
    """Keys of its picture in the audio store, by language; null when there is none (any more)."""
    copies: list[dict[str, Any]] | None = json(default=None)
    """Earlier samples of others that hold the same recording; null when it was not compared or has none."""
    round: int = 1
    """1 is the first review, 2 the appeal."""
    reasons: list[str] = json(default_factory=list)
    drafts: dict[str, list[str]] = json(default_factory=dict)
    """Reasons that coordinators tick while they decide an appeal, by their ids."""
    created_at: datetime
    queued_at: datetime | None = None
    decided_at: datetime | None = None


class Fingerprint(SQLModel, table=True):
    """What a checked recording is found again by, however it was encoded. Never kept for longer than its audio."""

    __tablename__ = "fingerprints"

    sample_id: int = Field(foreign_key="samples.id", primary_key=True)
    words: bytes


class Excerpt(SQLModel, table=True):
    """Ten seconds of an approved sample that a proposed partner may hear; only while its sender agrees to that."""

    __tablename__ = "excerpts"

    sample_id: int = Field(foreign_key="samples.id", primary_key=True)
    key: str = Field(index=True)
    """In the audio store."""
    made_at: datetime


class Reviewer(SQLModel, table=True):
    """What choosing a reviewer needs to know beside the role."""

    __tablename__ = "reviewers"

    person_id: int = Field(foreign_key="people.id", primary_key=True)
    paused_at: datetime | None = None
    last_assigned_at: datetime | None = None


class ReviewGroup(SQLModel, table=True):
    """A chat in which reviewing happens in the open."""

    __tablename__ = "review_groups"

    chat_id: int = telegram_id(primary_key=True)
    title: str = ""
    language: str
    active: bool = True
    created_by: int = Field(foreign_key="people.id")
    created_at: datetime


class Assignment(SQLModel, table=True):
    """One reviewer's seat at one sample; nobody sits twice at the same sample."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("sample_id", "reviewer_id"),
        Index(
            "uq_assignments_seat",
            "sample_id",
            "round",
            "seat",
            unique=True,
            sqlite_where=_SEATED,
            postgresql_where=_SEATED,
        ),
        Index("ix_assignments_reviewer_id_state", "reviewer_id", "state"),
    )

    id: int = key()
    sample_id: int = reference("samples.id")
    reviewer_id: int = Field(foreign_key="people.id")
    round: int = 1
    seat: int
    """From 0: the first `panel` seats hear it first; the next one up is the cross-review, which decides."""
    state: str
    approve: bool | None = None
    reasons: list[str] = json(default_factory=list)
    draft: list[str] | None = json(default=None)
    """Reasons being ticked for a rejection that does not count yet; null when none is under way."""
    in_group: int | None = telegram_id(default=None)
    """The reviewers' group where the seat was taken; null when the card went out in private."""
    created_at: datetime
    nudged_at: datetime | None = None
    voted_at: datetime | None = None


class Decision(SQLModel, table=True):
    """The one decision of a sample's round; the key makes a second one impossible."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("sample_id", "round"),)

    id: int = key()
    sample_id: int = Field(foreign_key="samples.id")
    round: int
    approved: bool
    reasons: list[str] = json(default_factory=list)
    by: str
    """`panel`, `cross-review` or `coordinator`."""
    at: datetime
