"""Messages about shifts: who of the staff runs which slot."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from bot.services.messages.base import Lane, Message
from bot.services.messages.slots import SlotView
from bot.services.messages.strikes import Begun


@dataclass(frozen=True)
class ShiftView:
    """A slot as one of the staff is asked for it: the state of their shift, and whether it has its people."""

    shift_id: int
    state: str
    slot: SlotView
    full: bool = False


@dataclass(frozen=True)
class ShiftRequest(Message):
    """Can you run these sessions? Some of the slots of a batch, each with its own answer."""

    batch_id: int
    card: int
    city_names: dict[str, str]
    zone: str
    needed: int
    shifts: tuple[ShiftView, ...]


@dataclass(frozen=True)
class ShiftReminder(Message):
    """Still open: the next few shifts of a batch to answer; `more` come when these are answered."""

    batch_id: int
    city_names: dict[str, str]
    shifts: tuple[ShiftView, ...]
    more: int = 0


@dataclass(frozen=True)
class ShiftWanted(Message):
    """One session has lost somebody of its staff: who can step in? Later: what the person answered."""

    lane: ClassVar[Lane] = Lane.IMMINENT

    shift: ShiftView
    fresh: bool = False
    """Asked now, whatever the person said before."""


@dataclass(frozen=True)
class ShiftsCancelled(Message):
    """Sessions that somebody of the staff had confirmed do not take place."""

    slots: tuple[SlotView, ...]


@dataclass(frozen=True)
class StaffGone(Message):
    """Coordinators: a booked session has lost somebody of its staff; so many confirmed, so many needed.

    Without a `person` it still lacks people. `decide`: there is nobody left to ask or no time left, so it is
    theirs to say whether it takes place; `confirming`: whether it shall really be called off.
    """

    lane: ClassVar[Lane] = Lane.IMMINENT

    slot: SlotView
    person: str
    confirmed: int
    needed: int
    asked: int
    decide: bool = False
    confirming: bool = False


@dataclass(frozen=True)
class StaffSettled(Message):
    """Coordinators: what became of a session that had lost somebody of its staff.

    `how` is `found` (somebody, `person`, takes over), `fewer` (it runs with those who are left) or `off`.
    """

    slot: SlotView
    how: str
    person: str = ""
    confirmed: int = 0


@dataclass(frozen=True)
class StaffShort(Message):
    """Coordinators: all were asked, and these sessions still lack people."""

    batch_id: int
    slots: tuple[SlotView, ...]
    more: int = 0


@dataclass(frozen=True)
class Load:
    """Hours of sessions that somebody runs in the two weeks before and after now, and their colleagues' median."""

    own: timedelta
    others: timedelta


@dataclass(frozen=True)
class Today(Message):
    """The shifts of one of the staff: to answer and confirmed; `begun`: where somebody may be missing.

    `load` is None for who has no colleagues, and where nobody has anything.
    """

    to_answer: tuple[ShiftView, ...]
    confirmed: tuple[ShiftView, ...]
    more: int = 0
    begun: tuple[Begun, ...] = ()
    load: Load | None = None
    calendar: bool = False
