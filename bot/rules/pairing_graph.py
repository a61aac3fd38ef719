"""The pool as a graph: an edge for each two people whom nothing rules out, and its weight.

Musts are missing edges. In a city of few people there is every edge that may be. In a large one each keeps the
best of some partners that are looked at, so that time and memory grow with the people and not with their square.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from hashlib import blake2b
from heapq import nlargest
from typing import TypeVar

from bot.rules.pairing import (
    BASE,
    DIALECT,
    MIN_COMMON_HOURS,
    WISH,
    Candidate,
    affinity,
    waited,
)
from bot.rules.policy import PairingPolicy

ALL_OF = 300
"""People who are to be had in one city, up to whom each of them keeps every possible partner."""
KEEP = 20
"""Possible partners that somebody keeps in a larger city, beside those who keep them."""
LOOK = 60
"""Possible partners whose weights are compared for that."""

Key = TypeVar("Key")

_WORD = 2**64
_ODD = 0x9E3779B97F4A7C15


def edges(
    pool: Sequence[Candidate], policy: PairingPolicy, now: datetime, fresh: Set[int] | None = None
) -> list[tuple[int, int, int]]:
    """Pairs that nothing rules out, as (index, larger index, weight), in rising order.

    With `fresh` (indexes) only those in which one of the two is fresh. The same as without it, if no two of
    the others may be paired.
    """
    sets = _Sets(pool, policy)
    hours = [None if a.availability is None else _bit_set(a.availability) for a in pool]
    points = [waited(a, now) for a in pool]
    found: dict[tuple[int, int], int] = {}
    for i, possible in sets.neighbours(fresh):
        kept: Iterable[int] = _bits(possible) if sets.few(i) else _best_of(sets, i, possible, hours)
        for j in kept:
            two = (i, j) if i < j else (j, i)
            if two not in found:
                worth = affinity(pool[i], pool[j], _common(hours[i], hours[j]))
                found[two] = BASE + worth + points[i] + points[j]
    return sorted((i, j, worth) for (i, j), worth in found.items())


def reach(pool: Sequence[Candidate], policy: PairingPolicy) -> Iterator[tuple[int, int, int, int]]:
    """How far the search comes for each of the pool: the others left after each must, as sets of indexes.

    After the city, then the language, then the hours, and last those whom nothing speaks against.
    """
    sets = _Sets(pool, policy)
    return (sets.steps(i) for i in range(len(pool)))


def musts_of(a: Candidate, policy: PairingPolicy) -> str:
    """A short name for all that rules pairs out at this person: the same as long as nothing of it changes."""
    met = () if policy.repeat else sorted(a.met)
    hours = None if a.availability is None else sorted(a.availability)
    facts = (a.city, sorted(a.languages), hours, met, sorted(a.blocked), sorted(a.declined), MIN_COMMON_HOURS)
    return blake2b(repr(facts).encode(), digest_size=12).hexdigest()


def _best_of(sets: "_Sets", i: int, possible: int, hours: Sequence[int | None]) -> list[int]:
    """Whom somebody of a large city keeps: of some of those who suit best by what can be told in sets, the best.

    Everybody begins to look at a place of their own, so that not all keep the same ones; and of equals each
    prefers others, by a hash of both ids. Waiting does not count: who is paired at all has it in any case, and
    who waits long would be everybody's only choice.
    """
    pool = sets.pool
    a = pool[i]
    return nlargest(
        KEEP,
        _some(sets.layers(i, possible), _mixed(a.person) % len(pool)),
        key=lambda j: (affinity(a, pool[j], _common(hours[i], hours[j])), _tie(a.person, pool[j].person)),
    )


def _some(layers: Iterable[int], start: int) -> list[int]:
    """The first `LOOK` of the best sets, each gone round from `start`."""
    looked: list[int] = []
    for layer in layers:
        for j in _round_from(layer, start):
            looked.append(j)
            if len(looked) == LOOK:
                return looked
    return looked


class _Sets:
    """Sets of people in the pool, as integers with a bit for each index: by all that counts in pairing."""

    def __init__(self, pool: Sequence[Candidate], policy: PairingPolicy) -> None:
        self.pool, self._repeat = pool, policy.repeat
        self._everybody = (1 << len(pool)) - 1
        self._bit = {a.person: 1 << i for i, a in enumerate(pool)}
        self._city = self._by((i, a.city) for i, a in enumerate(pool))
        self._dialect = self._by((i, a.dialect) for i, a in enumerate(pool))
        self._gender = self._by((i, a.gender) for i, a in enumerate(pool))
        self._wish = self._by((i, self._wished(a)) for i, a in enumerate(pool))
        self._language = self._by((i, code) for i, a in enumerate(pool) for code in a.languages or (None,))
        self._hour = self._by(
            (i, hour)
            for i, a in enumerate(pool)
            for hour in ((None,) if a.availability is None else a.availability)
        )
        self._refused_by = self._by((i, person) for i, a in enumerate(pool) for person in self._refuses(a))

    @staticmethod
    def _by(members: Iterable[tuple[int, Key]]) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for i, key in members:
            found[key] = found.get(key, 0) | 1 << i
        return found

    def few(self, i: int) -> bool:
        """Whether so few people are to be had in this one's city that each keeps every possible partner."""
        return self._in_city(i).bit_count() <= ALL_OF

    def neighbours(self, fresh: Set[int] | None) -> Iterator[tuple[int, int]]:
        """Everybody who may be paired with somebody, and the set of those; with `fresh`, one of two is that."""
        if fresh is None:
            for i in range(len(self.pool)):
                yield i, self._allowed(i)
            return
        new, met = _bit_set(fresh), 0
        for i in sorted(fresh):
            possible = self._allowed(i)
            met |= possible
            yield i, possible
        for i in _bits(met & ~new):
            yield i, self._allowed(i) & new

    def _in_city(self, i: int) -> int:
        city = self.pool[i].city
        return self._everybody if city is None else self._city[city] | self._city.get(None, 0)

    def _allowed(self, i: int) -> int:
        """Whom nothing speaks against for the one at this index."""
        return self.steps(i)[-1]

    def steps(self, i: int) -> tuple[int, int, int, int]:
        """Who is left for the one at this index after each must: city, language, hours, and what was before."""
        a = self.pool[i]
        found = in_city = self._in_city(i) & ~(1 << i)
        if a.languages:
            speakers = self._language.get(None, 0)
            for language in a.languages:
                speakers |= self._language[language]
            found &= speakers
        speaking = found
        if a.availability is not None:
            found &= self._hour.get(None, 0) | self._free_with(a.availability)
        refused = self._refused_by.get(a.person, 0)
        for person in self._refuses(a):
            refused |= self._bit.get(person, 0)
        return in_city, speaking, found, found & ~refused

    def _free_with(self, hours: Iterable[int]) -> int:
        """Who has enough of these hours: the set at place k holds those who had k of them so far, or more."""
        had = [self._everybody] + [0] * MIN_COMMON_HOURS
        for hour in hours:
            free = self._hour[hour]
            for k in range(MIN_COMMON_HOURS, 0, -1):
                had[k] |= had[k - 1] & free
        return had[MIN_COMMON_HOURS]

    def _refuses(self, a: Candidate) -> frozenset[int]:
        """Whom this one cannot be given, whatever the other one says."""
        return a.declined | a.blocked | (frozenset() if self._repeat else a.met)

    def layers(self, i: int, possible: int) -> Iterator[int]:
        """The possible partners of somebody in sets by dialect and wishes, which suit best first."""
        a = self.pool[i]
        graded = [
            (first + second + third, dialects, genders, wishes)
            for first, dialects in self._graded(self._dialect, a.dialect, DIALECT)
            for second, genders in self._graded(self._gender, self._wished(a), WISH)
            for third, wishes in self._graded(self._wish, a.gender, WISH)
        ]
        for _, dialects, genders, wishes in sorted(graded, reverse=True):
            yield possible & dialects & genders & wishes

    @staticmethod
    def _wished(a: Candidate) -> str | None:
        return None if a.wish == "any" else a.wish

    def _graded(self, sets: dict[str | None, int], wanted: str | None, points: int) -> list[tuple[int, int]]:
        """Everybody in up to three sets with their points: as wanted, unknown, otherwise."""
        if wanted is None:
            return [(points // 2, self._everybody)]
        good, unknown = sets.get(wanted, 0), sets.get(None, 0)
        return [(points, good), (points // 2, unknown), (0, self._everybody & ~good & ~unknown)]


def _common(mine: int | None, theirs: int | None) -> int | None:
    return None if mine is None or theirs is None else (mine & theirs).bit_count()


def _bit_set(places: Iterable[int]) -> int:
    return sum(1 << place for place in set(places))


def _round_from(number: int, start: int) -> Iterator[int]:
    """The places of the bits that are set, in rising order from `start` on and then from 0 on."""
    yield from _bits(number >> start, start)
    yield from _bits(number & ((1 << start) - 1))


def _bits(number: int, offset: int = 0) -> Iterator[int]:
    """The places of the bits that are set, plus an offset, in rising order."""
    text = f"{number:b}"[::-1] if number else ""
    place = text.find("1")
    while place >= 0:
        yield place + offset
        place = text.find("1", place + 1)


def _mixed(number: int) -> int:
    """A number that looks like chance: the last step of SplitMix64 (Steele, Lea, Flood 2014)."""
    number = (number + 1) * _ODD % _WORD
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % _WORD
    number = (number ^ number >> 27) * 0x94D049BB133111EB % _WORD
    return number ^ number >> 31


def _tie(person: int, other: int) -> int:
    return _mixed(_mixed(person) ^ _mixed(other))
