"""Words for setting right what somebody is owed for a session."""

from bot.services.messages import stories as m
from bot.services.messages.bookings import Money
from bot.services.messages.strikes import PayCorrected
from bot.texts import Html, Speech
from handlers.render.places import session, short
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, paragraphs, renders


def buttons(message: m.PersonSessions, say: Speech) -> Rows:
    """A button for each session of which something can be owed or taken back."""
    return tuple(
        (
            Button(
                _button(line.correction, say, short(line.slot, say)),
                f"correct:{message.head.person_id}:{line.booking_id}",
            ),
        )
        for line in message.sessions
        if line.correction is not None
    )


def _button(money: Money, say: Speech, when: Html) -> Html:
    if money.amount < 0:
        return say.say("💰 {when}: take {money} back", when=when, money=_amount(money, say))
    return say.say("💰 {when}: pay {money}", when=when, money=_amount(money, say))


def _amount(money: Money, say: Speech) -> Html:
    return say.money(abs(money.amount), money.currency)


@renders(m.AskCorrection)
def ask_correction(message: m.AskCorrection, say: Speech) -> Screen:
    """Why? Typed."""
    facts = {"name": message.head.name, "money": _amount(message.money, say)}
    text = say.say("💰 Why are {money} owed to {name} for this session?", **facts)
    if message.money.amount < 0:
        text = say.say("💰 Why are the {money} of {name} for this session taken back?", **facts)
    rest = say.say(
        "Type the reason in a few words; {name} will read it. /cancel leaves it as it is.",
        name=message.head.name,
    )
    return Screen(paragraphs(text, session(message.slot, say), rest))


@renders(m.Corrected)
def corrected(message: m.Corrected, say: Speech) -> Screen:
    """Done, and told."""
    facts = {"name": message.head.name, "money": _amount(message.money, say), "reason": message.reason}
    text = say.say("💰 {money} are owed to {name} now, who is told why: {reason}", **facts)
    if message.money.amount < 0:
        text = say.say("💰 {money} are taken back from {name}, who is told why: {reason}", **facts)
    back = Button(say.say("🎙 Sessions"), f"person:{message.head.person_id}:sessions")
    return Screen(text, ((back,),))


@renders(PayCorrected)
def pay_corrected(message: PayCorrected, say: Speech) -> Screen:
    """To the person: what changed, for which session, and why."""
    facts = {"money": _amount(message.money, say), "reason": message.reason}
    text = say.say("💰 You are owed {money} of show-up pay: {reason}", **facts)
    if message.money.amount < 0:
        text = say.say("💰 The show-up pay of {money} was a mistake and is taken back: {reason}", **facts)
    rest = say.say("/bookings shows what you are owed for each session.")
    return Screen(paragraphs(text, session(message.slot, say), rest))


@words("LedgerMoved")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("There is nothing left to correct here. /people shows what is owed now.")
