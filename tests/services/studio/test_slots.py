"""Slots as everybody else sees them: which are open, what one looks like, taking and freeing one."""

import asyncio
from datetime import timedelta

from bot.services.messages.slots import SlotView
from bot.services.studio import slots
from bot.services.unit import Unit, Units
from storage.tables import Shift, Slot
from tests.helpers import NOON, a_person, a_slot, a_studio

DAY = timedelta(days=1)


async def reread(unit: Unit, slot: Slot) -> str:
    """The state that the database has."""
    found = await unit.tx.get(Slot, slot.id)
    return found.state if found else ""


async def test_open_slots_are_listed_by_time_and_city(units: Units) -> None:
    """What has begun, what is not open and what lies elsewhere is left out; the earliest comes first."""
    async with units.writing("test") as unit:
        beijing, berlin = await a_studio(unit), await a_studio(unit, "berlin", 1, "Europe/Berlin")
        late = await a_slot(unit, beijing, NOON + 2 * DAY)
        early = await a_slot(unit, beijing, NOON + DAY, room=2)
        await a_slot(unit, beijing, NOON + DAY, state="draft")
        await a_slot(unit, beijing, NOON - timedelta(hours=1), room=2)
        elsewhere = await a_slot(unit, berlin, NOON + DAY)
        here = await slots.open_slots(unit, "beijing")
        everywhere = await slots.open_slots(unit, None)
        after = await slots.open_slots(unit, "beijing", after=NOON + DAY)
        one = await slots.open_slots(unit, None, limit=1)
    assert [view.slot_id for view in here] == [early.id, late.id]
    assert [view.slot_id for view in everywhere] == [early.id, elsewhere.id, late.id]
    assert [view.slot_id for view in after] == [late.id]
    assert [view.slot_id for view in one] == [early.id]


async def test_a_slot_shows_all_that_people_need_to_find_it(units: Units) -> None:
    """Time, zone, studio, room and city, in whatever state; None for a slot that is none."""
    async with units.writing("test") as unit:
        studio = await a_studio(unit)
        slot = await a_slot(unit, studio, NOON + DAY, room=2, state="draft")
        shown = await slots.slot_view(unit, slot.id)
        none = await slots.slot_view(unit, 999)
    assert none is None
    assert shown == SlotView(
        slot_id=slot.id,
        starts_at=NOON + DAY,
        ends_at=NOON + DAY + timedelta(hours=3),
        zone="Asia/Shanghai",
        studio={"en": "Beijing studio"},
        city="beijing",
        room=2,
        room_count=2,
        city_names={"en": "Beijing"},
        state="draft",
    )


async def test_a_slot_is_taken_once_whoever_comes_at_the_same_time(units: Units) -> None:
    """Two pairs that take it at once: one gets it, the other is told no."""
    async with units.writing("test") as unit:
        slot = await a_slot(unit, await a_studio(unit), NOON + DAY)

    async def take(cause: str) -> bool:
        async with units.writing(cause) as unit:
            return await slots.take(unit, slot.model_copy())

    assert sorted(await asyncio.gather(take("a"), take("b"))) == [False, True]
    async with units.reading() as look:
        assert await reread(look, slot) == "taken"


async def test_a_freed_slot_is_open_again_only_with_its_staff(units: Units) -> None:
    """With its staff it can be offered to others; without, it waits as a draft."""
    async with units.writing("test") as unit:
        studio = await a_studio(unit)
        staffed = await a_slot(unit, studio, NOON + DAY, state="taken", staff_needed=1)
        bare = await a_slot(unit, studio, NOON + DAY, room=2, state="taken", staff_needed=1)
        person = await a_person(unit, 5)
        await unit.tx.add(
            Shift(
                slot_id=staffed.id,
                person_id=person.id,
                state="confirmed",
                starts_at=staffed.starts_at,
                ends_at=staffed.ends_at,
                asked_at=unit.now,
            )
        )
        assert await slots.free(unit, staffed)
        assert not await slots.free(unit, bare)
        assert not await slots.free(unit, staffed)
        assert (await reread(unit, staffed), await reread(unit, bare)) == ("open", "draft")
