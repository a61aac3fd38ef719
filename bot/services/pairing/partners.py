"""Where somebody stands on the way to a partner (搭子), and what an approval sets free."""

from collections.abc import Sequence

from sqlmodel import col, select

from bot.rules.advice import advice
from bot.rules.onboarding import LANGUAGES
from bot.rules.pairing import Candidate, why_none
from bot.rules.states import LIVE_SAMPLES
from bot.services import outbox
from bot.services.joining import onboarding
from bot.services.messages import Message
from bot.services.messages.partners import (
    Contact,
    HavePartner,
    Help,
    InPool,
    NoPartner,
    PartnerLater,
    WhyNoPartner,
)
from bot.services.messages.status import PartnerStatus
from bot.services.pairing import pairs, partner_links, pool, proposal_cards, stand_ins, weeks
from bot.services.pairing.proposal_cards import as_other
from bot.services.people import Person, first_name
from bot.services.places import zone_of
from bot.services.unit import Unit
from storage.tables import Sample


async def approved(unit: Unit, person: Person) -> None:
    """To be called when a person is approved: invitations that waited for that are asked now."""
    await partner_links.ready(unit, person)


async def show(unit: Unit, person: Person) -> None:
    """Tell the person where they stand, with what they can do next; open questions are shown again."""
    alone = await pairs.active_pair(unit, person) is None
    proposal = await proposal_cards.open_proposal(unit, person)
    invitations = await partner_links.invited_to(unit, person) if alone else []
    for card in [*invitations, proposal] if proposal else invitations:
        await proposal_cards.show(unit, card, person)
    if alone and (proposal or (invitations and await pool.since(unit, person) is None)):
        return
    await outbox.send(unit, person.telegram_id, await standing(unit, person))


async def standing(unit: Unit, person: Person) -> Message:
    """Where the person stands, but for proposals."""
    partner = await pairs.partner_of(unit, person)
    if partner is not None:
        return HavePartner(as_other(partner), contact_of(partner))
    invitee = await partner_links.invitee_of(unit, person)
    invited = first_name(invitee[0]) if invitee else ""
    if not await pool.may_pair(unit, person):
        inviter = await partner_links.inviter_of(unit, person)
        under_way = select(Sample.id).where(
            Sample.person_id == person.id, col(Sample.state).in_(LIVE_SAMPLES)
        )
        missing = "verdict" if await unit.tx.first(under_way) else "sample"
        return PartnerLater(missing, first_name(inviter) if inviter else "", invited)
    since = await pool.since(unit, person)
    standing_in = await stand_ins.since(unit, person) is not None
    if since is None:
        return NoPartner(invited, standing_in)
    cells = None if person.hours is None else weeks.cells_of(person)
    return InPool(since, await zone_of(unit, person), invited, cells, standing_in)


def contact_of(person: Person) -> Contact:
    """How to write to a person; for their partner only."""
    return Contact(person.telegram_id, person.username)


async def why(unit: Unit, person: Person, *, helps: bool = True) -> WhyNoPartner | None:
    """Why there is no proposal yet, and what `helps`, if that is wanted too: it takes longer.

    None if there is one. Raises `HasPartner` and `NotInPool`.
    """
    await pool.check_alone(unit, person)
    if await proposal_cards.open_proposal(unit, person):
        return None
    own, everybody = await pool.seen_by(unit, person)
    found = why_none(own, everybody, unit.policy.pairing)
    return WhyNoPartner(
        reason=found.reason.value,
        others=found.others,
        other_cities=found.other_cities,
        no_common_language=found.no_common_language,
        no_common_hours=found.no_common_hours,
        met_before=found.met_before,
        ruled_out=found.ruled_out,
        possible=found.possible,
        helps=await _helps(unit, own, everybody) if helps and not found.possible else (),
        in_proposals=await pool.in_proposals(unit),
        next_round=await pool.next_round(unit),
        zone=await zone_of(unit, person),
    )


async def _helps(unit: Unit, own: Candidate, everybody: Sequence[Candidate]) -> tuple[Help, ...]:
    """What the person could change, the best first, with a city's names beside its code."""
    cities = {city.code: city.names for city in await onboarding.cities(unit)}
    found = advice(own, everybody, unit.policy.pairing, languages=LANGUAGES, cities=cities)
    return tuple(Help(one.change.value, one.value, one.more, cities.get(one.value, {})) for one in found)


async def status(unit: Unit, person: Person) -> PartnerStatus:
    """The same in a word, for `/status`."""
    partner = await pairs.partner_of(unit, person)
    if partner is not None:
        return PartnerStatus("pair", first_name(partner))
    proposal = await proposal_cards.open_proposal(unit, person)
    asked = [*(await partner_links.invited_to(unit, person)), *([proposal] if proposal else [])]
    if asked:
        other = await proposal_cards.other_of(unit, asked[-1], person)
        return PartnerStatus("asked", first_name(other))
    invitee = await partner_links.invitee_of(unit, person)
    if invitee is not None:
        return PartnerStatus("invited", first_name(invitee[0]))
    if await pool.since(unit, person) is not None:
        return PartnerStatus("pool")
    if await stand_ins.since(unit, person) is not None:
        return PartnerStatus("on_call")
    inviter = await partner_links.inviter_of(unit, person)
    return PartnerStatus("waits", first_name(inviter)) if inviter else PartnerStatus("none")
