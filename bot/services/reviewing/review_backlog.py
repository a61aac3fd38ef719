"""Every undecided sample at once: which seats are held, and what is still missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import and_, col, select

from bot.rules import review as rules
from bot.rules.policy import ReviewPolicy
from bot.rules.states import UNDECIDED_SAMPLES, AssignmentState, SampleState
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Assignment, Person, Sample


@dataclass(frozen=True, slots=True)
class Table:
    """An undecided sample and the seats of its present round that are held, each with whether its holder can
    be reached."""

    sample: Sample
    held: tuple[tuple[Assignment, bool], ...]

    def decision(self, policy: ReviewPolicy) -> rules.Decision:
        """What the votes so far say."""
        return rules.decide(policy, votes_in(assignment for assignment, _ in self.held))

    def missing(self, policy: ReviewPolicy) -> list[int]:
        """The seats that nobody holds and a vote is needed from."""
        held = {assignment.seat for assignment, _ in self.held}
        return [seat for seat in self.decision(policy).seats if seat not in held]

    def needs_care(self, policy: ReviewPolicy, now: datetime) -> bool:
        """Whether looking at it could change anything."""
        decision = self.decision(policy)
        cross = decision.outcome is rules.Outcome.CROSS_REVIEW
        return (
            decision.is_final
            or (cross and self.sample.state != SampleState.CROSS_REVIEW)
            or bool(self.missing(policy))
            or any(
                gives_way(policy, assignment, now, reachable=reachable) for assignment, reachable in self.held
            )
        )


def votes_in(seats: Iterable[Assignment]) -> list[rules.Vote]:
    """The votes among some seats."""
    return [
        rules.Vote(seat.seat, bool(seat.approve), tuple(rules.Reason(reason) for reason in seat.reasons))
        for seat in seats
        if seat.state == AssignmentState.VOTED
    ]


def gives_way(policy: ReviewPolicy, assignment: Assignment, now: datetime, *, reachable: bool) -> bool:
    """Whether somebody else may have an open seat: its holder took too long, or cannot be reached.

    Where nobody else is there the holder keeps it: a late vote is better than none.
    """
    if assignment.state != AssignmentState.OPEN:
        return False
    late = rules.overdue(policy, assignment.created_at, now, nudged=True) is rules.Overdue.REASSIGN
    return late or (assignment.in_group is None and not reachable)


HELD = (AssignmentState.OPEN.value, AssignmentState.VOTED.value)
"""States of seats that somebody sits on."""

_HELD = and_(
    col(Assignment.sample_id) == col(Sample.id),
    col(Assignment.round) == col(Sample.round),
    col(Assignment.state).in_(HELD),
)
SEATS = (
    select(Sample, Assignment, Person.reachable)
    .outerjoin(Assignment, _HELD)
    .outerjoin(Person, col(Person.id) == col(Assignment.reviewer_id))
    .where(col(Sample.state).in_(UNDECIDED_SAMPLES))
    .order_by(col(Sample.queued_at), col(Sample.id), col(Assignment.seat), col(Assignment.id))
)
SEATS_OF: Prepared[Any] = Prepared(
    select(Assignment, Person.reachable)
    .join(Person, col(Person.id) == col(Assignment.reviewer_id))
    .where(Assignment.sample_id == bindparam("sample_id"), Assignment.round == bindparam("round"))
    .where(col(Assignment.state).in_(HELD))
    .order_by(col(Assignment.seat), col(Assignment.id))
)


async def table_of(unit: Unit, sample: Sample) -> Table:
    """A sample, as it is now, with the seats of its present round in order."""
    held = await unit.tx.all(SEATS_OF, sample_id=sample.id, round=sample.round)
    return Table(sample, tuple((assignment, bool(reachable)) for assignment, reachable in held))


async def tables(unit: Unit) -> list[Table]:
    """Every undecided sample with its seats in order, the longest waiting first."""
    rows = await unit.tx.all(SEATS)
    found: dict[int, tuple[Sample, list[tuple[Assignment, bool]]]] = {}
    for each, assignment, reachable in rows:
        _, seats = found.setdefault(each.id, (each, []))
        if assignment is not None:
            seats.append((assignment, bool(reachable)))
    return [Table(each, tuple(seats)) for each, seats in found.values()]


async def lacking(unit: Unit) -> list[tuple[Sample, int]]:
    """The undecided samples that wait for somebody, with the number of seats that nobody holds."""
    policy = unit.policy.review
    counted = [(table.sample, len(table.missing(policy))) for table in await tables(unit)]
    return [(sample, missing) for sample, missing in counted if missing]
