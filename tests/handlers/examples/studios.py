"""Studios and invitations into roles."""

from dataclasses import replace

from bot.services.messages import Message
from bot.services.messages import closures as c
from bot.services.messages import studios as m
from bot.services.studio.closure_draft import ALL, DAYS
from tests.handlers.examples.common import (
    ADDRESS,
    CITY,
    LATER,
    LINK,
    MAP_URL,
    NAME,
    NEXT,
    NOW,
    SLOT,
    STUDIO,
    WORDS,
    ZONE,
)
from tests.handlers.examples.slots import CITIES

BARE = m.StudioView(2, "sydney", {}, {"en": STUDIO["en"]}, ZONE, 1)
FULL = m.StudioView(10**9, "beijing", CITY, STUDIO, ZONE, 3, ADDRESS, MAP_URL)
RESTED = replace(FULL, setup=15, cleanup=30, closures=1)
CLOSURE = c.ClosureView(10**9, FULL, 2, NOW, LATER, WORDS)
WHOLE = c.ClosureView(1, FULL, None, NOW, LATER)
ALONE = c.ClosureView(1, BARE, None, NOW, LATER)
BOOKED = c.Touched(SLOT, (NAME, NAME))
GIVEN: dict[str, str | int | None] = {
    "city": "beijing",
    "city_names": None,
    "name": STUDIO["en"],
    "zone": ZONE,
    "rooms": 1,
}

EXAMPLES: tuple[Message, ...] = (
    m.StudioList(()),
    m.StudioList((BARE, FULL)),
    m.StudioAdded(FULL, asked=1, staff=1, staff_needed=2),
    m.StudioAdded(BARE, asked=4),
    m.StudioCard(FULL),
    m.StudioCard(FULL, calendar=True),
    m.StudioCard(BARE, changed=True),
    m.StudioCard(RESTED, changed=True, close=1),
    m.StudioCard(replace(RESTED, closures=3), changed=True, close=2),
    *(m.AskStudioField(FULL, field) for field in ("name", "address", "map", "zone", "rooms")),
    *(m.AskStudioField(FULL, field) for field in ("setup", "cleanup")),
    c.AskClosure(FULL, "room", ("1", "2", ALL)),
    c.AskClosure(FULL, "dates", DAYS),
    c.AskClosure(FULL, "reason"),
    c.ClosurePreview(CLOSURE, 0),
    c.ClosurePreview(WHOLE, 1, (BOOKED,), 1, 1, 1),
    c.ClosurePreview(ALONE, 3, (BOOKED,) * 13, 2, 2, 2),
    c.ClosurePreview(ALONE, 3, (BOOKED,) * 15),
    *(c.ClosureCard(CLOSURE, what) for what in ("", "applied", "dropped", "lifted")),
    c.ClosureCard(CLOSURE, "applied", 1, 1),
    c.ClosureCard(WHOLE, "applied", 2, 2),
    c.ClosureList(FULL, ()),
    c.ClosureList(FULL, (CLOSURE, WHOLE)),
    m.AskStudio("city"),
    m.AskStudio("city", cities=CITIES),
    *(
        m.AskStudio(step, {"city": "beijing"}, zones=(ZONE,))
        for step in ("city_names", "name", "zone", "rooms", "address", "map")
    ),
    m.AskStudio("done", GIVEN),
    m.AskStudio("done", {**GIVEN, "rooms": 3, "city_names": CITY["zh"], "address": ADDRESS, "map": MAP_URL}),
    m.ConfirmClosing(FULL, 0, ()),
    m.ConfirmClosing(FULL, 1, (SLOT,)),
    m.ConfirmClosing(FULL, 2, (SLOT, NEXT) * 5, rooms=2),
    m.ConfirmClosing(FULL, 0, (SLOT,) * 9, rooms=1),
    m.StudioClosed(FULL, 0),
    m.StudioClosed(FULL, 1, kept=1),
    m.StudioClosed(FULL, 3, kept=2),
    m.StudioClosed(FULL, 3, called_off=1),
    m.StudioClosed(replace(FULL, rooms=0), 3, called_off=2),
    m.AskInvitation(),
    m.AskInvitation(CITIES),
    m.AskInvitation(CITIES, staff=True),
    m.InviteLink("reviewer", LINK, 1),
    m.InviteLink("staff", LINK, 14, "beijing", CITY),
    m.InviteLink("coordinator", LINK, 14),
)
