"""Which slots a pair may book, how long things are held, and what cancelling costs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.rules.errors import Blocked, DomainError, PairNotActive, SlotNotOpen, TooLate
from bot.rules.policy import BookingPolicy, PayPolicy
from bot.rules.states import BookingState, PairState, SlotState


@dataclass(frozen=True, slots=True)
class Interval:
    """A time with a beginning and an end, the end not included. Raises ValueError when it is empty."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Refuse what would overlap nothing, not even itself."""
        if self.ends_at <= self.starts_at:
            raise ValueError("an interval ends after it starts")


def overlap(one: Interval, other: Interval) -> bool:
    """Whether two intervals share a moment; one may begin where the other ends."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def hold_until(policy: BookingPolicy, starts_at: datetime, now: datetime) -> datetime:
    """When a hold made or offered now expires: after `hold`, at the latest when the slot starts.

    No hold limit, or one of zero, leaves the start as the only end.
    """
    return min(now + policy.hold, starts_at) if policy.hold else starts_at


def unanswered(members: Collection[int], agreed: Collection[int]) -> tuple[int, ...]:
    """The members of a pair whose yes is missing, in the pair's order: who books has said theirs."""
    return tuple(person for person in members if person not in agreed)


@dataclass(frozen=True, slots=True)
class Block:
    """A person cannot book until then; ``None`` means for good."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The strikes that count against a person now, and the block they mean, if they reach the limit."""

    count: int
    block: Block | None


class Weight(StrEnum):
    """What one strike does at a moment."""

    COUNTS = "counts"
    """It is one towards the limit."""
    BLOCKS = "blocks"
    """It is one of those that made the block of this moment, or happened during it and adds nothing."""
    SPENT = "spent"
    """It does nothing any more: the block that it led to, or during which it happened, is over."""


def reckon(
    strikes: Sequence[datetime], policy: BookingPolicy, now: datetime
) -> tuple[Standing, tuple[Weight, ...]]:
    """What a person's strikes come to at `now`, and what each of them does, in the order given.

    The strike that reaches the limit blocks for `block_for` from its own time (without one, for good). What
    happens during a block adds nothing to it, and after it the count starts anew. ``strikes = 0`` turns
    all of this off.
    """
    found = [Weight.SPENT] * len(strikes)
    if policy.strikes == 0:
        return Standing(0, None), tuple(found)
    begun: list[int] = []
    block: Block | None = None
    for number in sorted((n for n, at in enumerate(strikes) if at <= now), key=lambda n: (strikes[n], n)):
        at = strikes[number]
        if block is not None and block.until is not None and at >= block.until:
            begun, block = [], None
        begun.append(number)
        if block is None and len(begun) == policy.strikes:
            block = Block(None if policy.block_for is None else at + policy.block_for)
    if block is not None and block.until is not None and now >= block.until:
        begun, block = [], None
    for number in begun:
        found[number] = Weight.COUNTS if block is None else Weight.BLOCKS
    return Standing(policy.strikes if block else len(begun), block), tuple(found)


def standing(strikes: Iterable[datetime], policy: BookingPolicy, now: datetime) -> Standing:
    """What a person's strikes come to at `now`; see `reckon`."""
    return reckon(list(strikes), policy, now)[0]


def blocked(strikes: Iterable[datetime], policy: BookingPolicy, now: datetime) -> Block | None:
    """The block that a person's strikes mean at `now`, or ``None``; see `standing`."""
    return standing(strikes, policy, now).block


def book_by(policy: BookingPolicy, starts_at: datetime) -> datetime:
    """The last moment to take a slot: `min_notice` before it starts."""
    return starts_at - (policy.min_notice or timedelta())


def may_book(
    policy: BookingPolicy,
    *,
    slot: SlotState,
    starts_at: datetime,
    pair: PairState,
    blocks: Mapping[int, Block | None],
    now: datetime,
) -> DomainError | None:
    """Why this pair cannot book this slot now, or ``None`` if it can.

    `blocks` holds both members and their blocks. That nobody is booked twice at one time is for the database
    to refuse; `overlap` is what that means.
    """
    if pair is not PairState.ACTIVE:
        return PairNotActive()
    for person, block in blocks.items():
        if block is not None:
            return Blocked(person=person, until=block.until)
    if slot is not SlotState.OPEN:
        return SlotNotOpen(state=slot)
    deadline = book_by(policy, starts_at)
    # With no notice needed, the deadline is the start, when it is too late already.
    return TooLate(deadline) if now > deadline or now >= starts_at else None


class Cost(StrEnum):
    """What cancelling or moving a booking means for who does it."""

    FREE = "free"
    STRIKE = "strike"
    OVER = "over"


def cancel_by(policy: BookingPolicy, starts_at: datetime) -> datetime:
    """Until when a booking can be cancelled or moved freely: `cancel_until` before it starts."""
    return starts_at - (policy.cancel_until or timedelta())


def cancelling(policy: BookingPolicy, state: BookingState, starts_at: datetime, now: datetime) -> Cost:
    """What cancelling or moving a booking in this state costs now.

    Free until `cancel_until` before the start, then a strike. A hold nobody confirmed binds nobody, and who
    was left alone (``rescue``) may always go. Once the session has started it is too late (`Cost.OVER`).
    """
    if now >= starts_at:
        return Cost.OVER
    if state in (BookingState.HELD, BookingState.RESCUE) or now <= cancel_by(policy, starts_at):
        return Cost.FREE
    return Cost.STRIKE


def rescue_until(policy: BookingPolicy, starts_at: datetime, now: datetime) -> datetime | None:
    """Until when somebody left alone keeps the slot to find a stand-in; ``None`` if there is no time for it.

    That is `rescue` from now, but not past `min_notice` before the start, so that a stand-in has the notice
    everybody has. Without a `rescue` limit only the start counts; one of zero means no rescue.
    """
    last = book_by(policy, starts_at)
    until = last if policy.rescue is None else min(now + policy.rescue, last)
    return until if until > now else None


def session_hours(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> frozenset[int]:
    """The hours of the week, 0 (Monday 00:00 by the zone's clock) to 167, that a session touches."""
    found, at = set(), starts_at.astimezone(UTC)
    while at < ends_at:
        local = at.astimezone(zone)
        found.add(local.weekday() * 24 + local.hour)
        at += timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second)
    return frozenset(found)


NO_SHOW_WITHIN = timedelta(days=7)
"""How long after the start of a session it can still be said who did not come."""


def may_miss(starts_at: datetime, now: datetime) -> bool:
    """Whether it can be said now who did not come: from the start on, for `NO_SHOW_WITHIN`."""
    return starts_at <= now < starts_at + NO_SHOW_WITHIN


def show_up_pay(policy: BookingPolicy, pay: PayPolicy, starts_at: datetime, now: datetime) -> int:
    """What somebody is paid whose session ends at `now` because the partner fell out and nobody stood in.

    In minor units; 0 is nothing. Until `cancel_until` before the start everybody may cancel freely and there is
    time to book something else: only what ends later cost somebody their day.
    """
    late = now > cancel_by(policy, starts_at) or now >= starts_at
    return pay.show_up if late else 0
