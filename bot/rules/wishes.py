"""Waiting for any time of a kind: which times it means, whose wishes meet, and when nobody is asked any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

ANY = "any"
PARTS = ("morning", "afternoon", "evening", ANY)
"""Parts of the day in which a session can begin."""
DAYS = ("weekdays", "weekend", ANY)
"""Kinds of days; a weekend is Saturday and Sunday."""

AFTERNOON = time(12)
EVENING = time(17)
"""When the parts of the day begin by the studio's clock; what comes before is morning."""

SPANS = (7, 14, 28)
"""For how many days one can wait."""
LONGEST = 60
"""Days ahead that a wish can reach at most."""

SILENT = 2
"""So many offers in a row that nobody answers, and a pair is not asked any more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of time: a part of the day, kinds of days, until a day (that one included)."""

    part: str
    days: str
    until: date


def part_of(at: time) -> str:
    """The part of the day that a time of the studio's clock lies in."""
    if at < AFTERNOON:
        return "morning"
    return "afternoon" if at < EVENING else "evening"


def days_of(day: date) -> str:
    """What kind of day it is."""
    return "weekend" if day.weekday() >= 5 else "weekdays"


def fits(kind: Kind, starts: datetime) -> bool:
    """Whether a session that begins then, by the studio's clock, is of this kind."""
    return (
        kind.part in (ANY, part_of(starts.time()))
        and kind.days in (ANY, days_of(starts.date()))
        and starts.date() <= kind.until
    )


def meet(one: Kind, other: Kind, today: date) -> bool:
    """Whether some time from today on is of both kinds, so that the two could want the same."""
    if ANY not in (one.part, other.part) and one.part != other.part:
        return False
    return any(
        one.days in (ANY, days_of(day)) and other.days in (ANY, days_of(day))
        for day in _week(today, min(one.until, other.until))
    )


def _week(first: date, last: date) -> Iterator[date]:
    """The days from the first to the last, a week at most: then all kinds of days have been."""
    for number in range(7):
        day = first + timedelta(days=number)
        if day > last:
            return
        yield day


def given_up(lapses: int) -> bool:
    """Whether a pair that let so many offers in a row lapse leaves the list."""
    return lapses >= SILENT
