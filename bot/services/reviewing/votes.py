"""A reviewer's verdict on one sample: cast, changed, given up. Every press is checked here, whoever pressed."""

from dataclasses import dataclass

from sqlmodel import col, select, update

from bot.rules.errors import DomainError, NotYours, ReasonMissing
from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.rules.states import AssignmentState, SampleState
from bot.services import audit, people
from bot.services.messages.reviews import ReviewClosed
from bot.services.people import Person
from bot.services.reviewing import review_cards, reviews
from bot.services.reviewing.review_cards import playback, topic_of
from bot.services.reviewing.reviewers import CannotReview
from bot.services.timers import drop_timers
from bot.services.unit import Unit
from storage.prepared import new, setting
from storage.tables import Assignment, Decision, Sample


class ReviewOver(DomainError):
    """The card behind a press is closed.

    `how` is `approved`, `rejected`, `withdrawn`, `skipped`, `expired` or `gone`; `own` is the presser's own
    vote, if it counted.
    """

    how: str
    own: bool | None = None


class VotedAlready(DomainError):
    """A vote that was cast can be changed but not given up."""


@dataclass(frozen=True, slots=True)
class Seated:
    """A seat that its holder may act on: the sample is undecided and held for this unit."""

    assignment: Assignment
    sample: Sample


async def seat_of(unit: Unit, person: Person, assignment_id: int) -> Seated:
    """The seat behind a card. Raises `NotYours`, `CannotReview` and `ReviewOver`."""
    assignment = await unit.tx.get(Assignment, assignment_id)
    if assignment is None or assignment.reviewer_id != person.id:
        raise NotYours
    if Role.REVIEWER not in await people.roles_of(unit, person):
        raise CannotReview("role")
    sample = await reviews.undecided(unit, assignment.sample_id)
    over = assignment.state not in (AssignmentState.OPEN, AssignmentState.VOTED)
    if sample is None or over or assignment.round != sample.round:
        raise await _over(unit, assignment)
    return Seated(assignment, sample)


async def _over(unit: Unit, assignment: Assignment) -> ReviewOver:
    if assignment.state in (AssignmentState.SKIPPED, AssignmentState.EXPIRED):
        return ReviewOver(assignment.state)
    own = assignment.approve if assignment.state == AssignmentState.VOTED else None
    return await what_became(unit, assignment.sample_id, assignment.round, own=own)


async def what_became(unit: Unit, sample_id: int, round: int, *, own: bool | None = None) -> ReviewOver:
    """Why a sample cannot be voted on any more."""
    decision = await unit.tx.first(
        select(Decision).where(Decision.sample_id == sample_id, Decision.round == round)
    )
    if decision is not None:
        return ReviewOver("approved" if decision.approved else "rejected", own)
    sample = await unit.tx.get(Sample, sample_id)
    withdrawn = sample is not None and sample.state == SampleState.WITHDRAWN
    return ReviewOver("withdrawn" if withdrawn else "gone", own)


async def approve(unit: Unit, person: Person, seated: Seated) -> None:
    """Vote for the sample; a rejection under way is dropped."""
    await _cast(unit, person, seated, approve=True, reasons=[])


async def begin_rejection(unit: Unit, seated: Seated) -> None:
    """Ask for the reasons: the vote counts once they are given, and an earlier one stays until then."""
    if seated.assignment.draft is None:
        await _set_draft(unit, seated, list(seated.assignment.reasons))
    await review_cards.refresh(unit, seated.assignment, seated.sample)


async def toggle(unit: Unit, seated: Seated, reason: Reason) -> None:
    """Tick or untick a reason."""
    draft = seated.assignment.draft
    ticked = set(seated.assignment.reasons if draft is None else draft) ^ {reason.value}
    await _set_draft(unit, seated, [each.value for each in Reason if each.value in ticked])
    await review_cards.refresh(unit, seated.assignment, seated.sample)


async def reject(unit: Unit, person: Person, seated: Seated) -> None:
    """Vote against the sample, for the reasons that are ticked; raises `ReasonMissing` if none is.

    Pressed twice it changes nothing.
    """
    assignment = seated.assignment
    if assignment.draft is None and assignment.approve is False:
        return
    if not assignment.draft:
        raise ReasonMissing
    await _cast(unit, person, seated, approve=False, reasons=list(assignment.draft))


async def skip(unit: Unit, person: Person, seated: Seated) -> None:
    """Give the seat up: somebody else hears the sample. Raises `VotedAlready`."""
    if seated.assignment.state == AssignmentState.VOTED:
        raise VotedAlready
    if await audit.move(unit, seated.assignment, AssignmentState.SKIPPED, actor=person.id, draft=None):
        closed = ReviewClosed("skipped", playback(seated.sample))
        await review_cards.close(unit, seated.assignment, closed)
        await reviews.advance(unit, seated.sample)


async def _set_draft(unit: Unit, seated: Seated, reasons: list[str] | None) -> None:
    await unit.tx.change(
        update(Assignment).where(col(Assignment.id) == seated.assignment.id).values(draft=reasons)
    )
    seated.assignment.draft = reasons


async def _cast(unit: Unit, person: Person, seated: Seated, *, approve: bool, reasons: list[str]) -> None:
    """Let the vote count and see what it decides. The first vote of a seat ends its reminders."""
    assignment = seated.assignment
    if (assignment.approve, assignment.reasons, assignment.draft) == (approve, reasons, None):
        return
    values = {"approve": approve, "reasons": reasons, "draft": None, "voted_at": unit.now}
    if assignment.state == AssignmentState.OPEN:
        await audit.move(unit, assignment, AssignmentState.VOTED, actor=person.id, **values)
        await drop_timers(unit, topic_of(assignment))
    else:
        changing = setting(Assignment, tuple(values), from_state=True)
        voted = AssignmentState.VOTED.value
        await unit.tx.change(changing, row_id=assignment.id, old_state=voted, **new(values))
        for name, value in values.items():
            setattr(assignment, name, value)
    await audit.record(
        unit,
        topic_of(assignment),
        "assignment.vote",
        actor=person.id,
        after="approve" if approve else "reject",
        reasons=reasons,
    )
    if not await reviews.advance(unit, seated.sample):  # a decision has closed every card already
        await review_cards.refresh(unit, assignment, seated.sample)
