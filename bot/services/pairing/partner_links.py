"""Invite a friend as a partner by a link: inviting is the inviter's yes, the friend's is asked with a card.

Whoever is through onboarding may invite, approved or not, and whoever opens the link may be new: the
invitation is kept with the one who opened it (`Person.came_by`) until both are approved, and only then asked.
A person has one link out at a time, and it works for one friend.
"""

from dataclasses import replace

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.pairing import Obstacle, Reasons, obstacle
from bot.rules.states import ProposalState
from bot.services import outbox, people
from bot.services.joining import invitations, onboarding
from bot.services.joining.invitations import LASTS, PARTNER, OwnInvitation
from bot.services.messages.partners import (
    InvitationOut,
    InvitationOver,
    InvitationWaits,
    InviteeFound,
    PartnerLink,
    PartnerLinkPicture,
)
from bot.services.pairing import pool
from bot.services.pairing.pairs import partner_of
from bot.services.pairing.proposal_cards import BY_INVITATION, open_ones, seats_of, show
from bot.services.pairing.proposal_ends import Ending, close, end_all
from bot.services.pairing.proposals import Seat, offer
from bot.services.people import Person, first_name
from bot.services.places import zone_of
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Invitation, Proposal


class QuestionsFirst(DomainError):
    """Inviting comes after the questions of onboarding."""


class InviterPaired(DomainError):
    """The one who made the link has a partner by now."""

    name: str


class CannotPair(DomainError):
    """The two cannot be partners, whatever they say: `obstacle` is a `bot.rules.pairing.Obstacle`."""

    name: str
    obstacle: str


async def invite(unit: Unit, person: Person, *, anew: bool = False) -> None:
    """Give the person the one link that invites a friend; `anew` takes back the one that is out.

    It ends the inviter's open proposals and takes them out of the pool: nobody is offered a person who has
    said yes to somebody else. Raises `QuestionsFirst` and `HasPartner`.
    """
    if not person.applying or await onboarding.open_question(unit, person):
        raise QuestionsFirst
    await pool.check_alone(unit, person)
    invitee = await invitee_of(unit, person)
    if invitee is not None and not anew:
        name, ready = first_name(invitee[0]), invitee[1]
        await outbox.send(unit, person.telegram_id, InvitationOut(name, ready))
        return
    left_pool = await pool.leave(unit, person, actor=person.id)
    invitation = await _open_link(unit, person)
    again = invitation is not None and not anew
    if invitation is None or anew:
        await _take_back(unit, person, "other")
        await invitations.create(unit, person, PARTNER)
        invitation = await _open_link(unit, person)
    await end_all(unit, person, keep=BY_INVITATION)
    if invitation is not None:
        await _send_link(unit, person, invitation, again=again, left_pool=left_pool)


async def _open_link(unit: Unit, person: Person) -> Invitation | None:
    return await unit.tx.first(
        select(Invitation)
        .where(Invitation.created_by == person.id, Invitation.kind == PARTNER)
        .where(col(Invitation.used_by).is_(None), col(Invitation.revoked_at).is_(None))
        .where(col(Invitation.expires_at) > unit.now)
    )


async def _send_link(
    unit: Unit, person: Person, invitation: Invitation, *, again: bool, left_pool: bool
) -> None:
    link = invitations.link(unit, invitation.token)
    words = PartnerLink(
        link=link,
        expires_at=invitation.expires_at or unit.now + LASTS,
        zone=await zone_of(unit, person),
        again=again,
        approved=person.approved_at is not None,
        left_pool=left_pool,
    )
    await outbox.send(unit, person.telegram_id, words)
    await outbox.send(unit, person.telegram_id, PartnerLinkPicture(link))


# --- whom a link brought together


async def invitee_of(unit: Unit, person: Person) -> tuple[Person, bool] | None:
    """Who opened the person's link and has not answered; and whether they have the question already."""
    for proposal in await open_ones(unit, person, BY_INVITATION):
        for person_id, seat in (await seats_of(unit, proposal)).items():
            if person_id != person.id and not seat.answer:
                return await people.by_id(unit, person_id), True
    waiting = await _waiting_for(unit, person)
    return (waiting[0], False) if waiting else None


async def inviter_of(unit: Unit, person: Person) -> Person | None:
    """Whose invitation waits until this person and the inviter are approved."""
    invitation = await unit.tx.get(Invitation, person.came_by) if person.came_by else None
    return await people.by_id(unit, invitation.created_by) if invitation else None


async def invited_to(unit: Unit, person: Person) -> list[Proposal]:
    """The friends' invitations that the person can answer now."""
    return [
        proposal
        for proposal in await open_ones(unit, person, BY_INVITATION)
        if not (await seats_of(unit, proposal))[person.id].answer
    ]


_LINKS = select(Invitation.id).where(
    Invitation.created_by == bindparam("person_id"), Invitation.kind == PARTNER
)
CAME = Prepared(select(Person).where(col(Person.came_by).in_(_LINKS)).order_by(col(Person.id)))


async def _waiting_for(unit: Unit, person: Person) -> list[Person]:
    """Those who opened a link of this person and are kept waiting until both are approved."""
    return list(await unit.tx.all(CAME, person_id=person.id))


# --- opening a link


async def opened(unit: Unit, person: Person, invitation: Invitation) -> bool:
    """Somebody opened a partner's link; True if they have a card to answer now, False if it waits.

    Raises `OwnInvitation`, `HasPartner`, `InviterPaired`, `InvitationUsed`, `InvitationExpired` and
    `CannotPair`; none of these uses the link up.
    """
    inviter = await people.by_id(unit, invitation.created_by)
    if inviter.id == person.id:
        raise OwnInvitation
    await pool.check_alone(unit, person)
    if await partner_of(unit, inviter) is not None:
        raise InviterPaired(first_name(inviter))
    if person.came_by == invitation.id:
        return await _settle(unit, invitation, inviter, person)
    for proposal in await invited_to(unit, person):
        if invitation.used_by == person.id and inviter.id in await seats_of(unit, proposal):
            await show(unit, proposal, person)
            return True
    invitations.check_usable(unit, invitation)
    against = await _against(unit, inviter, person)
    if against is not None:
        raise CannotPair(first_name(inviter), against.value)
    await invitations.use(unit, person, invitation)
    await onboarding.begin(unit, person)
    return await _settle(unit, invitation, inviter, person)


async def ready(unit: Unit, person: Person) -> None:
    """The person is approved: what waited for that, invitations from and to them, is asked now."""
    if person.came_by is not None:
        invitation = await unit.tx.one(select(Invitation).where(Invitation.id == person.came_by))
        inviter = await people.by_id(unit, invitation.created_by)
        await _settle(unit, invitation, inviter, person)
    for invitee in await _waiting_for(unit, person):
        invitation = await unit.tx.one(select(Invitation).where(Invitation.id == invitee.came_by))
        if await pool.may_pair(unit, invitee):
            await _settle(unit, invitation, person, invitee)


async def _settle(unit: Unit, invitation: Invitation, inviter: Person, invitee: Person) -> bool:
    """Ask the invitee if both are approved, else keep the invitation; both are told which. True if asked."""
    missing = not await pool.may_pair(unit, invitee), not await pool.may_pair(unit, inviter)
    about = f"invitation:{invitation.id}"
    if any(missing):
        await people.change(unit, invitee, came_by=invitation.id)
        waits = InvitationWaits(first_name(inviter), *missing)
        await outbox.send(unit, invitee.telegram_id, waits)
        found = InviteeFound(first_name(invitee), ready=False)
        await outbox.send(unit, inviter.telegram_id, found, about=f"{about}:opened")
        return False
    await people.change(unit, invitee, came_by=None)
    against = await _against(unit, inviter, invitee)
    if against is not None:
        for one, other in ((inviter, invitee), (invitee, inviter)):
            over = InvitationOver(first_name(other), against.value)
            await outbox.send(unit, one.telegram_id, over, about=f"{about}:over")
        return False
    seats = (Seat(invitee, Reasons(())), Seat(inviter, Reasons(()), answer=True))
    await offer(unit, BY_INVITATION, seats, expires_at=unit.now + LASTS)
    found = InviteeFound(first_name(invitee), ready=True)
    await outbox.send(unit, inviter.telegram_id, found, about=f"{about}:asked")
    return True


async def _against(unit: Unit, inviter: Person, invitee: Person) -> Obstacle | None:
    """What rules two friends out: every must but hours and an earlier no, which their own wish outweighs."""
    one, other = (
        replace(candidate, declined=frozenset(), availability=None)
        for candidate in await pool.candidates(unit, [(inviter, unit.now), (invitee, unit.now)])
    )
    return obstacle(one, other, unit.policy.pairing)


# --- taking back


async def cut(unit: Unit, person: Person, why: str) -> None:
    """The person is not to be had any more (`InvitationOver.why`): no link of theirs works, none waits."""
    await _take_back(unit, person, why)
    if person.came_by is not None:
        await people.change(unit, person, came_by=None)


async def _take_back(unit: Unit, person: Person, why: str) -> None:
    """Take back the person's links that did not lead to a pair; those who opened one are told."""
    for proposal in await open_ones(unit, person, BY_INVITATION):
        for person_id, seat in (await seats_of(unit, proposal)).items():
            if person_id != person.id and not seat.answer:
                endings = {person.id: Ending("over"), person_id: Ending("over", "gone")}
                await close(unit, proposal, ProposalState.EXPIRED, endings, actor=person.id)
    for invitee in await _waiting_for(unit, person):
        about = f"invitation:{invitee.came_by}:over"
        await people.change(unit, invitee, came_by=None)
        over = InvitationOver(first_name(person), why)
        await outbox.send(unit, invitee.telegram_id, over, about=about)
    await unit.tx.change(
        update(Invitation)
        .where(col(Invitation.created_by) == person.id, col(Invitation.kind) == PARTNER)
        .where(col(Invitation.used_by).is_(None), col(Invitation.revoked_at).is_(None))
        .values(revoked_at=unit.now)
    )
