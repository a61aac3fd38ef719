"""Pairs in reserve: who may be, how many, what they are offered before others, and how it ends."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot.rules.policy import BookingPolicy, Policy
from bot.services.booking import cancelling, instead, my_bookings, reserves, waitlist
from bot.services.booking.bookings import PartnerNeeded
from bot.services.booking.reserves import NoReserves, NotInReserve, ReserveBusy, ReserveFull
from bot.services.messages.bookings import MyBookings
from bot.services.messages.reserves import AskReserve, ReserveDay, ReserveLeft, ReserveLine, ReserveNoted
from bot.services.messages.waitlist import OfferEnded, SlotOffered
from bot.services.pairing import partings
from bot.services.sampling.samples import NotYours
from bot.services.unit import House
from storage.tables import Reserve, Waiting
from tests.services.scene import ANN, BO, CY, DI, EVE, FAY, MONDAY, STRANGER, Scene

DAY = date(2026, 11, 23)
CITY = {"en": "Beijing"}


@pytest.fixture
def house() -> House:
    """Two pairs a day may be in reserve."""
    return House(Policy(booking=BookingPolicy(reserve=2)), owners=frozenset({1}), bot_username="duologue_bot")


async def on(scene: Scene, who: int) -> ReserveNoted:
    """In reserve on Monday."""
    noted = await scene.act(who, reserves.join, "beijing", DAY)
    assert isinstance(noted, ReserveNoted)
    return noted


async def states(scene: Scene) -> list[str]:
    """Of all places in reserve, in their order."""
    return [row.state for row in await scene.all(select(Reserve))]


async def offers(scene: Scene, who: int) -> list[SlotOffered]:
    """What somebody was offered so far."""
    return [message for message in await scene.told(who) if isinstance(message, SlotOffered)]


async def test_both_are_in_reserve(scene: Scene) -> None:
    """Once, however often it is pressed; the partner is told, both see it, either can end it."""
    line = ReserveLine(1, "beijing", CITY, DAY)
    assert await on(scene, CY) == ReserveNoted(line, "Di")
    assert await on(scene, DI) == ReserveNoted(line, "Cy")
    assert await scene.last(DI, kind=ReserveNoted) == ReserveNoted(line, "Cy", you=False)
    for who in (CY, DI):
        shown = await scene.act(who, my_bookings.overview)
        assert isinstance(shown, MyBookings)
        assert shown.reserves == (line,)
    assert await scene.act(DI, reserves.leave, 1) == ReserveLeft(line, "Cy")
    assert await scene.last(CY, kind=ReserveLeft) == ReserveLeft(line, "Di", you=False)
    with pytest.raises(NotInReserve):
        await scene.act(CY, reserves.leave, 1)
    assert (await states(scene), await scene.timers("reserve:1")) == (["left"], [])


async def test_the_days_that_are_offered(scene: Scene) -> None:
    """A week from today, with the places left, but for days with a session; one's own are marked."""
    await on(scene, ANN)
    await scene.booked(1, CY, DI)
    today = date(2026, 11, 20)
    week = [today + timedelta(days=n) for n in range(7)]
    shown = await scene.act(EVE, reserves.ask)
    assert shown == AskReserve(
        "beijing", CITY, tuple(ReserveDay(day, 1 if day == DAY else 2) for day in week), "Fay"
    )
    shown = await scene.act(CY, reserves.ask)
    assert isinstance(shown, AskReserve)
    assert [day.day for day in shown.days] == [day for day in week if day != DAY]
    shown = await scene.act(BO, reserves.ask)
    assert isinstance(shown, AskReserve)
    assert [day.day for day in shown.days if day.mine] == [DAY]


async def test_no_more_than_the_policy_wants(scene: Scene) -> None:
    """Even if all press at the same moment; a place that is given up goes to the next."""
    noted = await asyncio.gather(*(on(scene, who) for who in (ANN, CY, EVE)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in noted) == ["ReserveFull", "ReserveNoted", "ReserveNoted"]
    first = next(one for one in noted if isinstance(one, ReserveNoted))
    left_out = next(
        who for who, one in zip((ANN, CY, EVE), noted, strict=True) if isinstance(one, ReserveFull)
    )
    holder = next(
        who
        for who, one in zip((ANN, CY, EVE), noted, strict=True)
        if isinstance(one, ReserveNoted) and one.line == first.line
    )
    await scene.act(holder, reserves.leave, first.line.reserve_id)
    await on(scene, left_out)


async def test_who_cannot(scene: Scene) -> None:
    """Without a partner, with a session that day, for a day that is past or far off, in somebody else's name."""
    with pytest.raises(PartnerNeeded):
        await scene.act(STRANGER, reserves.join, "beijing", DAY)
    await scene.booked(1)
    with pytest.raises(ReserveBusy):
        await scene.act(ANN, reserves.join, "beijing", DAY)
    for day in (date(2026, 11, 19), date(2026, 11, 27)):
        with pytest.raises(NoReserves):
            await scene.act(CY, reserves.join, "beijing", day)
    noted = await on(scene, CY)
    with pytest.raises(NotYours):
        await scene.act(EVE, reserves.leave, noted.line.reserve_id)


async def test_where_the_policy_wants_none(scene: Scene) -> None:
    """Neither asked nor joined."""
    booking = replace(scene.units.house.policy.booking, reserve=0)
    scene.units.house = replace(scene.units.house, policy=replace(scene.units.house.policy, booking=booking))
    for service, *args in ((reserves.ask,), (reserves.join, "beijing", DAY)):
        with pytest.raises(NoReserves):
            await scene.act(CY, service, *args)


async def test_what_is_freed_late_is_theirs_first(scene: Scene) -> None:
    """Before the waitlist; a yes makes it a session and ends the reserve."""
    booking = await scene.booked(1)
    await scene.act(EVE, waitlist.join, 1)
    await on(scene, CY)
    await scene.until(MONDAY - timedelta(hours=20))
    await scene.act(ANN, cancelling.cancel, booking)
    (offer,) = await offers(scene, DI)
    assert (offer.reserve, offer.wish) == (True, False)
    assert await offers(scene, EVE) == []
    await scene.act(CY, instead.take_offer, offer.waiting_id)
    held = booking + 1
    await scene.act(DI, instead.agree, held)
    assert (await scene.state(held), await states(scene)) == ("confirmed", ["over"])


async def test_what_is_freed_early_is_not(scene: Scene) -> None:
    """It finds its pair by itself: the waitlist comes first, else it is open to all."""
    booking = await scene.booked(1)
    await scene.act(EVE, waitlist.join, 1)
    await on(scene, CY)
    await scene.until(MONDAY - timedelta(hours=30))
    await scene.act(ANN, cancelling.cancel, booking)
    assert await offers(scene, CY) == []
    assert len(await offers(scene, EVE)) == 1


async def test_a_no_costs_nothing_and_comes_once(scene: Scene) -> None:
    """They stay in reserve, are not asked about that time again, and are about another one."""
    first, second = await scene.booked(1), await scene.booked(3, EVE, FAY)
    await on(scene, CY)
    await scene.until(MONDAY - timedelta(hours=18))
    await scene.act(ANN, cancelling.cancel, first)
    (offer,) = await offers(scene, CY)
    ended = await scene.act(CY, waitlist.decline, offer.waiting_id)
    assert isinstance(ended, OfferEnded)
    assert (ended.reserve, await scene.slot_state(1), await states(scene)) == (True, "open", ["on"])
    await scene.act(EVE, cancelling.cancel, second)
    assert [one.slot.slot_id for one in await offers(scene, CY)] == [3]
    third = await scene.booked(2, EVE, FAY)
    await scene.act(EVE, cancelling.cancel, third)
    assert len(await offers(scene, CY)) == 1  # an offer is open: nobody holds two at a time


async def test_silence_passes_it_on(scene: Scene) -> None:
    """To the next in reserve, then to the waitlist."""
    booking = await scene.booked(1)
    await on(scene, CY)
    await scene.act(EVE, waitlist.join, 1)
    await scene.until(MONDAY - timedelta(hours=20))
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.forward(minutes=31)
    ended = await scene.last(DI, kind=OfferEnded)
    assert isinstance(ended, OfferEnded)
    assert (ended.why, ended.reserve) == ("lapsed", True)
    assert len(await offers(scene, EVE)) == 1


async def test_it_ends_with_the_day(scene: Scene) -> None:
    """By the studio's clock."""
    await on(scene, CY)
    await scene.until(MONDAY + timedelta(hours=14, minutes=59))
    assert await states(scene) == ["on"]
    await scene.until(MONDAY + timedelta(hours=15))
    await scene.forward(seconds=1)
    assert await states(scene) == ["over"]


async def test_it_ends_with_the_pair(scene: Scene) -> None:
    """Nobody is offered anything after parting."""
    await on(scene, CY)
    await scene.act(CY, partings.leave)
    assert await states(scene) == ["left"]
    assert await scene.all(select(Waiting)) == []
