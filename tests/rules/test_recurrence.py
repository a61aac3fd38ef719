"""Days that repeat: weekdays as people type them, rules read strictly, and the same days as dateutil finds."""

from datetime import date, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.rules.recurrence import BadRule, BadWeekday, Freq, Rule, falls, read_rule, read_weekdays, weekly

DAY = timedelta(days=1)
FIRST = date(2026, 12, 1)


# --- weekdays


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mo-fr", (0, 1, 2, 3, 4)),
        ("Mon, Wed,FRI", (0, 2, 4)),
        ("monday..tuesday", (0, 1)),
        ("fr-mo", (0, 4, 5, 6)),
        ("周一至周五", (0, 1, 2, 3, 4)),
        ("每周一到周三", (0, 1, 2)),
        ("周一、三、五", (0, 2, 4)),
        ("一三五", (0, 2, 4)),
        ("星期六，星期日", (5, 6)),
        ("礼拜天", (6,)),
        ("工作日", (0, 1, 2, 3, 4)),
        ("周末", (5, 6)),
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("每天", (0, 1, 2, 3, 4, 5, 6)),
        ("ｍｏ－ｆｒ", (0, 1, 2, 3, 4)),
    ],
)
def test_weekdays_as_people_type_them(text: str, days: tuple[int, ...]) -> None:
    """Both languages, lists and spans, full-width letters."""
    assert read_weekdays(text) == days


@pytest.mark.parametrize(
    "text", ["", "mx", "mo-", "mo-tu-we", "周", "周八", "一三-五", "2026-12-01", "m" * 9999]
)
def test_what_is_no_weekday(text: str) -> None:
    """The piece at fault is named."""
    with pytest.raises(BadWeekday):
        read_weekdays(text)


def test_all_weekdays_are_every_day() -> None:
    """So that the rule says what is meant."""
    assert weekly("mo-su") == Rule(Freq.DAILY)
    assert str(weekly("we,mo")) == "FREQ=WEEKLY;BYDAY=MO,WE"


# --- rules


def test_a_rule_is_read_whole() -> None:
    """In whatever case and order, with its last day beside it."""
    assert read_rule("rrule:byday=-1fr,1mo;freq=monthly;interval=2;until=20270301t000000z;") == (
        Rule(Freq.MONTHLY, 2, ((-1, 4), (1, 0))),
        date(2027, 3, 1),
    )
    assert read_rule("FREQ=DAILY；COUNT=3；BYMONTH=1,2；WKST=MO") == (
        Rule(Freq.DAILY, months=(1, 2), count=3),
        None,
    )


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("", ""),
        ("weekly", "WEEKLY"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY"),
        ("FREQ=HOURLY;COUNT=2", "FREQ=HOURLY"),
        ("FREQ=YEARLY", "FREQ=YEARLY"),
        ("INTERVAL=2", "FREQ="),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR=9"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=DAILY;COUNT=", "COUNT="),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=99999999999", "INTERVAL=99999999999"),
        ("FREQ=DAILY;COUNT=367", "COUNT=367"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "UNTIL=20270101"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL=SOON"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=MONTHLY;BYDAY=1MO,TU", "BYDAY=1MO,TU"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY=6"),
        ("FREQ=MONTHLY;BYDAY=MONDAY", "BYDAY=MONDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY=1"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH=13"),
        ("FREQ=WEEKLY;WKST=SU", "WKST=SU"),
    ],
)
def test_what_is_no_rule_for_days(text: str, token: str) -> None:
    """Nothing is guessed, nothing is ignored: each is refused with the part at fault."""
    with pytest.raises(BadRule) as caught:
        read_rule(text)
    assert caught.value.token == token
    assert caught.value.expected


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule that can be read."""
    freq = draw(st.sampled_from(Freq))
    monthly = freq is Freq.MONTHLY
    ordinals = st.integers(-5, 5).filter(bool) if monthly and draw(st.booleans()) else st.just(0)
    weekdays = draw(st.lists(st.tuples(ordinals, st.integers(0, 6)), max_size=3, unique=True))
    # Up to 28: what never comes keeps dateutil busy to the end of its calendar.
    of_month = st.lists(st.integers(-28, 28).filter(bool), max_size=3, unique=True)
    return Rule(
        freq,
        draw(st.integers(1, 5)),
        tuple(weekdays),
        tuple(draw(of_month)) if freq is not Freq.WEEKLY else (),
        tuple(draw(st.lists(st.integers(1, 12), max_size=4, unique=True))),
        draw(st.none() | st.integers(1, 30)),
    )


@given(rule=rules())
def test_a_rule_is_read_as_it_was_written(rule: Rule) -> None:
    """What is stored is what comes back."""
    assert read_rule(str(rule)) == (rule, None)


@settings(deadline=None)  # of dateutil
@given(rule=rules(), first=st.dates(date(2026, 1, 1), date(2029, 1, 1)))
def test_the_same_days_as_dateutil(rule: Rule, first: date) -> None:
    """Each of two years' days belongs to the rule exactly if dateutil finds it (COUNT is another matter)."""
    assume(rule.count is None)
    _compare(rule, first)


@pytest.mark.parametrize("month_days", [(31,), (-31,), (-30, 30), (29,)])
def test_the_ends_of_months_as_dateutil(month_days: tuple[int, ...]) -> None:
    """Months without such a day have none, as RFC 5545 says: it does not move to the last one."""
    _compare(Rule(Freq.MONTHLY, month_days=month_days), FIRST)


def _compare(rule: Rule, first: date) -> None:
    last = first + 730 * DAY
    begin, end = (datetime.combine(day, datetime.min.time()) for day in (first, last))
    found = {at.date() for at in rrulestr(f"{rule};UNTIL={end:%Y%m%d}", dtstart=begin)}
    ours = {first + n * DAY for n in range(-9, 731) if falls(rule, first, first + n * DAY)}
    assert ours == found
