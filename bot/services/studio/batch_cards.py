"""How far a batch of slots is: the message that its coordinator watches."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import col, func, select

from bot.rules.roles import Role
from bot.rules.slots import SlotGrid, parse
from bot.rules.states import ShiftState, SlotState
from bot.services import outbox, people
from bot.services.messages.slots import BatchCard, Grid, Lack
from bot.services.studio import announcements
from bot.services.unit import Unit
from storage.tables import City, Shift, Slot, SlotBatch, Studio


def about(batch_id: int) -> str:
    """The name of the message that first shows a preview and then how far the batch is."""
    return f"batch:{batch_id}"


async def zone_of_city(unit: Unit, code: str) -> str:
    """The time zone of a city's studios: those that stand count first."""
    closed_last = col(Studio.closed_at).is_not(None)
    query = select(Studio.zone).where(Studio.city == code).order_by(closed_last, col(Studio.id))
    return await unit.tx.first(query.limit(1)) or "UTC"


async def describe(unit: Unit, grid: SlotGrid, rooms: int) -> Grid:
    """A grid as coordinators are shown it."""
    city = await unit.tx.one(select(City).where(City.code == grid.city))
    return Grid(
        city=grid.city,
        city_names=city.names,
        zone=await zone_of_city(unit, grid.city),
        first=grid.first,
        last=grid.last,
        times=tuple(f"{at:%H:%M}" for at in grid.times),
        length=grid.length,
        rooms=rooms,
        skip=grid.skip,
    )


async def grid_of(unit: Unit, batch: SlotBatch) -> Grid:
    """The grid of a batch as coordinators are shown it."""
    return await describe(unit, parse(batch.grid["line"]), int(batch.grid["rooms"]))


async def lacking(unit: Unit, batch_id: int) -> Sequence[Slot]:
    """The slots of a batch that wait for staff and have not begun, by time."""
    return await unit.tx.all(
        select(Slot)
        .where(Slot.batch_id == batch_id, Slot.state == SlotState.DRAFT, col(Slot.starts_at) > unit.now)
        .order_by(col(Slot.starts_at), col(Slot.id))
    )


async def card(unit: Unit, batch: SlotBatch) -> BatchCard:
    """How far an opened batch is: what lies ahead, free, taken and lacking people."""
    states = await unit.tx.all(
        select(Slot.state, func.count())
        .where(Slot.batch_id == batch.id, col(Slot.starts_at) > unit.now)
        .group_by(Slot.state)
    )
    counts = Counter(dict(states))
    return BatchCard(
        batch_id=batch.id,
        grid=await grid_of(unit, batch),
        total=sum(count for state, count in counts.items() if state != SlotState.CANCELLED),
        free=counts[SlotState.OPEN],
        taken=counts[SlotState.TAKEN],
        lacks=await _lacks(unit, batch.id),
        skipped=int(batch.grid.get("skipped", 0)),
        staff=len(await people.holders(unit, Role.STAFF, city=batch.city)),
        staff_needed=batch.staff_needed,
        announced_at=batch.announced_at,
        reports=await announcements.of_batch(unit, batch.id),
    )


async def _lacks(unit: Unit, batch_id: int) -> tuple[Lack, ...]:
    """How many slots lack how many people, the smallest lack first."""
    there = select(func.count()).where(Shift.slot_id == Slot.id, Shift.state == ShiftState.CONFIRMED)
    rows = await unit.tx.all(
        select(Slot.staff_needed, there.correlate(Slot).scalar_subquery()).where(
            Slot.batch_id == batch_id, Slot.state == SlotState.DRAFT, col(Slot.starts_at) > unit.now
        )
    )
    missing = Counter(needed - confirmed for needed, confirmed in rows)
    return tuple(Lack(slots=count, people=people_) for people_, count in sorted(missing.items()))


async def refresh(unit: Unit, batch_id: int | None) -> None:
    """Let the coordinator who made a batch see how far it is now."""
    batch = await unit.tx.get(SlotBatch, batch_id) if batch_id else None
    if batch is not None:
        creator = await people.by_id(unit, batch.created_by)
        await outbox.edit_about(unit, creator.telegram_id, about(batch.id), await card(unit, batch))


def confirming(shown: BatchCard) -> BatchCard:
    """The same card, asking whether the free slots shall really be taken back."""
    return replace(shown, confirming=True)
