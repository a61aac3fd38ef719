"""Reviewing in a group: one card a sample, seats to the first who press, and not a word of any vote."""

from dataclasses import dataclass

from sqlmodel import col, select, update

from bot.rules import review as rules
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import SampleState
from bot.services import audit, outbox, people
from bot.services.messages.reviews import (
    GroupCard,
    GroupEnded,
    GroupLost,
    GroupSilent,
    GroupStarted,
    GroupState,
    ReviewClosed,
)
from bot.services.people import Person
from bot.services.places import out_of_quiet, zone_of
from bot.services.reviewing import review_backlog, review_cards, reviewers, reviews, votes
from bot.services.reviewing.review_cards import group_topic, playback
from bot.services.reviewing.reviewers import CannotReview
from bot.services.reviewing.votes import Seated
from bot.services.timers import set_timer
from bot.services.unit import Unit
from storage.tables import Assignment, ReviewGroup, Sample


class NotReviewedHere(DomainError):
    """Reviewing does not happen in this chat (any more)."""


class NotAGroup(DomainError):
    """Reviewing can be moved into a group only from within that group."""


# --- where reviewing happens


async def begin_here(unit: Unit, person: Person, chat_id: int, title: str) -> None:
    """Review in this group from now on, in the coordinator's language; another group's review ends."""
    former = await reviews.active_group(unit)
    if former is None or former.chat_id != chat_id:
        if former is not None:
            await _leave(unit, former)
        await unit.tx.add_new(_group(unit, person, chat_id, title, active=True))
    language = people.language_of(person)
    fresh = {"active": True, "title": title, "language": language, "created_by": person.id}
    if former is None or former.chat_id != chat_id:
        fresh["created_at"] = unit.now
    await unit.tx.change(update(ReviewGroup).where(col(ReviewGroup.chat_id) == chat_id).values(**fresh))
    await audit.record(unit, f"group:{chat_id}", "group.reviews", actor=person.id, after="active")
    waiting = len(await review_backlog.lacking(unit))
    await outbox.send(unit, chat_id, GroupStarted(waiting))
    await reviews.assign_waiting(unit)


def _group(unit: Unit, person: Person, chat_id: int, title: str, *, active: bool) -> ReviewGroup:
    return ReviewGroup(
        chat_id=chat_id,
        title=title,
        language=people.language_of(person),
        active=active,
        created_by=person.id,
        created_at=unit.now,
    )


async def end(unit: Unit, person: Person, chat_id: int) -> None:
    """Review in private again; what is undecided goes on there. The answer goes to `chat_id`."""
    group = await reviews.active_group(unit)
    if group is not None:
        await _leave(unit, group, by=person)
        await reviews.assign_waiting(unit)
    await outbox.send(unit, chat_id, GroupEnded(before=group is not None))


async def state(unit: Unit, person: Person, chat_id: int, title: str) -> GroupState:
    """Where reviewing happens, as told in a chat; `title` is empty in a private one.

    A group in which a coordinator asks is spoken to in the coordinator's language from then on.
    """
    private = not title
    if not private:
        await unit.tx.add_new(_group(unit, person, chat_id, title, active=False))
    group = await reviews.active_group(unit)
    here = group is not None and group.chat_id == chat_id
    return GroupState(group.title if group else "", here=here, private_chat=private)


async def lost(unit: Unit, chat_id: int) -> None:
    """The bot is no longer in a group: if reviewing happened there it is private again; coordinators hear it."""
    group = await unit.tx.first(
        select(ReviewGroup).where(ReviewGroup.chat_id == chat_id, col(ReviewGroup.active))
    )
    if group is None:
        return
    await _leave(unit, group, gone=True)
    for coordinator in await people.holders(unit, Role.COORDINATOR):
        await outbox.send(unit, coordinator.telegram_id, GroupLost(group.title))
    await reviews.assign_waiting(unit)


async def _leave(unit: Unit, group: ReviewGroup, *, by: Person | None = None, gone: bool = False) -> None:
    """Let the group's cards be the last of it; a chat that is `gone` is not written to."""
    await unit.tx.change(
        update(ReviewGroup).where(col(ReviewGroup.chat_id) == group.chat_id).values(active=False)
    )
    await audit.record(
        unit, f"group:{group.chat_id}", "group.reviews", actor=by.id if by else None, after="ended"
    )
    for sample in await unit.tx.all(select(Sample).where(col(Sample.state).in_(reviews.IN_REVIEW))):
        if gone:
            await outbox.cancel(unit, group_topic(sample), [GroupCard])
        await review_cards.close_group(unit, sample, ReviewClosed("private", playback(sample)))


# --- votes


@dataclass(frozen=True, slots=True)
class Seat:
    """What a press in the group came to: a seat, and whether its holder can be written to in private."""

    seated: Seated
    reachable: bool


async def sit_down(unit: Unit, person: Person, chat_id: int, sample_id: int) -> Seat:
    """The presser's seat at a group's sample, taken now if they have none.

    Raises `NotReviewedHere`, `votes.ReviewOver` and, saying why, `CannotReview`.
    """
    group = await reviews.active_group(unit)
    if group is None or group.chat_id != chat_id:
        raise NotReviewedHere
    sample = await reviews.undecided(unit, sample_id)
    own = await unit.tx.first(
        select(Assignment).where(Assignment.sample_id == sample_id, Assignment.reviewer_id == person.id)
    )
    if own is not None and sample is not None and own.round != sample.round:
        raise CannotReview(rules.Obstacle.SEATED)
    if own is not None:
        return Seat(await votes.seat_of(unit, person, own.id), person.reachable)
    if sample is None:
        raise await _over(unit, sample_id)
    await reviewers.check_may_sit(unit, person, sample)
    assignment = await reviews.take_seat(
        unit, sample, person.id, await _free_seat(unit, sample), in_group=chat_id
    )
    return Seat(Seated(assignment, sample), person.reachable)


async def _over(unit: Unit, sample_id: int) -> DomainError:
    sample = await unit.tx.get(Sample, sample_id)
    return await votes.what_became(unit, sample_id, sample.round if sample else 1)


async def _free_seat(unit: Unit, sample: Sample) -> int:
    table = await review_backlog.table_of(unit, sample)
    for seat in table.missing(unit.policy.review):
        return seat
    raise CannotReview("taken")


async def ask_reasons(unit: Unit, seat: Seat) -> None:
    """Ask for the reasons of a rejection in private: there the seat's card is, from now on."""
    assignment = seat.seated.assignment
    dealt = assignment.draft is not None
    await votes.begin_rejection(unit, seat.seated)
    if not dealt:
        await review_cards.deal(unit, assignment, seat.seated.sample)


# --- a silent group


async def nudge(unit: Unit, sample_id: int, stage: str) -> None:
    """Show a sample that has waited long again, at the end of the group's chat."""
    sample, group = await reviews.undecided(unit, sample_id), await reviews.active_group(unit)
    if sample is None or group is None or stage != _stage(sample):
        return
    at = await out_of_quiet(unit, await people.by_id(unit, group.created_by), unit.now)
    if at > unit.now:
        await set_timer(unit, "nudge_group", group_topic(sample), at, sample_id=sample_id, stage=stage)
        return
    card = await reviews.group_card(unit, sample, cross=stage == "cross", nudged=True)
    await review_cards.post(unit, group, sample, card, stage=f"{stage} nudged")


async def tell_silent(unit: Unit, sample_id: int, stage: str) -> None:
    """A group lets a sample wait for too long: the coordinators hear of it."""
    sample, group = await reviews.undecided(unit, sample_id), await reviews.active_group(unit)
    if sample is None or group is None or stage != _stage(sample):
        return
    card = await reviews.group_card(unit, sample, cross=stage == "cross")
    for coordinator in await people.holders(unit, Role.COORDINATOR):
        message = GroupSilent(
            sample_id=sample_id,
            group=group.title,
            heard=card.heard,
            wanted=card.wanted,
            since=sample.queued_at or sample.created_at,
            zone=await zone_of(unit, coordinator),
        )
        about = f"{group_topic(sample)}:silent:{sample.round}:{stage}"
        await outbox.send(unit, coordinator.telegram_id, message, about=about)


def _stage(sample: Sample) -> str:
    return "cross" if sample.state == SampleState.CROSS_REVIEW else "panel"
