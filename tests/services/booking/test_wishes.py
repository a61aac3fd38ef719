"""Waiting for any time of a kind: one line with those who wait for a slot, and how a wish ends."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules.errors import NotYours
from bot.services import people
from bot.services.booking import cancelling, holds, my_bookings, waitlist, wishing
from bot.services.booking.bookings import PartnerNeeded
from bot.services.booking.waitlist import NotWaiting
from bot.services.booking.wishing import WishDayOver
from bot.services.messages.people import CityChoice
from bot.services.messages.waitlist import OfferEnded, SlotOffered, WaitNoted, WaitOver
from bot.services.messages.wishes import AskWish, WishEnded, WishLeft, WishLine, WishNoted, WishView
from bot.services.pairing import partings
from bot.services.studio import calling_off
from storage.tables import Slot, Wish
from tests.helpers import NOON, a_studio, ring
from tests.services.scene import ANN, BO, CY, DI, EVE, FAY, HOUR, MONDAY, OWNER, STRANGER, Scene

HALF = timedelta(minutes=30)
FRIDAY = date(2026, 11, 27)
CITY = {"en": "Beijing"}


def view(wish_id: int, part: str = "any", days: str = "any", until: date = FRIDAY) -> WishView:
    """A wish as messages show it."""
    return WishView(wish_id, "beijing", CITY, part, days, until, "Asia/Shanghai")


async def wish(
    scene: Scene, who: int, part: str = "any", days: str = "any", until: date = FRIDAY
) -> WishNoted:
    """Let somebody's pair wait for any time of a kind."""
    return await scene.act(who, wishing.join, "beijing", part, days, until)


async def wishes(scene: Scene) -> list[str]:
    """The states of all wishes, the oldest first."""
    return await scene.all(select(Wish.state).order_by(col(Wish.id)))


async def test_the_way_to_a_wish_asks_one_thing_at_a_time(scene: Scene) -> None:
    """The only city of the two is not asked for; the last days are counted by the studio's calendar."""
    assert await scene.act(CY, wishing.ask) == AskWish("part", city="beijing", city_names=CITY)
    part = await scene.act(CY, wishing.ask, "beijing", "evening")
    assert part == AskWish("days", city="beijing", city_names=CITY, part="evening")
    dates = tuple(date(2026, 11, 20) + timedelta(days=days) for days in (7, 14, 28))
    last = await scene.act(CY, wishing.ask, "beijing", "evening", "weekend")
    assert last == AskWish("until", (), "beijing", CITY, "evening", "weekend", dates)
    with pytest.raises(PartnerNeeded):
        await scene.act(STRANGER, wishing.ask)


async def test_where_nobody_lives_near_a_studio_the_city_is_asked(scene: Scene) -> None:
    """Every city that has a studio can be chosen."""
    from_here = await scene.act(CY, wishing.ask)
    assert from_here.step == "part"
    async with scene.units.writing("two cities") as unit:
        await a_studio(unit, "sydney", zone="Australia/Sydney")
        await unit.tx.change(update(people.Person).values(city=None))
    asked = await scene.act(CY, wishing.ask)
    assert asked == AskWish("city", (CityChoice("beijing", CITY), CityChoice("sydney", {"en": "Sydney"})))


async def test_joining_tells_both_and_says_what_is_free(scene: Scene) -> None:
    """The pair waits as one; asking again for the same keeps the place and takes the new last day."""
    afternoon = await scene.view(3, "open")
    noted = await wish(scene, CY, "afternoon")
    assert noted == WishNoted(view(1, "afternoon"), 1, "Di", free=(afternoon,))
    assert await scene.last(DI) == WishNoted(view(1, "afternoon"), 1, "Cy", you=False)
    later = FRIDAY + timedelta(days=3)
    assert (await wish(scene, DI, "afternoon", until=later)).wish == view(1, "afternoon", until=later)
    assert await scene.timers("wish:1") == ["wish_over"]
    for day in (date(2026, 11, 19), FRIDAY + timedelta(days=60)):
        with pytest.raises(WishDayOver):
            await wish(scene, CY, until=day)


async def test_position_counts_the_pairs_whose_wishes_meet(scene: Scene) -> None:
    """Mornings and afternoons do not; the own second wish does not count against oneself."""
    assert (await wish(scene, ANN, "morning")).position == 1
    assert (await wish(scene, CY, "afternoon")).position == 1
    assert (await wish(scene, EVE, "any")).position == 3
    assert (await wish(scene, CY, "morning", "weekend")).position == 3
    overview = await scene.act(CY, my_bookings.overview)
    assert overview.wishes == (
        WishLine(view(2, "afternoon"), 1),
        WishLine(view(4, "morning", "weekend"), 3),
    )


async def test_a_freed_slot_goes_down_one_line(scene: Scene) -> None:
    """Who joined first is asked first, whether for this slot or for any morning; each keeps what else it waits for."""
    booking = await scene.booked(1)
    await wish(scene, CY, "morning")
    scene.clock.forward(minutes=1)
    assert await scene.act(EVE, waitlist.join, 1) == WaitNoted(await scene.view(1), 2, "Fay")
    start = scene.clock.now
    await scene.act(ANN, cancelling.cancel, booking)
    offer = SlotOffered(2, await scene.view(1, "open"), start + HALF, wish=True)
    assert [await scene.last(who) for who in (CY, DI)] == [offer, offer]
    assert (await wishes(scene), await scene.waiting(1)) == (["offered"], ["waiting", "offered"])

    slot = await scene.view(1)
    assert await scene.act(DI, waitlist.decline, 2) == OfferEnded(slot, "declined", "Cy", you=True, wish=True)
    assert await scene.last(CY) == OfferEnded(slot, "declined", "Di", wish=True)
    assert await scene.last(FAY) == SlotOffered(1, await scene.view(1, "open"), start + HALF)
    await scene.forward(minutes=30)
    assert (await wishes(scene), await scene.waiting(1)) == (["waiting"], ["lapsed", "declined"])
    assert await scene.slot_state(1) == "open", "who said no to a slot is not asked for it again"


async def test_a_pair_with_both_stands_where_it_joined_first(scene: Scene) -> None:
    """And is asked once."""
    booking = await scene.booked(1)
    await wish(scene, CY)
    scene.clock.forward(minutes=1)
    await scene.act(EVE, waitlist.join, 1)
    scene.clock.forward(minutes=1)
    assert await scene.act(CY, waitlist.join, 1) == WaitNoted(await scene.view(1), 1, "Di")
    await scene.act(ANN, cancelling.cancel, booking)
    assert (await scene.waiting(1), await wishes(scene)) == (["waiting", "offered"], ["waiting"])


async def test_what_does_not_fit_is_not_offered(scene: Scene) -> None:
    """Not another part of the day, other days, or after the last day."""
    booking = await scene.booked(1)
    await wish(scene, CY, "evening")
    await wish(scene, CY, "any", "weekend")
    await wish(scene, EVE, "any", "any", date(2026, 11, 22))
    await scene.act(ANN, cancelling.cancel, booking)
    assert (await scene.slot_state(1), await scene.waiting(1)) == ("open", [])


async def test_both_yes_meet_the_wish(scene: Scene) -> None:
    """The first yes holds, the second makes it stand; the wish ends with a word and a way to wait again."""
    booking = await scene.booked(1)
    await wish(scene, CY)
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.act(CY, holds.take_offer, 1)
    assert await wishes(scene) == ["offered"]
    await scene.act(DI, holds.take_offer, 1)
    assert (await wishes(scene), await scene.state(booking + 1)) == (["met"], "confirmed")
    assert await scene.last(CY) == await scene.last(DI) == WishEnded(view(1), "met")
    assert await scene.timers("wish:1") == []
    again = await scene.act(DI, wishing.again, 1)
    assert (again.step, again.city, again.part, again.days) == ("until", "beijing", "any", "any")
    assert (await wish(scene, DI)).wish == view(2)


async def test_one_yes_alone_brings_the_wish_back(scene: Scene) -> None:
    """The partner's silence is a silence, the partner's no is an answer; the place is kept."""
    for slot, silent in ((1, True), (3, False)):
        booking = await scene.booked(slot)
        if slot == 1:
            await wish(scene, CY)
        await scene.act(ANN, cancelling.cancel, booking)
        await scene.act(CY, holds.take_offer, 1 if slot == 1 else 2)
        if silent:
            await scene.forward(minutes=30)
        else:
            await scene.act(DI, holds.decline, booking + 1)
        found = await scene.one(select(Wish))
        assert (found.state, found.lapses) == ("waiting", 1 if silent else 0)
        assert await scene.slot_state(slot) == "open"


async def test_a_session_taken_otherwise_meets_it_too(scene: Scene) -> None:
    """Only what is of its kind."""
    await wish(scene, CY, "morning")
    await wish(scene, CY, "evening")
    await scene.booked(1, CY, DI)
    assert await wishes(scene) == ["met", "waiting"]


async def test_two_silences_in_a_row_end_a_wish(scene: Scene) -> None:
    """The first is told with what a second would mean; then others have their turn, and the way back is a button."""
    first, second = await scene.booked(1), await scene.booked(3)
    await wish(scene, CY)
    await scene.act(ANN, cancelling.cancel, first)
    await scene.forward(minutes=30)
    assert await scene.last(DI) == OfferEnded(await scene.view(1), "lapsed", "", wish=True)
    await scene.act(ANN, cancelling.cancel, second)
    await scene.forward(minutes=30)
    assert [await scene.last(who) for who in (CY, DI)] == [WishEnded(view(1), "silent")] * 2
    assert (await wishes(scene), await scene.timers("wish:1")) == (["lapsed"], [])


async def test_silence_counts_for_the_pair(scene: Scene) -> None:
    """Many wishes are not many holds: one offer at a time, two silences end them all, and a new one is no new start."""
    first, second, third = (
        await scene.booked(1),
        await scene.booked(3),
        await scene.booked(await scene.slot(MONDAY + 9 * HOUR)),
    )
    await wish(scene, CY, "any")
    await wish(scene, CY, "morning")
    await scene.act(ANN, cancelling.cancel, first)
    await scene.act(ANN, cancelling.cancel, second)
    assert (await scene.waiting(1), await scene.waiting(3)) == (["offered"], [])
    await scene.forward(minutes=30)
    await wish(scene, CY, "evening")
    assert await scene.all(select(Wish.lapses).order_by(col(Wish.id))) == [1, 1, 1]
    await scene.act(ANN, cancelling.cancel, third)
    await scene.forward(minutes=30)
    assert await wishes(scene) == ["lapsed"] * 3


async def test_an_answer_in_between_starts_the_count_anew(scene: Scene) -> None:
    """Declining costs nothing."""
    await wish(scene, CY)
    for slot, silent in ((1, True), (3, False), (2, True)):
        booking = await scene.booked(slot)
        await scene.act(ANN, cancelling.cancel, booking)
        if silent:
            await scene.forward(minutes=30)
        else:
            await scene.act(CY, waitlist.decline, 2)
    found = await scene.one(select(Wish))
    assert (found.state, found.lapses) == ("waiting", 1)


async def test_one_offer_at_a_time_for_each_wish(scene: Scene) -> None:
    """Two slots that become free go to two pairs, and the third to nobody while both think."""
    bookings = [await scene.booked(1), await scene.booked(3)]
    late = await scene.slot(MONDAY + 9 * HOUR)
    bookings.append(await scene.booked(late))
    await wish(scene, CY)
    await wish(scene, EVE)
    for booking in bookings:
        await scene.act(ANN, cancelling.cancel, booking)
    assert [await scene.waiting(slot) for slot in (1, 3, late)] == [["offered"], ["offered"], []]
    assert await scene.slot_state(late) == "open"


async def test_two_slots_freed_at_once_are_one_offer(scene: Scene) -> None:
    """Whoever is second finds the wish taken, and the slot is open to all."""
    first, second = await scene.booked(1), await scene.booked(3)
    await wish(scene, CY)
    await asyncio.gather(scene.act(ANN, cancelling.cancel, first), scene.act(BO, cancelling.cancel, second))
    assert sorted([await scene.slot_state(1), await scene.slot_state(3)]) == ["open", "taken"]
    assert sorted([await scene.waiting(1), await scene.waiting(3)]) == [[], ["offered"]]


async def test_the_slot_called_off_leaves_the_wish(scene: Scene) -> None:
    """The offer is gone with the slot; the pair waits on for others, and has not been silent."""
    booking = await scene.booked(1)
    await wish(scene, CY)
    await scene.act(ANN, cancelling.cancel, booking)
    async with scene.units.writing("called off") as unit:
        owner = await people.by_telegram_id(unit, OWNER)
        slot = await unit.tx.one(select(Slot).where(Slot.id == 1))
        assert owner is not None
        await calling_off.call_off(unit, owner, [slot])
    assert await scene.last(CY) == WaitOver(await scene.view(1, "cancelled"), gone=True)
    found = await scene.one(select(Wish))
    assert (found.state, found.lapses) == ("waiting", 0)


async def test_leaving(scene: Scene) -> None:
    """Either can end it, once; the other one hears of it; strangers cannot."""
    await wish(scene, CY)
    for who in (ANN, STRANGER):
        for service in (wishing.leave, wishing.again):
            with pytest.raises(NotYours):
                await scene.act(who, service, 1)
    assert await scene.act(DI, wishing.leave, 1) == WishLeft(view(1), "Cy")
    assert await scene.last(CY) == WishLeft(view(1), "Di", you=False)
    with pytest.raises(NotWaiting):
        await scene.act(CY, wishing.leave, 1)
    assert await wishes(scene) == ["left"]


async def test_parting_ends_everything_that_the_pair_waits_for(scene: Scene) -> None:
    """An offer that it had goes to the next pair, not back to its own wish."""
    booking = await scene.booked(1)
    await wish(scene, CY)
    await wish(scene, EVE)
    await scene.act(ANN, cancelling.cancel, booking)
    await scene.act(CY, partings.leave)
    assert await wishes(scene) == ["left", "offered"]
    assert await scene.waiting(1) == ["left", "offered"]


async def test_the_last_day_ends_it(scene: Scene) -> None:
    """At midnight of the studio's clocks it is over; nobody is woken to hear so."""
    await wish(scene, CY, until=date(2026, 11, 21))
    await scene.until(NOON + 36 * HOUR - timedelta(seconds=1))
    assert await wishes(scene) == ["waiting"]
    await scene.until(NOON + 36 * HOUR)
    assert await wishes(scene) == ["over"]
    row = await scene.row(DI, WishEnded)
    assert row.not_before == NOON + 44 * HOUR
    assert await scene.last(DI) == WishEnded(view(1, until=date(2026, 11, 21)), "over")


async def test_yes_and_lapse_at_once_leave_one_outcome(scene: Scene) -> None:
    """At the very end of the offer the slot goes on, and the wish counts one silence."""
    booking = await scene.booked(1)
    await wish(scene, CY)
    await wish(scene, EVE)
    await scene.act(ANN, cancelling.cancel, booking)
    scene.clock.forward(minutes=30)
    yes, _ = await asyncio.gather(
        scene.act(CY, holds.take_offer, 1), ring(scene.units), return_exceptions=True
    )
    assert isinstance(yes, waitlist.OfferOver)
    assert (await scene.waiting(1), await wishes(scene)) == (["lapsed", "offered"], ["waiting", "offered"])
