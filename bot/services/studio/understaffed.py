"""A booked session that lacks staff when no time is left: coordinators say whether it takes place."""

from sqlmodel import col, update

from bot.rules.errors import DomainError
from bot.rules.states import SlotState
from bot.services import audit
from bot.services.messages.shifts import StaffGone, StaffSettled
from bot.services.people import Person
from bot.services.studio import shifts, slots, staff_alarms
from bot.services.studio.calling_off import call_off
from bot.services.unit import Unit
from storage.tables import Slot


class NothingToDecide(DomainError):
    """The session has its people by now, is not booked any more, or has begun."""


async def _lacking(unit: Unit, slot_id: int) -> Slot:
    """The slot, with nobody else counting its staff until this transaction is over; raises `NothingToDecide`."""
    if await unit.tx.get(Slot, slot_id) is None:
        raise NothingToDecide
    slot = await shifts.locked(unit, slot_id)
    if slot.state != SlotState.TAKEN or slot.starts_at <= unit.now:
        raise NothingToDecide
    if await slots.confirmed_staff(unit, slot.id) >= slot.staff_needed:
        raise NothingToDecide
    return slot


async def run_with_fewer(unit: Unit, person: Person, slot_id: int) -> StaffSettled:
    """Let a session take place with those who are left, one at least; raises `NothingToDecide`."""
    slot = await _lacking(unit, slot_id)
    confirmed = await slots.confirmed_staff(unit, slot.id)
    if not confirmed:
        raise NothingToDecide
    await unit.tx.change(update(Slot).where(col(Slot.id) == slot.id).values(staff_needed=confirmed))
    about = f"slot:{slot.id}"
    await audit.record(unit, about, "slot.need_lowered", actor=person.id, after=str(confirmed))
    return await staff_alarms.settled(unit, slot, "fewer")


async def ask_to_call_off(unit: Unit, slot_id: int, *, confirming: bool) -> StaffGone:
    """The question again, asking (`confirming`) whether it shall really be called off; raises `NothingToDecide`."""
    slot = await _lacking(unit, slot_id)
    view = await staff_alarms.view_of(unit, slot)
    confirmed = await slots.confirmed_staff(unit, slot.id)
    return StaffGone(view, "", confirmed, slot.staff_needed, 0, decide=True, confirming=confirming)


async def off(unit: Unit, person: Person, slot_id: int) -> StaffSettled:
    """Call a session off: the two and the staff are told, it costs them nothing; raises `NothingToDecide`."""
    slot = await _lacking(unit, slot_id)
    if not await call_off(unit, person, [slot]):
        raise NothingToDecide
    return await staff_alarms.settled(unit, slot, "off")
