"""Messages about bookings: free times, holds, confirmations, reminders, cancelling, moving, rescue."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from bot.services.messages.base import IfUncertain, Lane, Message
from bot.services.messages.people import CityChoice
from bot.services.messages.reserves import ReserveLine
from bot.services.messages.slots import SlotView
from bot.services.messages.wishes import WishLine


@dataclass(frozen=True)
class Moving:
    """A booking that is to be moved: where it stands, and whether moving it now is a strike."""

    booking_id: int
    slot: SlotView
    costs_strike: bool = False


@dataclass(frozen=True)
class Strikes:
    """What somebody's late cancellations and no-shows came to.

    `blocked_until` says something only if `blocked`; None means for good.
    """

    count: int
    limit: int
    blocked: bool = False
    blocked_until: datetime | None = None


@dataclass(frozen=True)
class Money:
    """An amount in minor units of a currency (ISO 4217)."""

    amount: int
    currency: str


@dataclass(frozen=True)
class StrikeLine:
    """One strike: what for, when, and what it `does` now: `counts`, `blocks`, `spent` or `lifted` (and why)."""

    strike_id: int
    kind: str
    slot: SlotView
    at: datetime
    does: str
    reason: str = ""


@dataclass(frozen=True)
class FreeTimes(Message):
    """One page of free slots, and of taken ones that one can wait for, in the order of their time.

    `later` is where the next page begins, `first` whether this is the first one. With `moving`, what is pressed
    is a new time for that booking, `elsewhere` are other cities with free ones, and `city` is the one that was
    asked for (empty: the pair's own).
    """

    slots: tuple[SlotView, ...]
    partner: str
    hold: timedelta | None
    later: datetime | None = None
    first: bool = True
    moving: Moving | None = None
    elsewhere: tuple[CityChoice, ...] = ()
    city: str = ""
    reserve: bool = False
    """Whether one can be in reserve for a day."""


@dataclass(frozen=True)
class HoldPlaced(Message):
    """To who took a slot: it is held, and the partner is asked."""

    booking_id: int
    slot: SlotView
    partner: str
    until: datetime
    instead_of: SlotView | None = None


@dataclass(frozen=True)
class HoldAsked(Message):
    """To the partner: will you come then?"""

    booking_id: int
    slot: SlotView
    partner: str
    until: datetime
    instead_of: SlotView | None = None


@dataclass(frozen=True)
class HoldAgreed(Message):
    """What becomes of the question once it is answered with yes."""

    slot: SlotView


@dataclass(frozen=True)
class HoldEnded(Message):
    """A hold came to nothing: `declined`, `withdrawn` or `expired`; `you` did it. `kept` is what stays."""

    slot: SlotView
    why: str
    you: bool
    partner: str
    kept: SlotView | None = None


@dataclass(frozen=True)
class BookingConfirmed(Message):
    """The session stands. `free_until` is when cancelling begins to cost, None if it never does or does already."""

    booking_id: int
    slot: SlotView
    partner: str
    free_until: datetime | None = None
    instead_of: SlotView | None = None
    strikes: Strikes | None = None
    """For who moved too late."""
    stand_in: bool = False
    """The partner is a stand-in who was found for this session."""


@dataclass(frozen=True)
class CalendarFile(Message):
    """The session for a phone's calendar; `cancelled` takes it out again."""

    uid: str
    sequence: int
    slot: SlotView
    made_at: datetime
    cancelled: bool = False
    alarms: tuple[timedelta, ...] = ()
    """How long before the start the phone shall speak up."""
    partner: str = ""
    """With whom; not said of a session that is taken out."""


@dataclass(frozen=True)
class Reminder(Message):
    """The session is near. It `asks` whether the person comes; the `last` one carries address and map."""

    lane: ClassVar[Lane] = Lane.REMINDER
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.ONCE_MORE

    booking_id: int
    slot: SlotView
    partner: str
    asks: bool
    last: bool


@dataclass(frozen=True)
class AttendNoted(Message):
    """The person comes; `both` do, or the partner's answer is still missing."""

    booking_id: int
    slot: SlotView
    partner: str
    both: bool


@dataclass(frozen=True)
class CancelAsked(Message):
    """For both, only for oneself, or not after all? Said before: what it costs.

    `leave_until` is until when the partner could look for a stand-in, None where there is no such choice.
    """

    booking_id: int
    slot: SlotView
    partner: str
    costs_strike: bool
    free_until: datetime | None = None
    leave_until: datetime | None = None
    strikes: Strikes | None = None
    hold: bool = False


@dataclass(frozen=True)
class BookingKept(Message):
    """Not cancelled after all."""

    booking_id: int
    slot: SlotView


@dataclass(frozen=True)
class BookingCancelled(Message):
    """The session is off. `why`: `you`, `partner`, `parted`, `no_stand_in`, `no_time`, or `studio` (with `reason`).

    `strikes` is what it cost the reader, if anything, `pay` what is owed to who was left alone. `instead` are the
    nearest times that are free.
    """

    slot: SlotView
    why: str
    partner: str = ""
    reason: str = ""
    strikes: Strikes | None = None
    pay: Money | None = None
    instead: tuple[SlotView, ...] = ()


@dataclass(frozen=True)
class NextBest(Message):
    """To who comes too late for a time: `why`, and the nearest that are free.

    `why` is `taken` (another pair was first), `gone` (no longer offered), `late` (too near), `busy` or `partner_busy`
    (something else at that time), or `over` (the hold or offer has ended). `wait`: one can wait for it.
    `moving_id` is the booking that was to be moved there.
    """

    slot: SlotView
    why: str
    near: tuple[SlotView, ...] = ()
    wait: bool = False
    moving_id: int | None = None


@dataclass(frozen=True)
class YouAreOut(Message):
    """To who cancelled only for themselves, or was `silent`: the partner goes on without them."""

    slot: SlotView
    partner: str
    strikes: Strikes | None = None
    silent: bool = False


@dataclass(frozen=True)
class PartnerOut(Message):
    """To who is left: the slot stays theirs until then, and stand-ins are looked for.

    The partner cancelled or was `silent`; `pay` is owed if nobody is found.
    """

    booking_id: int
    slot: SlotView
    partner: str
    until: datetime
    silent: bool = False
    pay: Money | None = None


@dataclass(frozen=True)
class BookingLine:
    """One booking to come, as its owner sees it. `asks`: "hold", "attend" or "" for what is to be answered."""

    booking_id: int
    slot: SlotView
    state: str
    partner: str
    asks: str = ""
    until: datetime | None = None
    instead_of: SlotView | None = None


@dataclass(frozen=True)
class WaitLine:
    """One place on a waitlist; `until` if the slot is on offer to the pair now."""

    waiting_id: int
    slot: SlotView
    position: int
    until: datetime | None = None


@dataclass(frozen=True)
class PastLine:
    """A booking that is over and how it ended; `left` if it went on without the person.

    `missed`: a no-show, and the person's own; `pay` is what is owed to them for it.
    """

    slot: SlotView
    state: str
    left: bool = False
    missed: bool = False
    pay: Money | None = None


@dataclass(frozen=True)
class MyBookings(Message):
    """What is to come, what waits for an answer, what was, and the strikes: what they come to, and the last ones."""

    upcoming: tuple[BookingLine, ...]
    waiting: tuple[WaitLine, ...] = ()
    past: tuple[PastLine, ...] = ()
    strikes: Strikes | None = None
    zone: str = "UTC"
    noted: tuple[StrikeLine, ...] = ()
    more_noted: int = 0
    wishes: tuple[WishLine, ...] = ()
    reserves: tuple[ReserveLine, ...] = ()
    calendar: bool = False


@dataclass(frozen=True)
class SilentPerson:
    """Somebody who has not answered, so that a coordinator can write to them."""

    telegram_id: int
    name: str


@dataclass(frozen=True)
class NotConfirmedYet(Message):
    """To coordinators: these people have not said whether they come.

    `until` if the only silent one is asked a last time: then the place is given to a stand-in.
    """

    booking_id: int
    slot: SlotView
    silent: tuple[SilentPerson, ...] = field(default=())
    until: datetime | None = None


@dataclass(frozen=True)
class FreedLate(Message):
    """To coordinators: a session that starts soon is free again, and nobody waits for it."""

    slot: SlotView
