"""What must not get lost: updates that came in, messages that go out, work to be done."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.tables.base import json, key, reference, telegram_id

_PRESS = text("press IS NOT NULL")
_NEW = text("state = 'new'")
_FAILED = text("state = 'failed'")
_TROUBLE = text("state IN ('failed', 'uncertain')")
_QUEUED = text("state = 'queued'")


class InboxRow(SQLModel, table=True):
    """An update as Telegram gave it, committed before Telegram hears that we have it."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_new", "id", sqlite_where=_NEW, postgresql_where=_NEW),
        Index("ix_inbox_in_order", "sender", "id", sqlite_where=_NEW, postgresql_where=_NEW),
        Index("ix_inbox_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("uq_inbox_press", "press", unique=True, sqlite_where=_PRESS, postgresql_where=_PRESS),
    )

    id: int = key()
    update_id: int = Field(sa_type=BigInteger, unique=True)
    """Telegram's number of it; the row's own, negative, once Telegram has given the number to another update."""
    press: str | None = None
    """Telegram's id of the press, if it is one: the same press can come as several updates."""
    sender: int = telegram_id(default=0)
    """Whose order it keeps: the person, else the chat, else 0."""
    raw: dict[str, Any] = json()
    state: str = "new"
    """`new`, `done`, `failed` (set aside after its retries, with the reason), `dropped` (left so for good, by a
    human), or `unread` (one of a flood)."""
    attempts: int = 0
    error: str = ""
    received_at: datetime
    done_at: datetime | None = None


class OutboxRow(SQLModel, table=True):
    """A message to be: facts, not words. `about` makes a second one impossible."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("chat_id", "about"),
        Index("ix_outbox_queued", "lane", "happens_at", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        Index("ix_outbox_oldest", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        Index("ix_outbox_trouble", "state", "created_at", sqlite_where=_TROUBLE, postgresql_where=_TROUBLE),
        Index("ix_outbox_topic", "topic", "state"),
        Index("ix_outbox_chat_message", "chat_id", "message_id"),
        Index(
            "uq_outbox_newest_edit",
            "edits",
            unique=True,
            sqlite_where=text("state = 'queued' AND edits IS NOT NULL"),
            postgresql_where=text("state = 'queued' AND edits IS NOT NULL"),
        ),
    )

    id: int = key()
    chat_id: int = telegram_id()
    lane: int
    kind: str
    data: dict[str, Any] = json()
    about: str
    """Event and version: unique within a chat."""
    topic: str = ""
    """What it is about, as `thing:id`: the transaction that makes it stale cancels it by this."""
    edits: int | None = reference("outbox.id", default=None)
    """The row whose message this one changes."""
    state: str = "queued"
    """`queued`, `sending`, `sent`, `blocked`, `failed`, `uncertain`, `cancelled`, or `held` by a pause."""
    not_before: datetime | None = None
    expires_at: datetime | None = None
    happens_at: datetime
    """When that happens which it is about (a session's start; for what is about now, now): the nearest goes first."""
    attempts: int = 0
    error: str = ""
    message_id: int | None = Field(default=None, sa_type=BigInteger)
    uncertain: bool = False
    """True if it ever was left open whether this one arrived."""
    created_at: datetime
    sent_at: datetime | None = None


class Job(SQLModel, table=True):
    """Long work done outside a transaction and recorded in one of its own."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("kind", "about"),
        Index("ix_jobs_queued", "run_at", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    )

    id: int = key()
    kind: str
    about: str
    data: dict[str, Any] = json(default_factory=dict)
    state: str = "queued"
    """`queued`, `running`, `done` or `failed`."""
    run_at: datetime
    attempts: int = 0
    error: str = ""
    created_at: datetime
    done_at: datetime | None = None
    worker_id: int | None = Field(default=None, sa_type=BigInteger)
    """Which of several programs has it in hand."""


class Worker(SQLModel, table=True):
    """One of several programs that share a server. It is alive as long as it says so in time."""

    __tablename__ = "workers"

    id: int = key()
    name: str
    """Machine, process and version, for people."""
    began_at: datetime
    alive_until: datetime
    """By the server's clock. Who is silent for longer has what it had in hand taken away."""
    release: int | None = Field(default=None, sa_type=BigInteger)
    """Grows from version to version; None for programs of before it was told."""


class Lease(SQLModel, table=True):
    """What one worker at a time does for all."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True)
    worker_id: int = Field(sa_type=BigInteger)
    fence: int = Field(default=0, sa_type=BigInteger)
    """Grows with each change of hands: who comes back late sees that it is not theirs any more."""


class Broadcast(SQLModel, table=True):
    """One message to many. Its recipients are outbox rows with the topic `broadcast:id`."""

    __tablename__ = "broadcasts"

    id: int = key()
    state: str
    audience: str
    city: str = ""
    language: str = ""
    words: str
    head_count: int = 0
    created_by: int = Field(foreign_key="people.id")
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
