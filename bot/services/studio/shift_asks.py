"""Asking one of the staff: whether they can run some slots of a batch, or one that has lost somebody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.shifts import deal
from bot.rules.states import ShiftState
from bot.services import outbox
from bot.services.booking import bookings
from bot.services.messages.shifts import ShiftWanted
from bot.services.people import Person
from bot.services.studio import batch_cards, shift_cards, slots
from bot.services.unit import Unit
from storage.tables import Shift, Slot, SlotBatch


async def ask(
    unit: Unit, batch: SlotBatch, wanting: Sequence[Slot], person: Person, not_before: datetime | None = None
) -> bool:
    """Ask somebody for slots of a batch that they were not asked for before, a few a message; False if for none."""
    zone = ZoneInfo(await batch_cards.zone_of_city(unit, batch.city))
    known = set(await unit.tx.all(_of_batch(person.id, batch.id, Shift.slot_id)))
    last = await unit.tx.first(_of_batch(person.id, batch.id, func.max(Shift.card))) or 0
    fresh = [slot for slot in wanting if slot.id not in known]
    cards = deal(fresh, lambda slot: slot.starts_at.astimezone(zone).date())
    for number, on_card in enumerate(cards, last + 1):
        for slot in on_card:
            await unit.tx.add_new(_asked(unit, slot, person, number, not_before))
        await shift_cards.send(unit, person, batch.id, number, not_before)
    return bool(cards)


def _of_batch(person_id: int, batch_id: int, what: Any) -> SelectOfScalar[int]:
    """A column of the shifts that somebody was asked for in a batch."""
    query: SelectOfScalar[int] = select(what)
    return query.join(Slot, col(Slot.id) == col(Shift.slot_id)).where(
        Shift.person_id == person_id, Slot.batch_id == batch_id
    )


def _asked(unit: Unit, slot: Slot, person: Person, card: int, not_before: datetime | None) -> Shift:
    return Shift(
        slot_id=slot.id,
        person_id=person.id,
        state=ShiftState.ASKED.value,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        card=card,
        asked_at=not_before or unit.now,
    )


async def ask_again(unit: Unit, batch: SlotBatch, person: Person, about: str = "") -> bool:
    """Remind somebody of what they have not answered and what still lacks people; False if there is nothing.

    Their time to answer begins anew.
    """
    shown = await shift_cards.reminder(unit, person, batch.id)
    if not shown.shifts:
        return False
    ids = [view.shift_id for view in shown.shifts]
    await unit.tx.change(update(Shift).where(col(Shift.id).in_(ids)).values(asked_at=unit.now))
    await outbox.send(unit, person.telegram_id, shown, about=about)
    return True


async def ask_to_step_in(unit: Unit, slot: Slot, person: Person) -> None:
    """Ask somebody for a slot that has lost one of its staff, whatever they said before."""
    (view,) = await slots.slot_views(unit, [slot.id])
    not_before = bookings.not_before(unit, view)
    if not await unit.tx.add_new(_asked(unit, slot, person, 0, not_before)):
        own = (col(Shift.slot_id) == slot.id) & (col(Shift.person_id) == person.id)
        await unit.tx.change(update(Shift).where(own).values(asked_at=not_before or unit.now))
    shift = await unit.tx.one(select(Shift).where(Shift.slot_id == slot.id, Shift.person_id == person.id))
    await outbox.send(
        unit,
        person.telegram_id,
        ShiftWanted(await shift_cards.view(unit, shift), fresh=True),
        topic=shift_cards.topic(slot.id),
        not_before=not_before,
    )
