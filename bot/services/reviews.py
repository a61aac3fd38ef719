"""Review: who hears a sample, what they vote, and what is decided."""

from bot.services.unit import Unit
from storage.tables import Sample


async def start(unit: Unit, sample: Sample) -> None:
    """Bring a queued sample to its panel."""
