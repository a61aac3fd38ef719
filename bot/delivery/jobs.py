"""Long work: claimed, done outside any transaction, recorded by itself in one of its own.

A job whose program died is done again, so every job must be harmless to repeat. One that met an outage of the
network or the disk is done again too, and that costs it none of its tries.

Whoever came first is served first. Kinds that nobody waits for have a place of their own and let all others pass,
so however many of them there are, they keep nobody waiting.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlmodel import col, false, func, or_, select, update

from bot.delivery.crew import Alone, Crew
from bot.delivery.meter import Meter
from bot.logs import redact
from bot.services.ports import is_outage
from bot.services.unit import Units
from storage.tables import Job

log = structlog.get_logger()

TRIES = 5
AT_ONCE = 4
"""Jobs that somebody waits for: while one of them takes as long as it may, the others go on."""

AT_LEISURE = 1
"""Jobs that nobody waits for."""

LOOK_EVERY = 5.0
"""Seconds between looks at the table when nobody woke us."""

OUTAGE_PAUSE = timedelta(seconds=5)
"""Between the tries of a job that meets an outage."""

OUTAGE_LIMIT = timedelta(hours=6)
"""So old is a job whose outages count as its own failures: somebody waits for it and shall be told."""

SETTLE_PAUSES = (0.2, 5.0)
"""Seconds before the end of a job is written down again, when that failed: the first, doubled up to the second."""


@dataclass(frozen=True, slots=True)
class Task:
    """One job in hand: its facts, and whether this is the last try. `patient`: outages cost no try yet."""

    data: dict[str, Any]
    last_try: bool
    patient: bool = True


Work = Callable[[Task], Awaitable[None]]

Farewell = Callable[[dict[str, Any]], Awaitable[bool]]
"""Tells who waits for a job, given its facts, that nothing comes of it; False if it was done all the same."""


class Jobs:
    """Does what is queued. Nobody waits for the kinds `at_leisure`: they are done when no other can be begun."""

    def __init__(
        self,
        units: Units,
        work: Mapping[str, Work],
        meter: Meter | None = None,
        farewells: Mapping[str, Farewell] | None = None,
        at_leisure: Collection[str] = (),
        crew: Crew | None = None,
    ) -> None:
        self._units = units
        self._work = work
        self._farewells = farewells or {}
        self._meter = meter or Meter()
        self._crew = crew or Alone()
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._known = frozenset(work)
        """What it does not know is left to a newer program."""
        self._at_leisure = frozenset(at_leisure)
        self._hands: dict[asyncio.Task[None], Job] = {}
        self._unsure = False
        """Whether a claim was cut off, so that nobody knows whether it stands."""
        self._stopping = False

    def wake(self) -> None:
        """Something was queued."""
        self._woken.set()

    async def start(self) -> None:
        """Take up what a dead run left in hand, then work."""
        if not self._crew.shared:  # else somebody may have them in hand: the crew takes them from the dead
            async with self._units.writing("jobs start", "jobs.start") as unit:
                cut_off = update(Job).where(col(Job.state) == "running")
                await unit.tx.change(cut_off.values(state="queued"))
        self._loop = asyncio.create_task(self._run())

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._loop is not None and not self._loop.done()

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
                if self._unsure:
                    await self._give_back()
                while job := await self._claim():
                    hand = asyncio.create_task(self._do(job))
                    self._hands[hand] = job
                    hand.add_done_callback(self._done)
                pause = await self._pause()
            except Exception:
                log.exception("jobs.claim_failed")
                self._unsure = True
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _give_back(self) -> None:
        """Queue again what was claimed by a commit that stands after all, though it seemed to fail: nobody does it."""
        async with self._units.writing("jobs unsure", "jobs.start") as unit:
            mine = update(Job).where(
                col(Job.state) == "running", col(Job.worker_id).is_not_distinct_from(self._crew.me)
            )
            held = [job.id for job in self._hands.values()]
            await unit.tx.change(mine.where(col(Job.id).not_in(held)).values(state="queued"))
        self._unsure = False

    def _done(self, hand: asyncio.Task[None]) -> None:
        del self._hands[hand]
        self._woken.set()

    def _may_begin(self) -> list[Any]:
        """Conditions on the jobs that there is a place for, those first that somebody waits for."""
        leisurely = sum(job.kind in self._at_leisure for job in self._hands.values())
        kind = col(Job.kind)
        conditions = []
        if len(self._hands) - leisurely < AT_ONCE:
            conditions.append(kind.in_(self._known - self._at_leisure))
        if leisurely < AT_LEISURE:
            conditions.append(kind.in_(self._known & self._at_leisure))
        return conditions

    async def _pause(self) -> float:
        async with self._units.reading() as look:
            soonest = await look.tx.first(
                select(func.min(Job.run_at)).where(Job.state == "queued", or_(false(), *self._may_begin()))
            )
            if soonest is None:
                return LOOK_EVERY
            return min(LOOK_EVERY, max(0.01, (soonest - look.now).total_seconds()))

    async def _claim(self) -> Job | None:
        for which in self._may_begin():
            async with self._units.reading() as look:
                ready = (Job.state == "queued", col(Job.run_at) <= look.now, which)
                if await look.tx.first(select(Job.id).where(*ready).limit(1)) is None:
                    continue
            if job := await self._take(*ready):
                return job
        return None

    async def _take(self, *ready: Any) -> Job | None:
        """The job that has been ready for longest, in hand from now on."""
        async with self._units.writing("jobs claim", "jobs.claim") as unit:
            job = await unit.tx.first(
                select(Job).where(*ready).order_by(col(Job.run_at), col(Job.id)).limit(1)
            )
            if job:
                await self._crew.check_alive(unit.tx)
                job.attempts += 1
                claimed = {"state": "running", "attempts": job.attempts, "worker_id": self._crew.me}
                await unit.tx.change(update(Job).where(col(Job.id) == job.id).values(**claimed))
            return job

    async def _do(self, job: Job) -> None:
        begun = time.monotonic()
        end = await self._end_of(job)
        seconds = time.monotonic() - begun
        first, longest = SETTLE_PAUSES
        pause = first
        while True:
            try:
                await self._settle(job, dict(end))
            except Exception:
                log.exception("jobs.settle_failed", job=job.id, pause=pause)
            else:
                self._meter.job(job.kind, end.get("state", "again"), seconds)
                return
            await asyncio.sleep(pause)
            pause = min(longest, pause * 2)

    async def _end_of(self, job: Job) -> dict[str, Any]:
        """Do a job; how its row is to stand then. A `pause` says when it is done again."""
        if job.attempts > TRIES + 1:  # the last try too
            return await self._give_up(job)
        last_try = job.attempts >= TRIES
        patient = self._units.clock() - job.created_at < OUTAGE_LIMIT
        try:
            await self._work[job.kind](Task(job.data, last_try, patient))
        except Exception as error:
            words = redact(repr(error))[:500]
            if patient and is_outage(error):
                log.warning("job.outage", job=job.id, kind=job.kind, error=words, exc_info=True)
                return {"attempts": job.attempts - 1, "pause": OUTAGE_PAUSE, "error": words}
            log.warning("job.failed", job=job.id, kind=job.kind, attempt=job.attempts, exc_info=True)
            if last_try:
                return {"state": "failed", "error": words}
            return {"pause": timedelta(seconds=0.5 * 3**job.attempts), "error": words}
        return {"state": "done", "error": ""}

    async def _give_up(self, job: Job) -> dict[str, Any]:
        """The program ended during each try, and would do so for ever: tell who waits, and leave it."""
        log.error("job.deadly", job=job.id, kind=job.kind)
        try:
            if job.kind in self._farewells and not await self._farewells[job.kind](job.data):
                return {"state": "done", "error": ""}
        except Exception as error:
            log.exception("job.farewell_failed", job=job.id)
            if job.attempts < 2 * TRIES:
                return {"pause": OUTAGE_PAUSE, "error": redact(repr(error))[:500]}
        return {"state": "failed", "error": "the program ended during each try"}

    async def _settle(self, job: Job, end: dict[str, Any]) -> None:
        async with self._units.writing(f"job {job.id}", "jobs.settle") as unit:
            if (pause := end.pop("pause", None)) is not None:
                end |= {"state": "queued", "run_at": unit.now + pause}
            else:
                end["done_at"] = unit.now
            mine = update(Job).where(col(Job.id) == job.id, col(Job.state) == "running")
            if not await unit.tx.change(mine.where(col(Job.attempts) == job.attempts).values(**end)):
                log.warning("job.done_elsewhere", job=job.id)  # while this program was thought dead
