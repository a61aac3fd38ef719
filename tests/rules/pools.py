"""Pools to test with: small ones in which everything happens, and crowds as they may be in a city."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from bot.rules.pairing import Candidate, Wish

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


@st.composite
def pools(draw: st.DrawFn, most: int = 8) -> list[Candidate]:
    """Small pools with everything known or not, crowded enough for every obstacle to happen."""
    people = draw(st.lists(st.integers(1, 10), unique=True, max_size=most))
    few = st.frozensets(st.integers(1, 10), max_size=2)
    return [
        Candidate(
            person,
            NOW - timedelta(minutes=draw(st.integers(-10, 20_000))),
            draw(st.sampled_from([None, "beijing", "shanghai"])),
            draw(st.frozensets(st.sampled_from(["zh", "en", "yue"]), max_size=2)),
            draw(st.sampled_from([None, "north", "wu"])),
            draw(st.sampled_from([None, "woman", "man", "nonbinary"])),
            draw(st.sampled_from([None, "any", "woman", "man", "nonbinary"])),
            draw(st.none() | st.floats(0, 1)),
            draw(st.none() | st.frozensets(st.integers(0, 5), min_size=2)),
            draw(few),
            draw(few),
            draw(few),
            draw(st.none() | st.floats(0, 0.5)),
            draw(st.none() | st.floats(0, 40)),
        )
        for person in people
    ]


def a_crowd(
    size: int, seed: int, *, first: int = 1, cities: tuple[str, ...] = ("beijing",)
) -> list[Candidate]:
    """People as a studio may know them: most speak Chinese, half name their hours, few wish for a gender."""
    random = Random(seed)
    return [_one(random, first + number, random.choice(cities)) for number in range(size)]


def _one(random: Random, person: int, city: str) -> Candidate:
    hours = frozenset(
        24 * day + hour for day in range(7) if random.random() < 0.6 for hour in random.choice(_PARTS)
    )
    wish: Wish | None = random.choice(["any", "any", "any", "woman", "man", None])
    return Candidate(
        person,
        NOW - timedelta(minutes=random.randrange(14 * 24 * 60)),
        city,
        random.choice([frozenset({"zh"}), frozenset({"zh", "en"}), frozenset({"en"}), frozenset({"zh"})]),
        random.choice(["north", "wu", "yue", "min", None]),
        random.choice(["woman", "man", "woman", "man", "nonbinary", None]),
        wish,
        availability=hours if random.random() < 0.5 else None,
        met=frozenset(random.sample(range(1, 5_000), 2)),
        rarer_share=random.choice([None, round(random.uniform(0.2, 0.5), 2)]),
        turns_per_minute=random.choice([None, round(random.uniform(4, 16), 1)]),
    )


_PARTS = (range(9, 12), range(14, 18), range(19, 23), range(10, 22))
