"""What is in a calendar: a person's sessions and shifts, or everything in a studio."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select

from bot.rules.states import LIVE_BOOKINGS, BookingState, ShiftState, SlotState
from bot.services import people
from bot.services.booking import bookings
from bot.services.messages.slots import SlotView
from bot.services.people import Person
from bot.services.studio import slots
from bot.services.unit import Unit
from storage.tables import Booking, BookingMember, CalendarFeed, Room, Shift, Slot, Studio

KEPT = timedelta(days=30)
"""How long what is over stays in a calendar."""

MOST = 500
"""Entries of one calendar; the latest beginnings are left out."""

STANDING = (*LIVE_BOOKINGS, BookingState.RECORDED)
"""Bookings that take place or took place."""

_SEATED = col(BookingMember.active) | (col(Booking.state) == BookingState.HELD.value)
"""Who has a place in one; in a hold that moves another, nobody's is active yet."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, in facts.

    `what` is `session` (the reader records), `held` (that, but a yes is missing), `shift` (the reader runs it),
    `taken`, `free` or `planned` (of a studio; planned: not open yet). `version` rises with what changes, `at` is
    when the entry came to be, `names` are the partner or who records, `staff` who runs it, of so many `needed`.
    """

    what: str
    uid: str
    version: int
    slot: SlotView
    at: datetime
    names: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole calendar, in the language of its reader; `studio` has the studio's names if it is one's."""

    language: str
    entries: tuple[Entry, ...]
    studio: dict[str, str] | None = None


async def contents(unit: Unit, feed: CalendarFeed) -> Contents:
    """What the calendar behind a link holds now."""
    person = await people.by_id(unit, feed.person_id)
    language = people.language_of(person)
    if feed.studio_id is None:
        own = [*await _sessions(unit, person), *await _shifts(unit, person)]
        own.sort(key=lambda entry: (entry.slot.starts_at, entry.uid))
        return Contents(language, tuple(own))
    studio = await unit.tx.one(select(Studio).where(Studio.id == feed.studio_id))
    return Contents(language, tuple(await _of_studio(unit, studio)), studio.names)


async def _sessions(unit: Unit, person: Person) -> list[Entry]:
    query = (
        select(Booking)
        .join(BookingMember, col(BookingMember.booking_id) == col(Booking.id))
        .where(BookingMember.person_id == person.id, col(Booking.state).in_(STANDING))
        .where(_SEATED)
        .where(BookingMember.ends_at > unit.now - KEPT)
        .order_by(col(BookingMember.starts_at), col(Booking.id))
        .limit(MOST)
    )
    found = await unit.tx.all(query)
    views = {view.slot_id: view for view in await slots.slot_views(unit, [one.slot_id for one in found])}
    entries = []
    for booking in found:
        other = await bookings.other_in(unit, booking, person)
        held = booking.state == BookingState.HELD
        uid = await bookings.uid_of(unit, booking)
        entries.append(
            Entry(
                "held" if held else "session",
                f"held-{uid}" if held and booking.replaces_id else uid,  # the old time stands beside it
                booking.version,
                views[booking.slot_id],
                booking.confirmed_at or booking.created_at,
                (people.name_of(other),) if other else (),
            )
        )
    return entries


async def _shifts(unit: Unit, person: Person) -> list[Entry]:
    query = (
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Shift.person_id == person.id, Shift.state == ShiftState.CONFIRMED.value)
        .where(Slot.state != SlotState.CANCELLED.value, col(Shift.ends_at) > unit.now - KEPT)
        .order_by(col(Shift.starts_at), col(Shift.id))
        .limit(MOST)
    )
    found = await unit.tx.all(query)
    ids = [shift.slot_id for shift in found]
    views = {view.slot_id: view for view in await slots.slot_views(unit, ids)}
    recording, running = await _recording(unit, ids), await _running(unit, ids)
    return [
        Entry(
            "shift",
            f"shift-{shift.id}@duologue",
            0,
            views[shift.slot_id],
            shift.answered_at or shift.asked_at,
            recording[shift.slot_id],
            running[shift.slot_id],
        )
        for shift in found
    ]


async def _of_studio(unit: Unit, studio: Studio) -> list[Entry]:
    query = (
        select(Slot)
        .join(Room, col(Room.id) == col(Slot.room_id))
        .where(Room.studio_id == studio.id, Slot.state != SlotState.CANCELLED.value)
        .where(col(Slot.ends_at) > unit.now - KEPT)
        .order_by(col(Slot.starts_at), col(Slot.id))
        .limit(MOST)
    )
    # What nobody can book any more because it is over, and nobody had, is no news.
    found = [slot for slot in await unit.tx.all(query) if slot.starts_at > unit.now or slot.state in _USED]
    ids = [slot.id for slot in found]
    views = {view.slot_id: view for view in await slots.slot_views(unit, ids)}
    recording, running = await _recording(unit, ids), await _running(unit, ids)
    return [
        Entry(
            _WHAT.get(slot.state, "taken"),
            f"slot-{slot.id}@duologue",
            0,
            views[slot.id],
            slot.created_at,
            recording[slot.id],
            running[slot.id],
            slot.staff_needed,
        )
        for slot in found
    ]


_USED = (SlotState.TAKEN, SlotState.RUNNING, SlotState.DONE)

_WHAT = {SlotState.DRAFT.value: "planned", SlotState.OPEN.value: "free"}


async def _recording(unit: Unit, slot_ids: Sequence[int]) -> defaultdict[int, tuple[str, ...]]:
    """Who records in each of these slots."""
    query = (
        select(Booking.slot_id, Person)
        .join(BookingMember, col(BookingMember.booking_id) == col(Booking.id))
        .join(Person, col(Person.id) == col(BookingMember.person_id))
        .where(col(Booking.slot_id).in_(slot_ids), col(Booking.state).in_(STANDING))
        .where(_SEATED)
        .order_by(col(Person.id))
    )
    return _named(await unit.tx.all(query))


async def _running(unit: Unit, slot_ids: Sequence[int]) -> defaultdict[int, tuple[str, ...]]:
    """Who runs each of these slots."""
    query = (
        select(Shift.slot_id, Person)
        .join(Person, col(Person.id) == col(Shift.person_id))
        .where(col(Shift.slot_id).in_(slot_ids), Shift.state == ShiftState.CONFIRMED.value)
        .order_by(col(Person.id))
    )
    return _named(await unit.tx.all(query))


def _named(rows: Sequence[Any]) -> defaultdict[int, tuple[str, ...]]:
    found: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
    for slot_id, person in rows:
        found[slot_id] += (people.name_of(person),)
    return found
