"""Many slots in one line: ``beijing 2026-12-01..2026-12-07 09:00,14:00,18:00 3h``, read and laid out in time.

Days can be left out (``except=2026-12-05``); `bot.rules.recurrence` reads slots that repeat.

A grid is what a coordinator asks for: days, times of day and one length, in the studio's own time. A plan is
what becomes of it in given rooms at a given moment. Slots are half-open: one may begin as another ends, unless
the room has to be set up or cleaned up in between.
"""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot.rules.clocks import comes_twice, exists
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


@dataclass(frozen=True, slots=True)
class Buffers:
    """How long a room is made ready before each session, and cleaned up after it."""

    setup: timedelta = timedelta()
    cleanup: timedelta = timedelta()

    def around(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
        """From when to when a session keeps its room busy."""
        return starts_at - self.setup, ends_at + self.cleanup


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A room (its id) from one UTC moment to another.

    `twice` marks a wall-clock time that this night has twice, when clocks go back: the first one is meant.
    """

    room: int
    starts_at: datetime
    ends_at: datetime
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a grid. Every part is in order of time, then room.

    `slots` can be created. `past` have begun already. `clashes` overlap something that stands in the room, or
    an earlier slot of the same plan (a night that skips an hour moves two times closer). `tight` overlap nothing,
    but leave no time to clean up and set up in between. `closed` lie in a time in which their room is closed.
    `nonexistent` are wall-clock times without a zone, each on a day whose clocks skip it.
    """

    slots: tuple[PlannedSlot, ...]
    past: tuple[PlannedSlot, ...]
    clashes: tuple[PlannedSlot, ...]
    nonexistent: tuple[datetime, ...]
    tight: tuple[PlannedSlot, ...] = ()
    closed: tuple[PlannedSlot, ...] = ()


Span = tuple[int, datetime, datetime]
"""A room (its id), and from when to when something stands there."""


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


# --- laying out


def expand(grid: SlotGrid, zone: ZoneInfo, rooms: Sequence[int]) -> tuple[PlannedSlot, ...]:
    """Every slot of a grid that exists in the studio's zone, in order of time, then of `rooms` as given.

    A length is elapsed time: three hours are three hours though the clocks change in between.
    """
    slots: list[PlannedSlot] = []
    for local in _wall_times(grid):
        start = local.replace(tzinfo=zone)  # fold=0: of two such times the first
        if not exists(local, zone):
            continue
        starts_at = start.astimezone(UTC)
        slots += [PlannedSlot(room, starts_at, starts_at + grid.length, comes_twice(start)) for room in rooms]
    return tuple(slots)


def plan(
    grid: SlotGrid,
    zone: ZoneInfo,
    rooms: Sequence[int],
    now: datetime,
    taken: Iterable[Span] = (),
    *,
    buffers: Buffers = Buffers(),
    busy: Iterable[Span] | None = None,
    closed: Iterable[Span] = (),
) -> Plan:
    """Decide which slots of a grid can be created `now` in these rooms (ids).

    `taken` are the slots that stand already, `busy` the same with what is set up and cleaned up around them
    (None: nothing is), `closed` when rooms are closed, all in any order. What is past is past, whether it
    clashes or not; what is closed is closed, whatever else is in its way.
    """
    taken = list(taken)
    sessions, rooms_busy = _busy_rooms(rooms, taken), _busy_rooms(rooms, taken if busy is None else busy)
    shut = list(closed)
    found: dict[str, list[PlannedSlot]] = {
        name: [] for name in ("slots", "past", "clashes", "tight", "closed")
    }
    for slot in expand(grid, zone, rooms):
        around = buffers.around(slot.starts_at, slot.ends_at)
        if slot.starts_at <= now:
            what = "past"
        elif any(room == slot.room and a < slot.ends_at and slot.starts_at < b for room, a, b in shut):
            what = "closed"
        elif not sessions[slot.room].fits(slot.starts_at, slot.ends_at):
            what = "clashes"
        elif not rooms_busy[slot.room].fits(*around):
            what = "tight"
        else:
            what = "slots"
            sessions[slot.room].take(slot.ends_at)
            rooms_busy[slot.room].take(around[1])
        found[what].append(slot)
    nonexistent = tuple(local for local in _wall_times(grid) if not exists(local, zone))
    return Plan(nonexistent=nonexistent, **{name: tuple(these) for name, these in found.items()})


def _busy_rooms(rooms: Sequence[int], spans: Iterable[Span]) -> dict[int, "_Busy"]:
    by_room: dict[int, list[tuple[datetime, datetime]]] = {room: [] for room in rooms}
    for room, start, end in spans:
        by_room.setdefault(room, []).append((start, end))
    return {room: _Busy(found) for room, found in by_room.items()}


class _Busy:
    """Until when a room is taken, swept forward: `fits` must be called in order of time, with one length."""

    def __init__(self, taken: Sequence[tuple[datetime, datetime]]) -> None:
        self._ahead = deque(sorted(taken))
        self._until = datetime.min.replace(tzinfo=UTC)

    def fits(self, start: datetime, end: datetime) -> bool:
        """Whether nothing stands between start and end."""
        while self._ahead and self._ahead[0][0] < end:
            self._until = max(self._until, self._ahead.popleft()[1])
        return self._until <= start

    def take(self, end: datetime) -> None:
        """Take the room for what was just found to fit, until its end."""
        self._until = end


def _wall_times(grid: SlotGrid) -> Iterator[datetime]:
    """Every day with every time, without a zone yet."""
    return (datetime.combine(day, at) for day in grid.days for at in grid.times)
