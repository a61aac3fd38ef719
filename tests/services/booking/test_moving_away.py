"""Moving a session to another room, studio or city, in another time zone."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.services.booking import free_times, holds, my_bookings
from bot.services.messages.bookings import BookingConfirmed, CalendarFile, HoldAsked, Reminder
from bot.services.messages.people import CityChoice
from storage.tables import Timer
from tests.helpers import NOON, a_slot, a_studio
from tests.services.scene import ANN, BO, HOUR, MONDAY, Scene

URUMQI = "Asia/Urumqi"
THERE = MONDAY + 28 * HOUR
"""Tuesday, 13:00 in Shanghai, 11:00 in Ürümqi."""


async def _away(scene: Scene) -> int:
    """A free slot in a city two hours to the west; gives its id."""
    async with scene.units.writing("away") as unit:
        studio = await a_studio(unit, "urumqi", zone=URUMQI)
        return (await a_slot(unit, studio, THERE)).id


async def test_other_cities_are_offered_when_moving(scene: Scene) -> None:
    """Only when moving, only those with free times, and the way back to one's own."""
    slot = await _away(scene)
    booking = await scene.booked(1)
    own = await scene.act(ANN, free_times.page, moving_id=booking)
    assert {one.city for one in own.slots} == {"beijing"}
    assert own.elsewhere == (CityChoice("urumqi", {"en": "Urumqi"}),)
    there = await scene.act(ANN, free_times.page, moving_id=booking, city="urumqi")
    assert [one.slot_id for one in there.slots] == [slot]
    assert there.elsewhere == (CityChoice("beijing", {"en": "Beijing"}),)
    plain = await scene.act(ANN, free_times.page, city="urumqi")
    assert ({one.city for one in plain.slots}, plain.elsewhere) == ({"beijing"}, ())
    nowhere = await scene.act(ANN, free_times.page, moving_id=booking, city="atlantis")
    assert (nowhere.slots, len(nowhere.elsewhere)) == ((), 2)


async def test_a_move_to_another_city(scene: Scene) -> None:
    """Both places are told with their zones; the calendar entry, the reminders and the old slot follow."""
    slot = await _away(scene)
    old = await scene.booked(1)
    was, there = await scene.view(1), await scene.view(slot)
    new = await scene.hold(ANN, slot, old)
    asked = await scene.last(BO, kind=HoldAsked)
    assert asked == HoldAsked(new, there, "Ann", NOON + timedelta(minutes=30), instead_of=was)
    assert (was.zone, there.zone) == ("Asia/Shanghai", URUMQI)
    await scene.act(BO, holds.agree, new)
    assert [await scene.state(one) for one in (old, new)] == ["cancelled", "confirmed"]
    assert [await scene.slot_state(one) for one in (1, slot)] == ["open", "taken"]
    left = await scene.view(1, "open")
    for who in (ANN, BO):
        confirmed = await scene.last(who, kind=BookingConfirmed)
        assert (confirmed.slot, confirmed.instead_of) == (there, left)  # type: ignore[attr-defined]
        file = await scene.last(who, kind=CalendarFile)
        assert (file.uid, file.slot) == (f"booking-{old}@duologue", there)  # type: ignore[attr-defined]
    assert await scene.timers(f"booking:{old}") == []
    due = select(Timer.happens_at).where(
        Timer.subject == f"booking:{new}", Timer.kind == "reminder", Timer.state == "pending"
    )
    assert set(await scene.all(due.order_by(col(Timer.id)))) == {THERE}
    await scene.until(THERE - HOUR)
    assert (await scene.last(ANN, kind=Reminder)).slot == there  # type: ignore[attr-defined]
    mine = await scene.act(ANN, my_bookings.overview)
    assert [line.slot for line in mine.upcoming] == [there]


@pytest.mark.parametrize("room", [2, 1])
async def test_a_move_next_door_and_to_another_studio(scene: Scene, room: int) -> None:
    """The same hours in another room or studio are no overlap with oneself."""
    async with scene.units.writing("another studio") as unit:
        studio = await a_studio(unit, rooms=1)
        other = (await a_slot(unit, studio, MONDAY)).id
    old = await scene.booked(1)
    new = await scene.hold(ANN, room if room == 2 else other, old)
    await scene.act(BO, holds.agree, new)
    assert [await scene.state(one) for one in (old, new)] == ["cancelled", "confirmed"]
    assert await scene.active(new) == [ANN, BO]
