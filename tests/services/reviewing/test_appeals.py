"""Appeals: once, to people who have not voted on it, else to a coordinator; and when audio is forgotten."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from bot.rules.errors import AlreadyAppealed, DomainError, NotRejected, NotYours, ReasonMissing
from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.services import people
from bot.services.messages.reviews import (
    AppealTaken,
    ReviewCard,
    ReviewClosed,
    ReviewersMissing,
    SampleApproved,
    SampleRejected,
)
from bot.services.people import Person, Visitor
from bot.services.reviewing import appeals, reviewers, reviews, votes
from bot.services.reviewing.votes import ReviewOver
from bot.services.sampling.samples import AlreadyApproved, SampleUnderWay
from bot.services.unit import Unit, Units
from storage.tables import Assignment, Decision, Job, Sample, Timer
from tests.helpers import MovableClock, a_person, a_reviewer, a_sample, all_sent, ring, told

APPLICANT, OWNER = 100, 1


async def person_of(unit: Unit, telegram_id: int) -> Person:
    """Somebody who is known already."""
    person = await people.by_telegram_id(unit, telegram_id)
    assert person is not None
    return person


async def vote(unit: Unit, telegram_id: int, *, approve: bool) -> None:
    """A reviewer votes on the newest sample they were given."""
    person = await person_of(unit, telegram_id)
    newest = (
        select(Assignment.id).where(Assignment.reviewer_id == person.id).order_by(col(Assignment.id).desc())
    )
    seated = await votes.seat_of(unit, person, await unit.tx.first(newest) or 0)
    if approve:
        await votes.approve(unit, person, seated)
    else:
        await votes.toggle(unit, seated, Reason.FLAT)
        await votes.reject(unit, person, seated)


async def rejected(units: Units, *others: int) -> int:
    """A sample that 11 and 12 rejected, with an owner and perhaps other reviewers; gives its id."""
    async with units.writing("start") as unit:
        await people.arrive(unit, Visitor(OWNER, "Olga"))
        applicant = await a_person(unit, APPLICANT)
        for telegram_id in (11, 12, *others):
            await a_reviewer(unit, telegram_id)
        sample = await a_sample(unit, applicant)
        await reviews.start(unit, sample)
        for telegram_id in (11, 12):
            await vote(unit, telegram_id, approve=False)
    await all_sent(units)
    return sample.id


async def appeal(units: Units, sample_id: int, telegram_id: int = APPLICANT) -> None:
    """Somebody presses the appeal button."""
    async with units.writing(f"appeal {telegram_id}") as unit:
        await appeals.appeal(unit, await person_of(unit, telegram_id), sample_id)


async def sample_of(units: Units, sample_id: int) -> Sample:
    """The sample as it is now."""
    async with units.reading() as look:
        return await look.tx.one(select(Sample).where(Sample.id == sample_id))


async def messages(units: Units, telegram_id: int, *kinds: type[Any]) -> list[Any]:
    """What was queued of some kinds, edits too."""
    return [message for message in await told(units, telegram_id) if isinstance(message, kinds)]


# --- the appeal


async def test_an_appeal_goes_to_people_who_have_not_voted(units: Units) -> None:
    """Round two, two new reviewers, a new decision; the button is gone and the applicant told."""
    sample_id = await rejected(units, 13, 14, 15)
    await appeal(units, sample_id)
    sample = await sample_of(units, sample_id)
    assert (sample.state, sample.round) == ("in_review", 2)
    for telegram_id in (13, 14):
        (card,) = await messages(units, telegram_id, ReviewCard)
        assert (card.playback.appeal, card.seat) == (True, "panel")
    async with units.writing("votes") as unit:
        for telegram_id in (13, 14):
            await vote(unit, telegram_id, approve=True)
    assert await messages(units, APPLICANT, SampleRejected, AppealTaken, SampleApproved) == [
        SampleRejected(sample_id, ("flat",), attempts_left=2, can_appeal=True),
        SampleRejected(sample_id, ("flat",), attempts_left=2, appealed=True),
        AppealTaken(sample_id),
        SampleApproved(sample_id, appeal=True),
    ]
    async with units.reading() as look:
        made = await look.tx.all(select(Decision.round, Decision.approved).order_by(col(Decision.id)))
    assert [tuple(each) for each in made] == [(1, False), (2, True)]


async def test_a_sample_is_appealed_once(units: Units) -> None:
    """Not while the appeal is heard, and not after it was rejected again, which says nothing of an appeal."""
    sample_id = await rejected(units, 13, 14)
    await appeal(units, sample_id)
    with pytest.raises(AlreadyAppealed):
        await appeal(units, sample_id)
    async with units.writing("votes") as unit:
        for telegram_id in (13, 14):
            await vote(unit, telegram_id, approve=False)
    with pytest.raises(AlreadyAppealed):
        await appeal(units, sample_id)
    assert (await messages(units, APPLICANT, SampleRejected))[-1] == SampleRejected(
        sample_id, ("flat",), attempts_left=2, appeal=True
    )


async def test_only_ones_own_rejected_sample_can_be_appealed(units: Units) -> None:
    """Not another's, not an undecided one, not one that never was."""
    sample_id = await rejected(units)
    with pytest.raises(NotYours):
        await appeal(units, sample_id, telegram_id=11)
    with pytest.raises(NotYours):
        await appeal(units, 999)
    async with units.writing("another") as unit:
        waiting = await a_sample(unit, await a_person(unit, 101))
    with pytest.raises(NotRejected):
        await appeal(units, waiting.id, telegram_id=101)


async def test_an_appeal_needs_a_use(units: Units) -> None:
    """Not while a newer sample is under way, nor once approved, nor after the audio was erased."""
    sample_id = await rejected(units)
    async with units.writing("newer") as unit:
        person = await person_of(unit, APPLICANT)
        newer = await a_sample(unit, person, state="received")
    with pytest.raises(SampleUnderWay):
        await appeal(units, sample_id)
    async with units.writing("approved by the newer") as unit:
        await unit.tx.change(update(Sample).where(col(Sample.id) == newer.id).values(state="approved"))
        await people.change(unit, person, approved_at=unit.now)
    with pytest.raises(AlreadyApproved):
        await appeal(units, sample_id)


# --- the coordinator's decision


async def judged(units: Units, telegram_id: int, sample_id: int, *reasons: Reason, approve: bool) -> None:
    """A coordinator decides on an appeal."""
    async with units.writing(f"judge {telegram_id} {approve}") as unit:
        judge = await person_of(unit, telegram_id)
        sample = await appeals.case_of(unit, judge, sample_id)
        if approve:
            await appeals.uphold(unit, judge, sample)
            return
        for reason in reasons:
            await appeals.toggle(unit, judge, sample, reason)
        await appeals.dismiss(unit, judge, sample)


async def two_coordinators(units: Units) -> None:
    """A second coordinator beside the owner."""
    async with units.writing("second") as unit:
        await people.grant(unit, await a_person(unit, 2, applying=False), Role.COORDINATOR)


async def test_where_no_reviewer_is_left_a_coordinator_decides(units: Units) -> None:
    """Every coordinator gets the recording; the first one decides, with reasons, and the others see it."""
    sample_id = await rejected(units)
    await two_coordinators(units)
    await appeal(units, sample_id)
    assert (await sample_of(units, sample_id)).state == "appealed"
    assert await messages(units, OWNER, ReviewersMissing) == []
    for telegram_id in (OWNER, 2):
        (card,) = await messages(units, telegram_id, ReviewCard)
        assert (card.key, card.seat) == (f"j{sample_id}", "judge")
    await all_sent(units)
    with pytest.raises(ReasonMissing):
        await judged(units, OWNER, sample_id, approve=False)
    await judged(units, OWNER, sample_id, Reason.THIN, Reason.FLAT, approve=False)
    sample = await sample_of(units, sample_id)
    assert (sample.state, sample.reasons) == ("rejected", ["flat", "thin"])
    with pytest.raises(ReviewOver) as late:
        await judged(units, 2, sample_id, approve=True)
    assert late.value == ReviewOver("rejected")
    for telegram_id in (OWNER, 2):
        (closed,) = await messages(units, telegram_id, ReviewClosed)
        assert (closed.how, closed.approved, closed.by, closed.reasons) == (
            "decided",
            False,
            "coordinator",
            ("flat", "thin"),
        )


async def test_two_coordinators_at_once_decide_once(units: Units) -> None:
    """Whoever is first; the other one hears what became of it."""
    sample_id = await rejected(units)
    await two_coordinators(units)
    await appeal(units, sample_id)
    ends = await asyncio.gather(
        judged(units, OWNER, sample_id, approve=True),
        judged(units, 2, sample_id, approve=True),
        return_exceptions=True,
    )
    assert sorted(map(repr, ends)) == sorted(map(repr, [None, ReviewOver("approved")]))
    assert len(await messages(units, APPLICANT, SampleApproved)) == 1


async def test_a_reviewer_who_comes_may_decide_it_too(units: Units) -> None:
    """The coordinators' card stays, the newcomers' seats are filled, and there is one decision all the same."""
    sample_id = await rejected(units)
    await appeal(units, sample_id)
    async with units.writing("new") as unit:
        for telegram_id in (13, 14):
            await a_reviewer(unit, telegram_id)
    await ring(units)
    await all_sent(units)
    async with units.writing("one vote") as unit:
        await vote(unit, 13, approve=False)
    await judged(units, OWNER, sample_id, approve=True)
    assert (await sample_of(units, sample_id)).state == "approved"
    with pytest.raises(ReviewOver):
        async with units.writing("late") as unit:
            await vote(unit, 14, approve=True)


async def test_nobody_judges_who_is_no_coordinator_or_is_the_applicant(units: Units) -> None:
    """Forged presses are refused, also on a sample that is no appeal."""
    sample_id = await rejected(units)
    await appeal(units, sample_id)
    async with units.writing("forge") as unit:
        await people.grant(unit, await person_of(unit, APPLICANT), Role.COORDINATOR)
        first_round = await a_sample(unit, await a_person(unit, 101))
        owner = await person_of(unit, OWNER)
        for telegram_id in (11, APPLICANT):
            with pytest.raises(NotYours):
                await appeals.case_of(unit, await person_of(unit, telegram_id), sample_id)
        for number in (first_round.id, 999):
            with pytest.raises(NotYours):
                await appeals.case_of(unit, owner, number)


async def test_who_voted_before_judges_only_where_no_other_coordinator_is(units: Units) -> None:
    """A tie or an earlier vote keeps a coordinator away as long as somebody else can decide."""
    sample_id = await rejected(units)
    async with units.writing("the reviewer leads too") as unit:
        reviewer, owner = await person_of(unit, 11), await person_of(unit, OWNER)
        await people.grant(unit, reviewer, Role.COORDINATOR)
        sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
        assert [judge.id for judge in await reviewers.judges(unit, sample)] == [owner.id]
        sample.person_id = owner.id
        assert [judge.id for judge in await reviewers.judges(unit, sample)] == [reviewer.id]


# --- forgetting


async def erasures(units: Units) -> list[str]:
    """The keys that are to be erased."""
    async with units.reading() as look:
        return [job.data["key"] for job in await look.tx.all(select(Job).where(Job.kind == "erase_audio"))]


async def test_rejected_audio_is_forgotten_when_its_time_is_over(units: Units, clock: MovableClock) -> None:
    """After thirty days, and then there is nothing left to appeal."""
    sample_id = await rejected(units)
    key = (await sample_of(units, sample_id)).audio_key
    clock.forward(days=29)
    await ring(units)
    assert await erasures(units) == []
    clock.forward(days=1)
    await ring(units)
    assert await erasures(units) == [key]
    with pytest.raises(appeals.RecordingErased):
        await appeal(units, sample_id)


async def test_what_is_appealed_is_not_forgotten(units: Units, clock: MovableClock) -> None:
    """The time begins anew with the second decision."""
    sample_id = await rejected(units)
    clock.forward(days=20)
    await appeal(units, sample_id)
    clock.forward(days=20)
    await ring(units)
    assert await erasures(units) == []
    await judged(units, OWNER, sample_id, Reason.FLAT, approve=False)
    async with units.reading() as look:
        due = await look.tx.all(
            select(Timer.due_at).where(Timer.kind == "forget_rejected", Timer.state == "pending")
        )
    assert due == [clock.now + timedelta(days=30)]


async def test_a_withdrawn_sample_leaves_the_reviewers_nothing_to_do(units: Units) -> None:
    """Open seats are void and their cards say why; a late press too."""
    async with units.writing("start") as unit:
        await a_reviewer(unit, 11)
        sample = await a_sample(unit, await a_person(unit, APPLICANT))
        await reviews.start(unit, sample)
    await all_sent(units)
    async with units.writing("withdraw") as unit:
        await unit.tx.change(update(Sample).values(state="withdrawn"))
        await reviews.stop(unit, sample)
    (closed,) = await messages(units, 11, ReviewClosed)
    assert closed.how == "withdrawn"
    with pytest.raises(DomainError) as late:
        async with units.writing("late") as unit:
            await vote(unit, 11, approve=True)
    assert late.value == ReviewOver("withdrawn")
