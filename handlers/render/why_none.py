"""Why somebody has no partner yet, in words, and what would help most."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from bot.services.messages import partners as m
from bot.texts import Html, Speech
from handlers.render.partners import invite_button, leave_pool_button, stand_in_button, week_button
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


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


@renders(m.OddOneOut)
def odd_one_out(message: m.OddOneOut, say: Speech) -> Screen:
    """Nobody yet: why in a sentence, and what there is meanwhile."""
    text = say.say("🔎 We are still looking for a partner for you.")
    meanwhile = [say.say("Meanwhile:"), say.say("• bring a friend: the link is for one person")]
    if not message.standing_in:
        meanwhile.append(
            say.say("• be called on short notice, when somebody falls out of a session and a place is free")
        )
    meanwhile += [_free_elsewhere(one, say) for one in message.elsewhere]
    buttons: list[tuple[Button, ...]] = [
        (Button(say.say("What would help?"), "pair:why"), invite_button(say)),
        (stand_in_button(say, on=message.standing_in),),
    ]
    if message.elsewhere:
        buttons.append((Button(say.say("🏙 Record in another city"), "pair:why:city"),))
    reason = _REASONS[message.why.reason](message.why, say)
    return Screen(paragraphs(lines(text, reason), lines(*meanwhile)), (*buttons, (leave_pool_button(say),)))


def _free_elsewhere(one: m.Elsewhere, say: Speech) -> Html:
    return say.say_n(
        "• {city} has one free time",
        "• {city} has {n} free times",
        one.free,
        city=say.named(one.names, one.code),
    )


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
