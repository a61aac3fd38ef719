"""The pool as numbers, city by city: who waits, how long, and what keeps those from a partner who have nobody."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.pairing import Candidate, NoneYet
from bot.rules.pairing_graph import reach
from bot.rules.policy import PairingPolicy


@dataclass(frozen=True, slots=True)
class CityPool:
    """Those who wait in a city (None: of no city yet), since when the longest does, and who of them is `stuck`.

    Stuck are those for whom nobody in the pool is possible; `obstacle` is what most of them lack, how far the
    search came for them, and `most` how many those are. Partners of before and refusals are one obstacle,
    `NoneYet.RULED_OUT`.
    """

    city: str | None
    waiting: int
    oldest: datetime
    stuck: int
    obstacle: NoneYet | None = None
    most: int = 0


def by_city(pool: Sequence[Candidate], policy: PairingPolicy) -> list[CityPool]:
    """The cities of those who wait, by code; who has no city comes last."""
    people: dict[str | None, list[Candidate]] = defaultdict(list)
    lacking: dict[str | None, Counter[NoneYet]] = defaultdict(Counter)
    for own, steps in zip(pool, reach(pool, policy), strict=True):
        people[own.city].append(own)
        if not steps[-1]:
            lacking[own.city][_obstacle(steps, alone=len(pool) == 1)] += 1
    found = []
    for city in sorted(people, key=lambda code: (code is None, code)):
        oldest = min(one.waiting_since for one in people[city])
        stuck = lacking[city]
        ranked = sorted(stuck.items(), key=lambda item: (-item[1], list(NoneYet).index(item[0])))
        obstacle, most = ranked[0] if ranked else (None, 0)
        found.append(CityPool(city, len(people[city]), oldest, stuck.total(), obstacle, most))
    return found


def _obstacle(steps: tuple[int, int, int, int], *, alone: bool) -> NoneYet:
    """How far the search came for somebody for whom nobody is left at the end."""
    in_city, speaking, free, _ = steps
    if free:
        return NoneYet.RULED_OUT
    if speaking:
        return NoneYet.NO_COMMON_HOURS
    if in_city:
        return NoneYet.NO_COMMON_LANGUAGE
    return NoneYet.NOBODY_WAITING if alone else NoneYet.OTHER_CITIES
