"""Kinds of times: which sessions are of one, and whose wishes can meet."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.wishes import DAYS, PARTS, SILENT, Kind, days_of, fits, given_up, meet, part_of

MONDAY = date(2026, 11, 23)
TODAY = st.dates(MONDAY, MONDAY + timedelta(days=13))
LATER = st.integers(0, 20).map(lambda days: MONDAY + timedelta(days=days))
KIND = st.builds(Kind, st.sampled_from(PARTS), st.sampled_from(DAYS), LATER)
HOURS = (time(0), time(11, 59), time(12), time(16, 59), time(17), time(23, 59))


@pytest.mark.parametrize(
    ("at", "part"),
    list(zip(HOURS, ("morning", "morning", "afternoon", "afternoon", "evening", "evening"), strict=True)),
)
def test_parts_of_the_day(at: time, part: str) -> None:
    """The afternoon begins at noon, the evening at five."""
    assert part_of(at) == part


def test_days_of_the_week() -> None:
    """Saturday and Sunday are the weekend."""
    found = [days_of(MONDAY + timedelta(days=n)) for n in range(7)]
    assert found == ["weekdays"] * 5 + ["weekend"] * 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind("evening", "weekdays", MONDAY), True),
        (Kind("any", "any", MONDAY), True),
        (Kind("evening", "any", MONDAY - timedelta(days=1)), False),
        (Kind("morning", "any", MONDAY), False),
        (Kind("any", "weekend", MONDAY), False),
    ],
)
def test_a_monday_evening(kind: Kind, expected: bool) -> None:
    """Part, day and last day must all suit; the last day counts."""
    assert fits(kind, datetime.combine(MONDAY, time(18))) is expected


@given(KIND, KIND, TODAY)
def test_two_wishes_meet_exactly_if_some_session_is_of_both(one: Kind, other: Kind, today: date) -> None:
    """Looked for one by one, through all days and one hour of each part."""
    days = [today + timedelta(days=n) for n in range(40)]
    sessions = [datetime.combine(day, hour) for day in days for hour in (time(9), time(14), time(18))]
    assert meet(one, other, today) == any(fits(one, at) and fits(other, at) for at in sessions)


def test_two_silences_in_a_row_end_it() -> None:
    """Not one; and a wish that is answered in between begins anew."""
    assert [given_up(lapses) for lapses in range(4)] == [False, False, True, True]
    assert SILENT == 2
