"""Calling slots off: whoever they were for, and whoever would have run them, is told."""

from collections.abc import Sequence

from bot.rules.states import SlotState
from bot.services import audit
from bot.services.booking import cancelling
from bot.services.people import Person
from bot.services.studio import batch_cards, shift_cards, shifts
from bot.services.unit import Unit
from storage.tables import Slot


async def call_off(unit: Unit, person: Person, ahead: Sequence[Slot], reason: str = "") -> int:
    """Cancel slots with their bookings, waitlists and shifts, for a reason that people are told; gives how many.

    One that somebody else moved meanwhile stays as it is. All are cancelled before anybody is told, so that
    nobody is offered one of them in place of another.
    """
    gone = [slot.id for slot in ahead if await audit.move(unit, slot, SlotState.CANCELLED, actor=person.id)]
    for slot_id in gone:
        await cancelling.cancel_for_slot(unit, slot_id, reason, by=person)
    await shifts.release(unit, gone)
    for batch_id in sorted({slot.batch_id for slot in ahead if slot.batch_id is not None}):
        await shift_cards.refresh_batch(unit, batch_id)
        await batch_cards.refresh(unit, batch_id)
    return len(gone)
