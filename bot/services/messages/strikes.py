"""Messages about strikes: noted, what they come to, lifted; and the money for who was let down."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from bot.services.messages.base import Lane, Message
from bot.services.messages.bookings import Money, Strikes
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class StrikeNoted(Message):
    """To who did not come: a strike is noted, and what it comes to. `partner` came, or nobody did."""

    slot: SlotView
    strikes: Strikes


@dataclass(frozen=True)
class BlockOver(Message):
    """The person may book again; `limit` strikes block anew."""

    limit: int


@dataclass(frozen=True)
class StrikesLifted(Message):
    """A coordinator lifted so many strikes, and why; `free`: the person may book again."""

    count: int
    reason: str
    strikes: Strikes
    free: bool
    zone: str = "UTC"


@dataclass(frozen=True)
class PartnerMissed(Message):
    """To who came: the partner is noted as missing, which costs the reader nothing; `pay` is for having come."""

    slot: SlotView
    partner: str
    pay: Money | None = None


@dataclass(frozen=True)
class PayCorrected(Message):
    """A coordinator set right what the reader is owed for a session, and why: `money` below zero takes back."""

    slot: SlotView
    money: Money
    reason: str


@dataclass(frozen=True)
class LastCall(Message):
    """To the silent one of two: say whether you come, or the place goes to a stand-in at `until`."""

    lane: ClassVar[Lane] = Lane.REMINDER

    booking_id: int
    slot: SlotView
    partner: str
    until: datetime
    costs_strike: bool


@dataclass(frozen=True)
class Begun:
    """A session that has begun, for whoever can say who did not come."""

    booking_id: int
    slot: SlotView


@dataclass(frozen=True)
class Who:
    """One of the two of a session, by number and name."""

    person_id: int
    name: str


@dataclass(frozen=True)
class WhoIsMissing(Message):
    """Who of these did not come? With `missing`, a person's number or 0 for both: is that right?"""

    booking_id: int
    slot: SlotView
    people: tuple[Who, ...]
    missing: int | None = None


@dataclass(frozen=True)
class MissingNoted(Message):
    """These did not come: it is noted, and everybody is told."""

    slot: SlotView
    names: tuple[str, ...]
