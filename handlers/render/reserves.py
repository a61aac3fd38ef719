"""Words about being in reserve for a day."""

from bot.services.messages import reserves as m
from bot.texts import Html, Speech
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


def reserve_row(offered: bool, say: Speech) -> Rows:
    """The way in, where there are reserves."""
    return ((Button(say.say("🙋 Be in reserve for a day"), "reserve:days"),),) if offered else ()


def day_of(line: m.ReserveLine, say: Speech) -> Html:
    """Which day, and where."""
    return say.say("{day}, {city}", day=say.day(line.day), city=say.named(line.city_names, line.city))


def stop(line: m.ReserveLine, say: Speech, *, named: bool = False) -> Button:
    """The way out."""
    label = (
        say.say("Not in reserve on {day}", day=say.day(line.day))
        if named
        else say.say("Not in reserve any more")
    )
    return Button(label, f"reserve:leave:{line.reserve_id}")


@renders(m.AskReserve)
def ask(message: m.AskReserve, say: Speech) -> Screen:
    """For which day?"""
    city = say.named(message.city_names, message.city)
    what = say.say(
        "In reserve, you and {partner} are the first to be asked when a session in {city} becomes free at short "
        "notice. It costs nothing and pays nothing unless you record; a no is fine.",
        partner=message.partner,
        city=city,
    )
    free = [day for day in message.days if day.left and not day.mine]
    mine = [say.day(day.day) for day in message.days if day.mine]
    have = say.say("You are in reserve on {days}; /bookings shows it.", days=say.join(mine)) if mine else ""
    question = say.say("For which day?") if free else say.say("No day of this week has a place left.")
    buttons = [Button(say.day(day.day), f"reserve:{message.city}:{day.day.isoformat()}") for day in free]
    return Screen(paragraphs(what, lines(have, question)), rows(buttons, 2))


@renders(m.ReserveNoted)
def noted(message: m.ReserveNoted, say: Speech) -> Screen:
    """In reserve."""
    day = day_of(message.line, say)
    if message.you:
        text = say.say("🙋 You and {partner} are in reserve: <b>{day}</b>.", partner=message.partner, day=day)
    else:
        text = say.say(
            "🙋 {partner} put you both in reserve: <b>{day}</b>.", partner=message.partner, day=day
        )
    rest = say.say("If a session becomes free, we ask you both. It costs nothing, and ends with the day.")
    return Screen(lines(text, rest), ((stop(message.line, say),),))


@renders(m.ReserveLeft)
def left(message: m.ReserveLeft, say: Speech) -> Screen:
    """Not any more."""
    day = day_of(message.line, say)
    if message.you:
        text = say.say(
            "You are no longer in reserve: {day}. We have told {partner}.", day=day, partner=message.partner
        )
    else:
        text = say.say("{partner} took you both out of reserve: {day}.", day=day, partner=message.partner)
    return Screen(lines(text, say.say("/slots shows what else is free.")))


@words("NoReserves")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is no reserve for that day. /slots shows free times.")


@words("ReserveFull")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Enough pairs are in reserve for that day. /slots offers other days.")


@words("ReserveBusy")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("One of you has a session on that day. /bookings shows yours.")


@words("NotInReserve")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You two are not in reserve for that day any more. /slots shows free times.")
