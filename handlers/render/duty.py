"""Words about when the staff can work."""

from datetime import date

from bot.rules import week as weeks
from bot.services.messages import duty as m
from bot.texts import Html, Speech
from handlers.render.problems import Facts, words
from handlers.render.week import grid, told
from handlers.screen import Button, Screen, lines, paragraphs, renders


@renders(m.DutyTimes)
def duty_times(message: m.DutyTimes, say: Speech) -> Screen:
    """The week in each city, the days off, and what to press to change them."""
    head = say.say(
        "<b>When can you work?</b> At these hours we ask you first. When nobody else is left we also ask for "
        "other hours, but never on your days off."
    )
    parts = [_week(one, say) for one in message.weeks]
    off = [Html(f"• {_days(span.first, span.last, say)}") for span in message.off]
    listed = lines(say.say("<b>Days off</b>"), *off) if off else say.say("No days off noted.")
    warning = ""
    if message.running:
        warning = say.say_n(
            "⚠️ You have confirmed one session on these days. If you cannot come, give it back: /today",
            "⚠️ You have confirmed {n} sessions on these days. If you cannot come, give them back: /today",
            message.running,
        )
    change = [(Button(_change(one, message, say), f"duty:week:{one.code}"),) for one in message.weeks]
    drop = [
        (Button("✖️ " + _days(span.first, span.last, say), f"duty:drop:{span.off_id}"),)
        for span in message.off
    ]
    add = (Button("➕ " + say.say("Days off"), "duty:off"),)
    return Screen(paragraphs(head, *parts, listed, warning), (*change, *drop, add))


def _week(week: m.CityWeek, say: Speech) -> Html:
    city = say.named(week.names, week.code)
    return say.say("<b>{city}</b>: {hours}", city=city, hours=_hours(week, say))


def _hours(week: m.CityWeek, say: Speech) -> Html:
    hours = told(week.cells, say)
    return hours if len(week.cells) == weeks.CELLS else Html(f"\n{hours}")


def _change(week: m.CityWeek, message: m.DutyTimes, say: Speech) -> str:
    if len(message.weeks) == 1:
        return "🗓 " + say.say("Change my hours")
    return "🗓 " + say.say("My hours in {city}", city=say.named(week.names, week.code))


def _days(first: date, last: date, say: Speech) -> Html:
    return say.day(first) if first == last else Html(f"{say.day(first)} – {say.day(last)}")


@renders(m.DutyWeek)
def duty_week(message: m.DutyWeek, say: Speech) -> Screen:
    """The grid of a city, edited in place at each press."""
    state = say.say("A tick means that you can. Each tap is kept at once.")
    if message.empty:
        state = say.say("⚠️ An empty week is not kept. Until you tap a time, what you had stays.")
    elif len(message.week.cells) == weeks.CELLS:
        state = lines(
            say.say("So far: <b>any time</b>. Tap what does not suit, or begin with “Clear”."), state
        )
    head = say.say(
        "<b>When can you run sessions in {city}?</b> Times are the studio’s own.",
        city=say.named(message.week.names, message.week.code),
    )
    back = (Button(say.say("Done"), "duty:back"),)
    prefix = f"duty:week:{message.week.code}"
    return Screen(paragraphs(head, state), (*grid(message.week.cells, prefix, say), back))


@renders(m.AskDaysOff)
def ask_days_off(_message: m.AskDaysOff, say: Speech) -> Screen:
    """A day, or from when to when."""
    text = say.say(
        "On which days can you not work? Type one day or a span: 2026-12-05, or 2026-12-05..2026-12-09"
    )
    return Screen(text, ((Button(say.say("None"), "duty:back"),),))


@words("NotYourCity")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You are not on the studio staff of that city. /today lists your shifts.")


@words("DaysPast")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("These days are over already. Type days that lie ahead.")


@words("TooManyDaysOff")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "You have noted {limit} spans of days off, and no more fit. Take one back, or type a longer span.",
        limit=f["limit"],
    )


@words("UnknownDaysOff")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("These days off are not noted any more.")
