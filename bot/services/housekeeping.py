"""What was done long ago is forgotten: updates, messages, jobs and timers, after `[retention] chat_log`.

Once a day, in small steps, each a timer of its own. What failed stays until somebody has dealt with it, and so
does what others still refer to. The newest row of each table stays too: the database would give its number to
the next one, and messages are named after numbers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, delete, exists, func, select

from bot.services.timers import drop_timers, set_timer
from bot.services.unit import Unit
from storage.tables import InboxRow, Job, OutboxRow, Timer

log = structlog.get_logger()

EVERY = timedelta(days=1)
STEP = 200
"""Rows looked at in one step: people wait for the write lock meanwhile."""

AT_LEAST = timedelta(days=2)
"""However short the policy's time is: Telegram may bring an update again for a day, and its row is what tells."""

KIND, SUBJECT = "tidy", "house"


@dataclass(frozen=True)
class _Log:
    """One table: when a row began, the moments that must lie back as well, and which rows are done with."""

    table: type[SQLModel]
    begun: Any
    ended: tuple[Any, ...]
    done: tuple[Any, ...]


_edit = aliased(OutboxRow)
_LOGS = (
    _Log(
        InboxRow,
        col(InboxRow.received_at),
        (func.coalesce(col(InboxRow.done_at), col(InboxRow.received_at)),),
        (col(InboxRow.state).in_(("done", "dropped", "unread")),),
    ),
    _Log(
        OutboxRow,
        col(OutboxRow.created_at),
        (func.coalesce(col(OutboxRow.sent_at), col(OutboxRow.created_at)),),
        (
            col(OutboxRow.state).in_(("sent", "blocked", "failed", "uncertain", "cancelled")),
            ~exists().where(col(_edit.edits) == col(OutboxRow.id)),
        ),
    ),
    _Log(
        Job,
        col(Job.created_at),
        (func.coalesce(col(Job.done_at), col(Job.run_at)),),
        (col(Job.state) == "done",),
    ),
    _Log(
        Timer,
        col(Timer.created_at),
        (col(Timer.due_at), col(Timer.happens_at)),
        (col(Timer.state).in_(("done", "dropped")),),
    ),
)


async def begin(unit: Unit) -> None:
    """Let the daily round begin, unless one is planned already or everything is kept for ever."""
    if not unit.policy.retention.chat_log:
        await drop_timers(unit, SUBJECT, [KIND])
        return
    planned = select(Timer.id).where(Timer.subject == SUBJECT, Timer.kind == KIND, Timer.state == "pending")
    if await unit.tx.first(planned) is None:
        await _go_on(unit, unit.now + EVERY / 24)


async def tidy(unit: Unit, timer: Timer) -> None:
    """One step of the round: forget what is old among the next rows of one table."""
    keep = unit.policy.retention.chat_log
    if not keep:
        return
    before = unit.now - max(keep, AT_LEAST)
    number = timer.data["log"]
    last = await _forget(unit, _LOGS[number], before, timer.data["after"])
    if last is not None:
        await _go_on(unit, unit.now, number, last)
    elif number + 1 < len(_LOGS):
        await _go_on(unit, unit.now, number + 1)
    else:
        await _go_on(unit, unit.now + EVERY)


async def _go_on(unit: Unit, due_at: datetime, log_: int = 0, after: int = 0) -> None:
    nearness = due_at + EVERY  # whatever else is due at the same time goes first
    await set_timer(unit, KIND, SUBJECT, due_at, happens_at=nearness, log=log_, after=after)


async def _forget(unit: Unit, log_: _Log, before: datetime, after: int) -> int | None:
    """Forget old rows behind the id `after`; gives the last id looked at, None if there is nothing old behind it."""
    key: Any = log_.table.id  # type: ignore[attr-defined]
    rows = await unit.tx.all(columns(key, log_.begun).where(key > after).order_by(key).limit(STEP))
    old = [row_id for row_id, begun in rows if begun < before]
    if old:
        newest = select(func.max(key)).scalar_subquery()
        forgotten = await unit.tx.change(
            delete(log_.table)
            .where(key > after, key <= old[-1], key < newest)
            .where(log_.begun < before, *(moment < before for moment in log_.ended), *log_.done)
        )
        if forgotten:
            log.info("house.forgotten", table=log_.table.__tablename__, rows=forgotten)
    return old[-1] if len(old) == STEP else None
