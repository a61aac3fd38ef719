"""Jobs: done outside transactions, tried again with pauses, taken up after a crash."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.delivery.jobs import AT_ONCE, OUTAGE_LIMIT, OUTAGE_PAUSE, TRIES, Jobs, Task
from bot.services.jobs import add_job
from bot.services.ports import OutageError
from bot.services.unit import Units
from storage.database import Transaction
from storage.tables import Job
from tests.helpers import MovableClock


class Bench:
    """Work that takes down what it was given, and fails or waits as the test says."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bool]] = []
        self.failures = 0
        self.error: Exception = RuntimeError("bot123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAA is no good")
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_once = 0
        self.most_at_once = 0

    async def work(self, task: Task) -> None:
        """The work."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            self.done.append((task.data["name"], task.last_try))
            if self.failures:
                self.failures -= 1
                raise self.error
        finally:
            self.at_once -= 1

    async def has_done(self, count: int) -> None:
        """Wait until it was done so often."""
        async with asyncio.timeout(5):
            while len(self.done) < count:  # noqa: ASYNC110 - an event would have to be reset each time
                await asyncio.sleep(0.01)


@pytest.fixture
def bench() -> Bench:
    """Works at once."""
    return Bench()


@pytest.fixture
async def jobs(units: Units, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobs]:
    """Jobs that look often, not started yet."""
    monkeypatch.setattr("bot.delivery.jobs.LOOK_EVERY", 0.02)
    jobs = Jobs(units, {"work": bench.work})
    yield jobs
    await jobs.stop(grace=0.05)


async def add(units: Units, *names: str) -> None:
    """Queue jobs."""
    async with units.writing(f"add {names}") as unit:
        for name in names:
            await add_job(unit, "work", name, name=name)


async def states(units: Units) -> list[tuple[str, int]]:
    """State and tries of each job, in order."""
    async with units.reading() as look:
        found = await look.tx.all(select(Job.state, Job.attempts).order_by(col(Job.id)))
    return [tuple(row) for row in found]


async def until(units: Units, *wanted: tuple[str, int]) -> None:
    """Wait until the jobs stand so."""
    async with asyncio.timeout(5):
        while await states(units) != list(wanted):  # noqa: ASYNC110 - rows have no event
            await asyncio.sleep(0.01)


async def test_a_job_is_done_once(units: Units, jobs: Jobs, bench: Bench) -> None:
    """And queued once, by what it is about."""
    await add(units, "a")
    async with units.writing("again") as unit:
        assert await add_job(unit, "work", "a", name="a") is False
    await jobs.start()
    await until(units, ("done", 1))
    await asyncio.sleep(0.1)
    assert bench.done == [("a", False)]


async def test_only_so_many_at_once(units: Units, jobs: Jobs, bench: Bench) -> None:
    """Long work does not take the whole machine; the rest waits and is done too."""
    bench.gate.clear()
    await add(units, *"abcde")
    await jobs.start()
    await until(units, *[("running", 1)] * AT_ONCE, *[("queued", 0)] * (5 - AT_ONCE))
    bench.gate.set()
    await until(units, *[("done", 1)] * 5)
    assert bench.most_at_once == AT_ONCE


async def test_a_job_that_hangs_delays_nobody(units: Units) -> None:
    """Whoever came first is served first; what takes for ever has one place, and the others go on."""
    done: list[str] = []
    for_ever = asyncio.Event()

    async def work(task: Task) -> None:
        if task.data["name"] == "bomb":
            await for_ever.wait()
        done.append(task.data["name"])

    names = [str(number) for number in range(3 * AT_ONCE)]
    await add(units, "bomb", *names)
    jobs = Jobs(units, {"work": work})
    await jobs.start()
    await until(units, ("running", 1), *[("done", 1)] * len(names))
    assert done == names
    for_ever.set()
    await until(units, *[("done", 1)] * (len(names) + 1))
    await jobs.stop()


async def test_who_can_wait_keeps_nobody_waiting(units: Units) -> None:
    """Work at leisure, however much there was first, has its own place; meanwhile all the others are served."""
    begun: list[str] = []
    for_ever = asyncio.Event()

    async def work(task: Task) -> None:
        begun.append(task.data["name"])

    async def later(task: Task) -> None:
        begun.append(task.data["name"])
        await for_ever.wait()

    async with units.writing("add") as unit:
        for name in ("x", "y", "z"):
            await add_job(unit, "later", name, name=name)
    await add(units, "a", "b")
    jobs = Jobs(units, {"work": work, "later": later}, at_leisure=["later"])
    await jobs.start()
    await until(units, ("running", 1), ("queued", 0), ("queued", 0), ("done", 1), ("done", 1))
    await add(units, "c")
    jobs.wake()
    await until(units, ("running", 1), ("queued", 0), ("queued", 0), *[("done", 1)] * 3)
    for_ever.set()
    await until(units, *[("done", 1)] * 6)
    await jobs.stop()
    assert [name for name in begun if name in "xyz"] == ["x", "y", "z"]
    assert [name for name in begun if name in "abc"] == ["a", "b", "c"]


async def test_no_transaction_is_open_meanwhile(units: Units, jobs: Jobs, bench: Bench) -> None:
    """While a job works, others write."""
    bench.gate.clear()
    await add(units, "a")
    await jobs.start()
    await until(units, ("running", 1))
    async with asyncio.timeout(1):
        await add(units, "b")
    bench.gate.set()


async def test_a_failing_job_is_tried_again_later_and_later(
    units: Units, jobs: Jobs, bench: Bench, clock: MovableClock
) -> None:
    """Each pause is longer; the last try is told that it is the last, and then the job has failed."""
    bench.failures = TRIES
    await add(units, "a")
    await jobs.start()
    pauses = []
    for attempt in range(1, TRIES):
        await until(units, ("queued", attempt))
        async with units.reading() as look:
            pauses.append((await look.tx.one(select(Job.run_at)) - clock.now).total_seconds())
        assert len(bench.done) == attempt, "not before its time"
        clock.forward(seconds=pauses[-1])
    await until(units, ("failed", TRIES))
    assert pauses == [1.5, 4.5, 13.5, 40.5]
    assert [last for _, last in bench.done] == [False, False, False, False, True]
    async with units.reading() as look:
        assert await look.tx.one(select(Job.error)) == "RuntimeError('bot<token> is no good')"


async def test_a_job_in_hand_at_a_crash_is_done_again(units: Units, jobs: Jobs, bench: Bench) -> None:
    """What a dead run left "running" is taken up by the next one."""
    await add(units, "a")
    async with units.writing("crash") as unit:
        await unit.tx.change(update(Job).values(state="running", attempts=1))
    await jobs.start()
    await until(units, ("done", 2))
    assert bench.done == [("a", False)]


async def test_a_job_that_kills_the_program_gets_a_last_try_and_no_more(
    units: Units, jobs: Jobs, bench: Bench
) -> None:
    """Otherwise a program that it takes down each time would never live again."""
    await add(units, "a", "b")
    async with units.writing("crashes") as unit:
        await unit.tx.change(update(Job).where(col(Job.about) == "a").values(state="running", attempts=TRIES))
        await unit.tx.change(
            update(Job).where(col(Job.about) == "b").values(state="running", attempts=TRIES + 1)
        )
    await jobs.start()
    await until(units, ("done", TRIES + 1), ("failed", TRIES + 2))
    assert bench.done == [("a", True)]


@pytest.mark.parametrize(
    ("told", "end"), [([True], "failed"), ([False], "done"), ([OSError(), True], "failed")]
)
async def test_who_waits_for_a_job_that_is_given_up_is_told(
    units: Units, bench: Bench, monkeypatch: pytest.MonkeyPatch, told: list[bool | Exception], end: str
) -> None:
    """Once, however the telling has to be tried; and a job that was done all the same did not fail."""
    monkeypatch.setattr("bot.delivery.jobs.OUTAGE_PAUSE", timedelta())
    heard: list[str] = []
    answers = iter(told)

    async def farewell(data: dict[str, str]) -> bool:
        heard.append(data["name"])
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    await add(units, "a")
    async with units.writing("crashes") as unit:
        await unit.tx.change(update(Job).values(state="running", attempts=TRIES + 1))
    jobs = Jobs(units, {"work": bench.work}, farewells={"work": farewell})
    await jobs.start()
    await until(units, (end, TRIES + 1 + len(told)))
    await jobs.stop()
    assert heard == ["a"] * len(told)
    assert bench.done == []


async def test_a_farewell_that_fails_is_not_tried_for_ever(
    units: Units, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is left as failed: coordinators see it."""
    monkeypatch.setattr("bot.delivery.jobs.OUTAGE_PAUSE", timedelta())
    heard: list[str] = []

    async def farewell(data: dict[str, str]) -> bool:
        heard.append(data["name"])
        raise RuntimeError

    await add(units, "a")
    async with units.writing("crashes") as unit:
        await unit.tx.change(update(Job).values(state="running", attempts=2 * TRIES - 2))
    jobs = Jobs(units, {"work": bench.work}, farewells={"work": farewell})
    await jobs.start()
    await until(units, ("failed", 2 * TRIES))
    await jobs.stop()
    assert heard == ["a", "a"]


async def test_a_stop_leaves_what_is_not_finished_to_the_next_run(
    units: Units, jobs: Jobs, bench: Bench
) -> None:
    """Work that takes longer than the grace is cut off, and done again."""
    bench.gate.clear()
    await add(units, "a")
    await jobs.start()
    await until(units, ("running", 1))
    await jobs.stop(grace=0.01)
    bench.gate.set()
    again = Jobs(units, {"work": bench.work})
    await again.start()
    await until(units, ("done", 2))
    await again.stop()
    assert bench.done == [("a", False)]


async def test_work_that_nobody_knows_waits_alone(units: Units, jobs: Jobs, bench: Bench) -> None:
    """A job of a newer version of the program keeps no other from being done, and loses no try."""
    await add(units, "a")
    async with units.writing("unknown") as unit:
        await add_job(unit, "gone", "x")
    await jobs.start()
    await until(units, ("done", 1), ("queued", 0))


# --- outages


@pytest.mark.parametrize(
    "error", [OutageError("no network"), OSError(errno.ENOSPC, "no room")], ids=["network", "disk"]
)
async def test_an_outage_costs_no_try(
    units: Units, jobs: Jobs, bench: Bench, clock: MovableClock, error: Exception
) -> None:
    """However often it is met, the job is done when it is over; and never was it told that this is its last try."""
    bench.error, bench.failures = error, 3 * TRIES
    await add(units, "a")
    await jobs.start()
    for number in range(3 * TRIES):
        await bench.has_done(number + 1)
        await until(units, ("queued", 0))
        clock.forward(seconds=OUTAGE_PAUSE.total_seconds())
    await until(units, ("done", 1))
    assert bench.done == [("a", False)] * (3 * TRIES + 1)


async def test_an_outage_that_does_not_end(
    units: Units, jobs: Jobs, bench: Bench, clock: MovableClock
) -> None:
    """After some hours it counts as any failure, so that whoever waits is told."""
    bench.error, bench.failures = OutageError("no network"), TRIES + 1
    await add(units, "a")
    await jobs.start()
    await bench.has_done(1)
    await until(units, ("queued", 0))
    clock.forward(seconds=OUTAGE_LIMIT.total_seconds())
    for attempt in range(1, TRIES):
        await until(units, ("queued", attempt))
        clock.forward(minutes=1)
    await until(units, ("failed", TRIES))
    assert [last for _, last in bench.done] == [False] * TRIES + [True]


async def test_an_end_that_cannot_be_written_down(
    units: Units, jobs: Jobs, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full just then: the job is not done again, and its end is written down when there is room."""
    monkeypatch.setattr("bot.delivery.jobs.SETTLE_PAUSES", (0.01, 0.02))
    transaction, refused = units.transaction, []

    @asynccontextmanager
    async def full(step: str) -> AsyncIterator[Transaction]:
        async with transaction(step) as tx:
            yield tx
            if step == "jobs.settle" and len(refused) < 5:
                refused.append(step)
                raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(units, "transaction", full)
    await add(units, "a")
    await jobs.start()
    await until(units, ("done", 1))
    assert (bench.done, len(refused)) == ([("a", False)], 5)
