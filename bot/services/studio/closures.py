"""Rooms closed for a while: first said what it touches, then done; the sessions in it are called off with it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select, update

from bot.rules.closures import in_utc
from bot.rules.commands import CloseRooms
from bot.rules.errors import DomainError
from bot.rules.states import LIVE_BOOKINGS, ClosureState, SlotState
from bot.services import audit
from bot.services.booking import bookings
from bot.services.booking.line import QUEUED
from bot.services.messages.closures import ClosureCard, ClosureList, ClosurePreview, ClosureView, Touched
from bot.services.people import Person, name_of
from bot.services.studio import slots, studios
from bot.services.studio.calling_off import call_off
from bot.services.unit import Unit
from storage.tables import Booking, Room, RoomClosure, Slot, Studio, Waiting

STANDING = (SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)


class UnknownRoom(DomainError):
    """The studio has no such room; it has the numbers 1 to `rooms`."""

    room: int
    rooms: int


class ClosurePast(DomainError):
    """It would be over already."""


class UnknownClosure(DomainError):
    """No such closure: a forged button."""


class ClosureOver(DomainError):
    """The preview was answered, or the closure lifted: `state` says so."""

    state: str


# --- looking


async def _get(unit: Unit, closure_id: int) -> RoomClosure:
    row = await unit.tx.get(RoomClosure, closure_id)
    if row is None:
        raise UnknownClosure
    return row


async def _view(unit: Unit, row: RoomClosure) -> ClosureView:
    studio = await unit.tx.one(select(Studio).where(Studio.id == row.studio_id))
    room = await unit.tx.get(Room, row.room_id) if row.room_id else None
    number = room.number if room else None
    shown = await studios.view(unit, studio)
    return ClosureView(row.id, shown, number, row.starts_at, row.ends_at, row.reason)


async def listing(unit: Unit, studio_id: int) -> ClosureList:
    """What is closed in a studio now and later; raises `UnknownStudio` or `StudioIsClosed`."""
    studio = await studios.get(unit, studio_id)
    rows = await unit.tx.all(
        select(RoomClosure)
        .where(RoomClosure.studio_id == studio.id, RoomClosure.state == ClosureState.APPLIED)
        .where(RoomClosure.ends_at > unit.now)
        .order_by(col(RoomClosure.starts_at), col(RoomClosure.id))
    )
    return ClosureList(await studios.view(unit, studio), tuple([await _view(unit, row) for row in rows]))


async def card(unit: Unit, closure_id: int) -> ClosureCard:
    """One closure; raises `UnknownClosure`, and `ClosureOver` if it does not stand."""
    row = await _get(unit, closure_id)
    if row.state != ClosureState.APPLIED:
        raise ClosureOver(row.state)
    return ClosureCard(await _view(unit, row))


# --- what it touches


async def _touched(unit: Unit, row: RoomClosure) -> Sequence[Slot]:
    """The sessions that stand in the closed time, those under way too, by time."""
    query = (
        select(Slot)
        .join(Room, col(Room.id) == col(Slot.room_id))
        .where(Room.studio_id == row.studio_id, col(Slot.state).in_((*STANDING, SlotState.RUNNING)))
        .where(col(Slot.starts_at) < row.ends_at, col(Slot.ends_at) > max(row.starts_at, unit.now))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )
    if row.room_id is not None:
        query = query.where(Room.id == row.room_id)
    return await unit.tx.all(query)


async def _ahead(unit: Unit, row: RoomClosure) -> list[Slot]:
    return [slot for slot in await _touched(unit, row) if slot.starts_at > unit.now]


async def _bookings(unit: Unit, ahead: Sequence[Slot]) -> Sequence[Booking]:
    return await unit.tx.all(
        select(Booking)
        .join(Slot, col(Slot.id) == col(Booking.slot_id))
        .where(col(Booking.slot_id).in_([slot.id for slot in ahead]), col(Booking.state).in_(LIVE_BOOKINGS))
        .order_by(col(Slot.starts_at), col(Booking.id))
    )


async def _preview(unit: Unit, row: RoomClosure, more: int = 0) -> ClosurePreview:
    """What it would touch as things are now, which the coordinator counts as shown from here on."""
    touched = await _touched(unit, row)
    ahead = [slot for slot in touched if slot.starts_at > unit.now]
    booked = await _bookings(unit, ahead)
    shown = [booking.id for booking in booked]
    await unit.tx.change(update(RoomClosure).where(col(RoomClosure.id) == row.id).values(shown=shown))
    views = {view.slot_id: view for view in await slots.slot_views(unit, [slot.id for slot in ahead])}
    pairs = []
    for booking in booked:
        names = [name_of(person) for person in await bookings.people_in(unit, booking)]
        pairs.append(Touched(views[booking.slot_id], tuple(names)))
    waits = select(func.count()).where(col(Waiting.slot_id).in_(list(views)), col(Waiting.state).in_(QUEUED))
    return ClosurePreview(
        await _view(unit, row),
        free=len(ahead) - len({booking.slot_id for booking in booked}),
        booked=tuple(pairs),
        waiting=int(await unit.tx.one(waits)),
        running=len(touched) - len(ahead),
        more=more,
    )


# --- closing


async def preview(unit: Unit, person: Person, wanted: CloseRooms) -> ClosurePreview:
    """Keep a closure and say what it would touch; nothing is closed yet.

    Raises `UnknownStudio`, `StudioIsClosed`, `UnknownRoom` and `ClosurePast`.
    """
    studio = await studios.get(unit, wanted.studio)
    rooms = {room.number: room.id for room in await studios.rooms(unit, studio)}
    if wanted.room is not None and wanted.room not in rooms:
        raise UnknownRoom(wanted.room, len(rooms))
    starts_at, ends_at = in_utc(wanted.span, ZoneInfo(studio.zone))
    if ends_at <= unit.now:
        raise ClosurePast
    row = await unit.tx.add(
        RoomClosure(
            studio_id=studio.id,
            room_id=rooms[wanted.room] if wanted.room is not None else None,
            state=ClosureState.PREVIEW.value,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=wanted.reason,
            created_by=person.id,
            created_at=unit.now,
        )
    )
    await audit.record(unit, f"roomclosure:{row.id}", "roomclosure.planned", actor=person.id)
    return await _preview(unit, row)


async def apply(unit: Unit, person: Person, closure_id: int) -> ClosureCard | ClosurePreview:
    """Close: every session in it that has not begun is called off, with its booking, and all are told why.

    Has somebody booked one since the coordinator was shown what it touches, that is shown again instead. Raises
    `UnknownClosure`, `ClosurePast` and `ClosureOver`.
    """
    row = await _get(unit, closure_id)
    if row.state != ClosureState.PREVIEW:
        raise ClosureOver(row.state)
    if row.ends_at <= unit.now:
        raise ClosurePast
    ahead = await _ahead(unit, row)
    booked = await _bookings(unit, ahead)
    fresh = {booking.id for booking in booked} - set(row.shown)
    if fresh:
        return await _preview(unit, row, len(fresh))
    off = await call_off(unit, person, ahead, row.reason)
    if not await audit.move(unit, row, ClosureState.APPLIED, actor=person.id, applied_at=unit.now):
        raise ClosureOver((await _get(unit, closure_id)).state)
    taken = len({booking.slot_id for booking in booked})
    return ClosureCard(await _view(unit, row), "applied", off - taken, taken)


async def drop(unit: Unit, person: Person, closure_id: int) -> ClosureCard:
    """Leave it open after all; raises `UnknownClosure` and `ClosureOver`."""
    return await _move(unit, person, closure_id, ClosureState.PREVIEW, ClosureState.DROPPED)


async def lift(unit: Unit, person: Person, closure_id: int) -> ClosureCard:
    """Open again; what was called off stays so. Raises `UnknownClosure` and `ClosureOver`."""
    return await _move(unit, person, closure_id, ClosureState.APPLIED, ClosureState.LIFTED)


async def _move(
    unit: Unit, person: Person, closure_id: int, source: ClosureState, to: ClosureState
) -> ClosureCard:
    row = await _get(unit, closure_id)
    if row.state != source or not await audit.move(unit, row, to, actor=person.id):
        raise ClosureOver((await _get(unit, closure_id)).state)
    return ClosureCard(await _view(unit, row), to.value)
