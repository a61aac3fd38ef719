"""A grid of slots laid out in rooms and in time: which can be created, and what is in the way of the others.

Slots are half-open: one may begin as another ends, unless the room has to be set up or cleaned up in between.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.clocks import comes_twice, exists
from bot.rules.slots import SlotGrid


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
