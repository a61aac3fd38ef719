"""Words about calendars to subscribe to, and the words in them."""

from html import escape
from zoneinfo import ZoneInfo

from bot.services.booking import calendar
from bot.services.calendars.entries import Contents, Entry
from bot.services.messages import calendars as m
from bot.texts import Html, Speech, mark
from handlers.render.places import in_calendar, zone_of
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, plain, renders, rows


def button(say: Speech) -> Button:
    """Leads to one's own calendar."""
    return Button("📅 " + say.say("In my calendar"), "feed:me")


@renders(m.CalendarStands)
def calendar_stands(message: m.CalendarStands, say: Speech) -> Screen:
    """What a link is good for or, where there is one, how it does."""
    if message.studio is None:
        title = say.say("📅 <b>Your sessions in your own calendar</b>")
        shows = say.say(
            "A secret link that your calendar reads by itself: what is booked, moved or cancelled shows there too, "
            "after some hours in most calendars. Reminders still come here."
        )
    else:
        title = say.say("📅 <b>{studio} in your own calendar</b>", studio=say.named(message.studio.names))
        shows = say.say(
            "A secret link that your calendar reads by itself: what is free and what is booked, who records and who "
            "runs it. Some calendars look only every few hours."
        )
    if message.made_at is None:
        secret = say.say("Whoever has the link sees what you would see, so keep it to yourself.")
        return Screen(paragraphs(title, shows, secret), _choices(message, say))
    zone = ZoneInfo(message.zone)
    there = say.say("You have had a link since {day}.", day=say.day(message.made_at, zone))
    read = say.say("No calendar has read it yet.")
    if message.read_at is not None:
        read = say.say("It was last read on {when}.", when=say.moment(message.read_at, zone))
    lost = say.say(
        "It is further up in this chat; we keep no copy. Lost it, or has somebody else seen it? Make a new one: that "
        "ends the old one."
    )
    return Screen(paragraphs(title, lines(there, read), lost), _choices(message, say))


def _choices(message: m.CalendarStands, say: Speech) -> Rows:
    data = _data(message.studio)
    own = [Button(say.say("Make a link"), f"{data}:new")]
    if message.made_at is not None:
        own = [
            Button(say.say("Make a new link"), f"{data}:new"),
            Button(say.say("End the link"), f"{data}:end"),
        ]
    studios = [
        Button(f"📅 {say.named(studio.names)}", f"feed:{studio.studio_id}") for studio in message.studios[:8]
    ]
    return (tuple(own), *rows(studios, 1))


def _data(studio: m.StudioName | None) -> str:
    return "feed:me" if studio is None else f"feed:{studio.studio_id}"


@renders(m.CalendarLink)
def calendar_link(message: m.CalendarLink, say: Speech) -> Screen:
    """The link, and where it is put."""
    title = say.say("📅 The secret link to your sessions:")
    if message.studio is not None:
        title = say.say("📅 The secret link to {studio}:", studio=say.named(message.studio.names))
    text = paragraphs(
        lines(title, Html(f"<code>{escape(message.url)}</code>")),
        lines(
            say.say("Tap it to copy it, then subscribe to it in your calendar:"),
            say.say("• iPhone: Calendar → Calendars → Add Calendar → Add Subscription Calendar"),
            say.say("• Google, on a computer: Other calendars → + → From URL"),
            say.say("• Outlook: Add calendar → Subscribe from web"),
        ),
        say.say("Whoever has this link sees what you would see. A press ends it at any time."),
    )
    return Screen(text, ((Button(say.say("End the link"), f"{_data(message.studio)}:end"),),))


@renders(m.CalendarLinkEnded)
def calendar_link_ended(_message: m.CalendarLinkEnded, say: Speech) -> Screen:
    """In the place of a link."""
    return Screen(say.say("📅 The link that was here has ended; no calendar can read it any more."))


@words("NoPublicPages")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "Calendar links are switched off at the moment. /bookings and /today show what is coming up for you."
    )


# --- what calendars show


def feed(contents: Contents, bot_username: str, say: Speech) -> bytes:
    """A whole calendar as a file."""
    name = say.say("Recording sessions")
    if contents.studio is not None:
        name = say.named(contents.studio)
    return calendar.feed(plain(name), [_entry(entry, say, bot_username) for entry in contents.entries])


_TITLES = {
    "session": mark("Recording session with {names}"),
    "held": mark("Held: recording session with {names}"),
    "shift": mark("You run the session: {names}"),
    "taken": mark("Booked: {names}"),
    "free": mark("Free"),
    "planned": mark("Planned, not open yet"),
}
"""What an entry is called, by what it is."""

_NAMELESS = {
    "session": mark("Recording session"),
    "held": mark("Held: recording session"),
    "shift": mark("You run the session"),
    "taken": mark("Booked"),
}
"""The same where nobody is known whose name could be said."""

_TENTATIVE = ("held", "planned")


def _entry(entry: Entry, say: Speech, bot_username: str) -> calendar.Entry:
    titles = _TITLES if entry.names or entry.what not in _NAMELESS else _NAMELESS
    names = say.join([escape(name) for name in entry.names])
    return calendar.Entry(
        entry.uid,
        entry.version,
        "tentative" if entry.what in _TENTATIVE else "confirmed",
        entry.slot.starts_at,
        entry.slot.ends_at,
        zone_of(entry.slot),
        plain(say.say(titles[entry.what], names=names)),
        in_calendar(entry.slot, say),
        plain(_details(entry, say, bot_username)),
        entry.at,
        busy=entry.what != "free",
    )


def _details(entry: Entry, say: Speech, bot_username: str) -> Html:
    """Who runs it and from when, and where one changes it."""
    staff = around = Html("")
    if entry.staff:
        staff = say.say("Run by {names}", names=say.join([escape(name) for name in entry.staff]))
    if entry.needed:
        staff = lines(
            staff,
            say.say("Staff: {there} of {needed}", there=len(entry.staff), needed=entry.needed),
        )
    if entry.slot.busy_from is not None and entry.what not in ("session", "held"):
        zone = zone_of(entry.slot)
        around = say.say("Set-up from {time}", time=say.clock(entry.slot.busy_from, zone))
    chat = Html(f"https://t.me/{escape(bot_username)}") if bot_username else Html("")
    return lines(staff, around, chat)
