"""Laying out a grid in every room of a city's studios: what fits, what does not and why, and creating it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, or_, select

from bot.rules import slot_plan as rules
from bot.rules.slot_plan import Buffers, PlannedSlot, Span
from bot.rules.slots import SlotGrid, wall_lines
from bot.rules.states import ClosureState, SlotState
from bot.services.studio import studios
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Room, RoomClosure, Slot, SlotBatch, Studio


@dataclass(frozen=True, slots=True)
class Laid:
    """A grid laid out in every room of a city's studios.

    `slots` fit, each with its buffers in `buffers` by room; the others are counted by what is in their way.
    `nonexistent` are local times that clocks skip, `twice` those of `slots` that they show two times.
    """

    slots: tuple[PlannedSlot, ...] = ()
    past: int = 0
    clashes: int = 0
    tight: int = 0
    closed: int = 0
    nonexistent: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    rooms: int = 0
    buffers: dict[int, Buffers] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        """How many of the grid's slots do not fit."""
        return self.past + self.clashes + self.tight + self.closed

    @property
    def gap(self) -> int:
        """Minutes between two sessions of a room, in the studio that needs most of them."""
        gaps = (each.setup + each.cleanup for each in self.buffers.values())
        return max(gaps, default=timedelta()) // timedelta(minutes=1)


async def lay_out(unit: Unit, grid: SlotGrid) -> Laid:
    """What of a grid can be created now, in the rooms of its city; creates nothing."""
    made: list[PlannedSlot] = []
    past = clashes = tight = shut = 0
    skipped: list[str] = []
    twice: list[str] = []
    by_room: dict[int, Buffers] = {}
    for studio in await studios.standing(unit, grid.city):
        zone = ZoneInfo(studio.zone)
        rooms = [room.id for room in await studios.rooms(unit, studio)]
        buffers = buffers_of(studio)
        taken = await _standing(unit, rooms)
        plan = rules.plan(
            grid,
            zone,
            rooms,
            unit.now,
            [(slot.room_id, slot.starts_at, slot.ends_at) for slot in taken],
            buffers=buffers,
            busy=[
                (slot.room_id, slot.busy_from or slot.starts_at, slot.busy_until or slot.ends_at)
                for slot in taken
            ],
            closed=await _closed(unit, rooms),
        )
        made += plan.slots
        past += len(plan.past)
        clashes += len(plan.clashes)
        tight += len(plan.tight)
        shut += len(plan.closed)
        skipped += wall_lines(plan.nonexistent)
        twice += wall_lines(slot.starts_at.astimezone(zone) for slot in plan.slots if slot.twice)
        by_room |= dict.fromkeys(rooms, buffers)
    return Laid(tuple(made), past, clashes, tight, shut, _once(skipped), _once(twice), len(by_room), by_room)


def _once(times: list[str]) -> tuple[str, ...]:
    """Without what several rooms and studios of a city have in common."""
    return tuple(dict.fromkeys(times))


def buffers_of(studio: Studio) -> Buffers:
    """How long the studio's rooms are set up before, and cleaned up after each session."""
    return Buffers(timedelta(minutes=studio.setup), timedelta(minutes=studio.cleanup))


async def _standing(unit: Unit, rooms: Sequence[int]) -> Sequence[Slot]:
    ends_at = or_(col(Slot.ends_at) > unit.now, col(Slot.busy_until) > unit.now)
    return await unit.tx.all(
        select(Slot).where(col(Slot.room_id).in_(rooms), Slot.state != SlotState.CANCELLED, ends_at)
    )


async def _closed(unit: Unit, rooms: Sequence[int]) -> list[Span]:
    """When these rooms are closed for a while, by themselves or with their studio."""
    own = or_(col(RoomClosure.room_id).is_(None), RoomClosure.room_id == Room.id)
    rows = await unit.tx.all(
        select(Room.id, RoomClosure.starts_at, RoomClosure.ends_at)
        .join(RoomClosure, (col(RoomClosure.studio_id) == col(Room.studio_id)) & own)
        .where(RoomClosure.state == ClosureState.APPLIED, RoomClosure.ends_at > unit.now)
        .where(col(Room.id).in_(rooms))
    )
    return [(room, starts_at, ends_at) for room, starts_at, ends_at in rows]


async def create(unit: Unit, batch: SlotBatch, laid: Laid) -> list[Slot]:
    """Draft slots of a batch, as far as nothing stands in their way since a moment ago."""
    made = [await _create(unit, batch, planned, laid.buffers[planned.room]) for planned in laid.slots]
    return [slot for slot in made if slot is not None]


async def _create(unit: Unit, batch: SlotBatch, planned: PlannedSlot, buffers: Buffers) -> Slot | None:
    slot = Slot(
        room_id=planned.room,
        batch_id=batch.id,
        state=SlotState.DRAFT.value,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        staff_needed=batch.staff_needed,
        created_at=unit.now,
    )
    slot.busy_from, slot.busy_until = busy(buffers, slot.starts_at, slot.ends_at)
    try:
        async with unit.tx.savepoint():
            return await unit.tx.add(slot)
    except ConflictError:
        return None


def busy(buffers: Buffers, starts_at: datetime, ends_at: datetime) -> tuple[datetime | None, datetime | None]:
    """When a session's room begins to be set up and is cleaned up; None where that takes no time."""
    begins, ends = buffers.around(starts_at, ends_at)
    return begins if buffers.setup else None, ends if buffers.cleanup else None
