"""Who comes too late for a time is offered the next best at once, and what was begun is undone."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.services.booking import cancelling, holds, instead, waitlist
from bot.services.booking.bookings import BookingOver, PartnerNeeded, SlotYours
from bot.services.booking.moving import MoveUnderWay
from bot.services.messages.bookings import HoldAgreed, NextBest
from bot.services.sampling.samples import NotYours
from bot.services.studio import calling_off
from storage.tables import Booking, Slot, Waiting
from tests.services.scene import ANN, BO, CY, EVE, HOUR, MONDAY, OWNER, STRANGER, Scene


async def test_another_pair_was_first(scene: Scene) -> None:
    """The same time in the other room, then the nearest; and the lost one can be waited for."""
    await scene.hold(ANN, 1)
    lost = await scene.act(CY, instead.book, 1)
    near = (await scene.view(2, "open"), await scene.view(3, "open"))
    assert lost == NextBest(await scene.view(1), "taken", near, wait=True)
    assert await scene.act(CY, instead.book, near[0].slot_id) is None
    assert [row.slot_id for row in await scene.all(select(Booking))] == [1, 2]


async def test_three_at_most_and_the_nearest(scene: Scene) -> None:
    """Earlier ones as well as later ones, in the order of time."""
    ids = [await scene.slot(MONDAY + hours * HOUR) for hours in (-21, -10, 20, 30)]
    await scene.hold(ANN, 1)
    await scene.hold(EVE, 2)
    lost = await scene.act(CY, instead.book, 1)
    assert isinstance(lost, NextBest)
    assert [slot.slot_id for slot in lost.near] == [ids[1], 3, ids[2]]


async def test_nothing_else_is_free(scene: Scene) -> None:
    """It can still be waited for."""
    await scene.hold(ANN, 1)
    await scene.hold(ANN, 3)
    await scene.hold(EVE, 2)
    await scene.hold(EVE, 4)
    assert await scene.act(CY, instead.book, 1) == NextBest(await scene.view(1), "taken", (), wait=True)


async def test_a_session_at_that_time(scene: Scene) -> None:
    """Nothing of the attempt is left: the slot is free, and one's own are told apart from the partner's."""
    await scene.booked(1)
    lost = await scene.act(ANN, instead.book, 2)
    near = (await scene.view(3, "open"),)
    assert lost == NextBest(await scene.view(2, "open"), "busy", near)
    assert await scene.slot_state(2) == "open"
    assert len(await scene.all(select(Booking))) == 1


async def test_a_time_that_begins_too_soon(scene: Scene) -> None:
    """It cannot be waited for either."""
    await scene.until(MONDAY - timedelta(hours=1))
    lost = await scene.act(CY, instead.book, 1)
    assert lost == NextBest(await scene.view(1, "open"), "late", (await scene.view(3, "open"),))


async def test_a_time_that_was_called_off(scene: Scene) -> None:
    """What is gone is gone."""
    slots = await scene.all(select(Slot).where(Slot.id == 1))
    await scene.act(OWNER, calling_off.call_off, slots)
    lost = await scene.act(CY, instead.book, 1)
    assert isinstance(lost, NextBest)
    assert (lost.why, lost.wait, [slot.slot_id for slot in lost.near]) == ("gone", False, [2, 3])


async def test_a_yes_that_comes_too_late(scene: Scene) -> None:
    """The same time is offered again if nobody took it, else the next."""
    booking = await scene.hold(ANN, 1)
    await scene.forward(minutes=31)
    lost = await scene.act(BO, instead.agree, booking)
    assert isinstance(lost, NextBest)
    assert (lost.why, [slot.slot_id for slot in lost.near]) == ("over", [1, 3])
    await scene.hold(CY, 1)
    lost = await scene.act(BO, instead.agree, booking)
    assert isinstance(lost, NextBest)
    assert [slot.slot_id for slot in lost.near] == [2, 3]


async def test_a_yes_in_time(scene: Scene) -> None:
    """As without any of this."""
    booking = await scene.hold(ANN, 1)
    assert await scene.act(BO, instead.agree, booking) == HoldAgreed(await scene.view(1))


async def test_a_yes_to_what_was_withdrawn(scene: Scene) -> None:
    """That is told as it is: nobody was first."""
    booking = await scene.hold(ANN, 1)
    await scene.act(BO, holds.decline, booking)
    with pytest.raises(BookingOver, match="cancelled"):
        await scene.act(BO, instead.agree, booking)
    with pytest.raises(NotYours):
        await scene.act(CY, instead.agree, booking)


async def test_a_move_to_a_time_that_is_lost(scene: Scene) -> None:
    """The session stays, and the other times are for the same move; the old one is none of them."""
    booking = await scene.booked(1)
    await scene.hold(CY, 3)
    lost = await scene.act(ANN, instead.book, 3, booking)
    assert lost == NextBest(
        await scene.view(3),
        "taken",
        (await scene.view(2, "open"), await scene.view(4, "open")),
        moving_id=booking,
    )
    assert await scene.state(booking) == "confirmed"
    assert await scene.act(ANN, instead.book, 4, booking) is None
    with pytest.raises(MoveUnderWay):
        await scene.act(ANN, instead.book, 2, booking)


async def test_an_offer_that_has_run_out(scene: Scene) -> None:
    """It went on to the next pair; there are others."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(ANN, cancelling.cancel, booking)
    (row,) = await scene.all(select(Waiting))
    await scene.forward(minutes=31)
    lost = await scene.act(CY, instead.take_offer, row.id)
    assert isinstance(lost, NextBest)
    assert (lost.why, [slot.slot_id for slot in lost.near]) == ("over", [1, 3])


async def test_who_cannot_book_at_all_is_told_so(scene: Scene) -> None:
    """No times are dangled before them."""
    with pytest.raises(PartnerNeeded):
        await scene.act(STRANGER, instead.book, 1)
    await scene.hold(ANN, 1)
    with pytest.raises(SlotYours):
        await scene.act(BO, instead.book, 1)
