"""The clock: what is due is run once, late or not at all as each timer says, whatever time does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from inspect import signature

import pytest
from sqlmodel import select

from bot.delivery.clock import BATCH, PAUSE, TRIES, Clock
from bot.services.timers import SOON, drop_timers, set_timer
from bot.services.unit import Unit, Units, Wake
from storage.tables import Timer
from tests.delivery.bells import Bell, set_for, states
from tests.delivery.mouths import Card
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock, told


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


async def test_only_what_is_due_soon_wakes_the_clock(units: Units) -> None:
    """Most timers are due in hours: the clock finds them by itself, and a commit that sets one is cheaper."""
    woken: list[Wake] = []
    units.wake = woken.append
    await set_for(units, NOON + SOON, "later")
    assert woken == []
    await set_for(units, NOON + SOON - timedelta(seconds=1), "soon")
    assert woken == [Wake.TIMERS]
    assert signature(Clock).parameters["sweep"].default <= SOON.total_seconds() / 2


async def test_what_wakes_nobody_is_on_time(
    units: Units, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that finds nothing due plans the next one for the moment at which something is."""
    monkeypatch.setattr("bot.services.timers.SOON", timedelta())
    units.clock = _running_from(NOON)
    net = Clock(units, {"ring": bell.ring}, sweep=0.2)
    units.wake = lambda _wake: net.wake()
    planned: list[float] = []
    plan = net._soon

    def watched(seconds: float) -> None:
        planned.append(seconds)
        plan(seconds)

    monkeypatch.setattr(net, "_soon", watched)
    await net.start()
    await set_for(units, NOON + timedelta(hours=1), "in an hour")
    await until(lambda: len(planned) > 1)
    await net.stop()
    assert planned[0] == 0.0
    assert 3590 < planned[1] <= 3600


async def test_a_kind_that_nobody_knows_holds_nothing_up(units: Units, still: Clock, bell: Bell) -> None:
    """A timer of a newer version of the program waits for that, and loses no try."""
    async with units.writing("unknown") as unit:
        await set_timer(unit, "gone", "x", NOON)
    await set_for(units, NOON, "a")
    await still.run_due()
    assert bell.rung == ["a"]
    assert await states(units) == ["pending", "done"]
    newer = Clock(units, {"ring": bell.ring, "gone": bell.ring})
    await newer.run_due()
    assert await states(units) == ["done", "done"]
    async with units.reading() as look:
        assert await look.tx.all(select(Timer.attempts)) == [0, 0]


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
