"""Grids of slots: reading the one line, laying it out in studio time, and what stands in the way."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import clocks
from bot.rules.oneline import BadCityCode, CommandError, ExtraPart, MissingPart, RepeatedOption
from bot.rules.slot_plan import Buffers, Plan, PlannedSlot, expand, plan
from bot.rules.slots import (
    BadDate,
    BadLength,
    BadTime,
    DatesReversed,
    OverlappingTimes,
    RepeatedTime,
    SlotGrid,
    SpanTooLong,
    TooManyTimes,
    lay,
    line,
    parse,
    read_dates,
    read_length,
    read_times,
)

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
H = timedelta(hours=1)
EARLY = datetime(2000, 1, 1, tzinfo=UTC)
THREE = (time(9), time(14), time(18))
WEEK = SlotGrid("beijing", date(2026, 12, 1), date(2026, 12, 7), THREE, 3 * H)
DATES = ("2026-12-01", "2026-12-01..2026-12-07")
TIMES = ("09:00", "09:00,14:00,18:00")
LENGTHS = ("3h", "3h30m", "90m")


def utc(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    """A UTC moment of 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def one_day(day: date, *times: time, length: timedelta = 3 * H) -> SlotGrid:
    """A grid of a single day."""
    return SlotGrid("berlin", day, day, times, length)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/newslots beijing 2026-12-01..2026-12-07 09:00,14:00,18:00 3h", WEEK),
        ("beijing 2026-12-01..2026-12-07 18:00,9:00,14:00 180m", WEEK),
        ("Beijing 2026-12-1 .. 2026-12-7 09:00, 14:00 , 18:00 3H", WEEK),
        ("/newslots@duo_bot beijing　２０２６-12-01。。2026-12-07 09：00，14：00、18：00 3小时", WEEK),
        ("beijing 2026-12-01…2026-12-07 09:00,14:00,18:00 3h0m", WEEK),
        ("beijing 2026-12-01～2026-12-07 09:00,14:00,18:00 3h", WEEK),
        ("beijing 2026-12-01至2026-12-07 09:00,14:00,18:00 3h", WEEK),
        (
            "beijing 2028-02-29 00:00 3h30m",
            SlotGrid("beijing", date(2028, 2, 29), date(2028, 2, 29), (time(0),), 3.5 * H),
        ),
        (
            "beijing 2026-12-01..2026-12-02 00:00,12:00 12h",
            SlotGrid("beijing", date(2026, 12, 1), date(2026, 12, 2), (time(0), time(12)), 12 * H),
        ),
        (
            "beijing 2026-12-01 09:00,23:00 11小时30分",
            SlotGrid("beijing", date(2026, 12, 1), date(2026, 12, 1), (time(9), time(23)), 11.5 * H),
        ),
    ],
)
def test_parse(text: str, expected: SlotGrid) -> None:
    """The line is read as typed on any keyboard; times may come in any order and touch each other."""
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", MissingPart("", ("beijing",), "city")),
        ("/newslots", MissingPart("", ("beijing",), "city")),
        ("beijing", MissingPart("", DATES, "dates")),
        ("beijing 2026-12-01", MissingPart("", TIMES, "times")),
        ("beijing 2026-12-01 09:00", MissingPart("", LENGTHS, "length")),
        ("beijing 2026-12-01 09:00 3h now", ExtraPart("now", ())),
        ("北京 2026-12-01 09:00 3h", BadCityCode("北京", ("beijing", "new-york"))),
        ("beijing 2026-02-29 09:00 3h", BadDate("2026-02-29", DATES)),
        ("beijing 01.12.2026 09:00 3h", BadDate("01.12.2026", DATES)),
        ("beijing 20261201 09:00 3h", BadDate("20261201", DATES)),
        ("beijing 9999-12-31 09:00 3h", BadDate("9999-12-31", DATES)),
        ("beijing 2026-12-01..2026-13-01 09:00 3h", BadDate("2026-13-01", DATES)),
        ("beijing 2026-12-01.. 09:00 3h x", BadDate("09:00", DATES)),
        (
            "beijing 2026-12-01..2026-12-02..2026-12-03 09:00 3h",
            BadDate("2026-12-01..2026-12-02..2026-12-03", DATES),
        ),
        (
            "beijing 2026-12-07..2026-12-01 09:00 3h",
            DatesReversed("2026-12-07..2026-12-01", ("2026-12-01..2026-12-07",)),
        ),
        (
            "beijing 2026-12-01..2027-03-03 09:00 3h",
            SpanTooLong("2026-12-01..2027-03-03", ("2026-12-01..2027-03-02",), 93, 92),
        ),
        ("beijing 2026-12-01 24:00 3h", BadTime("24:00", TIMES)),
        ("beijing 2026-12-01 09:60 3h", BadTime("09:60", TIMES)),
        ("beijing 2026-12-01 9 3h", BadTime("9", TIMES)),
        ("beijing 2026-12-01 09:00,,14:00 3h", BadTime("", TIMES)),
        ("beijing 2026-12-01 09:00,9:00 3h", RepeatedTime("9:00", ())),
        (
            "beijing 2026-12-01 " + ",".join(["09:00"] * 25) + " 3h",
            TooManyTimes(",".join(["09:00"] * 25), TIMES, 25, 24),
        ),
        ("beijing 2026-12-01 09:00 0h", BadLength("0h", LENGTHS)),
        ("beijing 2026-12-01 09:00 12h1m", BadLength("12h1m", LENGTHS)),
        ("beijing 2026-12-01 09:00 -3h", BadLength("-3h", LENGTHS)),
        ("beijing 2026-12-01 09:00 3", BadLength("3", LENGTHS)),
        ("beijing 2026-12-01 09:00 h", BadLength("h", LENGTHS)),
        (
            "beijing 2026-12-01 14:00,09:00,11:59 3h",
            OverlappingTimes("14:00,09:00,11:59", (), time(9), time(11, 59), False),
        ),
        (
            "beijing 2026-12-01..2026-12-02 01:00,23:00 3h",
            OverlappingTimes("01:00,23:00", (), time(23), time(1), True),
        ),
    ],
)
def test_mistakes(text: str, error: CommandError) -> None:
    """Each mistake has its own error, with the piece at fault and what would do."""
    with pytest.raises(CommandError) as caught:
        parse(text)
    assert caught.value == error


def test_parts_are_read_one_by_one() -> None:
    """Typed as answers, the parts are as forgiving as in the line, and give the same grid."""
    dates = read_dates(" 2026-12-01 至 2026-12-07 ")
    times = read_times("18:00 9：00， 14:00")
    assert lay("beijing", dates, times, read_length("3 h")) == WEEK
    with pytest.raises(BadTime):
        read_times("nine")


def test_parts_must_fit_together() -> None:
    """Times that overlap show only when the length is known."""
    day = date(2026, 12, 1)
    with pytest.raises(OverlappingTimes) as caught:
        lay("beijing", (day, day), (time(9), time(11)), 3 * H)
    assert caught.value == OverlappingTimes("", (), time(9), time(11), False)


def test_over_midnight_on_a_single_day() -> None:
    """The last slot may run past midnight when the grid has no next day to run into."""
    assert parse("beijing 2026-12-01 01:00,23:00 3h").times == (time(1), time(23))


@st.composite
def grids(draw: st.DrawFn) -> SlotGrid:
    """Any grid that can be written down: up to 92 days, times a length apart, over midnight as well."""
    length = timedelta(minutes=draw(st.integers(1, 720)))
    minutes, step = [draw(st.integers(0, 1439))], length // timedelta(minutes=1)
    while (
        len(minutes) < 24 and minutes[-1] + step < min(1440, minutes[0] + 1441 - step) and draw(st.booleans())
    ):
        minutes.append(draw(st.integers(minutes[-1] + step, min(1439, minutes[0] + 1440 - step))))
    first = draw(st.dates(date(2000, 1, 1), date(2199, 9, 1)))
    last = first + timedelta(days=draw(st.integers(0, 91)))
    away = draw(st.sets(st.integers(0, (last - first).days), max_size=5))
    skip = tuple(first + timedelta(days=day) for day in sorted(away))
    return SlotGrid("beijing", first, last, tuple(time(*divmod(at, 60)) for at in minutes), length, skip)


@given(grids())
def test_line_reads_back(grid: SlotGrid) -> None:
    """The line of a grid is read as the same grid."""
    assert parse(line(grid)) == grid


@given(st.text(st.sampled_from("beijn 20126-.:,3hm~至")))
def test_any_text_is_a_grid_or_a_mistake(text: str) -> None:
    """No text fails in any other way."""
    try:
        outcome: object = parse(text)
    except CommandError as error:
        outcome = error
    assert isinstance(outcome, SlotGrid | CommandError)


def test_expand_in_studio_time() -> None:
    """Nine in Shanghai is one o'clock UTC, in every room, in order of time and then of rooms."""
    grid = SlotGrid("beijing", date(2026, 12, 1), date(2026, 12, 2), (time(9), time(14)), 3 * H)
    assert expand(grid, SHANGHAI, (8, 5)) == (
        PlannedSlot(8, utc(1, 1), utc(1, 4)),
        PlannedSlot(5, utc(1, 1), utc(1, 4)),
        PlannedSlot(8, utc(1, 6), utc(1, 9)),
        PlannedSlot(5, utc(1, 6), utc(1, 9)),
        PlannedSlot(8, utc(2, 1), utc(2, 4)),
        PlannedSlot(5, utc(2, 1), utc(2, 4)),
        PlannedSlot(8, utc(2, 6), utc(2, 9)),
        PlannedSlot(5, utc(2, 6), utc(2, 9)),
    )


def test_spring_night() -> None:
    """A time that clocks skip is reported; a slot over the change is as long as ever."""
    grid = one_day(date(2026, 3, 29), time(1), time(2), time(2, 30), time(3), length=0.5 * H)
    assert plan(grid, BERLIN, (1,), EARLY) == Plan(
        slots=(
            PlannedSlot(1, utc(29, 0, month=3), utc(29, 0, 30, month=3)),
            PlannedSlot(1, utc(29, 1, month=3), utc(29, 1, 30, month=3)),
        ),
        past=(),
        clashes=(),
        nonexistent=(datetime(2026, 3, 29, 2), datetime(2026, 3, 29, 2, 30)),  # noqa: DTZ001 - no zone has them
    )


def test_spring_night_moves_times_closer() -> None:
    """Two times a length apart on the clock overlap in a night that loses an hour: the second is a clash."""
    grid = one_day(date(2026, 3, 29), time(0), time(3), time(6))
    assert plan(grid, BERLIN, (1,), EARLY) == Plan(
        slots=(
            PlannedSlot(1, utc(28, 23, month=3), utc(29, 2, month=3)),
            PlannedSlot(1, utc(29, 4, month=3), utc(29, 7, month=3)),
        ),
        past=(),
        clashes=(PlannedSlot(1, utc(29, 1, month=3), utc(29, 4, month=3)),),
        nonexistent=(),
    )


def test_autumn_night() -> None:
    """A time that comes twice is taken the first time, and marked; its three hours are three hours."""
    grid = one_day(date(2026, 10, 25), time(2), time(5))
    assert expand(grid, BERLIN, (1,)) == (
        PlannedSlot(1, utc(25, 0, month=10), utc(25, 3, month=10), twice=True),
        PlannedSlot(1, utc(25, 4, month=10), utc(25, 7, month=10)),
    )


def test_a_day_that_never_was() -> None:
    """Where a whole day was skipped, all its times are reported."""
    grid = one_day(date(2011, 12, 30), *THREE)
    assert plan(grid, ZoneInfo("Pacific/Apia"), (1, 2), EARLY) == Plan(
        (), (), (), tuple(datetime.combine(date(2011, 12, 30), at) for at in THREE)
    )


def test_past_and_clashes() -> None:
    """What has begun is past, even where it clashes; touching is no clash; each room stands for itself."""
    grid = one_day(date(2026, 12, 1), *THREE)
    nine, two, six = (utc(1, hour) for hour in (1, 6, 10))
    taken = [
        (2, six + 2 * H, six + 5 * H),  # begins before the evening slot ends
        (1, two - 3 * H, two),  # touches, and clashes with the morning slot that is past anyway
        (1, six + 3 * H, six + 6 * H),  # touches
        (3, two, six),  # a room that is not asked for
        (2, two - 2 * H, two + timedelta(seconds=1)),  # ends a second too late
    ]
    assert plan(grid, SHANGHAI, (1, 2), nine, taken) == Plan(
        slots=(PlannedSlot(1, two, two + 3 * H), PlannedSlot(1, six, six + 3 * H)),
        past=(PlannedSlot(1, nine, nine + 3 * H), PlannedSlot(2, nine, nine + 3 * H)),
        clashes=(PlannedSlot(2, two, two + 3 * H), PlannedSlot(2, six, six + 3 * H)),
        nonexistent=(),
    )


def test_the_same_line_again_adds_nothing() -> None:
    """Planning what stands already finds nothing but clashes."""
    first = plan(WEEK, SHANGHAI, (1, 2), EARLY)
    taken = [(slot.room, slot.starts_at, slot.ends_at) for slot in first.slots]
    assert len(taken) == 7 * 3 * 2
    assert plan(WEEK, SHANGHAI, (1, 2), EARLY, reversed(taken)) == Plan((), (), first.slots, ())


SPANS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 96), st.integers(1, 30)), max_size=12)


@given(grids(), st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("America/New_York")]), SPANS, st.integers(-2, 96))
def test_plan_against_the_definition(
    grid: SlotGrid, zone: ZoneInfo, spans: list[tuple[int, int, int]], now_at: int
) -> None:
    """Every time of the grid ends in exactly one part, and a clash is what overlaps by definition."""
    grid = SlotGrid(
        grid.city, grid.first, min(grid.last, grid.first + timedelta(days=3)), grid.times, grid.length
    )
    begin = datetime.combine(grid.first, time(0), tzinfo=UTC)
    taken = [(room, begin + start * H, begin + (start + hours) * H) for room, start, hours in spans]
    found = plan(grid, zone, (1, 2), begin + now_at * H, taken)

    standing, expected = list(taken), Plan((), (), (), found.nonexistent)
    slots, past, clashes = list(expected.slots), list(expected.past), list(expected.clashes)
    for slot in expand(grid, zone, (1, 2)):
        if slot.starts_at <= begin + now_at * H:
            past.append(slot)
        elif any(r == slot.room and s < slot.ends_at and slot.starts_at < e for r, s, e in standing):
            clashes.append(slot)
        else:
            slots.append(slot)
            standing.append((slot.room, slot.starts_at, slot.ends_at))
    assert found == Plan(tuple(slots), tuple(past), tuple(clashes), found.nonexistent)
    assert len(slots) + len(past) + len(clashes) + 2 * len(found.nonexistent) == 2 * len(grid.days) * len(
        grid.times
    )


def test_days_left_out() -> None:
    """Single ones and spans, in whatever order; those outside the plan do not count."""
    found = parse(
        "beijing 2026-12-01..2026-12-05 09:00 3h except=2026-12-04，2026-12-02..2026-12-03,2027-01-01"
    )
    assert found.skip == tuple(date(2026, 12, day) for day in (2, 3, 4))
    assert found.days == (date(2026, 12, 1), date(2026, 12, 5))
    with pytest.raises(RepeatedOption):
        parse("beijing 2026-12-01..2026-12-05 09:00 3h except=2026-12-04 except=2026-12-05")


def test_what_is_too_near_and_what_is_closed() -> None:
    """Three-hour slots an hour apart have no 90 minutes between them; a closed time goes before any other reason."""
    grid = one_day(date(2026, 12, 1), *THREE)
    nine, two, six = (utc(1, hour) for hour in (1, 6, 10))
    buffers = Buffers(timedelta(minutes=30), timedelta(minutes=60))
    found = plan(grid, SHANGHAI, (1,), EARLY, buffers=buffers, closed=[(1, nine + 2 * H, nine + 3 * H)])
    assert found == Plan(
        slots=(PlannedSlot(1, two, two + 3 * H),),
        past=(),
        clashes=(),
        nonexistent=(),
        tight=(PlannedSlot(1, six, six + 3 * H),),
        closed=(PlannedSlot(1, nine, nine + 3 * H),),
    )
    taken = [(1, two - 3 * H, two)]
    assert plan(grid, SHANGHAI, (1,), EARLY, taken).clashes == (PlannedSlot(1, nine, nine + 3 * H),)
    busy = [(1, two - 3 * H, two + timedelta(seconds=1))]
    assert plan(grid, SHANGHAI, (1,), EARLY, taken, busy=busy).tight == (PlannedSlot(1, two, two + 3 * H),)


@given(
    grid=grids(),
    setup=st.integers(0, 240),
    cleanup=st.integers(0, 240),
    spans=SPANS,
    shut=SPANS,
)
def test_buffers_are_never_violated(
    grid: SlotGrid,
    setup: int,
    cleanup: int,
    spans: list[tuple[int, int, int]],
    shut: list[tuple[int, int, int]],
) -> None:
    """No two busy times of a room overlap, none lies in a closed time, and nothing is left out without a reason."""
    grid = SlotGrid(
        grid.city, grid.first, min(grid.last, grid.first + timedelta(days=3)), grid.times, grid.length
    )
    buffers = Buffers(timedelta(minutes=setup), timedelta(minutes=cleanup))
    begin = datetime.combine(grid.first, time(0), tzinfo=UTC)
    taken = [(room, begin + start * H, begin + (start + hours) * H) for room, start, hours in spans]
    busy = [(room, *buffers.around(start, end)) for room, start, end in taken]
    closed = [(room, begin + start * H, begin + (start + hours) * H) for room, start, hours in shut]
    found = plan(grid, BERLIN, (1, 2), begin - 99 * H, taken, buffers=buffers, busy=busy, closed=closed)
    standing = list(busy)
    for slot in found.slots:
        around = buffers.around(slot.starts_at, slot.ends_at)
        assert not _meets(slot.room, *around, standing)
        assert not _meets(slot.room, slot.starts_at, slot.ends_at, closed)
        standing.append((slot.room, *around))
    for slot in (*found.clashes, *found.tight):
        assert _meets(slot.room, *buffers.around(slot.starts_at, slot.ends_at), standing)
    for slot in found.closed:
        assert _meets(slot.room, slot.starts_at, slot.ends_at, closed)


def _meets(room: int, start: datetime, end: datetime, spans: list[tuple[int, datetime, datetime]]) -> bool:
    return any(room == other and start < until and since < end for other, since, until in spans)


def test_nights_of_the_clocks() -> None:
    """The times that are skipped, and those that come twice, of any days."""
    days = (date(2026, 10, 25), date(2026, 12, 1), date(2027, 3, 28))
    assert clocks.changes(days, (time(2, 30), time(9)), BERLIN) == (
        (datetime(2027, 3, 28, 2, 30),),  # noqa: DTZ001 - by the studio's clock
        (datetime(2026, 10, 25, 2, 30),),  # noqa: DTZ001 - by the studio's clock
    )
