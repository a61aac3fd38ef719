"""A sample's decision: made once a round, told to the applicant, and the end of everybody's cards."""

from bot.rules import review as rules
from bot.rules.policy import later
from bot.rules.states import AssignmentState, SampleState
from bot.services import audit, outbox, people
from bot.services.messages.reviews import (
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
    ReviewPicture,
    SampleApproved,
    SampleRejected,
)
from bot.services.pairing import partners
from bot.services.people import Person
from bot.services.places import zone_of
from bot.services.reviewing import review_cards
from bot.services.reviewing.review_cards import judge_topic, playback
from bot.services.sampling.attempts import attempts_of
from bot.services.timers import set_timer
from bot.services.unit import Unit
from storage.tables import Decision, Sample


async def conclude(
    unit: Unit,
    sample: Sample,
    *,
    approve: bool,
    by: str,
    reasons: tuple[str, ...] = (),
    actor: int | None = None,
) -> bool:
    """Decide on a sample's present round; False, and nothing happened, if that is done already.

    `by` is `panel`, `cross-review` or `coordinator`; `reasons` go with a rejection.
    """
    decision = Decision(
        sample_id=sample.id, round=sample.round, approved=approve, reasons=list(reasons), by=by, at=unit.now
    )
    if not await unit.tx.add_new(decision):
        return False
    end = SampleState.APPROVED if approve else SampleState.REJECTED
    if not await audit.move(unit, sample, end, actor=actor, decided_at=unit.now, reasons=list(reasons)):
        raise LookupError(f"sample {sample.id} was decided while it moved on")
    person = await people.by_id(unit, sample.person_id)
    new = approve and person.approved_at is None
    if new:
        await people.change(unit, person, approved_at=unit.now)
    await clear_table(unit, sample, ReviewClosed("decided", playback(sample), approve, by, reasons))
    await _tell_applicant(unit, person, sample)
    if new:
        await partners.approved(unit, person)
    if not approve:
        await set_timer(
            unit,
            "forget_rejected",
            f"sample:{sample.id}",
            later(unit.now, unit.policy.retention.rejected_audio),
            sample_id=sample.id,
        )
    return True


async def clear_table(unit: Unit, sample: Sample, closed: ReviewClosed) -> None:
    """End every seat of the present round: open ones become void, all cards say what became of the sample."""
    for assignment in await review_cards.seats(unit, sample, AssignmentState.OPEN, AssignmentState.VOTED):
        if assignment.state == AssignmentState.OPEN:
            await audit.move(unit, assignment, AssignmentState.VOID, draft=None)
        own = assignment.approve if assignment.state == AssignmentState.VOTED else None
        await review_cards.close(unit, assignment, _with_own(closed, own))
    await review_cards.close_group(unit, sample, closed)
    if sample.round > 1:  # only an appeal is ever laid before them
        await outbox.cancel(unit, judge_topic(sample), [ReviewCard, ReviewPicture])
        await outbox.edit_topic(unit, judge_topic(sample), ReviewCard, closed)
    await outbox.cancel(unit, missing_topic(sample), [ReviewersMissing])


def _with_own(closed: ReviewClosed, own: bool | None) -> ReviewClosed:
    return ReviewClosed(closed.how, closed.playback, closed.approved, closed.by, closed.reasons, own)


def missing_topic(sample: Sample) -> str:
    """What the notices to coordinators about a sample have in common."""
    return f"sample:{sample.id}:missing"


def verdict_about(sample: Sample) -> str:
    """The name of the message that tells the applicant this round's verdict."""
    return f"sample:{sample.id}:verdict:{sample.round}"


async def _tell_applicant(unit: Unit, person: Person, sample: Sample) -> None:
    approved = sample.state == SampleState.APPROVED
    message = (
        SampleApproved(sample.id, appeal=sample.round > 1)
        if approved
        else await rejection(unit, person, sample)
    )
    await outbox.send(
        unit, person.telegram_id, message, about=verdict_about(sample), topic=f"sample:{sample.id}"
    )


async def rejection(unit: Unit, person: Person, sample: Sample, *, appealed: bool = False) -> SampleRejected:
    """The verdict on a rejected sample as it is told now; `appealed` when this very verdict was."""
    left = await attempts_of(unit, person)
    return SampleRejected(
        sample_id=sample.id,
        reasons=tuple(sample.reasons),
        attempts_left=left.left,
        next_at=left.next_at,
        zone=await zone_of(unit, person),
        appeal=sample.round > 1 and not appealed,
        can_appeal=not appealed and appealable(person, sample),
        appealed=appealed,
    )


def appealable(person: Person, sample: Sample) -> bool:
    """Whether the applicant has a use for an appeal, and may appeal: once, while there is something to hear."""
    if person.approved_at is not None or sample.audio_key is None:
        return False
    return rules.may_appeal(SampleState(sample.state), appealed_before=sample.round > 1) is None
