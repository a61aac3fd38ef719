"""What somebody without a partner could change: every number is what the change would really bring."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.rules import week
from bot.rules.advice import Advice, Change, advice
from bot.rules.pairing import Candidate, obstacle
from bot.rules.policy import PairingPolicy

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLICY = PairingPolicy()
LANGUAGES, CITIES = ("en", "zh"), ("beijing", "shanghai")
HOURS = st.none() | st.frozensets(st.integers(0, week.CELLS - 1), min_size=1, max_size=3).map(week.week_of)
OTHERS = st.frozensets(st.integers(0, 8), max_size=2)


def candidates(person: int) -> st.SearchStrategy[Candidate]:
    """Anybody, with anything unknown."""
    return st.builds(
        Candidate,
        person=st.just(person),
        waiting_since=st.just(NOON),
        city=st.sampled_from([None, *CITIES]),
        languages=st.frozensets(st.sampled_from([*LANGUAGES, "de"]), max_size=2),
        availability=HOURS,
        met=OTHERS,
        blocked=OTHERS,
        declined=OTHERS,
    )


POOL = st.integers(1, 8).flatmap(lambda n: st.tuples(*(candidates(i) for i in range(n + 1))))


def someone(person: int, **known: Any) -> Candidate:
    """Somebody of Beijing who speaks English, at any time, if nothing else is said."""
    facts: dict[str, Any] = {"city": "beijing", "languages": frozenset({"en"}), **known}
    return Candidate(person=person, waiting_since=NOON, **facts)


def advise(own: Candidate, *pool: Candidate, policy: PairingPolicy = POLICY) -> list[Advice]:
    """What is told."""
    return advice(own, pool, policy, languages=LANGUAGES, cities=CITIES)


def changed(own: Candidate, one: Advice) -> Candidate:
    """The person after following an advice."""
    match one.change:
        case Change.DAY:
            return replace(
                own, availability=(own.availability or frozenset()) | week.day_hours(int(one.value))
            )
        case Change.ANY_TIME:
            return replace(own, availability=None)
        case Change.LANGUAGE:
            return replace(own, languages=own.languages | {one.value})
        case Change.CITY:
            return replace(own, city=one.value)


@given(POOL, st.booleans())
def test_following_an_advice_brings_as_many_as_it_says(pool: tuple[Candidate, ...], repeat: bool) -> None:
    """Counted by the musts themselves, before and after; a change of city only gains those of that city."""
    policy = replace(POLICY, repeat=repeat)
    own = pool[0]
    for one in advise(own, *pool, policy=policy):
        after = changed(own, one)
        gained = [
            other
            for other in pool[1:]
            if obstacle(own, other, policy) is not None and obstacle(after, other, policy) is None
        ]
        assert len(gained) == one.more > 0


@given(POOL, st.randoms())
def test_the_order_of_the_pool_makes_no_difference(pool: tuple[Candidate, ...], chance: Random) -> None:
    """Best first, one of a kind, the same however the pool is shuffled."""
    found = advise(pool[0], *pool)
    shuffled = list(pool)
    chance.shuffle(shuffled)
    assert advise(pool[0], *shuffled) == found
    assert [one.more for one in found] == sorted((one.more for one in found), reverse=True)
    assert len({one.change for one in found}) == len(found)


def test_the_best_day_the_language_and_the_city_are_told_with_numbers() -> None:
    """Two record on Saturdays, one on Sundays; three more in another city, one speaks another language."""
    own = someone(0, availability=week.cell_hours(0))
    saturday, sunday = week.cell_hours(week.cell(5, 1)), week.cell_hours(week.cell(6, 2))
    pool = [
        *(someone(n, availability=saturday) for n in (1, 2)),
        someone(3, availability=sunday),
        *(someone(n, city="shanghai") for n in (4, 5, 6, 7)),
        someone(8, languages=frozenset({"zh"})),
    ]
    assert advise(own, *pool) == [
        Advice(Change.CITY, "shanghai", 4),
        Advice(Change.ANY_TIME, "", 3),
        Advice(Change.DAY, "5", 2),
        Advice(Change.LANGUAGE, "zh", 1),
    ]


def test_any_time_is_not_advised_where_a_day_does_as_much() -> None:
    """The smaller change is enough."""
    own = someone(0, availability=week.cell_hours(0))
    assert advise(own, someone(1, availability=week.cell_hours(week.cell(6, 2)))) == [
        Advice(Change.DAY, "6", 1)
    ]


def test_nothing_is_told_of_those_who_are_ruled_out() -> None:
    """Blocked, declined and met before, either way round, with another city besides."""
    own = someone(0, blocked=frozenset({1}))
    pool = [
        someone(1, city="shanghai"),
        someone(2, city="shanghai", blocked=frozenset({0})),
        someone(3, city="shanghai", declined=frozenset({0})),
        someone(4, city="shanghai", met=frozenset({0})),
    ]
    assert advise(own, *pool) == []


def test_what_cannot_be_chosen_is_not_advised() -> None:
    """A language that the bot does not know, a city whose studio is closed, and two things at once."""
    own = someone(0)
    pool = [
        someone(1, languages=frozenset({"de"})),
        someone(2, city="tianjin"),
        someone(3, city="shanghai", languages=frozenset({"zh"})),
    ]
    assert advise(own, *pool) == []
