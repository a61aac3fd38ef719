"""Calendars to subscribe to as calendar programs read them, in both languages."""

from dataclasses import replace
from datetime import UTC, timedelta

import pytest
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from bot.services.calendars.entries import Contents, Entry
from bot.texts import speech
from handlers.render.calendars import feed
from tests.handlers.examples.calendars import ENTRIES
from tests.handlers.examples.common import SLOT

TWICE = timedelta(days=400)
"""So far ahead that a zone's definition must cover more than one year."""


def made(language: str, *entries: Entry, studio: dict[str, str] | None = None) -> bytes:
    """A calendar's file."""
    return feed(Contents(language, entries, studio), "duologue_bot", speech(language))


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        (
            "en",
            [
                "Recording session with Bo <b>",
                "Recording session",
                "Held: recording session with Bo",
                "You run the session: Ann and Bo",
                "You run the session",
                "Booked: Ann and Bo",
                "Free",
                "Planned, not open yet",
            ],
        ),
        (
            "zh",
            [
                "和Bo <b>一起录音",
                "录音",
                "占位中：和Bo一起录音",
                "你负责的录音：Ann和Bo",
                "你负责的录音",
                "已约：Ann和Bo",
                "空闲",
                "已计划，还没开放",
            ],
        ),
    ],
)
def test_each_entry_says_what_it_is(language: str, titles: list[str]) -> None:
    """As two readers that know nothing of each other see it."""
    file = made(language, *ENTRIES)
    found = Calendar.from_ical(file).walk("VEVENT")
    assert [str(one["SUMMARY"]) for one in found] == titles
    others = IcsCalendarStream.calendar_from_ics(file.decode()).events
    assert [one.summary for one in others] == titles
    assert [str(one["STATUS"]) for one in found] == [
        "TENTATIVE" if n in (2, 7) else "CONFIRMED" for n in range(8)
    ]
    assert [str(one["TRANSP"]) for one in found] == ["TRANSPARENT" if n == 6 else "OPAQUE" for n in range(8)]
    for one in others:
        assert (one.dtstart.astimezone(UTC), one.dtend.astimezone(UTC)) == (SLOT.starts_at, SLOT.ends_at)  # type: ignore[union-attr]


def test_details() -> None:
    """Who runs it, how many that are of how many, and where one changes it."""
    found = Calendar.from_ical(made("en", *ENTRIES)).walk("VEVENT")
    assert [str(one["DESCRIPTION"]).splitlines() for one in found[5:]] == [
        ["Run by Eve and Fay", "Staff: 2 of 2", "https://t.me/duologue_bot"],
        ["https://t.me/duologue_bot"],
        ["Staff: 0 of 2", "https://t.me/duologue_bot"],
    ]
    early = replace(SLOT, busy_from=SLOT.starts_at - timedelta(minutes=30))
    ahead = [replace(ENTRIES[n], slot=early) for n in (0, 3)]
    session, shift = Calendar.from_ical(made("en", *ahead)).walk("VEVENT")
    assert "Set-up" not in str(session["DESCRIPTION"])
    assert "Set-up from" in str(shift["DESCRIPTION"])


def test_the_calendar_has_a_name_and_is_looked_at_again() -> None:
    """Under the properties of the standard and under the older ones that many programs read."""
    whole = Calendar.from_ical(made("en", studio={"en": "Dazhongsi", "zh": "大钟寺"}))
    assert (str(whole["NAME"]), str(whole["X-WR-CALNAME"])) == ("Dazhongsi", "Dazhongsi")
    text = made("zh", studio={"en": "Dazhongsi", "zh": "大钟寺"}).decode()
    assert "\r\nX-WR-CALNAME:大钟寺\r\n" in text
    assert "\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text
    assert "\r\nX-PUBLISHED-TTL:PT1H\r\n" in text
    assert "X-WR-CALNAME:Recording sessions\r\n" in made("en").decode()


def test_one_zone_is_defined_once_for_all_its_years() -> None:
    """However many entries name it."""
    berlin = replace(SLOT, zone="Europe/Berlin")
    later = replace(berlin, starts_at=SLOT.starts_at + TWICE, ends_at=SLOT.ends_at + TWICE)
    slots = (berlin, SLOT, later, berlin)
    file = made("en", *(replace(ENTRIES[0], uid=f"{n}", slot=slot) for n, slot in enumerate(slots)))
    zones = Calendar.from_ical(file).walk("VTIMEZONE")
    assert sorted(str(zone["TZID"]) for zone in zones) == sorted({"Europe/Berlin", SLOT.zone})
    found = IcsCalendarStream.calendar_from_ics(file.decode()).events
    assert [one.dtstart.astimezone(UTC) for one in found] == [slot.starts_at for slot in slots]  # type: ignore[union-attr]


def test_the_same_calendar_is_the_same_file() -> None:
    """To the byte: that is what programs are told by to fetch it only when it has changed."""
    assert made("en", *ENTRIES) == made("en", *ENTRIES)
