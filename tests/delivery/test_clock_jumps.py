"""A clock that jumps: whatever it does, a timer is run once, and none is lost that would be of use."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import accumulate

import pytest
from sqlmodel import col, select

from bot.delivery.clock import Clock
from bot.services.timers import TooLate, drop_timers, set_timer
from bot.services.unit import Unit, Units
from storage.tables import Timer
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock

MINUTE = timedelta(minutes=1)


class Bell:
    """Takes down for whom it rings, and refuses as too late what the test says."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.too_late = False

    async def ring(self, unit: Unit, timer: Timer) -> None:
        """What the timers do."""
        if self.too_late:
            raise TooLate(timer.subject)
        self.rung.append(timer.subject)


@pytest.fixture
def bell() -> Bell:
    """Rings."""
    return Bell()


@pytest.fixture
def still(units: Units, bell: Bell) -> Clock:
    """A clock that runs only when the test says."""
    return Clock(units, {"ring": bell.ring})


async def every_ten_minutes(units: Units, count: int) -> list[str]:
    """So many timers, each of use for a quarter of an hour; their subjects are the minutes from noon."""
    minutes = range(10, 10 * count + 10, 10)
    async with units.writing("set") as unit:
        for minute in minutes:
            due_at = NOON + minute * MINUTE
            await set_timer(unit, "ring", f"{minute}", due_at, useful_until=due_at + 15 * MINUTE)
    return [f"{minute}" for minute in minutes]


@pytest.mark.parametrize(
    "jumps",
    [
        pytest.param((60, -59, 30, 60, -60), id="forth-and-back-and-forth"),
        pytest.param((25, -60, 60, -60, 90, -60), id="back-and-forth"),
        pytest.param((61, -3, 3, -60, 60, -60, 60, -60), id="again-and-again"),
    ],
)
async def test_none_is_lost_and_none_repeated(
    units: Units, still: Clock, bell: Bell, clock: MovableClock, jumps: tuple[int, ...]
) -> None:
    """After wild jumps the time goes on as it should: every timer has run once, wherever the jumps came."""
    subjects = await every_ten_minutes(units, 24)
    seen = []
    for jump in jumps:
        clock.forward(minutes=jump)
        await still.run_due()
        seen.append((clock.now - NOON) // MINUTE)
    assert seen == list(accumulate(jumps))
    clock.now = NOON
    for _ in range(50):
        clock.forward(minutes=5)
        await still.run_due()
    assert sorted(bell.rung, key=int) == subjects


async def test_what_seemed_too_late_is_dropped_for_good_when_it_is(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """A clock that goes back by less than would make it useful brings nothing back."""
    await every_ten_minutes(units, 1)
    clock.forward(minutes=60)
    await still.run_due()
    clock.forward(minutes=-30)
    await still.run_due()
    async with units.reading() as look:
        assert await look.tx.all(select(Timer.state)) == ["dropped"]
    assert bell.rung == []


async def test_what_its_ring_calls_too_late_comes_back_too(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """Not only the timer itself knows how long it is of use: what it runs may know better."""
    await every_ten_minutes(units, 1)
    bell.too_late = True
    clock.forward(minutes=15)
    await still.run_due()
    bell.too_late = False
    await still.run_due()
    assert bell.rung == []
    clock.forward(minutes=-3)
    await still.run_due()
    await still.run_due()
    assert bell.rung == ["10"]


async def test_a_restart_looks_again(units: Units, still: Clock, bell: Bell, clock: MovableClock) -> None:
    """The clock may have gone back while nobody ran."""
    await every_ten_minutes(units, 1)
    clock.forward(minutes=60)
    await still.run_due()
    clock.forward(minutes=-50)
    await Clock(units, {"ring": bell.ring}).run_due()
    assert bell.rung == ["10"]


async def test_nothing_comes_back_of_what_has_ended(
    units: Units, still: Clock, bell: Bell, clock: MovableClock
) -> None:
    """Cancelled while its timer counted as too late: the clock that goes back does not ring for it."""
    await every_ten_minutes(units, 2)
    clock.forward(minutes=60)
    await still.run_due()
    async with units.writing("cancelled") as unit:
        assert await drop_timers(unit, "10") == 1
    clock.now = NOON
    for _ in range(6):
        clock.forward(minutes=5)
        await still.run_due()
    assert bell.rung == ["20"]


async def test_a_timer_that_is_not_due_any_more_waits(units: Units, bell: Bell, clock: MovableClock) -> None:
    """The clock goes back between the look and the ring: nothing is run before its time."""
    order: list[str] = []

    async def ring(unit: Unit, timer: Timer) -> None:
        order.append(timer.subject)
        if timer.subject == "first":
            clock.forward(minutes=-60)

    jumpy = Clock(units, {"ring": ring})
    async with units.writing("set") as unit:
        await set_timer(unit, "ring", "first", NOON)
        await set_timer(unit, "ring", "second", NOON + MINUTE)
    clock.forward(minutes=1)
    await jumpy.run_due()
    assert order == ["first"]
    clock.forward(minutes=60)
    await jumpy.run_due()
    assert order == ["first", "second"]


# --- the time of the machine itself


class MachineTime(datetime):
    """The machine's time, moved by an offset; who measures spans by a monotonic clock does not notice."""

    offset = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "MachineTime":
        """The time that it shows."""
        moved = datetime.now(tz) + cls.offset
        return cls.combine(moved.date(), moved.timetz())


@pytest.mark.parametrize("jumps", [(-1,), (1,), (1, -1), (1, -1, 1)])
async def test_the_machine_is_set_to_another_hour(
    units: Units, bell: Bell, monkeypatch: pytest.MonkeyPatch, jumps: tuple[int, ...]
) -> None:
    """Set back or forth by hours while it runs, it goes on looking every so many seconds."""
    monkeypatch.setattr(MachineTime, "offset", timedelta())
    monkeypatch.setattr("bot.delivery.clock.datetime", MachineTime)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", MachineTime)
    units.clock = lambda: MachineTime.now(UTC)
    looks = 0
    begin = units.reading

    def counted() -> object:
        nonlocal looks
        looks += 1
        return begin()

    monkeypatch.setattr(units, "reading", counted)
    net = Clock(units, {"ring": bell.ring}, sweep=0.02)
    await net.start()
    try:
        for hours in jumps:
            before = looks
            await until(lambda before=before: looks > before + 2)  # type: ignore[misc]
            MachineTime.offset += timedelta(hours=hours)
        async with units.writing("set") as unit:  # nobody wakes the clock
            await set_timer(unit, "ring", "now", unit.now)
            await set_timer(unit, "ring", "later", unit.now + timedelta(hours=3))
        await until(lambda: bell.rung == ["now"])
        await asyncio.sleep(0.1)
    finally:
        await net.stop()
    assert bell.rung == ["now"]
    async with units.reading() as look:
        states = await look.tx.all(select(Timer.state).order_by(col(Timer.id)))
    assert states == ["done", "pending"]
