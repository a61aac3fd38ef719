"""Match proposals (配对邀请) as they stand: which are open, who sits in one, what its card shows."""

from sqlalchemy import bindparam
from sqlmodel import col, select

from bot.rules.states import OPEN_PROPOSALS
from bot.services import outbox
from bot.services.messages import Lane
from bot.services.messages.partners import Other, ProposalCard
from bot.services.messages.slots import SlotView
from bot.services.pairing import pool
from bot.services.people import Person, first_name
from bot.services.places import zone_of
from bot.services.studio.slots import slot_view
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Booking, BookingMember, Proposal, ProposalMember

BY_POOL, BY_INVITATION, AS_RESCUE = "pool", "invitation", "rescue"
"""The kinds of proposals."""


def topic_of(proposal: Proposal, person: Person) -> str:
    """The topic of everything that one of the two is sent about a proposal."""
    return f"proposal:{proposal.id}:{person.id}"


_OWN = (
    select(Proposal)
    .join(ProposalMember, col(ProposalMember.proposal_id) == col(Proposal.id))
    .where(ProposalMember.person_id == bindparam("person_id"))
)
OPEN = Prepared(_OWN.where(col(ProposalMember.open)))
WAITING = Prepared(_OWN.where(col(Proposal.state).in_(OPEN_PROPOSALS)).order_by(col(Proposal.id)))


async def open_proposal(unit: Unit, person: Person) -> Proposal | None:
    """The proposal that keeps a person from others: out of the pool, or as a stand-in."""
    return await unit.tx.first(OPEN, person_id=person.id)


async def open_ones(unit: Unit, person: Person, kind: str | None = None) -> list[Proposal]:
    """Every proposal (of a kind) that still waits for the person or for the other one, oldest first."""
    found = await unit.tx.all(WAITING, person_id=person.id)
    return [proposal for proposal in found if kind in (None, proposal.kind)]


async def seats_of(unit: Unit, proposal: Proposal) -> dict[int, ProposalMember]:
    """The two rows of a proposal by person, the one asked first coming first."""
    rows = await unit.tx.all(
        select(ProposalMember)
        .where(ProposalMember.proposal_id == proposal.id)
        .order_by(col(ProposalMember.id))
    )
    return {row.person_id: row for row in rows}


async def other_of(unit: Unit, proposal: Proposal, person: Person) -> Person:
    """The other one of a proposal's two people."""
    return await unit.tx.one(
        select(Person)
        .join(ProposalMember, col(ProposalMember.person_id) == col(Person.id))
        .where(ProposalMember.proposal_id == proposal.id, Person.id != person.id)
    )


async def card(
    unit: Unit, proposal: Proposal, person: Person, state: str, *, reminder: bool = False
) -> ProposalCard:
    """What a proposal looks like for one of its two people."""
    other = await other_of(unit, proposal, person)
    seat = (await seats_of(unit, proposal))[person.id]
    slot, standing_in = await _session(unit, proposal, person)
    return ProposalCard(
        proposal_id=proposal.id,
        via=proposal.kind,
        state=state,
        other=as_other(other),
        reasons=tuple(seat.reasons),
        languages=tuple(code for code in person.speaks if code in other.speaks),
        expires_at=proposal.expires_at,
        zone=slot.zone if slot else await zone_of(unit, person),
        slot=slot,
        standing_in=standing_in,
        reminder=reminder,
        in_pool=await pool.since(unit, person) is not None,
    )


def as_other(person: Person) -> Other:
    """A person as somebody may know them before both said yes."""
    return Other(first_name(person), tuple(person.speaks), person.dialect)


async def _session(unit: Unit, proposal: Proposal, person: Person) -> tuple[SlotView | None, bool]:
    """The session that a stand-in is wanted for, and whether this person is the one to stand in."""
    booking = await unit.tx.get(Booking, proposal.booking_id) if proposal.booking_id else None
    if booking is None:
        return None, False
    stayed = select(BookingMember.id).where(
        BookingMember.booking_id == booking.id,
        BookingMember.person_id == person.id,
        col(BookingMember.active),
    )
    return await slot_view(unit, booking.slot_id), await unit.tx.first(stayed) is None


async def show(unit: Unit, proposal: Proposal, person: Person, *, reminder: bool = False) -> None:
    """Show somebody the card of an open proposal once more, as it stands for them."""
    seat = (await seats_of(unit, proposal))[person.id]
    await outbox.send(
        unit,
        person.telegram_id,
        await card(unit, proposal, person, "yes" if seat.answer else "ask", reminder=reminder),
        topic=topic_of(proposal, person),
        lane=Lane.REMINDER if reminder else None,
        expires_at=proposal.expires_at if reminder else None,
    )
