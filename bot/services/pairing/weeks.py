"""The hours of the week at which somebody can record, ticked in a grid; each press is kept at once."""

from bot.rules import week
from bot.rules.week import Hours
from bot.services import audit, people
from bot.services.messages.week import WeekGrid, WeekKept
from bot.services.pairing import pool
from bot.services.people import Person
from bot.services.unit import Unit


def hours_of(person: Person) -> Hours:
    """The hours of the week at which somebody can record; None is any time."""
    return None if person.hours is None else frozenset(person.hours)


def cells_of(person: Person) -> tuple[int, ...]:
    """The same as ticked cells, in the order of the week."""
    return tuple(sorted(week.ticked(hours_of(person))))


async def grid(unit: Unit, person: Person) -> WeekGrid:
    """The grid as it stands. Raises `NotApprovedYet` or `ConsentLapsed`."""
    await pool.check_may_pair(unit, person)
    return WeekGrid(cells_of(person), looking=await pool.since(unit, person) is not None)


async def press(unit: Unit, person: Person, choice: str) -> WeekGrid:
    """Do what a button of the grid says and give the grid as it stands then; an empty week is not kept.

    Raises `NoSuchChoice`, `NotApprovedYet` and `ConsentLapsed`.
    """
    shown = await grid(unit, person)
    before = hours_of(person)
    pressed = week.press(before, choice)
    if pressed.hours != before:
        hours = None if pressed.hours is None else sorted(pressed.hours)
        await people.change(unit, person, hours=hours)
        await audit.record(unit, f"person:{person.id}", "person.week", actor=person.id, choice=choice)
        if shown.looking:
            await pool.solve_soon(unit)
    return WeekGrid(() if pressed.empty else cells_of(person), pressed.empty, shown.looking)


async def done(unit: Unit, person: Person) -> WeekKept:
    """The week that was ticked, to look at once more."""
    shown = await grid(unit, person)
    return WeekKept(shown.cells, shown.looking)
