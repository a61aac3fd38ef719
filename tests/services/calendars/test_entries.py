"""What calendars hold: a person's sessions and shifts, everything of a studio, and nothing of anybody else's."""

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules.policy import Policy
from bot.rules.roles import Role
from bot.services import people
from bot.services.booking import cancelling, holds, rescue
from bot.services.calendars import entries
from bot.services.calendars.entries import Entry
from bot.services.unit import House, Unit
from storage.tables import CalendarFeed, Shift, Slot
from tests.helpers import NOON
from tests.services.scene import ANN, BO, CY, EVE, HOUR, MONDAY, OWNER, Scene


@pytest.fixture
def house() -> House:
    """The usual one."""
    return House(Policy(), owners=frozenset({OWNER}), public_url="https://bot.example.org")


async def shown(scene: Scene, who: int, studio_id: int | None = None) -> list[Entry]:
    """What somebody's calendar holds."""

    async def look(unit: Unit, person: people.Person) -> list[Entry]:
        feed = CalendarFeed(person_id=person.id, studio_id=studio_id, digest="x", made_at=NOON)
        return list((await entries.contents(unit, feed)).entries)

    return await scene.act(who, look)


async def told(
    scene: Scene, who: int, studio_id: int | None = None
) -> list[tuple[str, int, tuple[str, ...]]]:
    """The same in short: what, in which slot, with whom."""
    return [(one.what, one.slot.slot_id, one.names) for one in await shown(scene, who, studio_id)]


async def test_a_booking_from_hold_to_cancellation(scene: Scene) -> None:
    """Held, confirmed, gone; the same for both, with the other's name, and nothing for others."""
    booking = await scene.hold(ANN, 1)
    assert await told(scene, ANN) == [("held", 1, ("Bo",))]
    assert await told(scene, BO) == [("held", 1, ("Ann",))]
    await scene.act(BO, holds.agree, booking)
    row = await scene.booking(booking)
    assert await shown(scene, ANN) == [
        Entry("session", f"booking-{booking}@duologue", row.version, await scene.view(1), NOON, ("Bo",))
    ]
    assert await told(scene, CY) == []
    await scene.act(BO, cancelling.cancel, booking)
    assert (await told(scene, ANN), await told(scene, BO)) == ([], [])


async def test_a_move_keeps_its_name(scene: Scene) -> None:
    """Until the partner agrees both times show, each under a name of its own; then the new one has the old name."""
    old = await scene.booked(1)
    new = await scene.hold(ANN, 3, old)
    both = await shown(scene, ANN)
    assert [(one.what, one.slot.slot_id) for one in both] == [("session", 1), ("held", 3)]
    assert both[0].uid != both[1].uid
    await scene.act(BO, holds.agree, new)
    (moved,) = await shown(scene, ANN)
    assert (moved.what, moved.slot.slot_id, moved.uid) == ("session", 3, both[0].uid)
    assert moved.version > both[0].version


async def test_who_got_out_has_it_no_more(scene: Scene) -> None:
    """Who waits for a stand-in has the time still, with nobody's name."""
    booking = await scene.booked(1)
    await scene.act(ANN, rescue.leave, booking)
    assert (await told(scene, ANN), await told(scene, BO)) == ([], [("session", 1, ())])


async def test_what_is_over_stays_for_a_month(scene: Scene) -> None:
    """Then it goes."""
    await scene.booked(1)
    scene.clock.now = MONDAY + 3 * HOUR + timedelta(days=29, hours=23)
    assert await told(scene, ANN) == [("session", 1, ("Bo",))]
    scene.clock.now += timedelta(hours=2)
    assert await told(scene, ANN) == []


async def with_staff(scene: Scene, who: int, slot_id: int, state: str = "confirmed") -> None:
    """Let somebody run a slot."""

    async def run(unit: Unit, person: people.Person) -> None:
        await people.grant(unit, person, Role.STAFF, city="beijing")
        slot = await unit.tx.one(select(Slot).where(Slot.id == slot_id))
        await unit.tx.add(
            Shift(
                slot_id=slot_id,
                person_id=person.id,
                state=state,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
                asked_at=NOON,
            )
        )

    await scene.act(who, run)


async def test_shifts_beside_sessions(scene: Scene) -> None:
    """Only what was confirmed; with who records, and without what was called off."""
    await scene.booked(1)
    for who, slot_id, state in ((EVE, 1, "confirmed"), (CY, 1, "asked"), (EVE, 3, "confirmed")):
        await with_staff(scene, who, slot_id, state)
    assert await told(scene, EVE) == [("shift", 1, ("Ann", "Bo")), ("shift", 3, ())]
    assert await told(scene, CY) == []
    async with scene.units.writing("off") as unit:
        await unit.tx.change(update(Slot).where(col(Slot.id) == 3).values(state="cancelled"))
    (shift,) = await shown(scene, EVE)
    assert (shift.uid, shift.staff, shift.at) == ("shift-1@duologue", ("Eve",), NOON)


async def test_a_studio(scene: Scene) -> None:
    """Each slot by its state, who records and who runs it; free times that are past are left out."""
    await scene.booked(1)
    await scene.hold(CY, 3)
    await with_staff(scene, EVE, 1)
    async with scene.units.writing("states") as unit:
        await unit.tx.change(update(Slot).where(col(Slot.id) == 4).values(state="draft", staff_needed=2))
    assert await told(scene, OWNER, 1) == [
        ("taken", 1, ("Ann", "Bo")),
        ("free", 2, ()),
        ("taken", 3, ("Cy", "Di")),
        ("planned", 4, ()),
    ]
    found = await shown(scene, OWNER, 1)
    assert [(one.staff, one.needed) for one in found] == [(("Eve",), 0), ((), 0), ((), 0), ((), 2)]
    scene.clock.now = MONDAY + 9 * HOUR
    assert [slot for _, slot, _ in await told(scene, OWNER, 1)] == [1, 3]
    async with scene.units.writing("off") as unit:
        await unit.tx.change(update(Slot).values(state="cancelled"))
    assert await told(scene, OWNER, 1) == []
