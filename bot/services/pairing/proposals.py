"""Offer two people to each other: out of the pool, by a friend's invitation, or as a stand-in.

All three kinds share one life: each of the two is told why, and both must say yes. A friend's yes is given by
inviting. What the answers do is in `bot.services.pairing.matches`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from bot.rules.booking import session_hours
from bot.rules.errors import DomainError
from bot.rules.pairing import Candidate, Reason, Reasons, obstacle, reasons, weight
from bot.rules.policy import later
from bot.rules.states import OPEN_PROPOSALS, ProposalState
from bot.services import audit, outbox, people
from bot.services.booking import bookings
from bot.services.pairing import excerpts, matching, pool, rounds
from bot.services.pairing.proposal_cards import (
    AS_RESCUE,
    BY_INVITATION,
    BY_POOL,
    card,
    seats_of,
    show,
    topic_of,
)
from bot.services.people import Person
from bot.services.places import out_of_quiet
from bot.services.timers import set_timer
from bot.services.unit import Unit, Units
from storage.database import ConflictError
from storage.tables import Booking, Proposal, ProposalMember


class Engaged(DomainError):
    """One of the two has another proposal open."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One of a proposal's two people, with their answer and why the other one, as they may be told."""

    person: Person
    why: Reasons
    answer: bool | None = None


async def offer(
    unit: Unit,
    kind: str,
    seats: tuple[Seat, Seat],
    *,
    expires_at: datetime | None,
    booking_id: int | None = None,
    actor: int | None = None,
) -> Proposal:
    """Propose two people to each other; who has said yes by inviting is not asked again.

    `actor` is the person who chose the two by hand.
    Raises `Engaged` if either has another proposal open, unless this is an invitation: that may be answered
    beside others.
    """
    given = any(seat.answer for seat in seats)
    state = ProposalState.ACCEPTED if given else ProposalState.OFFERED
    proposal = Proposal(
        kind=kind, state=state.value, booking_id=booking_id, created_at=unit.now, expires_at=expires_at
    )
    try:
        async with unit.tx.savepoint():
            await unit.tx.add(proposal)
            for seat in seats:
                await unit.tx.add(_row(proposal, seat))
    except ConflictError:
        raise Engaged from None
    await audit.record(
        unit, f"proposal:{proposal.id}", f"proposal.{state}", actor=actor, after=state.value, kind=kind
    )
    for seat in seats:
        if seat.answer is None:
            await outbox.send(
                unit,
                seat.person.telegram_id,
                await card(unit, proposal, seat.person, "ask"),
                about=f"proposal:{proposal.id}:offered",
                topic=topic_of(proposal, seat.person),
            )
    for seat, other in (seats, seats[::-1]):
        await excerpts.share(unit, proposal, other.person, seat.person)
    await _set_timers(unit, proposal, seats[0].person)
    return proposal


def _row(proposal: Proposal, seat: Seat) -> ProposalMember:
    return ProposalMember(
        proposal_id=proposal.id,
        person_id=seat.person.id,
        answer=seat.answer,
        reasons=[reason.value for reason in seat.why.why],
        open=proposal.kind != BY_INVITATION,
    )


async def _set_timers(unit: Unit, proposal: Proposal, somebody: Person) -> None:
    """The end of a proposal, and a reminder half way there that waits for the end of quiet hours."""
    ends = proposal.expires_at
    if ends is None:
        return
    subject = f"proposal:{proposal.id}"
    await set_timer(unit, "proposal_expires", subject, ends)
    half_way = await out_of_quiet(unit, somebody, unit.now + (ends - unit.now) / 2)
    if half_way < ends:
        await set_timer(unit, "proposal_reminds", subject, half_way, useful_until=ends)


async def remind(unit: Unit, proposal_id: int) -> None:
    """Half of the time is over: whoever has not answered sees the card again."""
    proposal = await unit.tx.get(Proposal, proposal_id)
    if proposal is None or proposal.state not in OPEN_PROPOSALS:
        return
    for seat in (await seats_of(unit, proposal)).values():
        if seat.answer is None:
            await show(unit, proposal, await people.by_id(unit, seat.person_id), reminder=True)


# --- out of the pool


async def solve_pool(units: Units, round_: int, *, whole: bool = True) -> None:
    """One round: the pool is matched outside any transaction, then each match is offered in one.

    Unless the `whole` is looked at, only those are who are not as the last round left them over; that gives
    the same matches (`bot.services.pairing.rounds`).

    What changed meanwhile is seen there, and such a match falls away; its people wait for the next round.
    Done again, it finds the proposals made and adds only what is missing.
    """
    async with units.reading() as look:
        everybody = await pool.waiting(look)
        fresh = None if whole else await rounds.fresh_among(look, everybody)
    policy = look.policy.pairing
    matches = await matching.solve(everybody, policy, look.now, fresh)
    await rounds.remember(units, f"pool round {round_}: left over", everybody, matches, policy)
    # Of two, one has always waited longest: that says nothing.
    untold = {Reason.LONGEST_WAITING} if len(everybody) == 2 else set()
    for match in matches:
        why = [replace(one, why=tuple(x for x in one.why if x not in untold)) for one in match.why]
        async with units.writing(f"pool round {round_}: {match.people}", "work.pool") as unit:
            await _offer_match(unit, match.people, why)


async def _offer_match(unit: Unit, two: tuple[int, int], why: Sequence[Reasons]) -> None:
    fresh = await pool.waiting(unit, two)
    if len(fresh) < 2 or obstacle(fresh[0], fresh[1], unit.policy.pairing) is not None:
        return
    first, second = [await people.by_id(unit, person_id) for person_id in two]
    await offer(
        unit,
        BY_POOL,
        (Seat(first, why[0]), Seat(second, why[1])),
        expires_at=later(unit.now, unit.policy.pairing.accept_within),
    )


# --- stand-ins


async def offer_stand_in(
    unit: Unit, booking_id: int, stayer: Person, exclude: frozenset[int] = frozenset()
) -> bool:
    """Offer the person who stayed in a booking the best stand-in of pool and list; False if there is none.

    The same musts hold as for any pair, and the stand-in has to be free then, by the hours of the week too; the
    best is the one of the largest weight, and nobody is asked twice for the same booking, nor anybody in
    `exclude` (ids). It stands for `booking.hold`, but not past the booking's `rescue_until`. If both say yes
    they are a pair and `bookings.rescued` is called; else the timer `stand_in_declined` rings for "booking:id".
    Raises `Engaged` if the stayer has a proposal open.
    """
    booking = await unit.tx.one(select(Booking).where(Booking.id == booking_id))
    asked = await unit.tx.all(
        select(ProposalMember.person_id)
        .join(Proposal, col(Proposal.id) == col(ProposalMember.proposal_id))
        .where(Proposal.booking_id == booking_id)
    )
    unwanted = exclude | frozenset(asked) | {stayer.id}
    own = (await pool.candidates(unit, [(stayer, unit.now)]))[0]
    slot = await bookings.view_of(unit, booking)
    hours = session_hours(slot.starts_at, slot.ends_at, ZoneInfo(slot.zone))
    possible = [
        other
        for other in await pool.on_call(unit)
        if other.person not in unwanted
        and obstacle(own, other, unit.policy.pairing) is None
        and (other.availability is None or hours <= other.availability)
    ]
    for best in sorted(possible, key=lambda other: (-weight(own, other, unit.now), other.person)):
        if await bookings.free_at(unit, best.person, slot) and not await bookings.is_blocked(
            unit, best.person
        ):
            break
    else:
        return False
    hold = later(unit.now, unit.policy.booking.hold)
    seats = (
        Seat(stayer, _reasons(own, best)),
        Seat(await people.by_id(unit, best.person), _reasons(best, own)),
    )
    ends = min((end for end in (hold, booking.rescue_until) if end), default=None)
    await offer(unit, AS_RESCUE, seats, expires_at=ends, booking_id=booking_id)
    return True


def _reasons(viewer: Candidate, other: Candidate) -> Reasons:
    """Why these two, but for the waiting: a stand-in is not chosen for that."""
    told = reasons(viewer, other, min(viewer.waiting_since, other.waiting_since))
    return replace(told, why=tuple(one for one in told.why if one is not Reason.LONGEST_WAITING))
