"""The ledger: what is owed to whom, as entries that are never changed; a correction is an entry of its own.

For now it holds show-up pay. It is owed to who was left alone in a session, when nobody stood in:

- the search for a stand-in failed (`no_stand_in`), but not if the stayer turned one down, ignored one who had said
  yes, or gave up the session;
- the partner fell out so late that there was no time to search (`no_time`);
- the partner did not come (`no_show`).

And only if the session ended later than `cancel_until` before its start (`bot.rules.booking.show_up_pay`). What the
studio calls off is owed to nobody. The unique key of the table pays nobody twice for one booking.

A coordinator sets a mistake right with a counter-entry and a reason: it takes back what one person was owed for a
booking, or owes it to them. It never touches what others were paid in good faith.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, func, select

from bot.rules.booking import show_up_pay
from bot.rules.errors import DomainError
from bot.rules.states import BookingState, ProposalState
from bot.services import audit
from bot.services.messages.bookings import Money
from bot.services.messages.slots import SlotView
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Booking, LedgerEntry, Proposal, ProposalMember

SHOW_UP = "show_up"
CORRECTION = "correction"


class LedgerMoved(DomainError):
    """What is owed for a booking is not any more what it was when its correction was asked about."""


async def pay_show_up(
    unit: Unit, person: Person, booking: Booking, slot: SlotView, reason: str
) -> Money | None:
    """Owe somebody the policy's show-up pay for a booking, if it is due; gives what is owed now."""
    amount = show_up_pay(unit.policy.booking, unit.policy.pay, slot.starts_at, unit.now)
    if not amount:
        return None
    currency = unit.policy.pay.currency
    entry = LedgerEntry(
        person_id=person.id,
        booking_id=booking.id,
        kind=SHOW_UP,
        amount=amount,
        currency=currency,
        reason=reason,
        at=unit.now,
    )
    if not await unit.tx.add_new(entry):
        return None
    await audit.record(unit, f"person:{person.id}", "ledger.show_up", booking=booking.id, amount=amount)
    return Money(amount, currency)


async def turned_down(unit: Unit, booking: Booking, stayer: Person) -> bool:
    """Whether the stayer said no to a stand-in, or let one lapse who had said yes."""
    own = (
        select(Proposal.id, Proposal.state, ProposalMember.answer)
        .join(ProposalMember, col(ProposalMember.proposal_id) == col(Proposal.id))
        .where(Proposal.booking_id == booking.id, ProposalMember.person_id == stayer.id)
    )
    for proposal_id, state, answer in await unit.tx.all(own):
        if answer is False:
            return True
        if answer is None and state == ProposalState.EXPIRED:
            willing = select(ProposalMember.id).where(
                ProposalMember.proposal_id == proposal_id, col(ProposalMember.answer).is_(True)
            )
            if await unit.tx.first(willing) is not None:
                return True
    return False


async def owed(unit: Unit, person: Person, booking_ids: Sequence[int]) -> dict[int, Money]:
    """What is owed to somebody for these bookings, by their ids; those with nothing are left out."""
    rows = await unit.tx.all(
        select(LedgerEntry.booking_id, LedgerEntry.currency, func.sum(LedgerEntry.amount))
        .where(LedgerEntry.person_id == person.id, col(LedgerEntry.booking_id).in_(booking_ids))
        .group_by(col(LedgerEntry.booking_id), col(LedgerEntry.currency))
    )
    return {booking_id: Money(int(amount), currency) for booking_id, currency, amount in rows if amount}


async def corrections(unit: Unit, person: Person, bookings: Sequence[Booking]) -> dict[int, Money]:
    """What would set right what somebody is owed for these bookings: all of it back, or the pay that is missing.

    None is there where there is nothing to say: neither was anything ever owed, nor did anybody miss the session.
    """
    ids = [booking.id for booking in bookings]
    rows = await unit.tx.all(
        select(LedgerEntry.booking_id, LedgerEntry.amount, LedgerEntry.currency)
        .where(LedgerEntry.person_id == person.id, col(LedgerEntry.booking_id).in_(ids))
        .order_by(col(LedgerEntry.id).desc())
    )
    pay = unit.policy.pay
    found = {
        booking.id: Money(pay.show_up, pay.currency)
        for booking in bookings
        if booking.state == BookingState.NO_SHOW and pay.show_up
    }
    found |= {booking_id: Money(int(amount), currency) for booking_id, amount, currency in rows}
    now = await owed(unit, person, ids)
    return found | {booking_id: Money(-one.amount, one.currency) for booking_id, one in now.items()}


async def correct(
    unit: Unit, person: Person, booking: Booking, money: Money, *, by: Person, reason: str
) -> None:
    """Write the counter-entry that was asked about. Raises `LedgerMoved` if another one is due by now."""
    # Two coordinators may correct the same thing at once: the second waits here, and then sees the first's entry.
    await unit.tx.first(select(Person.id).where(Person.id == person.id).with_for_update())
    if (await corrections(unit, person, [booking])).get(booking.id) != money:
        raise LedgerMoved
    entry = LedgerEntry(
        person_id=person.id,
        booking_id=booking.id,
        kind=CORRECTION,
        amount=money.amount,
        currency=money.currency,
        reason=reason,
        at=unit.now,
    )
    await unit.tx.add(entry)
    about: dict[str, Any] = {"booking": booking.id, "amount": money.amount, "reason": reason}
    await audit.record(unit, f"person:{person.id}", "ledger.correction", actor=by.id, **about)
