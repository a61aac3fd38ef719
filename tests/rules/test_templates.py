"""Slots that repeat: the line read and written, and the days that a template has."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules import templates as t
from bot.rules.oneline import CommandError, ExtraPart, MissingPart, RepeatedOption, UnknownOption
from bot.rules.recurrence import BadRule, BadWeekday, Freq, Rule
from bot.rules.slots import BadDate, DatesReversed, OverlappingTimes, parse
from bot.rules.templates import BadAhead, BadTemplateId, Template, TooManyExceptions
from tests.rules.test_recurrence import rules

DAY = timedelta(days=1)
H = timedelta(hours=1)
WORKDAYS = Rule(Freq.WEEKLY, weekdays=tuple((0, day) for day in range(5)))
LINE = (
    "beijing weekly mo-fr 09:00,14:00,18:00 3h from=2026-12-01 until=2027-03-01 "
    "except=2026-12-25,2027-01-01 ahead=7d"
)
WHOLE = Template(
    "beijing",
    WORKDAYS,
    (time(9), time(14), time(18)),
    3 * H,
    date(2026, 12, 1),
    date(2027, 3, 1),
    (date(2026, 12, 25), date(2027, 1, 1)),
    7,
)
SHORT = Template("beijing", WORKDAYS, (time(9), time(14)), 3 * H)


@pytest.mark.parametrize(
    ("text", "template"),
    [
        (LINE, WHOLE),
        (f"/newslots@duologue_bot {LINE}", WHOLE),
        ("beijing mo-fr 09:00,14:00 3h", SHORT),
        ("BEIJING Weekly mo, tu, we, th, fr 14:00, 9:00 180m", SHORT),
        ("beijing 每周 一至五 ０９：００、14：00 3小时", SHORT),
        ("beijing 每周一至周五 09:00，14:00 3h", SHORT),
        ('beijing rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" 09:00,14:00 3h', SHORT),
        ("beijing 09:00,14:00 3h rrule=“FREQ=WEEKLY；BYDAY=MO,TU,WE,TH,FR” ahead＝2w", SHORT),
        (
            "beijing rrule=FREQ=DAILY;UNTIL=20270301 09:00 3h except=2026-12-24..2026-12-26",
            Template(
                "beijing",
                Rule(Freq.DAILY),
                (time(9),),
                3 * H,
                last=date(2027, 3, 1),
                skip=(date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)),
            ),
        ),
    ],
)
def test_a_line_is_read(text: str, template: Template) -> None:
    """In both languages, with full-width punctuation, options anywhere."""
    assert t.parse(text) == template


def test_the_other_lines() -> None:
    """The list, an end, days to leave out; a plain plan is not read here."""
    assert t.parse("/newslots list") == t.ListTemplates()
    assert t.parse("stop #3") == t.StopTemplate(3)
    days = (date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1))
    assert t.parse("except 3 2026-12-30..2026-12-31,2027-01-01") == t.ExceptDays(3, days)
    for plain in ("", "beijing", "beijing 2026-12-01 09:00 3h", "beijing soon 09:00 3h"):
        assert t.parse(plain) is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("beijing weekly", MissingPart("", ("mo-fr", "mo,we,fr", "daily"), "weekdays")),
        ("beijing weekly mo", MissingPart("", ("09:00,14:00,18:00",), "times")),
        ("beijing mo 09:00", MissingPart("", ("3h",), "length")),
        ("beijing mo 09:00 3h now", ExtraPart("now", ())),
        ("beijing weekly mo-fx 09:00 3h", BadWeekday("mo-fx", ("mo-fr", "mo,we,fr", "daily"))),
        ("beijing mo 09:00 3h from=soon", BadDate("soon", ("2026-12-01", "2026-12-01..2026-12-07"))),
        ("beijing mo 09:00 3h from=2026-12-01..2026-12-02", ExtraPart("2026-12-01..2026-12-02", ())),
        (
            "beijing mo 09:00 3h from=2026-12-02 until=2026-12-01",
            DatesReversed("2026-12-02..2026-12-01", ("2026-12-01..2026-12-02",)),
        ),
        ("beijing mo 09:00 3h ahead=93d", BadAhead("93d", ("14d", "4w"))),
        ("beijing mo 09:00 3h ahead=0", BadAhead("0", ("14d", "4w"))),
        ("beijing mo 09:00 3h ahead=7d ahead=8d", RepeatedOption("ahead=", ())),
        ("beijing mo 09:00 3h from=", MissingPart("from=", (), "dates")),
        ("beijing mo 09:00,10:00 3h", OverlappingTimes("", (), time(9), time(10), False)),
        ("beijing daily 00:00,20:00 5h", OverlappingTimes("", (), time(20), time(0), True)),
        ('beijing rrule="FREQ=DAILY;UNTIL=20270101" 09:00 3h until=2027-01-02', RepeatedOption("until=", ())),
        ("stop", MissingPart("", ("3",), "template")),
        ("stop x", BadTemplateId("x", ("3",))),
        ("stop 3 4", ExtraPart("4", ())),
        ("except 3", MissingPart("", ("2026-12-31",), "dates")),
    ],
)
def test_what_cannot_be_read(text: str, error: CommandError) -> None:
    """The piece at fault, and what would do."""
    with pytest.raises(type(error)) as caught:
        t.parse(text)
    assert caught.value == error


def test_more_that_cannot_be_read() -> None:
    """A rule that names seconds, a key that is none, days without end."""
    with pytest.raises(BadRule):
        t.parse("beijing rrule=FREQ=SECONDLY 09:00 3h")
    with pytest.raises(UnknownOption):
        t.parse("beijing mo 09:00 3h rooms=2")
    with pytest.raises(TooManyExceptions):
        t.parse("beijing mo 09:00 3h except=2026-01-01..2026-03-01,2026-04-01..2026-06-01")
    with pytest.raises(TooManyExceptions):
        t.without(WHOLE, tuple(date(2028, 1, 1) + n * DAY for n in range(99)))


@st.composite
def templates(draw: st.DrawFn) -> Template:
    """Any template, with its first day."""
    first = draw(st.dates(date(2026, 1, 1), date(2028, 1, 1)))
    skip = draw(st.sets(st.integers(0, 400), max_size=9))
    return Template(
        "beijing",
        draw(rules()),
        (time(9), time(14, 30)),
        timedelta(minutes=draw(st.integers(1, 300))),
        first,
        draw(st.none() | st.integers(0, 400).map(lambda n: first + n * DAY)),
        tuple(first + n * DAY for n in sorted(skip)),
        draw(st.integers(1, 92)),
    )


@given(template=templates())
def test_a_line_is_read_as_it_was_written(template: Template) -> None:
    """What is stored is what comes back."""
    assert t.read(t.line(template)) == template


@settings(deadline=None)  # of dateutil
@given(template=templates(), since=st.integers(-50, 300), days=st.integers(0, 92))
def test_the_days_are_dateutils_but_for_exceptions(template: Template, since: int, days: int) -> None:
    """COUNT counts what is left out, too; the next day is the first one of those that follow."""
    first = template.first
    assert first is not None
    begin = first + since * DAY
    end = begin + days * DAY
    endless = f"{replace(template.rule, count=None)};UNTIL={max(first, end):%Y%m%d}"
    every = [at.date() for at in rrulestr(endless, dtstart=datetime.combine(first, time()))]
    wanted = [
        day
        for day in every[: template.rule.count]
        if begin <= day <= min(end, template.last or end) and day not in template.skip
    ]
    found = t.days_between(template, begin, end)
    assert list(found) == wanted
    if found:
        assert t.next_day(template, begin - DAY) == found[0]
        grid = t.grid_of(template, found)
        assert grid.days == found
        assert parse(f"beijing {grid.first}..{grid.last} 09:00,14:30 1h").days[0] == found[0]


def test_a_day_that_never_comes_is_looked_for_no_longer_than_it_can_be() -> None:
    """30 February; and a 29 February that is eight years away."""
    never = Rule(Freq.DAILY, month_days=(30,), months=(2,))
    template = Template("beijing", never, (time(9),), H, date(2026, 1, 1))
    assert t.next_day(template, date(2026, 1, 1)) is None
    leap = Rule(Freq.MONTHLY, month_days=(29,), months=(2,))
    template = Template("beijing", leap, (time(9),), H, date(2096, 3, 1))
    assert t.next_day(template, date(2096, 3, 1)) == date(2104, 2, 29)
