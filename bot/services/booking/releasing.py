"""Ending a booking with all that hangs on it: its slot goes to the next, and what was asked about it ends too."""

from sqlmodel import col, select

from bot.rules.states import OPEN_PROPOSALS, BookingState, ProposalState
from bot.services.booking import bookings, waitlist, wishes
from bot.services.pairing import proposal_ends
from bot.services.pairing.proposal_cards import seats_of
from bot.services.pairing.proposal_ends import Ending
from bot.services.people import Person
from bot.services.timers import drop_timers
from bot.services.unit import Unit
from storage.tables import Booking, Proposal


async def release(unit: Unit, booking: Booking, to: BookingState, *, by: Person | None) -> bool:
    """End a booking and free its slot; False, and nothing changed, if somebody else was first."""
    if not await bookings.end(unit, booking, to, by=by):
        return False
    await drop_move(unit, booking, by=by)
    await _stop_search(unit, booking)
    await wishes.hold_ended(unit, booking, to)
    await waitlist.freed(unit, booking.slot_id)
    return True


async def drop_move(unit: Unit, booking: Booking, *, by: Person | None) -> None:
    """End the hold that would have moved this booking, if there is one, and free the slot that it kept."""
    move = await bookings.move_of(unit, booking)
    if move is not None and await bookings.end(unit, move, BookingState.CANCELLED, by=by):
        await waitlist.freed(unit, move.slot_id)


async def _stop_search(unit: Unit, booking: Booking) -> None:
    """Nobody needs to stand in any more: whoever is being asked learns that."""
    open_ones = select(Proposal).where(
        Proposal.booking_id == booking.id, col(Proposal.state).in_(OPEN_PROPOSALS)
    )
    for proposal in await unit.tx.all(open_ones):
        endings = {person_id: Ending("over", "gone") for person_id in await seats_of(unit, proposal)}
        await proposal_ends.close(unit, proposal, ProposalState.EXPIRED, endings)
        await drop_timers(unit, bookings.subject_of(booking))
