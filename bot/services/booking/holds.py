"""Taking a slot: either of a pair books, the other one confirms within `hold`. A move begins the same way."""

from datetime import datetime

from sqlmodel import select

from bot.rules.booking import cancel_by, hold_until, may_book
from bot.rules.errors import NotYours, SlotNotOpen
from bot.rules.states import BookingState, PairState, SlotState, WaitState
from bot.services import audit, outbox
from bot.services.booking import bookings, moving, releasing, reminders, reserves, waitlist, wishes
from bot.services.booking.bookings import AlreadyBooked, BookingOver, Party, SlotTaken, SlotYours, subject_of
from bot.services.messages import Message
from bot.services.messages.bookings import (
    BookingConfirmed,
    HoldAgreed,
    HoldAsked,
    HoldEnded,
    HoldPlaced,
    Strikes,
)
from bot.services.messages.slots import SlotView
from bot.services.messages.waitlist import OfferTaken
from bot.services.people import Person, name_of
from bot.services.studio import slots, waves
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Booking, BookingMember, Slot, Timer

# --- taking a slot


async def book(unit: Unit, person: Person, slot_id: int, moving_id: int | None = None) -> None:
    """Hold a slot for the person's pair and ask the partner; `moving_id` names the booking that it replaces.

    Raises `SlotTaken`, `SlotYours`, `SlotNotOpen`, `KeptForFirst`, `TooLate`, `AlreadyBooked`, `BookingBlocked`,
    `ApprovalNeeded`, `PartnerNeeded`; for a move also `NotYours`, `BookingOver` and `MoveUnderWay`.
    """
    old = None if moving_id is None else await moving.movable(unit, person, moving_id)
    party = await bookings.party_of(unit, person) if old is None else await _party_in(unit, old)
    slot = await _bookable(unit, person, party, slot_id)
    if not await slots.take(unit, slot, actor=person.id):
        raise SlotTaken
    await _hold(unit, person, party, slot, old)


async def take_offer(unit: Unit, person: Person, waiting_id: int) -> Message:
    """Say yes to a slot that is on offer to one's pair; the partner is asked as after any booking.

    The partner's own yes to the same offer answers that question. Gives what to show. Raises `OfferOver`,
    `NotYours` and what keeps a pair from booking.
    """
    waiting = await waitlist.own_offer(unit, person, waiting_id)
    booking = await bookings.live_of_slot(unit, waiting.slot_id)
    if waiting.state == WaitState.TAKEN and booking is not None and booking.pair_id == waiting.pair_id:
        if booking.state == BookingState.HELD and booking.held_by != person.id:
            return await agree(unit, person, booking.id)
        raise SlotYours
    party = await bookings.party_of(unit, person)
    slot = await unit.tx.one(select(Slot).where(Slot.id == waiting.slot_id))
    await waitlist.accept(unit, person, waiting)
    _refuse(unit, slot, SlotState.OPEN)  # taken, but for this very pair
    await bookings.check_blocks(unit, person, party)
    await _hold(unit, person, party, slot, None)
    return OfferTaken((await slots.slot_views(unit, [slot.id]))[0])


async def _party_in(unit: Unit, booking: Booking) -> Party:
    return Party(booking.pair_id, tuple(await bookings.people_in(unit, booking)))


async def _bookable(unit: Unit, person: Person, party: Party, slot_id: int) -> Slot:
    slot = await unit.tx.get(Slot, slot_id)
    if slot is None:
        raise SlotNotOpen("cancelled")
    if slot.state == SlotState.TAKEN:
        booking = await bookings.live_of_slot(unit, slot_id)
        raise SlotYours if booking and booking.pair_id == party.pair_id else SlotTaken
    await bookings.check_blocks(unit, person, party)
    _refuse(unit, slot, SlotState(slot.state))
    await waves.check(unit, slot, [one.id for one in party.people])
    return slot


def _refuse(unit: Unit, slot: Slot, state: SlotState) -> None:
    refusal = may_book(
        unit.policy.booking,
        slot=state,
        starts_at=slot.starts_at,
        pair=PairState.ACTIVE,
        blocks={},
        now=unit.now,
    )
    if refusal is not None:
        raise refusal


async def _hold(unit: Unit, person: Person, party: Party, slot: Slot, old: Booking | None) -> None:
    view = (await slots.slot_views(unit, [slot.id]))[0]
    old_view = await bookings.view_of(unit, old) if old else None
    until = hold_until(unit.policy.booking, slot.starts_at, unit.now)
    if old_view is not None:
        until = min(until, old_view.starts_at)
    booking = await _write(unit, person, party, slot, old, until)
    await audit.record(unit, subject_of(booking), "booking.held", actor=person.id, after=booking.state)
    await set_timer(unit, "hold_expired", subject_of(booking), until)
    partner = party.other(person)
    topic = subject_of(booking)
    placed = HoldPlaced(booking.id, view, name_of(partner), until, old_view)
    asked = HoldAsked(booking.id, view, name_of(person), until, old_view)
    await outbox.send(unit, person.telegram_id, placed, about=f"{topic}:held", topic=topic)
    await outbox.send(unit, partner.telegram_id, asked, about=f"{topic}:asked", topic=topic, expires_at=until)


async def _write(
    unit: Unit, person: Person, party: Party, slot: Slot, old: Booking | None, until: datetime
) -> Booking:
    """The booking's rows. The members of a move do not count yet: until then they sit in the old booking."""
    booking = Booking(
        slot_id=slot.id,
        pair_id=party.pair_id,
        state=BookingState.HELD.value,
        held_by=person.id,
        held_until=until,
        replaces_id=old.id if old else None,
        created_at=unit.now,
    )
    try:
        await unit.tx.add(booking)
    except ConflictError as conflict:
        raise (moving.MoveUnderWay if "replaces_id" in conflict.rule else SlotTaken) from None
    view = (await slots.slot_views(unit, [slot.id]))[0]
    for one in (person, party.other(person)):
        if old and not await bookings.free_at(unit, one.id, view, but=old.id):
            raise AlreadyBooked(you=one.id == person.id)
        member = BookingMember(
            booking_id=booking.id,
            person_id=one.id,
            active=old is None,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        try:
            await unit.tx.add(member)
        except ConflictError:
            raise AlreadyBooked(you=one.id == person.id) from None
    return booking


# --- the partner's answer


async def agree(unit: Unit, person: Person, booking_id: int) -> Message:
    """The partner says yes: the booking stands. Gives what to show.

    Raises `NotYours` (also for who took the slot: theirs is not the missing yes), `BookingOver` (settled or too
    late) and `AlreadyBooked`.
    """
    booking = await _asked(unit, person, booking_id)
    if booking.held_until is not None and unit.now >= booking.held_until:
        raise BookingOver(BookingState.EXPIRED)
    slot = await bookings.view_of(unit, booking)
    party = await _party_in(unit, booking)
    old = await unit.tx.get(Booking, booking.replaces_id) if booking.replaces_id else None
    version = old.version + 1 if old else booking.version + 1
    moved = await audit.move(
        unit, booking, BookingState.CONFIRMED, actor=person.id, version=version, confirmed_at=unit.now
    )
    if not moved:
        raise BookingOver(BookingState.EXPIRED)
    await drop_timers(unit, subject_of(booking))
    await outbox.cancel(unit, subject_of(booking), [HoldAsked])  # answered before it went out
    await reminders.plan(unit, booking, slot)
    cost = await moving.switch(unit, person, party, booking, old) if old else None
    for one in party.people:
        strikes = cost if one.id == booking.held_by else None
        await confirm(unit, one, booking, slot, party.other(one), old=old, strikes=strikes)
    await wishes.met(unit, party.pair_id, slot)
    await reserves.met(unit, party.pair_id, slot)
    return HoldAgreed(slot)


async def confirm(
    unit: Unit,
    person: Person,
    booking: Booking,
    slot: SlotView,
    partner: Person,
    *,
    old: Booking | None = None,
    strikes: Strikes | None = None,
    stand_in: bool = False,
) -> None:
    """Tell one person that the session stands, and send it for their calendar."""
    free_until = cancel_by(unit.policy.booking, slot.starts_at)
    message = BookingConfirmed(
        booking.id,
        slot,
        name_of(partner),
        free_until if unit.now < free_until and unit.policy.booking.strikes else None,
        await bookings.view_of(unit, old) if old else None,
        strikes,
        stand_in,
    )
    topic = subject_of(booking)
    about = f"{topic}:{booking.version}:confirmed"
    await outbox.send(unit, person.telegram_id, message, about=about, topic=topic)
    await bookings.send_calendar(unit, person, booking, slot, partner=name_of(partner))


async def _asked(unit: Unit, person: Person, booking_id: int) -> Booking:
    """The hold that waits for this person's answer."""
    booking = await bookings.own(unit, person, booking_id)
    if booking.state != BookingState.HELD:
        raise BookingOver(booking.state)
    if booking.held_by == person.id:
        raise NotYours
    return booking


async def decline(unit: Unit, person: Person, booking_id: int) -> Message:
    """The partner says no: the slot is free again. Gives what to show. Raises as `agree`."""
    booking = await _asked(unit, person, booking_id)
    return await drop(unit, person, booking)


async def drop(unit: Unit, person: Person, booking: Booking) -> Message:
    """End a hold by one of its two: declined by the partner or withdrawn by who took it. Gives what to show."""
    slot, kept = await bookings.view_of(unit, booking), await _kept(unit, booking)
    party = await _party_in(unit, booking)
    if not await releasing.release(unit, booking, BookingState.CANCELLED, by=person):
        raise BookingOver(BookingState.EXPIRED)
    why = "withdrawn" if booking.held_by == person.id else "declined"
    other = party.other(person)
    await outbox.send(
        unit,
        other.telegram_id,
        HoldEnded(slot, why, you=False, partner=name_of(person), kept=kept),
        about=f"{subject_of(booking)}:ended",
    )
    return HoldEnded(slot, why, you=True, partner=name_of(other), kept=kept)


async def expire(unit: Unit, timer: Timer) -> None:
    """The partner did not answer in time: the slot is free again, and both are told."""
    booking = await unit.tx.get(Booking, id_of(timer))
    if booking is None or booking.state != BookingState.HELD:
        return
    slot, kept = await bookings.view_of(unit, booking), await _kept(unit, booking)
    party = await _party_in(unit, booking)
    if not await releasing.release(unit, booking, BookingState.EXPIRED, by=None):
        return
    for one in party.people:
        silent = one.id != booking.held_by
        await outbox.send(
            unit,
            one.telegram_id,
            HoldEnded(slot, "expired", you=silent, partner=name_of(party.other(one)), kept=kept),
            about=f"{subject_of(booking)}:ended",
        )


async def _kept(unit: Unit, booking: Booking) -> SlotView | None:
    """What stays when a hold ends: the booking that it would have moved."""
    old = await unit.tx.get(Booking, booking.replaces_id) if booking.replaces_id else None
    return await bookings.view_of(unit, old) if old else None
