"""Reviewing in a group: one card, seats to the first who press, nothing shown, and the ways in and out."""

from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.services import people
from bot.services.messages.reviews import (
    GroupCard,
    GroupEnded,
    GroupLost,
    GroupSilent,
    GroupStarted,
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
    SampleApproved,
)
from bot.services.people import Person, Visitor
from bot.services.reviewing import review_groups, reviews, votes
from bot.services.reviewing.review_groups import NotReviewedHere
from bot.services.reviewing.reviewers import CannotReview
from bot.services.reviewing.votes import ReviewOver
from bot.services.unit import Unit, Units
from storage.tables import Assignment, Invitation, OutboxRow, ReviewGroup, Sample
from tests.helpers import NOON, MovableClock, a_person, a_reviewer, a_sample, all_sent, ring, told

APPLICANT, OWNER, GROUP, ELSEWHERE = 100, 1, -5, -6


async def person_of(unit: Unit, telegram_id: int) -> Person:
    """Somebody who is known already."""
    person = await people.by_telegram_id(unit, telegram_id)
    assert person is not None
    return person


async def begin_here(units: Units, chat_id: int = GROUP) -> None:
    """The owner moves reviewing into a group."""
    async with units.writing(f"here {chat_id}") as unit:
        owner = await people.arrive(unit, Visitor(OWNER, "Olga"))
        await review_groups.begin_here(unit, owner, chat_id, f"Group {-chat_id}")


async def submit(units: Units, telegram_id: int = APPLICANT) -> int:
    """Somebody's sample goes to the reviewers; gives its id."""
    async with units.writing(f"sample of {telegram_id}") as unit:
        sample = await a_sample(unit, await a_person(unit, telegram_id))
        await reviews.start(unit, sample)
        return sample.id


async def start(units: Units, *reviewers: int) -> int:
    """Reviewers, a group in which they review, and a sample in it; gives its id."""
    async with units.writing("reviewers") as unit:
        for telegram_id in reviewers:
            await a_reviewer(unit, telegram_id)
    await begin_here(units)
    return await submit(units)


async def press(
    units: Units, telegram_id: int, sample_id: int, *reasons: Reason, chat_id: int = GROUP, done: bool = True
) -> None:
    """Somebody presses yes in the group; with reasons no, gives them in private, and perhaps says done."""
    async with units.writing(f"press {telegram_id} {reasons} {done}") as unit:
        person = await person_of(unit, telegram_id)
        seat = await review_groups.sit_down(unit, person, chat_id, sample_id)
        if not reasons:
            await votes.approve(unit, person, seat.seated)
            return
        await review_groups.ask_reasons(unit, seat)
        for reason in reasons:
            await votes.toggle(unit, seat.seated, reason)
        if done:
            await votes.reject(unit, person, seat.seated)


async def refusal(units: Units, telegram_id: int, sample_id: int, chat_id: int = GROUP) -> DomainError:
    """What somebody is told whose press is refused."""
    with pytest.raises(DomainError) as refused:
        await press(units, telegram_id, sample_id, chat_id=chat_id)
    return refused.value


async def messages(units: Units, chat_id: int, *kinds: type[Any]) -> list[Any]:
    """What was queued to a chat of some kinds, edits too."""
    return [message for message in await told(units, chat_id) if isinstance(message, kinds)]


async def seats(units: Units) -> list[tuple[int, int, str, int | None]]:
    """Every seat as (seat, the reviewer's Telegram id, state, group), in the order of being given."""
    async with units.reading() as look:
        rows = await look.tx.all(
            select(Assignment, Person)
            .join(Person, col(Person.id) == col(Assignment.reviewer_id))
            .order_by(col(Assignment.id))
        )
        return [(seat.seat, person.telegram_id, seat.state, seat.in_group) for seat, person in rows]


async def state_of(units: Units, sample_id: int) -> str:
    """The state of a sample."""
    async with units.reading() as look:
        return (await look.tx.one(select(Sample).where(Sample.id == sample_id))).state


# --- the card and its seats


async def test_a_sample_has_one_card_in_the_group_and_none_in_private(units: Units) -> None:
    """It stays queued until somebody takes a seat; looking again posts nothing more."""
    sample_id = await start(units, 11, 12)
    async with units.writing("again") as unit:
        await reviews.assign_waiting(unit)
    await all_sent(units)
    (card,) = await messages(units, GROUP, GroupCard)
    assert (card.key, card.heard, card.wanted, card.cross) == (f"s{sample_id}", 0, 2, False)
    assert await messages(units, 11, ReviewCard) == []
    assert await state_of(units, sample_id) == "queued"
    assert await messages(units, GROUP, GroupStarted) == [GroupStarted(waiting=0)]


async def test_the_first_two_who_press_are_the_panel(units: Units) -> None:
    """The count grows, nothing of a vote is shown; a third is refused; two yes approve and close the card."""
    sample_id = await start(units, 11, 12, 13)
    await all_sent(units)
    await press(units, 12, sample_id)
    assert await state_of(units, sample_id) == "in_review"
    assert [card.heard for card in await messages(units, GROUP, GroupCard)] == [0, 1]
    await all_sent(units)
    await press(units, 11, sample_id, Reason.FLAT, done=False)
    assert await refusal(units, 13, sample_id) == CannotReview("taken")
    await press(units, 11, sample_id)
    assert await seats(units) == [(0, 12, "voted", GROUP), (1, 11, "voted", GROUP)]
    (closed,) = await messages(units, GROUP, ReviewClosed)
    assert (closed.how, closed.approved, closed.by, closed.own) == ("decided", True, "panel", None)
    assert await messages(units, APPLICANT, SampleApproved) == [SampleApproved(sample_id)]
    assert await refusal(units, 13, sample_id) == ReviewOver("approved")
    assert await refusal(units, 12, sample_id) == ReviewOver("approved", own=True)


async def test_reasons_are_asked_in_private(units: Units) -> None:
    """The private card has the recording and the ticks; the vote counts at done."""
    sample_id = await start(units, 11, 12)
    await press(units, 11, sample_id, Reason.NOISE, done=False)
    (card,) = await messages(units, 11, ReviewCard)
    assert (card.key, card.playback.file_id, card.ticking) == ("a1", "file-4", ("noise",))
    assert [card.heard for card in await messages(units, GROUP, GroupCard)] == [0]
    await press(units, 11, sample_id, Reason.NOISE, Reason.FLAT)
    assert await seats(units) == [(0, 11, "voted", GROUP)]
    assert [card.heard for card in await messages(units, GROUP, GroupCard)] == [1]


async def test_a_divided_panel_asks_the_group_for_a_third(units: Units) -> None:
    """A new card at the end of the chat; the first one points down; who voted may not press again as third."""
    sample_id = await start(units, 11, 12, 13)
    await press(units, 11, sample_id)
    await all_sent(units)
    await press(units, 12, sample_id, Reason.FLAT)
    assert await state_of(units, sample_id) == "cross_review"
    card = (await messages(units, GROUP, GroupCard))[-1]
    assert (card.heard, card.wanted, card.cross) == (2, 3, True)
    assert [closed.how for closed in await messages(units, GROUP, ReviewClosed)] == ["moved"]
    await press(units, 11, sample_id)
    assert await state_of(units, sample_id) == "cross_review"
    await press(units, 13, sample_id, Reason.THIN)
    assert await state_of(units, sample_id) == "rejected"


async def test_only_who_may_hear_it_takes_a_seat(units: Units) -> None:
    """A stranger, the applicant, a tied one, another language: each is told why."""
    sample_id = await start(units, 11)
    async with units.writing("others") as unit:
        await a_person(unit, 50)
        await a_reviewer(unit, 51, speaks=["zh"])
        await people.grant(unit, await person_of(unit, APPLICANT), Role.REVIEWER)
        tied = await a_reviewer(unit, 52)
        applicant = await person_of(unit, APPLICANT)
        link = Invitation(
            token="used", kind="reviewer", created_by=applicant.id, created_at=NOON, used_by=tied.id
        )
        await unit.tx.add(link)
    assert await refusal(units, 50, sample_id) == CannotReview("role")
    assert await refusal(units, 51, sample_id) == CannotReview("language", "en")
    assert await refusal(units, 52, sample_id) == CannotReview("invitation", "en")
    assert await refusal(units, APPLICANT, sample_id) == CannotReview("applicant", "en")
    assert await refusal(units, 11, sample_id, chat_id=ELSEWHERE) == NotReviewedHere()
    assert await refusal(units, 11, 999) == ReviewOver("gone")
    assert await seats(units) == []


async def test_who_is_paused_or_out_of_reach_may_still_press(units: Units) -> None:
    """They are there, after all; the press tells whether reasons can be asked in private."""
    sample_id = await start(units, 11, 12)
    async with units.writing("away") as unit:
        await people.change(unit, await person_of(unit, 11), reachable=False)
        seat = await review_groups.sit_down(unit, await person_of(unit, 11), GROUP, sample_id)
        assert seat.reachable is False
        await review_groups.ask_reasons(unit, seat)
        await unit.tx.change(update(OutboxRow).values(state="blocked"))
    async with units.writing("comes to the private chat") as unit:
        await people.arrive(unit, Visitor(11, "Person 11"))
    await ring(units)
    cards = await messages(units, 11, ReviewCard)
    assert [card.ticking for card in cards] == [(), ()]


async def test_a_group_without_enough_reviewers_is_told_to_coordinators(units: Units) -> None:
    """As in private, once."""
    sample_id = await start(units, 11)
    assert await messages(units, OWNER, ReviewersMissing) == [
        ReviewersMissing(sample_id, "en", missing=1, wanted=2)
    ]


# --- in and out


async def test_what_waits_comes_into_the_group_when_reviewing_does(units: Units) -> None:
    """Seats that are taken in private stay there; free ones are for the group."""
    async with units.writing("one reviewer") as unit:
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        await a_reviewer(unit, 11)
    sample_id = await submit(units)
    assert await seats(units) == [(0, 11, "open", None)]
    async with units.writing("second") as unit:
        await a_reviewer(unit, 12, reachable=False)
    await begin_here(units)
    assert await messages(units, GROUP, GroupStarted) == [GroupStarted(waiting=1)]
    await press(units, 12, sample_id)
    assert await seats(units) == [(0, 11, "open", None), (1, 12, "voted", GROUP)]


async def test_back_in_private_what_is_undecided_is_given_out(units: Units) -> None:
    """Votes from the group count on, the card is closed, and a press on it says where things happen."""
    sample_id = await start(units, 11, 12)
    await press(units, 11, sample_id)
    await all_sent(units)
    async with units.writing("private") as unit:
        await review_groups.end(unit, await person_of(unit, OWNER), GROUP)
        await review_groups.end(unit, await person_of(unit, OWNER), OWNER)
    assert await messages(units, GROUP, GroupEnded) == [GroupEnded(before=True)]
    assert await messages(units, OWNER, GroupEnded) == [GroupEnded(before=False)]
    assert [closed.how for closed in await messages(units, GROUP, ReviewClosed)] == ["private"]
    assert await seats(units) == [(0, 11, "voted", GROUP), (1, 12, "open", None)]
    assert await refusal(units, 12, sample_id) == NotReviewedHere()


async def test_there_is_one_group_at_a_time(units: Units, clock: MovableClock) -> None:
    """Another one takes over with a card of its own; coming back posts the card anew."""
    await start(units, 11, 12)
    await all_sent(units)
    clock.forward(minutes=1)
    await begin_here(units, ELSEWHERE)
    async with units.reading() as look:
        active = await look.tx.all(select(ReviewGroup.chat_id).where(col(ReviewGroup.active)))
    assert active == [ELSEWHERE]
    assert [closed.how for closed in await messages(units, GROUP, ReviewClosed)] == ["private"]
    assert len(await messages(units, ELSEWHERE, GroupCard)) == 1
    clock.forward(minutes=1)
    await all_sent(units)
    await begin_here(units)
    assert len(await messages(units, GROUP, GroupCard)) == 2


async def test_thrown_out_of_the_group_reviewing_is_private_again(units: Units) -> None:
    """Coordinators hear it, unsent cards are taken back, and reviewers get theirs."""
    await start(units, 11, 12)
    async with units.writing("thrown out") as unit:
        await people.lost(unit, GROUP)
    await ring(units)
    assert await messages(units, OWNER, GroupLost) == [GroupLost("Group 5")]
    assert [seat[:3] for seat in await seats(units)] == [(0, 11, "open"), (1, 12, "open")]
    assert await messages(units, GROUP, GroupCard) == []
    async with units.writing("hears it twice") as unit:
        await people.lost(unit, GROUP)
    await ring(units)
    assert len(await messages(units, OWNER, GroupLost)) == 1


async def test_a_group_that_leaves_a_sample_alone_is_nudged_then_reported(
    units: Units, clock: MovableClock
) -> None:
    """After four hours the card comes again, after a day the coordinators hear of it."""
    sample_id = await start(units, 11, 12)
    await all_sent(units)
    clock.forward(hours=4)
    await ring(units)
    assert [card.nudged for card in await messages(units, GROUP, GroupCard)] == [False, True]
    clock.forward(hours=20)
    await ring(units)
    assert await messages(units, OWNER, GroupSilent) == [GroupSilent(sample_id, "Group 5", 0, 2, since=NOON)]


async def test_a_rejection_without_reasons_gives_its_seat_back_in_the_end(
    units: Units, clock: MovableClock
) -> None:
    """Who pressed no and never said why loses the seat after a day: another one may press."""
    sample_id = await start(units, 11, 12, 13)
    await press(units, 11, sample_id, Reason.FLAT, done=False)
    await press(units, 12, sample_id)
    clock.forward(hours=24)
    await ring(units)
    assert [seat[:3] for seat in await seats(units)] == [(0, 11, "expired"), (1, 12, "voted")]
    await press(units, 13, sample_id)
    assert await state_of(units, sample_id) == "approved"


async def test_where_nobody_else_is_left_the_late_one_keeps_the_seat(
    units: Units, clock: MovableClock
) -> None:
    """As in private: a late vote is better than none, and whoever comes may press."""
    sample_id = await start(units, 11, 12)
    await press(units, 11, sample_id, Reason.FLAT, done=False)
    await press(units, 12, sample_id)
    clock.forward(hours=24)
    await ring(units)
    assert [seat[:3] for seat in await seats(units)] == [(0, 11, "open"), (1, 12, "voted")]
    assert await messages(units, OWNER, ReviewersMissing) == [
        ReviewersMissing(sample_id, "en", missing=1, wanted=2)
    ]
    async with units.writing("new") as unit:
        await a_reviewer(unit, 13)
    await ring(units)
    await press(units, 13, sample_id)
    assert await state_of(units, sample_id) == "approved"
