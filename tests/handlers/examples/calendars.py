"""Calendars to subscribe to."""

from dataclasses import replace
from datetime import timedelta

from bot.services.calendars.entries import Contents, Entry
from bot.services.messages import Message
from bot.services.messages import calendars as m
from tests.handlers.examples.common import CITY, LATER, NOW, SLOT, ZONE

STUDIO = m.StudioName(10**9, CITY)

EXAMPLES: tuple[Message, ...] = (
    m.CalendarStands(ZONE),
    m.CalendarStands(ZONE, made_at=NOW),
    m.CalendarStands(ZONE, made_at=NOW, read_at=LATER, studios=(STUDIO, STUDIO)),
    m.CalendarStands(ZONE, STUDIO),
    m.CalendarStands(ZONE, STUDIO, NOW, LATER),
    m.CalendarLink("https://bot.example.org/calendar/" + "x" * 43 + ".ics"),
    m.CalendarLink("https://bot.example.org/calendar/" + "x" * 43 + ".ics", STUDIO),
    m.CalendarLinkEnded(),
)

ENTRIES = tuple(
    Entry(what, f"{what}-{len(names)}@duologue", 3, SLOT, NOW, names, staff, needed)
    for what, names, staff, needed in (
        ("session", ("Bo <b>",), (), 0),
        ("session", (), (), 0),
        ("held", ("Bo",), (), 0),
        ("shift", ("Ann", "Bo"), ("Eve",), 0),
        ("shift", (), ("Eve",), 0),
        ("taken", ("Ann", "Bo"), ("Eve", "Fay"), 2),
        ("free", (), (), 0),
        ("planned", (), (), 2),
    )
)

SET_UP = replace(ENTRIES[3], slot=replace(SLOT, busy_from=SLOT.starts_at - timedelta(minutes=30)))

NAMELESS = (replace(ENTRIES[2], names=()), replace(ENTRIES[5], names=()))

CALENDARS = (Contents("en", (*ENTRIES, *NAMELESS, SET_UP)), Contents("en", ENTRIES, CITY))
"""What calendar programs read."""
