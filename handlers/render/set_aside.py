"""Words about updates that were set aside: to coordinators in `/pending`, on the buttons, and to their senders."""

from bot.services.messages import overview as m
from bot.services.messages.people import SomethingBroke
from bot.texts import Html, Speech, mark
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, renders

WHATS = {
    "press": mark("the press of a button"),
    "command": mark("a command"),
    "text": mark("some words"),
    "voice": mark("a voice message"),
    "file": mark("a file"),
    "message": mark("a message"),
    "edit": mark("a changed message"),
    "membership": mark("a change of membership"),
    "unknown": mark("something unknown"),
}
"""What somebody did."""


def paragraph(message: m.Pending, say: Speech) -> Html:
    """Each of those that are named, and what the two buttons below do about it."""
    count = len(message.set_aside) + message.more_set_aside
    if not count:
        return Html("")
    head = say.say_n(
        "📥 <b>{n} message or press</b> could not be handled and was set aside:",
        "📥 <b>{n} messages or presses</b> could not be handled and were set aside:",
        count,
    )
    more = (
        say.say_n("… and {n} more", "… and {n} more", message.more_set_aside)
        if message.more_set_aside
        else Html("")
    )
    todo = say.say(
        "Tried again, it is done as if it came now. Dropped, it stays undone and is kept for the record."
    )
    return lines(head, *(_line(one, message, say) for one in message.set_aside), more, todo)


def what_by_whom(one: m.SetAside, say: Speech) -> Html:
    """What it was and whose: "a voice message by Ann"."""
    name = one.name or say.say("somebody unknown")
    return say.say("{what} by {name}", what=say.say(WHATS[one.what]), name=name)


def _line(one: m.SetAside, message: m.Pending, say: Speech) -> Html:
    facts = {
        "id": one.row_id,
        "it": what_by_whom(one, say),
        "span": say.span(message.at - one.since),
        "reason": one.reason,
    }
    if one.unreadable:
        return say.say("• #{id}: {it}, {span} ago. Cannot be read: <code>{reason}</code>", **facts)
    return say.say("• #{id}: {it}, {span} ago. Keeps failing: <code>{reason}</code>", **facts)


def buttons(message: m.Pending, say: Speech) -> Rows:
    """Two for each that is named."""
    return tuple(
        (
            Button(say.say("🔁 Try #{id} again", id=one.row_id), f"inbox:{one.row_id}:retry"),
            Button(say.say("🗑 Drop #{id}", id=one.row_id), f"inbox:{one.row_id}:drop"),
        )
        for one in message.set_aside
    )


@words("NotSetAside")
def _(f: Facts, say: Speech) -> Html:
    told = {
        "new": say.say("#{id} is being tried again already.", id=f["row_id"]),
        "done": say.say("#{id} has been done by now.", id=f["row_id"]),
        "dropped": say.say("#{id} was dropped.", id=f["row_id"]),
    }
    return told.get(f["state"]) or say.say("Nothing is set aside as #{id}.", id=f["row_id"])


@renders(SomethingBroke)
def something_broke(message: SomethingBroke, say: Speech) -> Screen:
    """To the sender of an update that was set aside."""
    if message.unreadable:
        return Screen(
            say.say(
                "What you just sent reached me in a form that I cannot read, so nothing came of it. It is kept, and "
                "the coordinators can see it. Please try another way; /start shows where you stand."
            )
        )
    return Screen(
        say.say(
            "Something went wrong on our side with what you just did. It is kept, and the coordinators can see it and "
            "try it again; nothing else of yours is lost. /start shows where you stand."
        )
    )
