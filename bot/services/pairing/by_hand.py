"""Coordinators see the pool city by city and propose two of it to each other by hand; both must still say yes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlmodel import col, func, select

from bot.rules.by_hand import Judged, judge, ranked
from bot.rules.errors import DomainError
from bot.rules.pairing import Candidate, Reason, reasons
from bot.rules.policy import later
from bot.rules.pool_numbers import by_city
from bot.rules.week import ticked
from bot.services import people
from bot.services.messages.pool import (
    PoolChoice,
    PoolCity,
    PoolNumbers,
    PoolPreview,
    PoolProposed,
    PoolWaiting,
    Waiter,
)
from bot.services.pairing import pool, proposals
from bot.services.pairing.proposal_cards import BY_POOL
from bot.services.people import Person, name_of
from bot.services.places import zone_of
from bot.services.unit import Unit
from storage.tables import City, ProposalMember, Seeker

T = TypeVar("T")

PAGE = 8
"""People on a page."""


class NotFreeNow(DomainError):
    """Somebody is not to be proposed now: out of the pool, in a pair or a proposal, not reachable, or not agreed."""

    name: str


class PairNotPossible(DomainError):
    """The two cannot be proposed to each other, whatever the reason."""


async def numbers(unit: Unit) -> PoolNumbers:
    """The pool, city by city: the free ones, and those who look at a proposal."""
    free = {one.city or "": one for one in by_city(await pool.waiting(unit), unit.policy.pairing)}
    engaged = await _engaged(unit)
    names = await _names(unit)
    found = []
    for code in sorted({*free, *engaged}, key=lambda code: (not code, code)):
        one = free.get(code)
        shown = PoolCity(code, names.get(code, {}), 0, engaged=engaged[code])
        if one is not None:
            obstacle = one.obstacle.value if one.obstacle else ""
            longest = unit.now - one.oldest
            shown = replace(shown, waiting=one.waiting, longest=longest)
            shown = replace(shown, stuck=one.stuck, obstacle=obstacle, most=one.most)
        found.append(shown)
    return PoolNumbers(tuple(found))


async def _engaged(unit: Unit) -> Counter[str]:
    """How many of each city in the pool look at a proposal."""
    asked = select(ProposalMember.person_id).where(col(ProposalMember.open))
    query = select(Person.city, func.count()).join(Seeker, col(Seeker.person_id) == col(Person.id))
    rows = await unit.tx.all(query.where(col(Person.id).in_(asked)).group_by(col(Person.city)))
    return Counter({city or "": count for city, count in rows})


async def _names(unit: Unit) -> dict[str, dict[str, str]]:
    return {city.code: city.names for city in await unit.tx.all(select(City))}


async def waiting_in(unit: Unit, code: str, page: int) -> PoolWaiting:
    """Who waits in a city (empty: of no city yet), longest first; a page that is not there is the last one."""
    everybody = [one for one in await pool.waiting(unit) if (one.city or "") == code]
    everybody.sort(key=lambda one: (one.waiting_since, one.person))
    shown, page, pages = _paged(everybody, page)
    names = (await _names(unit)).get(code, {})
    return PoolWaiting(code, names, await _waiters(unit, [(one, Judged(True)) for one in shown]), page, pages)


async def choice(unit: Unit, person_id: int, page: int) -> PoolChoice:
    """Whom to propose to somebody. Raises `NotFreeNow`."""
    everybody = await pool.waiting(unit)
    own = await _one(unit, everybody, person_id)
    found = ranked(own, everybody, unit.policy.pairing, unit.now)
    shown, page, pages = _paged(found, page)
    (first,) = await _waiters(unit, [(own, Judged(True))])
    return PoolChoice(first, await _waiters(unit, shown), page, pages)


async def preview(unit: Unit, first_id: int, second_id: int) -> PoolPreview:
    """The two side by side. Raises `NotFreeNow` and `PairNotPossible`."""
    first, second, judged = await _two(unit, first_id, second_id)
    shown = await _waiters(unit, [(first, Judged(True)), (second, judged)])
    return PoolPreview(*shown)


async def propose(unit: Unit, coordinator: Person, first_id: int, second_id: int) -> PoolProposed:
    """Offer the two to each other, as a round of the pool would. Raises `NotFreeNow`, `PairNotPossible` and `Engaged`.

    What protects people holds here too: approval, consent, blocks and refusals are looked up once more.
    """
    first, second, _ = await _two(unit, first_id, second_id)
    one, other = [await people.by_id(unit, candidate.person) for candidate in (first, second)]
    proposal = await proposals.offer(
        unit,
        BY_POOL,
        (_seat(one, first, second), _seat(other, second, first)),
        expires_at=later(unit.now, unit.policy.pairing.accept_within),
        actor=coordinator.id,
    )
    return PoolProposed(
        _name(one), _name(other), one.city or "", proposal.expires_at, await zone_of(unit, coordinator)
    )


def _seat(person: Person, own: Candidate, other: Candidate) -> proposals.Seat:
    """Why the other one, as a person may be told; waiting was not what brought these two together."""
    told = reasons(own, other, min(own.waiting_since, other.waiting_since))
    why = tuple(one for one in told.why if one is not Reason.LONGEST_WAITING)
    return proposals.Seat(person, replace(told, why=why))


async def _two(unit: Unit, first_id: int, second_id: int) -> tuple[Candidate, Candidate, Judged]:
    found = await pool.waiting(unit, (first_id, second_id))
    first, second = [await _one(unit, found, one) for one in (first_id, second_id)]
    judged = judge(first, second, unit.policy.pairing)
    if first_id == second_id or not judged.possible:
        raise PairNotPossible
    return first, second, judged


async def _one(unit: Unit, found: Iterable[Candidate], person_id: int) -> Candidate:
    """The one of this id among those who wait."""
    for candidate in found:
        if candidate.person == person_id:
            return candidate
    person = await unit.tx.get(Person, person_id)
    raise NotFreeNow(_name(person) if person else str(person_id))


async def _waiters(unit: Unit, found: Sequence[tuple[Candidate, Judged]]) -> tuple[Waiter, ...]:
    """People as coordinators see them, in the given order."""
    rows = await unit.tx.all(select(Person).where(col(Person.id).in_([own.person for own, _ in found])))
    persons = {person.id: person for person in rows}
    names = await _names(unit)
    return tuple(
        Waiter(
            person_id=own.person,
            name=_name(persons[own.person]),
            waited=unit.now - own.waiting_since,
            city=own.city or "",
            names=names.get(own.city or "", {}),
            languages=tuple(persons[own.person].speaks),
            dialect=own.dialect,
            cells=None if own.availability is None else tuple(sorted(ticked(own.availability))),
            against=tuple(one.value for one in judged.against),
            possible=judged.possible,
        )
        for own, judged in found
    )


def _name(person: Person) -> str:
    return name_of(person) or str(person.id)


def _paged(found: Sequence[T], page: int) -> tuple[Sequence[T], int, int]:
    """A page of so many, its number from 0 on, and how many there are."""
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages - 1)
    return found[page * PAGE : (page + 1) * PAGE], page, pages
