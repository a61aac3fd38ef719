"""The cards that samples are voted on: dealt, kept up to date, taken back. They hold facts, not words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, select

from bot.rules.audio import Severity
from bot.rules.states import AssignmentState
from bot.services import outbox, people
from bot.services.messages.reviews import Copy, GroupCard, Playback, ReviewCard, ReviewClosed, ReviewPicture
from bot.services.places import zone_of
from bot.services.sampling.columns import findings_of
from bot.services.sampling.pictures import picture_of
from bot.services.timers import drop_timers
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Assignment, ReviewGroup, Sample


def playback(sample: Sample) -> Playback:
    """What a card plays, and what a reviewer needs to know of it."""
    findings = findings_of(sample)
    return Playback(
        sample_id=sample.id,
        file_id=sample.file_id,
        media=sample.media,
        audio_key=sample.audio_key,
        language=sample.language or "",
        seconds=(sample.facts or {}).get("duration"),
        warnings=tuple(finding for finding in findings if finding.severity is Severity.warn),
        appeal=sample.round > 1,
        notes=tuple(finding for finding in findings if finding.severity is Severity.note),
        copies=tuple(Copy(**copy) for copy in sample.copies or ()),
    )


def topic_of(assignment: Assignment) -> str:
    """What the cards of one seat have in common."""
    return f"assignment:{assignment.id}"


def group_topic(sample: Sample) -> str:
    """What a sample's cards in the reviewers' group have in common."""
    return f"sample:{sample.id}:group"


def judge_topic(sample: Sample) -> str:
    """What the cards of the coordinators who may decide an appeal have in common."""
    return f"sample:{sample.id}:judge"


# --- one reviewer's card


async def deal(
    unit: Unit,
    assignment: Assignment,
    sample: Sample,
    *,
    nudged: bool = False,
    until: datetime | None = None,
) -> None:
    """Show an assignment's card to its reviewer, below everything else; an earlier one points down to it."""
    person = await people.by_id(unit, assignment.reviewer_id)
    topic = topic_of(assignment)
    await outbox.retire(unit, topic, ReviewCard, ReviewClosed("moved", playback(sample)))
    zone = await zone_of(unit, person)
    if assignment.in_group is None:  # the group has it already
        await show_picture(unit, person.telegram_id, sample, topic)
    card = replace(_card(unit, assignment, sample), nudged=nudged, until=until, zone=zone)
    await outbox.send(unit, person.telegram_id, card, topic=topic)


async def show_picture(unit: Unit, chat_id: int, sample: Sample, topic: str) -> None:
    """Show how the recording looks above its card, once a chat."""
    picture = picture_of(sample)
    if picture is not None:
        about = f"sample:{sample.id}:picture for reviewers"
        await outbox.send(unit, chat_id, ReviewPicture(sample.id, picture), about=about, topic=topic)


async def refresh(unit: Unit, assignment: Assignment, sample: Sample) -> None:
    """Let the newest card show the vote as it is now; nothing if the seat was never dealt a card."""
    newest = await outbox.newest(unit, topic_of(assignment), ReviewCard)
    if newest is not None:
        await outbox.edit(unit, newest, _card(unit, assignment, sample))


def _card(unit: Unit, assignment: Assignment, sample: Sample) -> ReviewCard:
    return ReviewCard(
        key=f"a{assignment.id}",
        playback=playback(sample),
        seat="cross" if assignment.seat >= unit.policy.review.panel else "panel",
        approve=assignment.approve,
        reasons=tuple(assignment.reasons),
        ticking=None if assignment.draft is None else tuple(assignment.draft),
    )


async def close(unit: Unit, assignment: Assignment, message: ReviewClosed) -> None:
    """The seat is over: no reminder, no unsent card, and a card that was sent says what became of it."""
    await drop_timers(unit, topic_of(assignment))
    await outbox.cancel(unit, topic_of(assignment), [ReviewPicture])
    await outbox.retire(unit, topic_of(assignment), ReviewCard, message)


# --- the group's card


async def post(unit: Unit, group: ReviewGroup, sample: Sample, card: GroupCard, *, stage: str) -> bool:
    """Show a sample's card in the group, once a stage of its review; False if this stage's was shown before."""
    about = f"{group_topic(sample)}:{sample.round}:{stage}:{group.created_at.isoformat()}"
    if await outbox.said(unit, group.chat_id, about):
        return False
    moved = ReviewClosed("moved", playback(sample))
    await outbox.retire(unit, group_topic(sample), GroupCard, moved, group.chat_id)
    await show_picture(unit, group.chat_id, sample, group_topic(sample))
    return await outbox.send(unit, group.chat_id, card, about=about, topic=group_topic(sample))


async def refresh_group(unit: Unit, sample: Sample, card: GroupCard) -> None:
    """Let the group's newest card of a sample show how many have voted by now."""
    newest = await outbox.newest(unit, group_topic(sample), GroupCard)
    if newest is not None:
        await outbox.edit(unit, newest, card)


async def close_group(unit: Unit, sample: Sample, message: ReviewClosed) -> None:
    """Nothing more is asked in the group about this sample."""
    await drop_timers(unit, group_topic(sample))
    await outbox.cancel(unit, group_topic(sample), [ReviewPicture])
    await outbox.retire(unit, group_topic(sample), GroupCard, message)


# --- all of a sample


SEATS = Prepared(
    select(Assignment)
    .where(Assignment.sample_id == bindparam("sample_id"), Assignment.round == bindparam("round"))
    .order_by(col(Assignment.seat), col(Assignment.id))
)


async def seats(unit: Unit, sample: Sample, *states: AssignmentState) -> Sequence[Assignment]:
    """The seats of a sample's present round in these states, in order."""
    found = await unit.tx.all(SEATS, sample_id=sample.id, round=sample.round)
    return [seat for seat in found if seat.state in states]
