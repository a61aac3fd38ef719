"""Long work: claimed, done outside any transaction, recorded by itself in one of its own.

A job whose program died is done again, so every job must be harmless to repeat.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import col, func, select, update

from bot.logs import redact
from bot.services.unit import Units
from storage.tables import Job

log = structlog.get_logger()

TRIES = 5
AT_ONCE = 2
LOOK_EVERY = 5.0
"""Seconds between looks at the table when nobody woke us."""


@dataclass(frozen=True, slots=True)
class Task:
    """One job in hand: its facts, and whether this is the last try."""

    data: dict[str, Any]
    last_try: bool


Work = Callable[[Task], Awaitable[None]]


class Jobs:
    """Does what is queued."""

    def __init__(self, units: Units, work: Mapping[str, Work]) -> None:
        self._units = units
        self._work = work
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._hands: set[asyncio.Task[None]] = set()
        self._stopping = False

    def wake(self) -> None:
        """Something was queued."""
        self._woken.set()

    async def start(self) -> None:
        """Take up what a dead run left in hand, then work."""
        async with self._units.writing("jobs start", "jobs.start") as unit:
            cut_off = update(Job).where(col(Job.state) == "running")
            # One that took the program down with it even on its last try would do so for ever.
            deadly = cut_off.where(col(Job.attempts) > TRIES)
            await unit.tx.change(deadly.values(state="failed", error="the program ended during each try"))
            await unit.tx.change(cut_off.values(state="queued"))
        self._loop = asyncio.create_task(self._run())

    async def stop(self, grace: float = 3.0) -> None:
        """Claim no more; what is not finished within the grace (seconds) is done again by the next run."""
        self._stopping = True
        self.wake()
        if self._loop:
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._hands:
            _, late = await asyncio.wait(self._hands, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            pause = LOOK_EVERY
            try:
                while len(self._hands) < AT_ONCE and (job := await self._claim()):
                    hand = asyncio.create_task(self._do(job))
                    self._hands.add(hand)
                    hand.add_done_callback(self._done)
                pause = await self._pause()
            except Exception:
                log.exception("jobs.claim_failed")
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def _done(self, hand: asyncio.Task[None]) -> None:
        self._hands.discard(hand)
        self._woken.set()

    async def _pause(self) -> float:
        async with self._units.reading() as look:
            soonest = await look.tx.first(select(func.min(Job.run_at)).where(Job.state == "queued"))
            if soonest is None or len(self._hands) >= AT_ONCE:
                return LOOK_EVERY
            return min(LOOK_EVERY, max(0.01, (soonest - look.now).total_seconds()))

    async def _claim(self) -> Job | None:
        async with self._units.reading() as look:
            ready = (Job.state == "queued", col(Job.run_at) <= look.now)
            if await look.tx.first(select(Job.id).where(*ready).limit(1)) is None:
                return None
        async with self._units.writing("jobs claim", "jobs.claim") as unit:
            job = await unit.tx.first(
                select(Job).where(*ready).order_by(col(Job.run_at), col(Job.id)).limit(1)
            )
            if job:
                job.attempts += 1
                await unit.tx.change(
                    update(Job).where(col(Job.id) == job.id).values(state="running", attempts=job.attempts)
                )
            return job

    async def _do(self, job: Job) -> None:
        last_try = job.attempts >= TRIES
        try:
            await self._work[job.kind](Task(job.data, last_try))
            end: dict[str, Any] = {"state": "done", "error": ""}
        except Exception as error:
            log.warning("job.failed", job=job.id, kind=job.kind, attempt=job.attempts, exc_info=True)
            end = {"state": "failed" if last_try else "queued", "error": redact(repr(error))[:500]}
        try:
            async with self._units.writing(f"job {job.id}", "jobs.settle") as unit:
                if end["state"] == "queued":
                    end["run_at"] = unit.now + timedelta(seconds=0.5 * 3**job.attempts)
                else:
                    end["done_at"] = unit.now
                await unit.tx.change(update(Job).where(col(Job.id) == job.id).values(**end))
        except Exception:
            log.exception("jobs.settle_failed", job=job.id)
