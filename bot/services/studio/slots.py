"""Slots as everybody else needs them: which are open, what one looks like, taking and freeing one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam
from sqlalchemy import select as columns
from sqlmodel import col, func, select

from bot.rules.states import ShiftState, SlotState
from bot.services import audit
from bot.services.messages.slots import SlotView
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import City, Room, Shift, Slot, Studio


def _views() -> Select[Any]:
    """The columns of a `SlotView`, in its order."""
    room_count = select(func.count()).where(Room.studio_id == Studio.id).correlate(Studio).scalar_subquery()
    return (
        columns(
            col(Slot.id),
            col(Slot.starts_at),
            col(Slot.ends_at),
            col(Studio.zone),
            col(Studio.names),
            col(Studio.city),
            col(Studio.address),
            col(Studio.map_url),
            col(Room.number),
            room_count,
            col(City.names),
            col(Slot.state),
            col(Slot.busy_from),
        )
        .join(Room, col(Room.id) == col(Slot.room_id))
        .join(Studio, col(Studio.id) == col(Room.studio_id))
        .join(City, col(City.code) == col(Studio.city))
    )


_VIEW = Prepared(_views().where(col(Slot.id) == bindparam("slot_id")))


async def open_slots(
    unit: Unit, city: str | None, *, after: datetime | None = None, limit: int = 50
) -> Sequence[SlotView]:
    """The open slots that begin after a moment (None: from now on), the earliest first.

    A `city` of None means everywhere.
    """
    query = _views().where(col(Slot.state) == SlotState.OPEN, col(Slot.starts_at) > (after or unit.now))
    if city is not None:
        query = query.where(col(Studio.city) == city)
    rows = await unit.tx.all(query.order_by(col(Slot.starts_at), col(Slot.id)).limit(limit))
    return [SlotView(*row) for row in rows]


async def free_by_city(unit: Unit, but: Sequence[str | None]) -> Sequence[tuple[City, int]]:
    """The cities, but for some, in which slots can be booked now, by code, and how many."""
    soonest = unit.now + (unit.policy.booking.min_notice or timedelta())
    return await unit.tx.all(
        select(City, func.count(col(Slot.id)))
        .join(Studio, col(Studio.city) == col(City.code))
        .join(Room, col(Room.studio_id) == col(Studio.id))
        .join(Slot, col(Slot.room_id) == col(Room.id))
        .where(Slot.state == SlotState.OPEN.value, Slot.starts_at >= soonest)
        .where(col(City.code).not_in([code for code in but if code is not None]))
        .group_by(col(City.code))
        .order_by(col(City.code))
    )


async def slot_view(unit: Unit, slot_id: int) -> SlotView | None:
    """What a slot looks like in whatever state it is; None if there is none."""
    row = await unit.tx.first(_VIEW, slot_id=slot_id)
    return SlotView(*row) if row is not None else None


async def slot_views(unit: Unit, slot_ids: Sequence[int]) -> Sequence[SlotView]:
    """What these slots look like, the earliest first."""
    query = _views().where(col(Slot.id).in_(slot_ids)).order_by(col(Slot.starts_at), col(Slot.id))
    return [SlotView(*row) for row in await unit.tx.all(query)]


async def take(unit: Unit, slot: Slot, *, actor: int | None = None) -> bool:
    """Give an open slot to a pair; False if it is not open (any more)."""
    if slot.state != SlotState.OPEN:
        return False
    return await audit.move(unit, slot, SlotState.TAKEN, actor=actor)


async def free(unit: Unit, slot: Slot, *, actor: int | None = None) -> bool:
    """Take a slot back from a pair: it is open again, or a draft if its staff are gone meanwhile.

    True if it is open now, so that it can be offered to others.
    """
    if slot.state != SlotState.TAKEN or not await audit.move(unit, slot, SlotState.OPEN, actor=actor):
        return False
    if await confirmed_staff(unit, slot.id) >= slot.staff_needed:
        return True
    await audit.move(unit, slot, SlotState.DRAFT)
    return False


async def confirmed_staff(unit: Unit, slot_id: int) -> int:
    """How many of the staff have confirmed a slot."""
    confirmed = select(func.count()).where(Shift.slot_id == slot_id, Shift.state == ShiftState.CONFIRMED)
    return int(await unit.tx.one(confirmed))


async def fully_staffed(unit: Unit, slot_ids: Sequence[int]) -> frozenset[int]:
    """Those of these slots that have as many people as they need."""
    there = select(func.count()).where(Shift.slot_id == Slot.id, Shift.state == ShiftState.CONFIRMED)
    enough = there.correlate(Slot).scalar_subquery() >= col(Slot.staff_needed)
    return frozenset(await unit.tx.all(select(Slot.id).where(col(Slot.id).in_(slot_ids), enough)))
