"""Setting up and cleaning up: what a change of their length means for the sessions that are planned already."""

from sqlmodel import col, select, update

from bot.rules.states import SlotState
from bot.services.studio import laying
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Room, Slot, Studio


async def spread(unit: Unit, studio: Studio) -> int:
    """Give the studio's coming sessions its buffers; gives how many stand too near to others for that.

    Those stay as they are: nothing is moved or cancelled because of a few minutes.
    """
    ahead = await unit.tx.all(
        select(Slot)
        .join(Room, col(Room.id) == col(Slot.room_id))
        .where(Room.studio_id == studio.id, col(Slot.starts_at) > unit.now)
        .where(col(Slot.state).in_((SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )
    buffers, near = laying.buffers_of(studio), 0
    for slot in ahead:
        begins, ends = laying.busy(buffers, slot.starts_at, slot.ends_at)
        wider = update(Slot).where(col(Slot.id) == slot.id).values(busy_from=begins, busy_until=ends)
        try:
            async with unit.tx.savepoint():
                await unit.tx.change(wider)
        except ConflictError:
            near += 1
    return near
