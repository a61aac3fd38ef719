"""One cannot come: the other keeps the slot, is offered stand-ins, and records with one or not at all."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.services import people
from bot.services.booking import cancelling, holds, my_bookings, rescue, waitlist
from bot.services.booking.bookings import BookingOver
from bot.services.messages.bookings import (
    BookingCancelled,
    BookingConfirmed,
    CalendarFile,
    Money,
    PartnerOut,
    Strikes,
    YouAreOut,
)
from bot.services.messages.partners import LeftPair, PairFormed, ProposalCard, ProposalOver
from bot.services.messages.waitlist import SlotOffered
from bot.services.pairing import matches, pairs, pool
from bot.services.people import Person
from bot.services.sampling.samples import NotYours
from bot.services.unit import Unit
from storage.tables import BookingMember, Proposal
from tests.helpers import NOON, ring
from tests.services.scene import ALARMS, ANN, BO, CY, HOUR, MONDAY, STRANGER, Scene

ZOE = STRANGER
PAY = Money(10_000, "CNY")
LATE = MONDAY - 24 * HOUR + timedelta(seconds=1)


async def _partner(unit: Unit, person: Person) -> str:
    partner = await pairs.partner_of(unit, person)
    return partner.name or "" if partner else ""


async def _agree(scene: Scene, who: int, *, yes: bool = True) -> None:
    """Answer the newest proposal that somebody was shown."""
    cards = [m for m in await scene.told(who) if isinstance(m, ProposalCard)]
    await scene.act(who, matches.answer, cards[-1].proposal_id, agree=yes)


async def test_the_one_who_stays_keeps_the_slot(scene: Scene) -> None:
    """The leaver is free and out of the reminders, the stayer is told until when, nobody is in two places."""
    booking = await scene.booked(1)
    view = await scene.view(1)
    assert await scene.act(ANN, rescue.leave, booking) == YouAreOut(view, "Bo")
    assert await scene.last(BO) == PartnerOut(booking, view, "Ann", NOON + 12 * HOUR)
    uid = f"booking-{booking}@duologue"
    assert await scene.last(ANN) == CalendarFile(uid, 2, view, NOON, cancelled=True)
    assert (await scene.state(booking), await scene.slot_state(1)) == ("rescue", "taken")
    assert await scene.active(booking) == [BO]
    assert await scene.timers(f"booking:{booking}") == ["seek_stand_in", "rescue_over"]
    assert await scene.act(ANN, _partner) == "Bo"
    assert await scene.strikes(ANN) == []
    with pytest.raises(BookingOver, match="left"):
        await scene.act(ANN, cancelling.cancel, booking)


async def test_a_stand_in_takes_the_place(scene: Scene) -> None:
    """Both say yes: a new pair has the booking, confirmed, with reminders and calendars of its own."""
    booking = await scene.booked(1)
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    await _agree(scene, BO)
    await _agree(scene, ZOE)
    view = await scene.view(1)
    free = MONDAY - 24 * HOUR
    assert await scene.last(BO, kind=BookingConfirmed) == BookingConfirmed(
        booking, view, "Zoe", free, stand_in=True
    )
    assert await scene.last(ZOE, kind=BookingConfirmed) == BookingConfirmed(booking, view, "Bo", free)
    uid = f"booking-{booking}@duologue"
    for who, partner in ((BO, "Zoe"), (ZOE, "Bo")):
        file = CalendarFile(uid, 3, view, NOON, alarms=ALARMS, partner=partner)
        assert await scene.last(who, kind=CalendarFile) == file
        assert any(isinstance(m, PairFormed) for m in await scene.told(who))
    assert await scene.active(booking) == [BO, ZOE]
    assert await scene.state(booking) == "confirmed"
    assert await scene.timers(f"booking:{booking}") == ["reminder", "confirm_by", "reminder", "reminder"]
    assert [await scene.act(who, _partner) for who in (ANN, BO, ZOE)] == ["", "Zoe", "Bo"]
    assert await scene.last(ANN) == LeftPair("Bo", by_self=False, rescued=True)


async def test_the_rest_of_the_old_pair_ends_at_nobodys_cost(scene: Scene) -> None:
    """A person has one partner at a time, so what the old pair had booked besides is off."""
    booking, other = await scene.booked(1), await scene.booked(3)
    await scene.act(ZOE, pool.join)
    scene.clock.now = LATE
    await scene.act(ANN, rescue.leave, booking)
    await _agree(scene, ZOE)
    await _agree(scene, BO)
    assert [await scene.state(x) for x in (booking, other)] == ["confirmed", "cancelled"]
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == (["late_cancel"], [])
    assert await scene.last(ANN) == LeftPair("Bo", by_self=False, bookings=1, rescued=True)


async def test_the_next_one_is_asked_after_a_no(scene: Scene) -> None:
    """Nobody is asked twice; who joins the pool later is found too."""
    booking = await scene.booked(1)
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    await _agree(scene, ZOE, yes=False)
    await ring(scene.units)
    assert len(await scene.all(select(Proposal))) == 1

    async def part(unit: Unit, person: Person) -> None:
        pair = await pairs.active_pair(unit, person)
        assert pair is not None
        await pairs.dissolve(unit, pair, by=person)

    await scene.act(CY, part)
    await scene.act(CY, pool.join)
    await scene.forward(minutes=10)
    await _agree(scene, CY)
    await _agree(scene, BO)
    assert await scene.active(booking) == [BO, CY]


async def test_nobody_found_in_time(scene: Scene) -> None:
    """The booking ends at the deadline, the stayer is told once, the slot goes on, the pair stays a pair."""
    booking = await scene.booked(1)
    await scene.act(CY, waitlist.join, 1)
    await scene.act(ANN, rescue.leave, booking)
    await scene.until(NOON + 12 * HOUR - timedelta(seconds=1))
    assert await scene.state(booking) == "rescue"
    await scene.until(NOON + 13 * HOUR)
    view = await scene.view(1)
    told = [m for m in await scene.told(BO) if isinstance(m, BookingCancelled)]
    assert told == [BookingCancelled(view, "no_stand_in")]
    assert await scene.last(BO) == CalendarFile(
        f"booking-{booking}@duologue", 3, view, NOON + 12 * HOUR, cancelled=True
    )
    assert await scene.state(booking) == "cancelled"
    assert await scene.timers(f"booking:{booking}") == []
    assert isinstance(await scene.last(CY), SlotOffered)
    assert await scene.act(ANN, _partner) == "Bo"
    assert await scene.strikes(BO) == []


async def test_a_question_that_is_open_ends_with_the_search(scene: Scene) -> None:
    """Who is being asked to stand in when the stayer gives up is told that it is over, and stays in the pool."""
    booking = await scene.booked(1)
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    await _agree(scene, ZOE)
    await scene.act(BO, cancelling.cancel, booking)
    assert isinstance(await scene.last(ZOE), ProposalOver)
    assert await scene.timers(f"booking:{booking}") == []
    assert [row.state for row in await scene.all(select(Proposal))] == ["expired"]
    await ring(scene.units)
    assert await scene.state(booking) == "cancelled"
    assert await scene.strikes(BO) == []


async def test_late_it_costs_the_leaver(scene: Scene) -> None:
    """As cancelling for both would, and the one who stays nothing."""
    booking = await scene.booked(1)
    scene.clock.now = LATE
    out = await scene.act(ANN, rescue.leave, booking)
    assert out == YouAreOut(await scene.view(1), "Bo", Strikes(1, 2))
    assert (await scene.strikes(ANN), await scene.strikes(BO)) == (["late_cancel"], [])


async def test_without_time_for_a_stand_in_it_is_cancelled_for_both(scene: Scene) -> None:
    """Inside the notice that everybody has: no search, and both are told."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - 2 * HOUR
    out = await scene.act(ANN, rescue.leave, booking)
    assert out == BookingCancelled(await scene.view(1), "no_time", "Bo", strikes=Strikes(1, 2))
    assert await scene.state(booking) == "cancelled"
    told = [m for m in await scene.told(BO) if isinstance(m, BookingCancelled)]
    assert told == [BookingCancelled(await scene.view(1), "partner", "Ann", pay=PAY)]


async def test_both_leave_at_once(scene: Scene) -> None:
    """The first leaves the other alone, the second finds nobody left: the booking is cancelled."""
    booking = await scene.booked(1)
    await asyncio.gather(
        scene.act(ANN, rescue.leave, booking), scene.act(BO, rescue.leave, booking), return_exceptions=True
    )
    assert (await scene.state(booking), await scene.slot_state(1)) == ("cancelled", "open")
    assert await scene.active(booking) == []


async def test_the_last_yes_and_the_deadline_at_once(scene: Scene) -> None:
    """Whoever is first: a confirmed booking with two people, or none at all."""
    booking = await scene.booked(1)
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    await _agree(scene, BO)
    async with scene.units.writing("no time") as unit:
        found = await unit.tx.one(select(Proposal))
        await unit.tx.change(update(Proposal).where(col(Proposal.id) == found.id).values(expires_at=None))
    scene.clock.now = NOON + 12 * HOUR
    await asyncio.gather(_agree(scene, ZOE), ring(scene.units), return_exceptions=True)
    state, seats = await scene.state(booking), await scene.active(booking)
    assert (state, seats) in [("confirmed", [BO, ZOE]), ("cancelled", [])]


async def test_a_move_under_way_ends_when_one_leaves(scene: Scene) -> None:
    """The slot that it kept is free; what remains is the booking that lost somebody."""
    booking = await scene.booked(1)
    moving = await scene.hold(ANN, 3, booking)
    await scene.act(BO, rescue.leave, booking)
    assert [await scene.state(x) for x in (booking, moving)] == ["rescue", "cancelled"]
    assert await scene.slot_state(3) == "open"


async def test_leaving_the_pair_leaves_the_search_to_the_stayer(scene: Scene) -> None:
    """Who got out of the session cannot cancel it by parting; who stayed can."""
    for leaver, state in ((ANN, "rescue"), (BO, "cancelled")):
        booking = await scene.booked(1 if leaver == ANN else 3)
        await scene.act(ANN, rescue.leave, booking)

        async def part(unit: Unit, person: Person) -> int:
            pair = await pairs.active_pair(unit, person)
            assert pair is not None
            return await cancelling.cancel_for_pair(unit, pair, person)

        await scene.act(leaver, part)
        assert await scene.state(booking) == state


async def test_nobody_is_woken_to_stand_in(scene: Scene) -> None:
    """In quiet hours the search waits for the morning, if there is a morning before the deadline."""
    scene.clock.now = NOON + 11 * HOUR
    booking = await scene.booked(3)
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    assert await scene.all(select(Proposal)) == []
    await scene.until(NOON + 20 * HOUR)
    assert len(await scene.all(select(Proposal).where(Proposal.kind == "rescue"))) == 1


async def test_only_a_standing_booking_of_ones_own(scene: Scene) -> None:
    """Strangers cannot leave it; leaving a hold is declining it."""
    booking = await scene.hold(ANN, 1)
    with pytest.raises(NotYours):
        await scene.act(CY, rescue.leave, booking)
    await scene.act(BO, rescue.leave, booking)
    assert (await scene.state(booking), await scene.slot_state(1)) == ("cancelled", "open")
    with pytest.raises(BookingOver, match="cancelled"):
        await scene.act(BO, rescue.leave, booking)


async def test_the_leaver_may_book_that_time_with_the_same_partner_no_more_than_before(scene: Scene) -> None:
    """The leaver's seat is free, so another session then is possible; the stayer's is not."""
    booking = await scene.booked(1)
    await scene.act(ANN, rescue.leave, booking)
    seats = await scene.all(
        select(BookingMember.active)
        .where(BookingMember.booking_id == booking)
        .order_by(col(BookingMember.id))
    )
    assert seats == [False, True]
    with pytest.raises(Exception, match=r"AlreadyBooked\(you=False\)"):
        await scene.act(ANN, holds.book, 2)
    mine = await scene.act(ANN, my_bookings.overview)
    assert (mine.upcoming, [line.left for line in mine.past]) == ((), [True])


async def test_only_who_can_come_then_is_asked(scene: Scene) -> None:
    """Whose hours of the week leave the session out is no stand-in for it, however long they have waited."""
    booking = await scene.booked(1)

    async def tick(unit: Unit, person: Person, hours: list[int]) -> None:
        await people.change(unit, person, hours=hours)

    await scene.act(ZOE, tick, [*range(33, 36)])  # Tuesday morning; the session is on Monday
    await scene.act(ZOE, pool.join)
    await scene.act(ANN, rescue.leave, booking)
    assert await scene.all(select(Proposal)) == []
    await scene.act(ZOE, tick, [*range(9, 12), *range(33, 36)])
    await scene.forward(minutes=10)
    assert len(await scene.all(select(Proposal).where(Proposal.kind == "rescue"))) == 1
