"""Messages about when one of the staff can work."""

from dataclasses import dataclass
from datetime import date

from bot.services.messages.base import Message


@dataclass(frozen=True)
class CityWeek:
    """The week of one of the staff in a city: `cells` as `bot.rules.week.ticked` numbers them."""

    code: str
    names: dict[str, str]
    cells: tuple[int, ...]


@dataclass(frozen=True)
class OffSpan:
    """Days off, from the first to the last."""

    off_id: int
    first: date
    last: date


@dataclass(frozen=True)
class DutyTimes(Message):
    """When somebody can work: their week in each of their cities and their days off.

    `running`: so many sessions on those days they have confirmed.
    """

    weeks: tuple[CityWeek, ...]
    off: tuple[OffSpan, ...] = ()
    running: int = 0


@dataclass(frozen=True)
class DutyWeek(Message):
    """The week in one city to tick. `empty`: the grid stands without a tick, and nothing was kept of that."""

    week: CityWeek
    empty: bool = False


@dataclass(frozen=True)
class AskDaysOff(Message):
    """On which days can you not work?"""
