"""Taking a slot and confirming it: who may, who is first, what both are told, when it runs out."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from bot.rules.errors import SlotNotOpen, TooLate
from bot.rules.policy import BookingPolicy, Policy
from bot.services import people
from bot.services.booking import holds
from bot.services.booking.bookings import (
    AlreadyBooked,
    ApprovalNeeded,
    BookingBlocked,
    BookingOver,
    PartnerNeeded,
    SlotTaken,
    SlotYours,
)
from bot.services.messages.bookings import (
    BookingConfirmed,
    CalendarFile,
    HoldAgreed,
    HoldAsked,
    HoldEnded,
    HoldPlaced,
)
from bot.services.sampling.samples import NotYours
from bot.services.unit import Unit, Units
from storage.database import ConflictError
from storage.tables import Booking, BookingMember, Person, Slot, Strike
from tests.helpers import NOON, ring
from tests.services.scene import ALARMS, ANN, BO, CY, DI, HOUR, MONDAY, STRANGER, Scene

HALF = timedelta(minutes=30)


async def test_a_slot_is_held_and_the_partner_is_asked(scene: Scene) -> None:
    """One transaction: the slot is taken, both have seats, both know until when, the end of it is planned."""
    booking = await scene.hold(ANN, 1)
    view = await scene.view(1)
    assert await scene.last(ANN) == HoldPlaced(booking, view, "Bo", NOON + HALF)
    assert await scene.last(BO) == HoldAsked(booking, view, "Ann", NOON + HALF)
    assert (await scene.state(booking), await scene.slot_state(1)) == ("held", "taken")
    assert await scene.active(booking) == [ANN, BO]
    assert await scene.timers(f"booking:{booking}") == ["hold_expired"]
    assert await scene.moves(f"booking:{booking}") == ["booking.held"]


async def test_the_partners_yes_confirms(scene: Scene) -> None:
    """Both are told, get the session for their calendar, and the reminders are written with it."""
    booking = await scene.hold(ANN, 1)
    assert await scene.act(BO, holds.agree, booking) == HoldAgreed(await scene.view(1))
    view = await scene.view(1)
    for who, partner in ((ANN, "Bo"), (BO, "Ann")):
        confirmed, file = (await scene.told(who))[-2:]
        assert confirmed == BookingConfirmed(booking, view, partner, free_until=MONDAY - 24 * HOUR)
        assert file == CalendarFile(
            f"booking-{booking}@duologue", 1, view, NOON, alarms=ALARMS, partner=partner
        )
    assert await scene.state(booking) == "confirmed"
    assert await scene.timers(f"booking:{booking}") == ["reminder", "confirm_by", "reminder", "reminder"]
    assert await scene.moves(f"booking:{booking}") == ["booking.held", "booking.confirmed"]


async def test_the_partners_no_frees_the_slot(scene: Scene) -> None:
    """Both are told, and another pair can have it."""
    booking = await scene.hold(ANN, 1)
    view = await scene.view(1)
    assert await scene.act(BO, holds.decline, booking) == HoldEnded(view, "declined", True, "Ann")
    assert await scene.last(ANN) == HoldEnded(view, "declined", False, "Bo")
    assert (await scene.state(booking), await scene.slot_state(1)) == ("cancelled", "open")
    assert await scene.active(booking) == []
    assert await scene.timers(f"booking:{booking}") == []
    assert await scene.state(await scene.booked(1, CY, DI)) == "confirmed"


async def test_silence_ends_a_hold_exactly_once(scene: Scene) -> None:
    """At the end of the hold both are told whose answer was missing, and the slot is free."""
    booking = await scene.hold(ANN, 1)
    view = await scene.view(1)
    await scene.forward(minutes=29)
    assert await scene.state(booking) == "held"
    await scene.forward(minutes=1)
    await scene.forward(hours=5)
    ends = {who: [m for m in await scene.told(who) if isinstance(m, HoldEnded)] for who in (ANN, BO)}
    assert ends == {
        ANN: [HoldEnded(view, "expired", False, "Bo")],
        BO: [HoldEnded(view, "expired", True, "Ann")],
    }
    assert (await scene.state(booking), await scene.slot_state(1)) == ("expired", "open")
    with pytest.raises(BookingOver, match="expired"):
        await scene.act(BO, holds.agree, booking)


async def test_a_yes_after_the_end_does_not_count_even_before_the_clock_rings(scene: Scene) -> None:
    """The hold lasts to its moment, not until somebody gets round to ending it."""
    booking = await scene.hold(ANN, 1)
    scene.clock.forward(minutes=30)
    with pytest.raises(BookingOver, match="expired"):
        await scene.act(BO, holds.agree, booking)
    await ring(scene.units)
    assert await scene.state(booking) == "expired"


async def test_yes_and_expiry_at_once_leave_one_outcome(scene: Scene) -> None:
    """Whoever is first wins, and the other finds the matter settled: no slot is free and booked."""
    for slot in (1, 3):
        booking = await scene.hold(ANN, slot)
        yes = scene.act(BO, holds.agree, booking)
        scene.clock.forward(minutes=30, seconds=-1 if slot == 1 else 0)
        outcome, _ = await asyncio.gather(yes, ring(scene.units), return_exceptions=True)
        state = await scene.state(booking)
        if slot == 1:
            assert (state, await scene.slot_state(slot)) == ("confirmed", "taken")
        else:
            assert isinstance(outcome, BookingOver)
            assert (state, await scene.slot_state(slot)) == ("expired", "open")


async def test_two_pairs_at_the_same_instant(scene: Scene) -> None:
    """Exactly one gets the slot; the other is told that somebody was first, and holds nothing."""
    outcomes = await asyncio.gather(
        scene.act(ANN, holds.book, 1), scene.act(DI, holds.book, 1), return_exceptions=True
    )
    assert sorted(map(repr, outcomes)) == ["None", repr(SlotTaken())]
    rows = await scene.all(select(Booking).where(Booking.slot_id == 1))
    assert [row.state for row in rows] == ["held"]


async def _naively(unit: Unit, slot_id: int, pair_id: int, who: int) -> None:
    """What booking would be without the conditional move of the slot: a look that is over, and a row."""
    await unit.tx.add(
        Booking(slot_id=slot_id, pair_id=pair_id, state="held", held_by=who, created_at=unit.now)
    )


@pytest.mark.parametrize("guarded", [True, False])
async def test_the_unique_index_is_what_refuses_a_second_booking(scene: Scene, guarded: bool) -> None:
    """The negative control: two who both saw a free slot are both served once the index is gone."""
    if not guarded:
        async with scene.units.writing("drop") as unit:
            await unit.tx.run(text("DROP INDEX uq_bookings_live_slot"))

    async def look_then_book(pair_id: int, seen: asyncio.Barrier) -> None:
        async with scene.units.reading() as look:
            assert (await look.tx.one(select(Slot).where(Slot.id == 1))).state == "open"
        await seen.wait()
        async with scene.units.writing(f"naive {pair_id}") as unit:
            await _naively(unit, 1, pair_id, 1)

    seen = asyncio.Barrier(2)
    outcomes = await asyncio.gather(look_then_book(1, seen), look_then_book(2, seen), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert [error.rule for error in refused] == (["bookings.slot_id"] if guarded else [])
    assert len(await scene.all(select(Booking))) == (1 if guarded else 2)


# --- who may


@pytest.mark.parametrize(
    ("who", "columns", "error"),
    [
        (STRANGER, {"approved_at": None}, ApprovalNeeded()),
        (STRANGER, {"reachable": True}, PartnerNeeded()),
    ],
)
async def test_only_an_approved_pair_books(
    scene: Scene, who: int, columns: dict[str, object], error: Exception
) -> None:
    """Each is told the step that is missing, and nothing is held."""

    async def change(unit: Unit, person: Person) -> None:
        await people.change(unit, person, **columns)

    await scene.act(who, change)
    with pytest.raises(type(error)):
        await scene.act(who, holds.book, 1)
    assert await scene.slot_state(1) == "open"


async def test_nobody_is_in_two_places(scene: Scene) -> None:
    """The pair cannot hold an overlapping slot, and neither can who shares one of its people."""
    await scene.hold(ANN, 1)
    with pytest.raises(AlreadyBooked) as caught:
        await scene.act(BO, holds.book, 2)
    assert caught.value == AlreadyBooked(you=True)
    assert await scene.slot_state(2) == "open"
    assert await scene.state(await scene.hold(ANN, 3)) == "held"


async def test_the_partners_other_session_is_told_without_more(scene: Scene) -> None:
    """Only whose session it is: not where, with whom or when exactly."""
    booking = await scene.booked(1)

    async def seat(unit: Unit, person: Person) -> None:
        ann = await unit.tx.one(select(Person.id).where(Person.telegram_id == ANN))
        await unit.tx.change(
            update(BookingMember).where(col(BookingMember.person_id) == ann).values(active=False)
        )

    await scene.act(ANN, seat)
    assert await scene.active(booking) == [BO]
    with pytest.raises(AlreadyBooked) as caught:
        await scene.act(ANN, holds.book, 2)
    assert caught.value == AlreadyBooked(you=False)


async def test_pressing_twice_is_no_lost_race(scene: Scene) -> None:
    """Who has the slot already is told so, and not that another pair was first."""
    await scene.hold(ANN, 1)
    for who in (ANN, BO):
        with pytest.raises(SlotYours):
            await scene.act(who, holds.book, 1)
    with pytest.raises(SlotTaken):
        await scene.act(CY, holds.book, 1)


async def test_min_notice_and_closed_slots(scene: Scene) -> None:
    """Until two hours before the start, and not at all what is not open or does not exist."""
    scene.clock.now = MONDAY - 2 * HOUR + timedelta(seconds=1)
    with pytest.raises(TooLate) as caught:
        await scene.act(ANN, holds.book, 1)
    assert caught.value == TooLate(MONDAY - 2 * HOUR)
    async with scene.units.writing("draft") as unit:
        await unit.tx.change(update(Slot).where(col(Slot.id) == 3).values(state="draft"))
    for slot, state in ((3, "draft"), (99, "cancelled")):
        with pytest.raises(SlotNotOpen) as refused:
            await scene.act(ANN, holds.book, slot)
        assert refused.value == SlotNotOpen(state)


@pytest.mark.parametrize(("blocked", "you"), [(ANN, True), (BO, False)])
async def test_strikes_block_the_pair(scene: Scene, blocked: int, you: bool) -> None:
    """Whoever of the two it was, both are told until when; after that they can book."""
    booking = await scene.booked(1)

    async def strike(unit: Unit, person: Person, other: int) -> None:
        await unit.tx.add(
            Strike(person_id=person.id, booking_id=other, kind="no_show", at=unit.now - timedelta(days=1))
        )

    second = await scene.booked(3, CY, DI)
    for number in (booking, second):
        await scene.act(blocked, strike, number)
    with pytest.raises(BookingBlocked) as caught:
        await scene.act(ANN, holds.book, 4)
    until = NOON + timedelta(days=29)
    assert caught.value == BookingBlocked(you=you, until=until)
    later = await scene.slot(until + 9 * HOUR)
    scene.clock.now = until
    assert await scene.state(await scene.hold(ANN, later)) == "held"


async def test_strangers_and_the_holder_cannot_answer(scene: Scene) -> None:
    """Callback data is forged easily: only the partner's answer is the missing one."""
    booking = await scene.hold(ANN, 1)
    for who in (CY, STRANGER, ANN):
        for service in (holds.agree, holds.decline):
            with pytest.raises(NotYours):
                await scene.act(who, service, booking)
    with pytest.raises(NotYours):
        await scene.act(CY, holds.agree, 999)
    assert await scene.state(booking) == "held"


async def test_a_second_yes_changes_nothing(scene: Scene) -> None:
    """The button may arrive twice; the second finds the session confirmed."""
    booking = await scene.booked(1)
    told = await scene.kinds(BO)
    with pytest.raises(BookingOver, match="confirmed"):
        await scene.act(BO, holds.agree, booking)
    assert await scene.kinds(BO) == told


async def test_without_a_limit_a_hold_lasts_to_the_start(units: Units, scene: Scene) -> None:
    """`hold = ""` and `hold = "0s"` leave the start as the only end."""
    units.house = replace(units.house, policy=Policy(booking=BookingPolicy(hold=None)))
    booking = await scene.hold(ANN, 1)
    await scene.until(MONDAY - timedelta(seconds=1))
    assert await scene.state(booking) == "held"
    await scene.until(MONDAY)
    assert await scene.state(booking) == "expired"
