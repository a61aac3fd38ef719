"""Messages about the week in which somebody can record."""

from dataclasses import dataclass

from bot.services.messages.base import Message


@dataclass(frozen=True)
class WeekGrid(Message):
    """The week to tick: `cells` as `bot.rules.week.ticked` numbers them.

    `empty`: the grid stands without a tick, and nothing was kept of that. `looking`: the person is in the pool.
    """

    cells: tuple[int, ...]
    empty: bool = False
    looking: bool = False


@dataclass(frozen=True)
class WeekKept(Message):
    """The week as it stands from now on."""

    cells: tuple[int, ...]
    looking: bool = False
