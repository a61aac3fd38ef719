"""Messages about being in reserve for a day: which days, that one is, that one is not any more."""

from dataclasses import dataclass
from datetime import date

from bot.services.messages.base import Message


@dataclass(frozen=True)
class ReserveDay:
    """A day and how many places it has left; `mine`: the pair has one of them."""

    day: date
    left: int
    mine: bool = False


@dataclass(frozen=True)
class AskReserve(Message):
    """For which day? Days on which either has a session are not among them."""

    city: str
    city_names: dict[str, str]
    days: tuple[ReserveDay, ...]
    partner: str


@dataclass(frozen=True)
class ReserveLine:
    """A day for which a pair is in reserve."""

    reserve_id: int
    city: str
    city_names: dict[str, str]
    day: date


@dataclass(frozen=True)
class ReserveNoted(Message):
    """The pair is in reserve; `you` asked for it, or the partner did."""

    line: ReserveLine
    partner: str
    you: bool = True


@dataclass(frozen=True)
class ReserveLeft(Message):
    """Not in reserve any more; `you` ended it, or the partner did."""

    line: ReserveLine
    partner: str
    you: bool = True
