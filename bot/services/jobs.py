"""Queue long work: it is done outside any transaction and recorded in one of its own."""

from datetime import datetime
from typing import Any

from bot.services.unit import Unit, Wake
from storage.tables import Job


async def add_job(unit: Unit, kind: str, about: str, *, run_at: datetime | None = None, **data: Any) -> bool:
    """Queue a job; False if one of this kind `about` the same is there already."""
    unit.wakes |= Wake.JOBS
    job = Job(kind=kind, about=about, data=data, run_at=run_at or unit.now, created_at=unit.now)
    return bool(await unit.tx.add_new(job))
