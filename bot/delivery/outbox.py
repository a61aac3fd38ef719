"""Messages out: the most urgent first, within Telegram's limits, in order within a chat, each sent once.

A row is claimed ("sending", committed) before the network is touched and settled after it. A row that is
still "sending" when the program starts was cut off in the air: its kind decides, as after any doubt. What
ended and what goes next share a commit.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass

import structlog
from sqlmodel import col, select

from bot.delivery.budget import Budget
from bot.delivery.claim import Claimed, candidates, claim, remember
from bot.delivery.crew import Alone, Crew, LostLease
from bot.delivery.meter import Meter
from bot.delivery.settle import settle
from bot.logs import redact
from bot.services.ports import Deliver, NotSent, Outcome, RetryAfter, Uncertain
from bot.services.unit import Group, Units
from storage.database import in_trouble
from storage.tables import OutboxRow

log = structlog.get_logger()

AT_ONCE = 40
"""Messages in the air at the same time, to different chats."""

DOUBT_PAUSE = 1.0
"""Seconds before it goes again, doubled each time; its chat waits meanwhile, so that order is kept."""

OUTAGE_PAUSES = (0.25, 30.0)
"""Seconds of silence after a call that never left this machine: the first, doubled up to the second.

Without a connection nothing can be sent to anybody, so everybody waits and no message uses up a try.
"""

DATABASE_PAUSES = (0.2, 5.0)
"""Seconds before a commit that failed is tried again: the first, doubled up to the second."""

FAIR_EVERY = 8
"""Every so-many-th claim takes the oldest rows, whatever their lane: urgency starves nobody."""

LOOK_EVERY = 1.0
"""Seconds between looks at the table when nobody woke us."""


@dataclass(frozen=True, slots=True)
class _Landed:
    """A sending that ended, not yet written down."""

    row: OutboxRow
    outcome: Outcome
    seconds: float
    """How long the answer took."""


class Outbox:
    """Sends what is queued."""

    def __init__(
        self,
        units: Units,
        deliver: Deliver,
        budget: Budget,
        meter: Meter | None = None,
        crew: Crew | None = None,
    ) -> None:
        self._units = units
        self._deliver = deliver
        self._budget = budget
        self._meter = meter or Meter()
        self._crew = crew or Alone()
        self._unsure = False
        """Whether a commit was cut off, so that nobody knows whether it stands."""
        self._unwritten: set[int] = set()
        """Rows that were sent and could not be written down: they count as cut off at the next start."""
        self._turn_no: int | None = None
        """The turn at sending that this program took over properly; None while another one sends."""
        self._term = 0
        """Grows with each change of hands: what was claimed before one is not this program's any more."""
        self._woken = asyncio.Event()
        self._air: dict[int, asyncio.Task[None]] = {}
        self._landed: list[_Landed] = []
        self._queued = True
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False
        self._claims = 0
        self._look_at = 0.0
        self._outage = 0.0
        self._trouble = 0.0

    def wake(self) -> None:
        """Something was queued."""
        self._queued = True
        self._woken.set()

    async def start(self) -> None:
        """Settle what a dead run left in the air, then send."""
        if (fence := self._crew.fence) is not None:
            await self._take_over(fence)
        self._loop = asyncio.create_task(self._run())

    async def _take_over(self, fence: int) -> None:
        """Begin a turn at sending: what is in the air was cut off, and what went just now counts in the budget."""
        async with self._units.writing(f"outbox start {fence}", "outbox.start") as unit:
            await self._crew.check_sending(unit.tx, fence)
            cut_off = await unit.tx.all(
                # The newest first: of two edits of one message only the newest may go again.
                select(OutboxRow).where(OutboxRow.state == "sending").order_by(col(OutboxRow.id).desc())
            )
            doubt = Uncertain("the program ended while it was being sent")
            ends = [await settle(unit, row, doubt) for row in cut_off]
            if self._crew.shared:
                await remember(unit, self._budget)
        for row, state in zip(cut_off, ends, strict=True):
            self._meter.sent(row.lane, row.kind, doubt, state)
        if cut_off:
            log.warning("outbox.cut_off", rows=len(cut_off))
        self._queued, self._turn_no = True, fence
        self._term += 1

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._loop is not None and not self._loop.done()

    async def stop(self, grace: float = 4.0) -> None:
        """Claim no more; wait for what is in the air and write down how it ended.

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
        try:
            if self._turn_no is not None:
                await self._turn()
        except LostLease:
            log.warning("outbox.let_go", in_the_air=len(self._landed))
        except Exception:
            log.exception("outbox.not_written_down", messages=len(self._landed))

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                went = await self._is_mine() and await self._turn()
                if self._crew.retiring and self._turn_no is not None and not self._air:
                    await self._crew.hand_over()
                self._trouble = 0.0
            except LostLease:
                self._let_go()
                continue
            except Exception:
                self._unsure = True
                first, longest = DATABASE_PAUSES
                self._trouble = min(longest, self._trouble * 2 or first)
                log.exception("outbox.turn_failed", pause=self._trouble)
                await asyncio.sleep(self._trouble)  # nothing is forgotten: what landed is written down then
                continue
            if not went:
                await self._wait()

    async def _is_mine(self) -> bool:
        """Whether this program is the one that sends; what it has to do to become it is done then."""
        fence = self._crew.fence
        if fence is not None and fence != self._turn_no:
            self._let_go()
            await self._take_over(fence)
        elif fence is None and self._turn_no is not None:
            self._let_go()
        return self._turn_no is not None

    def _let_go(self) -> None:
        """Another one sends, or will: it has to find out itself how ended what is in the air."""
        if self._turn_no is not None and self._crew.shared:
            log.warning("outbox.let_go", in_the_air=len(self._air))
        self._turn_no = None
        self._term += 1
        self._air.clear()
        self._landed.clear()

    async def _wait(self) -> None:
        # What the budget kept back when we looked may be free by now: that is a reason to look again, not to sleep.
        until = (
            min(self._look_at, self._soonest())
            if self._turn_no is not None
            else time.monotonic() + LOOK_EVERY
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.001, until - time.monotonic())):
                await self._woken.wait()

    def _soonest(self) -> float:
        """When, in monotonic seconds, the budget lets something go that it keeps back now."""
        now = time.monotonic()
        if (held := self._budget.wait_all(now)) > 0:
            return now + held
        waits = [LOOK_EVERY, self._budget.wait_broad(now), *self._budget.spent(now).values()]
        return now + min(wait for wait in waits if wait > 0)

    async def _turn(self) -> bool:
        """Write down what landed and send what may go now, in one commit; False if there was nothing to do."""
        landed = list(self._landed)
        self._look_at = self._soonest()
        claims = await self._may_claim(landed)
        if not landed and not claims:
            return False
        claimed: list[Claimed] = []
        turn, term = self._turn_no or 0, self._term
        async with self._units.together("outbox.turn") as group:
            await self._crew.check_sending(group.tx, turn)
            ends = [await self._write_down(group, one) for one in landed]
            if self._unsure:
                await self._give_back(group)
            if claims:
                claimed = await self._claim(group, landed)
        self._unsure = False
        del self._landed[: len(landed)]
        for one, state in zip(landed, ends, strict=True):
            del self._air[one.row.chat_id]
            self._meter.sent(one.row.lane, one.row.kind, one.outcome, state, one.seconds)
        for chosen in claimed:
            self._air[chosen.row.chat_id] = asyncio.create_task(self._send(chosen, term))
        went = bool(landed or claimed)
        self._queued |= went
        return went

    async def _give_back(self, group: Group) -> None:
        """Queue again what was claimed by a commit that stands after all, though it seemed to fail: none of it went."""
        unit = group.unit("outbox unsure")
        lost = select(OutboxRow).where(
            OutboxRow.state == "sending", col(OutboxRow.chat_id).not_in(self._air.keys())
        )
        for row in await unit.tx.all(lost.order_by(col(OutboxRow.id).desc())):
            if row.id not in self._unwritten:
                await settle(unit, row, NotSent("claimed by a commit that was cut off"))

    async def _may_claim(self, landed: list[_Landed]) -> bool:
        """Whether there may be something to send now; where a commit is made anyway, it is worth a look."""
        if self._stopping or self._crew.retiring or len(self._air) - len(landed) >= AT_ONCE:
            return False
        now = time.monotonic()
        if self._budget.wait_all(now) > 0:
            return False
        if self._queued or self._unsure or landed:
            self._queued = False
            return True
        busy = {*self._air, *self._budget.spent(now)}
        async with self._units.reading() as look:
            broad = self._budget.wait_broad(now) <= 0
            return bool(await candidates(look, busy, 1, broad=broad))

    async def _claim(self, group: Group, landed: list[_Landed]) -> list[Claimed]:
        """Take the next rows that may go now; they are "sending" once this commit stands."""
        now = time.monotonic()
        in_air = self._air.keys() - {one.row.chat_id for one in landed}
        room = AT_ONCE - len(in_air)
        self._claims += 1
        fair = self._claims % FAIR_EVERY == FAIR_EVERY - 1
        unit = group.unit("outbox claim")
        busy = {*in_air, *self._budget.spent(now)}
        broad = self._budget.wait_broad(now) <= 0
        rows = await candidates(unit, busy, room * 4, fair=fair, broad=broad)
        return await claim(unit, rows, self._budget, room, self._crew)

    async def _write_down(self, group: Group, one: _Landed) -> str:
        """Gives the state in which it leaves the row."""
        try:
            async with group.alone(f"outbox {one.row.id}") as unit:
                return await settle(unit, one.row, one.outcome)
        except Exception as error:
            if in_trouble(error):
                raise
            log.exception("outbox.settle_failed", row=one.row.id)
            self._unwritten.add(one.row.id)
            return "sending"

    async def _send(self, chosen: Claimed, term: int) -> None:
        row = chosen.row
        begun = time.monotonic()
        # Stopped for a while since it was claimed? Then another one deals with it.
        if self._term != term or self._crew.fence != self._turn_no:
            self._woken.set()
            return
        try:
            outcome = await self._deliver.deliver(chosen.outgoing)
        except Exception as error:  # words that cannot be made are no doubt about the network
            log.exception("outbox.deliver_failed", row=row.id, kind=row.kind)
            outcome = NotSent(redact(repr(error))[:500], again=False)
        if self._term != term:
            return
        self._pause_after(outcome, row)
        self._landed.append(_Landed(row, outcome, time.monotonic() - begun))
        self._woken.set()

    def _pause_after(self, outcome: Outcome, row: OutboxRow) -> None:
        """Hold everybody when Telegram wants silence or cannot be reached, and one chat after a doubt."""
        now = time.monotonic()
        if isinstance(outcome, Uncertain):
            self._budget.rest(row.chat_id, DOUBT_PAUSE * 2 ** (row.attempts - 1), now)
        if isinstance(outcome, RetryAfter):
            self._budget.hold(outcome.seconds, now)
        if not isinstance(outcome, NotSent):
            self._outage = 0.0
        elif outcome.again and self._budget.wait_all(now) <= 0:  # one pause for all that failed together
            first, longest = OUTAGE_PAUSES
            self._outage = min(longest, self._outage * 2 or first)
            self._budget.hold(self._outage, now)
