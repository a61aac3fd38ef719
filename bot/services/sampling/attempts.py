"""How many samples somebody may still send."""

from sqlalchemy import bindparam
from sqlmodel import col, select

from bot.rules.attempts import Attempts, attempts
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Sample

USED = Prepared(
    select(Sample.created_at).where(Sample.person_id == bindparam("person_id"), col(Sample.counted))
)


async def attempts_of(unit: Unit, person: Person) -> Attempts:
    """The attempts a person has left, by the samples that count."""
    used = await unit.tx.all(USED, person_id=person.id)
    return attempts(unit.policy.sample, used, unit.now)
