"""Who of the staff is asked for which slot.

As many are asked as a slot needs: who can, of those who has the fewest hours in the weeks around it, of those who
has been idle for longest. When these are too few, or there is no time for one after the other, everybody is asked.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.rules.week import Hours

NEAR = timedelta(hours=48)
"""A session this near has no time for one after the other."""

COVER_BY = timedelta(hours=24)
"""A booked session that still lacks people so long before is for the coordinators to decide about."""

AROUND = timedelta(days=14)
"""Sessions that begin so long before or after count as load: four weeks, seen from their middle."""

_STEP = timedelta(minutes=30)
"""Zones differ from UTC by half hours at least, so the hours that a session touches are looked for in such steps."""

_NEVER = datetime.min.replace(tzinfo=UTC)

Times = tuple[datetime, datetime]
"""From when to when."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One of the staff of a city: when they can work, and which sessions they have.

    `hours` are hours of the week by the studio's clock, as `bot.rules.week` has them; `off` first and last days
    by its calendar; `confirmed` and `asked` the sessions that they run, and will run if they say yes.
    """

    person: int
    hours: Hours = None
    off: tuple[tuple[date, date], ...] = ()
    confirmed: tuple[Times, ...] = ()
    asked: tuple[Times, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanting:
    """A slot that lacks people: `missing` more are to be asked; none, if enough are asked and may still answer.

    `waiting` confirmed it, or were asked and may still answer. `late` let their time to answer go by. `out`
    said no. `everybody`: they all were asked before, so only who has come since is asked now.
    """

    slot: int
    times: Times
    zone: ZoneInfo
    missing: int
    waiting: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()
    out: frozenset[int] = frozenset()
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """Whom to ask for a slot. `everybody`: asking one after the other has come to its end."""

    people: tuple[int, ...]
    everybody: bool = False


def hours_of(times: Times, zone: ZoneInfo) -> frozenset[int]:
    """The hours of the week that something touches by a zone's clock, 0 (Monday from 00:00) to 167."""
    found = set()
    moment, end = times[0].astimezone(UTC), times[1].astimezone(UTC)
    while moment < end:
        local = moment.astimezone(zone)
        found.add(local.weekday() * 24 + local.hour)
        moment += _STEP - timedelta(minutes=moment.minute % 30, seconds=moment.second)
    return frozenset(found)


def days_of(times: Times, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day that something touches by a zone's calendar."""
    return times[0].astimezone(zone).date(), (times[1] - timedelta(seconds=1)).astimezone(zone).date()


def is_off(off: Iterable[tuple[date, date]], times: Times, zone: ZoneInfo) -> bool:
    """Whether something touches one of these spans of days."""
    first, last = days_of(times, zone)
    return any(begin <= last and first <= end for begin, end in off)


class _Book:
    """What somebody has, in order of time, while slots are given out."""

    def __init__(self, colleague: Colleague) -> None:
        self.colleague = colleague
        self.person = colleague.person
        self._all = sorted((*colleague.confirmed, *colleague.asked))
        self._longest = max((end - begin for begin, end in self._all), default=timedelta())

    def add(self, times: Times) -> None:
        insort(self._all, times)
        self._longest = max(self._longest, times[1] - times[0])

    def _between(self, first: datetime, last: datetime) -> Sequence[Times]:
        """What begins within these moments, both included."""
        return self._all[
            bisect_left(self._all, first, key=_begins) : bisect_right(self._all, last, key=_begins)
        ]

    def free(self, times: Times) -> bool:
        """Whether they have nothing else then."""
        return not _meet(times, self._between(times[0] - self._longest, times[1]))

    def able(self, slot: Wanting) -> bool:
        """Whether they can run a session as far as known: at their hours, on no day off, and not elsewhere."""
        hours = self.colleague.hours
        if hours is not None and not hours_of(slot.times, slot.zone) <= hours:
            return False
        return not is_off(self.colleague.off, slot.times, slot.zone) and self.free(slot.times)

    def may(self, slot: Wanting) -> bool:
        """Whether they can be asked at all: on no day off, and for no time at which they run a session."""
        return not is_off(self.colleague.off, slot.times, slot.zone) and not _meet(
            slot.times, self.colleague.confirmed
        )

    def turn(self, at: datetime) -> tuple[timedelta, datetime, int]:
        """Whose turn it is: the smallest has the least load, then the longest time since their last session."""
        load = sum((end - begin for begin, end in self._between(at - AROUND, at + AROUND)), timedelta())
        last = bisect_left(self._all, at, key=_begins)
        return load, self._all[last - 1][1] if last else _NEVER, self.person


def _begins(times: Times) -> datetime:
    return times[0]


def _meet(times: Times, others: Iterable[Times]) -> bool:
    return any(begin < times[1] and times[0] < end for begin, end in others)


def assign(
    slots: Sequence[Wanting], staff: Iterable[Colleague], now: datetime, *, by_load: bool = True
) -> Mapping[int, Assigned]:
    """Whom to ask for each of these slots, by slot, the earliest first: what one is given counts for the next.

    Without `by_load` everybody is asked at once.
    """
    books = [_Book(one) for one in sorted(staff, key=lambda one: one.person)]
    found = {}
    for slot in sorted(slots, key=lambda one: (one.times, one.slot)):
        found[slot.slot] = chosen = _choose(slot, books, now, by_load)
        if not chosen.everybody:
            for book in books:
                if book.person in chosen.people:
                    book.add(slot.times)
    return found


def _choose(slot: Wanting, books: Sequence[_Book], now: datetime, by_load: bool) -> Assigned:
    known = slot.waiting | slot.late | slot.out
    fresh = [book for book in books if book.person not in known]
    if slot.everybody:
        return Assigned(tuple(book.person for book in fresh if book.may(slot)), everybody=True)
    if by_load and slot.times[0] - now > NEAR:
        able = [book for book in fresh if book.able(slot)]
        if len(able) >= slot.missing:
            able.sort(key=lambda book: book.turn(slot.times[0]))
            return Assigned(tuple(book.person for book in able[: max(0, slot.missing)]))
    asked = slot.waiting | slot.out
    people = (book.person for book in books if book.person not in asked and book.may(slot))
    return Assigned(tuple(people), everybody=True)


def median(hours: Iterable[timedelta]) -> timedelta:
    """The middle one; of an even number the mean of the two in the middle; nothing of nothing."""
    found = sorted(hours)
    if not found:
        return timedelta()
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2
