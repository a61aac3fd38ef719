"""Answers to proposals: one yes waits, two make a pair, a no costs nothing, and whatever comes late is explained."""

import asyncio

import pytest
from sqlmodel import col, select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.pairing import Reasons
from bot.services.joining import onboarding
from bot.services.messages.partners import Contact, Other, PairFormed, ProposalCard, ProposalOver
from bot.services.pairing import pairs, partings, pool, proposals
from bot.services.pairing.matches import ProposalClosed, ProposalNotYours, answer
from bot.services.pairing.pairs import AlreadyPaired
from bot.services.pairing.pool import ConsentLapsed
from bot.services.pairing.proposals import Seat
from bot.services.people import Person
from bot.services.unit import Unit, Units
from storage.tables import Audit, Block, Pair, PairMember, Proposal, ProposalMember, Seeker, Timer
from tests.helpers import MovableClock, an_approved, deliver, told


async def seekers(units: Units, *telegram_ids: int) -> list[Person]:
    """Approved people called PN who look for a partner."""
    async with units.writing(f"seekers {telegram_ids}") as unit:
        found = [await an_approved(unit, n, f"P{n} X", username=f"p{n}") for n in telegram_ids]
        for person in found:
            await pool.join(unit, person)
    return found


async def offered(unit: Unit, first: Person, second: Person, kind: str = "pool") -> int:
    """A proposal between two people; an invitation's first one is asked, the second has said yes."""
    given = True if kind == "invitation" else None
    seats = (Seat(first, Reasons(())), Seat(second, Reasons(()), answer=given))
    return (await proposals.offer(unit, kind, seats, expires_at=None)).id


async def one_answer(units: Units, person: Person, proposal_id: int, *, agree: bool = True) -> str:
    """Answer in a transaction of its own."""
    async with units.writing(f"{person.id} {agree} {proposal_id}") as unit:
        return await answer(unit, person, proposal_id, agree=agree)


async def test_two_yes_make_a_pair_and_each_learns_how_to_reach_the_other(units: Units) -> None:
    """Not before: the first yes is told to wait and shows nobody's address."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
    assert await one_answer(units, ann, 1) == "yes"
    (waiting,) = await told(units, 11)
    assert isinstance(waiting, ProposalCard)
    assert waiting.state == "yes"
    assert await one_answer(units, bo, 1) == "paired"
    assert await told(units, 11) == [PairFormed(Other("P12", ("en",)), Contact(12, "p12"))]
    assert await told(units, 12) == [PairFormed(Other("P11", ("en",)), Contact(11, "p11"))]
    async with units.reading() as look:
        (pair,) = await look.tx.all(select(Pair))
        assert (pair.state, pair.via, await pairs.members(look, pair)) == ("active", "pool", [ann, bo])
        assert await look.tx.all(select(Seeker)) == []
        assert await look.tx.all(select(ProposalMember.open)) == [False, False]
        assert await look.tx.all(select(Timer.kind).where(col(Timer.subject) == "proposal:1")) == []
        trail = await look.tx.all(
            select(Audit.subject, Audit.after, Audit.actor_id)
            .where(col(Audit.subject).in_(["proposal:1", "pair:1"]))
            .order_by(col(Audit.id))
        )
    assert [tuple(row) for row in trail] == [
        ("proposal:1", "offered", None),
        ("proposal:1", "accepted", ann.id),
        ("proposal:1", "paired", bo.id),
        ("pair:1", "active", bo.id),
    ]


async def test_both_yes_at_the_same_instant_make_one_pair(units: Units) -> None:
    """Whoever comes second completes it, and pressing once more is explained."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
    came = await asyncio.gather(*(one_answer(units, p, 1) for p in (ann, bo)))
    assert sorted(came) == ["paired", "yes"]
    for person, name in ((ann, "P12"), (bo, "P11")):
        with pytest.raises(ProposalClosed) as closed:
            await one_answer(units, person, 1)
        assert closed.value == ProposalClosed("paired", name)
    async with units.reading() as look:
        assert len(await look.tx.all(select(Pair))) == 1
        assert sorted(await look.tx.all(select(PairMember.person_id))) == [ann.id, bo.id]


async def test_a_person_wanted_twice_at_the_same_instant_gets_one_partner(units: Units) -> None:
    """Two friends say yes to the same inviter at once: one becomes the partner, the other hears why not."""
    ann, bo, cy = await seekers(units, 11, 12, 13)
    async with units.writing("t") as unit:
        await offered(unit, bo, ann, "invitation")
        await offered(unit, cy, ann, "invitation")
    came = await asyncio.gather(one_answer(units, bo, 1), one_answer(units, cy, 2), return_exceptions=True)
    assert sorted(map(repr, came)) == sorted(["'paired'", repr(ProposalClosed("over", "P11"))])
    async with units.reading() as look:
        assert len(await look.tx.all(select(PairMember).where(col(PairMember.active)))) == 2


async def test_the_database_itself_refuses_a_second_partner(units: Units) -> None:
    """Even for a caller that looked at nothing: the guard under every check."""
    ann, bo, cy = await seekers(units, 11, 12, 13)
    async with units.writing("t") as unit:
        await pairs.form(unit, ann, bo, "pool")
    with pytest.raises(AlreadyPaired) as refused:
        async with units.writing("t2") as unit:
            await pairs.form(unit, cy, ann, "pool")
    assert refused.value == AlreadyPaired(ann.id)
    async with units.reading() as look:
        assert len(await look.tx.all(select(Pair))) == 1


async def test_a_no_ends_it_for_both_and_neither_loses_the_place(units: Units) -> None:
    """Who said no sees it on the card, the other one hears it kindly; they are not proposed again."""
    ann, bo = await seekers(units, 11, 12)
    await proposals.solve_pool(units, 1)
    await deliver(units)
    assert await one_answer(units, bo, 1, agree=False) == "no"
    card = (await told(units, 12))[-1]
    assert isinstance(card, ProposalCard)
    assert (card.state, card.in_pool) == ("no", True)
    closed, news = (await told(units, 11))[-2:]
    assert isinstance(closed, ProposalCard)
    assert closed.state == "over"
    assert news == ProposalOver("pool", "declined", "P12", in_pool=True)
    async with units.reading() as look:
        assert set(await look.tx.all(select(Seeker.person_id))) == {ann.id, bo.id}
    await proposals.solve_pool(units, 2)
    async with units.reading() as look:
        assert [p.state for p in await look.tx.all(select(Proposal))] == ["declined"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_no_can_be_for_ever(units: Units, clock: MovableClock, at_once: bool) -> None:
    """Said at once or after a plain no: the card shows it, the other one hears what they hear of any no."""
    ann, bo = await seekers(units, 11, 12)
    await proposals.solve_pool(units, 1)
    await deliver(units)
    if not at_once:
        assert await one_answer(units, bo, 1, agree=False) == "no"
        await deliver(units)
    async with units.writing("never") as unit:
        assert await answer(unit, bo, 1, agree=False, never=True) == "never"
    card = (await told(units, 12))[-1]
    assert isinstance(card, ProposalCard)
    assert card.state == "never"
    assert (await told(units, 11))[-1] == ProposalOver("pool", "declined", "P12", in_pool=True)
    clock.forward(days=365)
    await proposals.solve_pool(units, 2)
    async with units.reading() as look:
        assert [p.state for p in await look.tx.all(select(Proposal))] == ["declined"]
        assert [(b.person_id, b.blocked_id) for b in await look.tx.all(select(Block))] == [(bo.id, ann.id)]


async def test_only_who_said_no_can_make_it_for_ever(units: Units) -> None:
    """The other one of a declined proposal has nothing left to answer."""
    ann, bo = await seekers(units, 11, 12)
    await proposals.solve_pool(units, 1)
    await one_answer(units, bo, 1, agree=False)
    with pytest.raises(ProposalClosed) as closed:
        async with units.writing("never") as unit:
            await answer(unit, ann, 1, agree=False, never=True)
    assert closed.value == ProposalClosed("declined", "P12")
    async with units.reading() as look:
        assert await look.tx.all(select(Block)) == []


@pytest.mark.parametrize(("days", "states"), [(6, ["declined"]), (8, ["declined", "offered"])])
async def test_a_plain_no_keeps_two_apart_for_a_while(
    units: Units, clock: MovableClock, days: int, states: list[str]
) -> None:
    """After `again_after`, a week, both may be proposed to each other once more."""
    _, bo = await seekers(units, 11, 12)
    await proposals.solve_pool(units, 1)
    await one_answer(units, bo, 1, agree=False)
    clock.forward(days=days)
    await proposals.solve_pool(units, 2)
    async with units.reading() as look:
        assert [p.state for p in await look.tx.all(select(Proposal).order_by(col(Proposal.id)))] == states


async def test_a_yes_can_be_taken_back_while_the_other_one_thinks(units: Units) -> None:
    """After that the other one's yes comes too late, and is told so."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
    await one_answer(units, ann, 1)
    assert await one_answer(units, ann, 1, agree=False) == "no"
    with pytest.raises(ProposalClosed) as closed:
        await one_answer(units, bo, 1)
    assert closed.value == ProposalClosed("declined", "P11")
    with pytest.raises(ProposalClosed) as own:
        await one_answer(units, ann, 1)
    assert own.value == ProposalClosed("you_declined", "P12")


async def test_nobody_else_can_answer_and_unknown_proposals_are_nobodys(units: Units) -> None:
    """Callback data carries no authority."""
    ann, bo, eve = await seekers(units, 11, 12, 13)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
    for proposal_id in (1, 2):
        for agree in (True, False):
            with pytest.raises(ProposalNotYours):
                await one_answer(units, eve, proposal_id, agree=agree)
    async with units.reading() as look:
        assert await look.tx.all(select(ProposalMember.answer)) == [None, None]


async def test_a_pair_ends_whatever_else_the_two_had_open(units: Units) -> None:
    """Ann is in a proposal with Cy, Bo in one with Di; then Bo says yes to Ann's invitation."""
    ann, bo, cy, di = await seekers(units, 11, 12, 13, 14)
    async with units.writing("t") as unit:
        await offered(unit, ann, cy)
        await offered(unit, di, bo)
        await answer(unit, cy, 1, agree=True)
        await answer(unit, di, 2, agree=True)
        await offered(unit, bo, ann, "invitation")
    assert await one_answer(units, bo, 3) == "paired"
    assert (await told(units, 13))[-1] == ProposalOver("pool", "gone", "P11", in_pool=True)
    assert (await told(units, 14))[-1] == ProposalOver("pool", "gone", "P12", in_pool=True)
    async with units.reading() as look:
        states = await look.tx.all(select(Proposal.state).order_by(col(Proposal.id)))
        assert list(states) == ["expired", "expired", "paired"]
        assert set(await look.tx.all(select(Seeker.person_id))) == {cy.id, di.id}
        assert [t.kind for t in await look.tx.all(select(Timer).where(Timer.subject == pool.POOL))] == [
            "solve_pool"
        ]


async def test_a_yes_needs_a_present_consent(units: Units) -> None:
    """Taken back meanwhile: one's own yes is refused, and a yes to such a person ends it kindly."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
        await answer(unit, ann, 1, agree=True)
        await onboarding.answer_consent(unit, ann, "training", CONSENT_VERSION, agree=False)
    with pytest.raises(ConsentLapsed):
        await one_answer(units, ann, 1)
    assert await one_answer(units, bo, 1) == "gone"
    assert (await told(units, 12))[-1] == ProposalOver("pool", "gone", "P11", in_pool=True)


async def test_old_buttons_tell_what_became_of_it(units: Units, clock: MovableClock) -> None:
    """Partners who parted, and a time that ran out."""
    ann, bo = await seekers(units, 11, 12)
    async with units.writing("t") as unit:
        await offered(unit, ann, bo)
        await answer(unit, ann, 1, agree=True)
        await answer(unit, bo, 1, agree=True)
        await partings.leave(unit, ann)
    with pytest.raises(ProposalClosed) as closed:
        await one_answer(units, bo, 1)
    assert closed.value == ProposalClosed("parted", "P11")
