"""The pool: who is in it, what is known of them, why there is nobody yet, and when it is solved."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.pairing import Candidate, NoneYet, why_none
from bot.rules.policy import PairingPolicy, Policy
from bot.rules.states import ProposalState
from bot.services import people
from bot.services.joining import onboarding
from bot.services.pairing import pairs, pool, proposals
from bot.services.pairing.pool import ConsentLapsed, HasPartner, NotApprovedYet, NotInPool
from bot.services.unit import House, Units
from storage.tables import Block, Job, Proposal, ProposalMember, Seeker, Timer
from tests.helpers import MovableClock, a_person, a_studio, an_approved, ring


async def test_joining_is_remembered_once_and_leaving_forgets_it(units: Units, clock: MovableClock) -> None:
    """Asking again changes nothing, not even since when; leaving twice says so."""
    async with units.writing("t") as unit:
        ann = await an_approved(unit, 11, "Ann")
        assert await pool.join(unit, ann)
        began = unit.now
    clock.forward(hours=3)
    async with units.writing("t2") as unit:
        assert not await pool.join(unit, ann)
        assert await pool.since(unit, ann) == began
        assert await pool.leave(unit, ann)
        assert not await pool.leave(unit, ann)
        assert await unit.tx.all(select(Seeker)) == []


async def test_only_approved_people_with_present_consent_and_no_partner_may_look(units: Units) -> None:
    """Each obstacle has its own error, and none of them leaves anybody in the pool."""
    async with units.writing("t") as unit:
        newcomer = await a_person(unit, 11)
        with pytest.raises(NotApprovedYet):
            await pool.join(unit, newcomer)
        doubter = await an_approved(unit, 12)
        await onboarding.answer_consent(unit, doubter, "training", CONSENT_VERSION, agree=False)
        with pytest.raises(ConsentLapsed):
            await pool.join(unit, doubter)
        ann, bo = await an_approved(unit, 13, "Ann Smith"), await an_approved(unit, 14, "Bo Li")
        await pairs.form(unit, ann, bo, "pool")
        with pytest.raises(HasPartner) as refused:
            await pool.join(unit, ann)
        assert refused.value == HasPartner("Bo")
        assert await unit.tx.all(select(Seeker)) == []


async def test_a_candidate_is_what_is_known_of_a_person(units: Units) -> None:
    """Profile, earlier partners, blocks and one's own refusals; whose share of the talk is whose is not known."""
    async with units.writing("t") as unit:
        await a_studio(unit)
        profile = {"city": "beijing", "speaks": ["zh", "en"], "dialect": "wu", "gender": "woman"}
        ann = await an_approved(unit, 11, "Ann", **profile, partner_wish="man")
        old, disliked, refused = [await an_approved(unit, n) for n in (12, 13, 14)]
        pair = await pairs.form(unit, ann, old, "pool")
        await pairs.dissolve(unit, pair, by=old)
        await unit.tx.add(Block(person_id=ann.id, blocked_id=disliked.id, at=unit.now))
        for kind, other in (("pool", refused), ("rescue", old)):
            proposal = await unit.tx.add(
                Proposal(
                    kind=kind,
                    state=ProposalState.DECLINED.value,
                    created_at=unit.now,
                    closed_at=unit.now,
                )
            )
            for person, answer in ((ann, False), (other, True)):
                await unit.tx.add(
                    ProposalMember(proposal_id=proposal.id, person_id=person.id, answer=answer, open=False)
                )
        await pool.join(unit, ann)
        (found,) = await pool.waiting(unit)
        assert found == Candidate(
            person=ann.id,
            waiting_since=unit.now,
            city="beijing",
            languages=frozenset({"zh", "en"}),
            dialect="wu",
            gender="woman",
            wish="man",
            met=frozenset({old.id}),
            blocked=frozenset({disliked.id}),
            declined=frozenset({refused.id}),
        )


async def test_who_is_engaged_paired_gone_or_has_taken_consent_back_is_not_matched(units: Units) -> None:
    """They may still be in the pool, but nobody is offered them."""
    async with units.writing("t") as unit:
        everybody = [await an_approved(unit, n, f"P{n}") for n in range(11, 18)]
        for person in everybody:
            await pool.join(unit, person)
        free, engaged, other, paired, partner, silent, doubter = everybody
        seats = tuple(proposals.Seat(p, proposals.Reasons(())) for p in (engaged, other))
        await proposals.offer(unit, "pool", (seats[0], seats[1]), expires_at=None)
        await pairs.form(unit, paired, partner, "pool")
        await people.change(unit, silent, reachable=False)
        await onboarding.answer_consent(unit, doubter, "review", CONSENT_VERSION, agree=False)
        assert [candidate.person for candidate in await pool.waiting(unit)] == [free.id]
        assert await pool.in_proposals(unit) == 2


async def test_answers_to_an_older_text_are_no_consent(units: Units) -> None:
    """The pool counts a consent exactly as onboarding does: newest answer, present version."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11), await an_approved(unit, 12)
        for person in (ann, bo):
            await pool.join(unit, person)
        await onboarding.answer_consent(unit, bo, "review", CONSENT_VERSION, agree=False)
        assert [c.person for c in await pool.waiting(unit)] == [ann.id]
        await onboarding.answer_consent(unit, bo, "review", CONSENT_VERSION, agree=True)
        await onboarding.answer_consent(unit, bo, "cloning", CONSENT_VERSION, agree=False)
        assert [c.person for c in await pool.waiting(unit)] == [ann.id, bo.id]


async def test_why_none_is_asked_over_those_who_wait(units: Units) -> None:
    """Alone: nobody waiting. With somebody of another language: that. Not in the pool: nothing to explain."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11), await an_approved(unit, 12, speaks=["zh"])
        with pytest.raises(NotInPool):
            why_none(*await pool.seen_by(unit, ann), PairingPolicy())
        await pool.join(unit, ann)
        assert (why_none(*await pool.seen_by(unit, ann), PairingPolicy())).reason is NoneYet.NOBODY_WAITING
        await pool.join(unit, bo)
        why = why_none(*await pool.seen_by(unit, ann), PairingPolicy())
        assert (why.reason, why.others, why.no_common_language) == (NoneYet.NO_COMMON_LANGUAGE, 1, 1)


async def _pending(units: Units) -> list[Timer]:
    async with units.reading() as look:
        return list(
            await look.tx.all(select(Timer).where(Timer.state == "pending", Timer.subject == pool.POOL))
        )


async def test_a_round_comes_soon_after_the_second_one_joined_and_then_regularly(
    units: Units, clock: MovableClock
) -> None:
    """One alone needs no round; the third one joining at once shares it; while two wait the next is planned."""
    began = clock.now
    async with units.writing("t") as unit:
        three = [
            await an_approved(unit, n, speaks=[code]) for n, code in ((11, "en"), (12, "zh"), (13, "ja"))
        ]
        await pool.join(unit, three[0])
    assert await _pending(units) == []
    for person in three[1:]:
        async with units.writing(f"joins {person.id}") as unit:
            await pool.join(unit, person)
        clock.forward(seconds=1)
    (timer,) = await _pending(units)
    assert (timer.kind, timer.due_at) == ("solve_pool", began + pool.SOON)
    clock.forward(seconds=1)
    await ring(units)
    (timer,) = await _pending(units)
    assert timer.due_at == clock.now + timedelta(minutes=10)
    async with units.reading() as look:
        (job,) = await look.tx.all(select(Job))
    assert (job.kind, job.run_at) == ("solve_pool", clock.now)


async def test_somebody_joining_pulls_the_next_round_forward(units: Units, clock: MovableClock) -> None:
    """Nobody new has to wait for the regular round."""
    async with units.writing("t") as unit:
        people_ = [await an_approved(unit, n) for n in (11, 12, 13)]
        for person in people_[:2]:
            await pool.join(unit, person)
    clock.forward(seconds=2)
    await ring(units)
    clock.forward(minutes=4)
    async with units.writing("t2") as unit:
        await pool.join(unit, people_[2])
    (timer,) = await _pending(units)
    assert timer.due_at == clock.now + pool.SOON


async def test_regular_rounds_look_at_everything_and_keep_their_times(
    units: Units, clock: MovableClock
) -> None:
    """Those that somebody's joining causes between them only look at what changed, however often that is."""
    began = clock.now
    for n in range(11, 17):
        async with units.writing(f"t{n}") as unit:
            await pool.join(unit, await an_approved(unit, n))
        clock.forward(seconds=2)
        await ring(units)
        clock.forward(minutes=3)
    async with units.reading() as look:
        jobs = await look.tx.all(select(Job).order_by(col(Job.id)))
    planned = [(job.run_at - began, job.data["whole"]) for job in jobs]
    minutes = [(round(after.total_seconds() / 60), whole) for after, whole in planned]
    assert minutes == [(3, True), (6, False), (9, False), (12, False), (15, True)]
    (timer,) = await _pending(units)
    assert timer.due_at == jobs[-1].run_at + timedelta(minutes=10)


async def test_without_regular_rounds_the_pool_is_solved_when_somebody_joins(
    units: Units, clock: MovableClock
) -> None:
    """`every = ""` in the policy: no next round is planned."""
    units.house = House(Policy(pairing=PairingPolicy(every=None)))
    async with units.writing("t") as unit:
        for n in (11, 12):
            await pool.join(unit, await an_approved(unit, n))
    clock.forward(seconds=2)
    await ring(units)
    assert await _pending(units) == []
    async with units.reading() as look:
        assert len(await look.tx.all(select(Job))) == 1
