"""When a room is closed for a while: ``2026-12-05..2026-12-06``, ``2026-12-05T09:00..14:00``, read and told in UTC."""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.rules.oneline import CommandError
from bot.rules.slots import BadTime, read_dates, read_times, tidy

MAX_LENGTH = timedelta(days=366)

_FORMS = ("2026-12-05", "2026-12-05..2026-12-06", "2026-12-05T09:00..14:00")
_DAY = timedelta(days=1)

WallSpan = tuple[datetime, datetime]
"""From when to when by the studio's clock, without a zone; the end is not included."""


class BadSpan(CommandError):
    """Not a time from when to when."""


class SpanReversed(CommandError):
    """It ends before it begins."""


class ClosedTooLong(CommandError):
    """Longer than `limit` days: better close the studio."""

    limit: int


def read_span(text: str) -> WallSpan:
    """Days, or times of day on them; a day alone is all of it, an end left out is the end of that day.

    The end may be a time alone, on the day of the beginning. Raises `BadSpan`, `SpanReversed`, `ClosedTooLong`
    and what is wrong with a date or a time.
    """
    # A space before a time is as good as a T.
    tidied = re.sub(r"(?<=[0-9])[tT\s]+(?=[0-9])", "T", tidy(text))
    first, dots, last = re.sub(r"[~–—至]|\.{2,}", "..", tidied).partition("..")
    starts_at, whole = _moment(first, None)
    if last:
        ends_at, whole = _moment(last, starts_at)
    elif dots or whole:
        ends_at, whole = datetime.combine(starts_at.date(), time()), True
    else:
        raise BadSpan(text, _FORMS)
    if whole:
        ends_at += _DAY
    if ends_at <= starts_at:
        raise SpanReversed(text, _FORMS)
    if ends_at - starts_at > MAX_LENGTH:
        raise ClosedTooLong(text, (), MAX_LENGTH.days)
    return starts_at, ends_at


def _moment(text: str, begin: datetime | None) -> tuple[datetime, bool]:
    """A date with a time, or without one (True); after a beginning with a time, a time alone."""
    day, mark, at = text.partition("T")
    if begin is not None and ":" in day and not mark:
        return datetime.combine(begin.date(), _time(day)), False
    if not day or (mark and not at):
        raise BadSpan(text, _FORMS)
    first, last = read_dates(day)
    if first != last:
        raise BadSpan(text, _FORMS)
    return datetime.combine(first, _time(at) if at else time()), not at


def _time(text: str) -> time:
    times = read_times(text)
    if len(times) != 1:
        raise BadTime(text, ("09:00",))
    return times[0]


def in_utc(span: WallSpan, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The same by UTC: of a time that clocks show twice the first begins, the second ends."""
    starts_at, ends_at = span
    begin = starts_at.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return begin, ends_at.replace(tzinfo=zone, fold=1).astimezone(UTC)
