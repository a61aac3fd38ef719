"""The meter: every part of delivery tells it, after the commit, and it tells everybody who looks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import col, update

from bot.delivery.budget import Budget
from bot.delivery.clock import Clock
from bot.delivery.inbox import PATIENCE, Inbox
from bot.delivery.jobs import Jobs, Task
from bot.delivery.meter import PUNCTUAL, SECONDS, Meter
from bot.delivery.outbox import Outbox
from bot.rules.policy import TelegramPolicy
from bot.services.jobs import add_job
from bot.services.ports import Blocked, NotSent, RetryAfter, Uncertain
from bot.services.pulse import Pulse
from bot.services.unit import Units
from storage.database import Transaction
from storage.tables import OutboxRow
from tests.delivery.bells import Bell, set_for
from tests.delivery.mouths import Card, Knock, Leaflet, Mouth, put, settled
from tests.delivery.test_inbox import Listener, updates
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock


@pytest.fixture
def meter(clock: MovableClock) -> Meter:
    """Nothing is counted yet."""
    return Meter(clock)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pause is short: what is tried here is what is counted."""
    for name, value in {
        "inbox.PAUSES": (0.01, 0.02),
        "inbox.DATABASE_PAUSES": (0.01, 0.02),
        "outbox.LOOK_EVERY": 0.02,
        "outbox.DOUBT_PAUSE": 0.01,
        "outbox.OUTAGE_PAUSES": (0.01, 0.02),
        "outbox.DATABASE_PAUSES": (0.01, 0.02),
        "jobs.LOOK_EVERY": 0.02,
    }.items():
        monkeypatch.setattr(f"bot.delivery.{name}", value)


@pytest.fixture
async def outbox(units: Units, mouth: Mouth, meter: Meter) -> AsyncIterator[Outbox]:
    """A counted outbox without budgets, not started yet."""
    box = Outbox(units, mouth, Budget(TelegramPolicy(per_second=0, per_chat=0, per_group=0)), meter)
    yield box
    await box.stop()


def counted(meter: Meter, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a name by their labels' values, in the order of the labels' names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in meter.registry.collect()
        for sample in family.samples
        if sample.name == f"duologue_{name}"
    }


async def test_how_sendings_end(units: Units, outbox: Outbox, mouth: Mouth, meter: Meter) -> None:
    """By lane and ending; a 429 and a doubt have counters of their own; each answer's time is taken."""
    await put(units, 5, Card("well"), Card("twice"))
    await put(units, 6, Card("blocked"))
    await put(units, 7, Knock("held"))
    await put(units, 8, Knock("refused"))
    await put(units, 9, Leaflet("lost"))
    mouth.answers("twice", Uncertain("cut"), NotSent("no route"))
    mouth.answers("blocked", Blocked("by the user"))
    mouth.answers("held", RetryAfter(0.01))
    mouth.answers("refused", NotSent("too long", again=False))
    mouth.answers("lost", Uncertain("cut"))
    await outbox.start()
    assert await settled(units) == ["sent", "sent", "blocked", "sent", "failed", "uncertain"]
    await outbox.stop()
    assert counted(meter, "messages_total") == {
        ("sent", "answer"): 2,
        ("again", "answer"): 2,
        ("blocked", "answer"): 1,
        ("sent", "reminder"): 1,
        ("again", "reminder"): 1,
        ("failed", "reminder"): 1,
        ("uncertain", "broadcast"): 1,
    }
    assert counted(meter, "messages_uncertain_total") == {("Card",): 1, ("Leaflet",): 1}
    assert counted(meter, "rate_limited_total") == {(): 1}
    assert counted(meter, "send_seconds_count") == {("answer",): 5, ("reminder",): 3, ("broadcast",): 1}
    assert meter.pulse() == Pulse(since=NOON, held=1, again=3)


async def test_what_a_dead_run_left_in_the_air(units: Units, outbox: Outbox, meter: Meter) -> None:
    """Is a doubt too, whose time nobody took."""
    ids = await put(units, 5, Leaflet("cut off"))
    async with units.writing("the dead run") as unit:
        claimed = update(OutboxRow).where(col(OutboxRow.id) == ids[0]).values(state="sending", attempts=1)
        await unit.tx.change(claimed)
    await outbox.start()
    assert counted(meter, "messages_total") == {("uncertain", "broadcast"): 1}
    assert counted(meter, "messages_uncertain_total") == {("Leaflet",): 1}
    assert counted(meter, "send_seconds_count") == {}


def fails_once(units: Units, monkeypatch: pytest.MonkeyPatch, step: str, at: int) -> None:
    """Let the commit of a step fail the `at`-th time that it is made."""
    begin, seen = units.transaction, 0

    @asynccontextmanager
    async def failing(name: str) -> AsyncIterator[Transaction]:
        nonlocal seen
        async with begin(name) as tx:
            yield tx
            seen += name == step
            if name == step and seen == at:
                raise RuntimeError("the commit fails")

    monkeypatch.setattr(units, "transaction", failing)


async def test_counted_once_though_a_commit_fails(
    units: Units, outbox: Outbox, mouth: Mouth, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was rolled back did not happen: it is counted when it does."""
    await put(units, 5, Card("once"))
    fails_once(units, monkeypatch, "outbox.turn", 2)
    await outbox.start()
    assert await settled(units) == ["sent"]
    await outbox.stop()
    assert mouth.said == [(5, "once", None)]
    assert counted(meter, "messages_total") == {("sent", "answer"): 1}


async def test_updates(units: Units, meter: Meter) -> None:
    """Done, tried again, set aside, unread; how many shared a commit, and the time that each of them took."""
    inbox = Inbox(units, Listener(), meter)
    await inbox.accept(updates(1, sender=7) + updates(2, sender=8) + updates(3, sender=9, does="fail"))
    await inbox.accept(updates(*range(10, 10 + PATIENCE + 3), sender=10))
    await inbox.start()
    async with asyncio.timeout(10):
        await inbox.idle()
    await inbox.stop()
    endings = {("done",): 2.0 + PATIENCE, ("again",): 2, ("failed",): 1, ("unread",): 3}
    assert counted(meter, "updates_total") == endings
    assert counted(meter, "update_seconds_count") == {(): 3 + PATIENCE}
    assert counted(meter, "updates_per_commit_sum") == {(): 3 + PATIENCE}
    assert counted(meter, "updates_per_commit_count")[()] < 3 + PATIENCE, "some shared one"


async def test_updates_whose_commit_fails(
    units: Units, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted when they are done at last."""
    fails_once(units, monkeypatch, "inbox.handle", 1)
    inbox = Inbox(units, Listener(), meter)
    await inbox.accept(updates(1, sender=7) + updates(2, sender=8))
    await inbox.start()
    async with asyncio.timeout(10):
        await inbox.idle()
    await inbox.stop()
    assert counted(meter, "updates_total") == {("done",): 2}


async def test_jobs(units: Units, clock: MovableClock, meter: Meter) -> None:
    """Each try counts, by kind and ending."""
    tries = 0

    async def work(task: Task) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("not now")

    jobs = Jobs(units, {"check": work}, meter)
    async with units.writing("queue") as unit:
        await add_job(unit, "check", "1")
    await jobs.start()
    await until(lambda: counted(meter, "job_seconds_count") == {("again", "check"): 1})
    clock.forward(minutes=1)
    await until(lambda: len(counted(meter, "job_seconds_count")) == 2)
    await jobs.stop()
    assert counted(meter, "job_seconds_count") == {("again", "check"): 1, ("done", "check"): 1}


async def test_timers(
    units: Units, clock: MovableClock, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How late each was that was run; those too late or failing were not, and a group that broke counts once."""
    bell = Bell()
    still = Clock(units, {"ring": bell.ring}, meter)
    bell.breaks_for = "breaks"
    await set_for(units, NOON, "punctual", happens_at=NOON)
    await still.run_due()
    await set_for(units, NOON, "a", "breaks", "b", happens_at=NOON)
    await set_for(units, NOON, "too late", until=NOON + timedelta(seconds=1))
    clock.forward(seconds=4)
    await still.run_due()
    assert counted(meter, "timer_lag_seconds_count") == {("ring",): 3}
    assert counted(meter, "timer_lag_seconds_sum") == {("ring",): 8}
    assert meter.pulse() == Pulse(since=NOON, rung=3, punctual=1, latest=timedelta(seconds=4))


async def test_for_a_page(units: Units, clock: MovableClock, meter: Meter, outbox: Outbox) -> None:
    """The text is Prometheus'; ages and queues are of the moment in which it is asked for."""
    await put(units, 5, Card("a"), Card("b"), Leaflet("c"), not_before=None)
    await Inbox(units, Listener(), meter).accept(updates(1, 2))
    await set_for(units, NOON + timedelta(minutes=5), "soon")
    await set_for(units, NOON + timedelta(hours=1), "later")
    async with units.writing("queue") as unit:
        await add_job(unit, "check", "1")
    clock.forward(minutes=10)
    shown = await read(meter, units)
    assert shown["messages_waiting"] == {
        "answer": 2,
        "broadcast": 1,
        "imminent": 0,
        "review": 0,
        "reminder": 0,
    }
    assert shown["messages_oldest_seconds"] == {
        "answer": 600,
        "broadcast": 600,
        "imminent": 0,
        "review": 0,
        "reminder": 0,
    }
    assert {name: value for name, value in shown.items() if name in ONE_NUMBER} == {
        "updates_waiting": {"": 2},
        "updates_oldest_seconds": {"": 600},
        "updates_set_aside": {"": 0},
        "timers_pending": {"": 2},
        "timers_overdue": {"": 1},
        "jobs_waiting": {"": 1},
    }
    await outbox.start()
    await settled(units)
    shown = await read(meter, units)
    assert set(shown["messages_waiting"].values()) == set(shown["messages_oldest_seconds"].values()) == {0}


ONE_NUMBER = (
    "updates_waiting",
    "updates_oldest_seconds",
    "updates_set_aside",
    "timers_pending",
    "timers_overdue",
    "jobs_waiting",
)


async def read(meter: Meter, units: Units) -> dict[str, dict[str, Any]]:
    """The gauges of the text by name and label, as a program that reads it does."""
    return {
        family.name.removeprefix("duologue_"): {
            ",".join(sample.labels.values()): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(await meter.text(units))
        if family.type == "gauge"
    }


def test_meters_are_strangers_to_each_other(meter: Meter, clock: MovableClock) -> None:
    """Two bots in one process count apart; and what is punctual is a border that is counted at."""
    other = Meter(clock)
    other.rung("ring", timedelta(seconds=PUNCTUAL))
    other.rung("ring", timedelta(seconds=-5))
    assert other.pulse() == Pulse(since=NOON, rung=2, punctual=2, latest=timedelta(seconds=PUNCTUAL))
    assert meter.pulse() == Pulse(since=NOON)
    assert PUNCTUAL in SECONDS
