"""Who hears a sample: panels, ties, replacements, and what happens when nobody is left."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.rules.roles import Role
from bot.services import people
from bot.services.messages.reviews import (
    Playback,
    QueueEmpty,
    QueueShown,
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
    ReviewingPaused,
)
from bot.services.pairing import pairs
from bot.services.people import Person, Visitor
from bot.services.reviewing import review_backlog, review_queue, reviews, votes
from bot.services.unit import Unit, Units
from storage.tables import Assignment, Invitation, OutboxRow, Pair, PairMember, Sample, Timer
from tests.helpers import NOON, MovableClock, a_person, a_reviewer, a_sample, a_studio, all_sent, ring, told

APPLICANT, OWNER = 100, 1


async def start(units: Units, *reviewers: int, **columns: Any) -> int:
    """An owner, an applicant, reviewers with these Telegram ids, and a sample on its way; gives its id."""
    async with units.writing("start") as unit:
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        applicant = await a_person(unit, APPLICANT)
        for telegram_id in reviewers:
            await a_reviewer(unit, telegram_id)
        sample = await a_sample(unit, applicant, **columns)
        await reviews.start(unit, sample)
        return sample.id


async def seats(units: Units) -> list[tuple[int, int, str]]:
    """Every seat as (seat, the reviewer's Telegram id, state), in the order of being given."""
    async with units.reading() as look:
        rows = await look.tx.all(
            select(Assignment, Person)
            .join(Person, col(Person.id) == col(Assignment.reviewer_id))
            .order_by(col(Assignment.id))
        )
        return [(seat.seat, person.telegram_id, seat.state) for seat, person in rows]


async def state_of(units: Units, sample_id: int) -> str:
    """The state of a sample."""
    async with units.reading() as look:
        return (await look.tx.one(select(Sample).where(Sample.id == sample_id))).state


async def messages(units: Units, telegram_id: int, kind: type[Any]) -> list[Any]:
    """What was queued of one kind, edits too."""
    return [message for message in await told(units, telegram_id) if isinstance(message, kind)]


async def seat_of(unit: Unit, telegram_id: int) -> tuple[Person, votes.Seated]:
    """The newest seat of a reviewer, as a press on its card finds it."""
    person = await people.by_telegram_id(unit, telegram_id)
    assert person is not None
    newest = (
        select(Assignment.id).where(Assignment.reviewer_id == person.id).order_by(col(Assignment.id).desc())
    )
    return person, await votes.seat_of(unit, person, await unit.tx.first(newest) or 0)


async def skip(units: Units, telegram_id: int) -> None:
    """A reviewer skips the newest sample they were given."""
    async with units.writing(f"skip {telegram_id}") as unit:
        await votes.skip(unit, *await seat_of(unit, telegram_id))


# --- the panel


async def test_a_panel_is_seated_and_gets_the_recording(units: Units) -> None:
    """Two cards with the recording and its facts; the sample is in review; each seat has its two timers."""
    sample_id = await start(units, 11, 12, 13)
    assert await state_of(units, sample_id) == "in_review"
    assert await seats(units) == [(0, 11, "open"), (1, 12, "open")]
    playback = Playback(sample_id, "file-2", "voice", "key-2.ogg", "en", 150.0)
    assert await messages(units, 11, ReviewCard) == [ReviewCard("a1", playback)]
    assert await messages(units, 12, ReviewCard) == [ReviewCard("a2", playback)]
    assert await messages(units, 13, ReviewCard) == []
    async with units.reading() as look:
        timers = await look.tx.all(
            select(Timer.kind, Timer.due_at).where(Timer.subject == "assignment:1").order_by(Timer.kind)
        )
    assert [tuple(timer) for timer in timers] == [
        ("nudge_reviewer", NOON + timedelta(hours=4)),
        ("reassign_review", NOON + timedelta(hours=24)),
    ]


async def test_the_least_busy_then_the_longest_idle_are_asked(units: Units, clock: MovableClock) -> None:
    """Fewest open assignments first; among equals whoever was not asked for longest."""
    await start(units, 11, 12, 13)
    clock.forward(minutes=1)
    async with units.writing("two more") as unit:
        for telegram_id in (101, 102):
            await reviews.start(unit, await a_sample(unit, await a_person(unit, telegram_id)))
    assert [telegram_id for _, telegram_id, _ in await seats(units)] == [11, 12, 13, 11, 12, 13]


async def test_nobody_tied_to_the_applicant_hears_the_sample(units: Units) -> None:
    """Partners past and present, invitations used either way, role links, one that waits: all are left out."""
    async with units.writing("ties") as unit:
        applicant = await a_person(unit, APPLICANT)
        partner, invited, inviter, maker, waits, friend = [
            await a_reviewer(unit, telegram_id) for telegram_id in range(11, 17)
        ]
        pair = await unit.tx.add(Pair(state="dissolved", via="pool", created_at=NOON))
        for one in (applicant, partner):
            await unit.tx.add(PairMember(pair_id=pair.id, person_id=one.id, active=False))
        links = (
            ("partner", applicant, invited),
            ("partner", inviter, applicant),
            ("reviewer", applicant, maker),
        )
        for kind, by, used_by in links:
            await an_invitation(unit, kind, by, used_by)
        await people.change(unit, waits, came_by=(await an_invitation(unit, "partner", applicant)).id)
        await people.change(unit, applicant, came_by=(await an_invitation(unit, "partner", friend)).id)
        await people.grant(unit, applicant, Role.REVIEWER)
        await reviews.start(unit, await a_sample(unit, applicant))
        assert await pairs.partners_ever(unit, applicant) == {partner.id}
    assert await seats(units) == []


async def an_invitation(unit: Unit, kind: str, by: Person, used_by: Person | None = None) -> Invitation:
    """A link, used or not."""
    return await unit.tx.add(
        Invitation(
            token=unit.reference(),
            kind=kind,
            created_by=by.id,
            created_at=NOON,
            used_by=used_by.id if used_by else None,
        )
    )


@pytest.mark.parametrize("columns", [{"speaks": ["zh"]}, {"speaks": []}, {"reachable": False}])
async def test_who_cannot_hear_it_is_not_asked(units: Units, columns: dict[str, Any]) -> None:
    """Another language, none said yet, or out of reach: somebody else gets it."""
    async with units.writing("start") as unit:
        await a_reviewer(unit, 11, **columns)
        await a_reviewer(unit, 12)
        await reviews.start(unit, await a_sample(unit, await a_person(unit, APPLICANT)))
    assert await seats(units) == [(0, 12, "open")]


# --- nobody left


async def test_without_reviewers_the_sample_waits_and_coordinators_hear_it_once(units: Units) -> None:
    """It stays queued; looking again says nothing new; whoever comes is given it at once."""
    sample_id = await start(units)
    assert await state_of(units, sample_id) == "queued"
    async with units.writing("again") as unit:
        await reviews.assign_waiting(unit)
    missing = ReviewersMissing(sample_id, "en", missing=2, wanted=2)
    assert await messages(units, OWNER, ReviewersMissing) == [missing]
    async with units.reading() as look:
        assert [(each.id, missing) for each, missing in await review_backlog.lacking(look)] == [
            (sample_id, 2)
        ]
    async with units.writing("new") as unit:
        await a_reviewer(unit, 11)
    await ring(units)
    assert await seats(units) == [(0, 11, "open")]
    assert await state_of(units, sample_id) == "in_review"
    assert await messages(units, OWNER, ReviewersMissing) == [
        missing,
        ReviewersMissing(sample_id, "en", missing=1, wanted=2),
    ]


async def test_a_pause_keeps_new_samples_away_until_resume(units: Units) -> None:
    """What is open stays; a sample that waits is given out in the moment of `/resume`."""
    await start(units, 11, 12)
    async with units.writing("pause") as unit:
        reviewer = await people.by_telegram_id(unit, 11)
        assert reviewer is not None
        await review_queue.pause(unit, reviewer)
        await reviews.start(unit, await a_sample(unit, await a_person(unit, 101)))
    assert await messages(units, 11, ReviewingPaused) == [ReviewingPaused(open=1)]
    assert await seats(units) == [(0, 11, "open"), (1, 12, "open"), (0, 12, "open")]
    async with units.writing("resume") as unit:
        await review_queue.resume(unit, reviewer)
    assert await seats(units) == [(0, 11, "open"), (1, 12, "open"), (0, 12, "open"), (1, 11, "open")]


# --- replacements


async def test_who_skips_is_replaced_by_somebody_else(units: Units) -> None:
    """The seat goes on, the card says so, and the one who skipped is not asked again."""
    sample_id = await start(units, 11, 12, 13)
    await skip(units, 11)
    assert await seats(units) == [(0, 11, "skipped"), (1, 12, "open"), (0, 13, "open")]
    async with units.writing("again") as unit:
        await reviews.assign_waiting(unit)
    await skip(units, 13)
    assert await seats(units) == [(0, 11, "skipped"), (1, 12, "open"), (0, 13, "skipped")]
    assert await messages(units, OWNER, ReviewersMissing) == [
        ReviewersMissing(sample_id, "en", missing=1, wanted=2)
    ]


async def test_a_card_that_was_not_sent_yet_is_taken_back(units: Units) -> None:
    """Skipped before it went out (by a press elsewhere): nothing of it is sent."""
    await start(units, 11)
    await skip(units, 11)
    async with units.reading() as look:
        rows = await look.tx.all(select(OutboxRow.state).where(OutboxRow.topic == "assignment:1"))
    assert rows == ["cancelled"]


async def test_a_silent_reviewer_is_nudged_once_and_then_replaced(units: Units, clock: MovableClock) -> None:
    """After four hours the card comes again, after a day somebody else has it and the card says so."""
    await start(units, 11, 12, 13)
    await all_sent(units)
    await skip(units, 12)
    clock.forward(hours=4)
    await ring(units)
    cards = await messages(units, 11, ReviewCard)
    assert [(card.nudged, card.until) for card in cards] == [
        (False, None),
        (True, NOON + timedelta(hours=24)),
    ]
    assert [closed.how for closed in await messages(units, 11, ReviewClosed)] == ["moved"]
    clock.forward(hours=1)
    await ring(units)
    assert len(await messages(units, 11, ReviewCard)) == 2
    async with units.writing("one more") as unit:
        await a_reviewer(unit, 14)
    clock.forward(hours=19)
    await all_sent(units)
    await ring(units)
    assert await seats(units) == [
        (0, 11, "expired"),
        (1, 12, "skipped"),
        (1, 13, "open"),
        (0, 14, "open"),
    ]
    assert [closed.how for closed in await messages(units, 11, ReviewClosed)] == ["moved", "expired"]


async def test_no_nudge_breaks_the_quiet_hours_of_the_studio(units: Units, clock: MovableClock) -> None:
    """Due at midnight in Beijing it comes at eight; without any studio nothing is shifted."""
    clock.forward(hours=8)  # 20:00 in Beijing
    async with units.writing("studio") as unit:
        await a_studio(unit)
    await start(units, 11)
    clock.forward(hours=4)
    await ring(units)
    assert [card.nudged for card in await messages(units, 11, ReviewCard)] == [False]
    clock.forward(hours=8)
    await ring(units)
    assert [card.nudged for card in await messages(units, 11, ReviewCard)] == [True]


async def test_where_nobody_else_is_left_the_late_one_keeps_the_seat(
    units: Units, clock: MovableClock
) -> None:
    """A late vote is better than none: coordinators hear it, and a newcomer takes the seat over."""
    sample_id = await start(units, 11, 12)
    clock.forward(hours=24)
    await ring(units)
    assert await seats(units) == [(0, 11, "open"), (1, 12, "open")]
    assert await messages(units, OWNER, ReviewersMissing) == [
        ReviewersMissing(sample_id, "en", missing=2, wanted=2)
    ]
    async with units.writing("new") as unit:
        await a_reviewer(unit, 13)
    await ring(units)
    assert await seats(units) == [(0, 11, "expired"), (1, 12, "open"), (0, 13, "open")]


async def test_who_blocks_the_bot_is_replaced_at_once(units: Units) -> None:
    """And gets samples again when they write again."""
    await start(units, 11, 12, 13)
    async with units.writing("blocked") as unit:
        await people.lost(unit, 11)
    await ring(units)
    assert await seats(units) == [(0, 11, "expired"), (1, 12, "open"), (0, 13, "open")]
    async with units.writing("another") as unit:
        await reviews.start(unit, await a_sample(unit, await a_person(unit, 101)))
    await skip(units, 12)
    async with units.writing("back") as unit:
        await people.arrive(unit, Visitor(11, "Person 11"))
    await ring(units)
    assert (await seats(units))[-1] == (0, 11, "open")


async def test_unreachable_with_nobody_else_the_card_comes_again(units: Units) -> None:
    """The seat stays, and its card, which never arrived, is dealt anew when the person is back."""
    await start(units, 11)
    async with units.writing("blocked") as unit:
        await unit.tx.change(update(OutboxRow).values(state="blocked"))
        await people.lost(unit, 11)
    await ring(units)
    assert await seats(units) == [(0, 11, "open")]
    async with units.writing("back") as unit:
        await people.arrive(unit, Visitor(11, "Person 11"))
    await ring(units)
    assert len(await messages(units, 11, ReviewCard)) == 2


# --- the queue


async def test_the_queue_deals_open_cards_anew(units: Units) -> None:
    """What is open and what was voted on but not decided; the earlier cards point down."""
    await start(units, 11, 12)
    async with units.writing("another") as unit:
        await reviews.start(unit, await a_sample(unit, await a_person(unit, 101)))
    await all_sent(units)
    async with units.writing("vote") as unit:
        await votes.approve(unit, *await seat_of(unit, 11))
    await all_sent(units)
    async with units.writing("queue") as unit:
        reviewer = await people.by_telegram_id(unit, 11)
        assert reviewer is not None
        await review_queue.show(unit, reviewer)
    *_, intro, moved, first, moved_too, second = [
        m for m in await told(units, 11) if isinstance(m, QueueShown | ReviewCard | ReviewClosed)
    ]
    assert intro == QueueShown(shown=2)
    assert (moved.how, moved_too.how) == ("moved", "moved")
    assert [(card.key, card.approve) for card in (first, second)] == [("a1", None), ("a3", True)]


async def test_an_empty_queue_says_so(units: Units) -> None:
    """Nothing waits; and whether that is because of a pause."""
    async with units.writing("start") as unit:
        reviewer = await a_reviewer(unit, 11)
        await review_queue.pause(unit, reviewer)
        await review_queue.show(unit, reviewer)
    assert await messages(units, 11, QueueEmpty) == [QueueEmpty(paused=True)]
