"""Updates: kept before they are acknowledged, taken in each person's order, each as one atomic step.

An update's effects and "this update is done" are one commit, so a crash before it leaves nothing and a
crash after it everything. What keeps failing is set aside with its reason, and the rest flows on.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlmodel import col, select, update

from bot.logs import redact
from bot.services.ports import Understand, UnintelligibleError
from bot.services.unit import Units
from storage.tables import InboxRow

log = structlog.get_logger()

TRIES = 3
PAUSES = (0.2, 1.0)
"""Seconds between the tries of one update; its sender's next updates wait meanwhile, nobody else's do."""

DATABASE_PAUSE = 5.0
"""Seconds before an update is tried again that could not even be set aside: the database itself failed."""

AT_ONCE = 16
"""How many people are served at the same time."""


@dataclass(slots=True)
class _Ticket:
    row_id: int
    raw: dict[str, Any]


class Inbox:
    """Keeps updates and has them handled."""

    def __init__(self, units: Units, understand: Understand) -> None:
        self._units = units
        self._understand = understand
        self._waiting: defaultdict[int, deque[_Ticket]] = defaultdict(deque)
        self._ready: asyncio.Queue[int] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._accepting = True

    async def accept(self, raws: Sequence[dict[str, Any]]) -> None:
        """Keep updates; when this returns they are committed and may be acknowledged.

        An update that was kept before is dropped: the same one may be delivered twice.
        """
        tickets = []
        async with self._units.transaction("inbox.accept") as tx:
            now = self._units.clock()
            for raw in raws:
                row = InboxRow(
                    update_id=int(raw.get("update_id", 0)),
                    sender=self._understand.sender_of(raw),
                    raw=raw,
                    received_at=now,
                )
                if await tx.add_new(row):
                    found = await tx.one(select(InboxRow.id).where(InboxRow.update_id == row.update_id))
                    tickets.append((row.sender, _Ticket(found, raw)))
        for sender, ticket in tickets:
            self._line_up(sender, ticket)

    def _line_up(self, sender: int, ticket: _Ticket) -> None:
        line = self._waiting[sender]
        line.append(ticket)
        if len(line) == 1:
            self._ready.put_nowait(sender)

    async def start(self) -> None:
        """Take up what an earlier run left, then serve."""
        async with self._units.database.reading() as tx:
            left = await tx.all(select(InboxRow).where(InboxRow.state == "new").order_by(col(InboxRow.id)))
        for row in left:
            self._line_up(row.sender, _Ticket(row.id, row.raw))
        self._workers = [asyncio.create_task(self._serve()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        """Finish the updates in hand; the others stay in the database for the next run."""
        self._accepting = False
        for _ in self._workers:
            self._ready.put_nowait(0)
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing is waiting (for tests)."""
        while self._waiting:  # noqa: ASYNC110 - an event would cost every update something
            await asyncio.sleep(0.005)

    async def _serve(self) -> None:
        while True:
            sender = await self._ready.get()
            if not self._accepting:
                return
            line = self._waiting[sender]
            try:
                await self._take(line[0])
            except Exception:
                log.exception("inbox.unkept", row=line[0].row_id)
                asyncio.get_running_loop().call_later(DATABASE_PAUSE, self._ready.put_nowait, sender)
                continue  # its sender waits, and keeps the order
            line.popleft()
            if line:
                self._ready.put_nowait(sender)  # to the back: who sends much waits behind the others
            else:
                del self._waiting[sender]

    async def _take(self, ticket: _Ticket) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                await self._handle(ticket, attempt)
            except Exception as error:
                hopeless = isinstance(error, UnintelligibleError) or attempt == TRIES
                log.warning(
                    "inbox.failed",
                    row=ticket.row_id,
                    attempt=attempt,
                    error=repr(error),
                    exc_info=not hopeless,
                )
                if hopeless:
                    await self._set_aside(ticket, attempt, error)
                    return
                await asyncio.sleep(PAUSES[attempt - 1])
            else:
                return

    async def _handle(self, ticket: _Ticket, attempt: int) -> None:
        async with self._units.writing(f"u{ticket.row_id}", "inbox.handle") as unit:
            taken = await unit.tx.change(
                update(InboxRow)
                .where(col(InboxRow.id) == ticket.row_id, col(InboxRow.state) == "new")
                .values(state="done", attempts=attempt, done_at=unit.now)
            )
            effects = await self._understand.handle(ticket.raw, unit) if taken else ()
        for effect in effects:
            try:
                await effect()
            except Exception as error:
                log.warning("inbox.effect_failed", row=ticket.row_id, error=repr(error))

    async def _set_aside(self, ticket: _Ticket, attempts: int, error: Exception) -> None:
        async with self._units.writing(f"u{ticket.row_id} failed", "inbox.set_aside") as unit:
            await unit.tx.change(
                update(InboxRow)
                .where(col(InboxRow.id) == ticket.row_id)
                .values(state="failed", attempts=attempts, error=redact(repr(error))[:2000], done_at=unit.now)
            )
            if not isinstance(error, UnintelligibleError):
                await self._understand.give_up(ticket.raw, unit)
