"""Messages about slots: planning them, opening them, telling whom they are for."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar

from bot.services.messages.base import IfUncertain, Lane, Message
from bot.services.messages.people import CityChoice


@dataclass(frozen=True)
class SlotView:
    """A slot as people are shown it: when, in the studio's `zone`, and where."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    studio: dict[str, str]
    """The studio's name by language."""
    city: str
    address: str = ""
    map_url: str = ""
    room: int = 1
    """The room's number in its studio."""
    room_count: int = 1
    """How many rooms the studio has: with one, its number is not worth a word."""
    city_names: dict[str, str] = field(default_factory=dict)
    state: str = "open"
    busy_from: datetime | None = None
    """When setting up begins, for the staff; None: when the session does."""


@dataclass(frozen=True)
class AskPlan(Message):
    """One question on the way to new slots (`step`), with the answers so far and what is offered as buttons."""

    step: str
    answers: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    cities: tuple[CityChoice, ...] = ()
    city_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """What a coordinator planned: every time on every day, in each of `rooms` rooms.

    `first` and `last` are days, `times` times of day, all as the studio's clocks show them.
    """

    city: str
    city_names: dict[str, str]
    zone: str
    first: date
    last: date
    times: tuple[str, ...]
    length: timedelta
    rooms: int
    skip: tuple[date, ...] = ()
    """Days in between that are left out."""

    @property
    def days(self) -> int:
        """How many days, the first and the last included."""
        return (self.last - self.first).days + 1 - len(self.skip)


@dataclass(frozen=True)
class BatchPreview(Message):
    """What would be created.

    Left out are `past`, `clashes`, `tight` and `closed` (counts), and `nonexistent` local times. `tight` leave
    less than `gap` minutes to clean up and set up. `staff_needed` a slot, of `staff` who hold the role in the city. Of
    local times that clocks show `twice`, the first are meant.
    """

    batch_id: int
    grid: Grid
    count: int
    past: int = 0
    clashes: int = 0
    nonexistent: tuple[str, ...] = ()
    staff_needed: int = 0
    staff: int = 0
    tight: int = 0
    gap: int = 0
    closed: int = 0
    wave: timedelta | None = None
    """The head start, if these times can be opened in waves."""
    twice: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchDropped(Message):
    """The preview was thrown away."""

    grid: Grid


@dataclass(frozen=True)
class Lack:
    """So many slots that lack so many people."""

    slots: int
    people: int


@dataclass(frozen=True)
class AnnouncementReport:
    """What came of one announcement: people told, messages sent, opened by a button, sessions booked.

    `opens_at` while only the first wave can book.
    """

    at: datetime
    told: int
    sent: int
    opened: int
    booked: int
    opens_at: datetime | None = None


@dataclass(frozen=True)
class BatchCard(Message):
    """How far a batch is: `free`, `taken` and lacking staff, of those that have not begun.

    `skipped` could not be created, since something stood there meanwhile. `confirming`: the coordinator is
    asked whether the free ones shall really be taken back.
    """

    batch_id: int
    grid: Grid
    total: int
    free: int
    taken: int
    lacks: tuple[Lack, ...] = ()
    skipped: int = 0
    staff: int = 0
    staff_needed: int = 0
    announced_at: datetime | None = None
    confirming: bool = False
    reports: tuple[AnnouncementReport, ...] = ()


@dataclass(frozen=True)
class OpeningsDay:
    """One day of a city: how many slots are free, taken, and lack staff."""

    day: date
    free: int
    taken: int
    lacking: int


@dataclass(frozen=True)
class CityOpenings:
    """What is ahead in a city; `more` days are not shown."""

    code: str
    names: dict[str, str]
    days: tuple[OpeningsDay, ...]
    more: int = 0
    zone: str = "UTC"
    reports: tuple[AnnouncementReport, ...] = ()


@dataclass(frozen=True)
class Openings(Message):
    """Open slots by city and day."""

    cities: tuple[CityOpenings, ...]


@dataclass(frozen=True)
class SlotsOpened(Message):
    """Times can be booked: `count` of them between `first` and `last`, the earliest as buttons.

    Who has no partner yet (`paired` is false) is told to find one. `first_until`: until then only the first
    wave, and so the reader, can book them.
    """

    lane: ClassVar[Lane] = Lane.BROADCAST
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.NEVER

    city_names: dict[str, str]
    count: int
    first: datetime
    last: datetime
    zone: str
    slots: tuple[SlotView, ...]
    paired: bool
    again: bool = False
    first_until: datetime | None = None
