"""Announcements: who is told of free times, when, and how often."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.services import people
from bot.services.booking import holds
from bot.services.messages.slots import CityOpenings, Openings, OpeningsDay, SlotsOpened
from bot.services.studio import announcing, batches, openings, shifts
from bot.services.studio.announcing import JustAnnounced, NothingOpen
from bot.services.unit import Units
from tests.helpers import MovableClock, a_person, a_slot, a_studio, an_approved
from tests.services.planning import ANN, BEN, BO, OWNER, ZOE, Planning


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """One of the staff, and each session needs one."""
    return await Planning(units, clock).build(staff=1, needed=1)


async def confirm(planning: Planning, *slot_ids: int) -> None:
    """Ben runs these."""
    for slot_id in slot_ids:
        await planning.act(BEN, shifts.answer, await planning.shift(BEN, slot_id), yes=True)


async def counts(planning: Planning, who: int) -> list[int]:
    """How many times each announcement told somebody of."""
    return [message.count for message in await planning.told(who, SlotsOpened)]


async def test_what_opens_within_two_minutes_is_one_announcement(planning: Planning) -> None:
    """Not one a slot: two open, one is told of both."""
    await planning.opened()
    await confirm(planning, 1)
    await planning.forward(minutes=1)
    await confirm(planning, 2)
    assert await counts(planning, ANN) == []
    await planning.forward(minutes=1)
    assert await counts(planning, ANN) == [2]


async def test_a_batch_that_is_complete_is_announced_at_once(planning: Planning) -> None:
    """Nothing more can come, so nobody waits; the timer that was set is gone."""
    await planning.opened()
    await confirm(planning, 1, 2, 3, 4)
    assert await counts(planning, ANN) == [4]
    await planning.forward(hours=5)
    assert await counts(planning, ANN) == [4]


async def test_a_batch_that_opens_bit_by_bit_is_announced_hours_apart(planning: Planning) -> None:
    """The second time tells of what is new only."""
    await planning.opened()
    await confirm(planning, 1)
    await planning.forward(minutes=2)
    await confirm(planning, 2)
    await planning.forward(minutes=30)
    assert await counts(planning, ANN) == [1]
    await confirm(planning, 3)
    await planning.forward(hours=3)
    assert await counts(planning, ANN) == [1, 2]


async def test_nobody_is_woken(units: Units, clock: MovableClock) -> None:
    """In the studio's quiet hours an announcement waits for their end."""
    clock.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai
    planning = await Planning(units, clock).build(staff=0, needed=0)
    await planning.opened()
    await planning.forward(hours=8, minutes=59)
    assert await counts(planning, ANN) == []
    await planning.forward(minutes=1)
    assert await counts(planning, ANN) == [4]


async def test_only_those_who_can_book_are_told(units: Units, clock: MovableClock) -> None:
    """Not who has a session ahead, lives elsewhere, is not approved, or cannot be reached."""
    planning = await Planning(units, clock).build(staff=0, needed=0)
    async with units.writing("others") as unit:
        await a_studio(unit, "berlin")
        await a_person(unit, 40, city="beijing")
        await an_approved(unit, 41, city="berlin")
        await an_approved(unit, 42, city="beijing", reachable=False)
        await an_approved(unit, 43)
    await planning.opened("beijing 2026-12-01 09:00 3h")
    assert [await counts(planning, who) for who in (ANN, BO, ZOE, 40, 41, 42, 43)] == [
        [1],
        [1],
        [1],
        [],
        [],
        [],
        [1],
    ]
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    await planning.opened("beijing 2026-12-02 09:00 3h")
    assert [await counts(planning, who) for who in (ANN, BO, ZOE)] == [[1], [1], [1, 1]]


async def test_rooms_that_are_free_at_one_time_are_one_choice(units: Units, clock: MovableClock) -> None:
    """Six times are offered as buttons, whatever the number of rooms."""
    planning = await Planning(units, clock).build(staff=0, needed=0, rooms=2)
    await planning.opened("beijing 2026-12-01..2026-12-03 09:00,14:00,18:00 3h")
    (told,) = await planning.told(ANN, SlotsOpened)
    assert told.count == 18
    assert [slot.slot_id for slot in told.slots] == [1, 3, 5, 7, 9, 11]


async def test_what_starts_too_soon_to_book_is_not_announced(units: Units, clock: MovableClock) -> None:
    """`min_notice` is two hours; 13:00 is one hour away."""
    planning = await Planning(units, clock).build(staff=0, needed=0)
    await planning.opened("beijing 2026-11-20 13:00,16:00 3h")
    assert await counts(planning, ANN) == [1]


async def test_a_coordinator_announces_again_once_a_minute(units: Units, clock: MovableClock) -> None:
    """Everything that is free in the city; a double press is one, even at once."""
    planning = await Planning(units, clock).build(staff=0, needed=0)
    with pytest.raises(NothingOpen):
        await planning.act(OWNER, announcing.announce_again, "beijing")
    await planning.opened()

    async def press(cause: str) -> str:
        async with units.writing(cause) as unit:
            olga = await people.arrive(unit, people.Visitor(OWNER, "Olga"))
            try:
                await announcing.announce_again(unit, olga, "beijing")
            except JustAnnounced:
                return "just announced"
            return "announced"

    assert sorted(await asyncio.gather(press("a"), press("b"))) == ["announced", "just announced"]
    assert await counts(planning, ANN) == [4, 4]
    planning.clock.forward(minutes=1)
    assert await press("c") == "announced"
    # what was not delivered yet is taken back: nobody gets both
    assert await counts(planning, ANN) == [4, 4]


async def test_announcing_again_at_night_waits_for_the_morning(units: Units, clock: MovableClock) -> None:
    """The coordinator is told when; what is free by then is told."""
    planning = await Planning(units, clock).build(staff=0, needed=0)
    await planning.opened()
    clock.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    due = await planning.act(OWNER, announcing.announce_again, "beijing")
    assert due == datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    assert await counts(planning, ANN) == [4]
    await planning.forward(hours=9)
    assert await counts(planning, ANN) == [4, 4]


async def test_openings_count_by_city_and_day(units: Units, clock: MovableClock) -> None:
    """Free, taken, lacking staff, by the studio's own calendar; two weeks are shown."""
    await Planning(units, clock).build(staff=0, needed=0)
    async with units.writing("slots") as unit:
        berlin = await a_studio(unit, "berlin", rooms=3, zone="Europe/Berlin")
        late = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
        for room, state in ((1, "open"), (2, "taken"), (3, "draft")):
            await a_slot(unit, berlin, late, room=room, state=state)
        for day in range(2, 20):
            await a_slot(unit, berlin, late + timedelta(days=day))
        await a_slot(unit, berlin, late + timedelta(days=30), state="cancelled")
        shown = await openings.openings(unit)
    assert isinstance(shown, Openings)
    beijing, berlin_ahead = shown.cities
    assert beijing == CityOpenings("beijing", {"en": "Beijing"}, (), zone="Asia/Shanghai")
    assert berlin_ahead.days[0] == OpeningsDay(late.date(), free=1, taken=1, lacking=1)
    assert (len(berlin_ahead.days), berlin_ahead.more) == (14, 5)


async def test_a_batch_taken_back_is_not_announced(planning: Planning) -> None:
    """The timer finds nothing to tell."""
    await planning.opened()
    await confirm(planning, 1)
    await planning.act(OWNER, batches.take_back, 1)
    await planning.forward(minutes=2)
    assert await counts(planning, ANN) == []
