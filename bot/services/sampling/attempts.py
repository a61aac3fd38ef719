"""How many samples somebody may still send."""

from sqlmodel import col, select

from bot.rules.attempts import Attempts, attempts
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Sample


async def attempts_of(unit: Unit, person: Person) -> Attempts:
    """The attempts a person has left, by the samples that count."""
    used = await unit.tx.all(
        select(Sample.created_at).where(Sample.person_id == person.id, col(Sample.counted))
    )
    return attempts(unit.policy.sample, used, unit.now)
