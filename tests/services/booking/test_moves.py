"""Moving a booking: the old one stays until the partner says yes, then one transaction switches."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules.errors import TooLate
from bot.services.booking import cancelling, free_times, holds
from bot.services.booking.bookings import AlreadyBooked, BookingOver, SlotTaken
from bot.services.booking.moving import MoveUnderWay
from bot.services.messages.bookings import (
    BookingConfirmed,
    CalendarFile,
    HoldAsked,
    HoldEnded,
    HoldPlaced,
    Strikes,
)
from bot.services.sampling.samples import NotYours
from storage.tables import Booking, Slot
from tests.helpers import NOON, ring
from tests.services.scene import ALARMS, ANN, BO, CY, DI, HOUR, MONDAY, STRANGER, Scene

HALF = timedelta(minutes=30)
LATE = MONDAY - 24 * HOUR + timedelta(seconds=1)


async def test_a_move_is_a_hold_beside_the_booking(scene: Scene) -> None:
    """Both slots are kept until the partner answers, and both messages name the old time and the new."""
    old = await scene.booked(1)
    new = await scene.hold(BO, 3, old)
    first, second = await scene.view(1), await scene.view(3)
    assert await scene.last(BO) == HoldPlaced(new, second, "Ann", NOON + HALF, first)
    assert await scene.last(ANN) == HoldAsked(new, second, "Bo", NOON + HALF, first)
    assert [await scene.state(x) for x in (old, new)] == ["confirmed", "held"]
    assert [await scene.slot_state(x) for x in (1, 3)] == ["taken", "taken"]
    assert (await scene.active(old), await scene.active(new)) == ([ANN, BO], [])


async def test_the_partners_yes_switches(scene: Scene) -> None:
    """The calendar keeps its entry under one name with a higher number; no reminder of the old time is left."""
    old = await scene.booked(1)
    new = await scene.hold(ANN, 3, old)
    await scene.act(BO, holds.agree, new)
    first, second = await scene.view(1, "open"), await scene.view(3)
    for who, partner in ((ANN, "Bo"), (BO, "Ann")):
        confirmed, file = (await scene.told(who))[-2:]
        free_until = MONDAY + 5 * HOUR - 24 * HOUR
        assert confirmed == BookingConfirmed(new, second, partner, free_until, instead_of=first)
        assert file == CalendarFile(
            f"booking-{old}@duologue", 2, second, NOON, alarms=ALARMS, partner=partner
        )
    assert [await scene.state(x) for x in (old, new)] == ["cancelled", "confirmed"]
    assert [await scene.slot_state(x) for x in (1, 3)] == ["open", "taken"]
    assert (await scene.active(old), await scene.active(new)) == ([], [ANN, BO])
    assert await scene.timers(f"booking:{old}") == []
    assert await scene.timers(f"booking:{new}") == ["reminder", "confirm_by", "reminder", "reminder"]


async def test_moving_again_and_cancelling_keep_the_calendars_name(scene: Scene) -> None:
    """However often it moves, the number rises and the name is that of the first booking."""
    first = await scene.booked(1)
    second = await scene.hold(ANN, 3, first)
    await scene.act(BO, holds.agree, second)
    third = await scene.hold(BO, 2, second)
    await scene.act(ANN, holds.agree, third)
    await scene.act(ANN, cancelling.cancel, third)
    files = [m for m in await scene.told(BO) if isinstance(m, CalendarFile)]
    assert [(f.uid, f.sequence, f.slot.slot_id, f.cancelled) for f in files] == [
        (f"booking-{first}@duologue", 1, 1, False),
        (f"booking-{first}@duologue", 2, 3, False),
        (f"booking-{first}@duologue", 3, 2, False),
        (f"booking-{first}@duologue", 4, 2, True),
    ]


async def test_moving_to_an_overlapping_time(scene: Scene) -> None:
    """Half an hour later in the other room: the two overlap, and yet nobody is in two places."""
    old = await scene.booked(1)
    later = MONDAY + HALF
    async with scene.units.writing("half an hour later") as unit:
        await unit.tx.change(
            update(Slot).where(col(Slot.id) == 2).values(starts_at=later, ends_at=later + 3 * HOUR)
        )
    with pytest.raises(AlreadyBooked):
        await scene.act(ANN, holds.book, 2)
    new = await scene.hold(ANN, 2, old)
    await scene.act(BO, holds.agree, new)
    assert (await scene.active(old), await scene.active(new)) == ([], [ANN, BO])
    assert [await scene.slot_state(x) for x in (1, 2)] == ["open", "taken"]
    assert (await scene.booking(new)).replaces_id == old


async def test_a_move_never_books_anybody_twice(scene: Scene) -> None:
    """What either took meanwhile stands: the move is refused when it is asked for, or when it is agreed to."""
    old = await scene.booked(1)
    await scene.booked(3)
    with pytest.raises(AlreadyBooked) as caught:
        await scene.act(ANN, holds.book, 4, old)
    assert caught.value == AlreadyBooked(you=True)
    evening = await scene.slot(MONDAY + 10 * HOUR)
    overlapping = await scene.slot(
        MONDAY + 11 * HOUR, room_id=await scene.one(select(Slot.room_id).where(Slot.id == 2))
    )
    moving = await scene.hold(ANN, evening, old)
    await scene.booked(overlapping)
    with pytest.raises(AlreadyBooked):
        await scene.act(BO, holds.agree, moving)
    assert [await scene.state(x) for x in (old, moving)] == ["confirmed", "held"]
    assert await scene.active(old) == [ANN, BO]
    await scene.forward(minutes=30)
    assert [await scene.slot_state(x) for x in (1, evening)] == ["taken", "open"]


@pytest.mark.parametrize("end", ["declined", "expired", "withdrawn"])
async def test_the_old_one_stays_when_nothing_comes_of_it(scene: Scene, end: str) -> None:
    """A no, silence, or a change of mind: the new slot is free, the old session stands with its reminders."""
    old = await scene.booked(1)
    reminders = await scene.timers(f"booking:{old}")
    new = await scene.hold(ANN, 3, old)
    if end == "expired":
        await scene.forward(minutes=30)
    else:
        who = ANN if end == "withdrawn" else BO
        await scene.act(who, cancelling.cancel, new)
    kept, slot = await scene.view(1), await scene.view(3)
    told = {who: [m for m in await scene.told(who) if isinstance(m, HoldEnded)] for who in (ANN, BO)}
    if end != "withdrawn":
        assert told[ANN] == [HoldEnded(slot, end, False, "Bo", kept)]
    else:
        assert told[BO] == [HoldEnded(slot, end, False, "Ann", kept)]
    assert [await scene.state(x) for x in (old, new)] == [
        "confirmed",
        "expired" if end == "expired" else "cancelled",
    ]
    assert [await scene.slot_state(x) for x in (1, 3)] == ["taken", "open"]
    assert await scene.timers(f"booking:{old}") == reminders
    assert await scene.active(old) == [ANN, BO]


async def test_a_late_move_is_a_strike_for_who_asked(scene: Scene) -> None:
    """Said before, counted when it happens, and only for the one who wanted it."""
    old = await scene.booked(1)
    scene.clock.now = LATE
    page = await scene.act(BO, free_times.page, moving_id=old)
    assert page.moving is not None
    assert page.moving.costs_strike
    new = await scene.hold(BO, 3, old)
    assert await scene.strikes(BO) == []
    await scene.act(ANN, holds.agree, new)
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == ([], ["late_cancel"])
    confirmed = [m for m in await scene.told(BO) if isinstance(m, BookingConfirmed)][-1]
    assert confirmed.strikes == Strikes(1, 2)


async def test_the_moment_of_asking_decides_the_price(scene: Scene) -> None:
    """A partner who thinks it over for ten minutes does not cost the other one a strike."""
    old = await scene.booked(1)
    scene.clock.now = MONDAY - 24 * HOUR
    new = await scene.hold(BO, 3, old)
    scene.clock.forward(minutes=10)
    await scene.act(ANN, holds.agree, new)
    assert await scene.strikes(BO) == []


async def test_one_move_at_a_time(scene: Scene) -> None:
    """Both press "move" at the same instant: the database lets one of the two holds stand."""
    old = await scene.booked(1)
    outcomes = await asyncio.gather(
        scene.act(ANN, holds.book, 3, old), scene.act(BO, holds.book, 4, old), return_exceptions=True
    )
    assert sorted(map(repr, outcomes)) == ["MoveUnderWay()", "None"]
    with pytest.raises(MoveUnderWay):
        await scene.act(ANN, free_times.page, moving_id=old)
    held = await scene.all(select(Booking).where(Booking.state == "held"))
    assert [row.replaces_id for row in held] == [old]


async def test_cancelling_the_booking_ends_its_move(scene: Scene) -> None:
    """Both slots are free, and a late yes to the move finds it gone."""
    old = await scene.booked(1)
    new = await scene.hold(ANN, 3, old)
    await scene.act(BO, cancelling.cancel, old)
    assert [await scene.state(x) for x in (old, new)] == ["cancelled", "cancelled"]
    assert [await scene.slot_state(x) for x in (1, 3)] == ["open", "open"]
    with pytest.raises(BookingOver, match="cancelled"):
        await scene.act(BO, holds.agree, new)
    await scene.forward(hours=1)
    assert not any(isinstance(m, HoldEnded) for m in await scene.told(ANN))


async def test_who_and_what_can_be_moved(scene: Scene) -> None:
    """Only one's own, only what stands, only before it begins, only to what is free."""
    old = await scene.booked(1)
    for who in (CY, STRANGER):
        with pytest.raises(NotYours):
            await scene.act(who, holds.book, 3, old)
    with pytest.raises(NotYours):
        await scene.act(ANN, holds.book, 3, 99)
    await scene.booked(4, CY, DI)
    with pytest.raises(SlotTaken):
        await scene.act(ANN, holds.book, 4, old)
    held = await scene.hold(ANN, 3)
    with pytest.raises(BookingOver, match="held"):
        await scene.act(ANN, holds.book, 2, held)
    scene.clock.now = MONDAY
    with pytest.raises(TooLate):
        await scene.act(ANN, holds.book, 3, old)


async def test_a_move_does_not_outlive_the_session_it_moves(scene: Scene) -> None:
    """Ten minutes before the start a hold lasts ten minutes: nobody moves what has begun."""
    old = await scene.booked(1)
    scene.clock.now = MONDAY - timedelta(minutes=10)
    new = await scene.hold(ANN, 3, old)
    assert (await scene.booking(new)).held_until == MONDAY
    scene.clock.now = MONDAY
    await ring(scene.units)
    assert [await scene.state(x) for x in (old, new)] == ["confirmed", "expired"]
