"""First waves: which pairs are told of new times first, and who else has to wait for how long."""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select, update

from bot.rules import waves as rules
from bot.rules.booking import book_by
from bot.rules.errors import DomainError
from bot.rules.states import BookingState
from bot.rules.waves import Claim
from bot.rules.wishes import days_of, part_of
from bot.services.messages.slots import SlotView
from bot.services.messages.wishes import FirstWave
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import (
    AnnouncedSlot,
    AnnouncedTo,
    Announcement,
    Booking,
    BookingMember,
    Pair,
    PairMember,
    Slot,
    SlotBatch,
)

_PAST = (
    BookingState.RECORDED.value,
    BookingState.CHECKED_IN.value,
    BookingState.ATTENDING.value,
    BookingState.CONFIRMED.value,
)
"""States of bookings that, once their time is past, were a session."""

HEAD_START = Prepared(
    select(Announcement)
    .join(AnnouncedSlot, col(AnnouncedSlot.announcement_id) == col(Announcement.id))
    .where(col(AnnouncedSlot.slot_id) == bindparam("slot_id"), col(Announcement.opens_at) > bindparam("now"))
)


class KeptForFirst(DomainError):
    """Until then only the first wave can book this; None: it is not announced yet."""

    slot_id: int
    opens_at: datetime | None


def planned(unit: Unit, batch: SlotBatch) -> bool:
    """Whether the slots of a batch open in waves."""
    return bool(batch.grid.get("waves")) and rules.head_start(unit.policy.booking.wave, unit.now) is not None


async def choose(unit: Unit, can_book: Collection[int], slots: int) -> frozenset[int]:
    """The people (ids) of a first wave for so many slots, of those who can book; both of each pair.

    Empty if there is no second wave: then everybody is told at once.
    """
    members = await unit.tx.all(
        columns(col(PairMember.pair_id), col(PairMember.person_id), col(Pair.created_at))
        .join(Pair, col(Pair.id) == col(PairMember.pair_id))
        .where(col(PairMember.active), col(PairMember.person_id).in_(can_book))
    )
    recorded = await _recorded(unit, can_book)
    people: dict[int, list[int]] = {}
    since: dict[int, datetime] = {}
    for pair_id, person_id, created_at in members:
        people.setdefault(pair_id, []).append(person_id)
        since[pair_id] = created_at
    claims = [
        Claim(pair_id, since[pair_id], max((recorded[one] for one in both if one in recorded), default=None))
        for pair_id, both in people.items()
        if len(both) > 1
    ]
    wave = rules.first_wave(claims, slots)
    if len(wave) == len(people):
        return frozenset()
    return frozenset(one for pair_id in wave for one in people[pair_id])


async def _recorded(unit: Unit, people: Collection[int]) -> dict[int, datetime]:
    """When each of these last had a session; who never had one is left out."""
    rows = await unit.tx.all(
        columns(col(BookingMember.person_id), func.max(col(BookingMember.ends_at)))
        .join(Booking, col(Booking.id) == col(BookingMember.booking_id))
        .where(col(BookingMember.person_id).in_(people), col(BookingMember.active))
        .where(col(BookingMember.ends_at) <= unit.now, col(Booking.state).in_(_PAST))
        .group_by(col(BookingMember.person_id))
    )
    return dict(list(rows))


async def begin(unit: Unit, announcement: Announcement, opens_at: datetime) -> None:
    """Let an announcement's slots be for the first wave alone until then."""
    await unit.tx.change(
        update(Announcement).where(col(Announcement.id) == announcement.id).values(opens_at=opens_at)
    )
    announcement.opens_at = opens_at


def kept(unit: Unit, slots: Sequence[SlotView], opens_at: datetime) -> list[SlotView]:
    """Those of these slots that are worth keeping for the first wave until then."""
    return [slot for slot in slots if rules.waits(opens_at, book_by(unit.policy.booking, slot.starts_at))]


async def check(unit: Unit, slot: Slot, people: Collection[int]) -> None:
    """Raises `KeptForFirst` if only others can book a slot yet; one of a pair in the first wave is enough."""
    last = book_by(unit.policy.booking, slot.starts_at)
    for row in await unit.tx.all(HEAD_START, slot_id=slot.id, now=unit.now):
        opens_at = row.opens_at
        if opens_at is None or not rules.waits(opens_at, last):
            continue
        first = select(AnnouncedTo.person_id).where(
            AnnouncedTo.announcement_id == row.id,
            col(AnnouncedTo.person_id).in_(people),
            col(AnnouncedTo.first),
        )
        if await unit.tx.first(first) is None:
            raise KeptForFirst(slot.id, opens_at)
    if slot.announced_at is None and slot.batch_id is not None:
        batch = await unit.tx.get(SlotBatch, slot.batch_id)
        head_start = rules.head_start(unit.policy.booking.wave, unit.now)
        if batch and planned(unit, batch) and head_start and rules.waits(head_start, last):
            raise KeptForFirst(slot.id, None)


async def kept_from(unit: Unit, people: Collection[int], slots: Sequence[SlotView]) -> frozenset[int]:
    """Those of these slots (ids) that these people cannot book yet."""
    ahead = await unit.tx.all(
        select(Slot)
        .join(AnnouncedSlot, col(AnnouncedSlot.slot_id) == col(Slot.id), isouter=True)
        .join(Announcement, col(Announcement.id) == col(AnnouncedSlot.announcement_id), isouter=True)
        .where(col(Slot.id).in_([slot.slot_id for slot in slots]))
        .where(
            or_(
                col(Announcement.opens_at) > unit.now,
                col(Slot.announced_at).is_(None) & col(Slot.batch_id).is_not(None),
            )
        )
        .distinct()
    )
    found = set()
    for slot in ahead:
        try:
            await check(unit, slot, people)
        except KeptForFirst:
            found.add(slot.id)
    return frozenset(found)


def refusal(slot: SlotView, opens_at: datetime | None) -> FirstWave:
    """What to tell who is not in the first wave, with the wish that would bring such a time."""
    starts = slot.starts_at.astimezone(ZoneInfo(slot.zone))
    return FirstWave(slot, opens_at, part_of(starts.time()), days_of(starts.date()))
