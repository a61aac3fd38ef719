"""How each language says spans, moments, names, money and lists."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.texts import Html, Speech, speech, verbatim
from bot.texts.speech import PSEUDO

SHANGHAI = ZoneInfo("Asia/Shanghai")
WHEN = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "english", "chinese"),
    [
        (timedelta(0), "0 seconds", "0秒"),
        (1, "1 second", "1秒"),
        (80.4, "1 min 20 sec", "1分钟20秒"),
        (timedelta(minutes=2), "2 minutes", "2分钟"),
        (timedelta(minutes=1), "1 minute", "1分钟"),
        (timedelta(hours=1, minutes=30), "1 hr 30 min", "1小时30分钟"),
        (timedelta(hours=3), "3 hours", "3小时"),
        (timedelta(days=30), "30 days", "30天"),
        (timedelta(days=1, hours=3, minutes=2), "1 day 3 hr", "1天3小时"),
    ],
)
def test_a_span_is_said_as_people_say_it(span: timedelta | float, english: str, chinese: str) -> None:
    """One unit in full, two in short, never three."""
    assert (speech("en").span(span), speech("zh").span(span)) == (english, chinese)


@pytest.mark.parametrize(
    ("least", "most", "english", "chinese"),
    [
        (120, 180, "2–3 minutes", "2–3分钟"),
        (90, 180, "1 min 30 sec – 3 minutes", "1分钟30秒到3分钟"),
        (30, 60, "30 seconds – 1 minute", "30秒到1分钟"),
    ],
)
def test_a_range_names_its_unit_once_where_it_can(least: int, most: int, english: str, chinese: str) -> None:
    """ "2–3 minutes", but never "30–1"."""
    span = timedelta(seconds=least), timedelta(seconds=most)
    assert (speech("en").between(*span), speech("zh").between(*span)) == (english, chinese)


def test_moments_are_told_in_the_zone_and_name_it() -> None:
    """Chinese puts the zone's name into full-width brackets, without a space."""
    end = WHEN + timedelta(hours=3)
    assert speech("en").moment(WHEN, SHANGHAI) == "Tue, 1 Dec 09:00 (China Standard Time)"
    assert speech("zh").moment(WHEN, SHANGHAI) == "12月1日周二 09:00（中国标准时间）"
    assert speech("en").stretch(WHEN, end, SHANGHAI) == "Tue, 1 Dec 09:00–12:00 (China Standard Time)"
    assert speech("zh").stretch(WHEN, end, SHANGHAI) == "12月1日周二 09:00–12:00（中国标准时间）"


def test_summer_time_is_named() -> None:
    """The same zone has another name in July."""
    july = datetime(2026, 7, 1, tzinfo=UTC)
    assert speech("en").zone(july, ZoneInfo("Europe/London")) == "British Summer Time"
    assert speech("en").zone(WHEN, ZoneInfo("Europe/London")) == "Greenwich Mean Time"


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
BACK = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""02:30 in Berlin for the first time; an hour later it is 02:30 again."""


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """Wherever a time of day is said, buttons too; and only in that hour."""
    say, hour = speech("en"), timedelta(hours=1)
    told = [say.clock(BACK + n * hour, BERLIN) for n in (-1, 0, 1, 2)]
    assert told == ["01:30", "02:30 UTC+2", "02:30 UTC+1", "03:30"]
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert [speech("zh").clock(first + n * hour, NEW_YORK) for n in (0, 1)] == ["01:30 UTC-4", "01:30 UTC-5"]


def test_a_stretch_across_the_change_names_both_zones() -> None:
    """Three hours that read as two, and three that read as four."""
    three = timedelta(hours=3)
    assert speech("en").stretch(BACK, BACK + three, BERLIN) == (
        "Sun, 25 Oct 02:30 UTC+2 (Central European Summer Time) – 04:30 (Central European Standard Time)"
    )
    forward = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert speech("zh").stretch(forward, forward + three, BERLIN) == (
        "3月29日周日 01:30（中欧标准时间） – 05:30（中欧夏令时间）"
    )


@given(
    zone=st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    when=st.integers(0, 8 * 365 * 96).map(lambda quarters: LONG_AGO + timedelta(minutes=15 * quarters)),
    gap=st.integers(1, 36).map(lambda quarters: timedelta(minutes=15 * quarters)),
)
@example(zone=BERLIN, when=BACK, gap=timedelta(hours=1))
def test_two_moments_never_read_the_same(zone: ZoneInfo, when: datetime, gap: timedelta) -> None:
    """In any zone of the world: day and time of day tell them apart."""
    say = speech("en")
    one, other = ((say.day(at, zone), say.clock(at, zone)) for at in (when, when + gap))
    assert one != other


@given(
    zone=st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    when=st.integers(0, 8 * 365 * 96).map(lambda quarters: LONG_AGO + timedelta(minutes=15 * quarters)),
    language=st.sampled_from(["en", "zh"]),
)
@example(zone=BERLIN, when=BACK, language="zh")
@example(zone=NEW_YORK, when=datetime(2026, 11, 1, 6, 30, tzinfo=UTC), language="en")
def test_what_is_shown_leads_back_to_the_instant(zone: ZoneInfo, when: datetime, language: str) -> None:
    """Day and clock, read by the zone's clocks and with the year in mind, can be one moment: the one meant."""
    text = speech(language).moment(when, zone)
    found = re.search(r"(\d+)月(\d+)日" if language == "zh" else r", (\d+) ([A-Z][a-z]+) ", text)
    assert found
    month = int(found[1]) if language == "zh" else MONTHS.index(found[2]) + 1
    day = int(found[2] if language == "zh" else found[1])
    clock = re.search(r"(\d\d):(\d\d)(?: UTC([+-]\d+)(?::(\d\d))?)?", text)
    assert clock
    local = datetime(when.astimezone(zone).year, month, day, int(clock[1]), int(clock[2]))  # noqa: DTZ001 - a wall shows none
    both = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {at for at in both if at.astimezone(zone).replace(tzinfo=None) == local}
    if clock[3]:
        ahead = timedelta(hours=int(clock[3]), minutes=int(f"{clock[3][0]}{clock[4] or 0}"))
        shown = {at for at in shown if at.astimezone(zone).utcoffset() == ahead}
    assert shown == {when}


def test_numbers_money_and_lists() -> None:
    """As each language writes them."""
    english, chinese = speech("en"), speech("zh")
    assert (english.money(30000, "CNY"), chinese.money(30000, "CNY")) == ("CN¥300.00", "¥300.00")
    assert (english.number(12345.67, 1), english.percent(0.83)) == ("12,345.7", "83%")
    assert (english.join("abc"), chinese.join("abc")) == ("a, b and c", "a、b和c")
    assert (english.join("ab", "or"), chinese.join("ab", "or")) == ("a or b", "a或b")


def test_values_are_escaped_once_and_markup_is_left_alone() -> None:
    """What people typed is no markup; what a speech gave back is not escaped again."""
    say = speech("en")
    assert say.say("Hello {name}", name="<b>&") == "Hello &lt;b&gt;&amp;"
    assert say.say("Hello {name}", name=Html("<b>Bo</b>")) == "Hello <b>Bo</b>"
    assert verbatim("<b>&\"'") == "&lt;b&gt;&amp;\"'"


def test_an_operators_name_is_said_in_the_readers_language_else_in_english_else_in_any() -> None:
    """And where there is none, by its code."""
    names = {"zh": "北京", "en": "Beijing"}
    assert (speech("zh").named(names), speech("en").named(names)) == ("北京", "Beijing")
    assert speech("en").named({"zh": "北京"}) == "北京"
    assert speech("en").named({}, "beijing") == "beijing"


def test_a_language_that_the_bot_does_not_speak_is_answered_in_english() -> None:
    """Unknown codes, and nobody's."""
    assert {speech(code).language for code in ("fr", "", None)} == {"en"}


def test_the_pseudo_language_brackets_words_and_leaves_numbers() -> None:
    """So that a test sees what was said, and what only slipped through."""
    say = Speech(PSEUDO)
    assert say.say("Hello {name}", name="Bo") == "⟦Hello Bo⟧"
    assert (say.span(120), say.language_name("zh")) == ("⟦2 minutes⟧", "⟦Chinese⟧")
    assert (say.percent(0.5), say.clock(WHEN, SHANGHAI)) == ("50%", "09:00")
