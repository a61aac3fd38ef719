"""What clocks on the wall do in the nights in which they are put forward or back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Whether clocks in the zone show this: a time they skip does not survive the way to UTC and back."""
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def comes_twice(local: datetime) -> bool:
    """Whether the clocks of its own zone show this time twice, because they are put back.

    To be asked of times that exist: of one that clocks skip it would say the same.
    """
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a day begins by the clocks of a zone, and when the next one does: 23 to 25 hours later."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def changes(
    days: Iterable[date], times: Sequence[time], zone: ZoneInfo
) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
    """The wall-clock times of these days that clocks skip, and those that they show twice."""
    skipped, twice = [], []
    for day in days:
        for at in times:
            local = datetime.combine(day, at)
            if not exists(local, zone):
                skipped.append(local)
            elif comes_twice(local.replace(tzinfo=zone)):
                twice.append(local)
    return tuple(skipped), tuple(twice)
