"""Writing columns of a sample, as every step of its way does."""

from sqlmodel import col, update

from bot.services.unit import Unit
from storage.tables import Sample


async def set_columns(unit: Unit, sample: Sample, **values: object) -> None:
    """Write these columns of a sample, here and in the database."""
    await unit.tx.change(update(Sample).where(col(Sample.id) == sample.id).values(**values))
    for name, value in values.items():
        setattr(sample, name, value)
