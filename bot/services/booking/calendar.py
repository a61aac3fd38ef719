"""Sessions as calendars read them: a file that a phone opens, or a calendar to subscribe to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import (
    Alarm,
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vDuration,
    vText,
)

PRODID = "-//Duologue//Duologue//EN"

LOOK_AGAIN = timedelta(hours=1)
"""How often a program that subscribes is asked to look; many look less often."""

Status = Literal["confirmed", "tentative", "cancelled"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a calendar.

    `uid` names the thing and never changes, `sequence` (0 first) rises with every change of it: that is how a
    calendar knows that it has the entry already. `starts_at`, `ends_at` and `at`, when the entry was written, are
    aware; the first two are told in `zone`. Texts may have newlines. `alarms` are how long before the start the phone
    speaks up, and what it shows then; what is cancelled has none. Who has an entry that is not `busy` has time.
    """

    uid: str
    sequence: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    summary: str
    location: str
    description: str
    at: datetime
    alarms: Sequence[tuple[timedelta, str]] = ()
    busy: bool = True


def event(entry: Entry, organizer: str | None = None) -> bytes:
    """One entry as an iCalendar file (RFC 5545): UTF-8, CRLF, lines folded at 75 bytes.

    Times are written in the studio's zone, which the file defines itself; the second run of an hour that clocks show
    twice is written in UTC, since a local time there means the first. `organizer` is an address such as
    ``mailto:studio@example.org``; one that contains a newline raises `ValueError`.

    The method is always PUBLISH (RFC 5546, 3.2.1). REQUEST and CANCEL are messages of a mail conversation
    between an organizer and attendees with addresses: opened as a file from a chat, a REQUEST asks for an
    answer that nobody receives, and a CANCEL is about an invitation that the calendar never got and may be
    refused. PUBLISH is "here is an entry", which every calendar can add and replace by UID and SEQUENCE; a
    cancellation is the same entry with STATUS:CANCELLED, and free time for calendars that keep showing it.
    """
    calendar = _calendar()
    _fill(calendar, [entry], organizer)
    return bytes(calendar.to_ical())


def feed(name: str, entries: Sequence[Entry]) -> bytes:
    """A calendar to subscribe to (RFC 5545, RFC 7986): its name, how often to look again, and all its entries.

    Names and intervals stand there twice: under the properties of the standard, and under those of before it, which
    are what Google's and Microsoft's calendars read.
    """
    calendar = _calendar()
    for prefix in ("", "X-WR-CAL"):
        calendar.add(f"{prefix}NAME", vText(_clean(name)))
    calendar.add("REFRESH-INTERVAL", LOOK_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(LOOK_AGAIN))
    _fill(calendar, entries, None)
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()  # `Calendar.new` would add a random UID, another one each time
    for name, value in (
        ("VERSION", "2.0"),
        ("PRODID", PRODID),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
    ):
        calendar.add(name, value)
    return calendar


def _fill(calendar: Calendar, entries: Sequence[Entry], organizer: str | None) -> None:
    """Add entries, after the zones that they name."""
    years: dict[str, tuple[int, int]] = {}
    for entry in entries:
        year, key = entry.starts_at.astimezone(entry.zone).year, entry.zone.key
        first, last = years.get(key, (year, year))
        years[key] = min(first, year), max(last, year)
    for key, (first, last) in years.items():
        calendar.add_component(_zone(key, first, last))
    for entry in entries:
        calendar.add_component(_event(entry, organizer))


def _event(entry: Entry, organizer: str | None) -> Event:
    start, end = entry.starts_at.astimezone(entry.zone), entry.ends_at.astimezone(entry.zone)
    if start.fold or end.fold:
        start, end = entry.starts_at.astimezone(UTC), entry.ends_at.astimezone(UTC)
    made = Event.new(
        uid=_clean(entry.uid),
        sequence=entry.sequence,
        stamp=entry.at.astimezone(UTC),
        last_modified=entry.at.astimezone(UTC),
        start=start,
        end=end,
        summary=_clean(entry.summary),
        location=_clean(entry.location),
        description=_clean(entry.description),
        organizer=None if organizer is None else vCalAddress(organizer),
    )
    standing = entry.status != "cancelled"
    made.add("STATUS", entry.status.upper())
    made.add("TRANSP", "OPAQUE" if standing and entry.busy else "TRANSPARENT")
    for ahead, text in entry.alarms if standing else ():
        made.add_component(_alarm(ahead, text))
    return made


def _alarm(ahead: timedelta, text: str) -> Alarm:
    """A text on the screen so long before the start (RFC 5545, 3.6.6).

    The span is written in minutes or seconds, never in days: a day of a calendar has 23 or 25 hours when the
    clocks change (3.3.6), and what was promised is elapsed time.
    """
    seconds = round(ahead.total_seconds())
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", vText(f"-PT{seconds}S" if seconds % 60 else f"-PT{seconds // 60}M"))
    alarm.add("DESCRIPTION", _clean(text))
    return alarm


@lru_cache(maxsize=64)
def _zone(key: str, first: int, last: int) -> Timezone:
    """The definition of a zone for some years and the ones beside them: all of history would be hundreds of lines.

    Written here because `Timezone.from_tzinfo` of icalendar 7.3 states a spring change in the new time, an hour
    late, where RFC 5545 (3.6.5) wants the time that was valid before it.
    """
    zone = ZoneInfo(key)
    begin, end = datetime(first - 1, 1, 1, tzinfo=UTC), datetime(last + 2, 1, 1, tzinfo=UTC)
    definition = Timezone()
    definition.add("TZID", key)
    before = begin.astimezone(zone)
    for change in (begin, *_changes(zone, begin, end)):
        after = change.astimezone(zone)
        part = TimezoneDaylight() if after.dst() else TimezoneStandard()
        part.add("DTSTART", (change + (before.utcoffset() or timedelta())).replace(tzinfo=None))
        part.add("TZOFFSETFROM", before.utcoffset())
        part.add("TZOFFSETTO", after.utcoffset())
        part.add("TZNAME", after.tzname() or key)
        definition.add_component(part)
        before = after
    return definition


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The UTC moments between the two at which the zone's offset changes."""
    day = timedelta(days=1)
    while begin < end:
        low, high = begin, begin + day
        offset = low.astimezone(zone).utcoffset()
        if high.astimezone(zone).utcoffset() != offset:
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            yield high.replace(microsecond=0)
        begin += day


def _clean(text: str) -> str:
    """Without control characters but newlines: RFC 5545 (3.1) allows none, and a calendar refuses the file."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char == "\n" or (char >= " " and char != "\x7f"))
