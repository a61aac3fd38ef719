"""Votes: blind, changeable, counted once; one decision a round whatever comes twice or at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import col, delete, select

from bot.rules.errors import DomainError, NotYours, ReasonMissing
from bot.rules.policy import Policy, ReviewPolicy
from bot.rules.review import Reason
from bot.rules.roles import Role
from bot.services import people
from bot.services.messages.reviews import ReviewCard, ReviewClosed, SampleApproved, SampleRejected
from bot.services.people import Person
from bot.services.reviewing import reviews, votes
from bot.services.reviewing.reviewers import CannotReview
from bot.services.reviewing.verdicts import conclude
from bot.services.reviewing.votes import ReviewOver, VotedAlready
from bot.services.unit import House, Unit, Units
from storage.tables import Assignment, Decision, RoleGrant, Sample, Timer
from tests.helpers import NOON, MovableClock, a_person, a_reviewer, a_sample, all_sent, ring, told

APPLICANT = 100
STRICT = Policy(review=ReviewPolicy(cross_review="any-rejection"))


async def start(units: Units, *reviewers: int) -> int:
    """An applicant, reviewers with these Telegram ids, and a sample on its way; gives its id."""
    async with units.writing("start") as unit:
        applicant = await a_person(unit, APPLICANT)
        for telegram_id in reviewers:
            await a_reviewer(unit, telegram_id)
        sample = await a_sample(unit, applicant)
        await reviews.start(unit, sample)
        return sample.id


async def seat_of(unit: Unit, telegram_id: int) -> tuple[Person, votes.Seated]:
    """The newest seat of a reviewer, as a press on its card finds it."""
    person = await people.by_telegram_id(unit, telegram_id)
    assert person is not None
    newest = (
        select(Assignment.id).where(Assignment.reviewer_id == person.id).order_by(col(Assignment.id).desc())
    )
    return person, await votes.seat_of(unit, person, await unit.tx.first(newest) or 0)


async def yes(units: Units, telegram_id: int) -> None:
    """A reviewer approves."""
    async with units.writing(f"yes {telegram_id}") as unit:
        await votes.approve(unit, *await seat_of(unit, telegram_id))


async def no(units: Units, telegram_id: int, *reasons: Reason, done: bool = True) -> None:
    """A reviewer presses no, ticks reasons and perhaps says done."""
    async with units.writing(f"no {telegram_id} {reasons} {done}") as unit:
        person, seated = await seat_of(unit, telegram_id)
        await votes.begin_rejection(unit, seated)
        for reason in reasons:
            await votes.toggle(unit, seated, reason)
        if done:
            await votes.reject(unit, person, seated)


async def sample_of(units: Units, sample_id: int) -> Sample:
    """The sample as it is now."""
    async with units.reading() as look:
        return await look.tx.one(select(Sample).where(Sample.id == sample_id))


async def decisions(units: Units) -> list[tuple[int, bool, str, list[str]]]:
    """Every decision as (round, approved, by, reasons)."""
    async with units.reading() as look:
        rows = await look.tx.all(select(Decision).order_by(col(Decision.id)))
        return [(row.round, row.approved, row.by, row.reasons) for row in rows]


async def seat_states(units: Units) -> list[str]:
    """The states of all seats in the order of being given."""
    async with units.reading() as look:
        return list(await look.tx.all(select(Assignment.state).order_by(col(Assignment.id))))


async def verdicts(units: Units) -> list[Any]:
    """What the applicant was told of the decision."""
    return [m for m in await told(units, APPLICANT) if isinstance(m, SampleApproved | SampleRejected)]


async def closed(units: Units, telegram_id: int) -> list[tuple[str, bool, str, bool | None]]:
    """How a reviewer's cards ended."""
    found = [m for m in await told(units, telegram_id) if isinstance(m, ReviewClosed)]
    return [(m.how, m.approved, m.by, m.own) for m in found]


# --- what votes decide


async def test_two_who_agree_approve(units: Units) -> None:
    """The person is approved, hears it once with the way to a partner; no seat or timer is left open."""
    sample_id = await start(units, 11, 12)
    await yes(units, 11)
    assert await decisions(units) == []
    await yes(units, 12)
    sample = await sample_of(units, sample_id)
    assert (sample.state, sample.decided_at, sample.reasons) == ("approved", NOON, [])
    assert await decisions(units) == [(1, True, "panel", [])]
    assert await verdicts(units) == [SampleApproved(sample_id)]
    async with units.reading() as look:
        person = await people.by_telegram_id(look, APPLICANT)
        assert person is not None
        assert person.approved_at == NOON
        assert await look.tx.all(select(Timer.kind).where(col(Timer.subject).like("assignment:%"))) == []


async def test_two_who_agree_reject_with_all_their_reasons(units: Units) -> None:
    """The most frequent reason first; what is left, an appeal, and the erasure of the audio are set up."""
    sample_id = await start(units, 11, 12)
    await no(units, 11, Reason.THIN, Reason.FLAT)
    await no(units, 12, Reason.FLAT)
    assert await decisions(units) == [(1, False, "panel", ["flat", "thin"])]
    assert await verdicts(units) == [
        SampleRejected(sample_id, ("flat", "thin"), attempts_left=2, can_appeal=True)
    ]
    async with units.reading() as look:
        timer = await look.tx.one(select(Timer).where(Timer.kind == "forget_rejected"))
    assert (timer.subject, timer.due_at) == (f"sample:{sample_id}", NOON + timedelta(days=30))


async def test_who_disagree_are_decided_by_a_third(units: Units) -> None:
    """The third card says that it decides and nothing of the votes; its vote decides, whatever the others said."""
    sample_id = await start(units, 11, 12, 13)
    await yes(units, 11)
    await no(units, 12, Reason.NOISE)
    assert (await sample_of(units, sample_id)).state == "cross_review"
    (card,) = [m for m in await told(units, 13) if isinstance(m, ReviewCard)]
    assert (card.seat, card.approve, card.reasons) == ("cross", None, ())
    await no(units, 13, Reason.QUIET)
    assert (await sample_of(units, sample_id)).state == "rejected"
    assert await decisions(units) == [(1, False, "cross-review", ["noise", "quiet"])]
    assert await verdicts(units) == [
        SampleRejected(sample_id, ("noise", "quiet"), attempts_left=2, can_appeal=True)
    ]


async def test_any_rejection_is_heard_once_more_where_the_policy_says_so(units: Units) -> None:
    """Both reject, and a third one approves after all."""
    units.house = replace(units.house, policy=STRICT)
    sample_id = await start(units, 11, 12, 13)
    await no(units, 11, Reason.NOISE)
    await no(units, 12, Reason.NOISE)
    assert (await sample_of(units, sample_id)).state == "cross_review"
    await yes(units, 13)
    assert await decisions(units) == [(1, True, "cross-review", [])]
    assert await verdicts(units) == [SampleApproved(sample_id)]


async def test_a_panel_may_be_one_person(database: Any, clock: MovableClock) -> None:
    """Whose vote then decides."""
    units = Units(database, clock, House(Policy(review=ReviewPolicy(panel=1))))
    await start(units, 11, 12)
    await no(units, 11, Reason.OTHER)
    assert await decisions(units) == [(1, False, "panel", ["other"])]


# --- changing one's mind


async def test_a_vote_can_be_changed_until_the_decision(units: Units) -> None:
    """Yes, then no with a reason: the newer one counts."""
    await start(units, 11, 12, 13)
    await yes(units, 11)
    await no(units, 11, Reason.FLAT)
    await yes(units, 12)
    assert await decisions(units) == []
    cards = [m for m in await told(units, 11) if isinstance(m, ReviewCard)]
    assert (cards[-1].approve, cards[-1].reasons, cards[-1].ticking) == (False, ("flat",), None)


async def test_an_earlier_yes_counts_until_the_reasons_are_given(units: Units) -> None:
    """No without Done is no vote yet: the other's yes makes it approved."""
    sample_id = await start(units, 11, 12)
    await all_sent(units)
    await yes(units, 11)
    await no(units, 11, Reason.FLAT, done=False)
    await yes(units, 12)
    assert (await sample_of(units, sample_id)).state == "approved"
    assert await closed(units, 11) == [("decided", True, "panel", True)]


async def test_a_rejection_without_a_reason_is_refused(units: Units) -> None:
    """Done with nothing ticked, or with the last tick taken off again."""
    await start(units, 11, 12)
    with pytest.raises(ReasonMissing):
        await no(units, 11)
    with pytest.raises(ReasonMissing):
        await no(units, 11, Reason.FLAT, Reason.FLAT)
    assert await seat_states(units) == ["open", "open"]


async def test_a_panel_that_comes_to_agree_needs_no_third(units: Units) -> None:
    """A change of vote during the cross-review decides, and the third one's seat is void."""
    sample_id = await start(units, 11, 12, 13)
    await yes(units, 11)
    await no(units, 12, Reason.NOISE)
    await yes(units, 12)
    assert (await sample_of(units, sample_id)).state == "approved"
    assert await seat_states(units) == ["voted", "voted", "void"]
    assert await decisions(units) == [(1, True, "panel", [])]


async def test_a_void_seat_is_told_how_it_was_decided(units: Units) -> None:
    """Pressing the stale card tells the outcome; the own vote is named to who voted."""
    await start(units, 11, 12, 13)
    await yes(units, 11)
    await no(units, 12, Reason.NOISE)
    await yes(units, 12)
    with pytest.raises(ReviewOver) as third:
        await yes(units, 13)
    assert third.value == ReviewOver("approved", None)
    with pytest.raises(ReviewOver) as first:
        await no(units, 11, Reason.FLAT)
    assert first.value == ReviewOver("approved", own=True)


async def test_presses_that_come_twice_change_nothing(units: Units) -> None:
    """Yes twice, done twice: one vote, one decision, one verdict."""
    sample_id = await start(units, 11, 12, 13)
    await yes(units, 11)
    await yes(units, 11)
    await no(units, 12, Reason.NOISE)
    async with units.writing("done again") as unit:
        await votes.reject(unit, *await seat_of(unit, 12))
    await yes(units, 13)
    assert await decisions(units) == [(1, True, "cross-review", [])]
    assert await verdicts(units) == [SampleApproved(sample_id)]


# --- who may


async def test_nobody_votes_on_anothers_card(units: Units) -> None:
    """Neither the applicant, nor a stranger, nor another reviewer: forged presses are refused."""
    await start(units, 11, 12, 13)
    for telegram_id in (APPLICANT, 13, 999):
        async with units.writing(f"forge {telegram_id}") as unit:
            person = await people.by_telegram_id(unit, telegram_id) or await a_person(unit, telegram_id)
            for number in (1, 2, 77):
                with pytest.raises(NotYours):
                    await votes.seat_of(unit, person, number)
    assert await seat_states(units) == ["open", "open"]


async def test_who_lost_the_role_votes_no_more(units: Units) -> None:
    """The role is looked at in every press."""
    await start(units, 11, 12)
    async with units.writing("revoke") as unit:
        await unit.tx.change(delete(RoleGrant).where(col(RoleGrant.role) == Role.REVIEWER.value))
    with pytest.raises(CannotReview) as refused:
        await yes(units, 11)
    assert refused.value == CannotReview("role")


async def test_a_vote_that_was_cast_cannot_be_skipped(units: Units) -> None:
    """It can be changed instead."""
    await start(units, 11, 12)
    await yes(units, 11)
    async with units.writing("skip") as unit:
        with pytest.raises(VotedAlready):
            await votes.skip(unit, *await seat_of(unit, 11))


# --- at once


async def test_both_vote_at_the_same_instant(units: Units) -> None:
    """On two connections at once: both votes count and there is one decision."""
    sample_id = await start(units, 11, 12)
    await asyncio.gather(yes(units, 11), yes(units, 12))
    assert await seat_states(units) == ["voted", "voted"]
    assert await decisions(units) == [(1, True, "panel", [])]
    assert await verdicts(units) == [SampleApproved(sample_id)]


async def test_whoever_still_sees_it_undecided_cannot_decide_again(units: Units) -> None:
    """The database refuses a second decision of a round, whatever the program believes."""
    sample_id = await start(units, 11, 12)
    stale = await sample_of(units, sample_id)
    async with units.writing("first") as unit:
        sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
        assert await conclude(unit, sample, approve=True, by="panel")
    async with units.writing("second") as unit:
        assert not await conclude(unit, stale, approve=False, by="panel", reasons=("flat",))
    assert await decisions(units) == [(1, True, "panel", [])]
    assert await verdicts(units) == [SampleApproved(sample_id)]


@pytest.mark.parametrize("seed", range(12))
async def test_any_interleaving_ends_in_at_most_one_decision(
    units: Units, clock: MovableClock, seed: int
) -> None:
    """Votes, changes, skips and time in random order: seats are unique, and one decision fits the last votes."""
    chance = Random(seed)
    sample_id = await start(units, *range(11, 17))
    for step in range(40):
        telegram_id = chance.randrange(11, 17)
        act = chance.choice(("yes", "no", "half", "skip", "time"))
        try:
            if act == "time":
                clock.forward(hours=chance.choice((1, 5, 25)))
                await ring(units)
            elif act == "skip":
                async with units.writing(f"skip {step}") as unit:
                    await votes.skip(unit, *await seat_of(unit, telegram_id))
            elif act == "yes":
                await yes(units, telegram_id)
            else:
                await no(units, telegram_id, chance.choice(list(Reason)), done=act == "no")
        except DomainError:
            pass
    sample = await sample_of(units, sample_id)
    made = await decisions(units)
    assert len(made) == (1 if sample.state in ("approved", "rejected") else 0)
    assert len(await verdicts(units)) == len(made)
    async with units.reading() as look:
        voted = await look.tx.all(
            select(Assignment).where(Assignment.state == "voted").order_by(col(Assignment.seat))
        )
    assert len({vote.seat for vote in voted}) == len(voted)
    if made:
        approved = voted[-1].approve if len(voted) > 2 else all(vote.approve for vote in voted)
        assert made[0][1] is approved
        assert "open" not in await seat_states(units)
