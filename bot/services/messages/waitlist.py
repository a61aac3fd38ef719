"""Messages about the waitlist (候补): waiting for a taken slot, being offered it, what became of that."""

from dataclasses import dataclass
from datetime import datetime

from bot.services.messages.base import Message
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class WaitNoted(Message):
    """The pair is on the list, at this position; `you` put it there, or the partner did."""

    slot: SlotView
    position: int
    partner: str
    you: bool = True


@dataclass(frozen=True)
class WaitNotNeeded(Message):
    """The slot is free by now: it can be booked."""

    slot: SlotView


@dataclass(frozen=True)
class WaitLeft(Message):
    """The pair is off the list; `you` took it off, or the partner did."""

    slot: SlotView
    partner: str
    you: bool = True


@dataclass(frozen=True)
class SlotOffered(Message):
    """A slot is free, and this pair is the next: yes or no until then.

    `wish`: it waits for any of this kind. `reserve`: it is in reserve for that day.
    """

    waiting_id: int
    slot: SlotView
    until: datetime
    wish: bool = False
    reserve: bool = False


@dataclass(frozen=True)
class OfferTaken(Message):
    """What becomes of the offer's card once somebody said yes."""

    slot: SlotView


@dataclass(frozen=True)
class OfferEnded(Message):
    """The offer is gone: `declined` by `you` or the partner, or `lapsed`.

    `wish`: the pair waits on for others. `reserve`: it stays in reserve for that day.
    """

    slot: SlotView
    why: str
    partner: str
    you: bool = False
    wish: bool = False
    reserve: bool = False


@dataclass(frozen=True)
class WaitOver(Message):
    """The slot did not become free in time, or was cancelled (`gone`)."""

    slot: SlotView
    gone: bool = False
