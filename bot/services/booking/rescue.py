"""Rescue: one of a pair cannot come, the other keeps the slot for a while and is offered stand-ins.

Both the stayer and the stand-in say yes to each other, as to any match proposal. That makes them a pair and ends
the old one (`bot.services.pairing.matches`), and the booking is theirs. A search that fails leaves the old pair as it
was: without a stand-in in time the booking ends, at nobody's cost but the leaver's, and only if they left late.
"""

from datetime import timedelta

from sqlmodel import col, select, update

from bot.rules.booking import Cost, rescue_until
from bot.rules.states import BookingState
from bot.services import audit, outbox
from bot.services.booking import bookings, cancelling, holds, releasing, reminders
from bot.services.booking.bookings import STALE, AlreadyBooked, BookingOver, name_of, subject_of
from bot.services.messages import Message
from bot.services.messages.bookings import PartnerOut, YouAreOut
from bot.services.pairing import pairs, proposals
from bot.services.people import Person
from bot.services.timers import drop_timers, set_timer
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Booking, BookingMember, Pair, Timer

SEEK_EVERY = timedelta(minutes=10)
"""How often the pool is searched again while it holds nobody who fits."""


async def leave(unit: Unit, person: Person, booking_id: int) -> Message:
    """Get out of a booking alone; gives what to show.

    Where there is nobody to stay, or no time to find a stand-in, it is cancelled for both. Raises as
    `cancelling.ask`.
    """
    booking, slot, cost = await cancelling.cancellable(unit, person, booking_id)
    until = rescue_until(unit.policy.booking, slot.starts_at, unit.now)
    other = await bookings.other_in(unit, booking, person)
    if booking.state not in reminders.STANDING or other is None:
        return await cancelling.cancel(unit, person, booking_id)
    if until is None:
        return await cancelling.cancel(unit, person, booking_id, why="no_time")
    version = booking.version + 1
    if not await audit.move(
        unit, booking, BookingState.RESCUE, actor=person.id, rescue_until=until, version=version
    ):
        raise BookingOver(BookingState.CANCELLED)
    await unit.tx.change(
        update(BookingMember)
        .where(col(BookingMember.booking_id) == booking.id, col(BookingMember.person_id) == person.id)
        .values(active=False, attending=False)
    )
    topic = subject_of(booking)
    await drop_timers(unit, topic)
    await outbox.cancel(unit, topic, STALE)
    await releasing.drop_move(unit, booking, by=person)
    await set_timer(unit, "rescue_over", topic, until)
    out = PartnerOut(booking.id, slot, name_of(person), until)
    await outbox.send(unit, other.telegram_id, out, about=f"{topic}:{version}:alone", topic=topic)
    late = cost is Cost.STRIKE and unit.policy.booking.strikes > 0
    strikes = await bookings.strike(unit, person, booking) if late else None
    await bookings.send_calendar(unit, person, booking, slot, cancelled=True)
    await _seek(unit, booking)
    return YouAreOut(slot, name_of(other), strikes)


async def _seek(unit: Unit, booking: Booking) -> None:
    """Offer the next stand-in, or look again later. Nobody is woken up for that."""
    subject = subject_of(booking)
    await drop_timers(unit, subject, ["seek_stand_in"])
    wakes = bookings.not_before(unit, await bookings.view_of(unit, booking))
    if wakes is None:
        (stayer,) = await bookings.people_in(unit, booking)
        were_in = await unit.tx.all(
            select(BookingMember.person_id).where(BookingMember.booking_id == booking.id)
        )
        try:
            if await proposals.offer_stand_in(unit, booking.id, stayer, frozenset(were_in)):
                return
        except proposals.Engaged:
            pass  # a stand-in for another session of theirs is being asked
    again = wakes or unit.now + SEEK_EVERY
    if booking.rescue_until is not None and again < booking.rescue_until:
        await set_timer(unit, "seek_stand_in", subject, again, useful_until=booking.rescue_until)


async def seek_again(unit: Unit, timer: Timer) -> None:
    """The last stand-in said no, or it is time to look into the pool again."""
    booking = await _of_timer(unit, timer)
    if booking is not None:
        await _seek(unit, booking)


async def give_up(unit: Unit, timer: Timer) -> None:
    """Nobody was found in time: the booking ends and the slot is free."""
    booking = await _of_timer(unit, timer)
    if booking is None:
        return
    (stayer,) = await bookings.people_in(unit, booking)
    slot = await bookings.view_of(unit, booking)
    if await releasing.release(unit, booking, BookingState.CANCELLED, by=None):
        await cancelling.off(unit, stayer, booking, slot, "no_stand_in")


async def rescued(unit: Unit, booking_id: int, pair: Pair) -> None:
    """A stand-in was found: `pair`, the stayer and the stand-in, takes the booking over, confirmed.

    Raises `BookingOver` if the booking is not waiting for one any more, and `AlreadyBooked` if the stand-in has
    another session then.
    """
    booking = await unit.tx.get(Booking, booking_id)
    if booking is None or booking.state != BookingState.RESCUE:
        raise BookingOver(booking.state if booking else BookingState.CANCELLED)
    (stayer,) = await bookings.people_in(unit, booking)
    stand_in = await pairs.partner_in(unit, pair, stayer)
    slot = await bookings.view_of(unit, booking)
    changes = {"pair_id": pair.id, "version": booking.version + 1, "rescue_until": None}
    if not await audit.move(unit, booking, BookingState.CONFIRMED, actor=stand_in.id, **changes):
        raise BookingOver(BookingState.CANCELLED)
    seat = BookingMember(
        booking_id=booking.id, person_id=stand_in.id, starts_at=slot.starts_at, ends_at=slot.ends_at
    )
    try:
        await unit.tx.add(seat)
    except ConflictError:
        raise AlreadyBooked(you=True) from None
    await drop_timers(unit, subject_of(booking))
    await reminders.plan(unit, booking, slot)
    await holds.confirm(unit, stayer, booking, slot, stand_in, stand_in=True)
    await holds.confirm(unit, stand_in, booking, slot, stayer)


async def _of_timer(unit: Unit, timer: Timer) -> Booking | None:
    booking = await unit.tx.get(Booking, int(timer.subject.partition(":")[2]))
    return booking if booking and booking.state == BookingState.RESCUE else None
