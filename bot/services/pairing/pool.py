"""The pool: who looks for a partner (搭子), what is known of them, and when the pool is solved.

Only who asks is in it. The place is kept while a proposal is open, so that nobody loses waiting time by one
that comes to nothing; it is given up by leaving, by inviting a friend, and by becoming a pair.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, func, or_, select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.errors import DomainError
from bot.rules.onboarding import REQUIRED_PURPOSES
from bot.rules.pairing import Candidate, Wish
from bot.rules.policy import later
from bot.rules.states import ProposalState, SampleState
from bot.services import audit
from bot.services.jobs import add_job
from bot.services.joining import onboarding
from bot.services.pairing import pairs
from bot.services.people import Person, first_name
from bot.services.places import out_of_quiet
from bot.services.timers import drop_timers, set_timer
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import (
    Block,
    Consent,
    PairMember,
    Proposal,
    ProposalMember,
    Sample,
    Seeker,
    StandIn,
    Timer,
)

SOON = timedelta(seconds=2)
"""How long after somebody joins the pool is solved: two friends who press at the same moment are both in it."""

ODD_ONE_OUT = "odd_one_out"
"""The timer that tells somebody by itself that nobody has been found yet; its subject is "seeker:<person>"."""

FIRST_WORD = timedelta(hours=1)
"""After so long in the pool somebody whom nobody fits is told: several rounds have passed over them by then."""

NEXT_WORD = timedelta(days=3)
"""And again after so long, while they wait."""

POOL = "pool:1"
"""The timers' name for the pool; at most one round is pending."""


class NotApprovedYet(DomainError):
    """Partners are for approved people."""


class ConsentLapsed(DomainError):
    """A consent that is needed was taken back, or was given to an older text."""


class HasPartner(DomainError):
    """The person is in a pair already, with somebody of this first name."""

    name: str


class NotInPool(DomainError):
    """The person neither looks for a partner nor has one."""


async def may_pair(unit: Unit, person: Person) -> bool:
    """Whether somebody is approved and their consent is the present one."""
    return person.approved_at is not None and await onboarding.agreed(unit, person)


async def check_may_pair(unit: Unit, person: Person) -> None:
    """Raises `NotApprovedYet` or `ConsentLapsed` unless the person may be paired."""
    if person.approved_at is None:
        raise NotApprovedYet
    if not await onboarding.agreed(unit, person):
        raise ConsentLapsed


async def check_alone(unit: Unit, person: Person) -> None:
    """Raises `HasPartner` if the person is in a pair."""
    partner = await pairs.partner_of(unit, person)
    if partner is not None:
        raise HasPartner(first_name(partner))


async def join(unit: Unit, person: Person) -> bool:
    """Look for a partner; False if the person does so already.

    Raises `NotApprovedYet`, `ConsentLapsed` and `HasPartner`.
    """
    await check_may_pair(unit, person)
    await check_alone(unit, person)
    if not await unit.tx.add_new(Seeker(person_id=person.id, since=unit.now)):
        return False
    await audit.record(unit, f"person:{person.id}", "pool.joined", actor=person.id)
    await set_timer(
        unit, ODD_ONE_OUT, f"seeker:{person.id}", await out_of_quiet(unit, person, unit.now + FIRST_WORD)
    )
    await solve_soon(unit)
    return True


async def leave(unit: Unit, person: Person, *, actor: int | None = None) -> bool:
    """Stop looking; False if the person did not look. An open proposal is not touched."""
    if not await unit.tx.change(delete(Seeker).where(col(Seeker.person_id) == person.id)):
        return False
    await drop_timers(unit, f"seeker:{person.id}")
    await audit.record(unit, f"person:{person.id}", "pool.left", actor=actor)
    return True


async def look_again(unit: Unit, person: Person) -> None:
    """Something changed of what is known of somebody: if they look for a partner, a round sees it soon."""
    if await since(unit, person) is not None:
        await solve_soon(unit)


SINCE = Prepared(select(Seeker.since).where(Seeker.person_id == bindparam("person_id")))


async def since(unit: Unit, person: Person) -> datetime | None:
    """Since when somebody looks for a partner; None if they do not."""
    return await unit.tx.first(SINCE, person_id=person.id)


# --- what is known of those who wait


async def waiting(unit: Unit, only: Iterable[int] | None = None) -> list[Candidate]:
    """Everybody (of these ids) who can be proposed to somebody now.

    Those are in the pool, in no pair and in no open proposal, approved, reachable, and their consent is the
    present one.
    """
    query = select(Person, Seeker.since).join(Seeker, col(Seeker.person_id) == col(Person.id))
    if only is not None:
        query = query.where(col(Person.id).in_(list(only)))
    return await _candidates_of(unit, query)


async def on_call(unit: Unit) -> list[Candidate]:
    """Everybody who can be asked to stand in: as `waiting`, and who is on the stand-in list."""
    since = func.coalesce(col(Seeker.since), col(StandIn.since)).label("since")
    query = (
        select(Person, since)
        .join(Seeker, col(Seeker.person_id) == col(Person.id), isouter=True)
        .join(StandIn, col(StandIn.person_id) == col(Person.id), isouter=True)
        .where(or_(col(Seeker.person_id).is_not(None), col(StandIn.person_id).is_not(None)))
    )
    return await _candidates_of(unit, query)


async def _candidates_of(unit: Unit, query: Any) -> list[Candidate]:
    query = query.where(*_free(), col(Person.reachable), col(Person.approved_at).is_not(None))
    found = await unit.tx.all(query.order_by(col(Person.id)))
    agreed = await _agreed(unit, [person.id for person, _ in found])
    return await candidates(unit, [(person, since) for person, since in found if person.id in agreed])


def _free() -> tuple[Any, ...]:
    engaged = select(ProposalMember.person_id).where(col(ProposalMember.open))
    paired = select(PairMember.person_id).where(col(PairMember.active))
    return col(Person.id).not_in(engaged), col(Person.id).not_in(paired)


async def _agreed(unit: Unit, ids: Sequence[int]) -> set[int]:
    """Those of the people whose newest answers agree to all that is needed: `onboarding.agreed` for many."""
    newest = select(func.max(Consent.id)).where(col(Consent.person_id).in_(ids))
    given = await unit.tx.all(
        select(Consent.person_id)
        .where(col(Consent.id).in_(newest.group_by(col(Consent.person_id), col(Consent.purpose))))
        .where(col(Consent.agreed), Consent.version == CONSENT_VERSION)
        .where(col(Consent.purpose).in_([purpose.value for purpose in REQUIRED_PURPOSES]))
        .group_by(col(Consent.person_id))
        .having(func.count() == len(REQUIRED_PURPOSES))
    )
    return set(given)


async def candidates(unit: Unit, people: Sequence[tuple[Person, datetime]]) -> list[Candidate]:
    """What the rules want to know of people who have waited since then.

    Whose share of the talk is whose in a sample is not known, so nobody's own share is.
    """
    ids = [person.id for person, _ in people]
    met, blocked, declined = await _met(unit, ids), await _blocked(unit, ids), await _declined(unit, ids)
    styles = await _styles(unit, ids)
    return [
        Candidate(
            person=person.id,
            waiting_since=since,
            city=person.city,
            languages=frozenset(person.speaks),
            dialect=person.dialect,
            gender=person.gender,
            wish=cast(Wish | None, person.partner_wish),
            availability=None if person.hours is None else frozenset(person.hours),
            met=met[person.id],
            blocked=blocked[person.id],
            declined=declined[person.id],
            **styles.get(person.id, {}),
        )
        for person, since in people
    ]


_Others = defaultdict[int, frozenset[int]]


def _grouped(rows: Sequence[tuple[int, int]]) -> _Others:
    found: _Others = defaultdict(frozenset)
    for person, other in rows:
        found[person] |= {other}
    return found


async def _met(unit: Unit, ids: Sequence[int]) -> _Others:
    other = aliased(PairMember)
    query = select(PairMember.person_id, other.person_id).join(
        other, col(other.pair_id) == PairMember.pair_id
    )
    query = query.where(col(PairMember.person_id).in_(ids), other.person_id != PairMember.person_id)
    return _grouped(await unit.tx.all(query))


async def _blocked(unit: Unit, ids: Sequence[int]) -> _Others:
    query = select(Block.person_id, Block.blocked_id).where(col(Block.person_id).in_(ids))
    return _grouped(await unit.tx.all(query))


async def _declined(unit: Unit, ids: Sequence[int]) -> _Others:
    """Whom each said no to, within `again_after`. A stand-in's no is not one: the time may not suit."""
    mine, other = aliased(ProposalMember), aliased(ProposalMember)
    query = (
        select(mine.person_id, other.person_id)
        .join(Proposal, col(Proposal.id) == mine.proposal_id)
        .join(other, col(other.proposal_id) == mine.proposal_id)
        .where(Proposal.state == ProposalState.DECLINED.value, Proposal.kind != "rescue")
        .where(col(mine.person_id).in_(ids), col(mine.answer).is_(False), other.person_id != mine.person_id)
    )
    if (apart := unit.policy.pairing.again_after) is not None:
        query = query.where(col(Proposal.closed_at) > unit.now - apart)
    return _grouped(await unit.tx.all(query))


async def _styles(unit: Unit, ids: Sequence[int]) -> dict[int, dict[str, float | None]]:
    """How people talk in the newest sample of theirs that was approved, as far as it was measured."""
    facts = col(Sample.facts)
    rows = await unit.tx.all(
        select(Sample.person_id, facts["shares"], facts["turns_per_minute"].as_float())
        .where(col(Sample.person_id).in_(ids), Sample.state == SampleState.APPROVED.value)
        .order_by(col(Sample.id))
    )
    return {
        person: {"rarer_share": min(shares) if shares else None, "turns_per_minute": lively}
        for person, shares, lively in rows
    }


async def seen_by(unit: Unit, person: Person) -> tuple[Candidate, list[Candidate]]:
    """What somebody in the pool is to the rules, and everybody who could be proposed; raises `NotInPool`."""
    joined = await since(unit, person)
    if joined is None:
        raise NotInPool
    own = await candidates(unit, [(person, joined)])
    return own[0], await waiting(unit)


# --- rounds


async def size(unit: Unit) -> int:
    """How many in the pool are in no pair and in no open proposal."""
    query = select(func.count()).select_from(Person).join(Seeker, col(Seeker.person_id) == col(Person.id))
    return int(await unit.tx.one(query.where(*_free())))


async def in_proposals(unit: Unit) -> int:
    """How many in the pool are looking at a proposal just now."""
    engaged = select(ProposalMember.person_id).where(col(ProposalMember.open))
    return int(await unit.tx.one(select(func.count()).where(col(Seeker.person_id).in_(engaged))))


async def next_round(unit: Unit) -> datetime | None:
    """When the pool is solved next; None if nothing is planned, because nobody has anybody to be matched with."""
    return await unit.tx.first(
        select(func.min(Timer.due_at)).where(Timer.subject == POOL, Timer.state == "pending")
    )


async def solve_soon(unit: Unit) -> None:
    """Let the pool be solved in a moment, if two are waiting in it; what is planned earlier stays.

    A regular round that was planned for later stays planned for then.
    """
    if await size(unit) < 2:
        return
    planned = await unit.tx.first(
        select(Timer).where(Timer.subject == POOL, Timer.state == "pending").order_by(col(Timer.due_at))
    )
    if planned is None or planned.due_at > unit.now + SOON:
        await drop_timers(unit, POOL)
        regular: dict[str, Any] = {} if planned is None else {"regular": planned.due_at.isoformat()}
        await set_timer(unit, "solve_pool", POOL, unit.now + SOON, **regular)


async def begin_round(unit: Unit, timer: Timer) -> None:
    """It is time to solve the pool: the work is queued and, while two wait, the next round planned.

    Between regular rounds only what changed since the last one is looked at.
    """
    if await size(unit) < 2:
        return
    regular = datetime.fromisoformat(timer.data["regular"]) if "regular" in timer.data else unit.now
    await add_job(
        unit, "solve_pool", f"pool round {timer.id}", round=timer.id, whole=regular <= unit.now + SOON
    )
    due = regular if regular > unit.now + SOON else later(unit.now, unit.policy.pairing.every)
    await set_timer(unit, "solve_pool", POOL, due and max(due, unit.now + SOON))
