"""Who may be paired with whom, how good a pair it would be, and why somebody has no partner yet.

Must: the same city, a common language, enough common availability, neither blocked the other, neither
declined the other, not the same two again (unless the policy allows it). Better: the same dialect, talk
shares that complete each other, each the partner that the other wished for, long waiting. What is not known
is neutral: it rules nobody out and counts half.
"""

from collections.abc import Iterable, Sequence
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
BALANCE = 100
WISH = 50
"""For each of the two wishes."""
WAITING_STEP = timedelta(minutes=30)
"""Each such step that either has waited is a point: after a week it outweighs everything but the base."""
WAITING_MOST = 10**5
"""Most points for waiting (nearly six years), so that the base keeps its promise."""
BALANCED = 80
"""From this many points for balance on, it is told as a reason: together within 20 % of the whole."""

Wish = Literal["any", "woman", "man", "nonbinary"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody in the pool, as far as known.

    `person` is their id, and `met` (earlier partners), `blocked` and `declined` hold ids of others.
    `languages` are codes, empty when unknown. `talk_share` is their share of the talk in their samples, 0..1.
    `availability` are hours of the week, 0 (Monday 00:00, city time) to 167. `waiting_since` is aware.
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
    return _history(a, b, policy)


def _history(a: Candidate, b: Candidate, policy: PairingPolicy) -> Obstacle | None:
    """What the two had with each other before that rules them out."""
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

        BASE                                          for being a pair at all
        + DIALECT  x  1 same, 0 different, 1/2 one unknown
        + BALANCE  x  1 - |share of a + share of b - 1|, 1/2 one unknown
        + WISH     x  1 gender as a wished, 0 not, 1/2 no wish or gender unknown
        + WISH     x  the same for b's wish
        + one point for every WAITING_STEP that a has waited, and that b has

    So a matching of the largest total pairs as many people as possible, and of those ways takes the best;
    waiting grows without end, so that in the long run it decides who is left over.
    """
    return BASE + _affinity(a, b) + _waited(a, now) + _waited(b, now)


def _affinity(a: Candidate, b: Candidate) -> int:
    return _dialect(a, b) + _balance(a, b) + _wish(a, b) + _wish(b, a)


def _dialect(a: Candidate, b: Candidate) -> int:
    if a.dialect is None or b.dialect is None:
        return DIALECT // 2
    return DIALECT if a.dialect == b.dialect else 0


def _balance(a: Candidate, b: Candidate) -> int:
    if a.talk_share is None or b.talk_share is None:
        return BALANCE // 2
    return round(BALANCE * (1 - abs(a.talk_share + b.talk_share - 1)))


def _wish(wisher: Candidate, other: Candidate) -> int:
    if wisher.wish in (None, "any") or other.gender is None:
        return WISH // 2
    return WISH if wisher.wish == other.gender else 0


def _waited(a: Candidate, now: datetime) -> int:
    return min(max((now - a.waiting_since) // WAITING_STEP, 0), WAITING_MOST)


# --- the whole pool


def edges(pool: Sequence[Candidate], policy: PairingPolicy, now: datetime) -> list[tuple[int, int, int]]:
    """All pairs that nothing rules out, as (index, larger index, weight), in rising order.

    Only people of one city with a common language are compared one by one: sets of people are integers with
    a bit for each, and the rest of the musts but availability is a matter of a few such sets.
    """
    sets = _Sets(pool, policy)
    hours = [None if a.availability is None else sum(1 << hour for hour in a.availability) for a in pool]
    waited = [_waited(a, now) for a in pool]
    found: list[tuple[int, int, int]] = []
    for i, a in enumerate(pool):
        for j in _bits(sets.allowed(i) >> (i + 1), i + 1):
            mine, theirs = hours[i], hours[j]
            if mine is None or theirs is None or (mine & theirs).bit_count() >= MIN_COMMON_HOURS:
                found.append((i, j, BASE + _affinity(a, pool[j]) + waited[i] + waited[j]))
    return found


class _Sets:
    """Sets of people in the pool, as bits by index: by city, by language, and where it is not known."""

    def __init__(self, pool: Sequence[Candidate], policy: PairingPolicy) -> None:
        self._pool, self._repeat = pool, policy.repeat
        self._everybody = (1 << len(pool)) - 1
        self._city: dict[str | None, int] = {}
        self._language: dict[str | None, int] = {}
        self._bit: dict[int, int] = {}
        self._refused_by: dict[int, int] = {}
        for i, a in enumerate(pool):
            bit = 1 << i
            self._bit[a.person] = bit
            self._city[a.city] = self._city.get(a.city, 0) | bit
            for language in a.languages or (None,):
                self._language[language] = self._language.get(language, 0) | bit
            for person in self._refuses(a):
                self._refused_by[person] = self._refused_by.get(person, 0) | bit

    def allowed(self, i: int) -> int:
        """Whom nothing but availability speaks against for the one at this index."""
        a = self._pool[i]
        found = self._everybody
        if a.city is not None:
            found &= self._city[a.city] | self._city.get(None, 0)
        if a.languages:
            speakers = self._language.get(None, 0)
            for language in a.languages:
                speakers |= self._language[language]
            found &= speakers
        refused = self._refused_by.get(a.person, 0)
        for person in self._refuses(a):
            refused |= self._bit.get(person, 0)
        return found & ~refused

    def _refuses(self, a: Candidate) -> frozenset[int]:
        """Whom this one cannot be given, whatever the other one says."""
        return a.declined | a.blocked | (frozenset() if self._repeat else a.met)


def _bits(number: int, offset: int) -> Iterable[int]:
    """The places of the bits that are set, plus an offset, in rising order."""
    text = f"{number:b}"[::-1] if number else ""
    place = text.find("1")
    while place >= 0:
        yield place + offset
        place = text.find("1", place + 1)


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
        Reason.BALANCE: _balance(viewer, other) >= BALANCED,
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
