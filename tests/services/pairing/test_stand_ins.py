"""The stand-in list: who may be on it, who is asked, and how one leaves it."""

import pytest
from sqlmodel import select

from bot.rules.consent import CONSENT_VERSION
from bot.services import people
from bot.services.booking import rescue
from bot.services.joining import onboarding, withdrawal
from bot.services.messages.partners import InPool, NoPartner, PairFormed, ProposalCard, ProposalOver
from bot.services.messages.status import PartnerStatus
from bot.services.pairing import matches, partners, pool, stand_ins
from bot.services.pairing.pool import ConsentLapsed, HasPartner, NotApprovedYet
from bot.services.unit import Unit, Units
from storage.tables import Audit, Proposal, StandIn, Strike
from tests.helpers import a_person, an_approved
from tests.services.scene import ANN, BO, CY, DI, MONDAY, STRANGER, Scene


async def put_on_list(unit: Unit, person: people.Person) -> None:
    """On the list."""
    assert await stand_ins.toggle(unit, person)


async def listed(scene: Scene) -> list[int]:
    """Who is on the list, by their row's id."""
    return [row.person_id for row in await scene.all(select(StandIn))]


async def test_on_and_off(units: Units) -> None:
    """One press each; where one stands tells it, in the pool and out of it."""
    async with units.writing("t") as unit:
        zoe = await an_approved(unit, 11, "Zoe")
        assert await partners.standing(unit, zoe) == NoPartner()
        assert await stand_ins.toggle(unit, zoe)
        assert await partners.standing(unit, zoe) == NoPartner(standing_in=True)
        assert await partners.status(unit, zoe) == PartnerStatus("on_call")
        await pool.join(unit, zoe)
        assert await partners.standing(unit, zoe) == InPool(unit.now, "UTC", standing_in=True)
        assert await partners.status(unit, zoe) == PartnerStatus("pool")
        assert not await stand_ins.toggle(unit, zoe)
        events = await unit.tx.all(
            select(Audit.event).where(Audit.subject == f"person:{zoe.id}").order_by(Audit.id)
        )
        assert [event for event in events if event.startswith("stand_ins")] == [
            "stand_ins.joined",
            "stand_ins.left",
        ]


async def test_who_may_be_on_it(scene: Scene) -> None:
    """Approved, agreed, and without a partner: as for the pool."""
    async with scene.units.writing("t") as unit:
        with pytest.raises(NotApprovedYet):
            await stand_ins.join(unit, await a_person(unit, 91))
        doubter = await an_approved(unit, 92)
        await onboarding.answer_consent(unit, doubter, "training", CONSENT_VERSION, agree=False)
        with pytest.raises(ConsentLapsed):
            await stand_ins.join(unit, doubter)
    with pytest.raises(HasPartner):
        await scene.act(ANN, stand_ins.join)
    assert await listed(scene) == []


async def test_a_rescue_asks_who_is_on_the_list(scene: Scene) -> None:
    """Though not in the pool; a yes of both makes them partners, and nobody with a partner stays on the list."""
    booking = await scene.booked(1)
    await scene.act(STRANGER, put_on_list)
    await scene.act(ANN, rescue.leave, booking)
    for who in (BO, STRANGER):
        card = await scene.last(who, kind=ProposalCard)
        assert isinstance(card, ProposalCard)
        assert (card.via, card.standing_in) == ("rescue", who == STRANGER)
        await scene.act(who, matches.answer, card.proposal_id, agree=True)
    assert isinstance(await scene.last(STRANGER, kind=PairFormed), PairFormed)
    assert (await scene.state(booking), await scene.active(booking)) == ("confirmed", [BO, STRANGER])
    assert await listed(scene) == []


async def test_only_who_can_come_is_asked(scene: Scene) -> None:
    """Neither who has no hours then, nor who is blocked for strikes, nor who is not on the list."""
    booking, other = await scene.booked(1), await scene.booked(3, CY, DI)
    async with scene.units.writing("more people") as unit:
        zoe = await people.by_telegram_id(unit, STRANGER)
        assert zoe is not None
        await put_on_list(unit, zoe)
        await people.change(unit, zoe, hours=[100])
        await put_on_list(unit, struck := await an_approved(unit, 93, "Sid", city="beijing"))
        for one in (booking, other):
            await unit.tx.add(Strike(person_id=struck.id, booking_id=one, kind="no_show", at=unit.now))
        await an_approved(unit, 94, "Nils", city="beijing")
    await scene.act(ANN, rescue.leave, booking)
    assert await scene.all(select(Proposal)) == []


async def test_silence_twice_ends_it(scene: Scene) -> None:
    """Who leaves two such questions unanswered is taken off the list and told so, with the way back."""
    async with scene.units.writing("far ahead") as unit:
        assert unit.now < MONDAY
    await scene.act(STRANGER, put_on_list)
    for slot, why in ((1, "ignored"), (3, "left_list")):
        booking = await scene.booked(slot)
        await scene.act(ANN, rescue.leave, booking)
        card = await scene.last(BO, kind=ProposalCard)
        assert isinstance(card, ProposalCard)
        await scene.forward(minutes=31)
        over = await scene.last(STRANGER, kind=ProposalOver)
        assert over == ProposalOver("rescue", why, "Bo")
        await scene.forward(hours=20)
    assert await listed(scene) == []


async def test_an_answer_starts_the_count_anew(scene: Scene) -> None:
    """A no costs nothing."""
    await scene.act(STRANGER, put_on_list)
    first = await scene.booked(1)
    await scene.act(ANN, rescue.leave, first)
    await scene.forward(minutes=31)
    await scene.forward(hours=20)
    second = await scene.booked(3)
    await scene.act(ANN, rescue.leave, second)
    card = await scene.last(STRANGER, kind=ProposalCard)
    assert isinstance(card, ProposalCard)
    await scene.act(STRANGER, matches.answer, card.proposal_id, agree=False)
    assert len(await listed(scene)) == 1


async def test_who_takes_consent_back_is_off_the_list(units: Units) -> None:
    """With everything else."""
    async with units.writing("t") as unit:
        zoe = await an_approved(unit, 11, "Zoe")
        await put_on_list(unit, zoe)
    async with units.writing("t2") as unit:
        await withdrawal.answer_consent(unit, zoe, "training", CONSENT_VERSION, agree=False)
        assert await unit.tx.all(select(StandIn)) == []
