"""What who comes too late for a time gets in place of a mere no: the nearest free times, and a place to wait."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlmodel import select

from bot.rules.errors import DomainError, SlotNotOpen, TooLate
from bot.rules.states import BookingState, SlotState, WaitState
from bot.services.booking import free_times, holds, reminders
from bot.services.booking.bookings import AlreadyBooked, BookingOver, SlotTaken
from bot.services.booking.waitlist import OfferOver, own_offer
from bot.services.messages import Message
from bot.services.messages.bookings import NextBest
from bot.services.people import Person
from bot.services.studio.slots import slot_view
from bot.services.studio.waves import KeptForFirst, refusal
from bot.services.unit import Unit
from storage.tables import Booking

T = TypeVar("T")

_WHY = {
    SlotTaken: "taken",
    SlotNotOpen: "gone",
    TooLate: "late",
    AlreadyBooked: "busy",
    BookingOver: "over",
    OfferOver: "over",
}
"""The errors that tell of a time that was lost."""

_LOST: tuple[type[DomainError], ...] = tuple(_WHY)

_RAN_OUT = (BookingState.EXPIRED.value, WaitState.LAPSED.value)
"""A hold and an offer that somebody answers too late. Whatever else became of one is told as it is."""


async def book(unit: Unit, person: Person, slot_id: int, moving_id: int | None = None) -> Message | None:
    """`holds.book`, and if somebody was first, what to show who comes too late. None: the time is held.

    Raises what keeps the pair from booking at all.
    """
    try:
        await _try(unit, lambda: holds.book(unit, person, slot_id, moving_id))
    except KeptForFirst as kept:
        view = await slot_view(unit, slot_id)
        if view is None:
            raise
        return refusal(view, kept.opens_at)
    except _LOST as error:
        return await _next_best(unit, person, slot_id, error, moving_id)
    return None


async def agree(unit: Unit, person: Person, booking_id: int) -> Message:
    """`holds.agree`; gives what to show, also if the time is lost by now. Raises `NotYours` and `BookingOver`."""
    try:
        return await _try(unit, lambda: holds.agree(unit, person, booking_id))
    except (BookingOver, AlreadyBooked) as error:
        booking = await unit.tx.one(select(Booking).where(Booking.id == booking_id))
        return await _next_best(unit, person, booking.slot_id, error, booking.replaces_id)


async def take_offer(unit: Unit, person: Person, waiting_id: int) -> Message:
    """`holds.take_offer`; gives what to show, also if the time is lost by now. Raises as that."""
    try:
        return await _try(unit, lambda: holds.take_offer(unit, person, waiting_id))
    except _LOST as error:
        waiting = await own_offer(unit, person, waiting_id)
        return await _next_best(unit, person, waiting.slot_id, error, None)


async def _try(unit: Unit, step: Callable[[], Awaitable[T]]) -> T:
    """What a step gives; one that fails leaves nothing."""
    async with unit.tx.savepoint():
        return await step()


async def _next_best(
    unit: Unit, person: Person, slot_id: int, error: DomainError, moving_id: int | None
) -> Message:
    """The nearest free times for who lost a slot; raises the error where nothing was lost."""
    old = await unit.tx.get(Booking, moving_id) if moving_id else None
    if old is None or old.state not in reminders.STANDING:
        moving_id = None
    why = _WHY[type(error)]
    slot = await slot_view(unit, slot_id)
    if slot is None or (why == "over" and error.data["state"] not in _RAN_OUT):
        raise error
    if isinstance(error, SlotNotOpen) and error.state == SlotState.TAKEN:
        why = "taken"
    elif isinstance(error, AlreadyBooked) and not error.you:
        why = "partner_busy"
    near = await free_times.nearest(unit, person, slot, moving_id=moving_id)
    wait = slot.state == SlotState.TAKEN and why == "taken" and moving_id is None
    return NextBest(slot, why, near, wait=wait, moving_id=moving_id)
