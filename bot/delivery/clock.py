"""The clock: wakes when the next timer is due and runs what is due, each in a unit of its own.

The rows are the truth; APScheduler only wakes us, by a job at the next due time and by a sweep as the net.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlmodel import col, func, select, update

from bot.services.unit import Unit, Units
from storage.tables import Timer

log = structlog.get_logger()

TRIES = 5
PAUSE = timedelta(seconds=30)
"""Between the tries of a timer that fails."""

BATCH = 100

Ring = Callable[[Unit, Timer], Awaitable[None]]
"""What to do when a timer of a kind is due."""


class Clock:
    """Runs due timers. `sweep` is the seconds between looks when nothing else wakes it."""

    def __init__(self, units: Units, rings: Mapping[str, Ring], *, sweep: float = 30.0) -> None:
        self._units = units
        self._rings = rings
        self._sweep = sweep
        # `run_due` itself lets only one run at a time and remembers the others; APScheduler would drop them.
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 99}
        )
        self._running = asyncio.Lock()
        self._again = False

    async def start(self) -> None:
        """Run what came due while nobody was there, then tick."""
        self._scheduler.start()
        self._scheduler.add_job(self.run_due, "interval", seconds=self._sweep, id="sweep")
        self._soon(0.0)

    async def stop(self) -> None:
        """Finish the timer in hand and tick no more."""
        self._scheduler.pause()
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

    async def run_due(self) -> None:
        """Run everything that is due now, the longest due first, and come back for the next one."""
        if self._running.locked():
            self._again = True
            return
        async with self._running:
            try:
                while True:
                    self._again = False
                    await self._run_batches()
                    await self._plan_next()
                    if not self._again:  # whoever set a timer meanwhile may have been too late for the plan
                        break
            except Exception:
                log.exception("clock.failed")

    async def _run_batches(self) -> None:
        while True:
            async with self._units.reading() as look:
                due = await look.tx.all(
                    select(Timer.id)
                    .where(Timer.state == "pending", col(Timer.due_at) <= look.now)
                    .order_by(col(Timer.due_at), col(Timer.id))
                    .limit(BATCH)
                )
            for timer_id in due:
                await self._run(timer_id)
            if len(due) < BATCH:
                return

    async def _run(self, timer_id: int) -> None:
        try:
            async with self._units.writing(f"t{timer_id}", "clock.ring") as unit:
                timer = await unit.tx.get(Timer, timer_id)
                if timer is None or timer.state != "pending":
                    return
                late = timer.useful_until is not None and timer.useful_until < unit.now
                await unit.tx.change(
                    update(Timer).where(col(Timer.id) == timer_id).values(state="dropped" if late else "done")
                )
                if late:
                    log.info("timer.too_late", kind=timer.kind, subject=timer.subject)
                else:
                    await self._rings[timer.kind](unit, timer)
        except Exception:
            log.exception("timer.failed", timer=timer_id)
            await self._postpone(timer_id)

    async def _postpone(self, timer_id: int) -> None:
        async with self._units.writing(f"t{timer_id} failed", "clock.postpone") as unit:
            timer = await unit.tx.get(Timer, timer_id)
            if timer is None:
                return
            attempts = timer.attempts + 1
            state = "failed" if attempts >= TRIES else "pending"
            await unit.tx.change(
                update(Timer)
                .where(col(Timer.id) == timer_id)
                .values(attempts=attempts, state=state, due_at=unit.now + PAUSE)
            )

    async def _plan_next(self) -> None:
        async with self._units.reading() as look:
            soonest = await look.tx.first(select(func.min(Timer.due_at)).where(Timer.state == "pending"))
            if soonest is not None and self._scheduler.running:
                self._soon(max(0.0, (soonest - look.now).total_seconds()))
