"""What clocks on the wall do to a day."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.rules.clocks import bounds


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 12, 1), 24)]
)
def test_a_day_is_as_long_as_its_clocks_say(day: date, hours: int) -> None:
    """From midnight to midnight in Berlin, in elapsed hours; the next day begins where it ends."""
    zone = ZoneInfo("Europe/Berlin")
    begins, ends = bounds(day, zone)
    assert (begins.date(), begins.hour, ends.hour) == (day, 0, 0)
    assert (ends.timestamp() - begins.timestamp()) / 3600 == hours
    assert bounds(day + timedelta(days=1), zone)[0] == ends
