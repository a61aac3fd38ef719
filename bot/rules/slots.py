"""Many slots in one line: ``beijing 2026-12-01..2026-12-07 09:00,14:00,18:00 3h``, read and written.

Days can be left out (``except=2026-12-05``); `bot.rules.recurrence` reads slots that repeat.

A grid is what a coordinator asks for: days, times of day and one length, in the studio's own time. What becomes of
it in given rooms at a given moment is the plan of `bot.rules.slot_plan`.
"""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.rules.oneline import (
    CommandError,
    ExtraPart,
    MissingPart,
    RepeatedOption,
    arguments,
    city_code,
    plain,
)

MAX_DAYS = 92
"""Days in one grid: a quarter of a year. More is more likely a slip of the finger than a plan."""
MAX_TIMES = 24
"""Times of day in one grid."""
MAX_LENGTH = timedelta(hours=12)

_DAY = timedelta(days=1)
_DATE_FORMS = ("2026-12-01", "2026-12-01..2026-12-07")
_TIME_FORMS = ("09:00", "09:00,14:00,18:00")
_LENGTH_FORMS = ("3h", "3h30m", "90m")
_EXCEPT = "except="
_PARTS = (("city", ("beijing",)), ("dates", _DATE_FORMS), ("times", _TIME_FORMS), ("length", _LENGTH_FORMS))


class BadDate(CommandError):
    """Not a date of the calendar, written year-month-day."""


class DatesReversed(CommandError):
    """The last day comes before the first."""


class SpanTooLong(CommandError):
    """The dates span `days` days where `limit` fit."""

    days: int
    limit: int


class BadTime(CommandError):
    """Not a time of day between 00:00 and 23:59."""


class RepeatedTime(CommandError):
    """The same time of day twice."""


class TooManyTimes(CommandError):
    """`count` times of day where `limit` fit."""

    count: int
    limit: int


class BadLength(CommandError):
    """Not a length above nothing and up to `MAX_LENGTH`."""


class OverlappingTimes(CommandError):
    """A slot that begins at `first` is not over when the next one begins at `second`.

    `next_day` tells that the second one belongs to the following day.
    """

    first: time
    second: time
    next_day: bool


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """Which slots are wanted: every time on every day from `first` to `last`, both included.

    `times` are wall-clock times in the studio's zone, rising, none twice; `length` is elapsed time. `skip` are
    days in between that are left out, rising.
    """

    city: str
    first: date
    last: date
    times: tuple[time, ...]
    length: timedelta
    skip: tuple[date, ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the grid, in order."""
        days = (self.first + n * _DAY for n in range((self.last - self.first).days + 1))
        return tuple(day for day in days if day not in self.skip)


# --- reading


def parse(text: str) -> SlotGrid:
    """Read ``<city> <date>[..<date>] <time>[,<time>…] <length> [except=<date>,…]``, with or without the command.

    Full-width punctuation counts as plain, ``、`` as a comma, and ``~``, dashes or ``至`` as the two dots.
    Raises `MissingPart`, `ExtraPart`, `BadCityCode`, `BadDate`, `DatesReversed`, `SpanTooLong`, `BadTime`,
    `RepeatedTime`, `TooManyTimes`, `BadLength` or `OverlappingTimes`.
    """
    words = tidy(arguments(text)).split()
    left_out = [word for word in words if word.lower().startswith(_EXCEPT)]
    pieces = [word for word in words if word not in left_out]
    if len(left_out) > 1:
        raise RepeatedOption(_EXCEPT, ())
    if len(pieces) < len(_PARTS):
        part, forms = _PARTS[len(pieces)]
        raise MissingPart("", forms, part)
    if len(pieces) > len(_PARTS):
        raise ExtraPart(pieces[len(_PARTS)], ())
    city = city_code(pieces[0])
    first, last = _dates(pieces[1])
    times, length = _times(pieces[2]), _length(pieces[3])
    _refuse_overlaps(times, length, more_days=first < last, token=pieces[2])
    skip = read_days(left_out[0][len(_EXCEPT) :]) if left_out else ()
    return SlotGrid(city, first, last, times, length, tuple(day for day in skip if first <= day <= last))


def read_days(text: str) -> tuple[date, ...]:
    """Single days and spans of them, parted by commas, rising and none twice. Raises as `parse` for dates."""
    days: set[date] = set()
    for token in tidy(text).split(","):
        first, last = _dates(token)
        days.update(first + n * _DAY for n in range((last - first).days + 1))
    return tuple(sorted(days))


def read_dates(text: str) -> tuple[date, date]:
    """The dates alone, as `parse` reads them, both included."""
    return _dates(tidy(text))


def read_times(text: str) -> tuple[time, ...]:
    """The times of day alone, as `parse` reads them; spaces part them as well as commas."""
    return _times(",".join(re.split(r"[\s,]+", tidy(text))))


def read_length(text: str) -> timedelta:
    """The length alone, as `parse` reads it."""
    return _length("".join(tidy(text).split()))


def lay(city: str, dates: tuple[date, date], times: tuple[time, ...], length: timedelta) -> SlotGrid:
    """The grid of parts that were read one by one. Raises `OverlappingTimes`."""
    _refuse_overlaps(times, length, more_days=dates[0] < dates[1], token="")
    return SlotGrid(city, *dates, times, length)


def line(grid: SlotGrid) -> str:
    """The grid as the line that `parse` reads back."""
    days = str(grid.first) if grid.first == grid.last else f"{grid.first}..{grid.last}"
    skip = f" {_EXCEPT}{days_line(grid.skip)}" if grid.skip else ""
    return f"{grid.city} {days} {times_line(grid.times)} {length_line(grid.length)}{skip}"


def times_line(times: Sequence[time]) -> str:
    """Times of day as `read_times` reads them."""
    return ",".join(f"{at:%H:%M}" for at in times)


def length_line(length: timedelta) -> str:
    """A length as `read_length` reads it."""
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")


def days_line(days: Sequence[date]) -> str:
    """Days as `read_days` reads them."""
    return ",".join(str(day) for day in days)


def next_days(now: datetime, zone: ZoneInfo, count: int) -> str:
    """So many days from tomorrow on, by the zone's calendar, as `read_dates` reads them."""
    first = now.astimezone(zone).date() + _DAY
    return f"{first}..{first + (count - 1) * _DAY}"


def wall_lines(times: Iterable[datetime]) -> tuple[str, ...]:
    """Wall-clock times with their days, each as ``2026-12-01 09:00``."""
    return tuple(f"{at:%Y-%m-%d %H:%M}" for at in times)


def tidy(text: str) -> str:
    """Plain punctuation, without the spaces behind commas and around dots: those part nothing."""
    text = plain(text).replace("、", ",").replace("。", ".").strip()
    return re.sub(r"\s*(,|\.{2,}|[~–—至])\s*", r"\1", text)


def _dates(token: str) -> tuple[date, date]:
    ends = re.split(r"\.{2,}|[~–—至]", token)
    if len(ends) > 2:
        raise BadDate(token, _DATE_FORMS)
    first, last = _date(ends[0]), _date(ends[-1])
    if last < first:
        raise DatesReversed(token, (f"{last}..{first}",))
    days = (last - first).days + 1
    if days > MAX_DAYS:
        raise SpanTooLong(token, (f"{first}..{first + (MAX_DAYS - 1) * _DAY}",), days, MAX_DAYS)
    return first, last


def _date(token: str) -> date:
    # Years are bounded so that adding a zone's offset or a length never leaves the calendar.
    match = re.fullmatch(r"(2[01][0-9]{2})-([0-9]{1,2})-([0-9]{1,2})", token)
    if not match:
        raise BadDate(token, _DATE_FORMS)
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise BadDate(token, _DATE_FORMS) from None


def _times(token: str) -> tuple[time, ...]:
    pieces = token.split(",")
    if len(pieces) > MAX_TIMES:
        raise TooManyTimes(token, _TIME_FORMS, len(pieces), MAX_TIMES)
    found: list[time] = []
    for piece in pieces:
        match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", piece)
        if not match:
            raise BadTime(piece, _TIME_FORMS)
        at = time(int(match[1]), int(match[2]))
        if at in found:
            raise RepeatedTime(piece, ())
        found.append(at)
    return tuple(sorted(found))


def _length(token: str) -> timedelta:
    match = re.fullmatch(r"(?:([0-9]{1,4})(?:h|小时))?(?:([0-9]{1,4})(?:m|min|分钟?))?", token.lower())
    if not match:
        raise BadLength(token, _LENGTH_FORMS)
    length = timedelta(hours=int(match[1] or 0), minutes=int(match[2] or 0))
    if not timedelta(0) < length <= MAX_LENGTH:
        raise BadLength(token, _LENGTH_FORMS)
    return length


def _refuse_overlaps(times: tuple[time, ...], length: timedelta, *, more_days: bool, token: str) -> None:
    """Neighbouring times must be a length apart, and so must the last one and the next morning's first."""
    for first, second in pairwise(times):
        if _since_midnight(first) + length > _since_midnight(second):
            raise OverlappingTimes(token, (), first, second, False)
    first, second = times[-1], times[0]
    if more_days and _since_midnight(first) + length > _since_midnight(second) + _DAY:
        raise OverlappingTimes(token, (), first, second, True)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)
