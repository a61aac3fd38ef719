"""The clock: what is due is run once, late or not at all as each timer says, whatever time does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bot.delivery.clock import BATCH, PAUSE, TRIES, Clock
from bot.services import outbox
from bot.services.timers import drop_timers, set_timer
from bot.services.unit import Unit, Units
from storage.database import Transaction
from storage.tables import Timer
from tests.delivery.mouths import Card
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock, told


class Bell:
    """Rings, and takes down for whom; fails as often as the test says."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.failures = 0
        self.breaks_for = ""
        self.heard = asyncio.Event()

    async def ring(self, unit: Unit, timer: Timer) -> None:
        """What the timers do."""
        await outbox.send(unit, 7, Card(timer.subject))
        self.rung.append(timer.subject)
        if timer.subject == self.breaks_for:
            await unit.tx.run(text("SELECT * FROM nowhere"))
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not now")
        self.heard.set()


@pytest.fixture
def bell() -> Bell:
    """Rings well."""
    return Bell()


@pytest.fixture
async def ticking(units: Units, bell: Bell) -> AsyncIterator[Clock]:
    """A clock that ticks, with a slow net."""
    clock = Clock(units, {"ring": bell.ring}, sweep=60.0)
    units.wake = lambda _wake: clock.wake()
    await clock.start()
    yield clock
    await clock.stop()


@pytest.fixture
def still(units: Units, bell: Bell) -> Clock:
    """A clock that runs only when the test says."""
    return Clock(units, {"ring": bell.ring})


async def set_for(
    units: Units,
    due_at: datetime,
    *subjects: str,
    until: datetime | None = None,
    happens_at: datetime | None = None,
) -> None:
    """Set timers."""
    async with units.writing(f"set {subjects}") as unit:
        for subject in subjects:
            await set_timer(unit, "ring", subject, due_at, happens_at=happens_at, useful_until=until)


async def states(units: Units) -> list[str]:
    """The state of each timer, in order."""
    async with units.reading() as look:
        return list(await look.tx.all(select(Timer.state).order_by(col(Timer.id))))


async def test_due_once(units: Units, still: Clock, bell: Bell, clock: MovableClock) -> None:
    """Not before its time, and not a second time."""
    await set_for(units, NOON + timedelta(hours=1), "a")
    await still.run_due()
    assert bell.rung == []
    clock.forward(hours=1)
    await still.run_due()
    await still.run_due()
    assert bell.rung == ["a"]
    assert await states(units) == ["done"]


async def test_the_longest_due_first(units: Units, still: Clock, bell: Bell, clock: MovableClock) -> None:
    """After a pause of any length, everything that is due runs in the order of its time, however much."""
    for hours in (3, 1, 2):
        await set_for(units, NOON + timedelta(hours=hours), f"{hours}")
    await set_for(units, NOON + timedelta(hours=4), *(f"n{n}" for n in range(BATCH + 5)))
    clock.forward(days=30)
    await still.run_due()
    assert bell.rung == ["1", "2", "3", *(f"n{n}" for n in range(BATCH + 5))]


async def test_the_nearest_matter_first(units: Units, still: Clock, bell: Bell, clock: MovableClock) -> None:
    """Of all that is due, what happens soonest runs first, whenever it became due and was written."""
    for number in (3, 1, 4, 0, 2):
        due_at, happens_at = NOON + timedelta(seconds=10 - number), NOON + timedelta(hours=number)
        await set_for(units, due_at, f"in {number} h", happens_at=happens_at)
    clock.forward(minutes=1)
    await still.run_due()
    assert bell.rung == ["in 0 h", "in 1 h", "in 2 h", "in 3 h", "in 4 h"]


async def test_late_while_useful_and_dropped_when_not(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """A timer says until when it is of use: later than that it is dropped, at that very moment not."""
    await set_for(units, NOON, "useful", until=NOON + timedelta(hours=2))
    await set_for(units, NOON, "useless", until=NOON + timedelta(hours=2) - timedelta(microseconds=1))
    clock.forward(hours=2)
    await still.run_due()
    assert bell.rung == ["useful"]
    assert await states(units) == ["done", "dropped"]


async def test_dropped_with_its_subject(units: Units, still: Clock, bell: Bell, clock: MovableClock) -> None:
    """Whoever ends a thing removes its timers; those of other things stay."""
    await set_for(units, NOON + timedelta(hours=1), "booking:1", "booking:11")
    async with units.writing("cancelled") as unit:
        assert await drop_timers(unit, "booking:1") == 1
    clock.forward(hours=1)
    await still.run_due()
    assert bell.rung == ["booking:11"]


async def test_a_failing_timer_is_tried_again(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """What its failing try wrote is gone, the others run meanwhile, and half a minute later it runs again."""
    bell.failures = 1
    await set_for(units, NOON, "a", "b")
    await still.run_due()
    assert bell.rung == ["a", "b"]
    assert await told(units, 7) == [Card("b")]
    await still.run_due()
    assert bell.rung == ["a", "b"], "not before the pause is over"
    clock.now += PAUSE
    await still.run_due()
    assert await told(units, 7) == [Card("b"), Card("a")]
    assert await states(units) == ["done", "done"]


async def test_a_timer_that_keeps_failing_is_given_up(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """After the last try it is marked as failed, so that somebody can see it."""
    bell.failures = 99
    await set_for(units, NOON, "a")
    for _ in range(TRIES + 2):
        await still.run_due()
        clock.now += PAUSE
    assert len(bell.rung) == TRIES
    assert await states(units) == ["failed"]


# --- in groups


@pytest.fixture
def commits(units: Units, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The step of each commit, in order."""
    seen: list[str] = []
    begin = units.transaction

    @asynccontextmanager
    async def watched(step: str) -> AsyncIterator[Transaction]:
        async with begin(step) as tx:
            yield tx
        seen.append(step)

    monkeypatch.setattr(units, "transaction", watched)
    return seen


async def test_timers_share_commits(
    units: Units, still: Clock, bell: Bell, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit costs more than a timer: up to fifty share one."""
    monkeypatch.setattr("bot.delivery.clock.HOLD", 60.0)
    await set_for(units, NOON, *(f"{number}" for number in range(120)))
    commits.clear()
    await still.run_due()
    assert bell.rung == [f"{number}" for number in range(120)]
    assert commits == ["clock.ring"] * 3


async def test_who_waits_to_write_comes_between(
    units: Units, still: Clock, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one write lock is held for moments only: a person's step waits for one group, not for all."""
    monkeypatch.setattr("bot.delivery.clock.HOLD", 0.0)
    await set_for(units, NOON, *(f"{number}" for number in range(50)))
    running = asyncio.create_task(still.run_due())
    await until(lambda: len(bell.rung) > 0)
    async with units.writing("a person's step"):
        rung_before = len(bell.rung)
    await running
    assert rung_before < 5
    assert len(bell.rung) == 50


async def test_one_that_breaks_its_group_fails_alone(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """What the database itself refuses may have ended the transaction: the group is run again, one by one."""
    bell.breaks_for = "b"
    await set_for(units, NOON, "a", "b", "c")
    await still.run_due()
    assert await told(units, 7) == [Card("a"), Card("c")]
    assert await states(units) == ["done", "pending", "done"]
    bell.breaks_for = ""
    clock.now += PAUSE
    await still.run_due()
    assert await told(units, 7) == [Card("a"), Card("c"), Card("b")]


@pytest.mark.parametrize("moment", ["begin", "commit"])
async def test_a_database_that_fails_for_a_while_uses_up_no_try(
    units: Units, still: Clock, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """A disk that is full for an hour is no failure of the timers: nothing is postponed, nothing given up."""
    await set_for(units, NOON, "a", "b")
    begin = units.transaction

    @asynccontextmanager
    async def full(step: str) -> AsyncIterator[Transaction]:
        if moment == "begin":
            raise OSError("no space left on the device")
        async with begin(step) as tx:
            yield tx
            raise OSError("no space left on the device")

    with monkeypatch.context() as patch:
        patch.setattr(units, "transaction", full)
        for _ in range(TRIES + 1):
            await still.run_due()
    assert (await told(units, 7), await states(units)) == ([], ["pending", "pending"])
    await still.run_due()
    assert await told(units, 7) == [Card("a"), Card("b")]
    assert await states(units) == ["done", "done"]


async def test_a_stop_waits_for_one_group_only(
    units: Units, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is due, the program can end; the rest runs at the next start."""
    monkeypatch.setattr("bot.delivery.clock.HOLD", 0.0)
    stopping_clock = Clock(units, {"ring": bell.ring})
    await set_for(units, NOON, *(f"{number}" for number in range(50)))
    await stopping_clock.start()
    async with asyncio.timeout(5):
        await bell.heard.wait()
    await stopping_clock.stop()
    assert len(bell.rung) < 50
    next_clock = Clock(units, {"ring": bell.ring})
    await next_clock.run_due()
    assert bell.rung == [f"{number}" for number in range(50)]


async def test_a_kind_that_nobody_knows_holds_nothing_up(units: Units, still: Clock, bell: Bell) -> None:
    """A timer of another version of the program fails alone."""
    async with units.writing("unknown") as unit:
        await set_timer(unit, "gone", "x", NOON)
    await set_for(units, NOON, "a")
    await still.run_due()
    assert bell.rung == ["a"]
    assert await states(units) == ["pending", "done"]


async def test_a_timer_may_set_the_next_one(units: Units, clock: MovableClock) -> None:
    """A chain of timers that are due at once runs through without waiting for the net."""
    rung = []

    async def ring(unit: Unit, timer: Timer) -> None:
        rung.append(timer.subject)
        if len(rung) < 5:
            await set_timer(unit, "ring", f"a{len(rung)}", unit.now)

    chain = Clock(units, {"ring": ring})
    units.wake = lambda _wake: chain.wake()
    await set_for(units, NOON, "a0")
    await chain.run_due()
    assert rung == ["a0", "a1", "a2", "a3", "a4"]


async def test_what_came_due_while_nobody_was_there(units: Units, ticking: Clock, bell: Bell) -> None:
    """Runs right at the start; so does a timer that is set to be due now."""
    await set_for(units, NOON, "now")
    async with asyncio.timeout(5):
        await bell.heard.wait()
    assert bell.rung == ["now"]


async def test_woken_for_a_sooner_one(units: Units, ticking: Clock, bell: Bell) -> None:
    """Waiting for tomorrow, the clock hears of something due in a moment, and is on time for it."""
    await set_for(units, NOON + timedelta(days=1), "tomorrow")
    await asyncio.sleep(0.05)
    await set_for(units, NOON + timedelta(seconds=0.2), "soon")
    units.clock = _running_from(NOON)
    async with asyncio.timeout(3):
        await bell.heard.wait()
    assert bell.rung == ["soon"]


async def test_many_wakes_at_once_lose_none(units: Units, ticking: Clock, bell: Bell) -> None:
    """Timers set while others run, or while the next wait is planned, do not wait for the net."""
    for number in range(40):
        await set_for(units, NOON, f"{number}")
        await asyncio.sleep(0.001 * (number % 7))
    await until(lambda: len(bell.rung) == 40)
    assert sorted(bell.rung, key=int) == [f"{n}" for n in range(40)]


async def test_the_net_catches_a_jump_of_the_clock(units: Units, bell: Bell, clock: MovableClock) -> None:
    """A clock that jumps (a suspended machine, the demo) is noticed at the next sweep; backwards nothing is lost."""
    net = Clock(units, {"ring": bell.ring}, sweep=0.1)
    await net.start()
    await set_for(units, NOON + timedelta(hours=1), "a")
    clock.forward(hours=-5)
    await asyncio.sleep(0.15)
    assert bell.rung == []
    clock.forward(hours=7)
    async with asyncio.timeout(3):
        await bell.heard.wait()
    await net.stop()
    assert bell.rung == ["a"]


async def test_a_stop_finishes_the_timer_in_hand(units: Units, clock: MovableClock) -> None:
    """No timer is cut off, and none begins after the stop."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    rung = []

    async def ring(unit: Unit, timer: Timer) -> None:
        begun.set()
        await go_on.wait()
        rung.append(timer.subject)

    stopping_clock = Clock(units, {"ring": ring})
    await set_for(units, NOON, "a")
    await stopping_clock.start()
    async with asyncio.timeout(5):
        await begun.wait()
    stopping = asyncio.create_task(stopping_clock.stop())
    await asyncio.sleep(0.02)
    assert not stopping.done()
    go_on.set()
    await stopping
    assert rung == ["a"]
    await set_for(units, NOON, "b")
    await asyncio.sleep(0.05)
    assert rung == ["a"]


def _running_from(start: datetime) -> Callable[[], datetime]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda: start + timedelta(seconds=loop.time() - began)
