"""A session as an .ics file that a phone's calendar opens."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vText

PRODID = "-//Duologue//Duologue//EN"

Status = Literal["confirmed", "cancelled"]


def event(
    uid: str,
    sequence: int,
    status: Status,
    starts_at: datetime,
    ends_at: datetime,
    zone: ZoneInfo,
    summary: str,
    location: str,
    description: str,
    now: datetime,
    organizer: str | None = None,
    alarms: Sequence[tuple[timedelta, str]] = (),
) -> bytes:
    """One session as an iCalendar file (RFC 5545): UTF-8, CRLF, lines folded at 75 bytes.

    `uid` names the booking and never changes, `sequence` (0 first) rises with every move and with the
    cancellation: that is how a calendar knows that the file is about an entry it has. `starts_at`, `ends_at`
    and `now` are aware and are written in the studio's `zone`, which the file defines itself; the second run
    of an hour that clocks show twice is written in UTC, since a local time there means the first. Texts may
    have newlines. `organizer` is an address such as ``mailto:studio@example.org``; one that contains a newline
    raises `ValueError`. `alarms` are how long before the start the phone speaks up, and what it shows then; what is
    cancelled has none.

    The method is always PUBLISH (RFC 5546, 3.2.1). REQUEST and CANCEL are messages of a mail conversation
    between an organizer and attendees with addresses: opened as a file from a chat, a REQUEST asks for an
    answer that nobody receives, and a CANCEL is about an invitation that the calendar never got and may be
    refused. PUBLISH is "here is an entry", which every calendar can add and replace by UID and SEQUENCE; a
    cancellation is the same entry with STATUS:CANCELLED, and free time for calendars that keep showing it.
    """
    confirmed = status == "confirmed"
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    if start.fold or end.fold:
        start, end = starts_at.astimezone(UTC), ends_at.astimezone(UTC)
    entry = Event.new(
        uid=_clean(uid),
        sequence=sequence,
        stamp=now.astimezone(UTC),
        last_modified=now.astimezone(UTC),
        start=start,
        end=end,
        summary=_clean(summary),
        location=_clean(location),
        description=_clean(description),
        organizer=None if organizer is None else vCalAddress(organizer),
    )
    entry.add("STATUS", "CONFIRMED" if confirmed else "CANCELLED")
    entry.add("TRANSP", "OPAQUE" if confirmed else "TRANSPARENT")
    for ahead, text in alarms if confirmed else ():
        entry.add_component(_alarm(ahead, text))
    calendar = Calendar()  # `Calendar.new` would add a random UID, another one each time
    for name, value in (
        ("VERSION", "2.0"),
        ("PRODID", PRODID),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
    ):
        calendar.add(name, value)
    calendar.add_component(_zone(zone.key, starts_at.astimezone(zone).year))
    calendar.add_component(entry)
    return bytes(calendar.to_ical())


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
def _zone(key: str, year: int) -> Timezone:
    """The definition of a zone for a year and the ones beside it: all of history would be hundreds of lines.

    Written here because `Timezone.from_tzinfo` of icalendar 7.3 states a spring change in the new time, an hour
    late, where RFC 5545 (3.6.5) wants the time that was valid before it.
    """
    zone = ZoneInfo(key)
    begin, end = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
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
