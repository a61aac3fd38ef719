"""Who belongs to an audience, as conditions on the table of people."""

from typing import Any, get_args

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, func, or_, select

from bot.rules.commands import Audience
from bot.rules.onboarding import REQUIRED_PURPOSES
from bot.rules.roles import Role
from bot.services.messages.broadcasts import Circle
from bot.services.unit import Unit
from storage.tables import Consent, PairMember, Person, RoleGrant, Seeker

AUDIENCES: tuple[str, ...] = get_args(Audience)
"""Every audience, from the largest to the smallest."""


async def head_count(unit: Unit, circle: Circle) -> int:
    """How many people of a circle can be written to now."""
    return int(await unit.tx.one(select(func.count()).select_from(Person).where(*members(circle))))


def members(circle: Circle) -> list[Any]:
    """The conditions on `Person` for a circle.

    Who cannot be reached is left out: to them it would fail, and they did not ask to hear from us. So are
    those who took a needed consent back, unless they work here: nobody is invited after leaving.
    """
    conditions = [col(Person.reachable), *_kind(circle)]
    if circle.audience not in (Role.REVIEWER + "s", Role.STAFF):
        conditions.append(or_(~_withdrew(), _holds()))
    if circle.language:
        conditions.append(func.coalesce(col(Person.language), col(Person.language_hint)) == circle.language)
    if circle.city and circle.audience != Role.STAFF:
        conditions.append(col(Person.city) == circle.city)
    return conditions


def _kind(circle: Circle) -> list[Any]:
    waiting = exists().where(col(Seeker.person_id) == col(Person.id))
    paired = exists().where(col(PairMember.person_id) == col(Person.id), col(PairMember.active))
    kinds: dict[str, list[Any]] = {
        "all": [or_(col(Person.language).is_not(None), _holds())],
        "applicants": [col(Person.applying)],
        "approved": [col(Person.approved_at).is_not(None)],
        "waiting": [waiting],
        "paired": [paired],
        "reviewers": [_holds(Role.REVIEWER)],
        "staff": [_holds(Role.STAFF, circle.city)],
    }
    return kinds[circle.audience]


def _holds(role: Role | None = None, city: str = "") -> Any:
    """Whether a person holds a role (any, if none is named), in a city if one is."""
    held: Any = exists().where(col(RoleGrant.person_id) == col(Person.id))
    if role is not None:
        held = held.where(col(RoleGrant.role) == role.value)
    if city:
        held = held.where(col(RoleGrant.city) == city)
    return held


def _withdrew() -> Any:
    """Whether the newest answer to any purpose that is needed is a no."""
    later = aliased(Consent)
    newer = exists().where(
        col(later.person_id) == col(Consent.person_id),
        col(later.purpose) == col(Consent.purpose),
        col(later.id) > col(Consent.id),
    )
    return exists().where(
        col(Consent.person_id) == col(Person.id),
        col(Consent.purpose).in_([purpose.value for purpose in REQUIRED_PURPOSES]),
        ~col(Consent.agreed),
        ~newer,
    )
