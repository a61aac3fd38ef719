"""The clock: wakes when the next timer is due and runs what is due, each in a unit of its own.

The rows are the truth; APScheduler only wakes us at the next due time. The net below it is a plain look every
so many seconds, which counts them itself: what a machine's time does (a jump back by an hour) holds nothing up.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import bindparam, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, func, select, update

from bot.delivery.meter import Meter
from bot.services.timers import TooLate
from bot.services.unit import Group, Unit, Units
from storage.database import Prepared, in_trouble
from storage.tables import Timer

log = structlog.get_logger()

TRIES = 5
PAUSE = timedelta(seconds=30)
"""Between the tries of a timer that fails."""

DATABASE_PAUSE = 5.0
"""Seconds before the next look when the database itself failed: that is no failure of the timers."""

BATCH = 500
"""How many due timers are looked up at once."""

GROUP = 50
"""How many share a commit at most."""

HOLD = 0.02
"""Seconds after which a group is committed, full or not: people wait for the one write lock meanwhile."""

Ring = Callable[[Unit, Timer], Awaitable[None]]
"""What to do when a timer of a kind is due."""

_Rung = tuple[str, timedelta]
"""The kind of a timer that was run, and how long after its time."""

_PENDING = text("timers.state = 'pending'")  # spelled out, so that the partial index fits at once
_NEAREST = select(Timer.id).order_by(col(Timer.happens_at), col(Timer.due_at), col(Timer.id)).limit(BATCH)


_MARK = Prepared(update(Timer).where(col(Timer.id) == bindparam("timer_id")).values(state=bindparam("to")))


class Clock:
    """Runs due timers. `sweep` is the seconds between looks when nothing else wakes it.

    It plans what was set since the last look, so it must be well below `SOON` of the timers.
    """

    def __init__(
        self, units: Units, rings: Mapping[str, Ring], meter: Meter | None = None, *, sweep: float = 30.0
    ) -> None:
        self._units = units
        self._rings = rings
        self._known = col(Timer.kind).in_(sorted(rings))
        """What it does not know is left to a newer program."""
        self._soonest = Prepared(select(func.min(col(Timer.due_at))).where(_PENDING, self._known))
        self._meter = meter or Meter()
        self._sweep = sweep
        # `run_due` itself lets only one run at a time and remembers the others; APScheduler would drop them.
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 99}
        )
        self._net: asyncio.Task[None] | None = None
        self._running = asyncio.Lock()
        self._again = False
        self._stopping = asyncio.Event()
        self._latest = datetime.max.replace(tzinfo=UTC)
        """The latest moment seen: a look before it means that the clock went back (at the start, that it may have)."""

    async def start(self) -> None:
        """Run what came due while nobody was there, then tick."""
        self._scheduler.start()
        self._net = asyncio.create_task(self._look_now_and_then())
        self._soon(0.0)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._net is not None and not self._net.done()

    async def stop(self) -> None:
        """Finish the timers in hand and tick no more."""
        self._stopping.set()
        self._scheduler.pause()
        if self._net:
            await self._net
        async with self._running:
            self._scheduler.shutdown(wait=False)

    def wake(self) -> None:
        """A timer was set: it may be due before the one we wait for."""
        self._again = True
        if self._scheduler.running:
            self._soon(0.0)

    def _soon(self, seconds: float) -> None:
        self._scheduler.add_job(
            self.run_due,
            "date",
            run_date=datetime.now(UTC) + timedelta(seconds=seconds),
            id="next",
            replace_existing=True,
        )

    async def _look_now_and_then(self) -> None:
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(self._sweep):
                    await self._stopping.wait()
            except TimeoutError:
                await self.run_due()

    async def run_due(self) -> None:
        """Run everything that is due now, what is about the nearest first, and come back for the next one."""
        if self._running.locked():
            self._again = True
            return
        async with self._running:
            try:
                while not self._stopping.is_set():
                    self._again = False
                    soonest = await self._run_batches()
                    if soonest is not None and self._scheduler.running:
                        self._soon(max(0.0, soonest.total_seconds()))
                    if not self._again:  # whoever set a timer meanwhile may have been too late for the plan
                        break
            except Exception:
                log.exception("clock.failed", pause=DATABASE_PAUSE)
                if self._scheduler.running:
                    self._soon(DATABASE_PAUSE)

    async def _run_batches(self) -> timedelta | None:
        """Run all that is due; gives the time until the next one."""
        while True:
            async with self._units.reading() as look:
                soonest = await look.tx.first(self._soonest)
                went_back, self._latest = look.now < self._latest, look.now
                due: Sequence[int] = ()
                if soonest is not None and soonest <= look.now:
                    due = await look.tx.all(
                        _NEAREST.where(_PENDING, self._known, col(Timer.due_at) <= look.now)
                    )
            if went_back and await self._revive():
                continue
            if not due or self._stopping.is_set():
                return None if soonest is None else soonest - look.now
            await self._ring_all(due)

    async def _revive(self) -> int:
        """The clock went back: what seemed too late may be of use after all; gives how many timers that is."""
        async with self._units.reading() as look:
            useful = (col(Timer.state) == "dropped", col(Timer.useful_until) > look.now)
            if await look.tx.first(select(Timer.id).where(*useful).limit(1)) is None:
                return 0
        async with self._units.transaction("clock.revive") as tx:
            revived = await tx.change(update(Timer).where(*useful).values(state="pending"))
        log.warning("clock.revived", timers=revived)
        return revived

    async def _ring_all(self, due: Sequence[int]) -> None:
        """Run timers in groups: a commit costs more than a timer, but holding the write lock makes people wait."""
        waiting = deque(due)
        while waiting and not self._stopping.is_set():
            group_ids: list[int] = []
            rung: list[_Rung | None] = []
            try:
                async with self._units.together("clock.ring") as group:
                    begun = time.monotonic()
                    while waiting and len(group_ids) < GROUP:
                        group_ids.append(waiting.popleft())
                        rung.append(await self._ring(group, group_ids[-1]))
                        if time.monotonic() - begun > HOLD:
                            break
            except Exception as error:
                if not group_ids or in_trouble(error):
                    raise
                log.warning("clock.group_failed", timers=len(group_ids), exc_info=True)
                rung = [await self._ring_alone(timer_id) for timer_id in group_ids]
            for one in rung:
                if one is not None:
                    self._meter.rung(*one)

    async def _ring_alone(self, timer_id: int) -> _Rung | None:
        """Run a timer in a commit of its own: the one that broke a group shall not hold up the others."""
        try:
            async with self._units.together("clock.ring") as group:
                rung = await self._ring(group, timer_id)
        except Exception as error:
            if in_trouble(error):
                raise
            log.exception("timer.failed", timer=timer_id)
            async with self._units.writing(f"t{timer_id} failed", "clock.postpone") as unit:
                await _postpone(unit, timer_id)
            return None
        return rung

    async def _ring(self, group: Group, timer_id: int) -> _Rung | None:
        """Run a timer; it is postponed when it fails. Raises what the database itself cannot do.

        Gives what was run, None if nothing was.
        """
        try:
            async with group.alone(f"t{timer_id}") as unit:
                timer = await unit.tx.get(Timer, timer_id)
                if timer is None or timer.state != "pending" or timer.due_at > unit.now:
                    return None
                if timer.useful_until is not None and timer.useful_until < unit.now:
                    raise TooLate(timer.subject)
                await unit.tx.change(_MARK, timer_id=timer_id, to="done")
                lag = unit.now - timer.due_at
                await self._rings[timer.kind](unit, timer)
            return timer.kind, lag
        except TooLate as late:
            log.info("timer.too_late", timer=timer_id, about=str(late))
            await group.tx.change(_MARK, timer_id=timer_id, to="dropped")
        except (DBAPIError, sqlite3.Error):
            raise
        except Exception:
            log.exception("timer.failed", timer=timer_id)
            await _postpone(group.unit(f"t{timer_id} failed"), timer_id)
        return None


async def _postpone(unit: Unit, timer_id: int) -> None:
    """Let a timer that failed try again later, or give it up."""
    timer = await unit.tx.get(Timer, timer_id)
    if timer is not None:
        attempts = timer.attempts + 1
        state = "failed" if attempts >= TRIES else "pending"
        await unit.tx.change(
            update(Timer)
            .where(col(Timer.id) == timer_id)
            .values(attempts=attempts, state=state, due_at=unit.now + PAUSE)
        )
