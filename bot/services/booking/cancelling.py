"""Cancelling a booking for both: by one of them, by parting, or because the studio cannot."""

from sqlmodel import col, select

from bot.rules.booking import Cost, book_by, cancel_by, cancelling, rescue_until
from bot.rules.errors import TooLate
from bot.rules.states import BookingState
from bot.services import outbox
from bot.services.booking import bookings, free_times, holds, ledger, releasing, strikes, waitlist
from bot.services.booking.bookings import BookingOver, subject_of
from bot.services.messages import Message
from bot.services.messages.bookings import BookingCancelled, BookingKept, CancelAsked, Money
from bot.services.messages.slots import SlotView
from bot.services.people import Person, name_of
from bot.services.studio import slots
from bot.services.unit import Unit
from storage.tables import Booking, Pair, Slot

CANCELLABLE = (
    BookingState.HELD,
    BookingState.CONFIRMED,
    BookingState.ATTENDING,
    BookingState.RESCUE,
)
"""States that people can cancel from; who has checked in tells the staff instead."""


async def ask(unit: Unit, person: Person, booking_id: int) -> CancelAsked:
    """The question before cancelling, with what it would cost.

    Raises `NotYours`, `BookingOver` and, once the session has begun, `TooLate`.
    """
    booking, slot, cost = await cancellable(unit, person, booking_id)
    policy = unit.policy.booking
    other = await bookings.other_in(unit, booking, person)
    free_until = cancel_by(policy, slot.starts_at) if booking.state not in FREE else None
    standing = booking.state in (BookingState.CONFIRMED, BookingState.ATTENDING)
    costs = cost is Cost.STRIKE and policy.strikes > 0
    return CancelAsked(
        booking.id,
        slot,
        name_of(other) if other else "",
        costs,
        free_until if policy.strikes and not costs else None,
        rescue_until(policy, slot.starts_at, unit.now) if standing else None,
        await strikes.of(unit, person) if costs else None,
        hold=booking.state == BookingState.HELD,
    )


FREE = (BookingState.HELD, BookingState.RESCUE)
"""States in which cancelling never costs anything."""


async def cancellable(unit: Unit, person: Person, booking_id: int) -> tuple[Booking, SlotView, Cost]:
    """A booking that the person may cancel, its slot, and what that costs. Raises as `ask`."""
    booking = await bookings.own(unit, person, booking_id)
    if booking.state not in CANCELLABLE:
        raise BookingOver(booking.state)
    slot = await bookings.view_of(unit, booking)
    cost = cancelling(unit.policy.booking, BookingState(booking.state), slot.starts_at, unit.now)
    if cost is Cost.OVER:
        raise TooLate(slot.starts_at)
    return booking, slot, cost


async def keep(unit: Unit, person: Person, booking_id: int) -> BookingKept:
    """Not after all; raises `NotYours` and `BookingOver`."""
    booking = await bookings.own(unit, person, booking_id)
    return BookingKept(booking.id, await bookings.view_of(unit, booking))


async def cancel(unit: Unit, person: Person, booking_id: int, *, why: str = "you") -> Message:
    """Cancel for both: the booking ends, the slot is free. Gives what to show. Raises as `ask`.

    Late, it is a strike for who cancels; the partner loses nothing but the session.
    """
    booking, slot, cost = await cancellable(unit, person, booking_id)
    if booking.state == BookingState.HELD:
        return await holds.drop(unit, person, booking)
    ending = await _end(unit, booking, slot, cost, by=person, why=why, theirs="partner")
    return ending or BookingCancelled(slot, why)


async def cancel_for_pair(unit: Unit, pair: Pair, by: Person | None, *, but: int | None = None) -> int:
    """Cancel everything that a pair has ahead, because it is dissolved; gives how many sessions that were.

    The booking with the id `but` is left alone: somebody stands in for it.

    `but` is a booking that goes on, with a stand-in.

    Who leaves late pays as for cancelling late. With `by` None nobody pays. Both are told, session by session.
    What `by` got out of before stays with the partner, who is looking for a stand-in.
    """
    await waitlist.leave_all(unit, pair, by=by)
    count = 0
    for booking in await ahead_of_pair(unit, pair):
        fresh = await unit.tx.get(Booking, booking.id)
        if fresh is None or fresh.id == but or fresh.state not in CANCELLABLE:
            continue  # a move that ended together with the booking it would have moved
        if by is not None and by.id not in {one.id for one in await bookings.people_in(unit, fresh)}:
            continue
        slot = await bookings.view_of(unit, fresh)
        cost = cancelling(unit.policy.booking, BookingState(fresh.state), slot.starts_at, unit.now)
        message = await _end(unit, fresh, slot, cost, by=by, why="parted", theirs="parted")
        if by is not None and message is not None:
            about = f"{subject_of(fresh)}:cancelled"
            await outbox.send(unit, by.telegram_id, message, about=about, topic=subject_of(fresh))
        count += 1
    return count


async def ahead_of_pair(unit: Unit, pair: Pair) -> list[Booking]:
    """What a pair has booked or holds and what has not begun, the earliest first."""
    query = (
        select(Booking)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(Booking.pair_id == pair.id, col(Booking.state).in_(CANCELLABLE), Slot.starts_at > unit.now)
        .order_by(col(Slot.starts_at), col(Booking.id))
    )
    return list(await unit.tx.all(query))


async def cancel_for_slot(unit: Unit, slot_id: int, reason: str = "", by: Person | None = None) -> bool:
    """End whatever a slot has, because the studio cannot; True if there was a booking.

    To be called after the slot itself was cancelled, so that it is offered to nobody. Everybody is told, those
    who wait for it too, and it costs nobody anything; a pair is offered the nearest times that are free.
    """
    slot = await slots.slot_view(unit, slot_id)
    if slot is None:
        return False
    await waitlist.close_for_slot(unit, slot)
    booking = await bookings.live_of_slot(unit, slot_id)
    if booking is None:
        return False
    people = await bookings.people_in(unit, booking)
    if not await releasing.release(unit, booking, BookingState.CANCELLED, by=by):
        return False
    for person in people:
        instead = await free_times.nearest(unit, person, slot)
        await off(unit, person, booking, slot, "studio", reason=reason, instead=instead)
    return True


async def _end(
    unit: Unit, booking: Booking, slot: SlotView, cost: Cost, *, by: Person | None, why: str, theirs: str
) -> Message | None:
    """End a booking, note the strike and tell the others; gives what to tell `by`, if they are in it.

    Who is let down when there is no time left to look for a stand-in has the policy's show-up pay.
    """
    people = await bookings.people_in(unit, booking)
    standing = booking.state != BookingState.HELD
    alone = by is not None and standing and unit.now >= book_by(unit.policy.booking, slot.starts_at)
    if not await releasing.release(unit, booking, BookingState.CANCELLED, by=by):
        raise BookingOver(BookingState.CANCELLED)
    mine = None
    for one in people:
        other = next((name_of(person) for person in people if person.id != one.id), "")
        if by is None or one.id != by.id:
            pay = await ledger.pay_show_up(unit, one, booking, slot, "no_time") if alone else None
            await off(unit, one, booking, slot, theirs, partner=other, pay=pay)
            continue
        late = cost is Cost.STRIKE and unit.policy.booking.strikes > 0
        mine = BookingCancelled(
            slot, why, other, strikes=await strikes.note(unit, by, booking) if late else None
        )
        if standing:
            await bookings.send_calendar(unit, by, booking, slot, cancelled=True)
    return mine


async def off(
    unit: Unit,
    person: Person,
    booking: Booking,
    slot: SlotView,
    why: str,
    *,
    partner: str = "",
    reason: str = "",
    pay: Money | None = None,
    instead: tuple[SlotView, ...] = (),
) -> None:
    """Tell one person that their session is cancelled, and take it out of their calendar."""
    topic = subject_of(booking)
    message = BookingCancelled(slot, why, partner, reason, pay=pay, instead=instead)
    await outbox.send(unit, person.telegram_id, message, about=f"{topic}:cancelled", topic=topic)
    if booking.confirmed_at is not None:
        await bookings.send_calendar(unit, person, booking, slot, cancelled=True)
