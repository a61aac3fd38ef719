"""When the staff can work and how much they have: their week in each city, their days off, their hours."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, delete, select, update

from bot.rules import slots as slot_rules
from bot.rules import week
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.staffing import AROUND, Colleague, is_off, median
from bot.rules.states import ShiftState, SlotState
from bot.rules.week import Hours
from bot.services import audit, people
from bot.services.messages.duty import AskDaysOff, CityWeek, DutyTimes, DutyWeek, OffSpan
from bot.services.messages.shifts import Load
from bot.services.people import Person
from bot.services.studio import batch_cards
from bot.services.unit import Unit
from storage.tables import City, DayOff, RoleGrant, Shift, Slot, SlotBatch

WHAT = "days_off"
"""What is expected of who types days off."""

MOST = 20
"""Spans of days off that somebody can have ahead."""


class NotYourCity(DomainError):
    """The person is not of that city's staff: a forged button, or one from another time."""


class DaysPast(DomainError):
    """These days are over."""


class TooManyDaysOff(DomainError):
    """The person has `limit` spans of days off already."""

    limit: int


class UnknownDaysOff(DomainError):
    """The days off are gone already, or somebody else's."""


# --- the week


async def _grants(unit: Unit, person: Person) -> Sequence[RoleGrant]:
    return await unit.tx.all(
        select(RoleGrant)
        .where(RoleGrant.person_id == person.id, RoleGrant.role == Role.STAFF.value)
        .order_by(col(RoleGrant.city))
    )


async def _grant(unit: Unit, person: Person, city: str) -> RoleGrant:
    found = next((grant for grant in await _grants(unit, person) if grant.city == city), None)
    if found is None:
        raise NotYourCity
    return found


def _hours(grant: RoleGrant) -> Hours:
    return None if grant.hours is None else frozenset(grant.hours)


async def _city_week(unit: Unit, grant: RoleGrant) -> CityWeek:
    city = await unit.tx.get(City, grant.city)
    cells = tuple(sorted(week.ticked(_hours(grant))))
    return CityWeek(grant.city, city.names if city else {}, cells)


async def grid(unit: Unit, person: Person, city: str) -> DutyWeek:
    """The week as it stands in a city; raises `NotYourCity`."""
    return DutyWeek(await _city_week(unit, await _grant(unit, person, city)))


async def press(unit: Unit, person: Person, city: str, choice: str) -> DutyWeek:
    """Do what a button of the grid says and give the grid as it stands then; an empty week is not kept.

    Raises `NotYourCity` and `NoSuchChoice`.
    """
    grant = await _grant(unit, person, city)
    pressed = week.press(_hours(grant), choice)
    if pressed.hours != _hours(grant):
        grant.hours = None if pressed.hours is None else sorted(pressed.hours)
        await unit.tx.change(update(RoleGrant).where(col(RoleGrant.id) == grant.id).values(hours=grant.hours))
        await audit.record(
            unit, f"person:{person.id}", "person.duty_week", actor=person.id, city=city, choice=choice
        )
    shown = await _city_week(unit, grant)
    return DutyWeek(CityWeek(shown.code, shown.names, () if pressed.empty else shown.cells), pressed.empty)


# --- days off


async def times(unit: Unit, person: Person) -> DutyTimes:
    """When somebody can work, as far as they said."""
    grants = await _grants(unit, person)
    weeks = tuple([await _city_week(unit, grant) for grant in grants])
    off = await _off(unit, person)
    shown = tuple(OffSpan(row.id, row.first, row.last) for row in off)
    return DutyTimes(weeks, shown, await _running(unit, person, off))


async def _off(unit: Unit, person: Person) -> Sequence[DayOff]:
    """Days off that are not over everywhere."""
    today = unit.now.date()
    return await unit.tx.all(
        select(DayOff)
        .where(DayOff.person_id == person.id, col(DayOff.last) >= today)
        .order_by(col(DayOff.first), col(DayOff.id))
    )


async def _running(unit: Unit, person: Person, off: Sequence[DayOff]) -> int:
    """How many sessions on their days off somebody has confirmed."""
    if not off:
        return 0
    rows = await unit.tx.all(
        select(Shift.starts_at, Shift.ends_at, SlotBatch.city)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .join(SlotBatch, col(SlotBatch.id) == col(Slot.batch_id))
        .where(Shift.person_id == person.id, Shift.state == ShiftState.CONFIRMED)
        .where(col(Shift.starts_at) > unit.now, col(Slot.state) != SlotState.CANCELLED)
    )
    zones = {city: ZoneInfo(await batch_cards.zone_of_city(unit, city)) for city in {row[2] for row in rows}}
    spans = [(row.first, row.last) for row in off]
    return sum(is_off(spans, (starts, ends), zones[city]) for starts, ends, city in rows)


async def ask_off(unit: Unit, person: Person) -> AskDaysOff:
    """Let the next typed words be days off."""
    await people.expect(unit, person, WHAT)
    return AskDaysOff()


async def add_off(unit: Unit, person: Person, text: str) -> DutyTimes:
    """Note days off: `2026-12-05` or `2026-12-05..2026-12-09`. What is noted already is not noted twice.

    Raises what `bot.rules.slots` finds wrong with the days, `DaysPast` and `TooManyDaysOff`; then the question
    stays open.
    """
    first, last = slot_rules.read_dates(text)
    if last < unit.now.date():
        raise DaysPast
    off = await _off(unit, person)
    if not any(row.first <= first and last <= row.last for row in off):
        if len(off) >= MOST:
            raise TooManyDaysOff(MOST)
        await unit.tx.add(DayOff(person_id=person.id, first=first, last=last, created_at=unit.now))
        about = f"person:{person.id}"
        await audit.record(
            unit, about, "person.days_off", actor=person.id, first=first.isoformat(), last=last.isoformat()
        )
    await people.expect(unit, person, None)
    return await times(unit, person)


async def drop_off(unit: Unit, person: Person, off_id: int) -> DutyTimes:
    """Work on those days after all; raises `UnknownDaysOff`."""
    own = (col(DayOff.id) == off_id) & (col(DayOff.person_id) == person.id)
    if not await unit.tx.change(delete(DayOff).where(own)):
        raise UnknownDaysOff
    await audit.record(unit, f"person:{person.id}", "person.days_on", actor=person.id)
    return await times(unit, person)


# --- how much they have


def in_time(unit: Unit, shift: Shift) -> bool:
    """Whether somebody who was asked may still answer before the next is asked."""
    span = unit.policy.booking.ask_next
    return span is None or unit.now < shift.asked_at + span


async def colleagues(
    unit: Unit, staff: Sequence[Person], city: str, at: Sequence[datetime], but: Collection[int] = ()
) -> list[Colleague]:
    """What is known of these people for sessions in a city at these times, without what they have in some slots."""
    if not at or not staff:
        return []
    ids = [one.id for one in staff]
    grants = await unit.tx.all(
        select(RoleGrant).where(
            RoleGrant.role == Role.STAFF.value, RoleGrant.city == city, col(RoleGrant.person_id).in_(ids)
        )
    )
    hours = {grant.person_id: _hours(grant) for grant in grants}
    off = await unit.tx.all(select(DayOff).where(col(DayOff.person_id).in_(ids)))
    confirmed: dict[int, list[tuple[datetime, datetime]]] = {one: [] for one in ids}
    asked: dict[int, list[tuple[datetime, datetime]]] = {one: [] for one in ids}
    for shift in await _shifts(unit, ids, min(at) - AROUND, max(at) + AROUND):
        if shift.slot_id in but:
            continue
        if shift.state == ShiftState.CONFIRMED:
            confirmed[shift.person_id].append((shift.starts_at, shift.ends_at))
        elif in_time(unit, shift):
            asked[shift.person_id].append((shift.starts_at, shift.ends_at))
    return [
        Colleague(
            one,
            hours.get(one),
            tuple((row.first, row.last) for row in off if row.person_id == one),
            tuple(confirmed[one]),
            tuple(asked[one]),
        )
        for one in ids
    ]


async def _shifts(unit: Unit, ids: Sequence[int], first: datetime, last: datetime) -> Sequence[Shift]:
    """What these people run, or are asked to run, of sessions that begin within these moments."""
    return await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(col(Shift.person_id).in_(ids), col(Slot.state) != SlotState.CANCELLED)
        .where(col(Shift.starts_at) >= first, col(Shift.starts_at) <= last)
        .where(col(Shift.state).in_((ShiftState.ASKED, ShiftState.CONFIRMED)))
        .order_by(col(Shift.starts_at), col(Shift.id))
    )


async def load(unit: Unit, person: Person) -> Load | None:
    """What somebody runs in these four weeks beside what their colleagues do; None if nobody has anything."""
    others: set[int] = set()
    for grant in await _grants(unit, person):
        others |= {one.id for one in await people.holders(unit, Role.STAFF, city=grant.city)}
    others.discard(person.id)
    if not others:
        return None
    hours = dict.fromkeys((*others, person.id), timedelta())
    for shift in await _shifts(unit, list(hours), unit.now - AROUND, unit.now + AROUND):
        if shift.state == ShiftState.CONFIRMED:
            hours[shift.person_id] += shift.ends_at - shift.starts_at
    return Load(hours.pop(person.id), median(hours.values())) if any(hours.values()) else None
