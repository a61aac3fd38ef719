"""What a reviewer asks for: the cards that are open, a pause, and going on."""

from sqlmodel import col, select, update

from bot.rules.roles import Role
from bot.rules.states import AssignmentState
from bot.services import audit, outbox, people
from bot.services.messages.reviews import (
    QueueEmpty,
    QueueShown,
    ReviewCard,
    ReviewingPaused,
    ReviewingResumed,
)
from bot.services.people import Person
from bot.services.reviewing import review_cards, reviews
from bot.services.reviewing.review_cards import topic_of
from bot.services.unit import Unit
from storage.tables import Assignment, OutboxRow, Reviewer, Sample

AT_ONCE = 10
"""Cards shown by one `/queue`: Telegram lets a bot send one message a second into a chat."""


async def show(unit: Unit, person: Person) -> None:
    """Deal every undecided card of a reviewer anew, voted on or not, the longest waiting first."""
    paused = await _paused(unit, person)
    seats = await _undecided(unit, person)
    if not seats:
        group = await reviews.active_group(unit)
        await outbox.send(unit, person.telegram_id, QueueEmpty(paused, group.title if group else ""))
        return
    left_out = max(0, len(seats) - AT_ONCE)
    await outbox.send(unit, person.telegram_id, QueueShown(len(seats) - left_out, left_out, paused))
    for assignment, sample in seats[:AT_ONCE]:
        await review_cards.deal(unit, assignment, sample)


async def _undecided(unit: Unit, person: Person) -> list[tuple[Assignment, Sample]]:
    """The seats that a reviewer may still act on; those without a vote first."""
    found = await unit.tx.all(
        select(Assignment, Sample)
        .join(Sample, col(Sample.id) == col(Assignment.sample_id))
        .where(Assignment.reviewer_id == person.id, Assignment.round == Sample.round)
        .where(col(Assignment.state).in_([AssignmentState.OPEN.value, AssignmentState.VOTED.value]))
        .where(col(Sample.state).in_(reviews.IN_REVIEW))
        .order_by(col(Assignment.state), col(Assignment.id))
    )
    return [(assignment, sample) for assignment, sample in found]


async def _paused(unit: Unit, person: Person) -> bool:
    reviewer = await unit.tx.get(Reviewer, person.id)
    return reviewer is not None and reviewer.paused_at is not None


async def pause(unit: Unit, person: Person) -> None:
    """Give this reviewer no new samples; what is open stays theirs."""
    paused = await unit.tx.change(
        update(Reviewer)
        .where(col(Reviewer.person_id) == person.id, col(Reviewer.paused_at).is_(None))
        .values(paused_at=unit.now)
    )
    if paused:
        await audit.record(unit, f"person:{person.id}", "reviewer.paused", actor=person.id)
    left = [a for a, _ in await _undecided(unit, person) if a.state == AssignmentState.OPEN]
    await outbox.send(unit, person.telegram_id, ReviewingPaused(len(left)))


async def resume(unit: Unit, person: Person) -> None:
    """Give this reviewer samples again, those first that wait for somebody."""
    resumed = await unit.tx.change(
        update(Reviewer)
        .where(col(Reviewer.person_id) == person.id, col(Reviewer.paused_at).is_not(None))
        .values(paused_at=None)
    )
    if resumed:
        await audit.record(unit, f"person:{person.id}", "reviewer.resumed", actor=person.id)
    await outbox.send(unit, person.telegram_id, ReviewingResumed())
    await reviews.assign_waiting(unit)


async def come_back(unit: Unit, person_id: int) -> None:
    """Somebody can be reached again: the open cards that did not arrive are dealt anew, and new ones come."""
    person = await people.by_id(unit, person_id)
    if Role.REVIEWER not in await people.roles_of(unit, person):
        return
    for assignment, sample in await _undecided(unit, person):
        newest = await outbox.newest(unit, topic_of(assignment), ReviewCard)
        row = await unit.tx.get(OutboxRow, newest) if newest else None
        if row is not None and row.state == "blocked":
            await review_cards.deal(unit, assignment, sample)
    await reviews.assign_waiting(unit)
