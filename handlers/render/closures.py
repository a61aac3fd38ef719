"""Words about rooms that are closed for a while."""

from zoneinfo import ZoneInfo

from bot.services.messages import closures as m
from bot.texts import Html, Speech, verbatim
from handlers.render import places
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


def _about(view: m.ClosureView, say: Speech) -> Html:
    """Where, from when to when, why."""
    zone = ZoneInfo(view.studio.zone)
    name = say.named(view.studio.names, view.studio.city)
    place = name
    if view.room is not None:
        place = say.say("{studio}, room {number}", studio=name, number=view.room)
    elif view.studio.rooms > 1:
        place = say.say("{studio}, every room", studio=name)
    begins = say.moment(view.starts_at, zone)
    ends = say.moment(view.ends_at, zone)
    reason = say.say("The reason: {reason}", reason=verbatim(view.reason)) if view.reason else ""
    return lines(Html(f"<b>{place}</b>"), say.say("from {first} to {last}", first=begins, last=ends), reason)


@renders(m.AskClosure)
def ask_closure(message: m.AskClosure, say: Speech) -> Screen:
    """One question; typed answers work as well as the buttons."""
    asks = {
        "room": say.say("🚧 Which room shall be closed for a while?"),
        "dates": say.say("🚧 When? Choose, or type it: 2026-12-05..2026-12-06, or 2026-12-05 09:00..14:00"),
        "reason": say.say("🚧 Why? Who has booked will read it. Type it, or leave it out."),
    }
    data = f"rest:{message.studio.studio_id}:{message.step}"
    buttons = [Button(_label(message.step, option, say), f"{data}:{option}") for option in message.options]
    if message.step == "reason":
        buttons = [Button(say.say("Without a reason"), f"{data}:skip")]
    leave = Button(say.say("Leave it open"), f"studio:{message.studio.studio_id}:show")
    name = say.named(message.studio.names)
    return Screen(lines(Html(f"<b>{name}</b>"), asks[message.step]), (*rows(buttons, 3), (leave,)))


def _label(step: str, option: str, say: Speech) -> Html:
    if step == "dates":
        return say.say_n("Tomorrow", "{n} days from tomorrow", int(option))
    return say.say("All rooms") if option == "all" else say.say("room {number}", number=option)


@renders(m.ClosurePreview)
def preview(message: m.ClosurePreview, say: Speech) -> Screen:
    """What it touches, before anything happens."""
    data = f"closure:{message.closure.closure_id}"
    more = ""
    if message.more:
        more = say.say_n(
            "⚠️ Nothing is closed yet: one more session has been booked since.",
            "⚠️ Nothing is closed yet: {n} more sessions have been booked since.",
            message.more,
        )
    free = say.say("• No free times are affected.")
    if message.free:
        free = say.say_n(
            "• One free time will be cancelled; staff who confirmed it will be told.",
            "• {n} free times will be cancelled; staff who confirmed them will be told.",
            message.free,
        )
    yes = Button(
        say.say("Close, and cancel these") if message.booked else say.say("Yes, close"), f"{data}:apply"
    )
    no = Button(say.say("Leave it open"), f"{data}:drop")
    text = paragraphs(
        more,
        say.say("🚧 <b>Close for a while?</b>"),
        _about(message.closure, say),
        lines(free, _booked(message, say), _others(message, say)),
    )
    return Screen(text, ((yes,), (no,)))


def _booked(message: m.ClosurePreview, say: Speech) -> Html:
    if not message.booked:
        return Html("")
    head = say.say_n(
        "• One booked session will be called off. The two are told, it costs them nothing, and they are offered "
        "other times:",
        "• {n} booked sessions will be called off. Everybody is told, it costs them nothing, and they are offered "
        "other times:",
        len(message.booked),
    )
    shown = [
        Html(f"   {places.short(one.slot, say)} · {say.join([verbatim(name) for name in one.names])}")
        for one in message.booked[:12]
    ]
    more = len(message.booked) - len(shown)
    return lines(head, *shown, Html("   " + say.say_n("and one more", "and {n} more", more)) if more else "")


def _others(message: m.ClosurePreview, say: Speech) -> Html:
    waiting = running = ""
    if message.waiting:
        waiting = say.say_n(
            "• One pair waits for these times and will be told.",
            "• {n} pairs wait for these times and will be told.",
            message.waiting,
        )
    if message.running:
        running = say.say_n(
            "• One session has begun and goes on.", "• {n} sessions have begun and go on.", message.running
        )
    return lines(waiting, running)


@renders(m.ClosureCard)
def card(message: m.ClosureCard, say: Speech) -> Screen:
    """What became of it."""
    told = {
        "": Html(""),
        "applied": say.say("🚧 Closed. Nothing is planned there in this time."),
        "dropped": say.say("Nothing was changed."),
        "lifted": say.say("✅ Open again. What was called off stays so; plan it anew if you need it."),
    }[message.what]
    free = booked = ""
    if message.free:
        free = say.say_n("One free time was cancelled.", "{n} free times were cancelled.", message.free)
    if message.booked:
        booked = say.say_n(
            "One booked session was called off; we are telling everybody.",
            "{n} booked sessions were called off; we are telling everybody.",
            message.booked,
        )
    return Screen(paragraphs(told, lines(_about(message.closure, say), free, booked)), _buttons(message, say))


def _buttons(message: m.ClosureCard, say: Speech) -> Rows:
    studio = message.closure.studio.studio_id
    back = Button(say.say("Show the studio"), f"studio:{studio}:show")
    if message.what in ("", "applied"):
        lift = Button(say.say("Open it again"), f"closure:{message.closure.closure_id}:lift")
        return ((lift, back),)
    if message.what == "lifted":
        return ((Button(say.say("🗓 Plan studio times"), "plan:go"), back),)
    return ((back,),)


@renders(m.ClosureList)
def closure_list(message: m.ClosureList, say: Speech) -> Screen:
    """What is closed in a studio, a button each."""
    studio = message.studio
    new = Button(say.say("🚧 Close for a while"), f"rest:{studio.studio_id}:go")
    back = Button(say.say("Show the studio"), f"studio:{studio.studio_id}:show")
    if not message.closures:
        none = say.say("Nothing is closed in {name}.", name=say.named(studio.names))
        return Screen(none, ((new, back),))
    zone = ZoneInfo(studio.zone)
    buttons = [
        Button(_short(view, zone, say), f"closure:{view.closure_id}:show") for view in message.closures[:20]
    ]
    told = [_about(view, say) for view in message.closures[:20]]
    return Screen(
        paragraphs(say.say("🚧 <b>Closed for a while</b>"), *told), (*rows(buttons, 1), (new, back))
    )


def _short(view: m.ClosureView, zone: ZoneInfo, say: Speech) -> str:
    room = "" if view.room is None else " · " + say.say("room {number}", number=view.room)
    return f"{say.day(view.starts_at, zone)} {say.clock(view.starts_at, zone)}{room}"


# --- what can be wrong


@words("UnknownRoom")
def _(f: Facts, say: Speech) -> Html:
    return say.say_n(
        "There is no room {number} in this studio: it has one room.",
        "There is no room {number} in this studio: it has the rooms 1 to {n}.",
        f["rooms"],
        number=f["room"],
    )


@words("ClosurePast")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This time is over already. Please choose a later one.")


@words("UnknownClosure")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("I do not know this closing. /studio shows what is closed.")


@words("ClosureOver")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "applied":
        return say.say("This is closed already. /studio shows what is closed.")
    if f["state"] == "lifted":
        return say.say("This was opened again already. /studio shows what is closed.")
    return say.say("Nothing was closed here: it was left open. /studio begins anew.")


@words("BadSpan")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I cannot read “{piece}” as a time from when to when. It looks like this: {forms}",
        piece=f["token"][:40],
        forms=_forms(f, say),
    )


@words("SpanReversed")
def _(f: Facts, say: Speech) -> Html:
    return say.say("It ends before it begins. It looks like this: {forms}", forms=_forms(f, say))


@words("ClosedTooLong")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "That is longer than {limit} days. Better close the studio for good: /studio", limit=f["limit"]
    )


def _forms(f: Facts, say: Speech) -> Html:
    return say.join([Html(f"<code>{verbatim(form)}</code>") for form in f["expected"]], "or")
