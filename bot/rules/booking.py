"""Which slots a pair may book, how long things are held, and what cancelling costs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.rules.errors import Blocked, DomainError, PairNotActive, SlotNotOpen, TooLate
from bot.rules.policy import BookingPolicy
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


def standing(strikes: Iterable[datetime], policy: BookingPolicy, now: datetime) -> Standing:
    """What a person's strikes come to at `now`.

    The strike that reaches the limit blocks for `block_for` from its own time (without one, for good). What
    happens during a block adds nothing to it, and after it the count starts anew. ``strikes = 0`` turns
    all of this off.
    """
    if policy.strikes == 0:
        return Standing(0, None)
    count, until = 0, None
    for at in sorted(at for at in strikes if at <= now):
        if until is not None and at < until:
            continue
        count += 1
        if count == policy.strikes:
            if policy.block_for is None:
                return Standing(policy.strikes, Block(until=None))
            count, until = 0, at + policy.block_for
    if until is not None and now < until:
        return Standing(policy.strikes, Block(until))
    return Standing(count, None)


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
