"""Housekeeping: what is over for long enough is forgotten, in small steps; what still matters is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, col, select

from bot.services import housekeeping, outbox
from bot.services.messages.people import Help
from bot.services.unit import Units
from storage.tables import InboxRow, Job, OutboxRow, Timer
from tests.helpers import NOON, MovableClock, ring

DAY = timedelta(days=1)
LONG_AGO = NOON - 100 * DAY
LATELY = NOON - 80 * DAY


def keep(units: Units, span: timedelta | None) -> None:
    """Let the policy say how long."""
    policy = units.house.policy
    retention = replace(policy.retention, chat_log=span)
    units.house = replace(units.house, policy=replace(policy, retention=retention))


async def add(units: Units, *rows: SQLModel) -> None:
    """Put rows straight into the tables."""
    async with units.writing(f"rows {len(rows)} {rows[0]}") as unit:
        for row in rows:
            await unit.tx.add(row)


async def left(units: Units, column: Any) -> list[Any]:
    """A column of every row that is left, by id."""
    async with units.reading() as look:
        return list(await look.tx.all(select(column).order_by(col(column.class_.id))))


async def a_round(units: Units, clock: MovableClock) -> None:
    """Start the program and let a day go by."""
    async with units.writing("start") as unit:
        await housekeeping.begin(unit)
    clock.now += DAY
    await ring(units)


def update(number: int, state: str, at: Any = LONG_AGO, done: Any = None) -> InboxRow:
    """An update that came."""
    return InboxRow(update_id=number, raw={}, state=state, received_at=at, done_at=done)


def message(about: str, state: str, at: Any = LONG_AGO, **columns: Any) -> OutboxRow:
    """A message of some time ago."""
    return OutboxRow(
        **{"chat_id": 5, "lane": 0, "kind": "Help", "data": {}, "happens_at": at, **columns},
        about=about,
        state=state,
        created_at=at,
    )


async def test_updates(units: Units, clock: MovableClock) -> None:
    """What was handled, dropped or left unread goes; what waits or was set aside stays, however old."""
    states = ("done", "new", "failed", "dropped", "unread")
    await add(
        units,
        *(update(number, state) for number, state in enumerate(states)),
        update(5, "done", LATELY),
        update(6, "done", LONG_AGO, LATELY),
        update(7, "done"),
    )
    await a_round(units, clock)
    assert await left(units, InboxRow.update_id) == [1, 2, 5, 6, 7]


async def test_messages(units: Units, clock: MovableClock) -> None:
    """What ended goes, however it ended; what may still go out stays, and so does what went out lately."""
    ended = ("sent", "blocked", "failed", "uncertain", "cancelled")
    await add(
        units,
        *(message(state, state) for state in (*ended, "queued", "held", "sending")),
        message("late", "sent", LONG_AGO, sent_at=LATELY),
        message("young", "sent", LATELY),
    )
    await a_round(units, clock)
    assert await left(units, OutboxRow.about) == ["queued", "held", "sending", "late", "young"]


async def test_a_message_stays_as_long_as_an_edit_of_it(units: Units, clock: MovableClock) -> None:
    """Edits refer to what they edit: it goes when the last of them has gone."""
    await add(
        units,
        message("card", "sent"),
        message("old edit", "sent", edits=1),
        message("young edit", "sent", LATELY, edits=1),
        message("other card", "sent"),
        message("its edit", "sent", edits=4),
        message("newest", "sent"),
    )
    await a_round(units, clock)
    assert await left(units, OutboxRow.about) == ["card", "young edit", "other card", "newest"]
    clock.now += DAY
    await ring(units)
    assert await left(units, OutboxRow.about) == ["card", "young edit", "newest"]
    clock.now += 20 * DAY
    await ring(units)
    clock.now += DAY
    await ring(units)
    assert await left(units, OutboxRow.about) == ["newest"]


async def test_jobs_and_timers(units: Units, clock: MovableClock) -> None:
    """Done work goes; what failed waits for somebody to see it; a reminder stays as long as its session matters."""

    def job(about: str, state: str, done_at: Any = LONG_AGO) -> Job:
        return Job(kind="x", about=about, state=state, run_at=LONG_AGO, created_at=LONG_AGO, done_at=done_at)

    def timer(subject: str, state: str, happens_at: Any = LONG_AGO) -> Timer:
        known = {"due_at": LONG_AGO, "created_at": LONG_AGO, "happens_at": happens_at}
        return Timer(kind="x", subject=subject, state=state, **known)

    await add(
        units,
        job("done", "done"),
        job("failed", "failed"),
        job("late", "done", LATELY),
        job("newest", "done"),
    )
    await add(
        units,
        timer("done", "done"),
        timer("dropped", "dropped"),
        timer("failed", "failed"),
        timer("session lately", "done", LATELY),
    )
    await a_round(units, clock)
    assert await left(units, Job.about) == ["failed", "late", "newest"]
    subjects = await left(units, Timer.subject)
    assert [one for one in subjects if one != housekeeping.SUBJECT] == ["failed", "session lately"]


async def test_numbers_are_not_given_twice(units: Units, clock: MovableClock) -> None:
    """Messages are named after the numbers of updates and timers: a number that comes again would silence one."""
    await add(units, *(update(number, "done") for number in range(3)))
    await add(units, *(message(f"{number}", "sent") for number in range(3)))
    await a_round(units, clock)
    await add(units, update(3, "new"))
    assert await left(units, InboxRow.id) == [3, 4]
    async with units.writing("later") as unit:
        await outbox.send(unit, 5, Help(()), about="later")
    assert await left(units, OutboxRow.id) == [3, 4]


async def test_in_small_steps(units: Units, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is old, no step looks at more than some rows, and one round gets through all of it."""
    monkeypatch.setattr(housekeeping, "STEP", 10)
    await add(units, *(update(number, "failed") for number in range(25)))
    await add(units, *(update(number, "done") for number in range(25, 100)))
    await a_round(units, clock)
    assert await left(units, InboxRow.update_id) == [*range(25), 99]
    steps = [timer for timer in await left(units, Timer.data) if timer["log"] == 0 and timer["after"]]
    assert [step["after"] for step in steps] == list(range(10, 101, 10))


@pytest.mark.parametrize("span", [None, timedelta()])
async def test_for_ever(units: Units, clock: MovableClock, span: timedelta | None) -> None:
    """Without a time nothing is forgotten, also where a round was planned under another policy."""
    async with units.writing("an earlier start") as unit:
        await housekeeping.begin(unit)
    keep(units, span)
    await add(units, update(1, "done"), update(2, "done"))
    clock.now += DAY / 24
    await ring(units)
    await a_round(units, clock)
    assert await left(units, InboxRow.update_id) == [1, 2]
    assert "pending" not in await left(units, Timer.state)


async def test_not_within_the_days_in_which_an_update_may_come_again(
    units: Units, clock: MovableClock
) -> None:
    """Its row is what tells that it was handled, whatever the policy says."""
    keep(units, timedelta(minutes=1))
    await add(units, update(1, "done", NOON - 3 * DAY), update(2, "done", NOON), update(3, "done", NOON))
    await a_round(units, clock)
    assert await left(units, InboxRow.update_id) == [2, 3]


async def test_every_day_once(units: Units, clock: MovableClock) -> None:
    """A start plans a round only where none is planned; a round plans the next one."""
    for _ in range(3):
        async with units.writing(f"start {clock.now}") as unit:
            await housekeeping.begin(unit)
        clock.now += timedelta(minutes=10)
    pending = select(Timer.due_at).where(Timer.state == "pending")
    async with units.reading() as look:
        assert await look.tx.all(pending) == [NOON + DAY / 24]
    clock.now = NOON + DAY / 24
    await ring(units)
    async with units.reading() as look:
        assert await look.tx.all(pending) == [NOON + DAY / 24 + DAY]
