"""Who of the staff is asked: rules for all inputs, and the cases that they were written for."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.rules import week
from bot.rules.staffing import Assigned, Colleague, Times, Wanting, assign, hours_of, is_off, median

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
"""Friday noon in Beijing."""
ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 12, 1, 1, tzinfo=UTC)
"""Tuesday at nine in Beijing."""


def at(hours: float, length: float = 3) -> Times:
    """A session so many hours after the first one."""
    return FIRST + hours * HOUR, FIRST + (hours + length) * HOUR


def wanting(slot: int = 1, hours: float = 0, missing: int = 1) -> Wanting:
    """A slot that lacks people."""
    return Wanting(slot, at(hours), ZONE, missing)


def people(found: Assigned) -> list[int]:
    """Whom to ask."""
    return list(found.people)


TIMES = st.builds(at, st.integers(-400, 400), st.integers(1, 6))
COLLEAGUES = st.builds(
    Colleague,
    person=st.integers(1, 6),
    hours=st.none() | st.frozensets(st.integers(0, 20)).map(week.week_of),
    off=st.lists(
        st.dates(date(2026, 11, 25), date(2026, 12, 10)).map(lambda day: (day, day)), max_size=2
    ).map(tuple),
    confirmed=st.lists(TIMES, max_size=4).map(tuple),
    asked=st.lists(TIMES, max_size=4).map(tuple),
)
STAFF = st.lists(COLLEAGUES, max_size=6, unique_by=lambda one: one.person)
IDS = st.frozensets(st.integers(1, 6))
SLOTS = st.lists(
    st.builds(
        lambda slot, times, missing, waiting, late, out, everybody: Wanting(
            slot, times, ZONE, missing, waiting, late - waiting, out - waiting - late, everybody
        ),
        st.integers(1, 9),
        TIMES,
        st.integers(0, 3),
        IDS,
        IDS,
        IDS,
        st.booleans(),
    ),
    max_size=5,
    unique_by=lambda one: one.slot,
)


@given(SLOTS, STAFF, st.booleans())
def test_nobody_is_asked_in_vain(slots: list[Wanting], staff: list[Colleague], by_load: bool) -> None:
    """Not who said no or still may answer, not on a day off, not while they run something; and never too many."""
    known = {one.person: one for one in staff}
    for slot in slots:
        found = assign(slots, staff, NOW, by_load=by_load)[slot.slot]
        assert len(set(found.people)) == len(found.people)
        assert not set(found.people) & (slot.waiting | slot.out)
        for person in found.people:
            one = known[person]
            assert not is_off(one.off, slot.times, ZONE)
            assert not any(a < slot.times[1] and slot.times[0] < b for a, b in one.confirmed)
        if not found.everybody:
            assert by_load
            assert len(found.people) == slot.missing
            assert not set(found.people) & slot.late
            for person in found.people:
                hours = known[person].hours
                assert hours is None or hours_of(slot.times, ZONE) <= hours


@given(SLOTS, STAFF)
def test_the_order_of_the_input_does_not_matter(slots: list[Wanting], staff: list[Colleague]) -> None:
    """The same people for the same slots."""
    assert assign(slots, staff, NOW) == assign(slots[::-1], staff[::-1], NOW)


@given(st.integers(1, 6), st.integers(1, 30), st.integers(1, 3))
def test_equal_people_get_equal_shares(count: int, sessions: int, needed: int) -> None:
    """Who all can and have nothing differ by one session at most."""
    staff = [Colleague(person) for person in range(1, count + 1)]
    slots = [wanting(number, 4 * number, min(needed, count)) for number in range(sessions)]
    found = assign(slots, staff, NOW)
    shares = Counter(person for one in found.values() for person in one.people)
    given_ = [shares[one.person] for one in staff]
    assert sum(given_) == sessions * min(needed, count)
    assert max(given_) - min(given_) <= 1


@given(STAFF, TIMES)
def test_more_hours_never_help(staff: list[Colleague], more: Times) -> None:
    """Whoever is not asked is not asked either after running one session more."""
    slot = wanting()
    chosen = assign([slot], staff, NOW)[1]
    if chosen.everybody:
        return
    for one in staff:
        if one.person not in chosen.people:
            busier = replace(one, confirmed=(*one.confirmed, more))
            again = assign([slot], [busier if x is one else x for x in staff], NOW)[1]
            assert again.everybody or one.person not in again.people


def test_the_fewest_hours_in_four_weeks_count() -> None:
    """What lies further away does not, and what is only asked for does."""
    busy = Colleague(1, asked=(at(24),))
    long_ago = Colleague(2, confirmed=(at(-24 * 20), at(-24 * 21)))
    assert people(assign([wanting()], [busy, long_ago], NOW)[1]) == [2]


def test_of_equal_load_who_was_idle_for_longest() -> None:
    """Then the one who came first."""
    lately, before, never = (
        Colleague(1, confirmed=(at(-24),)),
        Colleague(2, confirmed=(at(-48),)),
        Colleague(3),
    )
    assert people(assign([wanting()], [lately, before], NOW)[1]) == [2]
    assert people(assign([wanting()], [never, Colleague(4)], NOW)[1]) == [3]


def test_the_week_and_days_off_are_by_the_studios_clock() -> None:
    """Tuesday at nine in Beijing is a morning there, whatever it is elsewhere."""
    morning = week.week_of([week.cell(1, 0)])
    evening = week.week_of([week.cell(1, 2)])
    staff = [Colleague(1, hours=evening), Colleague(2, hours=morning)]
    assert people(assign([wanting()], staff, NOW)[1]) == [2]
    off = [
        Colleague(1, off=((date(2026, 12, 1), date(2026, 12, 1)),)),
        Colleague(2, off=((date(2026, 12, 2),) * 2,)),
    ]
    assert people(assign([wanting()], off, NOW)[1]) == [2]


def test_too_few_who_can_mean_everybody() -> None:
    """Those who can at other hours too, and who did not answer; not who said no, nor on a day off."""
    evening = week.week_of([week.cell(1, 2)])
    day = date(2026, 12, 1)
    staff = [Colleague(1, hours=evening), Colleague(2), Colleague(3), Colleague(4, off=((day, day),))]
    slot = replace(wanting(), late=frozenset({2}), out=frozenset({3}))
    assert assign([slot], staff, NOW)[1] == Assigned((1, 2), everybody=True)


def test_no_time_for_one_after_the_other() -> None:
    """Two days before, everybody is asked, also where enough may still answer."""
    staff = [Colleague(1), Colleague(2), Colleague(3)]
    slot = replace(wanting(missing=0), waiting=frozenset({1}))
    near = FIRST - 48 * HOUR
    assert assign([slot], staff, near)[1] == Assigned((2, 3), everybody=True)
    assert assign([slot], staff, near - HOUR)[1] == Assigned(())


def test_after_everybody_only_who_is_new() -> None:
    """Who let their time go by is not asked a third time."""
    slot = replace(wanting(), late=frozenset({1}), everybody=True)
    assert assign([slot], [Colleague(1), Colleague(2)], NOW)[1] == Assigned((2,), everybody=True)


def test_nobody_is_asked_for_two_rooms_at_one_time() -> None:
    """While there are others."""
    slots = [wanting(1), wanting(2)]
    found = assign(slots, [Colleague(1), Colleague(2)], NOW)
    assert [people(found[1]), people(found[2])] == [[1], [2]]


def test_the_hour_that_exists_twice() -> None:
    """At the change of the clock a session touches the hour once, and every one that it lasts."""
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 25, 0, tzinfo=UTC)
    assert hours_of((night, night + 3 * HOUR), berlin) == {6 * 24 + 2, 6 * 24 + 3}
    quarter = night + timedelta(minutes=45)
    assert hours_of((quarter, quarter + timedelta(minutes=20)), ZoneInfo("Asia/Kathmandu")) == {6 * 24 + 6}


def test_the_middle() -> None:
    """Of none, one, two and three."""
    hours = [2 * HOUR, 9 * HOUR, 4 * HOUR]
    assert [median(hours[:n]) / HOUR for n in range(4)] == [0, 2, 5.5, 4]
