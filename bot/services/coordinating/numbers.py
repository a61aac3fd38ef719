"""Numbers: the funnel from the first word to the session."""

from datetime import timedelta
from statistics import median
from typing import Any

from sqlmodel import case, col, func, select

from bot.rules.states import LIVE_BOOKINGS, BookingState, SampleState
from bot.services.messages.overview import CityNumbers, Funnel
from bot.services.reviewing import reviews
from bot.services.unit import Unit
from storage.tables import (
    Booking,
    BookingMember,
    City,
    PairMember,
    Person,
    Room,
    Sample,
    Seeker,
    Slot,
    Studio,
)

RECENT = timedelta(days=30)
"""Decisions of this span make the median time to a decision."""

TO_COME = (BookingState.CONFIRMED, BookingState.ATTENDING, BookingState.RESCUE)
"""States of bookings that are going to be sessions."""


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
