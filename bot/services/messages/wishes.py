"""Messages about waiting for any time of a kind: choosing which, being on the list, how it ended."""

from dataclasses import dataclass, field
from datetime import date, datetime

from bot.services.messages.base import Message
from bot.services.messages.people import CityChoice
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class WishView:
    """What a pair waits for: a part of the day, kinds of days, until a day, in a city."""

    wish_id: int
    city: str
    city_names: dict[str, str]
    part: str
    days: str
    until: date
    zone: str = "UTC"


@dataclass(frozen=True)
class WishLine:
    """One wish in the overview; `position` among the pairs that could want the same. `asked`: it is on offer now."""

    wish: WishView
    position: int
    asked: bool = False


@dataclass(frozen=True)
class AskWish(Message):
    """One question on the way to waiting for any time of a kind: the `step`, with the answers so far.

    Steps are `city`, `part`, `days` and `until` (then `dates` are offered).
    """

    step: str
    cities: tuple[CityChoice, ...] = ()
    city: str = ""
    city_names: dict[str, str] = field(default_factory=dict)
    part: str = ""
    days: str = ""
    dates: tuple[date, ...] = ()


@dataclass(frozen=True)
class WishNoted(Message):
    """The pair waits; `you` asked for it, or the partner did. `free` could be taken at once."""

    wish: WishView
    position: int
    partner: str
    you: bool = True
    free: tuple[SlotView, ...] = ()


@dataclass(frozen=True)
class WishLeft(Message):
    """The pair waits for it no longer; `you` ended it, or the partner did."""

    wish: WishView
    partner: str
    you: bool = True


@dataclass(frozen=True)
class WishEnded(Message):
    """It ended by itself: `met` by a session that stands, `silent` (nobody answers), or `over` (the day is past)."""

    wish: WishView
    why: str


@dataclass(frozen=True)
class FirstWave(Message):
    """The time is kept for those who have waited longest until `opens_at` (None: it is being announced just now).

    `part` and `days` are what it would be to wait for such a time.
    """

    slot: SlotView
    opens_at: datetime | None
    part: str
    days: str
