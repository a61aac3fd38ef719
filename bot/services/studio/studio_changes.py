"""Changing a studio and closing it, or some of its rooms: never without saying what that touches."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select, update

from bot.rules.commands import ChangeStudio, option_value
from bot.rules.errors import DomainError, NameMissing
from bot.rules.states import SlotState
from bot.rules.studios import names_of, script
from bot.services import audit, people
from bot.services.joining.onboarding import NotOffered
from bot.services.messages.slots import SlotView
from bot.services.messages.studios import AskStudioField, ConfirmClosing, StudioCard, StudioClosed
from bot.services.people import Person
from bot.services.studio import buffers, slots, studios
from bot.services.studio.calling_off import call_off
from bot.services.unit import Unit
from storage.tables import Room, Slot, Studio


class ZoneInUse(DomainError):
    """Slots lie ahead that were planned in the studio's present time zone: it cannot change under them."""

    count: int
    zone: str


async def change(unit: Unit, person: Person, wanted: ChangeStudio) -> StudioCard | ConfirmClosing:
    """Give a studio other values; fewer rooms with slots ahead in them need a yes first.

    Raises `UnknownStudio`, `StudioIsClosed` or `ZoneInUse`.
    """
    studio = await studios.get(unit, wanted.studio)
    values = _columns(studio, wanted.changes)
    if values.get("zone", studio.zone) != studio.zone:
        ahead = len(await slots_ahead(unit, studio))
        if ahead:
            raise ZoneInUse(ahead, studio.zone)
    if values:
        await unit.tx.change(update(Studio).where(col(Studio.id) == studio.id).values(**values))
        for name, value in values.items():
            setattr(studio, name, value)
    names = {key[5:]: str(name) for key, name in wanted.changes.items() if key.startswith("city_") and name}
    await studios.name_city(unit, studio.city, names)
    await audit.record(
        unit, f"studio:{studio.id}", "studio.changed", actor=person.id, keys=sorted(wanted.changes)
    )
    count = wanted.changes.get("rooms")
    if isinstance(count, int):
        if await slots_ahead(unit, studio, above=count):
            return await closing(unit, studio.id, keep=count)
        await studios.set_rooms(unit, studio, count)
    close = await buffers.spread(unit, studio) if {"setup", "cleanup"} & values.keys() else 0
    return await studios.shown(unit, studio, changed=True, close=close)


def _columns(studio: Studio, changes: dict[str, str | int | None]) -> dict[str, Any]:
    """The studio's columns that the keys of the one-line form change."""
    values: dict[str, Any] = {}
    names = dict(studio.names)
    for key, value in changes.items():
        if key in ("zh", "en"):
            names.pop(key, None)
            if value:
                names[key] = str(value)
        elif key == "name":
            names[script(str(value))] = str(value)
        elif key == "map":
            values["map_url"] = value or ""
        elif key == "address":
            values["address"] = value or ""
        elif key in ("zone", "setup", "cleanup"):
            values[key] = value
    if names and names != studio.names:
        values["names"] = names
    return values


# --- closing


async def slots_ahead(unit: Unit, studio: Studio, *, above: int = 0) -> Sequence[Slot]:
    """The slots that still lie ahead, in the rooms with a higher number than `above`, by time."""
    return await unit.tx.all(
        select(Slot)
        .join(Room, col(Room.id) == col(Slot.room_id))
        .where(Room.studio_id == studio.id, col(Room.number) > above, col(Slot.starts_at) > unit.now)
        .where(col(Slot.state).in_((SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )


async def closing(unit: Unit, studio_id: int, *, keep: int = 0) -> ConfirmClosing:
    """What closing a studio, or its rooms above `keep`, would touch; changes nothing.

    Raises `UnknownStudio` or `StudioIsClosed`.
    """
    studio = await studios.get(unit, studio_id)
    ahead = await slots_ahead(unit, studio, above=keep)
    taken = [slot.id for slot in ahead if slot.state == SlotState.TAKEN]
    booked: Sequence[SlotView] = await slots.slot_views(unit, taken) if taken else ()
    return ConfirmClosing(
        studio=await studios.view(unit, studio),
        free=len(ahead) - len(taken),
        booked=tuple(booked),
        rooms=keep,
    )


async def close(
    unit: Unit, person: Person, studio_id: int, *, keep: int = 0, booked_too: bool = False
) -> StudioClosed | StudioCard:
    """Close a studio, or only its rooms above `keep`: no new sessions there, and the free slots are cancelled.

    Sessions that are booked still take place, unless they go with it (`booked_too`). Raises `UnknownStudio` or
    `StudioIsClosed`.
    """
    studio = await studios.get(unit, studio_id)
    ahead = await slots_ahead(unit, studio, above=keep)
    booked = [slot for slot in ahead if slot.state == SlotState.TAKEN]
    cancelled = await call_off(unit, person, [slot for slot in ahead if slot not in booked])
    off = await call_off(unit, person, booked) if booked_too else 0
    before = await studios.view(unit, studio)
    await studios.set_rooms(unit, studio, keep)
    if keep:
        return await studios.shown(unit, studio, changed=True)
    await unit.tx.change(update(Studio).where(col(Studio.id) == studio.id).values(closed_at=unit.now))
    closed = StudioClosed(before, cancelled, len(booked) - off, off)
    await audit.record(
        unit, f"studio:{studio.id}", "studio.closed", actor=person.id, cancelled=cancelled, called_off=off
    )
    return closed


# --- by buttons and typed words

FIELD = "studio_field"
"""What is expected of a person who is asked for a field of a studio."""

FIELDS = ("name", "address", "map", "zone", "rooms", "setup", "cleanup")


async def ask_field(unit: Unit, person: Person, studio_id: int, field: str) -> AskStudioField:
    """Ask what a field shall be, to be typed; raises `NotOffered`, `UnknownStudio` and `StudioIsClosed`."""
    if field not in FIELDS:
        raise NotOffered
    studio = await studios.get(unit, studio_id)
    await people.expect(unit, person, FIELD, studio=studio_id, field=field)
    return AskStudioField(await studios.view(unit, studio), field)


async def leave_field(unit: Unit, person: Person) -> None:
    """No field is asked for any more."""
    if (person.expecting or {}).get("what") == FIELD:
        await people.expect(unit, person, None)


async def answer_field(unit: Unit, person: Person, text: str) -> StudioCard | ConfirmClosing:
    """Take the typed value; raises as `change`, and what is wrong with the value."""
    expecting = person.expecting or {}
    field, text = expecting["field"], " ".join(text.split())
    changes: dict[str, str | int | None]
    if field == "name":
        changes = dict(names_of(text))
        if not changes:
            raise NameMissing
    else:
        removed = text == "-" and field in ("address", "map")
        changes = {field: None if removed else option_value(field, text)}
    shown = await change(unit, person, ChangeStudio(int(expecting["studio"]), changes))
    await people.expect(unit, person, None)
    return shown
