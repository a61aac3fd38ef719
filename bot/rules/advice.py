"""What somebody without a partner could change, and how many people would become possible by it.

Each of a written list of single changes is tried: one more day of the week, any time, one more language, another
city. Only what is public is counted by: city, languages, hours. Who was met before, declined or blocked is never
counted and never advised about: no change brings them, and no number tells of them.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.rules import week
from bot.rules.pairing import MIN_COMMON_HOURS, Candidate, history
from bot.rules.policy import PairingPolicy


class Change(StrEnum):
    """What can be changed; of two that help as many, the easier one comes first, in this order."""

    DAY = "day"
    ANY_TIME = "any_time"
    LANGUAGE = "language"
    CITY = "city"


@dataclass(frozen=True, slots=True)
class Advice:
    """One change, and how many would become possible by it and by nothing else.

    `value` is the day (``"0"`` is Monday), the language's code or the city's; empty for any time.
    """

    change: Change
    value: str
    more: int


def advice(
    candidate: Candidate,
    pool: Iterable[Candidate],
    policy: PairingPolicy,
    *,
    languages: Collection[str],
    cities: Collection[str],
) -> list[Advice]:
    """The best of each kind of change, the one that helps most first; the same for any order of the pool.

    `pool` may contain the candidate. `languages` and `cities` are what can be chosen at all. Whoever only any
    time makes possible is told so only where that is more than the best day brings.
    """
    found: Counter[tuple[Change, str]] = Counter()
    for other in pool:
        if other.person != candidate.person and history(candidate, other, policy) is None:
            found.update(_helping(candidate, other))
    offered = {Change.LANGUAGE: languages, Change.CITY: cities}
    all_of_them = [
        Advice(change, value, more)
        for (change, value), more in found.items()
        if change not in offered or value in offered[change]
    ]
    ranked = sorted(all_of_them, key=lambda one: (-one.more, list(Change).index(one.change), one.value))
    best: dict[Change, Advice] = {}
    for one in ranked:
        best.setdefault(one.change, one)
    day, any_time = best.get(Change.DAY), best.get(Change.ANY_TIME)
    if day and any_time and any_time.more <= day.more:
        del best[Change.ANY_TIME]
    return list(best.values())


def _helping(a: Candidate, b: Candidate) -> list[tuple[Change, str]]:
    """Each single change of `a` that makes `b` possible: none where two things stand in the way, or nothing."""
    city = a.city is not None and b.city is not None and a.city != b.city
    language = bool(a.languages and b.languages and not a.languages & b.languages)
    hours = _too_few(a.availability, b.availability)
    if city + language + hours != 1:
        return []
    if city:
        return [(Change.CITY, b.city or "")]
    if language:
        return [(Change.LANGUAGE, code) for code in b.languages]
    mine = a.availability or frozenset()
    days = [day for day in range(week.DAYS) if not _too_few(mine | week.day_hours(day), b.availability)]
    return [(Change.ANY_TIME, ""), *((Change.DAY, str(day)) for day in days)]


def _too_few(mine: week.Hours, theirs: week.Hours) -> bool:
    return mine is not None and theirs is not None and len(mine & theirs) < MIN_COMMON_HOURS
