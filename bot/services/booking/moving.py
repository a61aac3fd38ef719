"""Moving a booking: which can be, what it costs, and the switch from the old time to the new one.

A move is a hold that names the booking it replaces. That one stays as it is until the partner says yes; then
one transaction confirms the new one and ends the old one, so that nobody ever has both, or none.
"""

from sqlmodel import col, update

from bot.rules.booking import Cost, cancelling
from bot.rules.errors import DomainError, TooLate
from bot.rules.states import BookingState
from bot.services.booking import bookings, releasing, reminders, strikes
from bot.services.booking.bookings import AlreadyBooked, BookingOver, Party
from bot.services.messages.bookings import Moving, Strikes
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Booking, BookingMember


class MoveUnderWay(DomainError):
    """The booking is being moved already: the partner's answer is awaited."""


async def movable(unit: Unit, person: Person, booking_id: int) -> Booking:
    """A booking of the person that can be moved now; raises `NotYours`, `BookingOver`, `MoveUnderWay`, `TooLate`."""
    booking = await bookings.own(unit, person, booking_id)
    if booking.state not in reminders.STANDING:
        raise BookingOver(booking.state)
    if await bookings.move_of(unit, booking):
        raise MoveUnderWay
    slot = await bookings.view_of(unit, booking)
    if unit.now >= slot.starts_at:
        raise TooLate(slot.starts_at)
    return booking


async def moving_of(unit: Unit, booking: Booking) -> Moving:
    """What moving a booking now would mean."""
    slot = await bookings.view_of(unit, booking)
    cost = cancelling(unit.policy.booking, BookingState(booking.state), slot.starts_at, unit.now)
    return Moving(booking.id, slot, cost is Cost.STRIKE)


async def switch(unit: Unit, person: Person, party: Party, new: Booking, old: Booking) -> Strikes | None:
    """End the booking that the new one replaces and seat both in the new one; gives what it cost the mover.

    `person` is who has just agreed. Raises `AlreadyBooked` if either took something else for that time meanwhile.
    """
    was = await bookings.view_of(unit, old)
    mover = party.other(person)
    # What it costs was said when the move was asked for, so that moment counts.
    cost = cancelling(unit.policy.booking, BookingState(old.state), was.starts_at, new.created_at)
    if not await releasing.release(unit, old, BookingState.CANCELLED, by=mover):
        raise BookingOver(old.state)
    for one in party.people:
        try:
            await unit.tx.change(
                update(BookingMember)
                .where(col(BookingMember.booking_id) == new.id, col(BookingMember.person_id) == one.id)
                .values(active=True)
            )
        except ConflictError:
            raise AlreadyBooked(you=one.id == person.id) from None
    return await strikes.note(unit, mover, old) if cost is Cost.STRIKE else None
