"""How many attempts are left, and when one comes back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.attempts import Attempts, attempts
from bot.rules.policy import SamplePolicy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("days_ago", "limit", "window", "expected"),
    [
        ([], 3, 7, Attempts(3)),
        ([1, 2], 3, 7, Attempts(1)),
        ([1, 2, 3], 3, 7, Attempts(0, NOW + 4 * DAY)),
        ([3, 1, 2], 3, 7, Attempts(0, NOW + 4 * DAY)),
        ([1, 2, 7], 3, 7, Attempts(1)),
        ([1, 2, 6.5], 3, 7, Attempts(0, NOW + 0.5 * DAY)),
        ([1, 2, 3, 4], 2, 7, Attempts(0, NOW + 5 * DAY)),
        ([1, 900], 2, None, Attempts(0, None)),
        ([900], 2, None, Attempts(1)),
        ([1, 1, 1, 1], 0, 7, Attempts(None)),
        ([0, 0, 0], 3, 0, Attempts(3)),
    ],
)
def test_attempts_left(days_ago: list[float], limit: int, window: float | None, expected: Attempts) -> None:
    """Counted within the window, which opens again at its oldest attempt; 0 is no limit."""
    policy = SamplePolicy(attempts=limit, attempt_window=None if window is None else window * DAY)
    assert attempts(policy, [NOW - ago * DAY for ago in days_ago], NOW) == expected


@pytest.mark.parametrize(("left", "allowed"), [(None, True), (2, True), (0, False)])
def test_whether_another_sample_may_come(left: int | None, allowed: bool) -> None:
    """No limit is not none left."""
    assert Attempts(left).allowed is allowed


@given(st.lists(st.floats(0, 10), max_size=8), st.integers(1, 5))
def test_an_attempt_is_back_exactly_when_promised(days_ago: list[float], limit: int) -> None:
    """What a person is told holds: nothing a moment before, one attempt at that time."""
    policy = SamplePolicy(attempts=limit, attempt_window=7 * DAY)
    counted = [NOW - ago * DAY for ago in days_ago]
    found = attempts(policy, counted, NOW)
    assert (found.next_at is None) == found.allowed
    if found.next_at is not None:
        assert found.next_at > NOW
        assert attempts(policy, counted, found.next_at).allowed
        assert not attempts(policy, counted, found.next_at - timedelta(microseconds=1)).allowed
