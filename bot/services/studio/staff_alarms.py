"""What coordinators are told about sessions that lack staff, each thing once."""

from collections.abc import Sequence

from sqlmodel import col, select

from bot.rules.staffing import COVER_BY
from bot.rules.states import SlotState
from bot.services import outbox, people
from bot.services.booking import bookings
from bot.services.messages.shifts import StaffGone, StaffSettled, StaffShort
from bot.services.messages.slots import SlotView
from bot.services.people import Person, name_of
from bot.services.studio import shift_cards, slots
from bot.services.timers import drop_timers, id_of, set_timer
from bot.services.unit import Unit
from storage.tables import Slot, SlotBatch, StaffingStep, Timer

EVERYBODY, SHORT, DECIDE = "everybody", "short", "decide"
"""What is done once for a slot, see `StaffingStep`."""

COVER = "cover_by"
"""The timer of a booked slot that lacks people: no time is left to find some."""

SHOWN = 8
"""Sessions that one message lists."""


async def once(unit: Unit, slot_id: int, kind: str) -> bool:
    """Note that a step was done; False if it was before."""
    return bool(await unit.tx.add_new(StaffingStep(slot_id=slot_id, kind=kind, at=unit.now)))


async def steps(unit: Unit, slot_ids: Sequence[int]) -> dict[int, set[str]]:
    """The steps that were done, by slot."""
    found: dict[int, set[str]] = {}
    for row in await unit.tx.all(select(StaffingStep).where(col(StaffingStep.slot_id).in_(slot_ids))):
        found.setdefault(row.slot_id, set()).add(row.kind)
    return found


def _subject(slot_id: int) -> str:
    return f"slot:{slot_id}"


async def gone(unit: Unit, slot: Slot, person: Person, asked: int) -> None:
    """A booked session has lost somebody: coordinators hear it now, and once more if nobody is found in time."""
    late = slot.starts_at - unit.now <= COVER_BY
    now = (late or not asked) and await once(unit, slot.id, DECIDE)
    await _tell(unit, slot, name_of(person), asked, decide=now)
    if not now:
        await drop_timers(unit, _subject(slot.id), [COVER])
        await set_timer(
            unit, COVER, _subject(slot.id), slot.starts_at - COVER_BY, useful_until=slot.starts_at
        )


async def ring(unit: Unit, timer: Timer) -> None:
    """The time to find cover is over."""
    slot = await unit.tx.get(Slot, id_of(timer))
    if slot is None or slot.state != SlotState.TAKEN:
        return
    if await slots.confirmed_staff(unit, slot.id) < slot.staff_needed:
        await decide(unit, slot)


async def decide(unit: Unit, slot: Slot) -> None:
    """Let coordinators say what shall become of a booked session that still lacks people; once."""
    if await once(unit, slot.id, DECIDE):
        await _tell(unit, slot, "", 0, decide=True)


async def _tell(unit: Unit, slot: Slot, person: str, asked: int, *, decide: bool) -> None:
    view = await view_of(unit, slot)
    confirmed = await slots.confirmed_staff(unit, slot.id)
    message = StaffGone(view, person, confirmed, slot.staff_needed, asked, decide)
    about = f"slot:{slot.id}:staff_gone:{unit.cause}"
    await bookings.tell_coordinators(unit, message, about=about, topic=shift_cards.topic(slot.id))


async def view_of(unit: Unit, slot: Slot) -> SlotView:
    """A slot as people see it."""
    (view,) = await slots.slot_views(unit, [slot.id])
    return view


async def settled(unit: Unit, slot: Slot, how: str, person: str = "") -> StaffSettled:
    """Let every coordinator who was told that a session lacks people see what became of it."""
    await drop_timers(unit, _subject(slot.id), [COVER])
    confirmed = await slots.confirmed_staff(unit, slot.id)
    message = StaffSettled(await view_of(unit, slot), how, person, confirmed)
    await outbox.edit_topic(unit, shift_cards.topic(slot.id), StaffGone, message)
    return message


async def short(unit: Unit, slot_ids: Sequence[int], batch_id: int) -> None:
    """Tell who opened a batch that everybody was asked and these slots still lack people."""
    if not slot_ids:
        return
    batch = await unit.tx.one(select(SlotBatch).where(SlotBatch.id == batch_id))
    views = await slots.slot_views(unit, slot_ids)
    creator = await people.by_id(unit, batch.created_by)
    message = StaffShort(batch_id, tuple(views[:SHOWN]), max(0, len(views) - SHOWN))
    not_before = bookings.not_before(unit, views[0])
    about = f"batch:{batch_id}:short:{unit.cause}"
    await outbox.send(unit, creator.telegram_id, message, about=about, not_before=not_before)
