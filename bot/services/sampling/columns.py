"""Columns of a sample: how they are written at every step of its way, and what their JSON means."""

from pydantic import TypeAdapter
from sqlmodel import col, update

from bot.rules.audio import Finding
from bot.services.unit import Unit
from storage.tables import Sample

_FINDINGS = TypeAdapter(tuple[Finding, ...])


def findings_of(sample: Sample) -> tuple[Finding, ...]:
    """What the checks found in it."""
    return _FINDINGS.validate_python(sample.findings)


async def set_columns(unit: Unit, sample: Sample, **values: object) -> None:
    """Write these columns of a sample, here and in the database."""
    await unit.tx.change(update(Sample).where(col(Sample.id) == sample.id).values(**values))
    for name, value in values.items():
        setattr(sample, name, value)
