"""Asking the staff by load: as many as a slot needs, then the next after who declines or does not answer.

When that has come to its end, or the session is near, everybody who has not declined is asked; and when even all
of those could not fill a slot, the coordinators are told, once. Without the policy's `ask_next` everybody is asked
at once. A slot that loses somebody begins anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import col, delete, func, select

from bot.rules.roles import Role
from bot.rules.staffing import NEAR, Assigned, Wanting, assign
from bot.rules.states import BatchState, ShiftState, SlotState
from bot.services import people
from bot.services.booking import bookings
from bot.services.people import Person
from bot.services.studio import batch_cards, duty, shift_asks, staff_alarms
from bot.services.studio.staff_alarms import EVERYBODY, SHORT
from bot.services.timers import drop_timers, id_of, ring_soon, set_timer
from bot.services.unit import Unit
from storage.tables import Audit, Shift, Slot, SlotBatch, StaffingStep, Timer

ASK_NEXT = "ask_next"
"""The timer of a batch: somebody's time to answer is over, or a session is near."""


@dataclass(frozen=True, slots=True)
class Round:
    """Who is asked for which slots of a batch at one moment."""

    batch: SlotBatch
    slots: Sequence[Slot]
    staff: Sequence[Person]
    wanting: dict[int, Wanting]
    assigned: dict[int, Assigned]

    def short(self, slot_id: int, needed: int) -> bool:
        """Whether a slot stays short of people even if all say yes who were asked and may still answer."""
        there = self.wanting[slot_id].waiting | frozenset(self.assigned[slot_id].people)
        return len(there) < needed


# --- a batch


async def begin(unit: Unit, batch: SlotBatch) -> None:
    """Ask for the slots of a batch that was just opened; its card says who is missing from the beginning."""
    await _ask(unit, await _round(unit, batch, await _lacking(unit, batch.id)))
    await _plan(unit, batch)


async def soon(unit: Unit, batch_id: int | None) -> None:
    """Ask the next right after this transaction, once for all that was declined in it."""
    if batch_id is not None and unit.policy.booking.ask_next is not None:
        await ring_soon(unit, ASK_NEXT, batch_cards.about(batch_id))


async def ring(unit: Unit, timer: Timer) -> None:
    """Ask the next for every slot of a batch that lacks people, and tell of those that cannot get them."""
    batch = await unit.tx.get(SlotBatch, id_of(timer))
    if batch is None or batch.state != BatchState.OPENED:
        return
    lacking = await _lacking(unit, batch.id)
    if lacking and unit.policy.booking.ask_next is not None:
        found = await _round(unit, batch, lacking)
        await _ask(unit, found)
        await _tell(unit, found)
    await _plan(unit, batch)


async def newcomer(unit: Unit, person: Person, city: str) -> None:
    """Somebody joins the staff of a city: asked for what lacks people there as the others are."""
    batches = await unit.tx.all(
        select(SlotBatch)
        .where(SlotBatch.city == city, SlotBatch.state == BatchState.OPENED)
        .order_by(col(SlotBatch.id))
    )
    for batch in batches:
        wanting = await batch_cards.lacking(unit, batch.id)
        if not wanting:
            continue
        if unit.policy.booking.ask_next is not None:
            await soon(unit, batch.id)
        elif await shift_asks.ask(unit, batch, wanting, person):
            await batch_cards.refresh(unit, batch.id)


async def everybody_again(unit: Unit, batch: SlotBatch, number: int) -> int:
    """Ask for all that lacks people everybody who has not answered, or not been asked yet; gives how many.

    Each of those asked before gets one message. `number` names this round.
    """
    wanting = await batch_cards.lacking(unit, batch.id)
    found = await _round(unit, batch, wanting, by_load=False)
    asked = 0
    for person in found.staff:
        again = await shift_asks.ask_again(unit, batch, person, about=f"shifts:{batch.id}:again:{number}")
        theirs = [slot for slot in wanting if person.id in found.assigned[slot.id].people]
        fresh = await shift_asks.ask(unit, batch, theirs, person)
        asked += again or fresh
    for slot in wanting:
        await staff_alarms.once(unit, slot.id, EVERYBODY)
    await _plan(unit, batch)
    return asked


# --- one slot that loses somebody


async def cover(unit: Unit, slot: Slot) -> int:
    """Ask for a slot that has just lost somebody who had confirmed it; gives how many are asked.

    For a session that a pair has booked, who once declined may be asked too: their plans may have changed.
    """
    batch = await unit.tx.get(SlotBatch, slot.batch_id) if slot.batch_id else None
    if batch is None:
        return 0
    await unit.tx.change(delete(StaffingStep).where(col(StaffingStep.slot_id) == slot.id))
    found = await _round(unit, batch, [slot], covering=True)
    await _ask(unit, found, stepping_in=True)
    await _plan(unit, batch)
    return len(found.assigned[slot.id].people)


# --- how a round goes


async def _lacking(unit: Unit, batch_id: int) -> Sequence[Slot]:
    """The slots of a batch, booked or not, that fewer people have confirmed than they need, by time."""
    there = select(func.count()).where(Shift.slot_id == Slot.id, Shift.state == ShiftState.CONFIRMED)
    return await unit.tx.all(
        select(Slot)
        .where(Slot.batch_id == batch_id, col(Slot.starts_at) > unit.now)
        .where(col(Slot.state).in_((SlotState.DRAFT, SlotState.TAKEN)))
        .where(there.correlate(Slot).scalar_subquery() < col(Slot.staff_needed))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )


async def _round(
    unit: Unit,
    batch: SlotBatch,
    lacking: Sequence[Slot],
    *,
    by_load: bool | None = None,
    covering: bool = False,
) -> Round:
    staff = [one for one in await people.holders(unit, Role.STAFF, city=batch.city) if one.reachable]
    zone = ZoneInfo(await batch_cards.zone_of_city(unit, batch.city))
    there = {one.id for one in staff}
    ids = [slot.id for slot in lacking]
    done = await staff_alarms.steps(unit, ids)
    shifts = await unit.tx.all(select(Shift).where(col(Shift.slot_id).in_(ids)))
    back = await _gave_back(unit, shifts)
    by_slot: dict[int, list[Shift]] = {slot_id: [] for slot_id in ids}
    for shift in shifts:
        by_slot[shift.slot_id].append(shift)
    wanting = {}
    for slot in lacking:
        sides = _sides(unit, slot, by_slot[slot.id], there, back, covering)
        everybody = EVERYBODY in done.get(slot.id, ())
        wanting[slot.id] = _wanting(slot, zone, sides, everybody=everybody)
    if by_load is None:
        by_load = unit.policy.booking.ask_next is not None
    at = [slot.starts_at for slot in lacking]
    colleagues = await duty.colleagues(unit, staff, batch.city, at, but=ids if covering else ())
    assigned = assign(list(wanting.values()), colleagues, unit.now, by_load=by_load)
    return Round(batch, lacking, staff, wanting, dict(assigned))


@dataclass(frozen=True, slots=True)
class Sides:
    """What the staff said about one slot, by their ids."""

    confirmed: frozenset[int]
    waiting: frozenset[int]
    late: frozenset[int]
    out: frozenset[int]


def _sides(
    unit: Unit,
    slot: Slot,
    shifts: Sequence[Shift],
    there: Collection[int],
    back: Collection[int],
    covering: bool,
) -> Sides:
    confirmed: set[int] = set()
    waiting: set[int] = set()
    late: set[int] = set()
    out: set[int] = set()
    for shift in shifts:
        one = shift.person_id
        if shift.state == ShiftState.CONFIRMED:
            confirmed.add(one)
        elif shift.state == ShiftState.ASKED:
            if not covering:  # then who was asked is asked anew: the slot may have had its people meanwhile
                (waiting if one in there and duty.in_time(unit, shift) else late).add(one)
        elif slot.state == SlotState.TAKEN and shift.id not in back:
            late.add(one)
        else:
            out.add(one)
    return Sides(frozenset(confirmed), frozenset(waiting), frozenset(late), frozenset(out))


def _wanting(slot: Slot, zone: ZoneInfo, sides: Sides, *, everybody: bool) -> Wanting:
    waiting = sides.confirmed | sides.waiting
    return Wanting(
        slot.id,
        (slot.starts_at, slot.ends_at),
        zone,
        missing=max(0, slot.staff_needed - len(waiting)),
        waiting=waiting,
        late=sides.late,
        out=sides.out,
        everybody=everybody,
    )


async def _gave_back(unit: Unit, shifts: Sequence[Shift]) -> frozenset[int]:
    """Those of these shifts that somebody had confirmed before."""
    subjects = [f"shift:{shift.id}" for shift in shifts if shift.state == ShiftState.DECLINED]
    if not subjects:
        return frozenset()
    found = await unit.tx.all(
        select(Audit.subject).where(
            col(Audit.subject).in_(subjects), Audit.event == f"shift.{ShiftState.CONFIRMED}"
        )
    )
    return frozenset(int(subject.partition(":")[2]) for subject in found)


async def _ask(unit: Unit, found: Round, *, stepping_in: bool = False) -> None:
    """A card with what is new to somebody, a reminder of what is not, a message each for what is booked."""
    for person in found.staff:
        theirs = [slot for slot in found.slots if person.id in found.assigned[slot.id].people]
        plain = []
        for slot in theirs:
            if stepping_in or slot.state == SlotState.TAKEN:
                await shift_asks.ask_to_step_in(unit, slot, person)
            else:
                plain.append(slot)
        if plain:
            not_before = bookings.not_before(unit, await staff_alarms.view_of(unit, plain[0]))
            await shift_asks.ask(unit, found.batch, plain, person, not_before)
            if any(person.id in found.wanting[slot.id].late for slot in plain):
                await shift_asks.ask_again(unit, found.batch, person)
    for slot in found.slots:
        if found.assigned[slot.id].everybody:
            await staff_alarms.once(unit, slot.id, EVERYBODY)


async def _tell(unit: Unit, found: Round) -> None:
    """Tell coordinators, once, of slots that the staff cannot fill."""
    short = [slot for slot in found.slots if found.short(slot.id, slot.staff_needed)]
    free = [slot for slot in short if slot.state == SlotState.DRAFT]
    told = [slot.id for slot in free if await staff_alarms.once(unit, slot.id, SHORT)]
    await staff_alarms.short(unit, told, found.batch.id)
    for slot in short:
        if slot.state == SlotState.TAKEN and await staff_alarms.once(unit, slot.id, SHORT):
            await staff_alarms.decide(unit, slot)


async def _plan(unit: Unit, batch: SlotBatch) -> None:
    """Come back when the first time to answer is over, or when the first session becomes near."""
    subject = batch_cards.about(batch.id)
    await drop_timers(unit, subject, [ASK_NEXT])
    span = unit.policy.booking.ask_next
    lacking = await _lacking(unit, batch.id)
    done = await staff_alarms.steps(unit, [slot.id for slot in lacking])
    open_ = [slot for slot in lacking if SHORT not in done.get(slot.id, ())]
    if not open_ or span is None:
        return
    asked = await unit.tx.all(
        select(Shift.asked_at).where(
            col(Shift.slot_id).in_([slot.id for slot in open_]), Shift.state == ShiftState.ASKED
        )
    )
    moments = [at + span for at in asked]
    moments += [slot.starts_at - NEAR for slot in open_ if EVERYBODY not in done.get(slot.id, ())]
    ahead = [at for at in moments if at > unit.now]
    await set_timer(unit, ASK_NEXT, subject, min(ahead, default=None))
