"""Asking the staff: for a batch of slots, again, and when somebody drops out."""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.roles import Role
from bot.rules.shifts import deal
from bot.rules.states import BatchState, ShiftState, SlotState
from bot.services import outbox, people
from bot.services.booking import bookings
from bot.services.messages.shifts import ShiftWanted
from bot.services.people import Person
from bot.services.studio import batch_cards, shift_cards, slots
from bot.services.unit import Unit
from storage.tables import Shift, Slot, SlotBatch


async def ask(unit: Unit, batch: SlotBatch, wanting: Sequence[Slot], staff: Iterable[Person]) -> int:
    """Ask people whether they can run slots of a batch; gives how many people were asked.

    Each gets the slots that they were not asked for before, a few a message.
    """
    zone = ZoneInfo(await batch_cards.zone_of_city(unit, batch.city))
    asked = 0
    for person in staff:
        known = set(await unit.tx.all(_of_batch(person.id, batch.id, Shift.slot_id)))
        last = await unit.tx.first(_of_batch(person.id, batch.id, func.max(Shift.card))) or 0
        fresh = [slot for slot in wanting if slot.id not in known]
        cards = deal(fresh, lambda slot: slot.starts_at.astimezone(zone).date())
        for number, on_card in enumerate(cards, last + 1):
            for slot in on_card:
                await unit.tx.add_new(_asked(unit, slot, person, number))
            await shift_cards.send(unit, person, batch.id, number)
        asked += bool(cards)
    return asked


def _of_batch(person_id: int, batch_id: int, what: Any) -> SelectOfScalar[int]:
    """A column of the shifts that somebody was asked for in a batch."""
    query: SelectOfScalar[int] = select(what)
    return query.join(Slot, col(Slot.id) == col(Shift.slot_id)).where(
        Shift.person_id == person_id, Slot.batch_id == batch_id
    )


def _asked(unit: Unit, slot: Slot, person: Person, card: int) -> Shift:
    return Shift(
        slot_id=slot.id,
        person_id=person.id,
        state=ShiftState.ASKED.value,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        card=card,
        asked_at=unit.now,
    )


async def ask_newcomer(unit: Unit, person: Person, city: str) -> None:
    """Ask somebody who joins the staff of a city for everything there that still lacks people."""
    batches = await unit.tx.all(
        select(SlotBatch)
        .where(SlotBatch.city == city, SlotBatch.state == BatchState.OPENED)
        .order_by(col(SlotBatch.id))
    )
    for batch in batches:
        wanting = await batch_cards.lacking(unit, batch.id)
        if wanting and await ask(unit, batch, wanting, [person]):
            await batch_cards.refresh(unit, batch.id)


async def remind(unit: Unit, batch: SlotBatch, number: int) -> int:
    """Ask everybody again who has not answered for slots that lack people; gives how many people.

    Each gets one message. Staff who joined meanwhile and were not asked at all are asked now. `number` names
    this round.
    """
    wanting = await batch_cards.lacking(unit, batch.id)
    asked = 0
    for person in await people.holders(unit, Role.STAFF, city=batch.city):
        open_ = await shift_cards.reminder(unit, person, batch.id)
        if open_.shifts:
            about = f"shifts:{batch.id}:again:{number}"
            await outbox.send(unit, person.telegram_id, open_, about=about)
        fresh = await ask(unit, batch, wanting, [person])
        asked += bool(open_.shifts or fresh)
    return asked


async def ask_others(unit: Unit, slot: Slot, gone: Person) -> int:
    """Somebody of the staff is missing: ask all who have neither confirmed nor declined; gives how many.

    For a session that a pair has booked those who declined are asked too: their plans may have changed.
    """
    view = await slots.slot_view(unit, slot.id)
    if slot.batch_id is None or view is None:
        return 0
    askable = [ShiftState.ASKED, *([ShiftState.DECLINED] if slot.state == SlotState.TAKEN else [])]
    batch = await unit.tx.one(select(SlotBatch).where(SlotBatch.id == slot.batch_id))
    asked = 0
    for other in await people.holders(unit, Role.STAFF, city=batch.city):
        if other.id == gone.id:
            continue
        await unit.tx.add_new(_asked(unit, slot, other, 0))
        shift = await unit.tx.one(select(Shift).where(Shift.slot_id == slot.id, Shift.person_id == other.id))
        if shift.state in askable:
            await outbox.send(
                unit,
                other.telegram_id,
                ShiftWanted(await shift_cards.view(unit, shift), fresh=True),
                topic=shift_cards.topic(slot.id),
                not_before=bookings.not_before(unit, view),
            )
            asked += 1
    return asked
