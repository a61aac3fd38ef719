"""What the staff see of their shifts: the cards that ask, and the list of one's own."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from bot.rules.shifts import PER_CARD
from bot.rules.states import ShiftState, SlotState
from bot.services import outbox, people
from bot.services.booking import no_shows
from bot.services.calendars import links
from bot.services.messages import Message
from bot.services.messages.shifts import ShiftReminder, ShiftRequest, ShiftView, ShiftWanted, Today
from bot.services.people import Person
from bot.services.studio import batch_cards, duty, slots
from bot.services.unit import Unit
from storage.tables import City, Shift, Slot, SlotBatch

LISTED = 20
"""Shifts of each sort that `/today` lists."""


def topic(slot_id: int) -> str:
    """What messages about the staff of a slot are filed under."""
    return f"staff:{slot_id}"


def _about(batch_id: int, card: int) -> str:
    return f"shifts:{batch_id}:{card}"


async def shifts_on(unit: Unit, person_id: int, batch_id: int, card: int) -> Sequence[Shift]:
    """The shifts that one card asks somebody for, by time."""
    return await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Shift.person_id == person_id, Slot.batch_id == batch_id, Shift.card == card)
        .order_by(col(Shift.starts_at), col(Shift.slot_id))
    )


async def view(unit: Unit, shift: Shift) -> ShiftView:
    """One shift as its person sees it."""
    return (await views(unit, [shift]))[0]


async def views(unit: Unit, shifts: Sequence[Shift]) -> tuple[ShiftView, ...]:
    """Shifts as their person sees them, in the order given."""
    by_slot = {one.slot_id: one for one in await slots.slot_views(unit, [s.slot_id for s in shifts])}
    complete = await slots.fully_staffed(unit, list(by_slot))
    return tuple(
        ShiftView(
            shift_id=shift.id,
            state=shift.state,
            slot=by_slot[shift.slot_id],
            full=shift.slot_id in complete,
        )
        for shift in shifts
    )


async def card(unit: Unit, person: Person, batch_id: int, number: int) -> ShiftRequest:
    """A card as it looks now."""
    batch = await unit.tx.one(select(SlotBatch).where(SlotBatch.id == batch_id))
    city = await unit.tx.one(select(City).where(City.code == batch.city))
    return ShiftRequest(
        batch_id=batch_id,
        card=number,
        city_names=city.names,
        zone=await batch_cards.zone_of_city(unit, batch.city),
        needed=batch.staff_needed,
        shifts=await views(unit, await shifts_on(unit, person.id, batch_id, number)),
    )


async def send(
    unit: Unit, person: Person, batch_id: int, number: int, not_before: datetime | None = None
) -> None:
    """Send a card."""
    message = await card(unit, person, batch_id, number)
    about = _about(batch_id, number)
    await outbox.send(unit, person.telegram_id, message, about=about, not_before=not_before)


async def reminder(unit: Unit, person: Person, batch_id: int) -> ShiftReminder:
    """The next few shifts of a batch that somebody has not answered and that still lack people."""
    batch = await unit.tx.one(select(SlotBatch).where(SlotBatch.id == batch_id))
    city = await unit.tx.one(select(City).where(City.code == batch.city))
    silent = await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Shift.person_id == person.id, Shift.state == ShiftState.ASKED)
        .where(Slot.batch_id == batch_id, Slot.state == SlotState.DRAFT, col(Slot.starts_at) > unit.now)
        .order_by(col(Shift.starts_at), col(Shift.slot_id))
    )
    shown = await views(unit, silent[:PER_CARD])
    return ShiftReminder(batch_id, city.names, shown, more=len(silent) - len(shown))


async def refresh(unit: Unit, person: Person, batch_id: int, number: int) -> None:
    """Let the card that first asked look as things are now."""
    message = await card(unit, person, batch_id, number)
    await outbox.edit_about(unit, person.telegram_id, _about(batch_id, number), message)


async def refresh_others(unit: Unit, slot: Slot, but: Person) -> None:
    """A slot has its people, or has lost some: show that to all who can still answer."""
    if slot.batch_id is None:
        return
    waiting = await unit.tx.all(
        select(Shift)
        .where(Shift.slot_id == slot.id, Shift.person_id != but.id, col(Shift.card) > 0)
        .where(col(Shift.state).in_((ShiftState.ASKED, ShiftState.DECLINED)))
    )
    for shift in waiting:
        person = await people.by_id(unit, shift.person_id)
        await refresh(unit, person, slot.batch_id, shift.card)


async def refresh_batch(unit: Unit, batch_id: int) -> None:
    """Show everybody who was asked for a batch how its slots are now."""
    asked = await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Slot.batch_id == batch_id, col(Shift.card) > 0)
    )
    for person_id, number in sorted({(shift.person_id, shift.card) for shift in asked}):
        await refresh(unit, await people.by_id(unit, person_id), batch_id, number)


async def today(unit: Unit, person: Person) -> Today:
    """One's shifts that are not over: those to answer, and those confirmed, by time."""
    rows = await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Shift.person_id == person.id, col(Shift.ends_at) > unit.now)
        .where(col(Shift.state).in_((ShiftState.ASKED, ShiftState.CONFIRMED)))
        .where(col(Slot.state).not_in((SlotState.CANCELLED, SlotState.DONE)))
        .order_by(col(Shift.starts_at), col(Shift.slot_id))
    )
    shown = await views(unit, rows)
    confirmed = [one for one in shown if one.state == ShiftState.CONFIRMED]
    open_ = [one for one in shown if one.state == ShiftState.ASKED and not one.full]
    open_ = [one for one in open_ if one.slot.starts_at > unit.now]
    more = max(0, len(open_) - LISTED) + max(0, len(confirmed) - LISTED)
    begun = await no_shows.begun(unit, person)
    load = await duty.load(unit, person)
    return Today(tuple(open_[:LISTED]), tuple(confirmed[:LISTED]), more, begun, load, links.offered(unit))


async def shown_in(unit: Unit, person: Person, shift: Shift, kind: str) -> Message:
    """The message of a `kind` in which a shift was just answered, as it looks now."""
    slot = await unit.tx.one(select(Slot).where(Slot.id == shift.slot_id))
    if kind == Today.kind:
        return await today(unit, person)
    if kind == ShiftReminder.kind and slot.batch_id is not None:
        return await reminder(unit, person, slot.batch_id)
    if kind == ShiftRequest.kind and slot.batch_id is not None:
        return await card(unit, person, slot.batch_id, shift.card)
    return ShiftWanted(await view(unit, shift))
