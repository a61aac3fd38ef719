"""What each strike does, who is paid for a lost session, when it can be said who did not come, and the last call."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.booking import Weight, may_miss, reckon, rescue_until, session_hours, show_up_pay, standing
from bot.rules.policy import BookingPolicy, PayPolicy
from bot.rules.reminders import LAST_WORD, LastWord, in_quiet, last_word

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
POLICY, PAY = BookingPolicy(), PayPolicy()
SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = (time(22), time(8))
COUNTS, BLOCKS, SPENT = Weight.COUNTS, Weight.BLOCKS, Weight.SPENT


@pytest.mark.parametrize(
    ("days_ago", "changes", "expected"),
    [
        ([], {}, ()),
        ([1], {}, (COUNTS,)),
        ([10, 1], {}, (BLOCKS, BLOCKS)),
        ([1, 10], {}, (BLOCKS, BLOCKS)),
        # One during the block adds nothing to it, but belongs to it.
        ([12, 11, 1], {}, (BLOCKS, BLOCKS, BLOCKS)),
        ([50, 41], {}, (SPENT, SPENT)),
        ([50, 41, 2], {}, (SPENT, SPENT, COUNTS)),
        ([60, 59, 58, 3, 2], {}, (SPENT, SPENT, SPENT, BLOCKS, BLOCKS)),
        ([2, 1], {"strikes": 0}, (SPENT, SPENT)),
        ([400, 300, 1], {"block_for": None}, (BLOCKS, BLOCKS, BLOCKS)),
    ],
)
def test_what_each_strike_does(
    days_ago: list[float], changes: dict[str, object], expected: tuple[Weight, ...]
) -> None:
    """One towards the limit, part of the block, or over: in the order in which they were given."""
    policy = replace(POLICY, **changes)  # type: ignore[arg-type]
    assert reckon([NOW - ago * DAY for ago in days_ago], policy, NOW)[1] == expected


@given(st.lists(st.floats(0, 200), max_size=9), st.integers(1, 4))
def test_what_each_does_adds_up_to_what_all_mean(days_ago: list[float], limit: int) -> None:
    """Those that count are as many as the person reads, and who is blocked has those that block."""
    policy = replace(POLICY, strikes=limit)
    found, weights = reckon([NOW - ago * DAY for ago in days_ago], policy, NOW)
    if found.block is None:
        assert (weights.count(COUNTS), weights.count(BLOCKS)) == (found.count, 0)
    else:
        assert weights.count(COUNTS) == 0
        assert weights.count(BLOCKS) >= limit == found.count


@given(st.lists(st.floats(0, 200), max_size=9), st.integers(1, 4))
def test_without_those_that_block_nobody_is_blocked(days_ago: list[float], limit: int) -> None:
    """Lifting exactly what a block is made of ends it, and what is spent stays spent."""
    policy = replace(POLICY, strikes=limit)
    strikes = [NOW - ago * DAY for ago in days_ago]
    weights = reckon(strikes, policy, NOW)[1]
    kept = [at for at, weight in zip(strikes, weights, strict=True) if weight is not BLOCKS]
    assert standing(kept, policy, NOW).block is None


@given(st.lists(st.floats(0, 200), min_size=1, max_size=9), st.integers(1, 4), st.data())
def test_lifting_never_makes_it_worse(days_ago: list[float], limit: int, data: st.DataObject) -> None:
    """Whoever has one strike less that counts or blocks is not blocked for longer than before."""
    policy = replace(POLICY, strikes=limit)
    strikes = [NOW - ago * DAY for ago in days_ago]
    before, weights = reckon(strikes, policy, NOW)
    matter = [number for number, weight in enumerate(weights) if weight is not SPENT]
    if not matter:
        return
    lifted = data.draw(st.sampled_from(matter))
    after = standing([at for number, at in enumerate(strikes) if number != lifted], policy, NOW)
    if before.block is None:
        assert (after.count, after.block) == (before.count - 1, None)


@pytest.mark.parametrize(
    ("hours", "changes", "expected"),
    [
        (25, {}, 0),
        (24, {}, 0),
        (23.99, {}, 10_000),
        (0, {}, 10_000),
        (-2, {}, 10_000),
        # Who may always cancel freely costs nobody anything, but a session that has begun does.
        (0.01, {"cancel_until": None}, 0),
        (0, {"cancel_until": None}, 10_000),
    ],
)
def test_who_is_paid_for_a_lost_session(hours: float, changes: dict[str, object], expected: int) -> None:
    """Whose session ends when it is too late to cancel freely."""
    policy = replace(POLICY, **changes)  # type: ignore[arg-type]
    assert show_up_pay(policy, PAY, NOW + hours * HOUR, NOW) == expected
    assert show_up_pay(policy, replace(PAY, show_up=0), NOW + hours * HOUR, NOW) == 0


def test_when_somebody_can_be_missing() -> None:
    """From the start on, for a week."""
    moments = (-timedelta(seconds=1), timedelta(), 7 * DAY - timedelta(seconds=1), 7 * DAY)
    assert [may_miss(NOW, NOW + since) for since in moments] == [False, True, True, False]


def _shanghai(day: int, hour: int) -> datetime:
    return datetime(2026, 12, day, hour, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("starts", "now", "expected"),
    [
        # A morning: the evening before, at once.
        ((10, 9), (9, 21), ((9, 21), (9, 22))),
        # An afternoon: the deadline lies in the night, so after it.
        ((10, 14), (10, 2), ((10, 8), (10, 9))),
        # Late in the morning: after the night there is no time to look for a stand-in.
        ((10, 10), (9, 22), None),
        ((10, 11), (9, 23), None),
        ((10, 12), (10, 0), ((10, 8), (10, 9))),
    ],
)
def test_the_last_call(
    starts: tuple[int, int], now: tuple[int, int], expected: tuple[tuple[int, int], tuple[int, int]] | None
) -> None:
    """An hour to answer, never in the night, and only where it leaves time for a stand-in."""
    found = last_word(POLICY, NIGHT, _shanghai(*starts), SHANGHAI, _shanghai(*now))
    assert found == (None if expected is None else LastWord(_shanghai(*expected[0]), _shanghai(*expected[1])))


@given(st.floats(0, 72), st.floats(0, 24), st.sampled_from([None, timedelta(), HOUR, 12 * HOUR]))
def test_the_last_call_wakes_nobody_and_leaves_time(
    hours: float, at: float, rescue: timedelta | None
) -> None:
    """Whenever it is asked: by day, for an hour, with a rescue after it."""
    policy, now = replace(POLICY, rescue=rescue), NOW + at * HOUR
    starts_at = now + hours * HOUR
    found = last_word(policy, NIGHT, starts_at, SHANGHAI, now)
    if found is not None:
        assert not in_quiet(found.ask_at, SHANGHAI, NIGHT)
        assert found.until - found.ask_at == LAST_WORD
        assert rescue_until(policy, starts_at, found.until) is not None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((10, 9), (10, 12), {81, 82, 83}),
        ((9, 23), (10, 1), {71, 72}),
        ((13, 23), (14, 1), {167, 0}),
    ],
)
def test_the_hours_of_a_session(start: tuple[int, int], end: tuple[int, int], expected: set[int]) -> None:
    """By the studio's clock, over midnight and the end of the week."""
    assert session_hours(_shanghai(*start), _shanghai(*end), SHANGHAI) == expected
    half = timedelta(minutes=30)
    later = session_hours(_shanghai(*start) + half, _shanghai(*end) - half, SHANGHAI)
    assert later == expected
