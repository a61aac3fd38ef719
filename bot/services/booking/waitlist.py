"""The waitlist (候补): who waits for a taken slot, and to whom a free one is offered, one pair at a time.

Who waits for any time of its kind (`wishes`) stands in the same line (`line`). While a slot is on offer it
counts as taken, though no booking has it: nobody else can book it.
"""

from datetime import timedelta

from sqlmodel import col, select

from bot.rules.booking import book_by, hold_until
from bot.rules.errors import DomainError, NotYours, SlotNotOpen, TooLate
from bot.rules.states import SlotState, WaitState
from bot.rules.wishes import given_up
from bot.services import audit, outbox
from bot.services.booking import bookings, line, reserves, wishes
from bot.services.booking.bookings import Party
from bot.services.booking.line import Place
from bot.services.messages import Message
from bot.services.messages.bookings import FreedLate
from bot.services.messages.slots import SlotView
from bot.services.messages.waitlist import (
    OfferEnded,
    SlotOffered,
    WaitLeft,
    WaitNoted,
    WaitNotNeeded,
    WaitOver,
)
from bot.services.pairing import pairs
from bot.services.people import Person, name_of
from bot.services.studio import announcing, slots
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.tables import Pair, PairMember, Slot, Timer, Waiting

SOON = timedelta(hours=26)
"""A slot freed this close to its start is worth a coordinator's look: hardly anybody will find it by chance."""


class OfferOver(DomainError):
    """The offer behind the button is settled; `state` tells what became of it."""

    state: str


class NotWaiting(DomainError):
    """The pair does not wait for this slot."""


async def join(unit: Unit, person: Person, slot_id: int) -> Message:
    """Put the person's pair on the list of a taken slot; gives what to show. Done twice, it changes nothing.

    Raises `SlotNotOpen`, `TooLate`, `SlotYours` and what keeps a pair from booking at all.
    """
    party = await bookings.party_of(unit, person)
    await bookings.check_blocks(unit, person, party)
    slot = await slots.slot_view(unit, slot_id)
    if slot is None:
        raise SlotNotOpen("cancelled")
    if slot.state == SlotState.OPEN:
        return WaitNotNeeded(slot)
    if slot.state != SlotState.TAKEN:
        raise SlotNotOpen(slot.state)
    deadline = book_by(unit.policy.booking, slot.starts_at)
    if unit.now > deadline:
        raise TooLate(deadline)
    booking = await bookings.live_of_slot(unit, slot_id)
    if booking is not None and booking.pair_id == party.pair_id:
        raise bookings.SlotYours
    waiting = Waiting(
        slot_id=slot_id, pair_id=party.pair_id, state=WaitState.WAITING.value, created_at=unit.now
    )
    added = await unit.tx.add_new(waiting)
    waiting = await unit.tx.one(line.queued(slot_id).where(Waiting.pair_id == party.pair_id))
    position = await position_of(unit, waiting)
    other = party.other(person)
    if added:
        await audit.record(unit, subject_of(waiting), "waiting.joined", actor=person.id, slot=slot_id)
        await set_timer(unit, "wait_over", subject_of(waiting), deadline)
        await outbox.send(
            unit,
            other.telegram_id,
            WaitNoted(slot, position, name_of(person), you=False),
            about=f"{subject_of(waiting)}:joined",
        )
    return WaitNoted(slot, position, name_of(other))


async def leave(unit: Unit, person: Person, slot_id: int) -> Message:
    """Take the person's pair off the list, whether it waits or the slot is on offer to it; gives what to show.

    Raises `NotWaiting`.
    """
    mine = select(PairMember.pair_id).where(PairMember.person_id == person.id, col(PairMember.active))
    waiting = await unit.tx.first(line.queued(slot_id).where(col(Waiting.pair_id).in_(mine)))
    if waiting is None:
        raise NotWaiting
    slot = await _view(unit, waiting)
    party = await bookings.party_of(unit, person)
    await _drop(unit, waiting, by=person)
    other = party.other(person)
    await outbox.send(
        unit,
        other.telegram_id,
        WaitLeft(slot, name_of(person), you=False),
        about=f"{subject_of(waiting)}:left",
    )
    return WaitLeft(slot, name_of(other))


async def _drop(unit: Unit, waiting: Waiting, *, by: Person | None = None) -> None:
    offered = waiting.state == WaitState.OFFERED
    if not await _close(unit, waiting, WaitState.LEFT, by=by):
        return
    if offered:
        await freed(unit, waiting.slot_id)


async def leave_all(unit: Unit, pair: Pair, *, by: Person | None = None) -> None:
    """Take a pair off every list: it is being dissolved."""
    await wishes.close_all(unit, pair.id, by=by)
    await reserves.close_all(unit, pair.id, by=by)
    rows = select(Waiting).where(Waiting.pair_id == pair.id, col(Waiting.state).in_(line.QUEUED))
    for waiting in await unit.tx.all(rows.order_by(col(Waiting.id))):
        await _drop(unit, waiting, by=by)


async def close_for_slot(unit: Unit, slot: SlotView) -> None:
    """Tell everybody who waits for a slot that it is gone."""
    for waiting in await unit.tx.all(line.queued(slot.slot_id)):
        if await _close(unit, waiting, WaitState.LEFT):
            await _tell(unit, waiting, WaitOver(slot, gone=True), "gone", slot)


async def give_up_waiting(unit: Unit, timer: Timer) -> None:
    """The slot is too near to be booked: whoever still waits is told."""
    waiting = await _of_timer(unit, timer)
    if waiting.state == WaitState.WAITING and await _close(unit, waiting, WaitState.LAPSED):
        slot = await _view(unit, waiting)
        await _tell(unit, waiting, WaitOver(slot), "over", slot)


# --- a slot becomes free


async def freed(unit: Unit, slot_id: int) -> None:
    """A slot has no booking any more: offer it down the list, else open it to all.

    One that starts soon and that nobody waits for is reported to the coordinators. A slot that is being
    cancelled, or has lost its staff, is offered to nobody.
    """
    slot = await unit.tx.one(select(Slot).where(Slot.id == slot_id))
    if not await slots.free(unit, slot) or await offer_next(unit, slot):
        return
    if slot.announced_at is None:  # it was offered to those who wait before anybody else heard of it
        await announcing.opened(unit, slot.batch_id, gather=True)
    if not timedelta() < slot.starts_at - unit.now <= SOON:
        return
    view = await slots.slot_view(unit, slot_id)
    if view is not None:
        await bookings.tell_coordinators(
            unit, FreedLate(view), about=f"slot:{slot_id}:freed:{unit.cause}", topic=f"slot:{slot_id}"
        )


async def offer_next(unit: Unit, slot: Slot) -> bool:
    """Offer an open slot to the first pair in its line that could come; False if there is none.

    Who is blocked or has another session then keeps the place and is passed over. Nothing is offered when it is
    too late to book.
    """
    if unit.now >= book_by(unit.policy.booking, slot.starts_at):
        return False
    view = await slots.slot_view(unit, slot.id)
    for place in await line.of_slot(unit, view) if view else ():
        if place.asked:
            continue
        party = await bookings.party_of_pair(unit, place.pair_id)
        if party is None:
            await _gone(unit, place)
        elif view is not None and await _could_come(unit, party, view):
            waiting = await _on_the_list(unit, place, slot)
            if waiting is not None:
                await _offer(unit, waiting, slot, view, party, place)
                return True
    return False


async def _gone(unit: Unit, place: Place) -> None:
    """The pair is no more, so its place is not kept."""
    if place.waiting is not None:
        await _close(unit, place.waiting, WaitState.LEFT)
    if place.wish is not None:
        await wishes.close(unit, place.wish)
    if place.reserve is not None:
        await reserves.close(unit, place.reserve)


async def _could_come(unit: Unit, party: Party, slot: SlotView) -> bool:
    if any((await bookings.blocks_of(unit, party.people)).values()):
        return False
    return all([await bookings.free_at(unit, one.id, slot) for one in party.people])


async def _on_the_list(unit: Unit, place: Place, slot: Slot) -> Waiting | None:
    """The place on the slot's own list that an offer needs: a wish gets one now, unless something else came first."""
    if place.waiting is None and place.wish is not None:
        return await wishes.claim(unit, place.wish, slot.id)
    if place.waiting is None and place.reserve is not None:
        return await unit.tx.add(
            Waiting(
                slot_id=slot.id, pair_id=place.pair_id, state=WaitState.WAITING.value, created_at=place.since
            )
        )
    return place.waiting


async def _offer(
    unit: Unit, waiting: Waiting, slot: Slot, view: SlotView, party: Party, place: Place
) -> None:
    """Nobody is woken for an offer that can wait: its time begins when quiet hours end."""
    policy = unit.policy.booking
    last = book_by(policy, slot.starts_at)
    wakes = bookings.not_before(unit, view)
    if wakes is not None and hold_until(policy, slot.starts_at, wakes) > last:
        wakes = None
    until = min(hold_until(policy, slot.starts_at, wakes or unit.now), last)
    await slots.take(unit, slot)
    await audit.move(unit, waiting, WaitState.OFFERED, offered_at=unit.now, offered_until=until)
    await set_timer(unit, "offer_lapsed", subject_of(waiting), until)
    for person in party.people:
        await outbox.send(
            unit,
            person.telegram_id,
            SlotOffered(
                waiting.id,
                view,
                until,
                wish=place.waiting is None and place.wish is not None,
                reserve=place.reserve is not None,
            ),
            about=f"{subject_of(waiting)}:offer",
            topic=subject_of(waiting),
            not_before=wakes,
            expires_at=until,
        )


# --- the answer to an offer


async def own_offer(unit: Unit, person: Person, waiting_id: int) -> Waiting:
    """An offer to a pair that the person is in; raises `NotYours`."""
    waiting = await unit.tx.get(Waiting, waiting_id)
    if waiting is None or not await pairs.is_in(unit, person, waiting.pair_id):
        raise NotYours
    return waiting


async def accept(unit: Unit, person: Person, waiting: Waiting) -> None:
    """Take the place off the list because its offer is taken; raises `OfferOver` if it is too late."""
    if waiting.state != WaitState.OFFERED:
        raise OfferOver(waiting.state)
    if waiting.offered_until is None or unit.now >= waiting.offered_until:
        raise OfferOver(WaitState.LAPSED)
    await _close(unit, waiting, WaitState.TAKEN, by=person)


async def decline(unit: Unit, person: Person, waiting_id: int) -> Message:
    """Say no to an offer: the next pair gets it. Gives what to show. Raises `NotYours` and `OfferOver`."""
    waiting = await own_offer(unit, person, waiting_id)
    if waiting.state != WaitState.OFFERED:
        raise OfferOver(waiting.state)
    party = await bookings.party_of(unit, person)
    slot = await _view(unit, waiting)
    wish = await wishes.of_offer(unit, waiting) is not None
    reserve = await reserves.on_duty(unit, waiting.pair_id, slot)
    await _close(unit, waiting, WaitState.DECLINED, by=person)
    other = party.other(person)
    await outbox.send(
        unit,
        other.telegram_id,
        OfferEnded(slot, "declined", name_of(person), wish=wish, reserve=reserve),
        about=f"{subject_of(waiting)}:declined",
    )
    await freed(unit, waiting.slot_id)
    return OfferEnded(slot, "declined", name_of(other), you=True, wish=wish, reserve=reserve)


async def lapse(unit: Unit, timer: Timer) -> None:
    """Nobody answered an offer in time: the next pair gets it."""
    waiting = await _of_timer(unit, timer)
    wish = await wishes.of_offer(unit, waiting)
    waits_on = wish is not None and not given_up(await wishes.lapses_of(unit, waiting.pair_id) + 1)
    if waiting.state == WaitState.OFFERED and await _close(unit, waiting, WaitState.LAPSED):
        slot = await _view(unit, waiting)
        if wish is None or waits_on:  # the end of a wish is told by itself
            reserve = await reserves.on_duty(unit, waiting.pair_id, slot)
            ended = OfferEnded(slot, "lapsed", "", wish=waits_on, reserve=reserve)
            await _tell(unit, waiting, ended, "lapsed", slot)
        await freed(unit, waiting.slot_id)


# --- small parts


def subject_of(waiting: Waiting) -> str:
    """What timers and messages about a place on the list are filed under."""
    return f"waiting:{waiting.id}"


async def position_of(unit: Unit, waiting: Waiting) -> int:
    """How many are served before this one, and one: the first in the line is at 1."""
    before = await line.of_slot(unit, await _view(unit, waiting))
    return next(n for n, place in enumerate(before, 1) if place.pair_id == waiting.pair_id)


async def _close(unit: Unit, waiting: Waiting, to: WaitState, *, by: Person | None = None) -> bool:
    if not await audit.move(unit, waiting, to, actor=by.id if by else None):
        return False
    await drop_timers(unit, subject_of(waiting))
    await outbox.cancel(unit, subject_of(waiting), [SlotOffered])
    await wishes.answered(unit, waiting, to)
    return True


async def _of_timer(unit: Unit, timer: Timer) -> Waiting:
    return await unit.tx.one(select(Waiting).where(Waiting.id == id_of(timer)))


async def _view(unit: Unit, waiting: Waiting) -> SlotView:
    return (await slots.slot_views(unit, [waiting.slot_id]))[0]


async def _tell(unit: Unit, waiting: Waiting, message: Message, what: str, slot: SlotView) -> None:
    party = await bookings.party_of_pair(unit, waiting.pair_id)
    for person in party.people if party else ():
        await outbox.send(
            unit,
            person.telegram_id,
            message,
            about=f"{subject_of(waiting)}:{what}",
            not_before=bookings.not_before(unit, slot),
        )
