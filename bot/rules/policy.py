"""The operator's policy as frozen data, with the defaults of the operation being replaced.

Every duration may be ``None``: the policy file's empty string, "no such limit". A limit of ``0`` is off.
`bot.config` reads the file into these classes; nothing here reads anything.
"""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal

from bot.rules.audio import SampleChecks

Span = timedelta | None
"""A duration, or ``None`` where the policy sets no limit."""

CrossReview = Literal["disagreement", "any-rejection"]


@dataclass(frozen=True, slots=True)
class SamplePolicy:
    """What a sample must be and how many of them a person may send (attempts per window)."""

    min: Span = timedelta(minutes=2)
    max: Span = timedelta(minutes=3)
    attempts: int = 3
    attempt_window: Span = timedelta(days=7)
    checks: SampleChecks = field(default_factory=SampleChecks)


@dataclass(frozen=True, slots=True)
class ReviewPolicy:
    """How many hear a sample first, when a further one decides, and when a silent reviewer is replaced."""

    panel: int = 2
    cross_review: CrossReview = "disagreement"
    nudge_after: Span = timedelta(hours=4)
    reassign_after: Span = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class PairingPolicy:
    """How often the pool is solved and how long a proposal stands."""

    every: Span = timedelta(minutes=10)
    accept_within: Span = timedelta(hours=12)
    again_after: Span = timedelta(days=7)
    """How long a no keeps two people apart; None for good. A "never again" always does."""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """Holds, deadlines and strikes. `staff` people must have confirmed a slot before it opens."""

    hold: Span = timedelta(minutes=30)
    min_notice: Span = timedelta(hours=2)
    cancel_until: Span = timedelta(hours=24)
    strikes: int = 2
    block_for: Span = timedelta(days=30)
    rescue: Span = timedelta(hours=12)
    staff: int = 2
    ask_next: Span = timedelta(hours=12)
    """How long somebody of the staff has to answer before the next is asked; None asks everybody at once."""
    wave: Span = timedelta(hours=2)
    """How long those who have waited longest can book alone, where times are opened in waves."""
    reserve: int = 0
    """Pairs of a city that can be in reserve for a day."""


@dataclass(frozen=True, slots=True)
class RemindersPolicy:
    """How long before a session people are reminded, and the studio's hours of quiet (from, to)."""

    offsets: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=2), timedelta(minutes=30))
    confirm_by: Span = timedelta(hours=12)
    quiet: tuple[time, time] | None = (time(22), time(8))


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """What is recorded in one session."""

    free_talk: Span = timedelta(minutes=80)
    topic_max: Span = timedelta(minutes=10)
    prompts: int = 60


@dataclass(frozen=True, slots=True)
class PayPolicy:
    """Money in integer minor units of `currency` (ISO 4217)."""

    currency: str = "CNY"
    session: int = 30000
    show_up: int = 10000
    second_approval: int = 10000
    dispute: Span = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class TelegramPolicy:
    """Sending budgets: messages a second over all, a second per chat (with a burst), a minute per group."""

    per_second: float = 30
    per_chat: float = 1.0
    burst: int = 5
    per_group: float = 20


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long data is kept that nobody needs any more."""

    rejected_audio: Span = timedelta(days=30)
    chat_log: Span = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole policy file, one field a table."""

    sample: SamplePolicy = field(default_factory=SamplePolicy)
    review: ReviewPolicy = field(default_factory=ReviewPolicy)
    pairing: PairingPolicy = field(default_factory=PairingPolicy)
    booking: BookingPolicy = field(default_factory=BookingPolicy)
    reminders: RemindersPolicy = field(default_factory=RemindersPolicy)
    session: SessionPolicy = field(default_factory=SessionPolicy)
    pay: PayPolicy = field(default_factory=PayPolicy)
    telegram: TelegramPolicy = field(default_factory=TelegramPolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)


def later(now: datetime, span: Span) -> datetime | None:
    """When a span that starts now is over; ``None`` when it never is."""
    return None if span is None else now + span
