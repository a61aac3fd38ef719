"""Pairs (组合): who is paired with whom, how two become one and how they part.

Only the rows and the audit trail are kept here. What a new pair or a parting means to proposals, bookings and
the two people is told by those who call this.
"""

from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.states import PairState
from bot.services import audit
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import ConflictError, Prepared
from storage.tables import Pair, PairMember


class AlreadyPaired(DomainError):
    """One of the two is in an active pair: `person` is that one's id, or None where it cannot be told."""

    person: int | None


class AlreadyParted(DomainError):
    """The person is in no pair (any more)."""


ACTIVE = Prepared(
    select(Pair)
    .join(PairMember, col(PairMember.pair_id) == col(Pair.id))
    .where(PairMember.person_id == bindparam("person_id"), col(PairMember.active))
)


async def active_pair(unit: Unit, person: Person) -> Pair | None:
    """The pair that a person is in now."""
    return await unit.tx.first(ACTIVE, person_id=person.id)


async def is_in(unit: Unit, person: Person, pair_id: int) -> bool:
    """Whether somebody is in this pair now."""
    pair = await active_pair(unit, person)
    return pair is not None and pair.id == pair_id


async def members(unit: Unit, pair: Pair) -> list[Person]:
    """The two people of a pair, active or dissolved, in the order of their ids."""
    found = await unit.tx.all(
        select(Person)
        .join(PairMember, col(PairMember.person_id) == col(Person.id))
        .where(PairMember.pair_id == pair.id)
        .order_by(col(Person.id))
    )
    return list(found)


async def partner_in(unit: Unit, pair: Pair, person: Person) -> Person:
    """The other one of a pair that `person` is or was in."""
    return next(member for member in await members(unit, pair) if member.id != person.id)


async def partner_of(unit: Unit, person: Person) -> Person | None:
    """The person's present partner (搭子)."""
    pair = await active_pair(unit, person)
    return await partner_in(unit, pair, person) if pair else None


async def partners_ever(unit: Unit, person: Person) -> frozenset[int]:
    """The ids of everybody whom the person is or ever was paired with."""
    own = select(PairMember.pair_id).where(PairMember.person_id == person.id)
    found = await unit.tx.all(
        select(PairMember.person_id).where(
            col(PairMember.pair_id).in_(own), PairMember.person_id != person.id
        )
    )
    return frozenset(found)


async def form(unit: Unit, first: Person, second: Person, via: str, *, actor: int | None = None) -> Pair:
    """Make a pair of two people; `via` is the kind of proposal that brought them together.

    Raises `AlreadyPaired` if either is in an active pair: the database settles who was first.
    """
    pair = await unit.tx.add(Pair(state=PairState.ACTIVE.value, via=via, created_at=unit.now))
    for person in (first, second):
        try:
            await unit.tx.add(PairMember(pair_id=pair.id, person_id=person.id))
        except ConflictError:
            raise AlreadyPaired(person.id) from None
    await audit.record(unit, f"pair:{pair.id}", "pair.active", actor=actor, after=pair.state, via=via)
    return pair


async def dissolve(unit: Unit, pair: Pair, *, by: Person | None) -> bool:
    """End a pair, so that both are free; False if it was dissolved already."""
    ended: dict[str, datetime | int | None] = {
        "dissolved_at": unit.now,
        "dissolved_by": by.id if by else None,
    }
    if not await audit.move(unit, pair, PairState.DISSOLVED, actor=by.id if by else None, **ended):
        return False
    await unit.tx.change(update(PairMember).where(col(PairMember.pair_id) == pair.id).values(active=False))
    return True
