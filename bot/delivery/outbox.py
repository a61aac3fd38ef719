"""Messages out: the most urgent first, within Telegram's limits, in order within a chat, each sent once.

A row is claimed ("sending", committed) before the network is touched and settled after it. A row that is
still "sending" when the program starts was cut off in the air: its kind decides, as after any doubt.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select, update

from bot.delivery.budget import Budget
from bot.delivery.settle import if_uncertain_of, settle, write
from bot.logs import redact
from bot.services.messages import IfUncertain, load
from bot.services.ports import Deliver, NotSent, Outcome, Outgoing, RetryAfter, Uncertain
from bot.services.unit import Unit, Units
from storage.tables import OutboxRow, Person, ReviewGroup

log = structlog.get_logger()

AT_ONCE = 24
"""Messages in the air at the same time, to different chats."""

DOUBT_PAUSE = 1.0
"""Seconds before it goes again, doubled each time; its chat waits meanwhile, so that order is kept."""

OUTAGE_PAUSES = (0.25, 30.0)
"""Seconds of silence after a call that never left this machine: the first, doubled up to the second.

Without a connection nothing can be sent to anybody, so everybody waits and no message uses up a try.
"""

FAIR_EVERY = 8
"""Every so-many-th claim takes the oldest rows, whatever their lane: urgency starves nobody."""

LOOK_EVERY = 1.0
"""Seconds between looks at the table when nobody woke us."""


class Outbox:
    """Sends what is queued."""

    def __init__(self, units: Units, deliver: Deliver, budget: Budget) -> None:
        self._units = units
        self._deliver = deliver
        self._budget = budget
        self._woken = asyncio.Event()
        self._air: dict[int, asyncio.Task[None]] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._claims = 0
        self._outage = 0.0

    def wake(self) -> None:
        """Something was queued."""
        self._woken.set()

    async def start(self) -> None:
        """Settle what a dead run left in the air, then send."""
        async with self._units.writing("outbox start", "outbox.start") as unit:
            cut_off = await unit.tx.all(
                # The newest first: of two edits of one message only the newest may go again.
                select(OutboxRow).where(OutboxRow.state == "sending").order_by(col(OutboxRow.id).desc())
            )
            for row in cut_off:
                await settle(unit, row, Uncertain("the program ended while it was being sent"))
        if cut_off:
            log.warning("outbox.cut_off", rows=len(cut_off))
        self._loop = asyncio.create_task(self._run())

    async def stop(self, grace: float = 4.0) -> None:
        """Claim no more; wait for what is in the air.

        What Telegram has not answered within the grace (seconds) counts as cut off at the next start.
        """
        self._stopping = True
        self.wake()
        if self._loop:
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._air:
            _, late = await asyncio.wait(self._air.values(), timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                claimed = await self._claim()
            except Exception:
                log.exception("outbox.claim_failed")
                claimed = None
            for outgoing, row in claimed or ():
                task = asyncio.create_task(self._send(outgoing, row))
                self._air[row.chat_id] = task
            if claimed is None:
                await self._wait()

    async def _wait(self) -> None:
        now = time.monotonic()
        waits = [LOOK_EVERY, *self._budget.spent(now).values()]
        if (held := self._budget.wait_all(now)) > 0:
            waits = [held]
        try:
            async with asyncio.timeout(max(0.001, min(waits))):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _claim(self) -> list[tuple[Outgoing, OutboxRow]] | None:
        """Take the next rows that may go now, at most one a chat; they are "sending" when this returns.

        None if nothing may go now; an empty list if all that was met needed no sending any more.
        """
        now = time.monotonic()
        room = AT_ONCE - len(self._air)
        if room <= 0 or self._budget.wait_all(now) > 0:
            return None
        busy = {*self._air, *self._budget.spent(now)}
        async with self._units.reading() as look:
            waiting = await look.tx.first(self._candidates(look, busy).limit(1))
        if waiting is None:
            return None
        self._claims += 1
        async with self._units.writing("outbox claim", "outbox.claim") as unit:
            rows = await unit.tx.all(self._candidates(unit, busy).limit(room * 4))
            chosen = await self._choose(unit, rows, room)
            if chosen:
                await unit.tx.change(
                    update(OutboxRow)
                    .where(col(OutboxRow.id).in_([row.id for _, row in chosen]))
                    .values(state="sending", attempts=OutboxRow.attempts + 1)
                )
        return chosen

    def _candidates(self, unit: Unit, busy: set[int]) -> Any:
        original = aliased(OutboxRow)
        query = (
            select(OutboxRow)
            .outerjoin(original, col(OutboxRow.edits) == col(original.id))
            .where(OutboxRow.state == "queued")
            .where(or_(col(OutboxRow.not_before).is_(None), col(OutboxRow.not_before) <= unit.now))
            # An edit never overtakes its message.
            .where(or_(col(OutboxRow.edits).is_(None), col(original.state).not_in(["sending", "queued"])))
        )
        if busy:
            query = query.where(col(OutboxRow.chat_id).not_in(busy))
        if self._claims % FAIR_EVERY == FAIR_EVERY - 1:
            return query.order_by(col(OutboxRow.id))
        return query.order_by(col(OutboxRow.lane), col(OutboxRow.happens_at), col(OutboxRow.id))

    async def _choose(
        self, unit: Unit, rows: Sequence[OutboxRow], room: int
    ) -> list[tuple[Outgoing, OutboxRow]]:
        chosen: list[tuple[Outgoing, OutboxRow]] = []
        chats: set[int] = set()
        now = time.monotonic()
        readers = await _readers(unit, {row.chat_id for row in rows})
        for row in rows:
            if len(chosen) >= room or self._budget.wait_all(now) > 0:
                break
            if row.chat_id in chats:
                continue
            language, reachable = readers.get(row.chat_id, ("en", True))
            outgoing = await _prepare(unit, row, language, reachable=reachable)
            if outgoing is not None:
                chats.add(row.chat_id)
                self._budget.take(row.chat_id, now, in_chat=outgoing.message.in_chat)
                chosen.append((outgoing, row))
        return chosen

    async def _send(self, outgoing: Outgoing, row: OutboxRow) -> None:
        try:
            outcome = await self._deliver.deliver(outgoing)
        except Exception as error:  # words that cannot be made are no doubt about the network
            log.exception("outbox.deliver_failed", row=row.id, kind=row.kind)
            outcome = NotSent(redact(repr(error))[:500], again=False)
        self._pause_after(outcome)
        try:
            async with self._units.writing(f"outbox {row.id}", "outbox.settle") as unit:
                fresh = await unit.tx.one(select(OutboxRow).where(OutboxRow.id == row.id))
                await settle(unit, fresh, outcome)
            if isinstance(outcome, Uncertain):
                pause = DOUBT_PAUSE * 2 ** (fresh.attempts - 1)
                self._budget.rest(row.chat_id, pause, time.monotonic())
        except Exception:  # the row stays "sending" and counts as cut off at the next start
            log.exception("outbox.settle_failed", row=row.id)
        finally:
            self._air.pop(row.chat_id, None)
            self._woken.set()

    def _pause_after(self, outcome: Outcome) -> None:
        """Hold everybody when Telegram wants silence or cannot be reached."""
        now = time.monotonic()
        if isinstance(outcome, RetryAfter):
            self._budget.hold(outcome.seconds, now)
        if not isinstance(outcome, NotSent):
            self._outage = 0.0
        elif outcome.again and self._budget.wait_all(now) <= 0:  # one pause for all that failed together
            first, longest = OUTAGE_PAUSES
            self._outage = min(longest, self._outage * 2 or first)
            self._budget.hold(self._outage, now)


async def _readers(unit: Unit, chats: set[int]) -> dict[int, tuple[str, bool]]:
    people = await unit.tx.all(
        select(Person.telegram_id, Person.language, Person.language_hint, Person.reachable).where(
            col(Person.telegram_id).in_(chats)
        )
    )
    groups = await unit.tx.all(
        select(ReviewGroup.chat_id, ReviewGroup.language).where(col(ReviewGroup.chat_id).in_(chats))
    )
    readers = {chat: (language or hint, reachable) for chat, language, hint, reachable in people}
    return readers | {chat: (language, True) for chat, language in groups}


async def _prepare(unit: Unit, row: OutboxRow, language: str, *, reachable: bool) -> Outgoing | None:
    """What to deliver for a row; None if it needs no sending any more, and then it is settled here."""
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
        log.exception("outbox.unreadable", row=row.id, kind=row.kind)
        await write(unit, row, state="failed", error=redact(repr(error))[:500])
        return None
