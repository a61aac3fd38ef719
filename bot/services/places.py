"""Where people are: the zones in which times are told to them."""

from sqlmodel import col, select

from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Studio


async def zone_of(unit: Unit, person: Person) -> str:
    """The IANA zone to tell a person times in: their city's studio's, else any studio's, else UTC."""
    own_first = (col(Studio.city) == (person.city or "")).desc()
    query = select(Studio.zone).order_by(own_first, col(Studio.id)).limit(1)
    return await unit.tx.first(query) or "UTC"
