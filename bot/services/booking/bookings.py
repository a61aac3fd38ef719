"""Bookings (预约): whose they are, who may make one, and how one ends.

This is the common ground of `holds` (taking and confirming), `cancelling`, `rescue`, `waitlist` and `reminders`.
A booking's people are its members, not its pair's: whoever got out of it has no say in it any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select, update

from bot.rules.booking import Block, blocked
from bot.rules.errors import DomainError, NotYours
from bot.rules.reminders import IMMINENT, after_quiet
from bot.rules.roles import Role
from bot.rules.states import LIVE_BOOKINGS, BookingState
from bot.services import audit, outbox, people
from bot.services.booking import strikes
from bot.services.messages.bookings import (
    CalendarFile,
    FreedLate,
    HoldAsked,
    NotConfirmedYet,
    Reminder,
)
from bot.services.messages.shifts import StaffGone
from bot.services.messages.slots import SlotView
from bot.services.messages.strikes import LastCall
from bot.services.pairing import pairs
from bot.services.people import Person
from bot.services.studio import slots
from bot.services.timers import drop_timers
from bot.services.unit import Unit
from storage.tables import Booking, BookingMember, PairMember

STALE = (HoldAsked, Reminder, NotConfirmedYet, LastCall)
"""What is still queued of these makes no sense once its booking has ended."""


class ApprovalNeeded(DomainError):
    """Only who is approved can book."""


class PartnerNeeded(DomainError):
    """A pair books, not a person."""


class BookingBlocked(DomainError):
    """Strikes keep `you`, or else your partner, from booking until then; None: for good."""

    you: bool
    until: datetime | None


class SlotTaken(DomainError):
    """Another pair was first."""


class SlotYours(DomainError):
    """The pair has this very slot already."""


class AlreadyBooked(DomainError):
    """`you`, or else your partner, have another session that overlaps this one."""

    you: bool


class BookingOver(DomainError):
    """What the button was for is settled. `state` is what became of the booking, or `left` for who got out."""

    state: str


@dataclass(frozen=True, slots=True)
class Party:
    """The two who book as one."""

    pair_id: int
    people: tuple[Person, ...]

    def other(self, person: Person) -> Person:
        """The partner of one of them."""
        return next(one for one in self.people if one.id != person.id)


def subject_of(booking: Booking) -> str:
    """What timers and messages about a booking are filed under."""
    return f"booking:{booking.id}"


async def party_of(unit: Unit, person: Person) -> Party:
    """The person's pair; raises `ApprovalNeeded` or `PartnerNeeded` where there can be none."""
    if person.approved_at is None:
        raise ApprovalNeeded
    pair = await pairs.active_pair(unit, person)
    if pair is None:
        raise PartnerNeeded
    return Party(pair.id, tuple(await pairs.members(unit, pair)))


async def party_of_pair(unit: Unit, pair_id: int) -> Party | None:
    """The two of a pair; None if it is dissolved."""
    members = await unit.tx.all(
        select(Person)
        .join(PairMember, col(PairMember.person_id) == col(Person.id))
        .where(PairMember.pair_id == pair_id, col(PairMember.active))
        .order_by(col(Person.id))
    )
    return Party(pair_id, tuple(members)) if len(members) > 1 else None


async def blocks_of(unit: Unit, people_: Sequence[Person]) -> dict[int, Block | None]:
    """The block of each of these people, by their id."""
    return {
        person.id: blocked(await strikes.times(unit, person.id), unit.policy.booking, unit.now)
        for person in people_
    }


async def is_blocked(unit: Unit, person_id: int) -> bool:
    """Whether strikes keep somebody from recording at present."""
    return (await blocks_of(unit, [await people.by_id(unit, person_id)]))[person_id] is not None


async def check_blocks(unit: Unit, person: Person, party: Party) -> None:
    """Raises `BookingBlocked` if strikes keep either from booking; the person's own are told first."""
    blocks = await blocks_of(unit, party.people)
    for one in (person, party.other(person)):
        block = blocks[one.id]
        if block is not None:
            raise BookingBlocked(you=one.id == person.id, until=block.until)


# --- one booking


async def own(unit: Unit, person: Person, booking_id: int) -> Booking:
    """A booking that lives and in which the person has a say.

    Raises `NotYours` for strangers and `BookingOver` for who was in it once.
    """
    booking = await unit.tx.get(Booking, booking_id)
    member = await unit.tx.first(
        select(BookingMember).where(
            BookingMember.booking_id == booking_id, BookingMember.person_id == person.id
        )
    )
    if booking is None or member is None:
        raise NotYours
    if booking.state not in LIVE_BOOKINGS:
        raise BookingOver(booking.state)
    if not member.active and booking.state != BookingState.HELD:
        raise BookingOver("left")
    return booking


async def people_in(unit: Unit, booking: Booking) -> list[Person]:
    """Who is in a living booking, by id.

    A hold that moves another booking has inactive members: until the move they sit in the old one.
    """
    query = (
        select(Person)
        .join(BookingMember, col(BookingMember.person_id) == col(Person.id))
        .where(BookingMember.booking_id == booking.id)
        .order_by(col(Person.id))
    )
    if booking.state != BookingState.HELD:
        query = query.where(col(BookingMember.active))
    return list(await unit.tx.all(query))


async def other_in(unit: Unit, booking: Booking, person: Person) -> Person | None:
    """The other one in a living booking; None for who is left alone in it."""
    return next((one for one in await people_in(unit, booking) if one.id != person.id), None)


async def view_of(unit: Unit, booking: Booking) -> SlotView:
    """Where and when a booking is."""
    view = await slots.slot_view(unit, booking.slot_id)
    if view is None:
        raise LookupError(f"booking {booking.id} of no slot")
    return view


async def free_at(unit: Unit, person_id: int, slot: SlotView, *, but: int | None = None) -> bool:
    """Whether a person has no session that overlaps this slot, leaving out the booking `but`."""
    clash = select(BookingMember.id).where(
        BookingMember.person_id == person_id,
        col(BookingMember.active),
        BookingMember.starts_at < slot.ends_at,
        BookingMember.ends_at > slot.starts_at,
        BookingMember.booking_id != (but or 0),
    )
    return await unit.tx.first(clash.limit(1)) is None


async def live_of_slot(unit: Unit, slot_id: int) -> Booking | None:
    """The booking that has a slot now."""
    return await unit.tx.first(
        select(Booking).where(Booking.slot_id == slot_id, col(Booking.state).in_(LIVE_BOOKINGS))
    )


async def move_of(unit: Unit, booking: Booking) -> Booking | None:
    """The hold that would move this booking, if its partner's answer is awaited."""
    return await unit.tx.first(
        select(Booking).where(Booking.replaces_id == booking.id, Booking.state == BookingState.HELD.value)
    )


async def end(unit: Unit, booking: Booking, to: BookingState, *, by: Person | None) -> bool:
    """End a booking: its people are free, its timers gone, its unsent questions taken back.

    The slot is not freed here. False, and nothing changed, if somebody else was first.
    """
    actor = by.id if by else None
    changes = {"version": booking.version + 1, "ended_at": unit.now, "ended_by": actor}
    if not await audit.move(unit, booking, to, actor=actor, **changes):
        return False
    await unit.tx.change(
        update(BookingMember).where(col(BookingMember.booking_id) == booking.id).values(active=False)
    )
    await drop_timers(unit, subject_of(booking))
    await outbox.cancel(unit, subject_of(booking), STALE)
    return True


# --- telling


async def uid_of(unit: Unit, booking: Booking) -> str:
    """The name of a booking in people's calendars: it stays the same through every move."""
    first = booking
    while first.replaces_id is not None:
        first = await unit.tx.one(select(Booking).where(Booking.id == first.replaces_id))
    return f"booking-{first.id}@duologue"


async def send_calendar(
    unit: Unit,
    person: Person,
    booking: Booking,
    slot: SlotView,
    *,
    cancelled: bool = False,
    partner: str = "",
) -> None:
    """Send the session with a partner as a file for the phone's calendar, or the one that takes it out again."""
    uid = await uid_of(unit, booking)
    alarms = () if cancelled else alarms_of(unit, slot)
    await outbox.send(
        unit,
        person.telegram_id,
        CalendarFile(uid, booking.version, slot, unit.now, cancelled, alarms, partner),
        about=f"calendar:{uid}:{booking.id}:{booking.version}:{'off' if cancelled else 'on'}",
        topic=subject_of(booking),
    )


def alarms_of(unit: Unit, slot: SlotView) -> tuple[timedelta, ...]:
    """How long before the start a phone speaks up: as the reminders do, the longest first.

    None that is past; and none in the studio's quiet hours, unless the session is as near as it is then.
    """
    zone, quiet = ZoneInfo(slot.zone), unit.policy.reminders.quiet

    def is_of_use(ahead: timedelta) -> bool:
        at = slot.starts_at - ahead
        return (
            timedelta() < ahead
            and at > unit.now
            and (ahead <= IMMINENT or after_quiet(at, zone, quiet) == at)
        )

    return tuple(sorted(filter(is_of_use, set(unit.policy.reminders.offsets)), reverse=True))


def not_before(unit: Unit, slot: SlotView) -> datetime | None:
    """When to tell what nobody is waiting for: now (None), or after the studio's quiet hours.

    What is about a session as near as an imminent reminder is told at any hour.
    """
    wakes = after_quiet(unit.now, ZoneInfo(slot.zone), unit.policy.reminders.quiet)
    return wakes if unit.now < wakes < slot.starts_at - IMMINENT else None


async def tell_coordinators(
    unit: Unit, message: NotConfirmedYet | FreedLate | StaffGone, *, about: str, topic: str
) -> None:
    """Tell every coordinator, not in quiet hours unless it is urgent."""
    for coordinator in await people.holders(unit, Role.COORDINATOR):
        await outbox.send(
            unit,
            coordinator.telegram_id,
            message,
            about=about,
            topic=topic,
            not_before=not_before(unit, message.slot),
        )
