"""The waitlist: its order, one offer at a time, and what an answer or silence does."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, update

from bot.rules.errors import SlotNotOpen, TooLate
from bot.services.booking import cancelling, holds, waitlist
from bot.services.booking.bookings import PartnerNeeded, SlotTaken, SlotYours
from bot.services.booking.waitlist import NotWaiting, OfferOver
from bot.services.messages.bookings import BookingConfirmed, FreedLate, HoldAsked
from bot.services.messages.waitlist import (
    OfferEnded,
    OfferTaken,
    SlotOffered,
    WaitLeft,
    WaitNoted,
    WaitNotNeeded,
    WaitOver,
)
from bot.services.sampling.samples import NotYours
from storage.tables import Slot
from tests.helpers import NOON, ring
from tests.services.scene import ANN, BO, CY, DI, EVE, FAY, HOUR, MONDAY, OWNER, STRANGER, Scene

HALF = timedelta(minutes=30)


async def test_joining_tells_both_their_place(scene: Scene) -> None:
    """The pair waits as one: pressing twice, or the partner's press, changes nothing but tells the place."""
    await scene.booked(1)
    view = await scene.view(1)
    assert await scene.act(CY, waitlist.join, 1) == WaitNoted(view, 1, "Di")
    assert await scene.last(DI) == WaitNoted(view, 1, "Cy", you=False)
    assert await scene.act(EVE, waitlist.join, 1) == WaitNoted(view, 2, "Fay")
    assert await scene.act(DI, waitlist.join, 1) == WaitNoted(view, 1, "Cy")
    assert await scene.waiting(1) == ["waiting", "waiting"]
    assert await scene.kinds(DI) == ["WaitNoted"]


async def test_a_freed_slot_is_offered_down_the_list(scene: Scene) -> None:
    """One pair at a time: a no passes it on at once, silence when the hold is over, then it is open to all."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(EVE, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    offer = SlotOffered(1, await scene.view(1, "open"), NOON + HALF)
    offered = [await scene.last(who) for who in (CY, DI)]
    assert offered == [offer, offer]
    assert "SlotOffered" not in await scene.kinds(EVE)
    assert (await scene.waiting(1), await scene.slot_state(1)) == (["offered", "waiting"], "taken")
    with pytest.raises(SlotTaken):
        await scene.act(ANN, holds.book, 1)

    view = await scene.view(1)
    assert await scene.act(DI, waitlist.decline, 1) == OfferEnded(view, "declined", "Cy", you=True)
    assert await scene.last(CY) == OfferEnded(view, "declined", "Di")
    assert await scene.last(FAY) == SlotOffered(2, await scene.view(1, "open"), NOON + HALF)

    await scene.forward(minutes=30)
    assert [await scene.last(who) for who in (EVE, FAY)] == [OfferEnded(view, "lapsed", "")] * 2
    assert (await scene.waiting(1), await scene.slot_state(1)) == (["declined", "lapsed"], "open")
    with pytest.raises(OfferOver, match="lapsed"):
        await scene.act(EVE, holds.take_offer, 2)


async def test_taking_the_offer_asks_the_partner(scene: Scene) -> None:
    """As any booking: the first yes holds, the partner's yes confirms, in whichever way it is given."""
    for slot, by_offer in ((1, False), (3, True)):
        booking = await scene.booked(slot)
        await scene.act(CY, waitlist.join, slot)
        await scene.act(ANN, cancelling.cancel, booking)
        number = 1 if slot == 1 else 2
        view = await scene.view(slot)
        assert await scene.act(CY, holds.take_offer, number) == OfferTaken(view)
        new = booking + 1
        assert await scene.last(DI, kind=HoldAsked) == HoldAsked(new, view, "Cy", NOON + HALF)
        with pytest.raises(SlotYours):
            await scene.act(CY, holds.take_offer, number)
        if by_offer:
            await scene.act(DI, holds.take_offer, number)
        else:
            await scene.act(DI, holds.agree, new)
        assert await scene.state(new) == "confirmed"
        assert await scene.waiting(slot) == ["taken"]
        assert await scene.timers(f"waiting:{number}") == []
        assert (await scene.last(CY, kind=BookingConfirmed)).booking_id == new  # type: ignore[attr-defined]


async def test_both_say_yes_to_the_offer_at_once(scene: Scene) -> None:
    """The first yes takes it, the second confirms it: no race is lost between partners."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    await asyncio.gather(scene.act(CY, holds.take_offer, 1), scene.act(DI, holds.take_offer, 1))
    assert await scene.state(booking + 1) == "confirmed"


async def test_who_answered_already_is_not_asked(scene: Scene) -> None:
    """A question that has not gone out when its answer arrives by another button stays unsent."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.act(CY, holds.take_offer, 1)
    assert (await scene.row(DI, HoldAsked)).state == "queued"
    await scene.act(DI, holds.take_offer, 1)
    assert (await scene.row(DI, HoldAsked)).state == "cancelled"
    assert (await scene.row(DI, BookingConfirmed)).state == "queued"


async def test_yes_and_lapse_at_once_leave_one_outcome(scene: Scene) -> None:
    """At the very end of the offer the slot goes on to the next pair, and the yes is told so."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(EVE, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    scene.clock.forward(minutes=30)
    yes, _ = await asyncio.gather(
        scene.act(CY, holds.take_offer, 1), ring(scene.units), return_exceptions=True
    )
    assert isinstance(yes, OfferOver)
    assert await scene.waiting(1) == ["lapsed", "offered"]


async def test_a_hold_that_ends_goes_down_the_list_too(scene: Scene) -> None:
    """Expired or declined, the slot is freed like any other."""
    await scene.hold(ANN, 1)
    await scene.act(CY, waitlist.join, 1)
    await scene.forward(minutes=30)
    assert isinstance(await scene.last(CY), SlotOffered)
    assert await scene.slot_state(1) == "taken"


async def test_leaving_the_list(scene: Scene) -> None:
    """Both are told, the next ones move up; leaving an offer passes it on."""
    booking = await scene.booked(1)
    view = await scene.view(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(EVE, waitlist.join, 1)
    assert await scene.act(CY, waitlist.leave, 1) == WaitLeft(view, "Di")
    assert await scene.last(DI) == WaitLeft(view, "Cy", you=False)
    assert await scene.act(EVE, waitlist.join, 1) == WaitNoted(view, 1, "Fay")
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.act(FAY, waitlist.leave, 1)
    assert (await scene.waiting(1), await scene.slot_state(1)) == (["left", "left"], "open")
    with pytest.raises(NotWaiting):
        await scene.act(FAY, waitlist.leave, 1)
    again = await scene.act(CY, waitlist.join, 1)
    assert again == WaitNotNeeded(await scene.view(1, "open"))


async def test_who_could_not_come_is_passed_over(scene: Scene) -> None:
    """A pair with another session then keeps its place, and the next one is asked."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(EVE, waitlist.join, 1)
    await scene.booked(2, CY, DI)
    await scene.act(ANN, cancelling.cancel, booking)
    assert await scene.waiting(1) == ["waiting", "offered"]
    assert await scene.last(EVE) == SlotOffered(2, await scene.view(1, "open"), NOON + HALF)


async def test_nobody_is_woken_for_an_offer_that_can_wait(scene: Scene) -> None:
    """In the studio's quiet hours the time to answer begins in the morning; before an imminent session at once."""
    booking = await scene.booked(3)
    await scene.act(CY, waitlist.join, 3)
    scene.clock.now = NOON + 12 * HOUR
    await scene.act(ANN, cancelling.cancel, booking)
    morning = NOON + 20 * HOUR
    assert await scene.last(CY) == SlotOffered(1, await scene.view(3, "open"), morning + HALF)
    assert (await scene.row(CY, SlotOffered)).not_before == morning
    await scene.until(morning + HALF - timedelta(seconds=1))
    assert await scene.waiting(3) == ["offered"]


async def test_an_offer_near_the_start_ends_with_the_last_moment_to_book(scene: Scene) -> None:
    """Two hours ten before the start there are ten minutes left; later it is offered to nobody."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    scene.clock.now = MONDAY - 2 * HOUR - timedelta(minutes=10)
    await scene.act(ANN, cancelling.cancel, booking)
    assert await scene.last(CY) == SlotOffered(1, await scene.view(1, "open"), MONDAY - 2 * HOUR)
    assert (await scene.row(CY, SlotOffered)).not_before is None
    await scene.until(MONDAY - 2 * HOUR)
    assert await scene.slot_state(1) == "open"
    assert not any(isinstance(m, SlotOffered) for m in await scene.told(EVE))


async def test_who_waited_in_vain_is_told(scene: Scene) -> None:
    """When the slot is too near to be booked, the waiting is over."""
    await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.until(MONDAY - 2 * HOUR)
    assert await scene.waiting(1) == ["lapsed"]
    assert [await scene.last(who) for who in (CY, DI)] == [WaitOver(await scene.view(1))] * 2
    scene.clock.forward(seconds=1)
    with pytest.raises(TooLate):
        await scene.act(EVE, waitlist.join, 1)


async def test_what_nobody_waits_for_is_reported_when_it_is_near(scene: Scene) -> None:
    """A day ahead coordinators can still find somebody; what is further away finds its pair by itself."""
    first, second = await scene.booked(1), await scene.booked(3)
    await scene.act(ANN, cancelling.cancel, first)
    assert await scene.kinds(OWNER) == []
    scene.clock.now = MONDAY - 20 * HOUR
    await scene.act(ANN, cancelling.cancel, second)
    assert await scene.last(OWNER) == FreedLate(await scene.view(3, "open"))
    third = await scene.booked(1, CY, DI)
    scene.clock.now = MONDAY - HOUR
    await scene.act(CY, cancelling.cancel, third)
    assert await scene.last(OWNER) == FreedLate(await scene.view(1, "open"))


async def test_who_may_wait_and_answer(scene: Scene) -> None:
    """Pairs only, for what is taken and not theirs; an offer is answered by those whom it was made to."""
    booking = await scene.booked(1)
    with pytest.raises(PartnerNeeded):
        await scene.act(STRANGER, waitlist.join, 1)
    with pytest.raises(SlotYours):
        await scene.act(BO, waitlist.join, 1)
    with pytest.raises(SlotNotOpen):
        await scene.act(CY, waitlist.join, 99)
    await scene.act(CY, waitlist.join, 1)
    with pytest.raises(OfferOver, match="waiting"):
        await scene.act(CY, holds.take_offer, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    for who in (ANN, EVE, STRANGER):
        for service in (holds.take_offer, waitlist.decline):
            with pytest.raises(NotYours):
                await scene.act(who, service, 1)
    with pytest.raises(NotYours):
        await scene.act(CY, waitlist.decline, 99)
    assert await scene.waiting(1) == ["offered"]


async def test_an_offer_cannot_book_anybody_twice(scene: Scene) -> None:
    """What the pair took since the offer stands, and the offer stays open until it is answered or over."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.booked(2, CY, DI)
    with pytest.raises(Exception, match="AlreadyBooked"):
        await scene.act(CY, holds.take_offer, 1)
    assert (await scene.waiting(1), await scene.slot_state(1)) == (["offered"], "taken")


async def test_a_slot_without_staff_is_offered_to_nobody(scene: Scene) -> None:
    """It is a draft again when it is freed, and the list waits with it."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    async with scene.units.writing("staff gone") as unit:
        await unit.tx.change(update(Slot).where(col(Slot.id) == 1).values(staff_needed=2))
    await scene.act(ANN, cancelling.cancel, booking)
    assert (await scene.waiting(1), await scene.slot_state(1)) == (["waiting"], "draft")
