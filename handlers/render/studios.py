"""Words about studios: the list, one of them, being led through a new one, closing, and invitations."""

from html import escape

from bot.services.messages import studios as m
from bot.texts import Html, Speech, mark
from handlers.render import places
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

# --- the list and one studio


@renders(m.StudioList)
def studio_list(message: m.StudioList, say: Speech) -> Screen:
    """Every studio with its number; buttons to each, and to a new one."""
    new = Button(say.say("➕ Add a studio"), "newstudio:go")
    if not message.studios:
        return Screen(say.say("There is no studio yet."), ((new,),))
    told = [_about(studio, say) for studio in message.studios]
    buttons = [
        Button(f"#{studio.studio_id} {say.named(studio.names)}", f"studio:{studio.studio_id}:show")
        for studio in message.studios
    ]
    return Screen(paragraphs(say.say("<b>Studios</b>"), *told), (*rows(buttons, 1), (new,)))


def _about(studio: m.StudioView, say: Speech) -> Html:
    name = say.named(studio.names)
    others = [escape(other) for other in studio.names.values() if escape(other) != name]
    title = Html(" · ".join([f"<b>#{studio.studio_id} {name}</b>", *others]))
    where = say.say(
        "{city} · {rooms} · times in {zone}",
        city=say.named(studio.city_names, studio.city),
        rooms=say.say_n("one room", "{n} rooms", studio.rooms),
        zone=studio.zone,
    )
    around = closed = ""
    if studio.setup or studio.cleanup:
        around = say.say(
            "🧹 {setup} min to set up before each session, {cleanup} min to clean up after it",
            setup=studio.setup,
            cleanup=studio.cleanup,
        )
    if studio.closures:
        closed = say.say_n("🚧 Closed for a while: once", "🚧 Closed for a while: {n} times", studio.closures)
    return lines(title, where, places.directions_to(studio.address, studio.map_url, say), around, closed)


@renders(m.StudioCard)
def studio_card(message: m.StudioCard, say: Speech) -> Screen:
    """One studio and what can be done to it."""
    head = say.say("✅ Changed.") if message.changed else ""
    near = ""
    if message.close:
        near = say.say_n(
            "⚠️ One planned session stands too near to another for that; it stays where it is.",
            "⚠️ {n} planned sessions stand too near to others for that; they stay where they are.",
            message.close,
        )
    text = paragraphs(lines(head, _about(message.studio, say)), near)
    return Screen(text, _card_buttons(message, say))


def _card_buttons(message: m.StudioCard, say: Speech) -> Rows:
    studio = message.studio
    data = f"studio:{studio.studio_id}"
    link = (Button("📅 " + say.say("In my calendar"), f"feed:{studio.studio_id}"),)
    fields = [Button(say.say(label), f"{data}:set:{field}") for field, label in _FIELDS.items()]
    return (
        *rows(fields, 3),
        *_resting(studio, say),
        *((link,) if message.calendar else ()),
        (
            Button(say.say("Close this studio"), f"{data}:close"),
            Button(say.say("All studios"), "studios"),
        ),
    )


def _resting(studio: m.StudioView, say: Speech) -> Rows:
    """Closing for a while, and what is closed."""
    data = f"rest:{studio.studio_id}"
    new = Button(say.say("🚧 Close for a while"), f"{data}:go")
    return ((new, Button(say.say("What is closed"), f"{data}:list")) if studio.closures else (new,),)


_FIELDS = {
    "name": mark("Name"),
    "address": mark("Address"),
    "map": mark("Map link"),
    "zone": mark("Time zone"),
    "rooms": mark("Rooms"),
    "setup": mark("Setting up"),
    "cleanup": mark("Cleaning up"),
}


@renders(m.AskStudioField)
def ask_studio_field(message: m.AskStudioField, say: Speech) -> Screen:
    """One field, typed."""
    asks = {
        "name": say.say(
            "Type the new name; both languages with a slash between them: Dazhongsi studio / 大钟寺录音棚"
        ),
        "address": say.say("Type the new address, or - for none."),
        "map": say.say("Paste the new map link, or - for none."),
        "zone": say.say("Type the new time zone, for example Asia/Shanghai."),
        "rooms": say.say("Type how many rooms it has now."),
        "setup": say.say("How many minutes does setting up take before each session? Type 0 for none."),
        "cleanup": say.say("How many minutes does cleaning up take after each session? Type 0 for none."),
    }
    back = Button(say.say("Leave it as it is"), f"studio:{message.studio.studio_id}:show")
    name = say.named(message.studio.names)
    return Screen(lines(Html(f"<b>{name}</b>"), asks[message.field]), ((back,),))


@renders(m.StudioAdded)
def studio_added(message: m.StudioAdded, say: Speech) -> Screen:
    """It stands; what comes next."""
    asked = ""
    if message.asked:
        asked = say.say_n(
            "One person who had no city to choose from is being asked now.",
            "{n} people who had no city to choose from are being asked now.",
            message.asked,
        )
    staff = ""
    city = message.studio.city
    if message.staff < message.staff_needed:
        staff = say.say(
            "Each session needs {needed} of the staff, and {city} has {there}. Invite some: "
            "<code>/invite staff {code}</code>",
            needed=message.staff_needed,
            city=say.named(message.studio.city_names, city),
            there=message.staff,
            code=city,
        )
    buttons = (
        (Button(say.say("🗓 Plan studio times"), "plan:go"),),
        (
            Button(say.say("Invite staff"), f"invite:staff:{city}"),
            Button(say.say("Change it"), f"studio:{message.studio.studio_id}:show"),
        ),
    )
    head = lines(say.say("✅ The studio is added."), _about(message.studio, say))
    return Screen(paragraphs(head, lines(asked, staff)), buttons)


# --- closing


@renders(m.ConfirmClosing)
def confirm_closing(message: m.ConfirmClosing, say: Speech) -> Screen:
    """What it touches, before anything happens."""
    name = say.named(message.studio.names)
    ask = say.say("Close <b>{name}</b>?", name=name)
    if message.rooms:
        ask = say.say_n(
            "Leave <b>{name}</b> only one room?",
            "Leave <b>{name}</b> only {n} rooms?",
            message.rooms,
            name=name,
        )
    free = say.say("• No free times are affected.")
    if message.free:
        free = say.say_n(
            "• One free time will be cancelled; staff who confirmed it will be told.",
            "• {n} free times will be cancelled; staff who confirmed them will be told.",
            message.free,
        )
    booked = _booked(message, say)
    return Screen(paragraphs(ask, lines(free, booked)), _closing_buttons(message, say))


def _booked(message: m.ConfirmClosing, say: Speech) -> Html:
    if not message.booked:
        return Html("")
    head = say.say_n(
        "• One session is booked. You decide what becomes of it:",
        "• {n} sessions are booked. You decide what becomes of them:",
        len(message.booked),
    )
    shown = [Html(f"   {places.short(slot, say)}") for slot in message.booked[:8]]
    more = len(message.booked) - len(shown)
    return lines(head, *shown, Html("   " + say.say_n("and one more", "and {n} more", more)) if more else "")


def _closing_buttons(message: m.ConfirmClosing, say: Speech) -> Rows:
    data = f"studio:{message.studio.studio_id}"
    leave = Button(say.say("Leave it open"), f"{data}:show")
    if not message.booked:
        return ((Button(say.say("Yes, close"), f"{data}:closed:{message.rooms}"), leave),)
    return (
        (Button(say.say("Close, but keep what is booked"), f"{data}:closed:{message.rooms}"),),
        (Button(say.say("Close, and cancel what is booked"), f"{data}:closeall:{message.rooms}"),),
        (leave,),
    )


@renders(m.StudioClosed)
def studio_closed(message: m.StudioClosed, say: Speech) -> Screen:
    """Done."""
    kept = ""
    if message.kept:
        kept = say.say_n(
            "One booked session still takes place.", "{n} booked sessions still take place.", message.kept
        )
    off = ""
    if message.called_off:
        off = say.say_n(
            "One booked session was called off; we are telling everybody.",
            "{n} booked sessions were called off; we are telling everybody.",
            message.called_off,
        )
    gone = ""
    if message.cancelled:
        gone = say.say_n("One free time was cancelled.", "{n} free times were cancelled.", message.cancelled)
    text = say.say("<b>{name}</b> is closed.", name=say.named(message.studio.names))
    return Screen(lines(text, gone, off, kept), ((Button(say.say("All studios"), "studios"),),))


# --- what can be wrong


@words("UnknownCity")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "There is no studio in “{code}”. There are studios in {known}; /studio adds another.",
        code=f["code"],
        known=say.join([escape(code) for code in f["known"]]),
    )


@words("NoStudioYet")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is no studio yet. Add the first one: /studio")


@words("UnknownStudio")
def _(f: Facts, say: Speech) -> Html:
    if not f["known"]:
        return say.say("There is no studio yet. Add the first one: /studio")
    return say.say(
        "No studio has the number {number}. There are {known}; /studio lists them.",
        number=f["studio"],
        known=say.join([f"#{number}" for number in f["known"]]),
    )


@words("StudioExists")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "This city already has a “{name}”: #{number}. /studio shows it.",
        name=f["name"],
        number=f["studio"],
    )


@words("StudioIsClosed")
def _(f: Facts, say: Speech) -> Html:
    return say.say("Studio #{number} is closed. /studio lists the open ones.", number=f["studio"])


@words("ZoneInUse")
def _(f: Facts, say: Speech) -> Html:
    return say.say_n(
        "One coming time was planned in {zone}, so the time zone cannot change until it is over.",
        "{n} coming times were planned in {zone}, so the time zone cannot change until they are over.",
        f["count"],
        zone=f["zone"],
    )
