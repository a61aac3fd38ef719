"""Leaving the pool and a pair, for a while or for ever, and taking no part any more."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.services.booking import holds
from bot.services.messages.partners import (
    AskLeavePair,
    InvitationOver,
    LeftPair,
    LeftPool,
    ProposalOver,
    StayedPair,
)
from bot.services.pairing import pairs, partings, partner_links, pool, proposals
from bot.services.pairing.pairs import AlreadyParted
from bot.services.pairing.pool import NotInPool
from bot.services.people import Person
from bot.services.unit import Units
from storage.tables import Block, Booking, Invitation, Pair, PairMember, Proposal, Studio
from tests.helpers import NOON, a_person, a_slot, a_studio, an_approved, told


async def a_pair(units: Units) -> tuple[Person, Person, Pair]:
    """Ann and Bo, who are partners."""
    async with units.writing("pair") as unit:
        await a_studio(unit)
        ann, bo = [await an_approved(unit, n, name, city="beijing") for n, name in ((11, "Ann"), (12, "Bo"))]
        return ann, bo, await pairs.form(unit, ann, bo, "pool")


async def test_leaving_the_pool_ends_an_open_proposal(units: Units) -> None:
    """The other one keeps their place, and hears that this one is gone."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11, "Ann"), await an_approved(unit, 12, "Bo")
        for person in (ann, bo):
            await pool.join(unit, person)
    await proposals.solve_pool(units, 1)
    async with units.writing("leave") as unit:
        await partings.begin(unit, ann)
        with pytest.raises(NotInPool):
            await partings.begin(unit, ann)
    assert await told(units, 11) == [LeftPool()]
    assert (await told(units, 12))[-1] == ProposalOver("pool", "gone", "Ann", in_pool=True)
    async with units.reading() as look:
        assert await look.tx.all(select(Proposal.state)) == ["expired"]


async def test_leaving_a_pair_asks_first_and_counts_the_sessions_that_go(units: Units) -> None:
    """Staying changes nothing."""
    ann, bo, _ = await a_pair(units)
    async with units.writing("book") as unit:
        studio = await unit.tx.one(select(Studio))
        slot = await a_slot(unit, studio, NOON + timedelta(days=3))
        await holds.book(unit, ann, slot.id)
        booking = await unit.tx.one(select(Booking))
        await holds.agree(unit, bo, booking.id)
        await partings.begin(unit, ann)
        assert await partings.stay(unit, ann) == StayedPair("Bo")
    assert (await told(units, 11))[-1] == AskLeavePair(1, "Bo", bookings=1)
    async with units.writing("leave") as unit:
        assert await partings.leave(unit, ann, 1) == LeftPair("Bo", by_self=True, bookings=1)
    assert (await told(units, 12))[-1] == LeftPair("Ann", by_self=False, bookings=1)
    async with units.reading() as look:
        assert await look.tx.all(select(Pair.state)) == ["dissolved"]
        assert await look.tx.all(select(PairMember.active)) == [False, False]
        assert await look.tx.all(select(Booking.state)) == ["cancelled"]
        assert await look.tx.all(select(Block)) == []


async def test_never_again_is_kept_for_the_matching(units: Units) -> None:
    """Who leaves that way blocks the other one; the other one is not told."""
    ann, bo, _ = await a_pair(units)
    async with units.writing("leave") as unit:
        assert await partings.leave(unit, ann, never=True) == LeftPair("Bo", by_self=True, never=True)
        blocks = await unit.tx.all(select(Block.person_id, Block.blocked_id))
    assert [tuple(row) for row in blocks] == [(ann.id, bo.id)]
    assert (await told(units, 12))[-1] == LeftPair("Ann", by_self=False)


async def test_an_old_question_does_not_part_a_new_pair(units: Units) -> None:
    """The button names its pair; both leaving at once is one parting."""
    ann, bo, old = await a_pair(units)
    async with units.writing("leave") as unit:
        await partings.leave(unit, ann, old.id)
        with pytest.raises(AlreadyParted):
            await partings.leave(unit, bo, old.id)
        cy = await an_approved(unit, 13, "Cy")
        new = await pairs.form(unit, ann, cy, "pool")
        with pytest.raises(AlreadyParted):
            await partings.leave(unit, ann, old.id)
        assert await pairs.active_pair(unit, ann) == new
        assert await pairs.partners_ever(unit, ann) == {bo.id, cy.id}


async def test_who_takes_no_part_any_more_leaves_nothing_open(units: Units) -> None:
    """Out of pair and pool, without links; whoever waited for an answer of theirs is told."""
    ann, bo, _ = await a_pair(units)
    async with units.writing("t") as unit:
        cy = await an_approved(unit, 13, "Cy", city="beijing")
        await partner_links.invite(unit, cy)
        invitation = await unit.tx.one(select(Invitation))
        newcomer = await a_person(unit, 14, "Di")
        await partner_links.opened(unit, newcomer, invitation)
        await partner_links.invite(unit, cy, anew=True)
        for person in (ann, cy):
            await partings.withdraw(unit, person)
        links = await unit.tx.all(select(Invitation.revoked_at).order_by(col(Invitation.id)))
    assert links == [None, NOON]
    assert (await told(units, 12))[-1] == LeftPair("Ann", by_self=False)
    assert InvitationOver("Cy", "other") in await told(units, 14)
    async with units.writing("nothing is left") as unit:
        await partings.withdraw(unit, bo)
