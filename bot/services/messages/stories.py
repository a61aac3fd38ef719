"""Messages to coordinators about one person: the search, and the whole story on pages."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.services.messages.base import Message
from bot.services.messages.bookings import Money, StrikeLine, Strikes
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class Found:
    """One person that a search found."""

    person_id: int
    name: str
    username: str | None = None


@dataclass(frozen=True)
class AskPerson(Message):
    """Whom to look for: typed, or a list by a button."""


@dataclass(frozen=True)
class FoundPeople(Message):
    """Who was found: by words (`query`), or a list (`view`: `recent` or `strikes`); `more` are left out."""

    query: str
    people: tuple[Found, ...]
    more: int = 0
    view: str = ""


@dataclass(frozen=True)
class Head:
    """Who it is, on top of every page; `blocked` by strikes."""

    person_id: int
    telegram_id: int
    name: str
    username: str | None
    zone: str
    blocked: bool = False


@dataclass(frozen=True)
class PersonCard(Message):
    """Where somebody stands: `new`, `onboarded`, `approved`, in the `pool` (looking), or a `pair` (with `partner`)."""

    head: Head
    stands: str
    since: datetime
    seen: datetime
    reachable: bool
    roles: tuple[str, ...] = ()
    city: str | None = None
    city_names: dict[str, str] = field(default_factory=dict)
    speaks: tuple[str, ...] = ()
    dialect: str | None = None
    partner: str = ""
    sample: str | None = None
    """The state of the newest sample."""
    sessions: int = 0
    """To come."""
    strikes: Strikes | None = None


@dataclass(frozen=True)
class SampleLine:
    """One sample: when it came, how it stands, why it was rejected."""

    at: datetime
    state: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class PersonSamples(Message):
    """The samples of somebody, the latest first; `more` are left out."""

    head: Head
    samples: tuple[SampleLine, ...]
    more: int = 0


@dataclass(frozen=True)
class SessionLine:
    """One booking: where it stands, with whom; `left` if it went on without the person, `missable` if begun."""

    booking_id: int
    slot: SlotView
    state: str
    partner: str
    left: bool = False
    missable: bool = False
    pay: Money | None = None
    correction: Money | None = None
    """What a coordinator may add to set right what is owed: below zero takes back."""


@dataclass(frozen=True)
class PersonSessions(Message):
    """The bookings of somebody, the latest first; `more` are left out."""

    head: Head
    sessions: tuple[SessionLine, ...]
    more: int = 0


@dataclass(frozen=True)
class PersonStrikes(Message):
    """The strikes of somebody, and what they come to; `more` are left out."""

    head: Head
    strikes: Strikes
    lines: tuple[StrikeLine, ...]
    more: int = 0


@dataclass(frozen=True)
class DutyLine:
    """One shift of somebody of the staff."""

    slot: SlotView
    state: str


@dataclass(frozen=True)
class PersonShifts(Message):
    """The shifts of somebody, the latest first; `more` are left out."""

    head: Head
    shifts: tuple[DutyLine, ...]
    more: int = 0


@dataclass(frozen=True)
class LogLine:
    """One row of the audit trail: when, what happened to what, by whom (empty: by itself), and why if that is kept."""

    at: datetime
    event: str
    subject: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class PersonLog(Message):
    """A page of what happened around somebody, the latest first."""

    head: Head
    lines: tuple[LogLine, ...]
    page: int = 0
    more: bool = False


@dataclass(frozen=True)
class AskReason(Message):
    """Why is this lifted? The next typed words answer. `strike` is the one, None: what blocks the person."""

    head: Head
    strike: StrikeLine | None = None


@dataclass(frozen=True)
class Lifted(Message):
    """So many strikes were lifted, and the person was told why."""

    head: Head
    count: int
    reason: str


@dataclass(frozen=True)
class AskCorrection(Message):
    """Why is `money` owed for this session, or taken back (below zero)? The next typed words answer."""

    head: Head
    slot: SlotView
    money: Money


@dataclass(frozen=True)
class Corrected(Message):
    """`money` is owed now, or taken back (below zero), and the person was told why."""

    head: Head
    money: Money
    reason: str
