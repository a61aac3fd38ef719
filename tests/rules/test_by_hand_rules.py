"""What speaks against two people whom a coordinator puts together, and what nobody passes over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.by_hand import Against, Judged, judge, ranked
from bot.rules.pairing import Candidate, Obstacle, obstacle
from bot.rules.policy import PairingPolicy
from tests.rules.test_advice import NOON, POLICY, POOL, candidates, someone

TWO = st.tuples(candidates(0), candidates(1))
NAMED = {
    Obstacle.CITY: Against.CITY,
    Obstacle.LANGUAGE: Against.LANGUAGE,
    Obstacle.AVAILABILITY: Against.HOURS,
    Obstacle.REPEAT: Against.REPEAT,
}


@given(TWO, st.booleans())
def test_it_is_judged_by_the_musts_of_the_pool(two: tuple[Candidate, Candidate], repeat: bool) -> None:
    """The same both ways round; what rules a pair out is named, but for refusals: those name nothing at all."""
    a, b = two
    policy = PairingPolicy(repeat=repeat)
    found = judge(a, b, policy)
    assert found == judge(b, a, policy)
    refused = a.person in b.blocked | b.declined or b.person in a.blocked | a.declined
    if refused:
        assert found == Judged(possible=False)
        return
    first = obstacle(a, b, policy)
    assert [one for one in found.against if one is not Against.DIALECT][:1] == (
        [NAMED[first]] if first else []
    )
    assert found.possible == (Against.LANGUAGE not in found.against)


def test_each_thing_is_named() -> None:
    """Another city, no common hours, a former partner, another dialect: all may be passed over by a human."""
    ann = someone(0, availability=frozenset({1, 2, 3}), dialect="wu")
    bo = someone(1, city="shanghai", availability=frozenset({3, 4, 5}), dialect="min", met=frozenset({0}))
    assert judge(ann, bo, POLICY) == Judged(
        possible=True, against=(Against.CITY, Against.HOURS, Against.REPEAT, Against.DIALECT)
    )
    zhang = someone(2, languages=frozenset({"zh"}))
    assert judge(ann, zhang, POLICY) == Judged(possible=False, against=(Against.LANGUAGE,))


def test_a_block_is_not_hidden_behind_an_earlier_pair() -> None:
    """They were a pair and one blocked the other then: not possible, and nothing is said of either."""
    ann, bo = someone(0, met=frozenset({1}), blocked=frozenset({1})), someone(1, met=frozenset({0}))
    assert judge(ann, bo, POLICY) == Judged(possible=False)


def test_the_best_come_first() -> None:
    """Nothing against and long waiting, nothing against, one thing, two, not possible."""
    own = someone(0, dialect="wu")
    week = timedelta(days=7)
    pool = [
        someone(5, languages=frozenset({"zh"})),
        someone(4, city="shanghai", dialect="min"),
        someone(3, dialect="min"),
        someone(2),
        replace(someone(1), waiting_since=NOON - week),
        own,
    ]
    now = datetime(2026, 11, 20, 13, tzinfo=UTC)
    assert [other.person for other, _ in ranked(own, pool, POLICY, now)] == [1, 2, 3, 4, 5]


@given(POOL)
def test_nobody_is_left_out_of_the_ranking(pool: tuple[Candidate, ...]) -> None:
    """Everybody but oneself, once, the possible ones before the others."""
    found = ranked(pool[0], pool, POLICY, NOON)
    assert sorted(other.person for other, _ in found) == [other.person for other in pool[1:]]
    possible = [judged.possible for _, judged in found]
    assert possible == sorted(possible, reverse=True)
