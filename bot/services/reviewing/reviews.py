"""Review: bring each sample to people who may hear it, and go on with whatever their votes make of it.

Everything here is safe to call again: `advance` looks at the votes and the seats as they are and does what
is missing. So a vote, a skip, a timer, and a reviewer who becomes free all end in the same function.
"""

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from bot.rules import review as rules
from bot.rules.roles import Role
from bot.rules.states import UNDECIDED_SAMPLES, AssignmentState, SampleState
from bot.services import audit, outbox, people
from bot.services.messages.reviews import (
    GroupCard,
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
)
from bot.services.places import out_of_quiet
from bot.services.reviewing import review_backlog, review_cards, reviewers, verdicts
from bot.services.reviewing.review_backlog import gives_way
from bot.services.reviewing.review_cards import group_topic, judge_topic, playback, topic_of
from bot.services.timers import set_timer
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Assignment, Person, Reviewer, ReviewGroup, Sample

IN_REVIEW = UNDECIDED_SAMPLES
"""States of samples that wait for reviewers or for their votes."""


async def start(unit: Unit, sample: Sample) -> None:
    """Bring a queued sample to its panel."""
    await advance(unit, sample)


UNDECIDED = Prepared(
    select(Sample)
    .where(Sample.id == bindparam("sample_id"), col(Sample.state).in_(IN_REVIEW))
    .with_for_update()
)


async def undecided(unit: Unit, sample_id: int) -> Sample | None:
    """A sample that is being reviewed, held for this unit alone; None if it is not (any more)."""
    return await unit.tx.first(UNDECIDED, sample_id=sample_id)


async def assign_waiting(unit: Unit) -> None:
    """Somebody became available, or the way of reviewing changed: go on with every sample that waits."""
    for table in await review_backlog.tables(unit):
        if table.needs_care(unit.policy.review, unit.now):
            sample = await undecided(unit, table.sample.id)
            if sample is not None:
                await advance(unit, sample)


async def stop(unit: Unit, sample: Sample) -> None:
    """The sample was withdrawn: nobody hears it any more."""
    await verdicts.clear_table(unit, sample, ReviewClosed("withdrawn", playback(sample)))


async def advance(unit: Unit, sample: Sample) -> bool:
    """Decide if the votes are enough, else see that somebody sits where a vote is missing.

    `sample` is undecided and held for this unit; True if it is decided now.
    """
    table = await review_backlog.table_of(unit, sample)
    decision = table.decision(unit.policy.review)
    if decision.is_final:
        crossed = any(
            vote.seat >= unit.policy.review.panel for vote, _ in table.held if vote.approve is not None
        )
        return await verdicts.conclude(
            unit,
            sample,
            approve=decision.outcome is rules.Outcome.APPROVED,
            by="cross-review" if crossed else "panel",
            reasons=tuple(reason.value for reason in decision.reasons),
        )
    cross = decision.outcome is rules.Outcome.CROSS_REVIEW
    if cross and sample.state == SampleState.IN_REVIEW:
        await audit.move(unit, sample, SampleState.CROSS_REVIEW)
    await _fill(unit, sample, table, cross=cross)
    return False


# --- seats


async def _fill(unit: Unit, sample: Sample, table: review_backlog.Table, *, cross: bool) -> None:
    """Give the seats that nobody holds, and those whose holders are lost or too late, to others."""
    policy, group = unit.policy.review, await active_group(unit)
    free = table.missing(policy)
    late = [seat for seat, reachable in table.held if gives_way(policy, seat, unit.now, reachable=reachable)]
    lacking = len(free) + len(late)
    if group is not None:
        fit = await reviewers.fit_for_group(unit, sample) if lacking else 0
        for assignment in late[: max(0, fit - len(free))]:
            await expire(unit, assignment, sample)
        await _show_in_group(unit, group, sample, free=bool(free) or fit > 0, cross=cross)
    else:
        fit = await _seat_in_private(unit, sample, free, late) if lacking else 0
    if fit < lacking:
        await _nobody_left(unit, sample, lacking - fit, cross=cross)


async def _seat_in_private(unit: Unit, sample: Sample, free: list[int], late: list[Assignment]) -> int:
    """Deal cards to those whose turn it is, the free seats first; gives how many could be found."""
    facts, wanted = await reviewers.heard(unit, sample), len(free) + len(late)
    chosen = rules.choose(await reviewers.shortlist(unit, facts, wanted), wanted, facts)
    for assignment in late[: max(0, len(chosen) - len(free))]:
        await expire(unit, assignment, sample)
    seats = [*free, *(assignment.seat for assignment in late)]
    for reviewer, seat in zip(chosen, seats, strict=False):
        assignment = await take_seat(unit, sample, reviewer.id, seat)
        await review_cards.deal(unit, assignment, sample)
    return len(chosen)


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


ACTIVE_GROUP = Prepared(select(ReviewGroup).where(col(ReviewGroup.active)).limit(1))


async def active_group(unit: Unit) -> ReviewGroup | None:
    """The group in which reviewing happens, if it does."""
    return await unit.tx.first(ACTIVE_GROUP)


async def _show_in_group(unit: Unit, group: ReviewGroup, sample: Sample, *, free: bool, cross: bool) -> None:
    """Let the group have the sample's card, once a stage, as soon as a seat is free; keep its count right."""
    card = await group_card(unit, sample, cross=cross)
    stage = "cross" if cross else "panel"
    if not (free and await review_cards.post(unit, group, sample, card, stage=stage)):
        await review_cards.refresh_group(unit, sample, card)
        return
    policy = unit.policy.review
    for kind, due_at in (
        ("nudge_group", rules.nudge_at(policy, unit.now)),
        ("group_silent", rules.reassign_at(policy, unit.now)),
    ):
        await set_timer(unit, kind, group_topic(sample), due_at, sample_id=sample.id, stage=stage)


async def group_card(unit: Unit, sample: Sample, *, cross: bool, nudged: bool = False) -> GroupCard:
    """A sample's card for the group as it is now."""
    voted = await review_cards.seats(unit, sample, AssignmentState.VOTED)
    wanted = unit.policy.review.panel + (1 if cross else 0)
    return GroupCard(f"s{sample.id}", playback(sample), min(len(voted), wanted), wanted, cross, nudged)


async def refresh(unit: Unit, sample_id: int) -> None:
    """More is known about a sample: its open cards shall say so."""
    sample = await undecided(unit, sample_id)
    if sample is None:
        return
    for assignment in await review_cards.seats(unit, sample, AssignmentState.OPEN, AssignmentState.VOTED):
        await review_cards.refresh(unit, assignment, sample)
    card = await group_card(unit, sample, cross=sample.state == SampleState.CROSS_REVIEW)
    await review_cards.refresh_group(unit, sample, card)


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
        await review_cards.show_picture(unit, judge.telegram_id, sample, topic)
        await outbox.send(unit, judge.telegram_id, card, about=f"{topic}:{sample.round}", topic=topic)
    return bool(judges)
