"""Which messages go next: the most urgent first, within an urgency those about what happens soonest."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Integer, String, bindparam, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select, update

from bot.delivery.budget import Budget
from bot.delivery.crew import Crew
from bot.delivery.settle import if_uncertain_of, write
from bot.logs import redact
from bot.services.messages import IfUncertain, Lane, load
from bot.services.ports import Outgoing
from bot.services.unit import Unit
from storage.database import Prepared
from storage.functions import NumbersIn
from storage.tables import OutboxRow, Person, ReviewGroup

log = structlog.get_logger()

PERSON: Prepared[Any] = Prepared(
    select(Person.language, Person.language_hint, Person.reachable).where(
        Person.telegram_id == bindparam("chat_id")
    )
)
GROUP: Prepared[Any] = Prepared(
    select(ReviewGroup.language).where(ReviewGroup.chat_id == bindparam("chat_id"))
)
SENDING: Prepared[Any] = Prepared(
    update(OutboxRow)
    .where(col(OutboxRow.id) == bindparam("row_id"))
    .values(state="sending", attempts=OutboxRow.attempts + 1)
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is "sending" once this commit stands, and what to deliver for it."""

    row: OutboxRow
    outgoing: Outgoing


QUEUED = literal("queued", literal_execute=True)
"""Written out: an index of the queued rows alone is of use only to a statement that says so itself."""

_original = aliased(OutboxRow)
_BUSY = NumbersIn(bindparam("busy", type_=String))
_MAY_GO = (
    select(OutboxRow)
    .outerjoin(_original, col(OutboxRow.edits) == col(_original.id))
    .where(col(OutboxRow.state) == QUEUED)
    .where(OutboxRow.lane >= bindparam("from_lane"), OutboxRow.lane <= bindparam("to_lane"))
    .where(or_(col(OutboxRow.not_before).is_(None), col(OutboxRow.not_before) <= bindparam("now")))
    # An edit never overtakes its message.
    .where(or_(col(OutboxRow.edits).is_(None), col(_original.state).not_in(["sending", "queued"])))
    .where(col(OutboxRow.chat_id).bool_op("NOT IN")(_BUSY))
    .limit(bindparam("most", type_=Integer))
)
URGENT: Prepared[OutboxRow] = Prepared(
    _MAY_GO.order_by(col(OutboxRow.lane), col(OutboxRow.happens_at), col(OutboxRow.id))
)
OLDEST: Prepared[OutboxRow] = Prepared(_MAY_GO.order_by(col(OutboxRow.id)))


async def candidates(
    unit: Unit, busy: Iterable[int], most: int, *, fair: bool = False, broad: bool = True
) -> Sequence[OutboxRow]:
    """The rows that may go to chats that are not busy, the next one first, at most `most`.

    `fair`: from the lane of the oldest one on, so that urgency starves nobody. Not `broad`: without the lane that
    everything else goes before.
    """
    facts = {
        "from_lane": min(Lane),
        "to_lane": max(Lane) if broad else Lane.BROADCAST - 1,
        "now": unit.now,
        "busy": json.dumps(list(busy)),
    }
    if fair and (oldest := await unit.tx.first(OLDEST, most=1, **facts)):
        facts["from_lane"] = oldest.lane  # in its lane the nearest still goes first
    return await unit.tx.all(URGENT, most=most, **facts)


async def claim(
    unit: Unit, rows: Sequence[OutboxRow], budget: Budget, room: int, crew: Crew
) -> list[Claimed]:
    """Take those of `rows` that the budget lets go now, at most one a chat and `room` in all.

    What needs no sending any more is settled here. What this program does not know waits, and its chat with it, while
    a newer one lives.
    """
    claimed: list[Claimed] = []
    chats: set[int] = set()
    now = time.monotonic()
    for row in rows:
        if len(claimed) >= room or budget.wait_all(now) > 0:
            break
        broad = row.lane >= Lane.BROADCAST
        if row.chat_id in chats or (broad and budget.wait_broad(now) > 0):
            continue
        try:
            outgoing = await _prepare(unit, row)
        except _UnreadableError as error:
            if await crew.newer_alive(unit.tx):
                chats.add(row.chat_id)
                continue
            log.error("outbox.unreadable", row=row.id, kind=row.kind, exc_info=error.__cause__)
            await write(unit, row, state="failed", error=str(error))
            continue
        if outgoing is None:
            continue
        chats.add(row.chat_id)
        budget.take(row.chat_id, now, in_chat=outgoing.message.in_chat, broad=broad)
        await unit.tx.change(SENDING, row_id=row.id)
        row.attempts += 1
        claimed.append(Claimed(row, outgoing))
    return claimed


MINUTE = timedelta(seconds=61)
"""How far back sendings count in any of Telegram's limits."""

RECENT = 3_000
"""So many of the newest rows are looked through for them: at thirty a second more than a minute's."""


async def remember(unit: Unit, budget: Budget) -> None:
    """Count in a fresh budget what another program sent just now, so that a takeover lets no limit be passed."""
    newest = select(OutboxRow.chat_id, OutboxRow.lane, OutboxRow.sent_at).order_by(col(OutboxRow.id).desc())
    rows = await unit.tx.all(newest.limit(RECENT))
    since, now = unit.now - MINUTE, time.monotonic()
    sent = sorted((sent_at, chat_id, lane) for chat_id, lane, sent_at in rows if sent_at and sent_at > since)
    for sent_at, chat_id, lane in sent:
        ago = max(0.0, (unit.now - sent_at).total_seconds())
        budget.take(chat_id, now - ago, broad=lane >= Lane.BROADCAST)


async def _reader(unit: Unit, chat_id: int) -> tuple[str, bool]:
    """The language to speak in a chat, and whether anything arrives there."""
    if chat_id < 0:
        return await unit.tx.first(GROUP, chat_id=chat_id) or "en", True
    found = await unit.tx.first(PERSON, chat_id=chat_id)
    if found is None:
        return "en", True
    language, hint, reachable = found
    return language or hint, reachable


class _UnreadableError(Exception):
    """A message of a kind, or with facts, that this program does not know."""


async def _prepare(unit: Unit, row: OutboxRow) -> Outgoing | None:
    """What to deliver for a row; None if it needs no sending any more, and then it is settled here."""
    language, reachable = await _reader(unit, row.chat_id)
    end = None
    if row.expires_at is not None and row.expires_at <= unit.now:
        end = ("cancelled", "too late to be of use")
    elif not reachable:
        end = ("blocked", "the person blocked the bot")
    original = await unit.tx.get(OutboxRow, row.edits) if row.edits else None
    edits = original.message_id if original else None
    if end is None and original is not None and edits is None:
        # Nobody knows the message's id: it goes out anew if its kind must arrive.
        lost = original.state in ("uncertain", "sent")
        again = lost and if_uncertain_of(row) is IfUncertain.AGAIN
        end = None if again else ("cancelled", f"its message is {original.state}")
    if end is not None:
        state, reason = end
        await write(unit, row, state=state, error=reason)
        return None
    try:
        return Outgoing(row.chat_id, language, load(row.kind, row.data), edits)
    except Exception as error:
        raise _UnreadableError(redact(repr(error))[:500]) from error
