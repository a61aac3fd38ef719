"""What is due when: rows written together with what they are about, removed together with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col, delete

from bot.services.unit import Unit, Wake
from storage.database import Prepared
from storage.tables import Timer

MAY_RING = ("pending", "dropped")
"""States of timers that have not been run and still may: a clock that goes back makes them useful again."""

SOON = timedelta(minutes=1)
"""What is due later than this wakes nobody: the clock looks by itself often enough to plan it in time."""


class TooLate(Exception):
    """Raised by what a timer runs: it is of no use any more. Nothing of it is kept, and the timer is dropped."""


def id_of(timer: Timer) -> int:
    """The id of what a timer is about: its subject is "thing:id"."""
    return int(timer.subject.partition(":")[2])


async def set_timer(
    unit: Unit,
    kind: str,
    subject: str,
    due_at: datetime | None,
    *,
    happens_at: datetime | None = None,
    useful_until: datetime | None = None,
    **data: Any,
) -> None:
    """Let `kind` be run for `subject` ("thing:id") at `due_at`; never, if the policy says None.

    `happens_at` is when that happens which it is about (None: when it is due): of several that are due, the
    nearest goes first. Later than `useful_until` it is not run any more.
    """
    if due_at is None:
        return
    if due_at - unit.now < SOON:
        unit.wakes |= Wake.TIMERS
    await unit.tx.add(
        Timer(
            kind=kind,
            subject=subject,
            due_at=due_at,
            happens_at=happens_at or due_at,
            useful_until=useful_until,
            data=data,
            created_at=unit.now,
        )
    )


_DROPPING = delete(Timer).where(col(Timer.subject) == bindparam("subject"), col(Timer.state).in_(MAY_RING))
DROP: Prepared[Any] = Prepared(_DROPPING)
DROP_KIND: Prepared[Any] = Prepared(_DROPPING.where(col(Timer.kind) == bindparam("kind")))


async def drop_timers(unit: Unit, subject: str, kinds: Iterable[str] = ()) -> int:
    """Remove what has not been run about `subject` (of these kinds only, if any); gives how many."""
    names = list(kinds)
    if not names:
        return await unit.tx.change(DROP, subject=subject)
    return sum([await unit.tx.change(DROP_KIND, subject=subject, kind=kind) for kind in names])


async def ring_soon(unit: Unit, kind: str, subject: str, **data: Any) -> None:
    """Let `kind` be run for `subject` right after this transaction, once however often it is asked for."""
    await drop_timers(unit, subject, [kind])
    await set_timer(unit, kind, subject, unit.now, **data)
