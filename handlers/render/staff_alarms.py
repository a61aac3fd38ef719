"""Words for coordinators about sessions that lack staff."""

from bot.services.messages import shifts as m
from bot.texts import Html, Speech
from handlers.render import places
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


@renders(m.StaffGone)
def staff_gone(message: m.StaffGone, say: Speech) -> Screen:
    """A booked session lacks staff; what to do about it, where there is no time or nobody left."""
    head = say.say("⚠️ A booked session still lacks staff:")
    if message.person:
        head = say.say("⚠️ {person} (staff) cannot come to a booked session:", person=message.person)
    count = say.say("{confirmed} of {needed} are left.", confirmed=message.confirmed, needed=message.needed)
    text = lines(head, places.session(message.slot, say), count, _asked(message, say))
    return Screen(paragraphs(text, _question(message, say)), _choices(message, say))


def _asked(message: m.StaffGone, say: Speech) -> Html:
    if message.asked:
        return say.say_n("One other person is being asked.", "{n} others are being asked.", message.asked)
    if message.person:
        return say.say("There is nobody else to ask: write to somebody, or invite more staff with /invite")
    return say.say("Everybody who could be asked has been, and nobody has taken over so far.")


def _question(message: m.StaffGone, say: Speech) -> Html:
    if message.confirming:
        return say.say(
            "Really call it off? The two are told, it costs them nothing, and they are offered other times."
        )
    if message.decide:
        return say.say("What shall become of it? If somebody takes over meanwhile, you will see it here.")
    return say.say("If nobody has taken over by the day before, you will be asked what to do.")


def _choices(message: m.StaffGone, say: Speech) -> Rows:
    data = f"cover:{message.slot.slot_id}"
    if message.confirming:
        yes = Button(say.say("Yes, call it off"), f"{data}:sure")
        return ((yes,), (Button(say.say("No, leave it"), f"{data}:back"),))
    if not message.decide:
        return ()
    off = (Button(say.say("Call it off …"), f"{data}:off"),)
    if not message.confirmed:
        return (off,)
    label = say.say_n("It takes place with one", "It takes place with {n}", message.confirmed)
    return ((Button(label, f"{data}:fewer"),), off)


@renders(m.StaffSettled)
def staff_settled(message: m.StaffSettled, say: Speech) -> Screen:
    """What became of it."""
    if message.how == "found":
        head = say.say("✅ {person} takes over this session:", person=message.person)
    elif message.how == "fewer":
        head = say.say_n(
            "👌 This session takes place with one of the staff:",
            "👌 This session takes place with {n} of the staff:",
            message.confirmed,
        )
    else:
        head = say.say("❌ This session has been called off, and everybody has been told:")
    return Screen(lines(head, places.session(message.slot, say)))


@renders(m.StaffShort)
def staff_short(message: m.StaffShort, say: Speech) -> Screen:
    """Everybody was asked in vain."""
    head = say.say_n(
        "⚠️ Everybody was asked, and this session still lacks staff:",
        "⚠️ Everybody was asked, and these {n} sessions still lack staff:",
        len(message.slots) + message.more,
    )
    shown = [Html(f"• {places.when(slot, say)} · {places.where(slot, say)}") for slot in message.slots]
    more = say.say_n("• and one more", "• and {n} more", message.more) if message.more else ""
    todo = say.say("Write to somebody, invite more staff with /invite, or let them open with fewer people.")
    plan = Button(say.say("Show the plan"), f"slots:{message.batch_id}:card")
    return Screen(paragraphs(lines(head, *shown, more), todo), ((plan,),))


@words("NothingToDecide")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "There is nothing to decide any more: the session has its people, or is not booked by now."
    )
