"""When a room is closed: spans as people type them, and their moments in nights in which clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.rules.closures import BadSpan, ClosedTooLong, SpanReversed, in_utc, read_span
from bot.rules.oneline import CommandError
from bot.rules.slots import BadDate, BadTime


def wall(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A time of December 2026 by the studio's clock."""
    return datetime(2026, 12, day, hour, minute)  # noqa: DTZ001 - without a zone, as it is typed


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2026-12-05", (wall(5), wall(6))),
        ("2026-12-05..2026-12-06", (wall(5), wall(7))),
        ("2026-12-05 至 2026-12-06", (wall(5), wall(7))),
        ("2026-12-05T09:00..2026-12-05T14:00", (wall(5, 9), wall(5, 14))),
        ("2026-12-05t9:00–14:30", (wall(5, 9), wall(5, 14, 30))),
        ("2026-12-05 ０９：００ .. 14:00", (wall(5, 9), wall(5, 14))),
        ("2026-12-05T22:00..2026-12-06 02:00", (wall(5, 22), wall(6, 2))),
        ("2026-12-05T09:00..2026-12-06", (wall(5, 9), wall(7))),
        ("2026-12-05T09:00..", (wall(5, 9), wall(6))),
        ("2026-12-05..", (wall(5), wall(6))),
    ],
)
def test_a_span_is_read(text: str, span: tuple[datetime, datetime]) -> None:
    """Days, times on them, an end on the same day, no end."""
    assert read_span(text) == span


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", BadSpan),
        ("..", BadSpan),
        ("soon", BadDate),
        ("2026-13-05", BadDate),
        ("2026-12-05T25:00..", BadTime),
        ("2026-12-05T09:00,10:00..", BadTime),
        ("2026-12-05T", BadSpan),
        ("2026-12-05T09:00", BadSpan),
        ("09:00..14:00", BadDate),
        ("2026-12-05T14:00..09:00", SpanReversed),
        ("2026-12-06..2026-12-05", SpanReversed),
        ("2026-12-06..2028-01-01", ClosedTooLong),
        ("2026-12-06..2026-12-07..2026-12-08", CommandError),
    ],
)
def test_what_is_no_span(text: str, error: type[CommandError]) -> None:
    """Each mistake has its own error."""
    with pytest.raises(error):
        read_span(text)


def test_nights_in_which_clocks_change() -> None:
    """A time that clocks show twice begins with the first and ends with the second; one they skip lies behind it."""
    berlin = ZoneInfo("Europe/Berlin")
    span = read_span("2026-10-25T02:30..2026-10-25T02:45")
    assert in_utc(span, berlin) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
    )
    assert in_utc(read_span("2027-03-28T02:30..05:00"), berlin) == (
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 3, 0, tzinfo=UTC),
    )
