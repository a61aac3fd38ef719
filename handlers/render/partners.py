"""Words about looking for a partner, being a pair and parting."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.services.messages import partners as m
from bot.texts import Html, Speech, verbatim
from handlers.render import names
from handlers.render.problems import Facts, words
from handlers.render.week import told
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


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
        paragraphs(text, _opened_line(message.invited, say)), (*both_ways(say), (week_button(say),))
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
        paragraphs(text, hours, _opened_line(message.invited, say)),
        (
            (Button(say.say("Why none yet?"), "pair:why"), week_button(say)),
            (invite_button(say), leave_pool_button(say)),
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


@renders(m.WhyNoPartner)
def why_none(message: m.WhyNoPartner, say: Speech) -> Screen:
    """Why there is no proposal yet, and what would change that."""
    busy = ""
    if message.in_proposals:
        busy = say.say_n(
            "One more person is answering a proposal right now and may be free again soon.",
            "{n} more people are answering proposals right now and may be free again soon.",
            message.in_proposals,
        )
    helps = lines(say.say("What would help most:"), *(_HELPS[one.change](one, say) for one in message.helps))
    if not message.helps:
        helps = say.say("What helps most: invite a friend, or wait for others to join.")
    if message.reason == "next_round":
        helps = Html("")
    text = paragraphs(_REASONS[message.reason](message, say), helps, busy)
    return Screen(text, (*_changes(message, say), (invite_button(say), leave_pool_button(say))))


_DOORS = {"no_common_language": "language", "no_common_hours": "hours", "other_cities": "city"}
"""What is offered to change by reason, even where no change helps at present."""


def _changes(message: m.WhyNoPartner, say: Speech) -> Rows:
    """A button for each change that helps, in their order, and for what stands in the way."""
    doors = {
        "language": Button(say.say("My languages"), "pair:why:speaks"),
        "city": Button(say.say("Another city"), "pair:why:city"),
        "any_time": Button(say.say("🗓 Any time"), "pair:week:any"),
        "hours": week_button(say),
    }
    found: list[Button] = []
    for one in message.helps:
        if one.change == "day":
            day = say.say("🗓 {day} too", day=say.weekday(int(one.value)))
            found.append(Button(day, f"pair:week:+day{one.value}"))
        else:
            found.append(doors[one.change])
    door = _DOORS.get(message.reason)
    if door and doors[door] not in found:
        found.append(doors[door])
    return rows(found, 2)


_HELPS: dict[str, Callable[[m.Help, Speech], Html]] = {
    "day": lambda one, say: say.say_n(
        "• <b>{day}</b>: one more person in your city can record then",
        "• <b>{day}</b>: {n} more people in your city can record then",
        one.more,
        day=say.weekday(int(one.value)),
    ),
    "any_time": lambda one, say: say.say_n(
        "• <b>Any time</b>: one more person would fit",
        "• <b>Any time</b>: {n} more people would fit",
        one.more,
    ),
    "language": lambda one, say: say.say_n(
        "• <b>{language}</b>: one more person in your city speaks it",
        "• <b>{language}</b>: {n} more people in your city speak it",
        one.more,
        language=say.language_name(one.value),
    ),
    "city": lambda one, say: say.say_n(
        "• <b>{city}</b>: one person is looking there",
        "• <b>{city}</b>: {n} people are looking there",
        one.more,
        city=say.named(one.names, one.value),
    ),
}
"""By `bot.rules.advice.Change`."""


def _next_round(message: m.WhyNoPartner, say: Speech) -> Html:
    fits = say.say_n(
        "One person in the pool fits you, but has not been proposed to you yet.",
        "{n} people in the pool fit you, but none has been proposed to you yet.",
        message.possible,
    )
    if message.next_round is None:
        return lines(fits, say.say("We look again as soon as somebody joins."))
    when = say.clock(message.next_round, ZoneInfo(message.zone))
    return lines(fits, say.say("The next round is at {time}.", time=when))


_Why = Callable[[m.WhyNoPartner, Speech], Html]

_REASONS: dict[str, _Why] = {
    "nobody_waiting": lambda _m, say: say.say("Nobody else is free in the pool right now."),
    "other_cities": lambda w, say: say.say_n(
        "One person is waiting, but in another city.",
        "{n} people are waiting, but all in other cities.",
        w.other_cities,
    ),
    "no_common_language": lambda w, say: say.say_n(
        "One person is waiting in your city, but you have no language in common.",
        "{n} people are waiting in your city, but none of them speaks a language of yours.",
        w.no_common_language,
    ),
    "no_common_hours": lambda w, say: say.say_n(
        "One person would fit, but is never free when you are.",
        "{n} people would fit, but are never free when you are.",
        w.no_common_hours,
    ),
    "met_before": lambda w, say: say.say_n(
        "The one person who would fit was your partner before, and we look for new pairs.",
        "The {n} people who would fit were your partners before, and we look for new pairs.",
        w.met_before,
    ),
    "ruled_out": lambda _m, say: say.say(
        "Among those who would fit, somebody on one side said no before, and we respect that."
    ),
    "next_round": _next_round,
}
"""By `bot.rules.pairing.NoneYet`."""


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
