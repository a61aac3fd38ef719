"""How a sending ended, written into its row: done, given up, or to go again."""

from typing import Any

import structlog
from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select, update

from bot.services import people
from bot.services.messages import KINDS, IfUncertain
from bot.services.ports import Blocked, Moved, NotSent, Outcome, RetryAfter, Sent, Uncertain
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import Assignment, OutboxRow, ReviewGroup

log = structlog.get_logger()

SENT: Prepared[Any] = Prepared(
    update(OutboxRow)
    .where(col(OutboxRow.id) == bindparam("row_id"))
    .values(state="sent", message_id=bindparam("message_id"), sent_at=bindparam("now"), error="")
)

STANDS_FOR: Prepared[Any] = Prepared(
    update(OutboxRow)
    .where(col(OutboxRow.id) == bindparam("row_id"), col(OutboxRow.message_id).is_(None))
    .values(message_id=bindparam("new_id"))
)

DOUBTS = 4
"""How often a message that must arrive is sent, when each time it stays open whether it did."""


def if_uncertain_of(row: OutboxRow) -> IfUncertain:
    """What becomes of a row when it is open whether it arrived; never again for a kind we do not know."""
    kind = KINDS.get(row.kind)
    return kind.if_uncertain if kind else IfUncertain.NEVER


async def write(unit: Unit, row: OutboxRow, **values: Any) -> None:
    """Write these columns of a row."""
    await unit.tx.change(update(OutboxRow).where(col(OutboxRow.id) == row.id).values(**values))


async def settle(unit: Unit, row: OutboxRow, outcome: Outcome) -> str:
    """Record how the sending of a row ended; gives its state now, "queued" if it goes again."""
    if not isinstance(outcome, Sent):  # what became of it meanwhile counts: taken back, or its chat moved
        row = await unit.tx.get(OutboxRow, row.id) or row
    match outcome:
        case Sent(message_id):
            await unit.tx.change(SENT, row_id=row.id, message_id=message_id, now=unit.now)
            if row.edits is not None:  # if it went out anew, this is the id of the message that it stands for
                await unit.tx.change(STANDS_FOR, row_id=row.edits, new_id=message_id)
            return "sent"
        case Blocked(reason):
            await write(unit, row, state="blocked", error=reason)
            await people.lost(unit, row.chat_id)
            return "blocked"
        case RetryAfter():
            return await _queue_again(unit, row, attempts=max(0, row.attempts - 1))
        case Moved(chat_id):
            state = await _queue_again(unit, row, attempts=max(0, row.attempts - 1))
            await _follow(unit, row.chat_id, chat_id)
            return state
        case NotSent(reason, again):
            if again:
                return await _queue_again(unit, row, attempts=max(0, row.attempts - 1), error=reason)
            await write(unit, row, state="failed", error=reason)
            return "failed"
        case Uncertain(reason):
            return await _doubt(unit, row, reason)


async def _doubt(unit: Unit, row: OutboxRow, reason: str) -> str:
    """The network left it open: the kind decides. An edit may always go again, it changes nothing twice."""
    kind = if_uncertain_of(row)
    again = (
        row.edits is not None
        or kind is IfUncertain.AGAIN
        or (kind is IfUncertain.ONCE_MORE and not row.uncertain)
    ) and row.attempts < DOUBTS
    log.warning("outbox.uncertain", row=row.id, kind=row.kind, again=again, reason=reason)
    marks = {"uncertain": row.edits is None, "error": reason}
    if again:
        return await _queue_again(unit, row, **marks)
    await write(unit, row, state="uncertain", **marks)
    return "uncertain"


async def _queue_again(unit: Unit, row: OutboxRow, **values: Any) -> str:
    """Let a row go again. An edit does not when a newer one waits: only the newest state counts."""
    newer = row.edits is not None and await unit.tx.first(
        select(OutboxRow.id).where(OutboxRow.edits == row.edits, OutboxRow.state == "queued")
    )
    state = "cancelled" if newer else "queued"
    await write(unit, row, state=state, **values)
    return state


async def _follow(unit: Unit, old: int, new: int) -> None:
    """A group became a supergroup: everything of it lives under the new id.

    Messages that it holds already got other ids there, which nobody knows. What is in the new chat already
    (the group was known there before this) is not said twice.
    """
    there = aliased(OutboxRow)
    said = exists().where(col(there.chat_id) == new, col(there.about) == col(OutboxRow.about))
    moving = update(OutboxRow).where(col(OutboxRow.chat_id) == old)
    await unit.tx.change(moving.where(col(OutboxRow.state) == "queued", said).values(state="cancelled"))
    await unit.tx.change(moving.where(~said).values(chat_id=new, message_id=None))
    seats = update(Assignment).where(col(Assignment.in_group) == old)
    await unit.tx.change(seats.values(in_group=new))
    known = await unit.tx.get(ReviewGroup, new)
    groups = update(ReviewGroup).where(col(ReviewGroup.chat_id) == old)
    await unit.tx.change(groups.values(active=False) if known else groups.values(chat_id=new))
