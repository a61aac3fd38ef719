"""Review: bring each sample to people who may hear it, and go on with whatever their votes make of it.

Everything here is safe to call again: `advance` looks at the votes and the seats as they are and does what
is missing. So a vote, a skip, a timer, and a reviewer who becomes free all end in the same function.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select, update

from bot.rules import review as rules
from bot.rules.roles import Role
from bot.rules.states import AssignmentState, SampleState
from bot.services import audit, outbox, people, review_cards, reviewers, verdicts
from bot.services.messages.reviews import (
    GroupCard,
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
)
from bot.services.places import out_of_quiet
from bot.services.review_cards import group_topic, judge_topic, playback, topic_of
from bot.services.timers import set_timer
from bot.services.unit import Unit
from storage.tables import Assignment, Person, Reviewer, ReviewGroup, Sample

IN_REVIEW = (SampleState.QUEUED, SampleState.APPEALED, SampleState.IN_REVIEW, SampleState.CROSS_REVIEW)
"""States of samples that wait for reviewers or for their votes."""


async def start(unit: Unit, sample: Sample) -> None:
    """Bring a queued sample to its panel."""
    await advance(unit, sample)


async def undecided(unit: Unit, sample_id: int) -> Sample | None:
    """A sample that is being reviewed, held for this unit alone; None if it is not (any more)."""
    return await unit.tx.first(
        select(Sample).where(Sample.id == sample_id, col(Sample.state).in_(IN_REVIEW)).with_for_update()
    )


async def assign_waiting(unit: Unit) -> None:
    """Somebody became available, or the way of reviewing changed: look at every undecided sample again."""
    waiting = select(Sample.id).where(col(Sample.state).in_(IN_REVIEW)).order_by(col(Sample.queued_at))
    for sample_id in await unit.tx.all(waiting):
        sample = await undecided(unit, sample_id)
        if sample is not None:
            await advance(unit, sample)


async def stop(unit: Unit, sample: Sample) -> None:
    """The sample was withdrawn: nobody hears it any more."""
    await verdicts.clear_table(unit, sample, ReviewClosed("withdrawn", playback(sample)))


async def advance(unit: Unit, sample: Sample) -> None:
    """Decide if the votes are enough, else see that somebody sits where a vote is missing."""
    decision = rules.decide(unit.policy.review, await votes_of(unit, sample))
    if decision.is_final:
        voted = await review_cards.seats(unit, sample, AssignmentState.VOTED)
        crossed = any(assignment.seat >= unit.policy.review.panel for assignment in voted)
        await verdicts.conclude(
            unit,
            sample,
            approve=decision.outcome is rules.Outcome.APPROVED,
            by="cross-review" if crossed else "panel",
            reasons=tuple(reason.value for reason in decision.reasons),
        )
        return
    cross = decision.outcome is rules.Outcome.CROSS_REVIEW
    if cross and sample.state == SampleState.IN_REVIEW:
        await audit.move(unit, sample, SampleState.CROSS_REVIEW)
    await _fill(unit, sample, decision.seats, cross=cross)


async def votes_of(unit: Unit, sample: Sample) -> list[rules.Vote]:
    """The votes of the present round."""
    voted = await review_cards.seats(unit, sample, AssignmentState.VOTED)
    return [
        rules.Vote(vote.seat, bool(vote.approve), tuple(rules.Reason(reason) for reason in vote.reasons))
        for vote in voted
    ]


# --- seats


async def _fill(unit: Unit, sample: Sample, wanted: Sequence[int], *, cross: bool) -> None:
    """Give the seats that nobody holds, and those whose holders are lost or too late, to others."""
    held = await review_cards.seats(unit, sample, AssignmentState.OPEN)
    free = [seat for seat in wanted if seat not in {assignment.seat for assignment in held}]
    late = [assignment for assignment in held if await _gives_way(unit, assignment)]
    group = await active_group(unit)
    if group is not None:
        for assignment in late:
            await expire(unit, assignment, sample)
        await _show_in_group(unit, group, sample, [*free, *(a.seat for a in late)], cross=cross)
        return
    lacking = len(free) + len(late)
    if not lacking:
        return
    chosen = rules.choose(await reviewers.candidates(unit), lacking, await reviewers.heard(unit, sample))
    for reviewer in chosen:
        if free:
            seat = free.pop(0)
        else:
            leaving = late.pop(0)
            seat = leaving.seat
            await expire(unit, leaving, sample)
        assignment = await take_seat(unit, sample, reviewer.id, seat)
        await review_cards.deal(unit, assignment, sample)
    if len(chosen) < lacking:
        await _nobody_left(unit, sample, lacking - len(chosen), cross=cross)


async def _gives_way(unit: Unit, assignment: Assignment) -> bool:
    """Whether somebody else may have the seat: its holder took too long, or cannot be reached.

    Where nobody else is there the holder keeps it: a late vote is better than none.
    """
    due = rules.overdue(unit.policy.review, assignment.created_at, unit.now, nudged=True)
    if due is rules.Overdue.REASSIGN:
        return True
    holder = await people.by_id(unit, assignment.reviewer_id)
    return assignment.in_group is None and not holder.reachable


async def take_seat(
    unit: Unit, sample: Sample, reviewer_id: int, seat: int, *, in_group: int | None = None
) -> Assignment:
    """Seat somebody at a sample. Raises `storage.database.ConflictError` if the seat or the sample is taken."""
    assignment = await unit.tx.add(
        Assignment(
            sample_id=sample.id,
            reviewer_id=reviewer_id,
            round=sample.round,
            seat=seat,
            state=AssignmentState.OPEN.value,
            in_group=in_group,
            created_at=unit.now,
        )
    )
    await audit.record(
        unit,
        topic_of(assignment),
        "assignment.open",
        actor=reviewer_id,
        after="open",
        sample=sample.id,
        seat=seat,
    )
    await unit.tx.change(
        update(Reviewer).where(col(Reviewer.person_id) == reviewer_id).values(last_assigned_at=unit.now)
    )
    if sample.state in (SampleState.QUEUED, SampleState.APPEALED):
        # One seat taken is enough: from here on somebody is listening.
        await audit.move(unit, sample, SampleState.IN_REVIEW)
    policy = unit.policy.review
    for kind, due_at in (
        ("nudge_reviewer", rules.nudge_at(policy, unit.now)),
        ("reassign_review", rules.reassign_at(policy, unit.now)),
    ):
        await set_timer(unit, kind, topic_of(assignment), due_at, assignment_id=assignment.id)
    return assignment


async def expire(unit: Unit, assignment: Assignment, sample: Sample) -> None:
    """Take an open seat back from whoever holds it."""
    if await audit.move(unit, assignment, AssignmentState.EXPIRED, draft=None):
        await review_cards.close(unit, assignment, ReviewClosed("expired", playback(sample)))


async def nudge(unit: Unit, assignment_id: int) -> None:
    """Remind a reviewer, once, of a sample that has waited long; not in the hours of quiet."""
    assignment = await unit.tx.get(Assignment, assignment_id)
    if assignment is None or assignment.state != AssignmentState.OPEN:
        return
    sample = await undecided(unit, assignment.sample_id)
    person = await people.by_id(unit, assignment.reviewer_id)
    if sample is None:
        return
    at = await out_of_quiet(unit, person, unit.now)
    if at > unit.now:
        await set_timer(unit, "nudge_reviewer", topic_of(assignment), at, assignment_id=assignment_id)
        return
    first = await unit.tx.change(
        update(Assignment)
        .where(col(Assignment.id) == assignment_id, col(Assignment.nudged_at).is_(None))
        .values(nudged_at=unit.now)
    )
    if first:
        until = rules.reassign_at(unit.policy.review, assignment.created_at)
        await review_cards.deal(unit, assignment, sample, nudged=True, until=until)


async def reassign(unit: Unit, assignment_id: int) -> None:
    """An assignment has been open for too long: somebody else gets it, if there is anybody."""
    assignment = await unit.tx.get(Assignment, assignment_id)
    sample = await undecided(unit, assignment.sample_id) if assignment else None
    if sample is not None:
        await advance(unit, sample)


async def release(unit: Unit, person: Person) -> None:
    """Somebody cannot be reached any more: what is open with them goes to others."""
    held = await unit.tx.all(
        select(Assignment.sample_id)
        .where(Assignment.reviewer_id == person.id, Assignment.state == AssignmentState.OPEN.value)
        .order_by(col(Assignment.id))
    )
    for sample_id in held:
        sample = await undecided(unit, sample_id)
        if sample is not None:
            await advance(unit, sample)


# --- in the group


async def active_group(unit: Unit) -> ReviewGroup | None:
    """The group in which reviewing happens, if it does."""
    return await unit.tx.first(select(ReviewGroup).where(col(ReviewGroup.active)).limit(1))


async def _show_in_group(
    unit: Unit, group: ReviewGroup, sample: Sample, free: Sequence[int], *, cross: bool
) -> None:
    """Let the group have the sample's card, once a stage, and keep its count right."""
    card = await group_card(unit, sample, cross=cross)
    stage = "cross" if cross else "panel"
    if not await review_cards.post(unit, group, sample, card, stage=stage):
        await review_cards.refresh_group(unit, sample, card)
    else:
        policy, topic = unit.policy.review, group_topic(sample)
        for kind, due_at in (
            ("nudge_group", rules.nudge_at(policy, unit.now)),
            ("group_silent", rules.reassign_at(policy, unit.now)),
        ):
            await set_timer(unit, kind, topic, due_at, sample_id=sample.id, stage=stage)
    facts = await reviewers.heard(unit, sample)
    fit = [
        reviewer
        for reviewer in await reviewers.candidates(unit)
        if rules.obstacle(reviewer, facts) in (None, rules.Obstacle.PAUSED, rules.Obstacle.UNREACHABLE)
    ]
    if len(fit) < len(free):
        await _nobody_left(unit, sample, len(free) - len(fit), cross=cross)


async def group_card(unit: Unit, sample: Sample, *, cross: bool, nudged: bool = False) -> GroupCard:
    """A sample's card for the group as it is now."""
    voted = await review_cards.seats(unit, sample, AssignmentState.VOTED)
    wanted = unit.policy.review.panel + (1 if cross else 0)
    return GroupCard(f"s{sample.id}", playback(sample), min(len(voted), wanted), wanted, cross, nudged)


# --- nobody left


async def _nobody_left(unit: Unit, sample: Sample, missing: int, *, cross: bool) -> None:
    """Tell the coordinators, once for the same lack; an appeal they may decide themselves."""
    if sample.round > 1 and await _ask_judges(unit, sample):
        return
    given = len(await unit.tx.all(select(Assignment.id).where(Assignment.sample_id == sample.id)))
    notice = ReviewersMissing(
        sample_id=sample.id,
        language=sample.language or "",
        missing=missing,
        wanted=1 if cross else unit.policy.review.panel,
        cross=cross,
        appeal=sample.round > 1,
    )
    topic = verdicts.missing_topic(sample)
    for coordinator in await people.holders(unit, Role.COORDINATOR):
        about = f"{topic}:{sample.round}:{given}:{missing}"
        await outbox.send(unit, coordinator.telegram_id, notice, about=about, topic=topic)


async def _ask_judges(unit: Unit, sample: Sample) -> bool:
    """Lay an appeal before the coordinators who may decide it; False if there are none."""
    judges = await reviewers.judges(unit, sample)
    card = ReviewCard(f"j{sample.id}", playback(sample), seat="judge")
    topic = judge_topic(sample)
    for judge in judges:
        await outbox.send(unit, judge.telegram_id, card, about=f"{topic}:{sample.round}", topic=topic)
    return bool(judges)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A sample that waits for a human: so many `missing` seats that nobody holds."""

    sample: Sample
    missing: int
    in_group: bool


async def lacking(unit: Unit) -> list[Lacking]:
    """Every undecided sample with a seat that nobody holds, the longest waiting first."""
    group = await active_group(unit)
    found = []
    samples = select(Sample).where(col(Sample.state).in_(IN_REVIEW)).order_by(col(Sample.queued_at))
    for sample in await unit.tx.all(samples):
        decision = rules.decide(unit.policy.review, await votes_of(unit, sample))
        held = {a.seat for a in await review_cards.seats(unit, sample, AssignmentState.OPEN)}
        missing = [seat for seat in decision.seats if seat not in held]
        if missing:
            found.append(Lacking(sample, len(missing), group is not None))
    return found
