"""Words of broadcasts: the questions about whom, the card of one, and what recipients get."""

from html import escape

from bot.services.messages import broadcasts as m
from bot.texts import LANGUAGES, Html, Speech, mark
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

AUDIENCES = {
    "all": mark("Everybody"),
    "applicants": mark("All applicants"),
    "approved": mark("Approved applicants"),
    "waiting": mark("Looking for a partner"),
    "paired": mark("With a partner"),
    "reviewers": mark("Reviewers"),
    "staff": mark("Studio staff"),
}
"""Whom a broadcast may go to."""


@renders(m.BroadcastWords)
def broadcast_words(message: m.BroadcastWords, _say: Speech) -> Screen:
    """The coordinator's words as they were typed."""
    return Screen(Html(escape(message.words, quote=False)))


@renders(m.AskAudience)
def ask_audience(message: m.AskAudience, say: Speech) -> Screen:
    """Every audience as a button."""
    buttons = [Button(say.say(AUDIENCES[name]), f"aim:{name}") for name in message.audiences]
    return Screen(say.say("📣 Who should get the message?"), rows(buttons, 2))


@renders(m.AskAudienceCity)
def ask_city(message: m.AskAudienceCity, say: Speech) -> Screen:
    """Every city with a studio, or all of them."""
    audience = message.circle.audience
    buttons = [Button(say.named(c.names, c.code), f"aim:{audience}:{c.code}") for c in message.cities]
    every = Button(say.say("Every city"), f"aim:{audience}:*")
    text = lines(_to(message.circle, say), say.say("In which city?"))
    return Screen(text, ((every,), *rows(buttons, 2)))


@renders(m.AskAudienceLanguage)
def ask_language(message: m.AskAudienceLanguage, say: Speech) -> Screen:
    """Every language that the bot speaks, or all of them."""
    so_far = f"aim:{message.circle.audience}:{message.circle.city or '*'}"
    buttons = [Button(name, f"{so_far}:{code}") for code, name in LANGUAGES.items()]
    every = Button(say.say("Every language"), f"{so_far}:*")
    text = lines(_to(message.circle, say), say.say("Only those who use the bot in one language?"))
    return Screen(text, ((every,), tuple(buttons)))


@renders(m.AskBroadcastWords)
def ask_words(message: m.AskBroadcastWords, say: Speech) -> Screen:
    """Typed next; nothing is sent before it was shown."""
    return Screen(
        paragraphs(
            lines(_to(message.circle, say), _heads(message.head_count, say)),
            say.say(
                "Now type the message. You will see it before anything is sent; /cancel if you "
                "change your mind."
            ),
        )
    )


def _to(circle: m.Circle, say: Speech) -> Html:
    parts = [say.say(AUDIENCES[circle.audience])]
    if circle.city:
        parts.append(say.named(circle.city_names, circle.city))
    if circle.language:
        parts.append(say.language_name(circle.language))
    return say.say("📣 To: <b>{circle}</b>", circle=Html(" · ".join(parts)))


def _heads(count: int, say: Speech) -> Html:
    return say.say_n("{n} person can be reached now.", "{n} people can be reached now.", count)


# --- the card


@renders(m.BroadcastCard)
def broadcast_card(message: m.BroadcastCard, say: Speech) -> Screen:
    """A preview, its progress or its end."""
    quoted = (
        f"<blockquote expandable>{escape(message.words, quote=False)}</blockquote>" if message.words else ""
    )
    if message.state == "draft":
        text = paragraphs(
            lines(_to(message.circle, say), _heads(message.head_count, say), say.say("Nothing is sent yet.")),
            quoted or say.say("The message is above, just as they will get it."),
        )
    else:
        text = lines(_state(message, say), _to(message.circle, say), _tally(message.tally, say), quoted)
    return Screen(text, _buttons(message, say))


def _state(message: m.BroadcastCard, say: Speech) -> Html:
    done = message.head_count - message.tally.left
    share = say.percent(done / message.head_count) if message.head_count else say.percent(1)
    states = {
        "sending": say.say("⏳ <b>Sending</b>: {share}", share=share),
        "paused": say.say("⏸ <b>Paused</b> at {share}", share=share),
        "sent": say.say("✅ <b>Broadcast sent</b>"),
        "stopped": say.say("⏹ <b>Broadcast stopped</b>"),
    }
    if message.state == "stopped" and message.tally == m.Tally():
        return say.say("🗑 <b>Dropped</b>: nobody got this message.")
    return states[message.state]


def _tally(tally: m.Tally, say: Speech) -> Html:
    """How many ended how; only what happened to anybody is named."""
    parts = [
        (tally.sent, say.say("{n} sent", n=say.number(tally.sent))),
        (tally.blocked, say.say("{n} blocked the bot", n=say.number(tally.blocked))),
        (tally.failed, say.say("{n} failed", n=say.number(tally.failed))),
        (tally.uncertain, say.say("{n} uncertain (not sent again)", n=say.number(tally.uncertain))),
        (tally.taken_back, say.say("{n} taken back", n=say.number(tally.taken_back))),
        (tally.left, say.say("{n} left", n=say.number(tally.left))),
    ]
    return Html(" · ".join(text for count, text in parts if count))


def _buttons(message: m.BroadcastCard, say: Speech) -> Rows:
    def button(label: Html, choice: str) -> Button:
        return Button(label, f"cast:{message.broadcast_id}:{choice}")

    if message.state == "draft":
        send = say.say_n("Send to {n} person", "Send to {n} people", message.head_count)
        return (
            (button(send, "send"),),
            (button(say.say("Test: only to me"), "test"), button(say.say("Drop it"), "stop")),
        )
    if message.state == "sending":
        return ((button(say.say("Pause"), "pause"), button(say.say("Stop for good"), "stop")),)
    if message.state == "paused":
        return ((button(say.say("Go on"), "resume"), button(say.say("Stop for good"), "stop")),)
    return ()


# --- what went wrong


@words("NoSuchBroadcast")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is no such broadcast. /broadcast begins a new one.")


@words("NobodyThere")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Nobody in this audience can be reached. Choose another: /broadcast")


@words("BroadcastOver")
def _(f: Facts, say: Speech) -> Html:
    states = {
        "draft": say.say("This message was not sent yet. Its card has the buttons."),
        "sending": say.say("This message is being sent already."),
        "paused": say.say("This message is paused. Its card has the buttons."),
        "sent": say.say("This message was sent already."),
        "stopped": say.say("This message was stopped. /broadcast begins a new one."),
    }
    return states[f["state"]]
