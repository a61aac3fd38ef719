"""Shifts: the answers of the staff, and the slots that open and close with those.

A slot opens in the moment in which as many people as it needs have confirmed. Every answer first locks its
slot's row, so that of two people who take the last place at once one is told that it is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import ShiftState, SlotState
from bot.services import audit, outbox, people
from bot.services.booking import waitlist
from bot.services.messages.shifts import ShiftsCancelled
from bot.services.messages.slots import SlotView
from bot.services.people import Person, name_of
from bot.services.studio import announcing, batch_cards, shift_cards, slots, staff_alarms, staffing
from bot.services.unit import Unit
from storage.database import ConflictError
from storage.tables import Shift, Slot

ANSWERABLE = (SlotState.DRAFT, SlotState.OPEN, SlotState.TAKEN)
"""States of a slot whose shifts can still be answered."""


class NotYourShift(DomainError):
    """The shift is somebody else's, or never was."""


class ShiftOver(DomainError):
    """There is nothing to answer any more: `state` is the slot's."""

    state: str


class SeatsFilled(DomainError):
    """Enough others have confirmed."""


class ShiftOverlap(DomainError):
    """The person runs another session at that time."""

    starts_at: datetime
    ends_at: datetime
    zone: str


# --- answering


async def answer(unit: Unit, person: Person, shift_id: int, *, yes: bool) -> Shift:
    """Confirm or decline one shift; the same answer twice changes nothing.

    Raises `NotYourShift` (also for who is no longer staff there), `ShiftOver`, `SeatsFilled` and `ShiftOverlap`.
    """
    shift = await unit.tx.get(Shift, shift_id)
    if shift is None or shift.person_id != person.id:
        raise NotYourShift
    await _check_staff(unit, person, shift.slot_id)
    slot = await locked(unit, shift.slot_id)
    shift = await _reread(unit, shift)
    if slot.state not in ANSWERABLE:
        raise ShiftOver(slot.state)
    if slot.starts_at <= unit.now or shift.state == ShiftState.RELEASED:
        raise ShiftOver(SlotState.RUNNING if slot.starts_at <= unit.now else SlotState.CANCELLED)
    if yes and shift.state != ShiftState.CONFIRMED:
        await _confirm(unit, person, shift, slot)
    elif not yes and shift.state != ShiftState.DECLINED:
        await _decline(unit, person, shift, slot, actor=person.id)
    return shift


async def _check_staff(unit: Unit, person: Person, slot_id: int) -> None:
    """Raises `NotYourShift` unless the person works in the slot's city: having been asked is no role."""
    view = await slots.slot_view(unit, slot_id)
    staff = await people.holders(unit, Role.STAFF, city=view.city) if view else []
    if person.id not in {somebody.id for somebody in staff}:
        raise NotYourShift


async def locked(unit: Unit, slot_id: int) -> Slot:
    """The slot, with nobody else counting its staff until this transaction is over."""
    own = col(Slot.id) == slot_id
    await unit.tx.change(update(Slot).where(own).values(staff_needed=col(Slot.staff_needed)))
    return await unit.tx.one(select(Slot).where(own))


async def _reread(unit: Unit, shift: Shift) -> Shift:
    found: Shift = await unit.tx.one(select(Shift).where(Shift.id == shift.id))
    return found


async def _confirm(unit: Unit, person: Person, shift: Shift, slot: Slot) -> None:
    if await slots.confirmed_staff(unit, slot.id) >= slot.staff_needed:
        raise SeatsFilled
    try:
        async with unit.tx.savepoint():
            await audit.move(unit, shift, ShiftState.CONFIRMED, actor=person.id, answered_at=unit.now)
    except ConflictError:
        raise await _overlapping(unit, person, slot) from None
    if await settle(unit, slot):
        await announcing.opened(unit, slot.batch_id)
    if await slots.confirmed_staff(unit, slot.id) >= slot.staff_needed:
        await shift_cards.refresh_others(unit, slot, person)
        if slot.state == SlotState.TAKEN:
            await staff_alarms.settled(unit, slot, "found", name_of(person))
    await batch_cards.refresh(unit, slot.batch_id)


async def _overlapping(unit: Unit, person: Person, slot: Slot) -> ShiftOverlap:
    other = await unit.tx.one(
        select(Shift)
        .where(Shift.person_id == person.id, Shift.state == ShiftState.CONFIRMED)
        .where(col(Shift.starts_at) < slot.ends_at, col(Shift.ends_at) > slot.starts_at)
        .limit(1)
    )
    view = await slots.slot_view(unit, other.slot_id)
    return ShiftOverlap(other.starts_at, other.ends_at, view.zone if view else "UTC")


async def _decline(unit: Unit, person: Person, shift: Shift, slot: Slot, *, actor: int | None) -> None:
    was_confirmed = shift.state == ShiftState.CONFIRMED
    await audit.move(unit, shift, ShiftState.DECLINED, actor=actor, answered_at=unit.now)
    if not was_confirmed:
        await staffing.soon(unit, slot.batch_id)
    elif await slots.confirmed_staff(unit, slot.id) < slot.staff_needed:
        await settle(unit, slot)
        await shift_cards.refresh_others(unit, slot, person)
        asked = await staffing.cover(unit, slot)
        if slot.state == SlotState.TAKEN:
            await staff_alarms.gone(unit, slot, person, asked)
    await batch_cards.refresh(unit, slot.batch_id)


async def settle(unit: Unit, slot: Slot) -> bool:
    """Open a slot that has its staff, and make one a draft again that has lost it; True if it opened.

    A slot that pairs wait for is offered to them before everybody else. The caller lets it be announced.
    """
    complete = await slots.confirmed_staff(unit, slot.id) >= slot.staff_needed
    if slot.state == SlotState.OPEN and not complete:
        await audit.move(unit, slot, SlotState.DRAFT)
    if slot.state != SlotState.DRAFT or not complete or not await audit.move(unit, slot, SlotState.OPEN):
        return False
    await waitlist.offer_next(unit, slot)
    return True


async def lose(unit: Unit, person: Person) -> None:
    """Telegram brings nothing to one of the staff any more: what lies ahead of them is for others.

    Nobody could tell them that a session is called off or moved, so what they had confirmed is given back.
    """
    rows = await unit.tx.all(
        select(Shift)
        .join(Slot, col(Slot.id) == col(Shift.slot_id))
        .where(Shift.person_id == person.id, col(Shift.starts_at) > unit.now)
        .where(col(Shift.state).in_((ShiftState.ASKED, ShiftState.CONFIRMED)))
        .where(col(Slot.state).in_(ANSWERABLE))
        .order_by(col(Shift.starts_at), col(Shift.id))
    )
    for shift in rows:
        slot = await locked(unit, shift.slot_id)
        if shift.state == ShiftState.CONFIRMED:
            await _decline(unit, person, shift, slot, actor=None)
        else:
            await staffing.soon(unit, slot.batch_id)


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of an answer to a whole card: how many were confirmed, declined, or not possible."""

    confirmed: int = 0
    declined: int = 0
    impossible: int = 0


async def answer_card(unit: Unit, person: Person, batch_id: int, card: int, *, yes: bool) -> Answers:
    """Answer everything on a card that was not answered yet, the earliest first.

    What overlaps a session that the person runs, or has its people, is left unanswered and counted.
    Raises `NotYourShift` if the person has no such card.
    """
    shifts = await shift_cards.shifts_on(unit, person.id, batch_id, card)
    if not shifts:
        raise NotYourShift
    done = impossible = 0
    for shift in shifts:
        if shift.state != ShiftState.ASKED:
            continue
        try:
            async with unit.tx.savepoint():
                await answer(unit, person, shift.id, yes=yes)
            done += 1
        except (ShiftOver, SeatsFilled, ShiftOverlap):
            impossible += 1
    return Answers(done if yes else 0, 0 if yes else done, impossible)


# --- the end of a slot


async def release(unit: Unit, slot_ids: Sequence[int]) -> None:
    """Slots were cancelled: their staff are free again and told so, each in one message."""
    lost: dict[int, list[int]] = {}
    shifts = await unit.tx.all(
        select(Shift)
        .where(col(Shift.slot_id).in_(slot_ids), Shift.state == ShiftState.CONFIRMED)
        .order_by(col(Shift.starts_at), col(Shift.id))
    )
    for shift in shifts:
        if await audit.move(unit, shift, ShiftState.RELEASED):
            lost.setdefault(shift.person_id, []).append(shift.slot_id)
    for slot_id in slot_ids:
        await outbox.cancel(unit, shift_cards.topic(slot_id))
    for person_id, theirs in lost.items():
        person = await people.by_id(unit, person_id)
        views: Sequence[SlotView] = await slots.slot_views(unit, theirs)
        await outbox.send(unit, person.telegram_id, ShiftsCancelled(tuple(views)))
