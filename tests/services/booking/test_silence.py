"""One of two says nothing: a last call, then the other one goes on with a stand-in."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.rules.policy import BookingPolicy
from bot.services.booking import bookings, cancelling, ledger, reminders, rescue
from bot.services.booking.bookings import BookingOver
from bot.services.messages.bookings import (
    BookingCancelled,
    CalendarFile,
    Money,
    NotConfirmedYet,
    PartnerOut,
    SilentPerson,
    Strikes,
    YouAreOut,
)
from bot.services.messages.partners import ProposalCard
from bot.services.messages.strikes import LastCall
from bot.services.pairing import pool
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Booking
from tests.helpers import NOON
from tests.services.scene import ANN, BO, HOUR, MONDAY, OWNER, STRANGER, Scene

ASKED = MONDAY - 12 * HOUR
OUT = MONDAY - 11 * HOUR
PAY = Money(10_000, "CNY")


async def _half(scene: Scene, slot_id: int = 1) -> int:
    """A booking of Ann and Bo to which only Ann says that she comes; gives its id."""
    booking = await scene.booked(slot_id)
    await scene.act(ANN, reminders.attend, booking)
    return booking


async def test_the_last_call_and_what_silence_costs(scene: Scene) -> None:
    """Asked once at the deadline, out an hour later with a strike; who comes keeps the slot."""
    booking = await _half(scene)
    await scene.until(ASKED)
    view = await scene.view(1)
    assert await scene.last(BO) == LastCall(booking, view, "Ann", OUT, costs_strike=True)
    assert await scene.last(OWNER) == NotConfirmedYet(booking, view, (SilentPerson(BO, "Bo"),), OUT)
    await scene.until(OUT - timedelta(seconds=1))
    assert await scene.state(booking) == "confirmed"
    await scene.until(OUT)
    assert (await scene.state(booking), await scene.active(booking)) == ("rescue", [ANN])
    until = OUT + 9 * HOUR  # two hours before the start: no further than the notice that everybody has
    assert await scene.last(ANN) == PartnerOut(booking, view, "Bo", until, silent=True, pay=PAY)
    assert [m for m in await scene.told(BO) if isinstance(m, YouAreOut)] == [
        YouAreOut(view, "Ann", Strikes(1, 2), silent=True)
    ]
    assert isinstance(await scene.last(BO, kind=CalendarFile), CalendarFile)
    assert (await scene.strikes(BO), await scene.strikes(ANN)) == (["silent"], [])
    with pytest.raises(BookingOver, match="left"):
        await scene.act(BO, reminders.attend, booking)


async def test_an_answer_in_the_last_minute(scene: Scene) -> None:
    """It keeps the place, and the call that has not gone out is taken back."""
    booking = await _half(scene)
    await scene.until(OUT - timedelta(minutes=1))
    await scene.act(BO, reminders.attend, booking)
    assert [m for m in await scene.told(BO) if isinstance(m, LastCall)] == []
    await scene.until(MONDAY - HOUR)
    assert (await scene.state(booking), await scene.strikes(BO)) == ("attending", [])


async def test_nobody_or_both_are_never_put_out(scene: Scene) -> None:
    """Where nobody answered the coordinators decide; where both did there is nothing to ask."""
    first, second = await scene.booked(1), await scene.booked(3)
    for who in (ANN, BO):
        await scene.act(who, reminders.attend, second)
    await scene.until(MONDAY)
    assert [m for who in (ANN, BO) for m in await scene.told(who) if isinstance(m, LastCall)] == []
    assert [await scene.state(one) for one in (first, second)] == ["confirmed", "attending"]


async def test_nobody_is_put_out_asleep(scene: Scene) -> None:
    """The deadline of an afternoon lies in the night: the call, and its hour, begin in the morning."""
    booking = await _half(scene, 3)
    await scene.until(MONDAY - 7 * HOUR)
    row = await scene.row(BO, LastCall)
    morning = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert (row.not_before, row.expires_at) == (morning, morning + HOUR)
    await scene.until(morning + HOUR - timedelta(seconds=1))
    assert await scene.state(booking) == "confirmed"
    await scene.until(morning + HOUR)
    assert await scene.state(booking) == "rescue"


async def test_without_time_for_a_stand_in_nobody_is_put_out(scene: Scene) -> None:
    """No rescue in the policy: the one who says nothing may yet come, and only coordinators are told."""
    off = replace(scene.units.house.policy, booking=replace(BookingPolicy(), rescue=timedelta()))
    scene.units.house = replace(scene.units.house, policy=off)
    booking = await _half(scene)
    await scene.until(MONDAY)
    assert [m for m in await scene.told(BO) if isinstance(m, LastCall)] == []
    assert (await scene.state(booking), await scene.strikes(BO)) == ("confirmed", [])


async def test_a_clock_that_stood_still_puts_nobody_out(scene: Scene) -> None:
    """Rung an hour before the session the call's end is too late to search: Bo keeps the place."""
    booking = await _half(scene)
    await scene.until(ASKED)
    scene.clock.now = MONDAY - HOUR
    await scene.forward(seconds=1)
    assert await scene.state(booking) == "confirmed"


async def test_who_asks_what_to_do_and_then_says_nothing(scene: Scene) -> None:
    """ "I can't come" only opens a question: unanswered it is silence too, and its buttons are stale then."""
    booking = await _half(scene)
    await scene.until(ASKED)
    await scene.act(BO, cancelling.ask, booking)
    await scene.until(OUT)
    with pytest.raises(BookingOver, match="left"):
        await scene.act(BO, rescue.leave, booking)


# --- show-up pay


async def _search_fails(scene: Scene, at: datetime) -> int:
    """Bo gets out of slot 1 at a moment, and nobody is found; gives the booking's id."""
    booking = await scene.booked(1)
    scene.clock.now = at
    await scene.act(BO, rescue.leave, booking)
    await scene.until(MONDAY)
    return booking


async def test_who_stayed_in_vain_is_paid_once(scene: Scene) -> None:
    """Told with the news, kept in the ledger, whatever rings again."""
    await _search_fails(scene, MONDAY - 20 * HOUR)
    assert await scene.last(ANN, kind=BookingCancelled) == BookingCancelled(
        await scene.view(1), "no_stand_in", pay=PAY
    )
    assert await scene.ledger() == [(ANN, "show_up", 10_000, "CNY", "no_stand_in")]


async def test_nothing_is_owed_days_ahead(scene: Scene) -> None:
    """Everybody could cancel freely, and there is time to book something else."""
    await _search_fails(scene, NOON)
    assert (await scene.last(ANN, kind=BookingCancelled)).pay is None  # type: ignore[attr-defined]
    assert await scene.ledger() == []


async def test_nothing_is_owed_by_a_policy_without_it(scene: Scene) -> None:
    """`show_up = 0` is off, and nobody is promised anything."""
    none = replace(scene.units.house.policy.pay, show_up=0)
    scene.units.house = replace(scene.units.house, policy=replace(scene.units.house.policy, pay=none))
    await _search_fails(scene, MONDAY - 20 * HOUR)
    assert (await scene.last(ANN, kind=PartnerOut)).pay is None  # type: ignore[attr-defined]
    assert await scene.ledger() == []


async def test_nothing_is_owed_to_who_gives_up(scene: Scene) -> None:
    """Cancelling costs the stayer nothing, but it ends what was promised."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - 20 * HOUR
    await scene.act(BO, rescue.leave, booking)
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.until(MONDAY)
    assert (await scene.ledger(), await scene.strikes(ANN)) == ([], [])


@pytest.mark.parametrize("refuses", [True, False])
async def test_nothing_is_owed_to_who_turns_a_stand_in_down(scene: Scene, refuses: bool) -> None:
    """By a no, or by letting somebody wait who had said yes."""
    booking = await scene.booked(1)
    scene.clock.now = MONDAY - 20 * HOUR
    await scene.act(STRANGER, pool.join)
    await scene.act(BO, rescue.leave, booking)
    card = [m for m in await scene.told(ANN) if isinstance(m, ProposalCard)][-1]
    if refuses:
        await scene.answer(ANN, card.proposal_id, agree=False)
    else:
        await scene.answer(STRANGER, card.proposal_id, agree=True)
    await scene.until(MONDAY)
    assert (await scene.state(booking), await scene.ledger()) == ("cancelled", [])


async def test_nobody_is_paid_twice_for_one_booking(scene: Scene) -> None:
    """Two who find the same session lost at the same instant: the database takes one entry."""
    booking_id = await _search_fails(scene, NOON)

    async def pay(unit: Unit, person: Person) -> Money | None:
        booking = await unit.tx.one(select(Booking).where(Booking.id == booking_id))
        slot = await bookings.view_of(unit, booking)
        return await ledger.pay_show_up(unit, person, booking, slot, "no_stand_in")

    paid = await asyncio.gather(scene.act(ANN, pay), scene.act(ANN, pay))
    assert sorted(paid, key=str) == [Money(10_000, "CNY"), None]
    assert len(await scene.ledger()) == 1
    # Without the unique key the second entry is there: it is the key that refuses it, nothing else.
    async with scene.units.writing("no key") as unit:
        await unit.tx.run(text("DROP INDEX uq_ledger_show_up"))
    assert await scene.act(ANN, pay) == Money(10_000, "CNY")
    assert len(await scene.ledger()) == 2
