"""Calling slots off: whoever they were for, and whoever would have run them, is told."""

from collections.abc import Sequence

from bot.rules.states import SlotState
from bot.services import audit
from bot.services.booking import cancelling
from bot.services.people import Person
from bot.services.studio import batch_cards, shift_cards, shifts
from bot.services.unit import Unit
from storage.tables import Slot


async def call_off(unit: Unit, person: Person, ahead: Sequence[Slot]) -> int:
    """Cancel slots with their bookings, waitlists and shifts; gives how many.

    One that somebody else moved meanwhile stays as it is.
    """
    gone = []
    for slot in ahead:
        if await audit.move(unit, slot, SlotState.CANCELLED, actor=person.id):
            gone.append(slot.id)
            await cancelling.cancel_for_slot(unit, slot.id, by=person)
    await shifts.release(unit, gone)
    for batch_id in sorted({slot.batch_id for slot in ahead if slot.batch_id is not None}):
        await shift_cards.refresh_batch(unit, batch_id)
        await batch_cards.refresh(unit, batch_id)
    return len(gone)
