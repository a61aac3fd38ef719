"""Updates: kept before they are acknowledged, taken in each person's order, each as one atomic step.

An update's effects and "this update is done" are one commit, so a crash before it leaves nothing and a
crash after it everything. Updates of different people that wait at the same moment share a commit, each
undone alone if it fails. What keeps failing is set aside with its reason, and the rest flows on.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import String, bindparam, exists, literal
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select, update

from bot.delivery.crew import Alone, Crew
from bot.delivery.meter import Meter
from bot.logs import redact
from bot.services.ports import Effect, Understand, UnintelligibleError
from bot.services.unit import Group, Unit, Units
from storage.database import Prepared, in_trouble
from storage.functions import NumbersIn
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

SUSPICION = 5
"""With so many of a person's updates before it, one of several programs counts what waits for all of them."""

LOOK_EVERY = 2.0
"""Seconds between looks for rows that somebody else put back to be taken again."""

LARGEST = 2**63 - 1
"""What a database holds as a number; Telegram's ids are far smaller."""

NUMBERS_LAST = timedelta(days=2)
"""How long an update's number means that update: Telegram keeps updates a day, and after an idle week it goes on
counting from anywhere, so that an old number can come again."""

LEFT_ALONE = timedelta(seconds=1.5)
"""So long an update is left to the program that kept it; then the others see whether it still waits."""

TAKEN_UP = 4 * GROUP
"""Who has so much to do takes up nothing that another program kept."""

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
STILL: Prepared[Any] = Prepared(
    select(InboxRow.id).where(
        col(InboxRow.id).bool_op("IN")(NumbersIn(bindparam("rows", type_=String))), col(InboxRow.state) == NEW
    )
)
"""Which of so many rows nobody has handled yet."""

WAITING: Prepared[Any] = Prepared(
    select(func.count()).where(col(InboxRow.sender) == bindparam("sender"), col(InboxRow.state) == NEW)
)


@dataclass(slots=True, eq=False)
class _Ticket:
    sender: int
    row_id: int
    raw: dict[str, Any]
    tries: int = 0
    failure: Exception | None = None
    """What the last try ended with, once it is clear that another one cannot help."""
    alone: bool = False
    """Whether it shares no commit any more: one that it was in failed."""
    kept_at: float = field(default_factory=time.monotonic)
    found: bool = False
    """Whether it was found in the table rather than kept here."""
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
        kept: list[_Ticket] = []
        unread = 0
        flooding: set[int] = set()
        adding: defaultdict[int, int] = defaultdict(int)
        async with self._units.together("inbox.accept") as group:
            for raw in raws:
                sender = self._understand.sender_of(raw)
                too_many = bool(sender) and await self._floods(group, sender, adding[sender])
                row_id = await _keep_once(group, raw, sender, too_many=too_many)
                if row_id is None:
                    continue
                if not too_many:
                    adding[sender] += 1
                    kept.append(_Ticket(sender, row_id, raw))
                    continue
                unread += 1
                if sender not in flooding:
                    flooding.add(sender)
                    unit = group.unit(f"u{row_id} unread")
                    await self._understand.slow_down(raw, unit)
                    group.keep(unit)
        if unread:
            self._meter.updates("unread", unread)
        for ticket in kept:
            self._line_up(ticket)

    async def _floods(self, group: Group, sender: int, adding: int) -> bool:
        """Whether so many of somebody's updates wait that no more are read."""
        here = len(self._waiting.get(sender, ())) + adding
        if not self._crew.shared:
            return here >= PATIENCE
        return here >= SUSPICION and await group.tx.one(WAITING, sender=sender) >= PATIENCE

    def _line_up(self, ticket: _Ticket) -> None:
        """Into its sender's line, behind what they sent before: that may be found later than what was kept here."""
        line = self._waiting[ticket.sender]
        place = len(line)
        while place and line[place - 1].row_id > ticket.row_id:
            place -= 1
        line.insert(place, ticket)
        if len(line) == 1:
            self._next(ticket.sender)

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
        """Line up the rows that are to be taken and that nobody has in hand; forget what others have handled."""
        known = {ticket.row_id for line in self._waiting.values() for ticket in line}
        async with self._units.reading() as look:
            gone = await self._gone(look, known)
            left = await self._left(look, known, gone)
            rows = [row for row_id in left if (row := await look.tx.get(InboxRow, row_id))]
        self._forget(gone)
        for row in rows:
            self._line_up(_Ticket(row.sender, row.id, row.raw, found=True))

    async def _gone(self, look: Unit, known: set[int]) -> set[int]:
        """Which of the rows in hand other programs have handled."""
        if not self._crew.shared:
            return set()
        return known - set(await look.tx.all(STILL, rows=json.dumps(sorted(known))))

    async def _left(self, look: Unit, known: set[int], gone: set[int]) -> list[int]:
        """The rows that nobody has in hand: of several programs, what was left alone, and only who has room for it."""
        waiting = select(InboxRow.id).where(col(InboxRow.state) == NEW).order_by(col(InboxRow.id))
        room = None
        if self._crew.shared:
            room = max(0, TAKEN_UP - len(known - gone))
            waiting = waiting.where(col(InboxRow.received_at) < look.now - LEFT_ALONE).limit(TAKEN_UP)
        return [row_id for row_id in await look.tx.all(waiting) if row_id not in known][:room]

    def _forget(self, gone: Collection[int]) -> None:
        """What others have handled leaves its line; whoever is first in one may be in hand and leaves as if served."""
        for line in self._waiting.values():
            first, *others = line
            first.gone = first.gone or first.row_id in gone
            if any(ticket.row_id in gone for ticket in others):
                line.clear()
                line.extend([first, *(ticket for ticket in others if ticket.row_id not in gone)])

    async def _look(self) -> None:
        while not self._stopping:
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
            hands = self._together()
            try:
                served, effects = await self._serve_group(hands)
            except Exception as error:
                await self._after_failure(hands, error)
                continue
            self._pause = 0.0
            self._count(served)
            for effect in effects:
                task = asyncio.create_task(_tried(effect))
                self._effects.add(task)
                task.add_done_callback(self._effects.discard)
            for ticket in served:
                self._leave(ticket)

    def _count(self, served: list[_Ticket]) -> None:
        own = [ticket for ticket in served if not ticket.gone]
        if own:
            failed = sum(ticket.failure is not None for ticket in own)
            self._meter.served([ticket.kept_at for ticket in own], failed)

    def _together(self) -> list[_Ticket]:
        """What is taken next in one commit: many people's first updates, or one that shares none."""
        tickets: list[_Ticket] = []
        while self._ready and len(tickets) < GROUP:
            first = self._waiting[self._ready[0]][0]
            if first.alone and tickets:
                break
            self._ready.popleft()
            tickets.append(first)
            if first.alone:
                break
        return tickets

    async def _serve_group(self, tickets: list[_Ticket]) -> tuple[list[_Ticket], list[Effect]]:
        """Handle updates of different people in one commit; gives which were served, and what to do now.

        Those that found no time are ready again, those that failed will be after a pause.
        """
        effects: list[Effect] = []
        failed: list[tuple[_Ticket, Exception]] = []
        early: list[_Ticket] = []
        await self._see_what_is_gone(tickets)
        served = [ticket for ticket in tickets if ticket.gone]
        remaining = deque(ticket for ticket in tickets if not ticket.gone)
        if not remaining:  # nothing is worth a place in the writers' line
            return served, effects
        begun = time.monotonic()
        async with self._units.together("inbox.handle") as group:
            while remaining:
                ticket = remaining.popleft()
                try:
                    found = await self._take(group, ticket)
                    if found is None:
                        early.append(ticket)
                    else:
                        effects += found
                        served.append(ticket)
                except Exception as error:
                    if in_trouble(error):  # the database, not the update
                        raise
                    failed.append((ticket, error))
                if time.monotonic() - begun > GROUP_SECONDS:
                    break
        for ticket, failure in failed:
            self._failed(ticket, failure)
        for ticket in early:
            asyncio.get_running_loop().call_later(ORDER_PAUSE, self._next, ticket.sender)
        self._ready.extendleft(ticket.sender for ticket in reversed(remaining))
        return served, effects

    async def _see_what_is_gone(self, tickets: list[_Ticket]) -> None:
        """Mark what other programs have handled meanwhile, without standing in the writers' line for it."""
        if not self._crew.shared:
            return
        long_ago = time.monotonic() - LEFT_ALONE.total_seconds()
        perhaps = [ticket for ticket in tickets if ticket.found or ticket.kept_at < long_ago]
        if not perhaps:
            return
        async with self._units.reading() as look:
            for ticket in perhaps:
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

    def _failed(self, ticket: _Ticket, error: Exception) -> None:
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
            self._next(ticket.sender)
            return
        self._meter.updates("again")
        pause = PAUSES[min(ticket.tries, len(PAUSES)) - 1]
        asyncio.get_running_loop().call_later(pause, self._next, ticket.sender)

    async def _after_failure(self, tickets: list[_Ticket], error: Exception) -> None:
        """The commit failed: nothing of it happened. Alone, each shows whether it was the reason."""
        log.error("inbox.not_committed", updates=len(tickets), error=repr(error), exc_info=error)
        if len(tickets) == 1 and tickets[0].alone and tickets[0].failure is None and not in_trouble(error):
            self._failed(tickets[0], error)
            return
        for ticket in tickets:
            if ticket.failure is not None:  # it could not even be set aside: that was not its own fault
                ticket.failure, ticket.tries = None, 0
            ticket.alone = True
        again = [ticket.sender for ticket in tickets if ticket.sender not in self._ready]
        self._ready.extendleft(reversed(again))
        first, longest = DATABASE_PAUSES
        self._pause = min(longest, self._pause * 2 or first)
        await asyncio.sleep(self._pause)

    def _leave(self, ticket: _Ticket) -> None:
        line = self._waiting[ticket.sender]
        line.remove(ticket)
        if line:
            self._next(ticket.sender)  # to the back: who sends much waits behind the others
        else:
            del self._waiting[ticket.sender]

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
    return found if isinstance(found, str) and found.isascii() and found.isprintable() else None


async def _tried(effect: Effect) -> None:
    """What is worthless a moment later is lost if it fails."""
    try:
        await effect()
    except Exception as error:
        log.warning("inbox.effect_failed", error=repr(error))
