"""What `/slots` offers: what the pair could take, page by page, and what it could wait for."""

from datetime import timedelta

import pytest
from sqlmodel import col, update

from bot.services.booking import free_times, waitlist
from bot.services.booking.bookings import ApprovalNeeded, PartnerNeeded
from bot.services.booking.free_times import PAGE
from bot.services.messages.bookings import FreeTimes, Moving
from bot.services.people import Person, change
from bot.services.sampling.samples import NotYours
from bot.services.unit import Unit
from storage.tables import Slot
from tests.helpers import NOON, a_slot, a_studio
from tests.services.scene import ANN, BO, CY, DI, HOUR, MONDAY, STRANGER, Scene

HALF = timedelta(minutes=30)


async def test_rooms_with_the_same_time_are_one_choice(scene: Scene) -> None:
    """Two rooms at 09:00 and two at 14:00 are two times; what is taken in one is free in the other."""
    expected = (await scene.view(1, "open"), await scene.view(3, "open"))
    assert await scene.act(ANN, free_times.page) == FreeTimes(expected, "Bo", HALF)
    await scene.booked(1, CY, DI)
    page = await scene.act(BO, free_times.page)
    assert [(slot.slot_id, slot.state) for slot in page.slots] == [(2, "open"), (3, "open")]
    assert page.partner == "Ann"


async def test_what_is_full_can_be_waited_for(scene: Scene) -> None:
    """Taken in every room, it is shown as taken, unless the pair has it, waits for it, or could not come."""
    await scene.booked(1, CY, DI)
    await scene.hold(ANN, 2)
    page = await scene.act(ANN, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [3]
    page = await scene.act(15, free_times.page)
    assert [(slot.slot_id, slot.state) for slot in page.slots] == [(1, "taken"), (3, "open")]
    await scene.act(15, waitlist.join, 1)
    page = await scene.act(16, free_times.page)
    assert [(slot.slot_id, slot.state) for slot in page.slots] == [(2, "taken"), (3, "open")]


async def test_what_cannot_be_booked_is_not_shown(scene: Scene) -> None:
    """Neither what starts too soon, nor a draft, nor what overlaps a session of either of them."""
    await scene.booked(3)
    async with scene.units.writing("draft") as unit:
        await unit.tx.change(update(Slot).where(col(Slot.id) == 2).values(state="draft"))
    evening = await scene.slot(MONDAY + 12 * HOUR)
    page = await scene.act(BO, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [1, evening]
    scene.clock.now = MONDAY - 2 * HOUR + timedelta(seconds=1)
    page = await scene.act(BO, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [evening]
    page = await scene.act(CY, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [4, evening]


async def test_other_cities_are_not_shown(scene: Scene) -> None:
    """A pair sees where its two live."""
    async with scene.units.writing("shanghai") as unit:
        studio = await a_studio(unit, "shanghai")
        far = (await a_slot(unit, studio, MONDAY)).id
    page = await scene.act(ANN, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [1, 3]

    async def move(unit: Unit, person: Person) -> None:
        await change(unit, person, city="shanghai")

    await scene.act(BO, move)
    page = await scene.act(ANN, free_times.page)
    assert [slot.slot_id for slot in page.slots] == [1, far, 3]


async def test_pages_are_whole_days_and_lose_nothing(scene: Scene) -> None:
    """Every time is on exactly one page, none has more than eight, no day is torn where it fits."""
    days, hours = 7, (0, 5, 10)
    for day in range(days):
        for hour in hours:
            if day or hour == 10:
                await scene.slot(MONDAY + timedelta(days=day, hours=hour))
    pages = [await scene.act(ANN, free_times.page)]
    while (since := pages[-1].later) is not None:
        pages.append(await scene.act(ANN, free_times.page, since=since))
    starts = [slot.starts_at for page in pages for slot in page.slots]
    assert starts == [MONDAY + timedelta(days=d, hours=h) for d in range(days) for h in hours]
    assert [len(page.slots) for page in pages] == [6, 6, 6, 3]
    assert [page.first for page in pages] == [True, False, False, False]


async def test_a_long_day_is_torn_between_moments(scene: Scene) -> None:
    """More than eight times on one day: the page ends at eight, the next goes on where it ended."""
    ids = [1, 3]
    for number in range(PAGE):
        begin = MONDAY + 8 * HOUR + number * timedelta(minutes=40)
        ids.append(await scene.slot(begin, ends_at=begin + HALF))
    first = await scene.act(ANN, free_times.page)
    second = await scene.act(ANN, free_times.page, since=first.later)
    assert [slot.slot_id for slot in first.slots + second.slots] == ids
    assert (len(first.slots), second.later) == (PAGE, None)


async def test_new_times_for_a_booking(scene: Scene) -> None:
    """Everything that is free but for itself, overlapping times too; nothing to wait for."""
    booking = await scene.booked(1)
    await scene.booked(4, CY, DI)
    await scene.booked(3, 15, 16)
    async with scene.units.writing("an hour later") as unit:
        later = MONDAY + HOUR
        await unit.tx.change(
            update(Slot).where(col(Slot.id) == 2).values(starts_at=later, ends_at=later + 3 * HOUR)
        )
    page = await scene.act(BO, free_times.page, moving_id=booking)
    assert [slot.slot_id for slot in page.slots] == [2]
    assert page.moving == Moving(booking, await scene.view(1))
    with pytest.raises(NotYours):
        await scene.act(CY, free_times.page, moving_id=booking)


async def test_who_cannot_book_is_told_the_step_that_is_missing(scene: Scene) -> None:
    """A partner, or before that the reviewers' approval."""
    with pytest.raises(PartnerNeeded):
        await scene.act(STRANGER, free_times.page)

    async def doubt(unit: Unit, person: Person) -> None:
        await change(unit, person, approved_at=None)

    await scene.act(STRANGER, doubt)
    with pytest.raises(ApprovalNeeded):
        await scene.act(STRANGER, free_times.page)


async def test_nothing_free(scene: Scene) -> None:
    """An empty page says so in words; it is no error."""
    scene.clock.now = NOON + timedelta(days=30)
    assert await scene.act(ANN, free_times.page) == FreeTimes((), "Bo", HALF)
