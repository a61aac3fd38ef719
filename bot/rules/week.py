"""The week that somebody ticks: a grid of seven days with three parts each, kept as hours of the week.

An hour of the week is 0 (Monday 00:00 by the city's clock) to 167; no set of hours at all (``None``) is any time.

The parts are 08-13, 13-18 and 18-23. A room's usual sessions of three hours (09, 14 and 18 o'clock) each lie in
one part; each part holds a session with an hour to spare on either side; and two ticked parts of a day leave no
gap, so that a session from 12 to 15 fits in a morning and an afternoon. Nights have no button: who records then
is there at any time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.rules.errors import DomainError

PARTS = ((8, 13), (13, 18), (18, 23))
"""First hour, and the hour after the last, of a morning, an afternoon, an evening."""

DAYS = 7
CELLS = DAYS * len(PARTS)

Hours = frozenset[int] | None
"""Hours of the week; ``None`` is any time."""


class NoSuchChoice(DomainError):
    """The grid has no such button."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a press of the grid makes of a week.

    `hours` is what holds from now on. `empty`: nothing would be left, which nobody can be found with; so
    `hours` stays as it was, and the grid shows no tick until something is chosen.
    """

    hours: Hours
    empty: bool = False


def cell(day: int, part: int) -> int:
    """The number of a part of a day: 0 is Monday morning, 20 Sunday evening."""
    return day * len(PARTS) + part


def cell_hours(number: int) -> frozenset[int]:
    """The hours of the week that a cell stands for."""
    day, part = divmod(number, len(PARTS))
    first, end = PARTS[part]
    return frozenset(range(day * 24 + first, day * 24 + end))


def day_hours(day: int) -> frozenset[int]:
    """The hours of all parts of a day, 0 being Monday."""
    return frozenset().union(*(cell_hours(cell(day, part)) for part in range(len(PARTS))))


SHORTCUTS: dict[str, frozenset[int]] = {
    **{f"day{day}": frozenset(cell(day, part) for part in range(len(PARTS))) for day in range(DAYS)},
    "evenings": frozenset(cell(day, 2) for day in range(DAYS)),
    "weekend": frozenset(cell(day, part) for day in (5, 6) for part in range(len(PARTS))),
}
"""Cells that are ticked at once."""


def ticked(hours: Hours) -> frozenset[int]:
    """The cells all of whose hours are in a week; any time ticks every one."""
    if hours is None:
        return frozenset(range(CELLS))
    return frozenset(number for number in range(CELLS) if cell_hours(number) <= hours)


def week_of(cells: Iterable[int]) -> Hours:
    """The hours of the week of cells; all of them are any time."""
    chosen = frozenset(cells)
    if len(chosen) == CELLS:
        return None
    return frozenset(hour for number in chosen for hour in cell_hours(number))


def press(hours: Hours, choice: str) -> Pressed:
    """What a press makes of the week `hours`; it says what shall be, not what shall change, so twice is as once.

    ``+5`` and ``-5`` tick and untick a cell, ``=5`` ticks it alone: what a grid without a tick offers. A word of
    `SHORTCUTS` in place of the number stands for its cells; where any time holds, they are all that is
    meant: who taps "evenings" there can in the evening. ``any`` is any time, ``clear`` the grid without a
    tick. Raises `NoSuchChoice`.
    """
    if choice == "any":
        return Pressed(None)
    if choice == "clear":
        return Pressed(hours, empty=True)
    sign, cells = choice[:1], _named(choice[1:])
    if sign == "+":
        return Pressed(_with(hours, cells, alone=choice[1:] in SHORTCUTS))
    if sign == "=":
        return Pressed(week_of(cells))
    if sign == "-":
        left = ticked(hours) - cells
        return Pressed(week_of(left)) if left else Pressed(hours, empty=True)
    raise NoSuchChoice


def _with(hours: Hours, cells: frozenset[int], *, alone: bool) -> Hours:
    """A week with these cells ticked too; `alone`: beside any time, they are all that is meant."""
    if hours is None:
        return week_of(cells) if alone else None
    return week_of(ticked(hours) | cells)


def _named(name: str) -> frozenset[int]:
    """The cells of a shortcut, or the one of a number."""
    if name in SHORTCUTS:
        return SHORTCUTS[name]
    if name.isascii() and name.isdigit() and len(name) <= 2 and int(name) < CELLS:
        return frozenset({int(name)})
    raise NoSuchChoice
