"""Who may be paired with whom, how good a pair it would be, and why somebody has no partner yet.

Must: the same city, a common language, enough common availability, neither blocked the other, neither
declined the other, not the same two again (unless the policy allows it). Better: the same dialect, talk
shares that complete each other, each the partner that the other wished for, more hours in common, dialogues
as lively as each other, long waiting. What is not known is neutral: it rules nobody out and counts half.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from bot.rules.policy import PairingPolicy

MIN_COMMON_HOURS = 3
"""Hours of the week that two people must have in common: one session lasts three."""

BASE = 10**12
"""The weight of any pair at all. Two pairs outweigh one, whatever else can be said for it, and so do n + 1
against n, as long as n times the largest bonus stays below it: that holds for more than a million people."""
DIALECT = 100
BALANCE = 60
WISH = 50
"""For each of the two wishes."""
HOUR = 3
"""For each hour of the week in common beyond the `MIN_COMMON_HOURS`."""
HOURS_MOST = 12
"""Hours that count so: with more, finding a time is no matter any more."""
LIVELY = 30
TURN = 3
"""Taken off `LIVELY` for each turn a minute that one sample has more than the other."""
AFFINITY_MOST = DIALECT + BALANCE + 2 * WISH + HOUR * HOURS_MOST + LIVELY
"""Most points for how well two suit each other."""
WAITING_STEP = timedelta(minutes=30)
"""Each such step that either has waited is a point: a week outweighs everything but the base."""
WAITING_MOST = 10**5
"""Most points for waiting (nearly six years), so that the base keeps its promise."""
PLENTY = 6
"""From this many hours of the week in common on, they are told as a reason: two sessions."""
BALANCED = 0.2
"""Up to this distance of two shares from a whole, the balance is told as a reason."""

Wish = Literal["any", "woman", "man", "nonbinary"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody in the pool, as far as known.

    `person` is their id, and `met` (earlier partners), `blocked` and `declined` hold ids of others.
    `languages` are codes, empty when unknown. `talk_share` is their share of the talk in their samples, 0..1.
    `availability` are hours of the week, 0 (Monday 00:00, city time) to 167. `waiting_since` is aware.
    `rarer_share`, 0..0.5, and `turns_per_minute` are those of their accepted sample as a whole: the share of
    the voice that talks less there, whichever of the two it is, and how lively it goes to and fro.
    """

    person: int
    waiting_since: datetime
    city: str | None = None
    languages: frozenset[str] = frozenset()
    dialect: str | None = None
    gender: str | None = None
    wish: Wish | None = None
    talk_share: float | None = None
    availability: frozenset[int] | None = None
    met: frozenset[int] = frozenset()
    blocked: frozenset[int] = frozenset()
    declined: frozenset[int] = frozenset()
    rarer_share: float | None = None
    turns_per_minute: float | None = None


class Obstacle(StrEnum):
    """Why two people cannot be paired. The order is the one in which they are looked for."""

    CITY = "city"
    LANGUAGE = "language"
    AVAILABILITY = "availability"
    REPEAT = "repeat"
    DECLINED = "declined"
    BLOCKED = "blocked"


class Reason(StrEnum):
    """Why two people were put together, as one of them may be told."""

    SAME_CITY = "same_city"
    SHARED_LANGUAGE = "shared_language"
    SAME_DIALECT = "same_dialect"
    COMMON_HOURS = "common_hours"
    BALANCE = "balance"
    WISH = "wish"
    LONGEST_WAITING = "longest_waiting"


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a proposal, told to one of its two people; in the order of `Reason`.

    `WISH` means that this person's own wish is met. What the other one wished, and whether, is told nobody.
    """

    why: tuple[Reason, ...]
    languages: tuple[str, ...] = ()
    dialect: str | None = None


class NoneYet(StrEnum):
    """The one thing to tell somebody who has no proposal yet: how far the search came."""

    NOBODY_WAITING = "nobody_waiting"
    OTHER_CITIES = "other_cities"
    NO_COMMON_LANGUAGE = "no_common_language"
    NO_COMMON_HOURS = "no_common_hours"
    MET_BEFORE = "met_before"
    RULED_OUT = "ruled_out"
    NEXT_ROUND = "next_round"


@dataclass(frozen=True, slots=True)
class WhyNone:
    """Why somebody has no proposal yet, counted over the `others` in the pool.

    The counts are a funnel: each of the others is in the first one that applies, so that ``others -
    other_cities`` are in the city, and so on. `ruled_out` counts declined and blocked together, either way
    round: nobody learns who blocked them. `possible` are those nothing speaks against; where there are some,
    this person was the odd one out, or joined after the last round.
    """

    reason: NoneYet
    others: int
    other_cities: int
    no_common_language: int
    no_common_hours: int
    met_before: int
    ruled_out: int
    possible: int


# --- musts


def obstacle(a: Candidate, b: Candidate, policy: PairingPolicy) -> Obstacle | None:
    """What rules the two out, the first in the order of `Obstacle`; ``None`` if nothing. Symmetric."""
    if a.city is not None and b.city is not None and a.city != b.city:
        return Obstacle.CITY
    if a.languages and b.languages and not a.languages & b.languages:
        return Obstacle.LANGUAGE
    if not (a.availability is None or b.availability is None):
        common = len(a.availability & b.availability)
        if common < MIN_COMMON_HOURS:
            return Obstacle.AVAILABILITY
    return history(a, b, policy)


def history(a: Candidate, b: Candidate, policy: PairingPolicy) -> Obstacle | None:
    """What the two had with each other before that rules them out, whatever else holds; ``None`` if nothing."""
    if not policy.repeat and (b.person in a.met or a.person in b.met):
        return Obstacle.REPEAT
    if b.person in a.declined or a.person in b.declined:
        return Obstacle.DECLINED
    if b.person in a.blocked or a.person in b.blocked:
        return Obstacle.BLOCKED
    return None


# --- betters


def weight(a: Candidate, b: Candidate, now: datetime) -> int:
    """How good a pair the two would be: a positive integer, the same both ways round.

    ::

        BASE                                           for being a pair at all
        + DIALECT  x  1 same, 0 different, 1/2 one unknown
        + BALANCE  x  1 - |share of a + share of b - 1|, 1/2 one unknown
        + WISH     x  1 gender as a wished, 0 not, 1/2 no wish or gender unknown
        + WISH     x  the same for b's wish
        + HOUR     x  hours of the week in common beyond MIN_COMMON_HOURS, at most HOURS_MOST,
                      half of those if one's hours are unknown
        + LIVELY   -  TURN x difference of turns a minute, not below 0, LIVELY x 1/2 one unknown
        + one point for every WAITING_STEP that a has waited, and that b has

    Whose voice is whose in a sample is not known, so somebody's share may be that of either voice: the balance
    is the mean over the cases. So a matching of the largest total pairs as many people as possible, and of
    those ways takes the best; waiting grows without end, so that in the long run it decides who is left over.
    """
    return BASE + affinity(a, b, common_hours(a, b)) + waited(a, now) + waited(b, now)


def common_hours(a: Candidate, b: Candidate) -> int | None:
    """How many hours of the week both can, or None if the hours of one are not known."""
    if a.availability is None or b.availability is None:
        return None
    return len(a.availability & b.availability)


def affinity(a: Candidate, b: Candidate, common: int | None) -> int:
    """The part of the weight that says how well the two suit each other; `common` is `common_hours` of them."""
    return _dialect(a, b) + _balance(a, b) + _wish(a, b) + _wish(b, a) + _hours(common) + _lively(a, b)


def _dialect(a: Candidate, b: Candidate) -> int:
    if a.dialect is None or b.dialect is None:
        return DIALECT // 2
    return DIALECT if a.dialect == b.dialect else 0


def _balance(a: Candidate, b: Candidate) -> int:
    apart = _imbalances(a, b)
    if not apart:
        return BALANCE // 2
    return round(BALANCE * (1 - sum(apart) / (1000 * len(apart))))


def _imbalances(a: Candidate, b: Candidate) -> list[int]:
    """How far the two shares are from a whole, in thousandths, in each case that may be; none if unknown."""
    return [abs(mine + theirs - 1000) for mine in _shares(a) for theirs in _shares(b)]


def _shares(a: Candidate) -> tuple[int, ...]:
    """The shares of the talk that may be this person's, in thousandths: those of both voices, or what is known."""
    if a.talk_share is not None:
        return (round(1000 * a.talk_share),)
    if a.rarer_share is None:
        return ()
    rarer = round(1000 * a.rarer_share)
    return (rarer, 1000 - rarer)


def _wish(wisher: Candidate, other: Candidate) -> int:
    if wisher.wish in (None, "any") or other.gender is None:
        return WISH // 2
    return WISH if wisher.wish == other.gender else 0


def _hours(common: int | None) -> int:
    if common is None:
        return HOUR * HOURS_MOST // 2
    return HOUR * min(max(common - MIN_COMMON_HOURS, 0), HOURS_MOST)


def _lively(a: Candidate, b: Candidate) -> int:
    if a.turns_per_minute is None or b.turns_per_minute is None:
        return LIVELY // 2
    return max(LIVELY - round(TURN * abs(a.turns_per_minute - b.turns_per_minute)), 0)


def waited(a: Candidate, now: datetime) -> int:
    """The points for waiting of one of the two."""
    return min(max((now - a.waiting_since) // WAITING_STEP, 0), WAITING_MOST)


# --- telling


def reasons(viewer: Candidate, other: Candidate, oldest: datetime) -> Reasons:
    """Why the two were put together, as `viewer` may be told.

    `oldest` is the earliest `waiting_since` in the pool: somebody who has waited since then is the one who
    waited longest.
    """
    languages = tuple(sorted(viewer.languages & other.languages))
    holds = {
        Reason.SAME_CITY: viewer.city is not None and viewer.city == other.city,
        Reason.SHARED_LANGUAGE: bool(languages),
        Reason.SAME_DIALECT: viewer.dialect is not None and viewer.dialect == other.dialect,
        Reason.COMMON_HOURS: (common_hours(viewer, other) or 0) >= PLENTY,
        Reason.BALANCE: max(_imbalances(viewer, other), default=1000) <= 1000 * BALANCED,
        Reason.WISH: _wish(viewer, other) == WISH,
        Reason.LONGEST_WAITING: min(viewer.waiting_since, other.waiting_since) <= oldest,
    }
    why = tuple(reason for reason in Reason if holds[reason])
    return Reasons(why, languages, viewer.dialect if Reason.SAME_DIALECT in why else None)


def why_none(candidate: Candidate, pool: Iterable[Candidate], policy: PairingPolicy) -> WhyNone:
    """Why this one has no proposal yet; `pool` may contain them, and is the pool of this moment."""
    found = [obstacle(candidate, other, policy) for other in pool if other.person != candidate.person]
    counts = {
        NoneYet.OTHER_CITIES: found.count(Obstacle.CITY),
        NoneYet.NO_COMMON_LANGUAGE: found.count(Obstacle.LANGUAGE),
        NoneYet.NO_COMMON_HOURS: found.count(Obstacle.AVAILABILITY),
        NoneYet.MET_BEFORE: found.count(Obstacle.REPEAT),
        NoneYet.RULED_OUT: found.count(Obstacle.DECLINED) + found.count(Obstacle.BLOCKED),
        NoneYet.NEXT_ROUND: found.count(None),
    }
    # Told is how far the search came: somebody in the city without a common language says more than all
    # those in other cities.
    reason = next((name for name in reversed(counts) if counts[name]), NoneYet.NOBODY_WAITING)
    return WhyNone(reason, len(found), *counts.values())
