"""What waits for a human, read from the tables as they are: nothing has to be kept for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, or_, select

from bot.rules.states import AssignmentState, BookingState, SampleState, ShiftState, SlotState
from bot.services.coordinating import quarantine
from bot.services.messages.overview import Pending, Stuck, Unconfirmed, Understaffed
from bot.services.reviewing import reviews
from bot.services.studio import slots
from bot.services.unit import Unit
from storage.tables import (
    Assignment,
    Booking,
    BookingMember,
    Job,
    OutboxRow,
    Person,
    Sample,
    Shift,
    Slot,
    Timer,
)

SHOWN = 5
"""How many of each list are named; the rest is counted."""

STAFF_AHEAD = timedelta(days=7)
"""How far ahead lacking staff is worth a line."""

NEAR = timedelta(hours=24)
"""How near a session is whose people should have answered, where the policy sets no deadline."""

TROUBLE_LASTS = timedelta(days=7)
"""How long a message that failed is worth a line."""


async def pending(unit: Unit) -> Pending:
    """Everything that goes no further by itself."""
    group = await reviews.active_group(unit)
    unconfirmed, more_unconfirmed = await _unconfirmed(unit)
    understaffed, more_understaffed = await _understaffed(unit)
    set_aside = await quarantine.listed(unit, SHOWN)
    return Pending(
        at=unit.now,
        samples=await _stuck(unit, appealed=False, in_group=group is not None),
        appeals=await _stuck(unit, appealed=True, in_group=group is not None),
        in_group=group is not None,
        unconfirmed=unconfirmed,
        more_unconfirmed=more_unconfirmed,
        understaffed=understaffed,
        more_understaffed=more_understaffed,
        set_aside=tuple(set_aside),
        more_set_aside=await quarantine.count(unit) - len(set_aside),
        failed=await _messages(unit, "failed"),
        uncertain=await _messages(unit, "uncertain"),
        given_up=await _given_up(unit),
    )


async def _stuck(unit: Unit, *, appealed: bool, in_group: bool) -> Stuck:
    """Samples with a seat that nobody holds. Those shown in a group have until a reviewer would be nudged."""
    taken = (
        select(func.count())
        .where(
            Assignment.sample_id == Sample.id,
            Assignment.round == Sample.round,
            col(Assignment.state).in_((AssignmentState.OPEN, AssignmentState.VOTED)),
        )
        .correlate(Sample)
        .scalar_subquery()
    )
    panel = unit.policy.review.panel
    crossing = col(Sample.state) == SampleState.CROSS_REVIEW
    query = select(Sample.queued_at, Sample.language).where(
        col(Sample.state).in_(reviews.IN_REVIEW),
        col(Sample.round) > 1 if appealed else col(Sample.round) == 1,
        or_(taken < panel, crossing & (taken < panel + 1)),
    )
    if in_group:
        patience = unit.policy.review.nudge_after or timedelta()
        query = query.where(col(Sample.queued_at) <= unit.now - patience)
    found = await unit.tx.all(query.order_by(col(Sample.queued_at)))
    languages = sorted({language for _, language in found if language})
    return Stuck(len(found), found[0][0] if found else None, tuple(languages))


async def _unconfirmed(unit: Unit) -> tuple[tuple[Unconfirmed, ...], int]:
    """Sessions within the policy's deadline whose people were asked and have not all answered."""
    near = unit.policy.reminders.confirm_by or NEAR
    query = (
        select(Booking.id, Booking.slot_id, Booking.confirmed_at, Slot.starts_at)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(
            Booking.state == BookingState.CONFIRMED,
            col(Slot.starts_at) > unit.now,
            col(Slot.starts_at) <= unit.now + near,
        )
        .order_by(col(Slot.starts_at))
    )
    # Whoever booked after the deadline said yes a moment ago and was never asked.
    asked = [row for row in await unit.tx.all(query) if _asked(row.confirmed_at, row.starts_at - near)]
    shown = []
    for row in asked[:SHOWN]:
        view = await slots.slot_view(unit, row.slot_id)
        if view is not None:
            shown.append(Unconfirmed(view, await _silent(unit, row.id)))
    return tuple(shown), len(asked) - len(shown)


def _asked(confirmed_at: datetime | None, deadline: datetime) -> bool:
    return confirmed_at is None or confirmed_at < deadline


async def _silent(unit: Unit, booking_id: int) -> tuple[str, ...]:
    names = await unit.tx.all(
        select(Person.name, Person.telegram_name)
        .join(BookingMember, col(BookingMember.person_id) == col(Person.id))
        .where(BookingMember.booking_id == booking_id, col(BookingMember.attending).is_(None))
        .where(col(BookingMember.active))
        .order_by(col(BookingMember.id))
    )
    return tuple(name or telegram_name for name, telegram_name in names)


async def _understaffed(unit: Unit) -> tuple[tuple[Understaffed, ...], int]:
    """Slots of the next days that fewer people have confirmed than run them."""
    confirmed: Any = (
        select(func.count())
        .where(Shift.slot_id == Slot.id, Shift.state == ShiftState.CONFIRMED)
        .correlate(Slot)
        .scalar_subquery()
    )
    standing = (SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)
    rows: Sequence[Any] = await unit.tx.all(
        select(Slot.id, Slot.staff_needed, confirmed.label("confirmed"))
        .where(
            col(Slot.state).in_(standing),
            col(Slot.starts_at) > unit.now,
            col(Slot.starts_at) <= unit.now + STAFF_AHEAD,
            confirmed < Slot.staff_needed,
        )
        .order_by(col(Slot.starts_at), col(Slot.id))
    )
    facts = {row.id: row for row in rows[:SHOWN]}
    views = await slots.slot_views(unit, list(facts))
    shown = tuple(
        Understaffed(view, facts[view.slot_id].confirmed, facts[view.slot_id].staff_needed) for view in views
    )
    return shown, len(rows) - len(shown)


async def _messages(unit: Unit, state: str) -> int:
    """Messages, not edits of such, that ended so within the last days."""
    query = select(func.count()).where(
        OutboxRow.state == state,
        col(OutboxRow.created_at) > unit.now - TROUBLE_LASTS,
        col(OutboxRow.edits).is_(None),
    )
    return int(await unit.tx.one(query))


async def _given_up(unit: Unit) -> int:
    """Jobs and timers that failed on every try."""
    jobs = await unit.tx.one(select(func.count()).select_from(Job).where(Job.state == "failed"))
    timers = await unit.tx.one(select(func.count()).select_from(Timer).where(Timer.state == "failed"))
    return int(jobs) + int(timers)
