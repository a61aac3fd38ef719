"""Words about strikes: noted, over, lifted; and the last call to who has not said whether they come."""

from html import escape

from bot.services.messages import strikes as m
from bot.texts import Html, Speech
from handlers.render.bookings import block_text, coming, pay_text
from handlers.render.places import at, session, short, when
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


@renders(m.LastCall)
def last_call(message: m.LastCall, say: Speech) -> Screen:
    """The only one of two who has not answered."""
    title = say.say("❗ {partner} is coming. Are you?", partner=message.partner)
    until = at(message.until, message.slot, say)
    rest = say.say("Please answer by {until}, or we give your place to a stand-in.", until=until)
    if message.costs_strike:
        rest = say.say(
            "Please answer by {until}, or we give your place to a stand-in, and it counts as a strike.",
            until=until,
        )
    return Screen(paragraphs(title, session(message.slot, say), rest), (coming(message.booking_id, say),))


@renders(m.StrikeNoted)
def strike_noted(message: m.StrikeNoted, say: Speech) -> Screen:
    """To who did not come."""
    text = say.say("😟 You are noted as missing from your session on {slot}.", slot=when(message.slot, say))
    counted = say.say(
        "⚠️ This counts as a strike: {count} of {limit}.",
        count=message.strikes.count,
        limit=message.strikes.limit,
    )
    ends = block_text(message.strikes, message.slot.zone, say)
    wrong = say.say("If this is wrong, tell the studio staff: a coordinator can lift it. /bookings lists it.")
    strike = lines(counted, ends) if message.strikes.limit else Html("")
    return Screen(paragraphs(text, strike, wrong))


@renders(m.PartnerMissed)
def partner_missed(message: m.PartnerMissed, say: Speech) -> Screen:
    """To who came in vain."""
    text = say.say(
        "😟 {partner} did not come to your session on {slot}. It costs you nothing.",
        partner=message.partner,
        slot=when(message.slot, say),
    )
    return Screen(paragraphs(text, pay_text(message.pay, say), say.say("/slots shows what is free.")))


@renders(m.BlockOver)
def block_over(message: m.BlockOver, say: Speech) -> Screen:
    """The person may book again."""
    text = say.say("✅ You can book sessions again: /slots shows what is free.")
    if not message.limit:
        return Screen(text)
    rest = say.say_n("One strike blocks again.", "Another {n} strikes block again.", message.limit)
    return Screen(paragraphs(text, rest))


@renders(m.StrikesLifted)
def strikes_lifted(message: m.StrikesLifted, say: Speech) -> Screen:
    """A coordinator lifted them, and why."""
    text = say.say_n(
        "🕊 A strike of yours was lifted: {reason}",
        "🕊 {n} strikes of yours were lifted: {reason}",
        message.count,
        reason=message.reason,
    )
    rest = block_text(message.strikes, message.zone, say)
    if message.free:
        rest = say.say("You can book sessions again: /slots shows what is free.")
    return Screen(paragraphs(text, rest))


@words("StrikeGone")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is nothing left to lift here. /people shows how it stands now.")


# --- for who runs the session


@renders(m.WhoIsMissing)
def who_is_missing(message: m.WhoIsMissing, say: Speech) -> Screen:
    """Who did not come? Or: is that right?"""
    data = f"absent:{message.booking_id}"
    if message.missing is None:
        buttons = [
            (Button(say.say("{name} did not come", name=one.name), f"{data}:{one.person_id}"),)
            for one in message.people
        ]
        neither = Button(say.say("Neither came"), f"{data}:0")
        text = say.say("🚪 Who did not come?")
        return Screen(paragraphs(text, session(message.slot, say)), (*buttons, (neither,)))
    missing = [one.name for one in message.people if message.missing in (one.person_id, 0)]
    text = say.say("🚪 Did {names} not come?", names=say.join(escape(name) for name in missing))
    cost = say.say("It counts as a strike, and everybody is told.")
    answers = (
        Button(say.say("Yes, note it"), f"{data}:{message.missing}:yes"),
        Button(say.say("No, back"), f"{data}:{message.missing}:no"),
    )
    return Screen(paragraphs(text, session(message.slot, say), cost), (answers,))


@renders(m.MissingNoted)
def missing_noted(message: m.MissingNoted, say: Speech) -> Screen:
    """It is noted."""
    names = say.join(escape(name) for name in message.names)
    text = say.say("🚪 Noted: {names} did not come.", names=names)
    rest = say.say("If that was a mistake, a coordinator can lift the strike: /people")
    return Screen(paragraphs(text, session(message.slot, say), rest))


def missing_buttons(begun: tuple[m.Begun, ...], say: Speech) -> Rows:
    """A button for each session that has begun: somebody did not come."""
    return tuple(
        (
            Button(
                say.say("🚪 {when}: somebody did not come", when=short(one.slot, say)),
                f"absent:{one.booking_id}",
            ),
        )
        for one in begun
    )


@words("MissingTooSoon")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Who did not come can be noted once the session has begun, and for a week after that.")
