"""Who can hear a sample: the reviewers as candidates for a seat, and what ties somebody to an applicant."""

import json
from typing import Any

from sqlalchemy import Text, cast
from sqlmodel import col, func, or_, select

from bot.rules import review as rules
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import AssignmentState
from bot.services import people
from bot.services.pairing import pairs
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Assignment, Invitation, Reviewer, RoleGrant, Sample


class CannotReview(DomainError):
    """Somebody may not vote on a sample. `why`: `role`, `taken` (no seat is free), or a `rules.Obstacle`."""

    why: str
    language: str = ""


async def shortlist(unit: Unit, sample: rules.HeardSample, n: int) -> list[rules.Reviewer]:
    """Reviewers among whom the rules find those `n` that they would find among all.

    Those whose turn it is first, in the order of `rules.choose`; a few more than `n`, as some may be tied to the
    applicant. Of ten thousand reviewers only these are read.
    """
    found = await unit.tx.all(
        _who_hear(sample.language, Person.id, Person.speaks, Reviewer.last_assigned_at, _OPEN_NOW)
        .where(col(Reviewer.paused_at).is_(None), Person.reachable)
        .order_by(_OPEN_NOW, col(Reviewer.last_assigned_at).nulls_first(), col(Person.id))
        .limit(n + len(_out_of_question(sample)))
    )
    return [
        rules.Reviewer(id_, frozenset(speaks), open_assignments, last_assigned_at)
        for id_, speaks, last_assigned_at, open_assignments in found
    ]


_OPEN_NOW = (
    select(func.count())
    .where(Assignment.reviewer_id == Person.id, Assignment.state == AssignmentState.OPEN.value)
    .correlate(Person)
    .scalar_subquery()
)


def _who_hear(language: str, *columns: Any) -> Any:
    """These columns of everybody who reviews samples in a language."""
    hold_it = select(RoleGrant.person_id).where(RoleGrant.role == Role.REVIEWER.value)
    return (
        select(*columns)
        .select_from(Person)
        .join(Reviewer, col(Reviewer.person_id) == col(Person.id))
        .where(col(Person.id).in_(hold_it), cast(Person.speaks, Text).contains(json.dumps(language)))
    )


def _out_of_question(sample: rules.HeardSample) -> frozenset[int]:
    return sample.partners | sample.invitations | sample.seated | {sample.applicant}


async def heard(unit: Unit, sample: Sample) -> rules.HeardSample:
    """A sample as the rules want it: its language, who is tied to the applicant, who had it before."""
    applicant = await people.by_id(unit, sample.person_id)
    seated = await unit.tx.all(select(Assignment.reviewer_id).where(Assignment.sample_id == sample.id))
    return rules.HeardSample(
        applicant=applicant.id,
        language=sample.language or "",
        partners=await pairs.partners_ever(unit, applicant),
        invitations=await _invitations(unit, applicant),
        seated=frozenset(seated),
    )


async def linked(unit: Unit, person: Person) -> frozenset[int]:
    """Everybody who is tied to a person: partners past and present, whom they invited and were invited by."""
    return await pairs.partners_ever(unit, person) | await _invitations(unit, person)


async def _invitations(unit: Unit, person: Person) -> frozenset[int]:
    """Whom somebody invited and was invited by, as a partner or into a role.

    A partner's invitation that waits for the person's approval (`came_by`) counts as much as a used one.
    """
    used = await unit.tx.all(
        select(Invitation.created_by, Invitation.used_by)
        .where(col(Invitation.used_by).is_not(None))
        .where(or_(col(Invitation.created_by) == person.id, col(Invitation.used_by) == person.id))
    )
    waiting = await unit.tx.all(
        select(Invitation.created_by, Person.id)
        .join(Person, col(Person.came_by) == col(Invitation.id))
        .where(or_(col(Invitation.created_by) == person.id, col(Person.id) == person.id))
    )
    return frozenset(someone for two in (*used, *waiting) for someone in two) - {person.id}


async def check_may_sit(unit: Unit, person: Person, sample: Sample) -> None:
    """Raises `CannotReview` unless the person may take a seat at the sample of their own accord.

    Who presses in a group is there, so neither a pause nor a closed private chat keeps anybody from it.
    """
    if Role.REVIEWER not in await people.roles_of(unit, person):
        raise CannotReview("role")
    candidate = rules.Reviewer(id=person.id, languages=frozenset(person.speaks))
    obstacle = rules.obstacle(candidate, await heard(unit, sample))
    if obstacle is not None:
        raise CannotReview(obstacle.value, sample.language or "")


async def fit_for_group(unit: Unit, sample: Sample) -> int:
    """How many reviewers may take a seat at the sample of their own accord."""
    facts = await heard(unit, sample)
    everybody = _who_hear(facts.language, func.count())
    return int(await unit.tx.one(everybody.where(col(Person.id).not_in(_out_of_question(facts)))))


async def judges(unit: Unit, sample: Sample) -> list[Person]:
    """The coordinators who may decide an appeal that no reviewer is left for.

    Never the applicant. One who is tied to the applicant or voted on the sample before decides only where
    there is no other: an appeal that nobody may decide would wait for ever.
    """
    facts = await heard(unit, sample)
    tied = facts.partners | facts.invitations | facts.seated
    others = [p for p in await people.holders(unit, Role.COORDINATOR) if p.id != facts.applicant]
    return [person for person in others if person.id not in tied] or others
