"""The week that somebody ticks: kept at each press, audited, and what the pool makes of it."""

import pytest
from sqlmodel import select

from bot.rules import week
from bot.services import people
from bot.services.messages.partners import Help
from bot.services.messages.week import WeekGrid, WeekKept
from bot.services.pairing import partners, pool, weeks
from bot.services.pairing.pool import NotApprovedYet
from bot.services.unit import Units
from storage.tables import Audit
from tests.helpers import MovableClock, a_person, a_studio, an_approved, ring

SATURDAY = week.cell(5, 0)


async def test_a_press_is_kept_and_audited_and_an_empty_week_is_not(units: Units) -> None:
    """The row holds the hours; the last tick stays when it is taken away, and a press that changes nothing is none."""
    async with units.writing("t") as unit:
        ann = await an_approved(unit, 11)
        assert await weeks.grid(unit, ann) == WeekGrid(tuple(range(21)))
        assert await weeks.press(unit, ann, f"={SATURDAY}") == WeekGrid((SATURDAY,))
        assert await weeks.press(unit, ann, f"={SATURDAY}") == WeekGrid((SATURDAY,))
        assert await weeks.press(unit, ann, f"-{SATURDAY}") == WeekGrid((), empty=True)
        assert await weeks.done(unit, ann) == WeekKept((SATURDAY,))
        stored = await people.by_id(unit, ann.id)
        assert stored.hours == list(range(128, 133))
        rows = await unit.tx.all(select(Audit).where(Audit.event == "person.week"))
        assert [(row.subject, row.actor_id, row.data) for row in rows] == [
            (f"person:{ann.id}", ann.id, {"choice": f"={SATURDAY}"})
        ]
        await weeks.press(unit, ann, "any")
        assert (await people.by_id(unit, ann.id)).hours is None


async def test_the_week_is_for_approved_people(units: Units) -> None:
    """Looking at it, pressing it and being done with it alike."""
    async with units.writing("t") as unit:
        new = await a_person(unit, 11)
        for ask in (weeks.grid(unit, new), weeks.press(unit, new, "any"), weeks.done(unit, new)):
            with pytest.raises(NotApprovedYet):
                await ask


async def test_more_hours_are_looked_at_at_once(units: Units, clock: MovableClock) -> None:
    """Two that never meet stay alone; a tick more of one who is in the pool, and they are proposed."""
    async with units.writing("t") as unit:
        await a_studio(unit)
        ann, bo = [await an_approved(unit, n, city="beijing") for n in (11, 12)]
        for person, part in ((ann, 0), (bo, 2)):
            await weeks.press(unit, person, f"={week.cell(5, part)}")
            await pool.join(unit, person)
        why = await partners.why(unit, ann)
        assert why is not None
        assert (why.reason, why.helps) == ("no_common_hours", (Help("day", "5", 1),))
        own, everybody = await pool.seen_by(unit, ann)
        assert own.availability == week.cell_hours(SATURDAY)
        assert [one.person for one in everybody] == [ann.id, bo.id]
    clock.forward(seconds=3)
    await ring(units)
    async with units.writing("more") as unit:
        assert await weeks.press(unit, ann, "+day5") == WeekGrid((15, 16, 17), looking=True)
        assert await pool.next_round(unit) == unit.now + pool.SOON
