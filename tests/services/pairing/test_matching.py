"""The whole pool solved at once: optimal, fair to the musts, and the same for the same people."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import combinations
from random import Random
from time import perf_counter
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.pairing import BASE, Candidate, Reason, Reasons, obstacle, reasons, weight
from bot.rules.policy import PairingPolicy
from bot.services.pairing.matching import THREAD_MOST, Match, matching, solve

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ONCE = PairingPolicy()


def someone(
    person: int,
    city: str | None = None,
    dialect: str | None = None,
    hours_waited: int = 0,
    *,
    gender: str | None = None,
    wish: Literal["any", "woman", "man"] | None = None,
    blocked: frozenset[int] = frozenset(),
) -> Candidate:
    """Somebody in the pool of whom little is known."""
    since = NOW - timedelta(hours=hours_waited)
    return Candidate(person, since, city, dialect=dialect, gender=gender, wish=wish, blocked=blocked)


@st.composite
def pools(draw: st.DrawFn) -> list[Candidate]:
    """Up to eight people, so different that many pairs are ruled out and the rest are worth different things."""
    people = draw(st.lists(st.integers(1, 30), unique=True, max_size=8))
    return [
        Candidate(
            person,
            NOW - timedelta(minutes=draw(st.integers(0, 20_000))),
            draw(st.sampled_from([None, "beijing", "shanghai"])),
            draw(st.frozensets(st.sampled_from(["zh", "en"]))),
            draw(st.sampled_from([None, "north", "wu"])),
            draw(st.sampled_from([None, "woman", "man"])),
            draw(st.sampled_from([None, "any", "woman", "man"])),
            draw(st.none() | st.floats(0, 1)),
            met=frozenset(draw(st.lists(st.sampled_from(people), max_size=3))),
        )
        for person in people
    ]


def brute_force(pool: list[Candidate]) -> tuple[int, int]:
    """Most pairs, and among such matchings the largest total weight, by trying everything."""
    if len(pool) < 2:
        return 0, 0
    first, rest = pool[0], pool[1:]
    best = brute_force(rest)
    for other in rest:
        if obstacle(first, other, ONCE) is None:
            pairs, total = brute_force([one for one in rest if one is not other])
            best = max(best, (pairs + 1, total + weight(first, other, NOW)))
    return best


@given(pools())
@settings(max_examples=300)
def test_optimal(pool: list[Candidate]) -> None:
    """As many pairs as there can be, of those the best, nobody twice, and no must-rule broken."""
    found = matching(pool, ONCE, NOW)
    assert (len(found), sum(match.weight for match in found)) == brute_force(pool)
    matched = [person for match in found for person in match.people]
    assert len(matched) == len(set(matched))
    by_id = {candidate.person: candidate for candidate in pool}
    oldest = min((candidate.waiting_since for candidate in pool), default=NOW)
    for match in found:
        a, b = (by_id[person] for person in match.people)
        assert obstacle(a, b, ONCE) is None
        assert match == Match(
            (min(a.person, b.person), max(a.person, b.person)),
            weight(a, b, NOW),
            (reasons(a, b, oldest), reasons(b, a, oldest)),
        )


@given(pools(), st.randoms(use_true_random=False))
def test_order_does_not_matter(pool: list[Candidate], random: Random) -> None:
    """The same people in another order are matched the same way, ties included."""
    shuffled = random.sample(pool, len(pool))
    assert matching(shuffled, ONCE, NOW) == matching(pool, ONCE, NOW)


def test_all_alike_in_any_order() -> None:
    """Where everything is a tie, the order still does not matter."""
    pool = [someone(person) for person in range(31)]
    expected = matching(pool, ONCE, NOW)
    assert len(expected) == 15
    for seed in range(20):
        assert matching(Random(seed).sample(pool, 31), ONCE, NOW) == expected


async def test_more_pairs_beat_the_best_pair() -> None:
    """Two good-enough pairs are made where one perfect pair would leave two people over."""
    pool = [
        someone(1, blocked=frozenset({3, 4})),
        someone(2, dialect="wu", gender="man", wish="woman", hours_waited=200),
        someone(3, dialect="wu", gender="woman", wish="man", hours_waited=200),
        someone(4, blocked=frozenset({2})),
    ]
    found = await solve(pool, ONCE, NOW)
    why = Reasons((Reason.LONGEST_WAITING,))
    assert found == [
        Match((1, 2), BASE + 163 + 400, (why, why)),
        Match((3, 4), BASE + 163 + 400, (why, why)),
    ]


async def test_the_newest_is_left_over() -> None:
    """Of three who suit each other alike, the one who came last waits for the next round."""
    found = await solve([someone(1, hours_waited=1), someone(2), someone(3, hours_waited=2)], ONCE, NOW)
    assert [match.people for match in found] == [(1, 3)]


async def test_long_waiting_beats_a_better_partner() -> None:
    """After a week somebody is paired though two others would suit each other better."""
    better = [someone(1, dialect="wu"), someone(2, dialect="wu")]
    assert [m.people for m in await solve([*better, someone(3, dialect="yue")], ONCE, NOW)] == [(1, 2)]
    waiting = someone(3, dialect="yue", hours_waited=24 * 7)
    assert [m.people for m in await solve([*better, waiting], ONCE, NOW)] == [(1, 3)]


@pytest.mark.parametrize("pool", [[], [someone(1)], [someone(1, "beijing"), someone(2, "shanghai")]])
async def test_nobody_to_match(pool: list[Candidate]) -> None:
    """Without two who may be paired there is no match."""
    assert await solve(pool, ONCE, NOW) == []


async def test_somebody_twice() -> None:
    """A pool with one person twice is a mistake of the caller's, not something to be solved."""
    with pytest.raises(ValueError, match="twice"):
        await solve([someone(1), someone(1)], ONCE, NOW)


async def test_large_pool_leaves_the_loop_alone() -> None:
    """A pool too large for a thread is solved by another process, the same way, while this one goes on."""
    random = Random(1)
    pool = [
        someone(person, "beijing", random.choice(["wu", "yue", None]), random.randrange(200))
        for person in range(3 * THREAD_MOST)
    ]
    longest, stop = 0.0, asyncio.Event()

    async def tick() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            before = loop.time()
            await asyncio.sleep(0.001)
            longest = max(longest, loop.time() - before)

    ticking = asyncio.create_task(tick())
    found = await solve(pool, ONCE, NOW)
    stop.set()
    await ticking
    before = perf_counter()
    assert found == matching(pool, ONCE, NOW)
    assert len(found) == len(pool) // 2
    assert longest < (perf_counter() - before) / 2


def test_brute_force_itself() -> None:
    """The oracle prefers more pairs to more weight: a chain of four is two pairs at its ends."""
    chain = [
        someone(person, blocked=frozenset(range(1, 5)) - {person - 1, person + 1}) for person in (1, 2, 3, 4)
    ]
    assert [(a.person, b.person) for a, b in combinations(chain, 2) if obstacle(a, b, ONCE) is None] == [
        (1, 2),
        (2, 3),
        (3, 4),
    ]
    assert brute_force(chain) == (2, 2 * (BASE + 163))
