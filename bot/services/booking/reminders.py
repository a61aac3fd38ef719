"""Reminders of a booking: rows written with it, removed with it; and the answers "coming" and "can't come"."""

from dataclasses import asdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import col, func, select, update

from bot.rules import reminders as rules
from bot.rules.booking import Cost
from bot.rules.booking import cancelling as cancelling_cost
from bot.rules.reminders import PlannedReminder
from bot.rules.states import BookingState
from bot.services import audit, outbox
from bot.services.booking import bookings
from bot.services.booking.bookings import BookingOver
from bot.services.messages import Lane
from bot.services.messages.bookings import AttendNoted, NotConfirmedYet, Reminder, SilentPerson
from bot.services.messages.slots import SlotView
from bot.services.messages.strikes import LastCall
from bot.services.people import Person, name_of
from bot.services.timers import TooLate, drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Booking, BookingMember, Timer

STANDING = (BookingState.CONFIRMED, BookingState.ATTENDING)
"""States in which both are expected to come."""

_COMERS = Prepared(
    columns(
        col(Person.telegram_id),
        func.coalesce(func.nullif(col(Person.name), ""), col(Person.telegram_name)),
        col(BookingMember.attending),
    )
    .join(BookingMember, col(BookingMember.person_id) == col(Person.id))
    .where(col(BookingMember.booking_id) == bindparam("booking_id"), col(BookingMember.active))
    .order_by(col(Person.id))
)
"""Whom to remind: the chat, the name, and what was answered."""


async def plan(unit: Unit, booking: Booking, slot: SlotView) -> None:
    """Write the reminders of a booking confirmed now, and the moment at which silence is reported."""
    zone = ZoneInfo(slot.zone)
    policy = unit.policy.reminders
    subject = bookings.subject_of(booking)
    for reminder in rules.plan(policy, slot.starts_at, zone, unit.now):
        facts = asdict(reminder)
        facts["offset"] = reminder.offset.total_seconds()
        due_at, useful_until = facts.pop("due_at"), facts.pop("useful_until")
        await set_timer(
            unit,
            "reminder",
            subject,
            due_at,
            happens_at=slot.starts_at,
            useful_until=useful_until,
            **facts,
        )
    deadline = rules.confirm_deadline(policy, slot.starts_at, zone, unit.now)
    await set_timer(unit, "confirm_by", subject, deadline, useful_until=slot.starts_at)


async def remind(unit: Unit, timer: Timer) -> None:
    """A reminder is due: queue it for both. Raises `TooLate` where it is of no use any more."""
    booking = await _standing(unit, timer)
    if booking is None:
        return
    slot = await bookings.view_of(unit, booking)
    planned = _planned(timer, slot)
    at = rules.send_at(planned, ZoneInfo(slot.zone), unit.policy.reminders.quiet, unit.now)
    if at is None:
        raise TooLate(timer.subject)
    near = slot.starts_at - at <= rules.IMMINENT
    comers = await unit.tx.all(_COMERS, booking_id=booking.id)
    for chat_id, _, attending in comers:
        partner = next((name for other, name, _ in comers if other != chat_id), "")
        asks = planned.asks and attending is None
        await outbox.send(
            unit,
            chat_id,
            Reminder(booking.id, slot, partner, asks, planned.last),
            about=f"reminder:{booking.id}:{booking.version}:{timer.data['offset']}",
            topic=bookings.subject_of(booking),
            lane=Lane.IMMINENT if near else Lane.REMINDER,
            not_before=at if at > unit.now else None,
            expires_at=planned.useful_until,
            happens_at=slot.starts_at,
        )


def _planned(timer: Timer, slot: SlotView) -> PlannedReminder:
    until: datetime = timer.useful_until or slot.starts_at
    facts = {**timer.data, "offset": timedelta(seconds=timer.data["offset"])}
    return PlannedReminder(due_at=timer.due_at, useful_until=until, **facts)


async def report_silence(unit: Unit, timer: Timer) -> None:
    """The time to answer is over: coordinators learn who has not said whether they come.

    If one of two comes, the silent one is asked a last time; see `rescue.out_by_silence`.
    """
    booking = await _standing(unit, timer)
    if booking is None:
        return
    answers = await _answers(unit, booking)
    in_it = await bookings.people_in(unit, booking)
    silent = [one for one in in_it if not answers.get(one.id)]
    if not silent:
        return
    slot = await bookings.view_of(unit, booking)
    until = None
    if len(in_it) == 2 and len(silent) == 1:
        comes = next(one for one in in_it if one.id != silent[0].id)
        until = await _ask_last(unit, booking, slot, silent[0], comes)
    names = tuple(SilentPerson(one.telegram_id, name_of(one)) for one in silent)
    await bookings.tell_coordinators(
        unit,
        NotConfirmedYet(booking.id, slot, names, until),
        about=f"booking:{booking.id}:{booking.version}:silent",
        topic=bookings.subject_of(booking),
    )


async def _ask_last(
    unit: Unit, booking: Booking, slot: SlotView, silent: Person, comes: Person
) -> datetime | None:
    """Ask the silent one once more; gives until when, or None where there would be no time for a stand-in."""
    policy = unit.policy
    word = rules.last_word(
        policy.booking, policy.reminders.quiet, slot.starts_at, ZoneInfo(slot.zone), unit.now
    )
    if word is None:
        return None
    subject = bookings.subject_of(booking)
    cost = cancelling_cost(policy.booking, BookingState(booking.state), slot.starts_at, word.until)
    await outbox.send(
        unit,
        silent.telegram_id,
        LastCall(
            booking.id,
            slot,
            name_of(comes),
            word.until,
            costs_strike=cost is Cost.STRIKE and policy.booking.strikes > 0,
        ),
        about=f"{subject}:{booking.version}:last_call",
        topic=subject,
        not_before=word.ask_at if word.ask_at > unit.now else None,
        expires_at=word.until,
    )
    await set_timer(unit, "last_word", subject, word.until, useful_until=slot.starts_at)
    return word.until


async def silent_one(unit: Unit, timer: Timer) -> tuple[Booking, Person] | None:
    """The booking of a timer and the one in it who has not answered, if the other one comes."""
    booking = await _standing(unit, timer)
    if booking is None:
        return None
    answers = await _answers(unit, booking)
    in_it = await bookings.people_in(unit, booking)
    silent = [one for one in in_it if answers.get(one.id) is None]
    return (booking, silent[0]) if len(in_it) == 2 and len(silent) == 1 else None


async def _standing(unit: Unit, timer: Timer) -> Booking | None:
    booking = await unit.tx.get(Booking, id_of(timer))
    return booking if booking and booking.state in STANDING else None


async def _answers(unit: Unit, booking: Booking) -> dict[int, bool | None]:
    rows = await unit.tx.all(
        select(BookingMember).where(BookingMember.booking_id == booking.id, col(BookingMember.active))
    )
    return {row.person_id: row.attending for row in rows}


async def attend(unit: Unit, person: Person, booking_id: int) -> AttendNoted:
    """The person says that they come; once both have, the booking is `attending`.

    Raises `NotYours` and `BookingOver`.
    """
    booking = await bookings.own(unit, person, booking_id)
    slot = await bookings.view_of(unit, booking)
    if booking.state not in STANDING:
        raise BookingOver(booking.state)
    if unit.now >= slot.starts_at:
        raise BookingOver("started")
    await unit.tx.change(
        update(BookingMember)
        .where(col(BookingMember.booking_id) == booking.id, col(BookingMember.person_id) == person.id)
        .values(attending=True)
    )
    if await drop_timers(unit, bookings.subject_of(booking), ["last_word"]):
        await outbox.cancel(unit, bookings.subject_of(booking), [LastCall])
    both = all((await _answers(unit, booking)).values())
    if both and booking.state == BookingState.CONFIRMED:
        await audit.move(unit, booking, BookingState.ATTENDING, actor=person.id)
    other = await bookings.other_in(unit, booking, person)
    return AttendNoted(booking.id, slot, name_of(other) if other else "", both)
