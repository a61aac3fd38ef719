"""Where somebody stands on the way to a partner, for `/partner` and for `/status`."""

import pytest

from bot.rules.pairing import Reasons
from bot.services import people
from bot.services.joining import invitations
from bot.services.messages import Message
from bot.services.messages.partners import (
    Contact,
    HavePartner,
    InPool,
    NoPartner,
    Other,
    PartnerLater,
    ProposalCard,
    WhyNoPartner,
)
from bot.services.messages.status import PartnerStatus
from bot.services.pairing import pairs, partner_links, partners, pool, proposals
from bot.services.pairing.matches import answer
from bot.services.pairing.pool import HasPartner
from bot.services.pairing.proposals import Seat
from bot.services.people import Person
from bot.services.unit import Unit, Units
from storage.tables import Invitation
from tests.helpers import NOON, a_sample, an_approved, told


async def shown(units: Units, person: Person) -> list[Message]:
    """What `/partner` answers."""
    before = len(await told(units, person.telegram_id))
    async with units.writing(f"look {person.id} {before}") as unit:
        await partners.show(unit, person)
    return (await told(units, person.telegram_id))[before:]


async def status(units: Units, person: Person) -> PartnerStatus:
    """The line of `/status`."""
    async with units.reading() as look:
        return await partners.status(look, person)


async def invite(unit: Unit, inviter: Person) -> Invitation:
    """A link of somebody's."""
    token = await invitations.create(unit, inviter, invitations.PARTNER)
    return await invitations.find(unit, token)


async def test_before_the_approval_the_next_step_is_named(units: Units) -> None:
    """A sample, or patience; and whose invitation waits, and who waits for one's own."""
    async with units.writing("t") as unit:
        ann = await an_approved(unit, 11, "Ann", approved_at=None)
        bo = await an_approved(unit, 12, "Bo")
    assert await shown(units, ann) == [PartnerLater("sample")]
    assert await status(units, ann) == PartnerStatus("none")
    async with units.writing("t2") as unit:
        await a_sample(unit, ann)
        await partner_links.opened(unit, ann, await invite(unit, bo))
    assert await shown(units, ann) == [PartnerLater("verdict", invited_by="Bo")]
    assert await status(units, ann) == PartnerStatus("waits", "Bo")
    assert await shown(units, bo) == [NoPartner(invited="Ann")]
    assert await status(units, bo) == PartnerStatus("invited", "Ann")


async def test_from_nobody_to_a_partner(units: Units) -> None:
    """None, in the pool, asked, waiting for the other, a pair: each with its own answer."""
    async with units.writing("t") as unit:
        ann = await an_approved(unit, 11, "Ann", username="annie")
        bo = await an_approved(unit, 12, "Bo")
    assert await shown(units, ann) == [NoPartner()]
    assert await status(units, ann) == PartnerStatus("none")
    async with units.writing("t2") as unit:
        await pool.join(unit, ann)
        await pool.join(unit, bo)
    assert await shown(units, ann) == [InPool(NOON, "UTC")]
    assert await status(units, ann) == PartnerStatus("pool")
    await proposals.solve_pool(units, 1)
    (card,) = await shown(units, ann)
    assert isinstance(card, ProposalCard)
    assert (card.proposal_id, card.state) == (1, "ask")
    assert await status(units, ann) == PartnerStatus("asked", "Bo")
    async with units.writing("t3") as unit:
        assert await partners.why(unit, ann) is None
        await answer(unit, ann, 1, agree=True)
    (card,) = await shown(units, ann)
    assert isinstance(card, ProposalCard)
    assert card.state == "yes"
    async with units.writing("t4") as unit:
        await answer(unit, bo, 1, agree=True)
        with pytest.raises(HasPartner):
            await partners.why(unit, ann)
    assert await shown(units, bo) == [HavePartner(Other("Ann", ("en",)), Contact(11, "annie"))]
    assert await status(units, bo) == PartnerStatus("pair", "Ann")


async def test_a_friends_card_is_shown_beside_the_pool(units: Units) -> None:
    """Somebody looking has both: the invitation to answer and their place."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11, "Ann"), await an_approved(unit, 12, "Bo")
        await pool.join(unit, ann)
        await partner_links.opened(unit, ann, await invite(unit, bo))
    card, place = await shown(units, ann)
    assert isinstance(card, ProposalCard)
    assert (card.via, place) == ("invitation", InPool(NOON, "UTC"))
    assert await status(units, ann) == PartnerStatus("asked", "Bo")


async def test_why_none_counts_those_who_are_busy_too(units: Units) -> None:
    """Two of three are looking at a proposal: they may be free again soon."""
    async with units.writing("t") as unit:
        ann, bo, cy = [await an_approved(unit, n) for n in (11, 12, 13)]
        for person in (ann, bo, cy):
            await pool.join(unit, person)
        seats = (Seat(bo, Reasons(())), Seat(cy, Reasons(())))
        await proposals.offer(unit, "pool", seats, expires_at=None)
        why = await partners.why(unit, ann)
    assert why == WhyNoPartner(
        "nobody_waiting", 0, 0, 0, 0, 0, 0, 0, in_proposals=2, next_round=NOON + pool.SOON
    )


async def test_a_stranger_is_named_by_the_first_word_of_their_name(units: Units) -> None:
    """Telegram's name until there is another, and never more than its first word."""
    async with units.writing("t") as unit:
        ann = await people.arrive(unit, people.Visitor(11, "Ann van der Berg"))
        assert people.first_name(ann) == "Ann"
        await people.change(unit, ann, name="王芳")
        assert people.first_name(ann) == "王芳"
        assert await pairs.partner_of(unit, ann) is None


async def test_a_pair_that_is_offered_a_stand_in_sees_both(units: Units) -> None:
    """The question is not lost because there is a partner."""
    async with units.writing("t") as unit:
        ann, bo, cy = [await an_approved(unit, n, name) for n, name in ((11, "Ann"), (12, "Bo"), (13, "Cy"))]
        await pairs.form(unit, ann, bo, "pool")
        seats = (Seat(ann, Reasons(())), Seat(cy, Reasons(())))
        await proposals.offer(unit, "rescue", seats, expires_at=None)
    card, pair = await shown(units, ann)
    assert isinstance(card, ProposalCard)
    assert (card.via, card.other.name) == ("rescue", "Cy")
    assert pair == HavePartner(Other("Bo", ("en",)), Contact(12))
