"""How match proposals (配对邀请) end without a pair: declined, run out, or because somebody is gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select, update

from bot.rules.states import OPEN_PROPOSALS, ProposalState
from bot.services import audit, outbox, people
from bot.services.messages.partners import ProposalCard, ProposalOver
from bot.services.pairing import pool, stand_ins
from bot.services.pairing.proposal_cards import (
    AS_RESCUE,
    BY_POOL,
    card,
    open_ones,
    other_of,
    seats_of,
    topic_of,
)
from bot.services.people import Person, first_name
from bot.services.timers import drop_timers, ring_soon
from bot.services.unit import Unit
from storage.tables import Proposal, ProposalMember

PATIENCE = 2
"""Proposals in a row that somebody may leave unanswered before they are taken out of the pool."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a proposal ends for one of its people: the state of the card, and the news, if any.

    The words stand at `ProposalCard.state` and `ProposalOver.why`; without a `why` nothing is told.
    """

    card: str
    why: str = ""


async def close(
    unit: Unit,
    proposal: Proposal,
    to: ProposalState,
    endings: Mapping[int, Ending],
    *,
    actor: int | None = None,
) -> bool:
    """End an open proposal; its two people, by id, see how. False if it had ended already.

    Whoever is free by that and still in the pool may be matched anew at once. A stand-in that came to nothing
    rings `stand_in_declined` for its booking ("booking:id"), with the proposal's id.
    """
    if not await audit.move(unit, proposal, to, actor=actor, closed_at=unit.now):
        return False
    seats = update(ProposalMember).where(col(ProposalMember.proposal_id) == proposal.id)
    await unit.tx.change(seats.values(open=False))
    await drop_timers(unit, f"proposal:{proposal.id}")
    for person_id, ending in endings.items():
        await _tell_end(unit, proposal, await people.by_id(unit, person_id), ending)
    if to is not ProposalState.PAIRED:
        await pool.solve_soon(unit)
        if proposal.booking_id is not None:
            subject = f"booking:{proposal.booking_id}"
            await ring_soon(unit, "stand_in_declined", subject, proposal_id=proposal.id)
    return True


async def _tell_end(unit: Unit, proposal: Proposal, person: Person, ending: Ending) -> None:
    topic = topic_of(proposal, person)
    await outbox.cancel(unit, topic)
    await outbox.edit_topic(unit, topic, ProposalCard, await card(unit, proposal, person, ending.card))
    if ending.why:
        other = await other_of(unit, proposal, person)
        in_pool = await pool.since(unit, person) is not None
        news = ProposalOver(proposal.kind, ending.why, first_name(other), in_pool)
        await outbox.send(unit, person.telegram_id, news, about=f"proposal:{proposal.id}:over")


async def end_all(unit: Unit, person: Person, *, keep: str = "") -> None:
    """End every open proposal of somebody who is not available any more, but those of a kind to `keep`.

    The others are told.
    """
    for proposal in await open_ones(unit, person):
        if proposal.kind != keep:
            other = await other_of(unit, proposal, person)
            endings = {person.id: Ending("over"), other.id: Ending("over", "gone")}
            await close(unit, proposal, ProposalState.EXPIRED, endings, actor=person.id)


async def expire(unit: Unit, proposal_id: int) -> None:
    """The time of a proposal is over. Who kept silent again leaves the pool; the other one stays in it."""
    proposal = await unit.tx.get(Proposal, proposal_id)
    if proposal is None or proposal.state not in OPEN_PROPOSALS:
        return
    endings: dict[int, Ending] = {}
    for person_id, seat in (await seats_of(unit, proposal)).items():
        person = await people.by_id(unit, person_id)
        if seat.answer:
            endings[person_id] = Ending("over", "unanswered")
        else:
            endings[person_id] = Ending("over", await _given_up(unit, proposal, person) or "ignored")
    await close(unit, proposal, ProposalState.EXPIRED, endings)


_LISTS = {
    BY_POOL: (pool.since, pool.leave, "left_pool"),
    AS_RESCUE: (stand_ins.since, stand_ins.leave, "left_list"),
}
"""Where those come from to whom a kind of proposal is made, how they leave it, and what they are told then."""


async def _given_up(unit: Unit, proposal: Proposal, person: Person) -> str:
    """Take who leaves such questions unanswered off the list that brought them; gives the news, "" if they stay."""
    if proposal.kind not in _LISTS:
        return ""
    since, leave, news = _LISTS[proposal.kind]
    joined = await since(unit, person)
    if joined is None or not await _ignored_before(unit, proposal, person, joined):
        return ""
    await leave(unit, person)
    return news


async def _ignored_before(unit: Unit, proposal: Proposal, person: Person, joined: datetime) -> bool:
    """Whether those of its kind before this one ran out unanswered too, enough of them to lose patience.

    Only what ran its whole time counts, and only since the person joined.
    """
    earlier = await unit.tx.all(
        select(Proposal.closed_at, Proposal.expires_at, ProposalMember.answer)
        .join(ProposalMember, col(ProposalMember.proposal_id) == col(Proposal.id))
        .where(
            ProposalMember.person_id == person.id, Proposal.kind == proposal.kind, Proposal.id < proposal.id
        )
        .where(col(Proposal.created_at) >= joined)
        .order_by(col(Proposal.id).desc())
    )
    answers = [
        answer
        for closed_at, expires_at, answer in earlier
        if answer is not None or (closed_at and expires_at and closed_at >= expires_at)
    ]
    silent = answers[: PATIENCE - 1]
    return len(silent) == PATIENCE - 1 and all(answer is None for answer in silent)
