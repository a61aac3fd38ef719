"""Messages about shifts: who of the staff runs which slot."""

from dataclasses import dataclass
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
    """Coordinators: a booked session has lost somebody of its staff; so many confirmed, so many needed."""

    slot: SlotView
    person: str
    confirmed: int
    needed: int
    asked: int


@dataclass(frozen=True)
class Today(Message):
    """The shifts of one of the staff: to answer and confirmed; `begun`: where somebody may be missing."""

    to_answer: tuple[ShiftView, ...]
    confirmed: tuple[ShiftView, ...]
    more: int = 0
    begun: tuple[Begun, ...] = ()
