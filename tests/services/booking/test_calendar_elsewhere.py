"""Calendar files as two implementations read them that know nothing of each other, and what a phone makes of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar, Event

from bot.rules.booking import cancel_by
from bot.services.booking import calendar, cancelling, holds
from bot.services.messages.bookings import CalendarFile
from bot.texts import speech
from handlers.render import screen
from tests.services.scene import ANN, BO, HOUR, MONDAY, Scene

ZONES = sorted(zone for zone in available_timezones() if zone != "localtime")
"""Every zone there is: the folder of the system may hold a copy of its own under that name."""
NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Entry:
    """What a phone shows of a file."""

    uid: str
    sequence: int
    status: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    alarms: tuple[tuple[timedelta, str], ...]


def by_icalendar(file: bytes) -> Entry:
    """As icalendar reads it."""
    (found,) = Calendar.from_ical(file).walk("VEVENT")
    assert isinstance(found, Event)
    return Entry(
        str(found["UID"]),
        int(found["SEQUENCE"]),
        str(found["STATUS"]),
        found.decoded("DTSTART").astimezone(UTC),
        found.decoded("DTEND").astimezone(UTC),
        str(found.get("SUMMARY", "")),
        str(found.get("LOCATION", "")),
        tuple((one.decoded("TRIGGER"), str(one["DESCRIPTION"])) for one in found.walk("VALARM")),
    )


def by_ical(file: bytes) -> Entry:
    """As ical reads it."""
    (found,) = IcsCalendarStream.calendar_from_ics(file.decode()).events
    assert isinstance(found.dtstart, datetime)
    assert isinstance(found.dtend, datetime)
    return Entry(
        str(found.uid),
        found.sequence or 0,
        str(found.status.value) if found.status else "",
        found.dtstart.astimezone(UTC),
        found.dtend.astimezone(UTC),
        found.summary or "",
        found.location or "",
        tuple((one.trigger, one.description or "") for one in found.alarm),  # type: ignore[misc]
    )


def both(file: bytes) -> Entry:
    """What both agree on."""
    one, other = by_icalendar(file), by_ical(file)
    assert one == other
    return one


def made(start: datetime, length: timedelta, zone: str, **changes: Any) -> bytes:
    """A session as a file."""
    facts: dict[str, Any] = {
        "uid": "booking-7@duologue",
        "sequence": 3,
        "status": "confirmed",
        "summary": "Recording",
        "location": "13 Ring Rd, Beijing",
        "description": "",
        "at": NOW,
    }
    return calendar.event(
        calendar.Entry(starts_at=start, ends_at=start + length, zone=ZoneInfo(zone), **facts | changes)
    )


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 12 * 60),
    st.lists(st.integers(0, 3 * 86400), max_size=3),
)
def test_both_read_every_moment_of_every_zone(
    zone: str, start: datetime, minutes: int, alarms: list[int]
) -> None:
    """Start, end and alarms are the moments that were given, in all zones of the world and nights of the change."""
    start, length = start.replace(second=0, microsecond=0), timedelta(minutes=minutes)
    spans = [(timedelta(seconds=ahead), f"{ahead}") for ahead in alarms]
    found = both(made(start, length, zone, alarms=spans))
    assert found == Entry(
        "booking-7@duologue",
        3,
        "CONFIRMED",
        start,
        start + length,
        "Recording",
        "13 Ring Rd, Beijing",
        tuple((-ahead, text) for ahead, text in spans),
    )


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, 6, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_both_read_the_nights_of_the_change(zone: str, start: datetime) -> None:
    """Half past one comes twice, half past two never: three hours are three hours in either calendar."""
    found = both(made(start, 3 * HOUR, zone))
    assert (found.starts_at, found.ends_at) == (start, start + 3 * HOUR)


@pytest.mark.parametrize(
    "text", ["大钟寺录音棚，二号房间" * 20, "é" * 74 + "🎙" * 50, "a, b; c\\n: d\nf", "x" * 300]
)
def test_both_unfold_any_script(text: str) -> None:
    """Long lines are folded between characters, commas and newlines are escaped: both read the text as it was."""
    found = both(made(MONDAY, 3 * HOUR, "Asia/Shanghai", summary=text, location=text, alarms=[(HOUR, text)]))
    assert (found.summary, found.location, found.alarms) == (text, text, ((-HOUR, text),))


class Phone:
    """A calendar that keeps by UID what it was given, and lets nothing older replace it (RFC 5546, 2.1.5)."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def opens(self, file: bytes) -> None:
        """Somebody opens a file."""
        found = both(file)
        known = self.entries.get(found.uid)
        assert known is None or found.sequence > known.sequence, f"{found} would not replace {known}"
        self.entries[found.uid] = found


async def files(scene: Scene, who: int, language: str) -> list[bytes]:
    """Every calendar file that somebody got, in their language."""
    sent = [m for m in await scene.told(who) if isinstance(m, CalendarFile)]
    shown = [screen(message, speech(language)).attachment for message in sent]
    return [file.data for file in shown if file]


@pytest.mark.parametrize(
    ("language", "summary", "first"),
    [
        ("en", "Recording session", "Your recording session begins in 1 day"),
        ("zh", "录音", "离录音开始还有1天"),
    ],
)
async def test_a_phone_follows_a_session(scene: Scene, language: str, summary: str, first: str) -> None:
    """Booked, moved twice and cancelled: one entry, always at the right time, silent once it is off."""
    phone = Phone()
    booking = await scene.booked(1)
    uid = f"booking-{booking}@duologue"
    for slot in (3, 1):
        booking = await scene.hold(ANN, slot, booking)
        await scene.act(BO, holds.agree, booking)
    for file in await files(scene, BO, language):
        phone.opens(file)
    (entry,) = phone.entries.values()
    assert (entry.uid, entry.status, entry.starts_at, entry.ends_at) == (
        uid,
        "CONFIRMED",
        MONDAY,
        MONDAY + 3 * HOUR,
    )
    assert entry.summary == summary
    assert [ahead for ahead, _ in entry.alarms] == [-24 * HOUR, -2 * HOUR, -HOUR / 2]
    assert entry.alarms[0][1] == first
    await scene.act(ANN, cancelling.cancel, booking)
    phone.opens((await files(scene, BO, language))[-1])
    (entry,) = phone.entries.values()
    assert (entry.uid, entry.status, entry.starts_at, entry.alarms) == (uid, "CANCELLED", MONDAY, ())


async def test_alarms_that_make_no_sense_are_left_out(scene: Scene) -> None:
    """What is past by the time of the booking, and what would ring in the night though the session is far off."""
    early = await scene.slot(MONDAY + 42 * HOUR)  # 03:00 on Wednesday: a day before that people sleep
    await scene.booked(early)
    file = await scene.last(ANN, kind=CalendarFile)
    assert isinstance(file, CalendarFile)
    assert file.alarms == (2 * HOUR, HOUR / 2)
    scene.clock.now = MONDAY - 20 * HOUR
    assert scene.clock.now > cancel_by(scene.units.house.policy.booking, MONDAY)
    await scene.booked(1)
    late = await scene.last(ANN, kind=CalendarFile)
    assert isinstance(late, CalendarFile)
    assert late.alarms == (2 * HOUR, HOUR / 2)
