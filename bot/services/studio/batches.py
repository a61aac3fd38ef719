"""Batches of slots: planned in one line, shown as a preview, then opened or dropped; and lowered or taken back."""

from datetime import timedelta

from sqlmodel import col, or_, select, update

from bot.rules import slots as rules
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.slots import SlotGrid
from bot.rules.states import BatchState, SlotState
from bot.services import audit, outbox, people
from bot.services.messages.slots import BatchCard, BatchDropped, BatchPreview
from bot.services.people import Person
from bot.services.studio import announcing, batch_cards, laying, shift_cards, shifts, staffing, studios
from bot.services.studio.calling_off import call_off
from bot.services.unit import Unit
from storage.tables import Slot, SlotBatch

MOST = 1000
"""Slots in one batch: more is more likely a slip of the finger than a plan."""

PAUSE = timedelta(minutes=1)
"""Between two rounds of asking a batch's staff again: a double press is one."""


class NothingToPlan(DomainError):
    """Nothing of the grid can be created: it is `past`, `clashes`, `closed`, or is at times that clocks skip."""

    past: int
    clashes: int
    nonexistent: int
    closed: int = 0


class TooManySlots(DomainError):
    """The grid makes `count` slots where `limit` fit."""

    count: int
    limit: int


class UnknownBatch(DomainError):
    """No such batch: a forged button."""


class BatchOver(DomainError):
    """The preview was answered already: `state` says how."""

    state: str


class BatchNotOpened(DomainError):
    """The batch was not opened, so there is nothing to do with its slots."""

    state: str


class NobodyToAsk(DomainError):
    """Everybody of the city's staff has answered; `staff` is how many there are."""

    staff: int
    city: str


class JustAsked(DomainError):
    """The staff were asked within the last minute."""


class NothingLacking(DomainError):
    """No slot of the batch waits for staff."""


# --- planning


async def preview(unit: Unit, person: Person, grid: SlotGrid) -> BatchPreview:
    """Keep a plan and give what would become of it; nothing is created yet.

    Raises `UnknownCity`, `NoStudioYet`, `TooManySlots` and `NothingToPlan`.
    """
    await studios.city(unit, grid.city)
    laid = await laying.lay_out(unit, grid)
    if not laid.slots:
        raise _nothing(laid)
    if len(laid.slots) > MOST:
        raise TooManySlots(len(laid.slots), MOST)
    batch = await unit.tx.add(
        SlotBatch(
            city=grid.city,
            grid={"line": rules.line(grid), "rooms": laid.rooms},
            state=BatchState.PREVIEW.value,
            staff_needed=unit.policy.booking.staff,
            created_by=person.id,
            created_at=unit.now,
        )
    )
    await audit.record(unit, batch_cards.about(batch.id), "batch.planned", actor=person.id)
    return BatchPreview(
        batch_id=batch.id,
        grid=await batch_cards.describe(unit, grid, laid.rooms),
        count=len(laid.slots),
        past=laid.past,
        clashes=laid.clashes,
        tight=laid.tight,
        gap=laid.gap,
        closed=laid.closed,
        nonexistent=laid.nonexistent,
        twice=laid.twice,
        staff_needed=batch.staff_needed,
        staff=len(await people.holders(unit, Role.STAFF, city=grid.city)),
        wave=unit.policy.booking.wave or None,
    )


def _nothing(laid: laying.Laid) -> NothingToPlan:
    return NothingToPlan(laid.past, laid.clashes + laid.tight, len(laid.nonexistent), laid.closed)


# --- the answer to the preview


async def _get(unit: Unit, batch_id: int) -> SlotBatch:
    batch = await unit.tx.get(SlotBatch, batch_id)
    if batch is None:
        raise UnknownBatch
    return batch


async def _answer(unit: Unit, person: Person, batch_id: int, to: BatchState) -> SlotBatch:
    batch = await _get(unit, batch_id)
    if batch.state != BatchState.PREVIEW or not await audit.move(unit, batch, to, actor=person.id):
        raise BatchOver((await _get(unit, batch_id)).state)
    return batch


async def drop(unit: Unit, person: Person, batch_id: int) -> BatchDropped:
    """Throw a preview away; raises `UnknownBatch` and `BatchOver`."""
    batch = await _answer(unit, person, batch_id, BatchState.DROPPED)
    return BatchDropped(await batch_cards.grid_of(unit, batch))


async def open_(unit: Unit, person: Person, batch_id: int, *, waves: bool = False) -> BatchCard:
    """Create the slots of a preview, as far as nothing stands in their way by now, and ask the staff.

    Where nobody is needed they open at once. With `waves`, who has waited longest can book first.
    Raises `UnknownBatch`, `BatchOver` and `NothingToPlan`.
    """
    batch = await _answer(unit, person, batch_id, BatchState.OPENED)
    if waves:
        batch.grid = {**batch.grid, "waves": True}
    laid = await laying.lay_out(unit, rules.parse(batch.grid["line"]))
    if not await fill(unit, batch, laid):
        raise _nothing(laid)
    return await batch_cards.card(unit, await _get(unit, batch_id))


async def fill(unit: Unit, batch: SlotBatch, laid: laying.Laid) -> int:
    """Create the slots of an opened batch and ask the staff, or open them where nobody is needed; gives how many."""
    made = await laying.create(unit, batch, laid)
    if not made:
        return 0
    await _count_skipped(unit, batch, laid, len(made))
    if batch.staff_needed == 0:
        for slot in made:
            await shifts.settle(unit, slot)
        await announcing.opened(unit, batch.id)
    else:
        await staffing.begin(unit, batch)
    return len(made)


async def _count_skipped(unit: Unit, batch: SlotBatch, laid: laying.Laid, made: int) -> None:
    """Remember how many could not be created, of all that the grid asks for."""
    skipped = laid.left_out + len(laid.slots) - made
    grid = {**batch.grid, "skipped": skipped, "rooms": laid.rooms}
    await unit.tx.change(update(SlotBatch).where(col(SlotBatch.id) == batch.id).values(grid=grid))
    batch.grid = grid


# --- a batch that is open


async def _opened(unit: Unit, batch_id: int) -> SlotBatch:
    batch = await _get(unit, batch_id)
    if batch.state != BatchState.OPENED:
        raise BatchNotOpened(batch.state)
    return batch


async def card(unit: Unit, batch_id: int) -> BatchCard:
    """How far a batch is; raises `UnknownBatch` and `BatchNotOpened`."""
    return await batch_cards.card(unit, await _opened(unit, batch_id))


async def ask_again(unit: Unit, batch_id: int) -> int:
    """Ask the staff again who have not answered, and those who joined since; gives how many.

    Raises `UnknownBatch`, `BatchNotOpened`, `NothingLacking`, `NobodyToAsk`, and `JustAsked` within a minute.
    """
    batch = await _opened(unit, batch_id)
    if not await batch_cards.lacking(unit, batch.id):
        raise NothingLacking
    quiet = or_(col(SlotBatch.asked_at).is_(None), col(SlotBatch.asked_at) <= unit.now - PAUSE)
    claimed = await unit.tx.change(
        update(SlotBatch)
        .where(col(SlotBatch.id) == batch.id, quiet)
        .values(asked_at=unit.now, asked=col(SlotBatch.asked) + 1)
    )
    if not claimed:
        raise JustAsked
    asked = await staffing.everybody_again(unit, batch, batch.asked + 1)
    if not asked:
        staff = await people.holders(unit, Role.STAFF, city=batch.city)
        raise NobodyToAsk(len(staff), batch.city)
    return asked


async def need(unit: Unit, person: Person, batch_id: int, count: int) -> BatchCard:
    """Let the slots that still wait for staff open with fewer people; none waits for more than before.

    Raises `UnknownBatch` and `BatchNotOpened`.
    """
    batch = await _opened(unit, batch_id)
    waiting = await batch_cards.lacking(unit, batch.id)
    lowered = update(Slot).where(
        col(Slot.id).in_([slot.id for slot in waiting]), col(Slot.staff_needed) > count
    )
    if await unit.tx.change(lowered.values(staff_needed=count)):
        await unit.tx.change(
            update(SlotBatch).where(col(SlotBatch.id) == batch.id).values(staff_needed=count)
        )
        await audit.record(
            unit, batch_cards.about(batch.id), "batch.need_lowered", actor=person.id, after=str(count)
        )
        for slot in await batch_cards.lacking(unit, batch.id):
            await shifts.settle(unit, slot)
        await announcing.opened(unit, batch.id)
        await shift_cards.refresh_batch(unit, batch.id)
    return await batch_cards.card(unit, await _get(unit, batch_id))


async def take_back(unit: Unit, person: Person, batch_id: int) -> BatchCard:
    """Cancel every slot of a batch that nobody has booked; sessions that are booked stay.

    Raises `UnknownBatch` and `BatchNotOpened`.
    """
    batch = await _opened(unit, batch_id)
    unbooked = await unit.tx.all(
        select(Slot)
        .where(Slot.batch_id == batch.id, col(Slot.state).in_((SlotState.DRAFT, SlotState.OPEN)))
        .where(col(Slot.starts_at) > unit.now)
        .order_by(col(Slot.starts_at), col(Slot.id))
    )
    await outbox.cancel(unit, batch_cards.about(batch.id))
    await call_off(unit, person, unbooked)
    return await batch_cards.card(unit, batch)
