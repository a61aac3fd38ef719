"""Updates: kept before they are acknowledged, taken in each person's order, each as one atomic step.

An update's effects and "this update is done" are one commit, so a crash before it leaves nothing and a
crash after it everything. Updates of different people that wait at the same moment share a commit, each
undone alone if it fails. What keeps failing is set aside with its reason, and the rest flows on.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, exists, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, select, update

from bot.delivery.crew import Alone, Crew
from bot.delivery.meter import Meter
from bot.logs import redact
from bot.services.ports import Effect, Understand, UnintelligibleError
from bot.services.unit import Group, Unit, Units
from storage.database import Prepared, in_trouble
from storage.tables import InboxRow

log = structlog.get_logger()

TRIES = 3
PAUSES = (0.2, 1.0)
"""Seconds between the tries of one update; its sender's next updates wait meanwhile, nobody else's do."""

DATABASE_PAUSES = (0.2, 5.0)
"""Seconds before a commit that failed is tried again: the first, doubled up to the second."""

GROUP = 32
"""How many people's updates share a commit at most."""

GROUP_SECONDS = 0.02
"""How long updates are gathered into one commit: a press in it waits for the others."""

PATIENCE = 20
"""How many updates of one person may wait. What comes on top is left unread, and the person is told once."""

LOOK_EVERY = 2.0
"""Seconds between looks for rows that somebody else put back to be taken again."""

LARGEST = 2**63 - 1
"""What a database holds as a number; Telegram's ids are far smaller."""

NUMBERS_LAST = timedelta(days=2)
"""How long an update's number means that update: Telegram keeps updates a day, and after an idle week it goes on
counting from anywhere, so that an old number can come again."""

LEFT_ALONE = timedelta(seconds=1.5)
"""So long an update is left to the program that kept it; then the others see whether it still waits."""

ORDER_PAUSE = 0.05
"""Seconds before another look at an update whose forerunner is in another program's hands."""

NEW = literal("new", literal_execute=True)
"""Written out: an index of the new rows alone is of use only to a statement that says so itself."""

FREE: Prepared[Any] = Prepared(
    update(InboxRow)
    .where(col(InboxRow.update_id) == bindparam("number"), col(InboxRow.received_at) < bindparam("before"))
    .values(update_id=-col(InboxRow.id))
)

_TAKING = (
    update(InboxRow)
    .where(col(InboxRow.id) == bindparam("row_id"), col(InboxRow.state) == "new")
    .values(state="done", attempts=bindparam("tries"), error="", done_at=bindparam("now"))
)
TAKE: Prepared[Any] = Prepared(_TAKING)


_older = aliased(InboxRow)
TAKE_IN_ORDER: Prepared[Any] = Prepared(
    _TAKING.where(
        ~exists().where(
            col(_older.sender) == col(InboxRow.sender),
            col(_older.id) < col(InboxRow.id),
            col(_older.state) == NEW,
        )
    )
)
"""Where other programs handle updates too: not before those that the same person sent earlier."""

STATE: Prepared[Any] = Prepared(select(InboxRow.state).where(InboxRow.id == bindparam("row_id")))


@dataclass(slots=True)
class _Ticket:
    row_id: int
    raw: dict[str, Any]
    tries: int = 0
    failure: Exception | None = None
    """What the last try ended with, once it is clear that another one cannot help."""
    alone: bool = False
    """Whether it shares no commit any more: one that it was in failed."""
    kept_at: float = field(default_factory=time.monotonic)
    found: bool = False
    """Whether it was found in the table rather than kept here: another program may have it in hand."""
    gone: bool = False
    """Whether another program has handled it."""


class Inbox:
    """Keeps updates and has them handled."""

    def __init__(
        self, units: Units, understand: Understand, meter: Meter | None = None, crew: Crew | None = None
    ) -> None:
        self._units = units
        self._understand = understand
        self._meter = meter or Meter()
        self._crew = crew or Alone()
        self._waiting: defaultdict[int, deque[_Ticket]] = defaultdict(deque)
        self._ready: deque[int] = deque()
        self._woken = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._effects: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._pause = 0.0

    async def accept(self, raws: Sequence[dict[str, Any]]) -> None:
        """Keep updates; when this returns they are committed and may be acknowledged.

        An update that was kept before is dropped: the same one may be delivered twice, and one press as two
        updates. So is, with a word to its sender, what comes on top of `PATIENCE` updates that wait.
        """
        kept: list[tuple[int, _Ticket]] = []
        unread = 0
        flooding: set[int] = set()
        adding: defaultdict[int, int] = defaultdict(int)
        async with self._units.together("inbox.accept") as group:
            for raw in raws:
                sender = self._understand.sender_of(raw)
                waiting = len(self._waiting.get(sender, ())) + adding[sender]
                too_many = bool(sender) and waiting >= PATIENCE
                row_id = await _keep_once(group, raw, sender, too_many=too_many)
                if row_id is None:
                    continue
                if not too_many:
                    adding[sender] += 1
                    kept.append((sender, _Ticket(row_id, raw)))
                    continue
                unread += 1
                if sender not in flooding:
                    flooding.add(sender)
                    unit = group.unit(f"u{row_id} unread")
                    await self._understand.slow_down(raw, unit)
                    group.keep(unit)
        if unread:
            self._meter.updates("unread", unread)
        for sender, ticket in kept:
            self._line_up(sender, ticket)

    def _line_up(self, sender: int, ticket: _Ticket) -> None:
        line = self._waiting[sender]
        line.append(ticket)
        if len(line) == 1:
            self._next(sender)

    def _next(self, sender: int) -> None:
        self._ready.append(sender)
        self._woken.set()

    async def start(self) -> None:
        """Take up what an earlier run left, then serve."""
        await self._take_up()
        self._loops = [asyncio.create_task(self._serve()), asyncio.create_task(self._look())]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    async def stop(self) -> None:
        """Finish the updates in hand; the others stay in the database for the next run."""
        self._stopping = True
        self._woken.set()
        for loop in self._loops[1:]:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(*self._effects)

    async def idle(self) -> None:
        """Wait until nothing is waiting (for tests)."""
        while self._waiting or self._effects:  # noqa: ASYNC110 - an event would cost every update something
            await asyncio.sleep(0.005)

    async def _take_up(self) -> None:
        """Line up the rows that are to be taken and that nobody has in hand."""
        known = {ticket.row_id for line in self._waiting.values() for ticket in line}
        async with self._units.reading() as look:
            waiting = select(InboxRow.id).where(col(InboxRow.state) == NEW)
            if self._crew.shared:
                waiting = waiting.where(col(InboxRow.received_at) < look.now - LEFT_ALONE)
            new = await look.tx.all(waiting)
            left = [row_id for row_id in sorted(new) if row_id not in known]
            rows = [row for row_id in left if (row := await look.tx.get(InboxRow, row_id))]
        for row in rows:
            self._line_up(row.sender, _Ticket(row.id, row.raw, found=True))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._take_up()
            except Exception:
                log.exception("inbox.look_failed")

    async def _serve(self) -> None:
        while not self._stopping:
            if not self._ready:
                self._woken.clear()
                await self._woken.wait()
                continue
            senders = self._together()
            try:
                served, effects = await self._serve_group(senders)
            except Exception as error:
                await self._after_failure(senders, error)
                continue
            self._pause = 0.0
            self._count(served)
            for effect in effects:
                task = asyncio.create_task(_tried(effect))
                self._effects.add(task)
                task.add_done_callback(self._effects.discard)
            for sender in served:
                self._leave(sender)

    def _count(self, served: list[int]) -> None:
        tickets = [ticket for sender in served if not (ticket := self._waiting[sender][0]).gone]
        if tickets:
            failed = sum(ticket.failure is not None for ticket in tickets)
            self._meter.served([ticket.kept_at for ticket in tickets], failed)

    def _together(self) -> list[int]:
        """Who is served next in one commit: many, or one whose update shares none."""
        senders: list[int] = []
        while self._ready and len(senders) < GROUP:
            if self._waiting[self._ready[0]][0].alone:
                if not senders:
                    senders.append(self._ready.popleft())
                break
            senders.append(self._ready.popleft())
        return senders

    async def _serve_group(self, senders: list[int]) -> tuple[list[int], list[Effect]]:
        """Handle the first update of each sender in one commit; gives who was served, and what to do now.

        Those that found no time are ready again, those that failed will be after a pause.
        """
        served: list[int] = []
        effects: list[Effect] = []
        failed: list[tuple[int, _Ticket, Exception]] = []
        early: list[int] = []
        await self._see_what_is_gone([self._waiting[sender][0] for sender in senders])
        begun = time.monotonic()
        async with self._units.together("inbox.handle") as group:
            remaining = deque(senders)
            while remaining:
                sender = remaining.popleft()
                ticket = self._waiting[sender][0]
                try:
                    found = () if ticket.gone else await self._take(group, ticket)
                    if found is None:
                        early.append(sender)
                    else:
                        effects += found
                        served.append(sender)
                except Exception as error:
                    if in_trouble(error):  # the database, not the update
                        raise
                    failed.append((sender, ticket, error))
                if time.monotonic() - begun > GROUP_SECONDS:
                    break
        for sender, ticket, failure in failed:
            self._failed(sender, ticket, failure)
        for sender in early:
            asyncio.get_running_loop().call_later(ORDER_PAUSE, self._next, sender)
        self._ready.extendleft(reversed(remaining))
        return served, effects

    async def _see_what_is_gone(self, tickets: list[_Ticket]) -> None:
        """Mark what other programs have handled meanwhile, without standing in the writers' line for it."""
        found = [ticket for ticket in tickets if ticket.found] if self._crew.shared else []
        if not found:
            return
        async with self._units.reading() as look:
            for ticket in found:
                ticket.gone = await look.tx.first(STATE, row_id=ticket.row_id) != "new"

    async def _take(self, group: Group, ticket: _Ticket) -> Sequence[Effect] | None:
        """Handle one update; None if an earlier one of its sender has not been handled yet."""
        if ticket.failure is not None:
            async with group.alone(f"u{ticket.row_id} failed") as unit:
                await self._set_aside(unit, ticket, ticket.failure)
            return ()
        async with group.alone(f"u{ticket.row_id}") as unit:
            take = TAKE_IN_ORDER if self._crew.shared else TAKE
            if await unit.tx.change(take, row_id=ticket.row_id, tries=ticket.tries + 1, now=unit.now):
                return await self._understand.handle(ticket.raw, unit)
            if self._crew.shared and await unit.tx.first(STATE, row_id=ticket.row_id) == "new":
                return None
            ticket.gone = True
            return ()

    def _failed(self, sender: int, ticket: _Ticket, error: Exception) -> None:
        """Try it again after a pause, or set it aside next."""
        ticket.tries += 1
        hopeless = isinstance(error, UnintelligibleError) or ticket.tries >= TRIES
        log.warning(
            "inbox.failed",
            row=ticket.row_id,
            attempt=ticket.tries,
            error=repr(error),
            exc_info=error if not hopeless else None,
        )
        if ticket.failure is None and hopeless:
            ticket.failure = error
            self._next(sender)
            return
        self._meter.updates("again")
        pause = PAUSES[min(ticket.tries, len(PAUSES)) - 1]
        asyncio.get_running_loop().call_later(pause, self._next, sender)

    async def _after_failure(self, senders: list[int], error: Exception) -> None:
        """The commit failed: nothing of it happened. Alone, each shows whether it was the reason."""
        log.error("inbox.not_committed", updates=len(senders), error=repr(error), exc_info=error)
        tickets = [self._waiting[sender][0] for sender in senders]
        if len(tickets) == 1 and tickets[0].alone and tickets[0].failure is None and not in_trouble(error):
            self._failed(senders[0], tickets[0], error)
            return
        for ticket in tickets:
            if ticket.failure is not None:  # it could not even be set aside: that was not its own fault
                ticket.failure, ticket.tries = None, 0
            ticket.alone = True
        self._ready.extendleft(reversed([sender for sender in senders if sender not in self._ready]))
        first, longest = DATABASE_PAUSES
        self._pause = min(longest, self._pause * 2 or first)
        await asyncio.sleep(self._pause)

    def _leave(self, sender: int) -> None:
        line = self._waiting[sender]
        line.popleft()
        if line:
            self._next(sender)  # to the back: who sends much waits behind the others
        else:
            del self._waiting[sender]

    async def _set_aside(self, unit: Unit, ticket: _Ticket, error: Exception) -> None:
        await unit.tx.change(
            update(InboxRow)
            .where(col(InboxRow.id) == ticket.row_id, col(InboxRow.state) == "new")
            .values(state="failed", attempts=ticket.tries, error=redact(repr(error))[:2000], done_at=unit.now)
        )
        await self._understand.give_up(ticket.raw, unit)


async def _keep_once(group: Group, raw: dict[str, Any], sender: int, *, too_many: bool) -> int | None:
    """Keep an update and give its row, unless it is here already; under a number of long ago it is another one."""
    number = int(raw.get("update_id", 0)) & LARGEST
    columns: dict[str, Any] = {
        "update_id": number,
        "press": _press_of(raw),
        "sender": sender,
        "raw": raw,
        "state": "unread" if too_many else "new",
        "received_at": group.now,
        "done_at": group.now if too_many else None,
    }
    row_id = await group.tx.put_new(InboxRow, **columns)
    if row_id is None and await group.tx.change(FREE, number=number, before=group.now - NUMBERS_LAST):
        row_id = await group.tx.put_new(InboxRow, **columns)
    return row_id


def _press_of(raw: dict[str, Any]) -> str | None:
    """Which press an update brings, if it brings one: it can come under several numbers."""
    query = raw.get("callback_query")
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) else None


async def _tried(effect: Effect) -> None:
    """What is worthless a moment later is lost if it fails."""
    try:
        await effect()
    except Exception as error:
        log.warning("inbox.effect_failed", error=repr(error))
