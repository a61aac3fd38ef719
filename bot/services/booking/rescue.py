"""Rescue: one of a pair cannot come, the other keeps the slot for a while and is offered stand-ins.

Both the stayer and the stand-in say yes to each other, as to any match proposal. That makes them a pair and ends
the old one (`bot.services.pairing.matches`), and the booking is theirs. A search that fails leaves the old pair as it
was: without a stand-in in time the booking ends, at nobody's cost but the leaver's, and only if they left late; who
stayed then has the policy's show-up pay (`bot.services.booking.ledger`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col, select, update

from bot.rules.booking import Cost, rescue_until, show_up_pay
from bot.rules.booking import cancelling as cancelling_cost
from bot.rules.states import BookingState
from bot.services import audit, outbox
from bot.services.booking import bookings, cancelling, holds, ledger, releasing, reminders, strikes
from bot.services.booking.bookings import STALE, AlreadyBooked, BookingOver, subject_of
from bot.services.messages import Message
from bot.services.messages.bookings import Money, PartnerOut, YouAreOut
from bot.services.messages.slots import SlotView
from bot.services.pairing import pairs, proposals
from bot.services.people import Person, name_of
from bot.services.timers import drop_timers, id_of, set_timer
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
    return await _go_on_alone(unit, booking, slot, Parting(person, other, until, cost))


@dataclass(frozen=True, slots=True)
class Parting:
    """Who falls out and who stays until when, what it costs, and whether silence was the reason."""

    leaver: Person
    stayer: Person
    until: datetime
    cost: Cost
    silent: bool = False


async def _go_on_alone(unit: Unit, booking: Booking, slot: SlotView, parting: Parting) -> YouAreOut:
    """One is out, the other keeps the slot and is told; gives what to tell the leaver.

    Raises `BookingOver` if somebody else changed the booking first.
    """
    person, other = parting.leaver, parting.stayer
    version = booking.version + 1
    actor = None if parting.silent else person.id
    if not await audit.move(
        unit, booking, BookingState.RESCUE, actor=actor, rescue_until=parting.until, version=version
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
    await set_timer(unit, "rescue_over", topic, parting.until)
    pay = show_up_pay(unit.policy.booking, unit.policy.pay, slot.starts_at, parting.until)
    out = PartnerOut(
        booking.id,
        slot,
        name_of(person),
        parting.until,
        silent=parting.silent,
        pay=Money(pay, unit.policy.pay.currency) if pay else None,
    )
    await outbox.send(unit, other.telegram_id, out, about=f"{topic}:{version}:alone", topic=topic)
    late = parting.cost is Cost.STRIKE and unit.policy.booking.strikes > 0
    kind = "silent" if parting.silent else "late_cancel"
    noted = await strikes.note(unit, person, booking, kind) if late else None
    await bookings.send_calendar(unit, person, booking, slot, cancelled=True)
    await _seek(unit, booking)
    return YouAreOut(slot, name_of(other), noted, silent=parting.silent)


async def out_by_silence(unit: Unit, timer: Timer) -> None:
    """The last call to the silent one of two is over: the other one comes, and is offered stand-ins.

    Rung so late that there is no time to look for one, it puts nobody out: the silent one may yet come.
    """
    found = await reminders.silent_one(unit, timer)
    if found is None:
        return
    booking, silent = found
    slot = await bookings.view_of(unit, booking)
    until = rescue_until(unit.policy.booking, slot.starts_at, unit.now)
    stayer = await bookings.other_in(unit, booking, silent)
    if until is None or stayer is None:
        return
    cost = cancelling_cost(unit.policy.booking, BookingState(booking.state), slot.starts_at, unit.now)
    out = await _go_on_alone(unit, booking, slot, Parting(silent, stayer, until, cost, silent=True))
    topic = subject_of(booking)
    await outbox.send(unit, silent.telegram_id, out, about=f"{topic}:{booking.version}:silent", topic=topic)


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
    refused = await ledger.turned_down(unit, booking, stayer)
    if await releasing.release(unit, booking, BookingState.CANCELLED, by=None):
        pay = None if refused else await ledger.pay_show_up(unit, stayer, booking, slot, "no_stand_in")
        await cancelling.off(unit, stayer, booking, slot, "no_stand_in", pay=pay)


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
    booking = await unit.tx.get(Booking, id_of(timer))
    return booking if booking and booking.state == BookingState.RESCUE else None
