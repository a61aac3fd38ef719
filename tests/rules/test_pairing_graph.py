"""The pool as a graph: every pair that may be in a small city, enough of them in a large one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import pairing_graph
from bot.rules.pairing import Candidate, obstacle, weight
from bot.rules.pairing_graph import ALL_OF, KEEP, edges, musts_of
from bot.rules.policy import PairingPolicy
from tests.rules.pools import a_crowd, pools

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ONCE, AGAIN = PairingPolicy(), PairingPolicy(repeat=True)


def all_that_may(pool: list[Candidate], policy: PairingPolicy) -> list[tuple[int, int, int]]:
    """Every pair that nothing rules out, by comparing everybody with everybody."""
    return [
        (i, j, weight(pool[i], pool[j], NOW))
        for i, j in combinations(range(len(pool)), 2)
        if obstacle(pool[i], pool[j], policy) is None
    ]


@given(pools(), st.booleans())
def test_edges_are_all_pairs_that_may(pool: list[Candidate], repeat: bool) -> None:
    """The search by sets finds what comparing everybody with everybody finds, with the same weights."""
    policy = PairingPolicy(repeat=repeat)
    assert edges(pool, policy, NOW) == all_that_may(pool, policy)


@given(pools(), st.sets(st.integers(0, 7)))
def test_fresh_edges_are_those_of_somebody_fresh(pool: list[Candidate], some: set[int]) -> None:
    """Looking only where somebody is fresh finds exactly the edges that such a one is part of."""
    fresh = {i for i in some if i < len(pool)}
    expected = [(i, j, worth) for i, j, worth in edges(pool, ONCE, NOW) if i in fresh or j in fresh]
    assert edges(pool, ONCE, NOW, fresh) == expected


def test_a_city_up_to_the_limit_has_every_edge_and_a_larger_one_the_best_of_some() -> None:
    """One more person than the limit, and each keeps a few, all of them real and of the right weight."""
    crowd = a_crowd(ALL_OF + 1, seed=3)
    small, large = edges(crowd[:-1], ONCE, NOW), edges(crowd, ONCE, NOW)
    assert small == all_that_may(crowd[:-1], ONCE)
    assert set(large) <= set(all_that_may(crowd, ONCE))
    degrees = [sum(i in two[:2] for two in large) for i in range(len(crowd))]
    assert (len(large) <= KEEP * len(crowd), min(degrees) >= KEEP) == (True, True)
    assert max(degrees) < 8 * KEEP


def test_small_cities_keep_every_edge_beside_a_large_one() -> None:
    """What is left out in one city is nothing to another."""
    village = [replace(one, city="lijiang") for one in a_crowd(40, seed=1, first=10_000)]
    pool = a_crowd(ALL_OF + 50, seed=2) + village
    start = len(pool) - len(village)
    in_village = [(i - start, j - start, worth) for i, j, worth in edges(pool, ONCE, NOW) if i >= start]
    assert in_village == all_that_may(village, ONCE)


def test_whoever_is_hard_to_pair_keeps_all_of_the_few_who_are_possible() -> None:
    """Somebody with three possible partners among many has an edge to each of them."""
    crowd = a_crowd(ALL_OF + 50, seed=4)
    crowd = [replace(one, languages=frozenset({"zh"})) for one in crowd]
    for i in (7, 70, 170):
        crowd[i] = replace(crowd[i], languages=frozenset({"zh", "ja"}), availability=None)
    crowd.append(Candidate(9_999, NOW, "beijing", frozenset({"ja"})))
    mine = [i for i, j, _ in edges(crowd, ONCE, NOW) if j == len(crowd) - 1]
    assert mine == [7, 70, 170]


def test_the_choice_of_a_large_city_is_the_same_every_time_and_better_than_chance() -> None:
    """The kept edges are worth more, on the whole, than edges are in general."""
    crowd = a_crowd(ALL_OF + 100, seed=5)
    kept = edges(crowd, ONCE, NOW)
    assert edges(crowd, ONCE, NOW) == kept
    everything = all_that_may(crowd, ONCE)
    mean = [sum(worth for _, _, worth in some) / len(some) for some in (kept, everything)]
    assert mean[0] - mean[1] > 60


def test_where_all_are_alike_nobody_is_kept_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody begins at a place of their own, and equals are told apart by a hash: without it a few are."""
    alike = [Candidate(person, NOW, "beijing") for person in range(1, ALL_OF + 101)]

    def most() -> int:
        found = edges(alike, ONCE, NOW)
        return max(sum(i in two[:2] for two in found) for i in range(len(alike)))

    assert most() < 6 * KEEP
    monkeypatch.setattr(pairing_graph, "_mixed", lambda _number: 0)
    assert most() == len(alike) - 1


@given(pools(most=2).filter(lambda pool: len(pool) == 2))
def test_the_name_of_the_musts_changes_with_them_and_with_nothing_else(pool: list[Candidate]) -> None:
    """What only makes a pair better or worse is not in it, nor are earlier partners where they may repeat."""
    one, other = pool
    known = replace(other, person=one.person, dialect=one.dialect, waiting_since=NOW - timedelta(days=9))
    same = all(
        getattr(one, name) == getattr(other, name)
        for name in ("city", "languages", "availability", "met", "blocked", "declined")
    )
    assert (musts_of(one, ONCE) == musts_of(known, ONCE)) == same
    assert musts_of(replace(one, met=frozenset()), AGAIN) == musts_of(one, AGAIN)
