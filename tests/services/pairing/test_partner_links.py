"""Inviting a friend by a link: one link at a time, kept until both are approved, and every way it can fail."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.rules.pairing import Reasons
from bot.services import people
from bot.services.joining import invitations, onboarding
from bot.services.joining.invitations import InvitationExpired, InvitationUsed, OwnInvitation
from bot.services.messages.partners import (
    InvitationOut,
    InvitationOver,
    InvitationWaits,
    InviteeFound,
    Other,
    PairFormed,
    PartnerLink,
    PartnerLinkPicture,
    ProposalCard,
    ProposalOver,
)
from bot.services.messages.reviews import SampleApproved
from bot.services.pairing import pairs, partner_links, partners, pool, proposals
from bot.services.pairing.matches import answer
from bot.services.pairing.partner_links import CannotPair, InviterPaired, QuestionsFirst
from bot.services.pairing.pool import HasPartner
from bot.services.pairing.proposals import Seat
from bot.services.people import Person
from bot.services.reviewing import verdicts
from bot.services.unit import Unit, Units
from storage.tables import Block, Invitation, Proposal, ProposalMember, Seeker
from tests.helpers import NOON, MovableClock, a_person, a_sample, an_approved, told

TWO_WEEKS = timedelta(days=14)


async def newest(unit: Unit) -> Invitation:
    """The last invitation made."""
    return (await unit.tx.all(select(Invitation).order_by(col(Invitation.id).desc())))[0]


async def two(units: Units) -> tuple[Person, Person]:
    """Ann and Bo, approved."""
    async with units.writing("two") as unit:
        return await an_approved(unit, 11, "Ann Smith"), await an_approved(unit, 12, "Bo Li")


async def invited(units: Units, ann: Person) -> Invitation:
    """A link that Ann made, or was shown again."""
    async with units.writing(f"invites {len(await told(units, 11))}") as unit:
        await partner_links.invite(unit, ann)
        return await newest(unit)


async def test_inviting_gives_one_link_as_text_and_picture_and_shows_it_again(units: Units) -> None:
    """Pressing again gives the same link, with a way to take it back."""
    ann, _ = await two(units)
    invitation = await invited(units, ann)
    link = f"https://t.me/duologue_bot?start={invitation.token}"
    assert await told(units, 11) == [
        PartnerLink(link, NOON + TWO_WEEKS, "UTC"),
        PartnerLinkPicture(link),
    ]
    assert (await invited(units, ann)).token == invitation.token
    assert (await told(units, 11))[2] == PartnerLink(link, NOON + TWO_WEEKS, "UTC", again=True)


async def test_a_new_link_takes_the_old_one_back(units: Units) -> None:
    """Only one is out at a time; an expired one is replaced without asking."""
    ann, bo = await two(units)
    old = await invited(units, ann)
    async with units.writing("anew") as unit:
        await partner_links.invite(unit, ann, anew=True)
        assert (await newest(unit)).token != old.token
        with pytest.raises(InvitationExpired):
            await partner_links.opened(unit, bo, await invitations.find(unit, old.token))


async def test_a_link_that_ran_out_is_replaced(units: Units, clock: MovableClock) -> None:
    """Two weeks later the old link is refused, and inviting makes a new one."""
    ann, bo = await two(units)
    old = await invited(units, ann)
    clock.forward(days=14)
    new = await invited(units, ann)
    assert new.token != old.token
    async with units.writing("open") as unit:
        with pytest.raises(InvitationExpired):
            await partner_links.opened(unit, bo, old)


async def test_inviting_is_a_yes_it_ends_proposals_and_leaves_the_pool(units: Units) -> None:
    """Nobody is offered somebody who said yes to a friend; the other one keeps their place."""
    ann, bo = await two(units)
    async with units.writing("pool") as unit:
        for person in (ann, bo):
            await pool.join(unit, person)
    await proposals.solve_pool(units, 1)
    await invited(units, ann)
    (words,) = [m for m in await told(units, 11) if isinstance(m, PartnerLink)]
    assert words.left_pool
    assert (await told(units, 12))[-1] == ProposalOver("pool", "gone", "Ann", in_pool=True)
    async with units.reading() as look:
        assert await look.tx.all(select(Seeker.person_id)) == [bo.id]
        assert await look.tx.all(select(Proposal.state)) == ["expired"]


async def test_who_is_not_through_onboarding_or_has_a_partner_cannot_invite(units: Units) -> None:
    """Each is told why."""
    ann, bo = await two(units)
    async with units.writing("t") as unit:
        with pytest.raises(QuestionsFirst):
            await partner_links.invite(unit, await people.arrive(unit, people.Visitor(13, "New")))
        await pairs.form(unit, ann, bo, "pool")
        with pytest.raises(HasPartner):
            await partner_links.invite(unit, ann)


async def test_a_friend_who_opens_the_link_is_asked_and_their_yes_makes_the_pair(units: Units) -> None:
    """The inviter is not asked again; the link is used up by being opened."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        assert await partner_links.opened(unit, bo, invitation)
    assert await told(units, 12) == [
        ProposalCard(
            proposal_id=1,
            via="invitation",
            state="ask",
            other=Other("Ann", ("en",)),
            languages=("en",),
            expires_at=NOON + TWO_WEEKS,
        )
    ]
    assert (await told(units, 11))[-1] == InviteeFound("Bo", ready=True)
    async with units.writing("yes") as unit:
        assert await answer(unit, bo, 1, agree=True) == "paired"
        assert await pairs.partner_of(unit, ann) == bo
    assert isinstance((await told(units, 11))[-1], PairFormed)


async def test_a_no_to_a_friend_is_told_to_the_friend(units: Units) -> None:
    """And costs nobody anything."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        await partner_links.opened(unit, bo, invitation)
        await answer(unit, bo, 1, agree=False)
    assert (await told(units, 11))[-1] == ProposalOver("invitation", "declined", "Bo", in_pool=False)


async def test_opening_ones_own_link_or_a_used_one_is_refused(units: Units) -> None:
    """The one who used it sees the question again instead."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        with pytest.raises(OwnInvitation):
            await partner_links.opened(unit, ann, invitation)
        await partner_links.opened(unit, bo, invitation)
        used = await invitations.find(unit, invitation.token)
        assert await partner_links.opened(unit, bo, used)
        cy = await an_approved(unit, 13)
        with pytest.raises(InvitationUsed):
            await partner_links.opened(unit, cy, used)
        assert set(await unit.tx.all(select(ProposalMember.person_id))) == {ann.id, bo.id}
    assert [m.state for m in await told(units, 12) if isinstance(m, ProposalCard)] == ["ask", "ask"]


async def test_a_link_is_no_use_to_who_has_a_partner_nor_once_the_inviter_has_one(units: Units) -> None:
    """Neither uses it up."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        cy, di = await an_approved(unit, 13, "Cy"), await an_approved(unit, 14, "Di")
        pair = await pairs.form(unit, bo, cy, "pool")
        with pytest.raises(HasPartner) as refused:
            await partner_links.opened(unit, bo, invitation)
        assert refused.value == HasPartner("Cy")
        await pairs.dissolve(unit, pair, by=bo)
        await pairs.form(unit, ann, di, "pool")
        with pytest.raises(InviterPaired) as paired:
            await partner_links.opened(unit, bo, invitation)
        assert paired.value == InviterPaired("Ann")
        assert (await newest(unit)).used_by is None


@pytest.mark.parametrize("obstacle", ["language", "repeat", "blocked"])
async def test_the_musts_hold_for_friends_too(units: Units, obstacle: str) -> None:
    """No common language, partners before, or one blocked the other: the link says so and stays unused."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        if obstacle == "language":
            await people.change(unit, bo, speaks=["zh"])
        elif obstacle == "repeat":
            await pairs.dissolve(unit, await pairs.form(unit, ann, bo, "pool"), by=ann)
        else:
            await unit.tx.add(Block(person_id=bo.id, blocked_id=ann.id, at=unit.now))
        with pytest.raises(CannotPair) as refused:
            await partner_links.opened(unit, bo, invitation)
        assert refused.value == CannotPair("Ann", obstacle)
        assert (await newest(unit)).used_by is None


async def test_an_earlier_no_out_of_the_pool_does_not_bind_friends(units: Units) -> None:
    """Who opens the link has changed their mind."""
    ann, bo = await two(units)
    async with units.writing("no") as unit:
        seats = (Seat(ann, Reasons(())), Seat(bo, Reasons(())))
        await proposals.offer(unit, "pool", seats, expires_at=None)
        await answer(unit, bo, 1, agree=False)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        assert await partner_links.opened(unit, bo, invitation)


async def test_an_invitation_waits_until_both_are_approved(units: Units) -> None:
    """The inviter is approved last: in that moment the friend is asked, once."""
    async with units.writing("t") as unit:
        ann = await an_approved(unit, 11, "Ann", approved_at=None)
        bo = await an_approved(unit, 12, "Bo", approved_at=None)
    invitation = await invited(units, ann)
    assert not next(m for m in await told(units, 11) if isinstance(m, PartnerLink)).approved
    async with units.writing("open") as unit:
        assert not await partner_links.opened(unit, bo, invitation)
        assert bo.came_by == invitation.id
    assert (await told(units, 12))[-1] == InvitationWaits("Ann", self_missing=True, inviter_missing=True)
    assert (await told(units, 11))[-1] == InviteeFound("Bo", ready=False)
    for person in (bo, ann):
        async with units.writing(f"approve {person.id}") as unit:
            await people.change(unit, person, approved_at=unit.now)
            await partners.approved(unit, person)
            await partners.approved(unit, person)
        if person is bo:
            waits = InvitationWaits("Ann", self_missing=False, inviter_missing=True)
            assert (await told(units, 12))[-1] == waits
    async with units.reading() as look:
        assert [p.state for p in await look.tx.all(select(Proposal))] == ["accepted"]
    cards = [m for m in await told(units, 12) if isinstance(m, ProposalCard)]
    assert [(c.via, c.state, c.other.name) for c in cards] == [("invitation", "ask", "Ann")]
    assert (await told(units, 11))[-1] == InviteeFound("Bo", ready=True)


async def test_while_somebody_waits_inviting_again_asks_first(units: Units) -> None:
    """Then the first one is told that the invitation is taken back."""
    ann, _ = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        cy = await a_person(unit, 13, "Cy")
        await partner_links.opened(unit, cy, invitation)
        await partner_links.invite(unit, ann)
        assert (await newest(unit)).id == invitation.id
    assert (await told(units, 11))[-1] == InvitationOut("Cy", ready=False)
    async with units.writing("anew") as unit:
        await partner_links.invite(unit, ann, anew=True)
        assert (await people.by_id(unit, cy.id)).came_by is None
    assert (await told(units, 13))[-1] == InvitationOver("Ann", "other")
    async with units.writing("approved too late") as unit:
        cy = await people.by_id(unit, cy.id)
        await people.change(unit, cy, approved_at=unit.now)
        await partners.approved(unit, cy)
        assert await unit.tx.all(select(Proposal)) == []


async def test_taking_back_an_asked_invitation_closes_its_card(units: Units) -> None:
    """The friend's yes comes too late then."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("open") as unit:
        await partner_links.opened(unit, bo, invitation)
        await partner_links.invite(unit, ann)
        await partner_links.invite(unit, ann, anew=True)
    assert InvitationOut("Bo", ready=True) in await told(units, 11)
    assert (await told(units, 12))[-1] == ProposalOver("invitation", "gone", "Ann", in_pool=False)


async def test_when_the_inviter_finds_somebody_who_waits_is_told(units: Units) -> None:
    """And the links of both new partners are dead."""
    ann, bo = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("t") as unit:
        cy = await a_person(unit, 13, "Cy")
        await partner_links.opened(unit, cy, invitation)
        await partner_links.invite(unit, bo)
        link_of_bo = await newest(unit)
        seats = (Seat(ann, Reasons(())), Seat(bo, Reasons(())))
        proposal = await proposals.offer(unit, "pool", seats, expires_at=None)
        await answer(unit, ann, proposal.id, agree=True)
        await answer(unit, bo, proposal.id, agree=True)
        assert (await invitations.find(unit, link_of_bo.token)).revoked_at == NOON
    assert (await told(units, 13))[-1] == InvitationOver("Ann", "paired")


async def test_an_obstacle_found_at_the_approval_is_told_to_both(units: Units) -> None:
    """Only then the newcomer's languages were known."""
    ann, _ = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("t") as unit:
        cy = await people.arrive(unit, people.Visitor(13, "Cy"))
        await partner_links.opened(unit, cy, invitation)
        assert cy.applying
        cy = await an_approved(unit, 13, "Cy", speaks=["zh"])
        await partners.approved(unit, cy)
        assert await unit.tx.all(select(Proposal)) == []
        assert await onboarding.agreed(unit, cy)
    assert (await told(units, 13))[-1] == InvitationOver("Ann", "language")
    assert (await told(units, 11))[-1] == InvitationOver("Cy", "language")


async def test_the_reviewers_verdict_sets_a_waiting_invitation_free(units: Units) -> None:
    """The approval comes from the decision itself, and the question right after it."""
    ann, _ = await two(units)
    invitation = await invited(units, ann)
    async with units.writing("t") as unit:
        cy = await an_approved(unit, 13, "Cy", approved_at=None)
        await partner_links.opened(unit, cy, invitation)
        sample = await a_sample(unit, cy, state="in_review")
    async with units.writing("verdict") as unit:
        assert await verdicts.conclude(unit, sample, approve=True, by="panel")
    approved, card = (await told(units, 13))[-2:]
    assert isinstance(approved, SampleApproved)
    assert isinstance(card, ProposalCard)
    assert (card.via, card.other.name) == ("invitation", "Ann")
