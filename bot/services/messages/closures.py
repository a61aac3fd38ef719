"""Messages about rooms that are closed for a while."""

from dataclasses import dataclass
from datetime import datetime

from bot.services.messages.base import Message
from bot.services.messages.slots import SlotView
from bot.services.messages.studios import StudioView


@dataclass(frozen=True)
class ClosureView:
    """A closed room (by number; None: every one) of a studio, from when to when, and why."""

    closure_id: int
    studio: StudioView
    room: int | None
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Touched:
    """A session that a pair has booked or holds, and who they are."""

    slot: SlotView
    names: tuple[str, ...]


@dataclass(frozen=True)
class ClosurePreview(Message):
    """What closing would touch; nothing has happened yet.

    `free` sessions that nobody has booked, `booked` ones, and `waiting` pairs on their waitlists. `running`
    sessions have begun and go on. `more` bookings have come since the coordinator was last shown this.
    """

    closure: ClosureView
    free: int
    booked: tuple[Touched, ...] = ()
    waiting: int = 0
    running: int = 0
    more: int = 0


@dataclass(frozen=True)
class ClosureCard(Message):
    """What became of a closure: "applied", "dropped", "lifted" or, if it is only shown, "".

    With it `free` and `booked` sessions were cancelled.
    """

    closure: ClosureView
    what: str = ""
    free: int = 0
    booked: int = 0


@dataclass(frozen=True)
class ClosureList(Message):
    """What is closed in a studio now and later."""

    studio: StudioView
    closures: tuple[ClosureView, ...]


@dataclass(frozen=True)
class AskClosure(Message):
    """One question on the way to closing rooms for a while: `room`, `dates` or `reason`."""

    studio: StudioView
    step: str
    options: tuple[str, ...] = ()
