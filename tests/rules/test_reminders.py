"""When people are reminded: offsets, quiet hours, clocks that change, and what is late."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.policy import RemindersPolicy
from bot.rules.reminders import (
    IMMINENT,
    PlannedReminder,
    Quiet,
    after_quiet,
    confirm_deadline,
    in_quiet,
    plan,
    send_at,
    useful,
)

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHT = (time(22), time(8))
POLICY = RemindersPolicy()


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in December 2026 by the studio's clock, in UTC."""
    return datetime(2026, 12, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def hours(*offsets: float) -> tuple[timedelta, ...]:
    """Offsets in hours."""
    return tuple(offset * HOUR for offset in offsets)


def test_a_booking_made_in_time_has_every_reminder() -> None:
    """The first asks, the last carries the address, each is useful until the next."""
    start = shanghai(10, 14)
    assert plan(POLICY, start, SHANGHAI, shanghai(1, 12)) == (
        PlannedReminder(24 * HOUR, shanghai(9, 14), shanghai(10, 12), asks=True, last=False, imminent=False),
        PlannedReminder(
            2 * HOUR, shanghai(10, 12), shanghai(10, 13, 30), asks=False, last=False, imminent=True
        ),
        PlannedReminder(30 * MINUTE, shanghai(10, 13, 30), start, asks=False, last=True, imminent=True),
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (24.1, [(24, True, False), (2, False, False), (0.5, False, True)]),
        (24, [(2, True, False), (0.5, False, True)]),
        (1, [(0.5, True, True)]),
        (0.5, []),
    ],
)
def test_offsets_already_past_fall_away(before: float, expected: list[tuple[float, bool, bool]]) -> None:
    """The first that is left asks; a single one does both."""
    start = shanghai(10, 14)
    planned = plan(POLICY, start, SHANGHAI, start - before * HOUR)
    assert [(one.offset / HOUR, one.asks, one.last) for one in planned] == expected


def test_without_offsets_nobody_is_reminded() -> None:
    """An empty list is no reminder, and no deadline for an answer nobody asked for."""
    policy = RemindersPolicy(offsets=())
    assert plan(policy, shanghai(10, 14), SHANGHAI, shanghai(1, 12)) == ()
    assert confirm_deadline(policy, shanghai(10, 14), SHANGHAI, shanghai(1, 12)) is None


@pytest.mark.parametrize(
    ("offsets", "start", "quiet", "expected"),
    [
        # 24 h before a session at 07:00 is 07:00: waits for 08:00.
        (hours(24, 2), (10, 7), NIGHT, [(9, 8), (10, 5)]),
        # 24 h before 22:30 is in the evening's quiet: waits for the morning.
        (hours(24, 1), (10, 22, 30), NIGHT, [(10, 8), (10, 21, 30)]),
        # Exactly at 22:00 quiet has begun, at 08:00 it is over.
        (hours(24), (10, 22), NIGHT, [(10, 8)]),
        (hours(24), (10, 8), NIGHT, [(9, 8)]),
        # Three hours before is imminent, a minute more is not.
        (hours(3), (10, 9), NIGHT, [(10, 6)]),
        (hours(3 + 1 / 60), (10, 9), NIGHT, [(10, 8)]),
        # Waiting would pass the start, or the next reminder.
        (hours(8), (10, 6), NIGHT, [(9, 22)]),
        (hours(10, 2), (10, 9), NIGHT, [(9, 23), (10, 7)]),
        (hours(10, 1), (10, 9), NIGHT, [(9, 23), (10, 8)]),
        # Both would wait for 08:00: one is enough.
        (hours(24, 20, 2), (10, 3), NIGHT, [(9, 8), (10, 1)]),
        # Quiet at noon, and no quiet at all.
        (hours(24, 2), (10, 14), (time(13), time(15)), [(9, 15), (10, 12)]),
        (hours(24, 2), (10, 7), None, [(9, 7), (10, 5)]),
        # Offsets in any order, named twice.
        (hours(2, 24, 2), (10, 14), NIGHT, [(9, 14), (10, 12)]),
    ],
)
def test_quiet_hours_shift_what_can_wait(
    offsets: tuple[timedelta, ...], start: tuple[int, ...], quiet: Quiet, expected: list[tuple[int, ...]]
) -> None:
    """Nothing but imminent bookings breaks the quiet of the studio's zone."""
    policy = RemindersPolicy(offsets=offsets, quiet=quiet)
    planned = plan(policy, shanghai(*start), SHANGHAI, shanghai(1, 12))
    assert [one.due_at for one in planned] == [shanghai(*at) for at in expected]
    assert [one.asks for one in planned] == [True] + [False] * (len(planned) - 1)
    assert [one.last for one in planned] == [False] * (len(planned) - 1) + [True]


zones = st.sampled_from(
    ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]
).map(ZoneInfo)
moments = st.integers(0, 364 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
)
# Quiet hours that do not begin or end in the hours that clocks skip or repeat.
nights = st.tuples(st.integers(4, 23), st.integers(4, 23)).filter(lambda pair: pair[0] != pair[1])
quiets = st.none() | nights.map(lambda pair: (time(pair[0]), time(pair[1])))


@given(moments, zones, quiets)
def test_after_quiet_is_the_first_moment_outside_it(at: datetime, zone: ZoneInfo, quiet: Quiet) -> None:
    """Never earlier, never in quiet hours, and no moment outside them is passed over."""
    end = after_quiet(at, zone, quiet)
    assert end >= at
    assert not in_quiet(end, zone, quiet)
    assert (end == at) == (not in_quiet(at, zone, quiet))
    if end > at:
        assert in_quiet(end - timedelta(microseconds=1), zone, quiet)


@given(
    moments,
    zones,
    quiets,
    st.lists(st.integers(1, 60 * 72).map(lambda minutes: minutes * MINUTE), max_size=5),
    st.integers(0, 60 * 96).map(lambda minutes: minutes * MINUTE),
)
def test_a_plan_is_in_order_and_quiet(
    start: datetime, zone: ZoneInfo, quiet: Quiet, offsets: list[timedelta], ahead: timedelta
) -> None:
    """Whatever the policy: strictly in order, before the start, after now, quiet unless imminent."""
    now = start - ahead
    planned = plan(RemindersPolicy(offsets=tuple(offsets), quiet=quiet), start, zone, now)
    due = [one.due_at for one in planned]
    assert due == sorted(set(due))
    assert all(now < at < start for at in due)
    assert [one.useful_until for one in planned] == [*due[1:], start][: len(due)]
    assert [one.asks for one in planned] == [number == 0 for number in range(len(due))]
    assert [one.last for one in planned] == [number == len(due) - 1 for number in range(len(due))]
    for one in planned:
        assert one.due_at >= start - one.offset
        assert one.imminent or not in_quiet(one.due_at, zone, quiet)
        assert one.due_at == start - one.offset or one.offset > IMMINENT
    assert bool(planned) == any(start - offset > now for offset in offsets)


@pytest.mark.parametrize(
    ("at", "quiet", "expected"),
    [
        # 29 March 2026, clocks skip 02:00-03:00: the night is an hour shorter.
        ("2026-03-28T22:30+01:00", NIGHT, "2026-03-29T08:00+02:00"),
        # Quiet that ends in the skipped hour ends with it at the latest.
        ("2026-03-29T01:30+01:00", (time(22), time(2, 30)), "2026-03-29T03:30+02:00"),
        # 25 October 2026, clocks pass 02:00-03:00 twice.
        ("2026-10-24T22:30+02:00", NIGHT, "2026-10-25T08:00+01:00"),
        ("2026-10-25T01:30+02:00", (time(22), time(2, 30)), "2026-10-25T02:30+02:00"),
        ("2026-10-25T02:10+01:00", (time(22), time(2, 30)), "2026-10-25T02:30+01:00"),
    ],
)
def test_quiet_hours_follow_the_clock_over_its_changes(at: str, quiet: Quiet, expected: str) -> None:
    """Berlin's nights with a change of the clock, and its edges within the change."""
    assert after_quiet(datetime.fromisoformat(at), BERLIN, quiet) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("clock", "night", "noon"),
    [
        ((21, 59), False, False),
        ((22, 0), True, False),
        ((7, 59), True, False),
        ((8, 0), False, False),
        ((12, 59), False, False),
        ((13, 0), False, True),
        ((14, 59), False, True),
        ((15, 0), False, False),
    ],
)
def test_quiet_hours_begin_and_end_on_the_minute(clock: tuple[int, int], night: bool, noon: bool) -> None:
    """The first minute is quiet, the last one named is not."""
    assert in_quiet(shanghai(9, *clock), SHANGHAI, NIGHT) is night
    assert in_quiet(shanghai(9, *clock), SHANGHAI, (time(13), time(15))) is noon


@pytest.mark.parametrize(("offset", "imminent"), [(3, True), (3.01, False)])
def test_three_hours_before_is_imminent(offset: float, imminent: bool) -> None:
    """Also by day, so that a late one may still go out in the evening."""
    policy = RemindersPolicy(offsets=hours(offset))
    (only,) = plan(policy, shanghai(10, 14), SHANGHAI, shanghai(1, 12))
    assert only.imminent is imminent


def test_offsets_are_elapsed_time_when_clocks_change() -> None:
    """24 hours before noon of the long day is one o'clock on the day before."""
    start = datetime(2026, 10, 25, 12, tzinfo=BERLIN)
    planned = plan(RemindersPolicy(offsets=hours(24)), start, BERLIN, start - timedelta(days=9))
    assert [one.due_at for one in planned] == [datetime(2026, 10, 24, 11, tzinfo=UTC)]
    assert planned[0].due_at.astimezone(BERLIN).hour == 13


def test_a_late_reminder_is_sent_while_it_is_useful() -> None:
    """Until the next one is due, the last until the session starts."""
    first, _, last = plan(POLICY, shanghai(10, 14), SHANGHAI, shanghai(1, 12))
    assert useful(first, shanghai(10, 11, 59))
    assert not useful(first, shanghai(10, 12))
    assert useful(last, shanghai(10, 13, 59))
    assert not useful(last, shanghai(10, 14))


@pytest.mark.parametrize(
    ("number", "now", "expected"),
    [
        (0, (9, 14), (9, 14)),
        (0, (9, 21, 59), (9, 21, 59)),
        (0, (9, 23), (10, 8)),
        (0, (10, 11, 59), (10, 11, 59)),
        (0, (10, 12), None),
        (2, (10, 13, 45), (10, 13, 45)),
        (2, (10, 14), None),
    ],
)
def test_a_late_reminder_waits_for_the_end_of_quiet_hours(
    number: int, now: tuple[int, ...], expected: tuple[int, ...] | None
) -> None:
    """After an outage in the evening the question comes in the morning, not at eleven at night."""
    reminder = plan(POLICY, shanghai(10, 14), SHANGHAI, shanghai(1, 12))[number]
    found = send_at(reminder, SHANGHAI, NIGHT, shanghai(*now))
    assert found == (None if expected is None else shanghai(*expected))


def test_a_late_reminder_of_no_use_after_quiet_hours_is_dropped() -> None:
    """The next one comes first, and breaks the quiet because it is imminent."""
    first, second, _ = plan(POLICY, shanghai(10, 7), SHANGHAI, shanghai(1, 12))
    assert send_at(first, SHANGHAI, NIGHT, shanghai(9, 23)) is None
    assert send_at(second, SHANGHAI, NIGHT, shanghai(10, 5, 1)) == shanghai(10, 5, 1)


def test_a_reminder_planned_into_quiet_hours_is_sent_in_them() -> None:
    """It was found imminent when planned, and stays so."""
    policy = RemindersPolicy(offsets=hours(8))
    (only,) = plan(policy, shanghai(10, 6), SHANGHAI, shanghai(1, 12))
    assert only.imminent
    assert send_at(only, SHANGHAI, NIGHT, shanghai(9, 22)) == shanghai(9, 22)


@pytest.mark.parametrize(
    ("confirm_by", "offsets", "before", "expected"),
    [
        (12, (24, 2, 0.5), 100, 12),
        (None, (24, 2, 0.5), 100, None),
        (12, (24, 2, 0.5), 12, None),
        # Confirmed 20 h before: the question comes at 2 h, nobody can be late at 12 h.
        (12, (24, 2, 0.5), 20, None),
        (1, (24, 2, 0.5), 20, 1),
        # The question and its deadline at once: there is no time to answer.
        (2, (24, 2, 0.5), 20, None),
        (0, (24, 2, 0.5), 20, 0),
    ],
)
def test_the_deadline_for_an_answer(
    confirm_by: float | None, offsets: tuple[float, ...], before: float, expected: float | None
) -> None:
    """Before the start by `confirm_by`, where the question was asked before that."""
    start = shanghai(10, 14)
    policy = RemindersPolicy(
        offsets=hours(*offsets), confirm_by=None if confirm_by is None else confirm_by * HOUR
    )
    found = confirm_deadline(policy, start, SHANGHAI, start - before * HOUR)
    assert found == (None if expected is None else start - expected * HOUR)
