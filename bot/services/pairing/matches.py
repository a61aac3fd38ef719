"""The answers to match proposals (配对邀请): one yes waits for the other, two make a pair, a no costs nothing."""

from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.states import OPEN_PROPOSALS, BookingState, PairState, ProposalState
from bot.services import audit, outbox
from bot.services.booking import bookings, cancelling, rescue
from bot.services.messages.partners import LeftPair, PairFormed, ProposalCard
from bot.services.pairing import pairs, partner_links, pool, stand_ins
from bot.services.pairing.partners import contact_of
from bot.services.pairing.proposal_cards import as_other, card, other_of, seats_of, topic_of
from bot.services.pairing.proposal_ends import Ending, close, end_all
from bot.services.people import Person, first_name
from bot.services.unit import Unit
from storage.tables import Block, Booking, Pair, Proposal, ProposalMember


class ProposalNotYours(DomainError):
    """The proposal is between other people, or never was."""


class ProposalClosed(DomainError):
    """The proposal is settled, and `outcome` tells how.

    `paired`, `parted` (paired, and no pair any more), `you_declined`, `declined` (by the other one),
    `unanswered` (its time ran out) or `over`. `name` is the other one's.
    """

    outcome: str
    name: str


async def answer(unit: Unit, person: Person, proposal_id: int, *, agree: bool, never: bool = False) -> str:
    """Take somebody's answer to a proposal; a yes can become a no as long as the other one is missing.

    A no can be for ever (`never`), also when it was said already. Gives what came of it: `yes` (waiting for the
    other), `paired`, `no`, `never`, or `gone` if the other one, or the session to stand in for, is not to be had
    any more. Raises `ProposalNotYours`, `ProposalClosed`, `NotApprovedYet`, `ConsentLapsed` and
    `pairs.AlreadyPaired`.
    """
    proposal = await unit.tx.get(Proposal, proposal_id)
    seats = await seats_of(unit, proposal) if proposal else {}
    if proposal is None or person.id not in seats:
        raise ProposalNotYours
    other = await other_of(unit, proposal, person)
    if never and proposal.state == ProposalState.DECLINED and seats[person.id].answer is False:
        return await _never_again(unit, proposal, person, other)
    if proposal.state not in OPEN_PROPOSALS:
        raise await _closed(unit, proposal, person, other)
    if not agree:
        said = await _decline(unit, proposal, person, other)
        return await _never_again(unit, proposal, person, other) if never else said
    await pool.check_may_pair(unit, person)
    await _write_yes(unit, proposal, person)
    if not seats[other.id].answer:
        return await _wait(unit, proposal, person)
    if not (await pool.may_pair(unit, other) and await _wanted(unit, proposal)):
        endings = {person.id: Ending("over", "gone"), other.id: Ending("over")}
        await close(unit, proposal, ProposalState.EXPIRED, endings)
        return "gone"
    await _become_partners(unit, proposal, person, other)
    return "paired"


async def _closed(unit: Unit, proposal: Proposal, person: Person, other: Person) -> ProposalClosed:
    """What became of a proposal that the person pressed a button of."""
    seats = await seats_of(unit, proposal)
    outcome = "over"
    if proposal.state == ProposalState.PAIRED:
        partner = await pairs.partner_of(unit, person)
        outcome = "paired" if partner and partner.id == other.id else "parted"
    elif proposal.state == ProposalState.DECLINED:
        outcome = "you_declined" if seats[person.id].answer is False else "declined"
    elif proposal.closed_at and proposal.expires_at and proposal.closed_at >= proposal.expires_at:
        outcome = "unanswered"
    return ProposalClosed(outcome, first_name(other))


async def _decline(unit: Unit, proposal: Proposal, person: Person, other: Person) -> str:
    await _write(unit, proposal, person, answer=False)
    endings = {person.id: Ending("no"), other.id: Ending("over", "declined")}
    await close(unit, proposal, ProposalState.DECLINED, endings, actor=person.id)
    return "no"


async def _never_again(unit: Unit, proposal: Proposal, person: Person, other: Person) -> str:
    """These two are not brought together again. The other one is not told: it came to nothing, and that is all."""
    await unit.tx.add_new(Block(person_id=person.id, blocked_id=other.id, at=unit.now))
    shown = await card(unit, proposal, person, "never")
    await outbox.edit_topic(unit, topic_of(proposal, person), ProposalCard, shown)
    return "never"


async def _write_yes(unit: Unit, proposal: Proposal, person: Person) -> None:
    await _write(unit, proposal, person, answer=True)
    if proposal.state == ProposalState.OFFERED:
        await audit.move(unit, proposal, ProposalState.ACCEPTED, actor=person.id)


async def _write(unit: Unit, proposal: Proposal, person: Person, *, answer: bool) -> None:
    seat = update(ProposalMember).where(
        col(ProposalMember.proposal_id) == proposal.id, col(ProposalMember.person_id) == person.id
    )
    await unit.tx.change(seat.values(answer=answer))


async def _wait(unit: Unit, proposal: Proposal, person: Person) -> str:
    """The first yes: the card says that it counts, and that the other one is asked."""
    waiting = await card(unit, proposal, person, "yes")
    await outbox.edit_topic(unit, topic_of(proposal, person), ProposalCard, waiting)
    return "yes"


async def _wanted(unit: Unit, proposal: Proposal) -> bool:
    """Whether a stand-in's session still looks for one; nothing else a proposal is for can vanish."""
    booking = await unit.tx.get(Booking, proposal.booking_id) if proposal.booking_id else None
    return booking is None or booking.state == BookingState.RESCUE


# --- a pair


async def _become_partners(unit: Unit, proposal: Proposal, person: Person, other: Person) -> None:
    """Both said yes: one transaction makes the pair and ends everything else that either had open."""
    endings = {one.id: Ending("paired") for one in (person, other)}
    await close(unit, proposal, ProposalState.PAIRED, endings, actor=person.id)
    if proposal.booking_id is not None:
        await _part_from_leaver(unit, proposal.booking_id)
    pair = await pairs.form(unit, person, other, proposal.kind, actor=person.id)
    for one, partner in ((person, other), (other, person)):
        await _settle_down(unit, one)
        formed = PairFormed(as_other(partner), contact_of(partner), booked=proposal.booking_id is not None)
        await outbox.send(unit, one.telegram_id, formed, about=f"pair:{pair.id}:formed")
    if proposal.booking_id is not None:
        await rescue.rescued(unit, proposal.booking_id, pair)


async def _part_from_leaver(unit: Unit, booking_id: int) -> None:
    """A stand-in takes the place of who left: a person has one partner, so the old pair ends.

    What else it had booked is cancelled at nobody's cost.
    """
    booking = await unit.tx.one(select(Booking).where(Booking.id == booking_id))
    pair = await unit.tx.one(select(Pair).where(Pair.id == booking.pair_id))
    if pair.state != PairState.ACTIVE:
        return
    stayers = {one.id for one in await bookings.people_in(unit, booking)}
    two = await pairs.members(unit, pair)
    cancelled = await cancelling.cancel_for_pair(unit, pair, by=None, but=booking_id)
    await pairs.dissolve(unit, pair, by=None)
    for leaver in two:
        if leaver.id not in stayers:
            stayer = next(one for one in two if one.id != leaver.id)
            news = LeftPair(first_name(stayer), by_self=False, bookings=cancelled, rescued=True)
            await outbox.send(unit, leaver.telegram_id, news, about=f"pair:{pair.id}:dissolved")


async def _settle_down(unit: Unit, person: Person) -> None:
    """Somebody has a partner: out of the pool, and nothing of theirs is open any more."""
    await pool.leave(unit, person, actor=person.id)
    await stand_ins.leave(unit, person, actor=person.id)
    await end_all(unit, person)
    await partner_links.cut(unit, person, "paired")
