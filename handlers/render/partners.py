"""Words about looking for a partner, being a pair and parting."""

from zoneinfo import ZoneInfo

from bot.services.messages import partners as m
from bot.texts import Html, Speech, verbatim
from handlers.render import names
from handlers.render.problems import Facts, words
from handlers.render.week import told
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


def find_button(say: Speech) -> Button:
    """Into the pool."""
    return Button(say.say("🔎 Find me a partner"), "pair:find")


def invite_button(say: Speech) -> Button:
    """A link for a friend."""
    return Button(say.say("💌 Invite a friend"), "pair:invite")


def leave_pool_button(say: Speech) -> Button:
    """Out of the pool."""
    return Button(say.say("Stop looking"), "pair:leave")


def week_button(say: Speech) -> Button:
    """The grid of hours."""
    return Button(say.say("🗓 When I can record"), "pair:week")


def stand_in_button(say: Speech, *, on: bool) -> Button:
    """Onto the stand-in list, or off it."""
    label = say.say("Off the stand-in list") if on else say.say("🆘 Call me on short notice")
    return Button(label, "pair:standin")


def _on_call(say: Speech, *, on: bool) -> Html:
    if not on:
        return Html("")
    return say.say(
        "🆘 You are on the stand-in list: when somebody falls out of a session that suits you, we ask you. If you "
        "both say yes, you two are partners."
    )


def both_ways(say: Speech) -> Rows:
    """The two ways to a partner."""
    return ((find_button(say),), (invite_button(say),))


def about(other: m.Other, say: Speech) -> Html:
    """What somebody may know of the other one, line by line."""
    speaks = say.join(say.language_name(code) for code in other.languages)
    dialect = names.DIALECTS.get(other.dialect or "")
    return lines(
        say.say("Speaks: {languages}", languages=speaks) if speaks else "",
        say.say("Dialect: {dialect}", dialect=say.say(dialect)) if dialect else "",
    )


def write_to(partner: m.Other, contact: m.Contact, say: Speech) -> Html:
    """The way into the chat with one's partner."""
    return say.say("Write to each other: {link}", link=person_link(partner.name, contact))


def person_link(name: str, contact: m.Contact) -> Html:
    """The way into the chat with somebody."""
    if contact.username:
        return Html(f'<a href="https://t.me/{contact.username}">@{contact.username}</a>')
    return Html(f'<a href="tg://user?id={contact.telegram_id}">{verbatim(name)}</a>')


# --- where one stands


@renders(m.PartnerLater)
def later(message: m.PartnerLater, say: Speech) -> Screen:
    """Not approved yet."""
    if message.missing == "verdict":
        text = say.say(
            "You get a partner once your sample is approved, and it is still on its way. You will "
            "hear from us as soon as it is decided."
        )
    else:
        text = say.say(
            "You get a partner once your sample is approved. Your next step is that sample: /sample"
        )
    invited_by = ""
    if message.invited_by:
        invited_by = say.say("💌 {name}’s invitation is kept for you until then.", name=message.invited_by)
    friend = _opened_line(message.invited, say)
    if not (message.invited_by or message.invited):
        friend = say.say("Is there a friend you want to record with? You can invite them now.")
    return Screen(paragraphs(text, invited_by, friend), ((invite_button(say),),))


def _opened_line(name: str, say: Speech) -> Html:
    if not name:
        return Html("")
    return say.say(
        "💌 {name} opened your link. You will hear from us as soon as there is an answer.", name=name
    )


@renders(m.NoPartner)
def no_partner(message: m.NoPartner, say: Speech) -> Screen:
    """Nobody yet."""
    text = say.say(
        "You record in pairs, so you need a partner. Shall we find one for you, or will you bring a friend?"
    )
    return Screen(
        paragraphs(text, _on_call(say, on=message.standing_in), _opened_line(message.invited, say)),
        (*both_ways(say), (week_button(say), stand_in_button(say, on=message.standing_in))),
    )


@renders(m.InPool)
def in_pool(message: m.InPool, say: Speech) -> Screen:
    """Waiting."""
    text = say.say(
        "🔎 We have been looking for a partner for you since {when}. You will hear from us as soon as "
        "somebody fits.",
        when=say.moment(message.since, ZoneInfo(message.zone)),
    )
    hours = say.say("We take it that you can record at any time. If not, tell us when.")
    if message.cells is not None:
        hours = say.say("You can record:\n{week}", week=told(message.cells, say))
    return Screen(
        paragraphs(text, hours, _on_call(say, on=message.standing_in), _opened_line(message.invited, say)),
        (
            (Button(say.say("Why none yet?"), "pair:why"), week_button(say)),
            (invite_button(say), leave_pool_button(say)),
            *(((stand_in_button(say, on=True),),) if message.standing_in else ()),
        ),
    )


@renders(m.LeftPool)
def left_pool(_message: m.LeftPool, say: Speech) -> Screen:
    """Not looking any more."""
    text = say.say("Done: we have stopped looking. Press the button whenever you want us to start again.")
    return Screen(text, both_ways(say))


@renders(m.HavePartner)
def have_partner(message: m.HavePartner, say: Speech) -> Screen:
    """The pair."""
    return Screen(
        paragraphs(
            lines(
                say.say("👥 Your partner: <b>{name}</b>", name=message.partner.name),
                about(message.partner, say),
                write_to(message.partner, message.contact, say),
            ),
            say.say("Next: choose a studio time together. /slots shows what is free."),
        ),
        ((Button(say.say("Leave this pair"), "pair:leave"),),),
    )


# --- parting


@renders(m.AskLeavePair)
def ask_leave(message: m.AskLeavePair, say: Speech) -> Screen:
    """Really?"""
    sessions = ""
    if message.bookings:
        sessions = say.say_n(
            "Your booked session will be cancelled. If it is too late for that, it counts as a "
            "strike for you.",
            "Your {n} booked sessions will be cancelled. Each one that is too late for that counts "
            "as a strike for you.",
            message.bookings,
        )
    text = say.say("Do you want to stop being partners with {name}? We will tell {name}.", name=message.name)
    never = say.say("Leave, and never again with {name}", name=message.name)
    return Screen(
        paragraphs(text, sessions),
        (
            (Button(say.say("Stay together"), "pair:leave:keep"),),
            (Button(say.say("Leave"), f"pair:leave:yes:{message.pair_id}"),),
            (Button(never, f"pair:leave:never:{message.pair_id}"),),
        ),
    )


@renders(m.LeftPair)
def left_pair(message: m.LeftPair, say: Speech) -> Screen:
    """The pair is no more."""
    never = sessions = ""
    if message.by_self:
        text = say.say("You and {name} are no longer partners.", name=message.name)
        never = say.say("We will not bring you two together again.") if message.never else ""
    elif message.rescued:
        text = say.say(
            "{name} has found a stand-in and records with them from now on, so you two are no longer "
            "partners.",
            name=message.name,
        )
    else:
        text = say.say(
            "{name} has left your pair. You did nothing wrong, and it costs you nothing.", name=message.name
        )
    if message.bookings:
        sessions = say.say_n(
            "The session you had booked is cancelled.",
            "The {n} sessions you had booked are cancelled.",
            message.bookings,
        )
    return Screen(paragraphs(text, never, sessions), both_ways(say))


@renders(m.StayedPair)
def stayed(message: m.StayedPair, say: Speech) -> Screen:
    """Not leaving after all."""
    return Screen(
        say.say("Good: you and {name} stay partners. /slots shows free studio times.", name=message.name)
    )


# --- what cannot be done


@words("NotApprovedYet")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You get a partner once your sample is approved. /status shows what is missing.")


@words("ConsentLapsed")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("For this we need your consent to the current text. /start asks for it.")


@words("HasPartner")
def _(f: Facts, say: Speech) -> Html:
    return say.say("You have a partner already: {name}. /partner shows more.", name=f["name"])


@words("NotInPool")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You are not looking for a partner right now. /partner shows what you can do.")


@words("AlreadyPaired")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("One of you has just found a partner. /partner shows where you stand.")


@words("AlreadyParted")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You two are no longer partners. /partner shows where you stand.")
