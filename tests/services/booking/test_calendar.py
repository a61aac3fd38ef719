"""Sessions as calendar files: what a calendar reads out of them, in any zone, night and script."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from bot.services.booking.calendar import Entry, event

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
START, NOW = datetime(2026, 12, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
H = timedelta(hours=1)


def made(**changes: Any) -> bytes:
    """A confirmed session in Beijing, but for the changes."""
    given: dict[str, Any] = {
        "uid": "booking-7@duologue",
        "sequence": 0,
        "status": "confirmed",
        "starts_at": START,
        "ends_at": START + 3 * H,
        "zone": SHANGHAI,
        "summary": "Recording",
        "location": "13 Ring Rd, Beijing",
        "description": "Come early.\nBring your ID; no perfume.",
        "at": NOW,
    }
    organizer = changes.pop("organizer", None)
    return event(Entry(**given | changes), organizer)


def lines(file: bytes) -> list[str]:
    """The lines of a file, unfolded (RFC 5545, 3.1)."""
    return file.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def inside(file: bytes) -> list[str]:
    """The lines of the one entry of a file."""
    found = lines(file)
    return found[found.index("BEGIN:VEVENT") : found.index("END:VEVENT")]


def entry(file: bytes) -> Event:
    """The one entry of a file, as icalendar reads it."""
    (found,) = Calendar.from_ical(file).walk("VEVENT")
    assert isinstance(found, Event)
    return found


def moment(file: bytes, name: str) -> datetime:
    """The UTC moment of DTSTART or DTEND, by dateutil and the zone as the file itself defines it."""
    ((zone, at),) = re.findall(rf"^{name}(?:;TZID=([^:]+))?:(\w+)$", "\n".join(inside(file)), re.MULTILINE)
    if at.endswith("Z"):
        return datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    defined = tzical(StringIO("\n".join(lines(file)))).get(zone)
    return datetime.strptime(at, "%Y%m%dT%H%M%S").replace(tzinfo=defined).astimezone(UTC)


def test_whole_file() -> None:
    """Line for line what a calendar gets."""
    assert lines(made(organizer="mailto:studio@example.org")) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Duologue//Duologue//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "BEGIN:VTIMEZONE",
        "TZID:Asia/Shanghai",
        "BEGIN:STANDARD",
        "DTSTART:20250101T080000",
        "TZNAME:CST",
        "TZOFFSETFROM:+0800",
        "TZOFFSETTO:+0800",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "SUMMARY:Recording",
        "DTSTART;TZID=Asia/Shanghai:20261201T090000",
        "DTEND;TZID=Asia/Shanghai:20261201T120000",
        "DTSTAMP:20261101T123000Z",
        "UID:booking-7@duologue",
        "SEQUENCE:0",
        "DESCRIPTION:Come early.\\nBring your ID\\; no perfume.",
        "LAST-MODIFIED:20261101T123000Z",
        "LOCATION:13 Ring Rd\\, Beijing",
        "ORGANIZER:mailto:studio@example.org",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_cancellation_differs_in_little() -> None:
    """A cancellation is the same entry, one sequence later, cancelled and free; nothing else changes."""
    before, after = lines(made()), lines(made(sequence=3, status="cancelled"))
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        ("SEQUENCE:0", "SEQUENCE:3"),
        ("STATUS:CONFIRMED", "STATUS:CANCELLED"),
        ("TRANSP:OPAQUE", "TRANSP:TRANSPARENT"),
    ]


def test_no_organizer_no_line() -> None:
    """Without an organizer there is no such line, and the same facts make the same bytes."""
    assert not [line for line in lines(made()) if line.startswith("ORGANIZER")]
    assert made() == made()


def alarms(file: bytes) -> list[tuple[str, timedelta, str]]:
    """The alarms of the one entry: what is done, when from the start on, what is shown."""
    return [
        (str(one["ACTION"]), one.decoded("TRIGGER"), str(one["DESCRIPTION"]))
        for one in entry(file).walk("VALARM")
    ]


def test_alarms_stand_in_the_entry() -> None:
    """A text on the screen so long before the start, line for line; what is cancelled is silent."""
    wanted = [(24 * H, "明天录制，别忘了；\n带身份证"), (H / 40, "Soon\r\nEND:VALARM")]
    file = made(alarms=wanted)
    assert alarms(file) == [
        ("DISPLAY", -24 * H, "明天录制，别忘了；\n带身份证"),
        ("DISPLAY", -H / 40, "Soon\nEND:VALARM"),
    ]
    plain = [line for line in lines(made()) if line not in lines(file)]
    added = [line for line in lines(file) if line not in lines(made())]
    assert (plain, added) == (
        [],
        [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:明天录制，别忘了；\\n带身份证",
            "TRIGGER:-PT1440M",
            "END:VALARM",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:Soon\\nEND:VALARM",
            "TRIGGER:-PT90S",
            "END:VALARM",
        ],
    )
    off = made(alarms=wanted, status="cancelled", sequence=1)
    assert off == made(status="cancelled", sequence=1)


NIGHTS = [
    pytest.param(
        "Europe/Berlin",
        datetime(2026, 3, 29, 0, tzinfo=UTC),
        "20260329T010000",
        "20260329T050000",
        id="spring",
    ),
    pytest.param(
        "Europe/Berlin",
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        "20260329T030000",
        "20260329T060000",
        id="at-the-change",
    ),
    pytest.param(
        "Europe/Berlin",
        datetime(2026, 10, 24, 23, tzinfo=UTC),
        "20261025T010000",
        "20261025T030000",
        id="autumn",
    ),
    pytest.param(
        "Europe/Berlin",
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        "20261025T020000",
        "20261025T040000",
        id="first-of-two",
    ),
    pytest.param(
        "America/New_York",
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        "20261101T000000",
        "20261101T020000",
        id="new-york",
    ),
    pytest.param(
        "Australia/Lord_Howe",
        datetime(2026, 10, 3, 15, tzinfo=UTC),
        "20261004T013000",
        "20261004T050000",
        id="half-hour",
    ),
]


@pytest.mark.parametrize(("zone", "start", "starts", "ends"), NIGHTS)
def test_nights_of_change(zone: str, start: datetime, starts: str, ends: str) -> None:
    """Over a change of clocks the file shows studio time, and by its own definition means the right moment."""
    file = made(zone=ZoneInfo(zone), starts_at=start, ends_at=start + 3 * H)
    assert f"DTSTART;TZID={zone}:{starts}" in lines(file)
    assert f"DTEND;TZID={zone}:{ends}" in lines(file)
    assert (moment(file, "DTSTART"), moment(file, "DTEND")) == (start, start + 3 * H)


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Asia/Shanghai", ["2025-01-01T00:00Z +0800 +0800"]),
        (
            "Europe/Berlin",
            [
                "2025-01-01T00:00Z +0100 +0100",
                "2025-03-30T01:00Z +0100 +0200",
                "2025-10-26T01:00Z +0200 +0100",
                "2026-03-29T01:00Z +0100 +0200",
                "2026-10-25T01:00Z +0200 +0100",
                "2027-03-28T01:00Z +0100 +0200",
                "2027-10-31T01:00Z +0200 +0100",
            ],
        ),
        (
            "America/Sao_Paulo",
            ["2025-01-01T00:00Z -0300 -0300"],
        ),
        (
            "Australia/Lord_Howe",
            [
                "2025-01-01T00:00Z +1100 +1100",
                "2025-04-05T15:00Z +1100 +1030",
                "2025-10-04T15:30Z +1030 +1100",
                "2026-04-04T15:00Z +1100 +1030",
                "2026-10-03T15:30Z +1030 +1100",
                "2027-04-03T15:00Z +1100 +1030",
                "2027-10-02T15:30Z +1030 +1100",
            ],
        ),
    ],
)
def test_changes_of_clocks(zone: str, changes: list[str]) -> None:
    """Each change stands at the time that was valid before it (RFC 5545, 3.6.5); dateutil forgives the other."""
    text = "\n".join(lines(made(zone=ZoneInfo(zone))))
    parts = r"DTSTART:(\w{15})\nTZNAME:[^\n]+\nTZOFFSETFROM:([+-]\d{4})\nTZOFFSETTO:([+-]\d{4})\n"
    found = [
        (datetime.strptime(at + before, "%Y%m%dT%H%M%S%z").astimezone(UTC), before, after)
        for at, before, after in re.findall(parts, text)
    ]
    assert [f"{at:%Y-%m-%dT%H:%MZ} {before} {after}" for at, before, after in found] == changes


@pytest.mark.parametrize(
    ("start", "length", "starts", "ends"),
    [
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 3 * H, "DTSTART:20261025T010000Z", "DTEND:20261025T040000Z"),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 3 * H, "DTSTART:20261024T220000Z", "DTEND:20261025T010000Z"),
    ],
)
def test_second_run_of_an_hour(start: datetime, length: timedelta, starts: str, ends: str) -> None:
    """The hour that comes again can only be told in UTC, whether the session begins or ends in it."""
    file = made(zone=BERLIN, starts_at=start, ends_at=start + length)
    assert [line for line in inside(file) if line.startswith(("DTSTART", "DTEND"))] == [starts, ends]


ZONES = [
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "UTC",
]


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 12 * 60),
)
def test_any_moment_in_any_zone(zone: str, start: datetime, minutes: int) -> None:
    """Read back by the file's own zone, every start and end is the moment that was given."""
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=minutes)
    file = made(zone=ZoneInfo(zone), starts_at=start, ends_at=end)
    assert (moment(file, "DTSTART"), moment(file, "DTEND")) == (start, end)
    read = [entry(file).decoded(name).astimezone(UTC) for name in ("DTSTART", "DTEND")]
    assert read == [start, end]


@pytest.mark.parametrize(
    "text",
    [
        "大钟寺录音棚，二号房间",
        "🎙️👩‍👩‍👧‍👦 rehearsal",
        'a, b; c\\n d: "e"\n\nf',
        "棚" * 500,
        "x" * 2000,
        "é" * 74 + "🎙" * 50,
    ],
)
def test_texts_come_back(text: str) -> None:
    """Whatever is written is read again, and no line is longer than allowed or breaks a character."""
    file = made(summary=text, location=text, description=text)
    found = entry(file)
    assert (str(found["SUMMARY"]), str(found["LOCATION"]), str(found["DESCRIPTION"])) == (text, text, text)
    assert file.endswith(b"END:VCALENDAR\r\n")
    for line in file.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        assert b"\n" not in line
        assert line.decode()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_break_nothing(text: str) -> None:
    """No text adds a line to the file, and nothing is lost but control characters and kinds of newline."""
    file = made(summary=text)
    plain = lines(made(summary="X"))
    assert [line for line in lines(file) if not line.startswith("SUMMARY")] == [
        line for line in plain if not line.startswith("SUMMARY")
    ]
    kept = re.sub(r"[\x00-\x09\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert str(entry(file).get("SUMMARY", "")) == kept


def test_uid_and_organizer_stay_on_their_lines() -> None:
    """A newline in a short field cannot smuggle a line in."""
    methods = [line for line in lines(made(uid="a\r\nMETHOD:CANCEL")) if line.startswith("METHOD")]
    assert methods == ["METHOD:PUBLISH"]
    with pytest.raises(ValueError, match="CR or LF"):
        made(organizer="mailto:a@b\r\nATTENDEE:x")
