"""Pairs in reserve for a day: a time in their city that is freed late is offered to them before anybody else.

Being in reserve costs nothing and pays nothing; a no to an offer neither. It ends with the day, with a session on it,
or when one of the two stops. How many pairs a city has for a day is the policy's `reserve`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select

from bot.rules.clocks import bounds
from bot.rules.errors import DomainError, NotYours
from bot.rules.states import ReserveState, WaitState
from bot.services import audit, outbox
from bot.services.booking import bookings, wishes
from bot.services.booking.bookings import Party
from bot.services.messages.reserves import AskReserve, ReserveDay, ReserveLeft, ReserveLine, ReserveNoted
from bot.services.messages.slots import SlotView
from bot.services.pairing import pairs
from bot.services.people import Person, name_of
from bot.services.studio import batch_cards, studios
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.tables import Booking, BookingMember, City, Reserve, Timer, Waiting

AHEAD = 7
"""Days from today on for which one can be in reserve."""

LATE = timedelta(hours=24)
"""A time that begins within this is offered to the reserve first; an earlier one finds its pair by itself."""


class NoReserves(DomainError):
    """The policy wants none, or not for that day."""


class ReserveFull(DomainError):
    """Enough pairs are in reserve for that day."""


class ReserveBusy(DomainError):
    """One of the two has a session on that day."""


class NotInReserve(DomainError):
    """The pair is not in reserve (any more)."""


async def ask(unit: Unit, person: Person) -> AskReserve:
    """The days that the person's pair could be in reserve for. Raises `NoReserves` and what keeps it from booking."""
    party = await _party(unit, person)
    city = await _city(unit, party)
    zone, today = await _zone(unit, city.code), await wishes.today_in(unit, city.code)
    taken = dict(
        await unit.tx.all(
            select(col(Reserve.day), func.count())
            .where(Reserve.city == city.code, Reserve.state == ReserveState.ON.value)
            .group_by(col(Reserve.day))
        )
    )
    mine = {row.day for row in await _of_pair(unit, party.pair_id)}
    days = [today + timedelta(days=n) for n in range(AHEAD)]
    free = [day for day in days if day in mine or not await _busy(unit, party, *bounds(day, zone))]
    most = unit.policy.booking.reserve
    return AskReserve(
        city.code,
        city.names,
        tuple(ReserveDay(day, max(0, most - taken.get(day, 0)), day in mine) for day in free),
        name_of(party.other(person)),
    )


async def join(unit: Unit, person: Person, city_code: str, day: date) -> ReserveNoted:
    """Put the person's pair into reserve for a day; the partner is told, and can end it. Done twice, nothing changes.

    Raises `NoReserves`, `ReserveFull`, `ReserveBusy`, `UnknownCity` and what keeps a pair from booking.
    """
    party = await _party(unit, person)
    city = await studios.city(unit, city_code)
    today = await wishes.today_in(unit, city.code)
    if not today <= day < today + timedelta(days=AHEAD):
        raise NoReserves
    other = party.other(person)
    for row in await _of_pair(unit, party.pair_id):
        if (row.city, row.day) == (city.code, day):
            return ReserveNoted(await line_of(unit, row), name_of(other))
    begins, ends = bounds(day, await _zone(unit, city.code))
    if await _busy(unit, party, begins, ends):
        raise ReserveBusy
    row = await _seated(unit, party, city.code, day)
    await audit.record(
        unit, _subject(row), "reserve.joined", actor=person.id, city=city.code, day=day.isoformat()
    )
    await set_timer(unit, "reserve_over", _subject(row), ends)
    line = await line_of(unit, row)
    told = ReserveNoted(line, name_of(person), you=False)
    await outbox.send(unit, other.telegram_id, told, about=f"{_subject(row)}:joined")
    return ReserveNoted(line, name_of(other))


async def _seated(unit: Unit, party: Party, city: str, day: date) -> Reserve:
    """A seat of that day that nobody has: the database says which are taken."""
    for seat in range(unit.policy.booking.reserve):
        row = Reserve(
            pair_id=party.pair_id,
            city=city,
            day=day,
            seat=seat,
            state=ReserveState.ON.value,
            created_at=unit.now,
        )
        if await unit.tx.add_new(row):
            return row
    raise ReserveFull


async def leave(unit: Unit, person: Person, reserve_id: int) -> ReserveLeft:
    """Be in reserve no longer; gives what to show. An offer that was made stands. Raises `NotYours`, `NotInReserve`."""
    row = await unit.tx.get(Reserve, reserve_id)
    if row is None or not await pairs.is_in(unit, person, row.pair_id):
        raise NotYours
    if row.state != ReserveState.ON or not await _end(unit, row, ReserveState.LEFT, by=person):
        raise NotInReserve
    other = (await bookings.party_of(unit, person)).other(person)
    line = await line_of(unit, row)
    told = ReserveLeft(line, name_of(person), you=False)
    await outbox.send(unit, other.telegram_id, told, about=f"{_subject(row)}:left")
    return ReserveLeft(line, name_of(other))


async def of_person(unit: Unit, person: Person) -> tuple[ReserveLine, ...]:
    """The days for which the person's pair is in reserve, in their order."""
    pair = await pairs.active_pair(unit, person)
    rows = await _of_pair(unit, pair.id) if pair is not None else ()
    return tuple([await line_of(unit, row) for row in rows])


async def line_of(unit: Unit, row: Reserve) -> ReserveLine:
    """A place in reserve as people are shown it."""
    city = await unit.tx.one(select(City).where(City.code == row.city))
    return ReserveLine(row.id, row.city, city.names, row.day)


# --- a slot that could be theirs


async def fitting(unit: Unit, slot: SlotView) -> Sequence[Reserve]:
    """Whom a slot could be offered to before all others, in order: none unless it begins soon.

    Nobody is asked twice about a slot, nor about two at a time, nor about one that they gave back.
    """
    if not timedelta() < slot.starts_at - unit.now <= LATE:
        return ()
    asked = select(Waiting.pair_id).where(Waiting.state == WaitState.OFFERED.value)
    knows = select(Waiting.pair_id).where(
        Waiting.slot_id == slot.slot_id, Waiting.state != WaitState.WAITING.value
    )
    had = select(Booking.pair_id).where(Booking.slot_id == slot.slot_id)
    return await unit.tx.all(
        select(Reserve)
        .where(Reserve.city == slot.city, Reserve.day == _day_of(slot))
        .where(Reserve.state == ReserveState.ON.value)
        .where(col(Reserve.pair_id).not_in(asked), col(Reserve.pair_id).not_in(knows))
        .where(col(Reserve.pair_id).not_in(had))
        .order_by(col(Reserve.created_at), col(Reserve.id))
    )


async def on_duty(unit: Unit, pair_id: int, slot: SlotView) -> bool:
    """Whether a pair is in reserve on a slot's day."""
    return any((row.city, row.day) == (slot.city, _day_of(slot)) for row in await _of_pair(unit, pair_id))


async def met(unit: Unit, pair_id: int, slot: SlotView) -> None:
    """A session of the pair stands: on that day they are in reserve no longer."""
    for row in await _of_pair(unit, pair_id):
        if row.day == _day_of(slot):
            await _end(unit, row, ReserveState.OVER)


async def close(unit: Unit, row: Reserve) -> None:
    """The pair is no more."""
    await _end(unit, row, ReserveState.LEFT)


async def close_all(unit: Unit, pair_id: int, *, by: Person | None = None) -> None:
    """End all of a pair's: it is being dissolved."""
    for row in await _of_pair(unit, pair_id):
        await _end(unit, row, ReserveState.LEFT, by=by)


async def over(unit: Unit, timer: Timer) -> None:
    """The day is past."""
    row = await unit.tx.get(Reserve, id_of(timer))
    if row is not None and row.state == ReserveState.ON:
        await _end(unit, row, ReserveState.OVER)


# --- small parts


async def _end(unit: Unit, row: Reserve, to: ReserveState, *, by: Person | None = None) -> bool:
    if not await audit.move(unit, row, to, actor=by.id if by else None):
        return False
    await drop_timers(unit, _subject(row))
    return True


def _day_of(slot: SlotView) -> date:
    """The day on which a session is, by the studio's clock."""
    return slot.starts_at.astimezone(ZoneInfo(slot.zone)).date()


def _subject(row: Reserve) -> str:
    return f"reserve:{row.id}"


async def _of_pair(unit: Unit, pair_id: int) -> Sequence[Reserve]:
    return await unit.tx.all(
        select(Reserve)
        .where(Reserve.pair_id == pair_id, Reserve.state == ReserveState.ON.value)
        .order_by(col(Reserve.day), col(Reserve.id))
    )


async def _party(unit: Unit, person: Person) -> Party:
    party = await bookings.party_of(unit, person)
    await bookings.check_blocks(unit, person, party)
    if unit.policy.booking.reserve < 1:
        raise NoReserves
    return party


async def _city(unit: Unit, party: Party) -> City:
    """Where the two record: the first one's city with a studio, else the other's, else any."""
    standing = [choice.code for choice in await studios.choices(unit)]
    if not standing:
        raise NoReserves
    home = [one.city for one in party.people if one.city and one.city in standing]
    return await studios.city(unit, [*home, *standing][0])


async def _zone(unit: Unit, city: str) -> ZoneInfo:
    return ZoneInfo(await batch_cards.zone_of_city(unit, city))


async def _busy(unit: Unit, party: Party, begins: datetime, ends: datetime) -> bool:
    """Whether either has a session in this span."""
    seats = select(BookingMember.id).where(
        col(BookingMember.person_id).in_([one.id for one in party.people]),
        col(BookingMember.active),
        BookingMember.starts_at < ends,
        BookingMember.ends_at > begins,
    )
    return await unit.tx.first(seats.limit(1)) is not None
