"""Numbers: the funnel from the first word to the session, and the flow of messages and updates."""

from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlmodel import and_, case, col, func, or_, select

from bot.rules.states import LIVE_BOOKINGS, BookingState, SampleState
from bot.services.messages import Lane
from bot.services.messages.overview import CityNumbers, DeliveryNumbers, Funnel, LaneNumbers
from bot.services.reviewing import reviews
from bot.services.unit import Unit
from storage.tables import (
    Booking,
    BookingMember,
    City,
    InboxRow,
    Job,
    OutboxRow,
    PairMember,
    Person,
    Room,
    Sample,
    Seeker,
    Slot,
    Studio,
    Timer,
)

RECENT = timedelta(days=30)
"""Decisions of this span make the median time to a decision."""

DAY = timedelta(days=1)
"""The span of `/stats delivery`."""

TO_COME = (BookingState.CONFIRMED, BookingState.ATTENDING, BookingState.RESCUE)
"""States of bookings that are going to be sessions."""


# --- the funnel


async def funnel(unit: Unit) -> Funnel:
    """How far how many people came."""
    applying = col(Person.applying)
    booked = (
        select(func.count(func.distinct(BookingMember.person_id)))
        .join(Booking, col(Booking.id) == col(BookingMember.booking_id))
        .where(col(BookingMember.active), col(Booking.state).in_(LIVE_BOOKINGS))
    )
    return Funnel(
        began=await _people(unit, applying),
        onboarded=await _people(unit, applying, col(Person.onboarded_at).is_not(None)),
        sent=await _senders(unit, None),
        refused=await _senders(unit, SampleState.REFUSED),
        in_review=await _count(
            unit, select(func.count()).select_from(Sample).where(col(Sample.state).in_(reviews.IN_REVIEW))
        ),
        rejected=await _senders(unit, SampleState.REJECTED),
        approved=await _people(unit, col(Person.approved_at).is_not(None)),
        waiting=await _count(unit, select(func.count()).select_from(Seeker)),
        paired=await _count(unit, select(func.count()).where(col(PairMember.active))),
        booked=await _count(unit, booked),
        sessions=sum((await _sessions(unit)).values()),
        to_decision=await _to_decision(unit),
        cities=await _cities(unit),
    )


async def _count(unit: Unit, query: Any) -> int:
    return int(await unit.tx.one(query) or 0)


async def _people(unit: Unit, *conditions: Any) -> int:
    return await _count(unit, select(func.count()).select_from(Person).where(*conditions))


async def _senders(unit: Unit, state: SampleState | None) -> int:
    """People who ever sent a sample, or one that ended so."""
    query = select(func.count(func.distinct(Sample.person_id)))
    return await _count(unit, query if state is None else query.where(Sample.state == state))


async def _to_decision(unit: Unit) -> timedelta | None:
    """The median time from the reviewers' queue to the decision, of late."""
    rows = await unit.tx.all(
        select(Sample.queued_at, Sample.decided_at).where(
            col(Sample.decided_at) > unit.now - RECENT, col(Sample.queued_at).is_not(None)
        )
    )
    return median(decided - queued for queued, decided in rows) if rows else None


async def _sessions(unit: Unit) -> dict[str, int]:
    """Sessions to come, by city."""
    rows = await unit.tx.all(
        select(Studio.city, func.count())
        .select_from(Booking)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .join(Room, col(Room.id) == col(Slot.room_id))
        .join(Studio, col(Studio.id) == col(Room.studio_id))
        .where(col(Booking.state).in_(TO_COME), col(Slot.starts_at) > unit.now)
        .group_by(col(Studio.city))
    )
    return dict(rows)


async def _cities(unit: Unit) -> tuple[CityNumbers, ...]:
    sessions = await _sessions(unit)
    in_pair = select(PairMember.id).where(PairMember.person_id == Person.id, col(PairMember.active)).exists()
    rows = await unit.tx.all(
        select(
            Person.city,
            func.count(),
            func.count(col(Person.approved_at)),
            func.sum(case((in_pair, 1), else_=0)),
        )
        .where(col(Person.applying), col(Person.city).is_not(None))
        .group_by(col(Person.city))
    )
    numbers = {city: (began, approved, paired) for city, began, approved, paired in rows}
    found = []
    for city in await unit.tx.all(select(City).order_by(City.code)):
        began, approved, paired = numbers.get(city.code, (0, 0, 0))
        found.append(
            CityNumbers(city.names, city.code, began, approved, int(paired or 0), sessions.get(city.code, 0))
        )
    return tuple(found)


# --- delivery


async def delivery(unit: Unit) -> DeliveryNumbers:
    """How messages, updates, timers and jobs flow."""
    new, pending = InboxRow.state == "new", Timer.state == "pending"
    due = or_(col(OutboxRow.not_before).is_(None), col(OutboxRow.not_before) <= unit.now)
    oldest = select(func.min(OutboxRow.created_at)).where(OutboxRow.state == "queued", due)
    return DeliveryNumbers(
        lanes=await _lanes(unit),
        oldest_message=_age(unit, await unit.tx.one(oldest)),
        updates=await _count(unit, select(func.count()).select_from(InboxRow).where(new)),
        oldest_update=_age(unit, await unit.tx.one(select(func.min(InboxRow.received_at)).where(new))),
        set_aside=await _count(
            unit, select(func.count()).select_from(InboxRow).where(InboxRow.state == "failed")
        ),
        timers=await _count(unit, select(func.count()).select_from(Timer).where(pending)),
        overdue=await _count(
            unit,
            select(func.count()).where(and_(pending, col(Timer.due_at) < unit.now - timedelta(minutes=1))),
        ),
        jobs=await _count(unit, select(func.count()).select_from(Job).where(Job.state == "queued")),
    )


def _age(unit: Unit, since: datetime | None) -> timedelta | None:
    return None if since is None else max(timedelta(), unit.now - since)


async def _lanes(unit: Unit) -> tuple[LaneNumbers, ...]:
    """By urgency: what waits, however long, and how what was queued within the last day ended.

    The table is never read as a whole: it grows for ever, and other writers wait meanwhile.
    """
    older = select(OutboxRow.id).where(col(OutboxRow.created_at) <= unit.now - DAY)
    last_before = await unit.tx.first(older.order_by(col(OutboxRow.id).desc()).limit(1)) or 0
    ended = await unit.tx.all(
        select(OutboxRow.lane, OutboxRow.state, func.count())
        .where(OutboxRow.id > last_before)
        .group_by(col(OutboxRow.lane), col(OutboxRow.state))
    )
    queued = await unit.tx.all(
        select(OutboxRow.lane, func.count()).where(OutboxRow.state == "queued").group_by(col(OutboxRow.lane))
    )
    waiting = dict(queued)
    found: dict[int, dict[str, int]] = {lane: {"waiting": waiting.get(lane, 0)} for lane in Lane}
    for lane, state, count in ended:
        if state in ("sent", "blocked", "failed", "uncertain"):
            found[lane][state] = count
        elif state in ("sending", "held"):
            found[lane]["waiting"] += count
    return tuple(LaneNumbers(lane=lane.value, **found[lane]) for lane in Lane)
