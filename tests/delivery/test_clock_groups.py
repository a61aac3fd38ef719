"""Timers in groups that share a commit: fast for all of them, and none pays for another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.delivery.clock import PAUSE, TRIES, Clock
from bot.services.unit import Units
from storage.database import Transaction
from tests.delivery.bells import Bell, set_for, states
from tests.delivery.mouths import Card
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock, told


@pytest.fixture
def bell() -> Bell:
    """Rings well."""
    return Bell()


@pytest.fixture
def still(units: Units, bell: Bell) -> Clock:
    """A clock that runs only when the test says."""
    return Clock(units, {"ring": bell.ring})


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
    rung = len(bell.rung)
    async with units.writing("a person's step"):
        rung_meanwhile = len(bell.rung) - rung
    await running
    assert rung_meanwhile < 5
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
