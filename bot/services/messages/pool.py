"""Messages about the pool as coordinators see it: numbers a city, who waits there, and pairs made by hand."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.services.messages.base import Message


@dataclass(frozen=True)
class PoolCity:
    """One city's part of the pool; `code` is empty for people of no city yet.

    `engaged` look at a proposal just now. `stuck` have nobody who is possible, `most` of them because of
    `obstacle` (a `bot.rules.pairing.NoneYet`).
    """

    code: str
    names: dict[str, str]
    waiting: int
    longest: timedelta | None = None
    engaged: int = 0
    stuck: int = 0
    obstacle: str = ""
    most: int = 0


@dataclass(frozen=True)
class PoolNumbers(Message):
    """The pool, city by city."""

    cities: tuple[PoolCity, ...] = ()


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits, as a coordinator may know them.

    `against` are `bot.rules.by_hand.Against` beside somebody else, and `possible` whether they may be proposed.
    """

    person_id: int
    name: str
    waited: timedelta
    city: str = ""
    names: dict[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    dialect: str | None = None
    cells: tuple[int, ...] | None = None
    against: tuple[str, ...] = ()
    possible: bool = True


@dataclass(frozen=True)
class PoolWaiting(Message):
    """Who waits in a city, a page of them, longest first."""

    code: str
    names: dict[str, str]
    people: tuple[Waiter, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class PoolChoice(Message):
    """Whom to propose to `first`: a page of the others, those against whom least speaks first."""

    first: Waiter
    others: tuple[Waiter, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class PoolPreview(Message):
    """The two, to look at before they are proposed to each other; what speaks against stands at `second`."""

    first: Waiter
    second: Waiter


@dataclass(frozen=True)
class PoolProposed(Message):
    """They are proposed to each other, and have until then to say yes."""

    first: str
    second: str
    code: str
    expires_at: datetime | None
    zone: str
