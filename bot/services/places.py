"""Where people are: the zones in which times are told to them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam
from sqlmodel import col, select

from bot.rules.reminders import after_quiet
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Studio

ZONE = Prepared(
    select(Studio.zone).order_by((col(Studio.city) == bindparam("city")).desc(), col(Studio.id)).limit(1)
)


async def zone_of(unit: Unit, person: Person) -> str:
    """The IANA zone to tell a person times in: their city's studio's, else any studio's, else UTC."""
    return await _studio_zone(unit, person) or "UTC"


async def out_of_quiet(unit: Unit, person: Person, at: datetime) -> datetime:
    """`at`, or the end of the quiet hours it lies in by the person's studio; no studio keeps any hours."""
    zone = await _studio_zone(unit, person)
    return after_quiet(at, ZoneInfo(zone), unit.policy.reminders.quiet) if zone else at


async def _studio_zone(unit: Unit, person: Person) -> str | None:
    return await unit.tx.first(ZONE, city=person.city or "")
