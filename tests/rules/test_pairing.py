"""Who may be paired with whom, how good the pair would be, and what people are told about it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.pairing import (
    AFFINITY_MOST,
    BASE,
    WAITING_MOST,
    Candidate,
    NoneYet,
    Obstacle,
    Reason,
    Reasons,
    WhyNone,
    obstacle,
    reasons,
    weight,
    why_none,
)
from bot.rules.policy import PairingPolicy
from tests.rules.pools import pools

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ONCE, AGAIN = PairingPolicy(), PairingPolicy(repeat=True)

UNKNOWN = 30 + 25 + 25 + 18 + 15
"""What everything but the dialect counts while it is not known."""


def someone(person: int, **known: object) -> Candidate:
    """Somebody who has just joined the pool and of whom nothing is known but this."""
    return replace(Candidate(person, NOW), **known)  # type: ignore[arg-type]


def hours(*at: int) -> frozenset[int]:
    """Hours of the week."""
    return frozenset(at)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({}, {}, None),
        ({"city": "beijing"}, {"city": "beijing"}, None),
        ({"city": "beijing"}, {}, None),
        ({"city": "beijing"}, {"city": "shanghai"}, Obstacle.CITY),
        ({"languages": frozenset({"zh", "en"})}, {"languages": frozenset({"en"})}, None),
        ({"languages": frozenset({"zh"})}, {}, None),
        ({"languages": frozenset({"zh"})}, {"languages": frozenset({"en"})}, Obstacle.LANGUAGE),
        ({"availability": hours(1, 2, 3)}, {"availability": hours(1, 2, 3, 4)}, None),
        ({"availability": hours(1, 2, 3)}, {"availability": hours(2, 3, 4)}, Obstacle.AVAILABILITY),
        ({"availability": hours()}, {}, None),
        ({"met": frozenset({2})}, {}, Obstacle.REPEAT),
        ({"declined": frozenset({2})}, {}, Obstacle.DECLINED),
        ({"blocked": frozenset({2})}, {}, Obstacle.BLOCKED),
        ({"met": frozenset({3}), "declined": frozenset({3}), "blocked": frozenset({3})}, {}, None),
        ({"met": frozenset({2}), "blocked": frozenset({2}), "city": "a1"}, {"city": "b1"}, Obstacle.CITY),
        ({"met": frozenset({2}), "blocked": frozenset({2})}, {}, Obstacle.REPEAT),
    ],
)
def test_obstacle(a: dict[str, object], b: dict[str, object], expected: Obstacle | None) -> None:
    """Each must alone, what is not known being neutral; the same whoever is asked first."""
    one, two = someone(1, **a), someone(2, **b)
    assert (obstacle(one, two, ONCE), obstacle(two, one, ONCE)) == (expected, expected)


def test_repeat_is_policy() -> None:
    """Earlier partners are paired again only where the policy allows it; other obstacles stay."""
    a, b = someone(1, met=frozenset({2})), someone(2, met=frozenset({1}))
    assert (obstacle(a, b, ONCE), obstacle(a, b, AGAIN)) == (Obstacle.REPEAT, None)
    assert obstacle(replace(a, blocked=frozenset({2})), b, AGAIN) == Obstacle.BLOCKED


@pytest.mark.parametrize(
    ("a", "b", "bonus"),
    [
        ({}, {}, 50 + UNKNOWN),
        ({"dialect": "wu"}, {"dialect": "wu"}, 100 + UNKNOWN),
        ({"dialect": "wu"}, {"dialect": "yue"}, 0 + UNKNOWN),
        ({"dialect": "wu"}, {}, 50 + UNKNOWN),
        ({"talk_share": 0.7}, {"talk_share": 0.3}, 133 + 60),
        ({"talk_share": 0.7}, {"talk_share": 0.7}, 133 + 36),
        ({"talk_share": 1.0}, {"talk_share": 1.0}, 133 + 0),
        ({"talk_share": 0.7}, {}, 133 + 30),
        ({"rarer_share": 0.5}, {"rarer_share": 0.5}, 133 + 60),
        ({"rarer_share": 0.3}, {"rarer_share": 0.5}, 133 + 48),
        ({"rarer_share": 0.3}, {"rarer_share": 0.3}, 133 + 48),
        ({"rarer_share": 0.3}, {"talk_share": 0.7}, 133 + 48),
        ({"rarer_share": 0.3}, {"talk_share": 0.6}, 133 + 48),
        ({"rarer_share": 0.3}, {}, 133 + 30),
        ({"wish": "woman"}, {"gender": "woman"}, 138 + 50),
        ({"wish": "woman"}, {"gender": "man"}, 138 + 0),
        ({"wish": "woman"}, {}, 138 + 25),
        ({"wish": "any"}, {"gender": "man"}, 138 + 25),
        ({"wish": "man", "gender": "woman"}, {"wish": "woman", "gender": "man"}, 113 + 50 + 50),
        ({"availability": hours(1, 2, 3)}, {"availability": hours(1, 2, 3)}, 145 + 0),
        ({"availability": hours(1, 2, 3, 4)}, {"availability": hours(1, 2, 3, 4, 5)}, 145 + 3),
        ({"availability": hours(*range(15))}, {"availability": hours(*range(40))}, 145 + 36),
        ({"availability": hours(*range(40))}, {"availability": hours(*range(40))}, 145 + 36),
        ({"availability": hours(*range(40))}, {}, 145 + 18),
        ({"turns_per_minute": 12.0}, {"turns_per_minute": 12.0}, 148 + 30),
        ({"turns_per_minute": 12.0}, {"turns_per_minute": 7.5}, 148 + 16),
        ({"turns_per_minute": 12.0}, {"turns_per_minute": 1.0}, 148 + 0),
        ({"turns_per_minute": 12.0}, {}, 148 + 15),
        ({"waiting_since": NOW - timedelta(minutes=29)}, {}, 163),
        (
            {"waiting_since": NOW - timedelta(hours=2)},
            {"waiting_since": NOW - timedelta(hours=1)},
            163 + 4 + 2,
        ),
        ({"waiting_since": NOW + timedelta(hours=2)}, {}, 163),
        ({"waiting_since": NOW - timedelta(days=36_500)}, {}, 163 + WAITING_MOST),
    ],
)
def test_weight(a: dict[str, object], b: dict[str, object], bonus: int) -> None:
    """Each term alone; unknown counts half; the same both ways round."""
    one, two = someone(1, **a), someone(2, **b)
    assert (weight(one, two, NOW), weight(two, one, NOW)) == (BASE + bonus, BASE + bonus)


BEST: dict[str, object] = {
    "dialect": "wu",
    "talk_share": 0.5,
    "gender": "man",
    "wish": "man",
    "availability": hours(*range(15)),
    "turns_per_minute": 9.0,
}
WORST: dict[str, object] = {
    **BEST,
    "wish": "woman",
    "talk_share": 1.0,
    "availability": hours(0, 1, 2),
    "turns_per_minute": 20.0,
}


def test_waiting_outgrows_everything() -> None:
    """A week of waiting weighs more than the best partner against the worst."""
    best = weight(someone(1, **BEST), someone(2, **BEST), NOW)
    long_waiting = someone(3, **WORST, waiting_since=NOW - timedelta(days=7))
    worst = weight(long_waiting, replace(someone(4, **WORST), dialect="yue", turns_per_minute=0.0), NOW)
    assert (best, worst) == (BASE + AFFINITY_MOST, BASE + 336)
    assert AFFINITY_MOST < 336


def test_one_more_pair_beats_every_bonus() -> None:
    """The base keeps its promise for a pool of a million people with the largest bonus on the other side."""
    ever = datetime.min.replace(tzinfo=UTC)
    largest = weight(someone(1, **BEST, waiting_since=ever), someone(2, **BEST, waiting_since=ever), NOW)
    pairs = 500_000
    assert largest == BASE + AFFINITY_MOST + 2 * WAITING_MOST
    assert (pairs + 1) * BASE > pairs * largest


@given(pools(most=2).filter(lambda pool: len(pool) == 2))
def test_both_ways_round(pool: list[Candidate]) -> None:
    """Obstacles and weights are the same for either of two, and weights are positive integers."""
    a, b = pool
    assert obstacle(a, b, ONCE) == obstacle(b, a, ONCE)
    assert weight(a, b, NOW) == weight(b, a, NOW)
    assert isinstance(weight(a, b, NOW), int)
    assert weight(a, b, NOW) >= BASE


OLDER = NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("viewer", "other", "expected"),
    [
        ({}, {}, Reasons(())),
        ({"city": "beijing"}, {"city": "beijing"}, Reasons((Reason.SAME_CITY,))),
        ({"city": "beijing"}, {}, Reasons(())),
        (
            {"languages": frozenset({"zh", "en", "yue"})},
            {"languages": frozenset({"zh", "en"})},
            Reasons((Reason.SHARED_LANGUAGE,), ("en", "zh")),
        ),
        ({"dialect": "wu"}, {"dialect": "wu"}, Reasons((Reason.SAME_DIALECT,), (), "wu")),
        ({"dialect": "wu"}, {"dialect": "yue"}, Reasons(())),
        (
            {"availability": hours(*range(6))},
            {"availability": hours(*range(9))},
            Reasons((Reason.COMMON_HOURS,)),
        ),
        ({"availability": hours(*range(5))}, {"availability": hours(*range(9))}, Reasons(())),
        ({"availability": hours(*range(9))}, {}, Reasons(())),
        ({"talk_share": 0.75}, {"talk_share": 0.375}, Reasons((Reason.BALANCE,))),
        ({"talk_share": 0.75}, {"talk_share": 0.5}, Reasons(())),
        ({"rarer_share": 0.4375}, {"rarer_share": 0.375}, Reasons((Reason.BALANCE,))),
        ({"rarer_share": 0.375}, {"rarer_share": 0.375}, Reasons(())),
        ({"wish": "woman"}, {"gender": "woman"}, Reasons((Reason.WISH,))),
        ({"wish": "woman"}, {"gender": "man"}, Reasons(())),
        ({"wish": "any"}, {"gender": "man"}, Reasons(())),
        ({"gender": "woman"}, {"wish": "woman"}, Reasons(())),
        ({"waiting_since": OLDER}, {}, Reasons((Reason.LONGEST_WAITING,))),
        ({}, {"waiting_since": OLDER}, Reasons((Reason.LONGEST_WAITING,))),
    ],
)
def test_reasons(viewer: dict[str, object], other: dict[str, object], expected: Reasons) -> None:
    """Each reason alone; only what both know to be so, and never that the other's wish was met."""
    assert reasons(someone(1, **viewer), someone(2, **other), OLDER) == expected


@given(pools(most=2).filter(lambda pool: len(pool) == 2), st.sampled_from(["any", "woman", "man", None]))
def test_reasons_hide_the_others_wish(pool: list[Candidate], wish: str | None) -> None:
    """Whatever the other one wished, what is told is the same."""
    viewer, other = pool
    wished = replace(other, wish=wish)  # type: ignore[arg-type]
    assert reasons(viewer, wished, NOW) == reasons(viewer, other, NOW)


ME = someone(
    1,
    city="beijing",
    languages=frozenset({"zh"}),
    availability=hours(1, 2, 3),
    met=frozenset({5}),
    blocked=frozenset({6}),
)
FAR = someone(2, city="shanghai")
FOREIGN = someone(3, city="beijing", languages=frozenset({"en"}))
BUSY = someone(4, city="beijing", availability=hours(3, 4, 5))
MET, MINE, THEIRS, NO = (
    someone(5),
    someone(6),
    someone(7, blocked=frozenset({1})),
    someone(8, declined=frozenset({1})),
)
GOOD = someone(9, city="beijing")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], WhyNone(NoneYet.NOBODY_WAITING, 0, 0, 0, 0, 0, 0, 0)),
        ([FAR], WhyNone(NoneYet.OTHER_CITIES, 1, 1, 0, 0, 0, 0, 0)),
        ([FOREIGN, FAR, FAR], WhyNone(NoneYet.NO_COMMON_LANGUAGE, 3, 2, 1, 0, 0, 0, 0)),
        ([BUSY, FOREIGN], WhyNone(NoneYet.NO_COMMON_HOURS, 2, 0, 1, 1, 0, 0, 0)),
        ([MET, BUSY], WhyNone(NoneYet.MET_BEFORE, 2, 0, 0, 1, 1, 0, 0)),
        ([MINE, THEIRS, NO, MET], WhyNone(NoneYet.RULED_OUT, 4, 0, 0, 0, 1, 3, 0)),
        ([THEIRS], WhyNone(NoneYet.RULED_OUT, 1, 0, 0, 0, 0, 1, 0)),
        ([NO], WhyNone(NoneYet.RULED_OUT, 1, 0, 0, 0, 0, 1, 0)),
        ([FAR, FOREIGN, BUSY, MET, NO, GOOD], WhyNone(NoneYet.NEXT_ROUND, 6, 1, 1, 1, 1, 1, 1)),
    ],
)
def test_why_none(others: list[Candidate], expected: WhyNone) -> None:
    """The farthest stage of the search is told, everything is counted, and being blocked looks like a no."""
    assert (why_none(ME, others, ONCE), why_none(ME, [*others, ME], ONCE)) == (expected, expected)
