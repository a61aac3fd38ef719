"""Cancelling for both: what it costs, what it leaves behind, and who may."""

import asyncio
from datetime import timedelta

import pytest

from bot.rules.errors import TooLate
from bot.rules.states import SlotState
from bot.services import audit
from bot.services.booking import cancelling, holds, waitlist
from bot.services.booking.bookings import BookingBlocked, BookingOver
from bot.services.messages.bookings import (
    BookingCancelled,
    BookingKept,
    CalendarFile,
    CancelAsked,
    FreedLate,
    HoldEnded,
    Strikes,
)
from bot.services.messages.waitlist import WaitOver
from bot.services.pairing import pairs
from bot.services.people import Person
from bot.services.sampling.samples import NotYours
from bot.services.unit import Unit
from storage.tables import Slot
from tests.helpers import NOON
from tests.services.scene import ANN, BO, CY, DI, HOUR, MONDAY, OWNER, STRANGER, Scene

LATE = MONDAY - 24 * HOUR + timedelta(seconds=1)
"""The first second in which cancelling Monday's session costs something."""


async def test_the_question_says_the_price_first(scene: Scene) -> None:
    """Free, with the moment until which it is; and who could look for a stand-in until when."""
    booking = await scene.booked(1)
    assert await scene.act(ANN, cancelling.ask, booking) == CancelAsked(
        booking,
        await scene.view(1),
        "Bo",
        costs_strike=False,
        free_until=MONDAY - 24 * HOUR,
        leave_until=NOON + 12 * HOUR,
    )


async def test_a_late_question_counts_the_strikes(scene: Scene) -> None:
    """Late it says so, with how many there are; near the start nobody could stand in any more."""
    booking = await scene.booked(1)
    scene.clock.now = LATE
    asked = await scene.act(BO, cancelling.ask, booking)
    assert (asked.costs_strike, asked.free_until, asked.strikes) == (True, None, Strikes(0, 2))
    assert asked.leave_until == LATE + 12 * HOUR
    scene.clock.now = MONDAY - HOUR
    assert (await scene.act(BO, cancelling.ask, booking)).leave_until is None


async def test_cancelling_in_time_costs_nothing(scene: Scene) -> None:
    """Both are told, the session leaves both calendars, no reminder is left, the slot is open again."""
    booking = await scene.booked(1)
    view = await scene.view(1)
    shown = await scene.act(ANN, cancelling.cancel, booking)
    assert shown == BookingCancelled(view, "you", "Bo")
    told, file = (await scene.told(BO))[-2:]
    assert told == BookingCancelled(view, "partner", "Ann")
    off = CalendarFile(f"booking-{booking}@duologue", 2, view, NOON, cancelled=True)
    assert file == off
    assert await scene.last(ANN) == off
    assert (await scene.state(booking), await scene.slot_state(1)) == ("cancelled", "open")
    assert await scene.timers(f"booking:{booking}") == []
    assert await scene.active(booking) == []
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == ([], [])


@pytest.mark.parametrize(("at", "strikes"), [(MONDAY - 24 * HOUR, []), (LATE, ["late_cancel"])])
async def test_the_last_free_moment(scene: Scene, at: object, strikes: list[str]) -> None:
    """Exactly `cancel_until` before the start is still free, a second later is not."""
    booking = await scene.booked(1)
    scene.clock.now = at  # type: ignore[assignment]
    await scene.act(ANN, cancelling.cancel, booking)
    assert await scene.strikes(ANN) == strikes


async def test_late_is_a_strike_for_who_cancels_only(scene: Scene) -> None:
    """The partner loses the session and nothing else; coordinators hear of the slot that nobody will find."""
    booking = await scene.booked(1)
    scene.clock.now = LATE
    shown = await scene.act(ANN, cancelling.cancel, booking)
    assert shown == BookingCancelled(await scene.view(1), "you", "Bo", strikes=Strikes(1, 2))
    assert await scene.strikes(ANN) == ["late_cancel"]
    assert await scene.strikes(BO) == []
    assert await scene.last(OWNER) == FreedLate(await scene.view(1, "open"))


async def test_the_second_strike_blocks_until_a_moment_that_is_told(scene: Scene) -> None:
    """Two late cancellations: no booking for thirty days, and both facts are in the answer."""
    for slot in (1, 3):
        booking = await scene.booked(slot)
        scene.clock.now = max(scene.clock.now, LATE)
        shown = await scene.act(ANN, cancelling.cancel, booking)
        if slot == 1:
            scene.clock.now = MONDAY - 18 * HOUR
    until = MONDAY + timedelta(days=30) - 18 * HOUR
    assert shown.strikes == Strikes(2, 2, blocked=True, blocked_until=until)
    with pytest.raises(BookingBlocked):
        await scene.act(ANN, holds.book, 2)


async def test_a_hold_binds_nobody(scene: Scene) -> None:
    """Taken back by who placed it or declined by the other one, at any hour, it costs nothing."""
    scene.clock.now = LATE
    for who, other, why in ((ANN, BO, "withdrawn"), (BO, ANN, "declined")):
        booking = await scene.hold(ANN, 1)
        asked = await scene.act(who, cancelling.ask, booking)
        assert (asked.hold, asked.costs_strike, asked.leave_until) == (True, False, None)
        view = await scene.view(1)
        shown = await scene.act(who, cancelling.cancel, booking)
        names = {ANN: "Ann", BO: "Bo"}
        assert shown == HoldEnded(view, why, True, names[other])
        assert await scene.last(other) == HoldEnded(view, why, False, names[who])
        assert await scene.slot_state(1) == "open"
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == ([], [])


async def test_keeping_changes_nothing(scene: Scene) -> None:
    """Not after all."""
    booking = await scene.booked(1)
    assert await scene.act(ANN, cancelling.keep, booking) == BookingKept(booking, await scene.view(1))
    assert await scene.state(booking) == "confirmed"


async def test_strangers_cannot_cancel(scene: Scene) -> None:
    """Neither another pair nor nobody's booking."""
    booking = await scene.booked(1)
    for service in (cancelling.ask, cancelling.cancel, cancelling.keep):
        for who in (CY, STRANGER):
            with pytest.raises(NotYours):
                await scene.act(who, service, booking)
    assert await scene.state(booking) == "confirmed"


async def test_once_begun_it_is_too_late(scene: Scene) -> None:
    """From the first moment of the session on."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY
    for service in (cancelling.ask, cancelling.cancel):
        with pytest.raises(TooLate) as caught:
            await scene.act(ANN, service, booking)
        assert caught.value == TooLate(MONDAY)


async def test_both_cancel_at_once(scene: Scene) -> None:
    """One of them does it, the other finds it done: one cancellation, one strike."""
    booking = await scene.booked(1)
    scene.clock.now = LATE
    outcomes = await asyncio.gather(
        scene.act(ANN, cancelling.cancel, booking),
        scene.act(BO, cancelling.cancel, booking),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["BookingCancelled", "BookingOver"]
    assert len(await scene.strikes(ANN) + await scene.strikes(BO)) == 1


# --- because of others


async def test_parting_cancels_everything_ahead(scene: Scene) -> None:
    """Holds, sessions and places on lists; who leaves late pays for that session, the other for none."""
    early, late = await scene.hold(BO, 3), await scene.booked(1)
    other = await scene.booked(2, CY, DI)
    await scene.act(BO, waitlist.join, 2)

    async def part(unit: Unit, person: Person) -> int:
        pair = await pairs.active_pair(unit, person)
        assert pair is not None
        count = await cancelling.cancel_for_pair(unit, pair, person)
        await pairs.dissolve(unit, pair, by=person)
        return count

    assert await scene.act(ANN, part) == 2
    assert [await scene.state(x) for x in (early, late, other)] == ["cancelled", "cancelled", "confirmed"]
    assert [await scene.slot_state(x) for x in (1, 2, 3)] == ["open", "taken", "open"]
    assert [m for m in await scene.told(BO) if isinstance(m, BookingCancelled)] == [
        BookingCancelled(await scene.view(1), "parted", "Ann"),
        BookingCancelled(await scene.view(3), "parted", "Ann"),
    ]
    assert await scene.strikes(ANN) == []
    assert await scene.waiting(2) == ["left"]


async def test_parting_late_costs_who_leaves(scene: Scene) -> None:
    """Leaving the partner is no way around the price of a late cancellation."""
    await scene.booked(1)
    scene.clock.now = LATE

    async def part(unit: Unit, person: Person) -> int:
        pair = await pairs.active_pair(unit, person)
        assert pair is not None
        return await cancelling.cancel_for_pair(unit, pair, person)

    assert await scene.act(BO, part) == 1
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == ([], ["late_cancel"])
    assert BookingCancelled(await scene.view(1), "parted", "Ann", strikes=Strikes(1, 2)) in await scene.told(
        BO
    )


async def test_the_studio_cancels_at_nobodys_cost(scene: Scene) -> None:
    """Both are told why, the calendars are cleared, who waits is told too, and the slot is offered to nobody."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    scene.clock.now = LATE

    async def close(unit: Unit, person: Person) -> bool:
        slot = await unit.tx.get(Slot, 1)
        assert slot is not None
        await audit.move(unit, slot, SlotState.CANCELLED, actor=person.id)
        return await cancelling.cancel_for_slot(unit, 1, "a burst pipe", person)

    assert await scene.act(OWNER, close) is True
    view = await scene.view(1, "cancelled")
    instead = (await scene.view(2, "open"), await scene.view(3, "open"))
    for who in (ANN, BO):
        told, file = (await scene.told(who))[-2:]
        assert told == BookingCancelled(view, "studio", reason="a burst pipe", instead=instead)
        assert file == CalendarFile(f"booking-{booking}@duologue", 2, view, LATE, cancelled=True)
        assert await scene.strikes(who) == []
    for who in (CY, DI):
        assert await scene.last(who) == WaitOver(view, gone=True)
    assert (await scene.state(booking), await scene.slot_state(1)) == ("cancelled", "cancelled")
    assert await scene.waiting(1) == ["left"]
    assert await scene.act(OWNER, close_again) is False


async def close_again(unit: Unit, person: Person) -> bool:
    """The same once more."""
    return await cancelling.cancel_for_slot(unit, 1, "a burst pipe", person)


async def test_a_cancelled_booking_answers_every_old_button(scene: Scene) -> None:
    """What became of the matter, whatever is pressed."""
    booking = await scene.booked(1)
    await scene.act(ANN, cancelling.cancel, booking)
    for service in (cancelling.ask, cancelling.cancel, cancelling.keep, holds.agree, holds.decline):
        with pytest.raises(BookingOver, match="cancelled"):
            await scene.act(BO, service, booking)
