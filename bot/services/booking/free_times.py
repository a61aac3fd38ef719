"""What `/slots` shows: the free slots that a pair could really take, and taken ones that it could wait for."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.rules.booking import Interval, book_by, overlap
from bot.rules.errors import DomainError
from bot.rules.states import SlotState
from bot.rules.wishes import Kind, fits
from bot.services.booking import bookings, moving
from bot.services.booking.bookings import Party
from bot.services.booking.line import QUEUED
from bot.services.messages.bookings import FreeTimes
from bot.services.messages.people import CityChoice
from bot.services.messages.slots import SlotView
from bot.services.people import Person, name_of
from bot.services.studio import slots, waves
from bot.services.unit import Unit
from storage.tables import BookingMember, Room, Slot, Studio, Waiting

PAGE = 8
"""Buttons on one page."""

OF_KIND = 4
"""Free times of a kind that are offered to who asks to wait for one."""

NEAREST = 3
"""Times that are offered at once in place of one that was lost."""

AROUND = timedelta(days=3)
"""How much earlier than the lost one they may be."""

FETCH = 200
"""Slots that are looked at for one page: enough for eight times in the fullest of studios."""

WAIT_AHEAD = timedelta(days=7)
"""How near a taken slot has to be to be shown: what is further away has free ones beside it, or will."""


async def page(
    unit: Unit,
    person: Person,
    *,
    since: datetime | None = None,
    moving_id: int | None = None,
    city: str = "",
) -> FreeTimes:
    """One page of times for the person's pair from `since` on (None: the first page).

    Rooms with the same time in a studio are shown as one. With `moving_id` they are new times for that booking,
    and nothing to wait for is shown, but in which other cities there are free ones; `city` asks for one.

    Raises what keeps the pair from booking, or the booking from being moved.
    """
    old = await moving.movable(unit, person, moving_id) if moving_id is not None else None
    if old is None:
        party = await bookings.party_of(unit, person)
    else:
        party = Party(old.pair_id, tuple(await bookings.people_in(unit, old)))
    await bookings.check_blocks(unit, person, party)
    begin = max(since or unit.now, unit.now)
    busy = await _busy(unit, party, but=old.id if old else 0)
    cities = [city] if old is not None and city else _cities(party)
    free = await _free(unit, cities, begin)
    taken = await _taken(unit, party, begin) if old is None else []
    free = await _marked(unit, party, _possible(unit, free, busy))
    shown = _distinct(free, _possible(unit, taken, busy))
    if old is not None:
        shown = [slot for slot in shown if slot.slot_id != old.slot_id]
    slots_, later = _cut(shown)
    return FreeTimes(
        tuple(slots_),
        name_of(party.other(person)),
        unit.policy.booking.hold or None,
        later,
        first=since is None,
        moving=await moving.moving_of(unit, old) if old else None,
        elsewhere=await _elsewhere(unit, cities) if old else (),
        city=city if old else "",
        reserve=old is None and unit.policy.booking.reserve > 0,
    )


async def nearest(
    unit: Unit, person: Person, lost: SlotView, *, moving_id: int | None = None
) -> tuple[SlotView, ...]:
    """The free times nearest to one that was lost, in the order of time; none for who cannot book.

    With `moving_id` they are to take the place of that booking.
    """
    try:
        party = await bookings.party_of(unit, person)
        await bookings.check_blocks(unit, person, party)
    except DomainError:
        return ()
    begin = max(unit.now, lost.starts_at - AROUND)
    busy = await _busy(unit, party, but=moving_id or 0)
    free = await _marked(unit, party, _possible(unit, await _free(unit, _cities(party), begin), busy))
    open_ = _distinct((slot for slot in free if slot.state != "kept"), ())
    near = sorted(open_, key=lambda slot: (abs(slot.starts_at - lost.starts_at), slot.slot_id))[:NEAREST]
    return tuple(sorted(near, key=lambda slot: (slot.starts_at, slot.slot_id)))


async def of_kind(unit: Unit, party: Party, city: str, kind: Kind) -> tuple[SlotView, ...]:
    """The first free times of a kind that the pair could take."""
    found = [
        slot
        for slot in await slots.open_slots(unit, city, limit=FETCH)
        if fits(kind, slot.starts_at.astimezone(ZoneInfo(slot.zone)))
    ]
    return tuple(_distinct(_possible(unit, found, await _busy(unit, party, but=0)), ())[:OF_KIND])


async def _elsewhere(unit: Unit, shown: Sequence[str | None]) -> tuple[CityChoice, ...]:
    """The other cities in which a session could be, by their codes."""
    if None in shown:
        return ()
    found = await slots.free_by_city(unit, shown)
    return tuple(CityChoice(city.code, city.names) for city, _ in found)


async def _free(unit: Unit, cities: Sequence[str | None], begin: datetime) -> list[SlotView]:
    found: list[SlotView] = []
    for city in cities:
        after = begin - timedelta(microseconds=1)
        found.extend(await slots.open_slots(unit, city, after=after, limit=FETCH))
    return found


async def _taken(unit: Unit, party: Party, begin: datetime) -> Sequence[SlotView]:
    waits = select(Waiting.slot_id).where(Waiting.pair_id == party.pair_id, col(Waiting.state).in_(QUEUED))
    query = (
        select(Slot.id)
        .join(Room, col(Room.id) == col(Slot.room_id))
        .join(Studio, col(Studio.id) == col(Room.studio_id))
        .where(Slot.state == SlotState.TAKEN.value, col(Slot.id).not_in(waits))
        .where(Slot.starts_at >= begin, Slot.starts_at < unit.now + WAIT_AHEAD)
        .limit(FETCH)
    )
    cities = [city for city in _cities(party) if city is not None]
    if cities:
        query = query.where(col(Studio.city).in_(cities))
    return await slots.slot_views(unit, list(await unit.tx.all(query)))


async def _marked(unit: Unit, party: Party, free: Sequence[SlotView]) -> list[SlotView]:
    """Free slots, and behind them, as `kept`, those that only others can book yet."""
    kept = await waves.kept_from(unit, [one.id for one in party.people], free)
    later = [replace(slot, state="kept") for slot in free if slot.slot_id in kept]
    return [slot for slot in free if slot.slot_id not in kept] + later


def _cities(party: Party) -> list[str | None]:
    """Where the two live; everywhere, if that is not known."""
    known = sorted({one.city for one in party.people if one.city is not None})
    return list(known) or [None]


async def _busy(unit: Unit, party: Party, *, but: int) -> list[Interval]:
    """When either of them has a session, but for one booking."""
    rows = await unit.tx.all(
        select(BookingMember).where(
            col(BookingMember.person_id).in_([one.id for one in party.people]),
            col(BookingMember.active),
            BookingMember.ends_at > unit.now,
            BookingMember.booking_id != but,
        )
    )
    return [Interval(row.starts_at, row.ends_at) for row in rows]


def _possible(unit: Unit, slots_: Iterable[SlotView], busy: Sequence[Interval]) -> list[SlotView]:
    return [
        slot
        for slot in slots_
        if unit.now <= book_by(unit.policy.booking, slot.starts_at)
        and not any(overlap(Interval(slot.starts_at, slot.ends_at), other) for other in busy)
    ]


def _distinct(free: Iterable[SlotView], taken: Iterable[SlotView]) -> list[SlotView]:
    """One slot for each time of a studio, a free one if there is any, in the order of their time."""
    found: dict[tuple[object, ...], SlotView] = {}
    for slot in (*free, *taken):
        place = (slot.city, tuple(slot.studio.items()), slot.address)
        found.setdefault((slot.starts_at, slot.ends_at, place), slot)
    return sorted(found.values(), key=lambda slot: (slot.starts_at, slot.slot_id))


def _cut(slots_: Sequence[SlotView]) -> tuple[Sequence[SlotView], datetime | None]:
    """The slots of one page and when the next begins: whole days where that is possible, never half a moment."""
    if len(slots_) <= PAGE:
        return slots_, None
    following = slots_[PAGE]
    for same in (_same_day, _same_moment):
        kept = [slot for slot in slots_[:PAGE] if not same(slot, following)]
        if kept:
            return kept, slots_[len(kept)].starts_at
    kept = [slot for slot in slots_ if _same_moment(slot, following)]
    return kept, slots_[len(kept)].starts_at if len(kept) < len(slots_) else None


def _same_day(one: SlotView, other: SlotView) -> bool:
    zone = ZoneInfo(other.zone)
    return one.starts_at.astimezone(zone).date() == other.starts_at.astimezone(zone).date()


def _same_moment(one: SlotView, other: SlotView) -> bool:
    return one.starts_at == other.starts_at
