"""The pool as numbers: each city's waiting people, and those for whom nobody is possible."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from bot.rules.pairing import Candidate, NoneYet, why_none
from bot.rules.pool_numbers import CityPool, by_city
from tests.rules.test_advice import NOON, POLICY, POOL, someone

HOURS = frozenset(range(3))


@given(POOL)
def test_the_numbers_are_those_that_each_person_hears(pool: tuple[Candidate, ...]) -> None:
    """Stuck is who would be told that nobody is possible, and the obstacle is one that they would be told."""
    said = {one.person: why_none(one, pool, POLICY) for one in pool}
    found = {city.city: city for city in by_city(pool, POLICY)}
    assert set(found) == {one.city for one in pool}
    for code, city in found.items():
        people = [one for one in pool if one.city == code]
        stuck = [said[one.person].reason for one in people if not said[one.person].possible]
        stuck = [NoneYet.RULED_OUT if reason is NoneYet.MET_BEFORE else reason for reason in stuck]
        assert (city.waiting, city.stuck) == (len(people), len(stuck))
        assert city.most == max(map(stuck.count, stuck), default=0)
        assert (
            city.obstacle is None
            if not stuck
            else stuck.count(city.obstacle or NoneYet.NEXT_ROUND) == city.most
        )


def test_two_cities_and_nowhere() -> None:
    """Beijing: two fit each other, one has no common hours with them; Shanghai: one is alone there."""
    pool = [
        someone(1, availability=HOURS),
        replace(someone(2, availability=HOURS), waiting_since=NOON - timedelta(days=3)),
        someone(3, availability=frozenset(range(50, 60))),
        someone(4, city="shanghai"),
    ]
    assert by_city(pool, POLICY) == [
        CityPool("beijing", 3, NOON - timedelta(days=3), 1, NoneYet.NO_COMMON_HOURS, 1),
        CityPool("shanghai", 1, NOON, 1, NoneYet.OTHER_CITIES, 1),
    ]
    assert by_city(pool[:1], POLICY) == [CityPool("beijing", 1, NOON, 1, NoneYet.NOBODY_WAITING, 1)]
    assert by_city([someone(1, city=None)], POLICY)[0].city is None
    assert by_city([], POLICY) == []
