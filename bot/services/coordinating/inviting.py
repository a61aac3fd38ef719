"""Coordinators' invitations into a role."""

from bot.rules.commands import Invite
from bot.rules.roles import Role
from bot.services.joining import invitations, onboarding
from bot.services.messages.people import CityChoice
from bot.services.messages.studios import AskInvitation, InviteLink
from bot.services.people import Person
from bot.services.studio import studios
from bot.services.unit import Unit


async def choose(unit: Unit, *, staff: bool = False) -> AskInvitation:
    """Whom shall the link be for; for `staff`: of which city? Then raises `NoStudioYet` if there is none."""
    if staff:
        return AskInvitation(cities=await studios.choices(unit), staff=True)
    cities = await onboarding.cities(unit)
    return AskInvitation(cities=tuple(CityChoice(city.code, city.names) for city in cities))


async def invite(unit: Unit, person: Person, wanted: Invite) -> InviteLink:
    """Make a one-time link into a role; raises `UnknownCity` and `NoStudioYet` for staff."""
    names = (await studios.city(unit, wanted.city)).names if wanted.city else {}
    token = await invitations.create(unit, person, Role(wanted.role).value, city=wanted.city or "")
    return InviteLink(
        wanted.role, invitations.link(unit, token), invitations.LASTS.days, wanted.city or "", names
    )
