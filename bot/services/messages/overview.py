"""Messages to coordinators about everything at once: what waits for a human, and numbers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services.messages.base import Message
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class Stuck:
    """So many samples that nobody hears, the longest of them since `since`; the languages they are in."""

    count: int = 0
    since: datetime | None = None
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unconfirmed:
    """A session that is near, and who has not said yet that they come."""

    slot: SlotView
    silent: tuple[str, ...]


@dataclass(frozen=True)
class Understaffed:
    """A session to come with fewer staff than it needs."""

    slot: SlotView
    confirmed: int
    needed: int


@dataclass(frozen=True)
class SetAside:
    """An update that could not be handled: whose it is if that is known, what it was, when it came, and why.

    `row_id` is what it is called everywhere; `unreadable` if it was not even understood.
    """

    row_id: int
    what: str
    since: datetime
    name: str = ""
    reason: str = ""
    unreadable: bool = False


@dataclass(frozen=True)
class Pending(Message):
    """What waits for a human. The lists show the nearest; `more_…` tells how many are left out."""

    at: datetime
    samples: Stuck
    appeals: Stuck
    in_group: bool = False
    unconfirmed: tuple[Unconfirmed, ...] = ()
    more_unconfirmed: int = 0
    understaffed: tuple[Understaffed, ...] = ()
    more_understaffed: int = 0
    set_aside: tuple[SetAside, ...] = ()
    more_set_aside: int = 0
    failed: int = 0
    uncertain: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class CityNumbers:
    """The funnel of one city, in people; `sessions` to come."""

    names: dict[str, str]
    code: str
    began: int
    approved: int
    paired: int
    sessions: int


@dataclass(frozen=True)
class Funnel(Message):
    """How far how many people came. `in_review` and `sessions` are as of now, the others ever."""

    began: int
    onboarded: int
    sent: int
    refused: int
    in_review: int
    rejected: int
    approved: int
    waiting: int
    paired: int
    booked: int
    sessions: int
    to_decision: timedelta | None = None
    cities: tuple[CityNumbers, ...] = ()


@dataclass(frozen=True)
class LaneNumbers:
    """Messages of one urgency: waiting now and the oldest one's age, and how the last day's ended."""

    lane: int
    waiting: int = 0
    sent: int = 0
    blocked: int = 0
    failed: int = 0
    uncertain: int = 0
    oldest: timedelta | None = None


@dataclass(frozen=True)
class KindNumbers:
    """So many messages of a kind."""

    kind: str
    count: int


@dataclass(frozen=True)
class CheckNumbers:
    """How long samples waited for their checks' verdict."""

    count: int
    usual: timedelta
    longest: timedelta


@dataclass(frozen=True)
class RunNumbers:
    """What the program has counted in the `span` since it was started, see `bot.services.pulse.Pulse`."""

    span: timedelta
    held: int = 0
    again: int = 0
    rung: int = 0
    punctual: int = 0
    latest: timedelta = timedelta()


@dataclass(frozen=True)
class DeliveryNumbers(Message):
    """How messages, updates, timers and jobs flow.

    Ages are None where nothing waits. `uncertain` are the last day's messages for which it ever was open whether
    they arrived, by kind; `unread` and `checks` are the last day's too.
    """

    lanes: tuple[LaneNumbers, ...]
    updates: int = 0
    oldest_update: timedelta | None = None
    set_aside: int = 0
    timers: int = 0
    overdue: int = 0
    jobs: int = 0
    unread: int = 0
    uncertain: tuple[KindNumbers, ...] = ()
    checks: CheckNumbers | None = None
    run: RunNumbers | None = None
