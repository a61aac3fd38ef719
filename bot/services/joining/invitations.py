"""One-time links: into a role, or to somebody as a partner."""

import secrets
from datetime import timedelta

from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.services import audit, outbox, people
from bot.services.messages.people import RoleWelcome
from bot.services.people import Person
from bot.services.studio import staffing
from bot.services.unit import Unit
from storage.tables import City, Invitation

LASTS = timedelta(days=14)
"""How long a link can be used."""

PARTNER = "partner"


class InvitationUnknown(DomainError):
    """No such link was ever given out."""


class InvitationUsed(DomainError):
    """The link was used already; each works once."""


class InvitationExpired(DomainError):
    """The link is too old, or was taken back."""


class OwnInvitation(DomainError):
    """Somebody opened the link that they made for somebody else."""


async def create(unit: Unit, by: Person, kind: str, *, city: str = "") -> str:
    """Make a link of a kind ("partner" or a role); gives its token, 22 characters that links allow."""
    token = secrets.token_urlsafe(16)
    invitation = await unit.tx.add(
        Invitation(
            token=token,
            kind=kind,
            city=city,
            created_by=by.id,
            created_at=unit.now,
            expires_at=unit.now + LASTS,
        )
    )
    await audit.record(
        unit, f"invitation:{invitation.id}", "invitation.created", actor=by.id, after=kind, city=city
    )
    return token


def link(unit: Unit, token: str) -> str:
    """The link that opens an invitation in Telegram."""
    return f"https://t.me/{unit.house.bot_username}?start={token}"


async def find(unit: Unit, token: str) -> Invitation:
    """The invitation of a token, usable or not; raises `InvitationUnknown`."""
    found = await unit.tx.first(select(Invitation).where(Invitation.token == token))
    if found is None:
        raise InvitationUnknown
    return found


def check_usable(unit: Unit, invitation: Invitation) -> None:
    """Raises `InvitationUsed` or `InvitationExpired` unless somebody can still use it."""
    if invitation.used_by is not None:
        raise InvitationUsed
    too_old = invitation.expires_at is not None and invitation.expires_at <= unit.now
    if invitation.revoked_at is not None or too_old:
        raise InvitationExpired


async def use(unit: Unit, person: Person, invitation: Invitation) -> None:
    """Use an invitation up; raises `InvitationUsed` if somebody else was first."""
    used = await unit.tx.change(
        update(Invitation)
        .where(col(Invitation.id) == invitation.id, col(Invitation.used_by).is_(None))
        .values(used_by=person.id, used_at=unit.now)
    )
    if not used:
        raise InvitationUsed
    await audit.record(
        unit, f"invitation:{invitation.id}", "invitation.used", actor=person.id, after=invitation.kind
    )


async def accept_role(unit: Unit, person: Person, invitation: Invitation) -> None:
    """Become what the link makes of one; the role is held from this moment.

    The link is worth as much as who made it: it ends with their being a coordinator.
    Raises `InvitationUsed` and `InvitationExpired`.
    """
    check_usable(unit, invitation)
    maker = await people.by_id(unit, invitation.created_by)
    if Role.COORDINATOR not in await people.roles_of(unit, maker):
        raise InvitationExpired
    await use(unit, person, invitation)
    await people.grant(unit, person, Role(invitation.kind), city=invitation.city, by=invitation.created_by)
    city = await unit.tx.get(City, invitation.city) if invitation.city else None
    welcome = RoleWelcome(role=invitation.kind, city_names=city.names if city else {})
    await outbox.send(unit, person.telegram_id, welcome)
    if invitation.kind == Role.STAFF:
        await staffing.newcomer(unit, person, invitation.city)
