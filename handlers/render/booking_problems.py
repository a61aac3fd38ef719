"""What can go wrong about bookings and the waitlist: why, and what to do."""

from bot.texts import Html, Speech, mark
from handlers.render.problems import Facts, words


@words("ApprovalNeeded")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You can book once your sample is approved. /status shows where it stands.")


@words("PartnerNeeded")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Two people record together, so you need a partner first: /partner.")


@words("BookingBlocked")
def _(f: Facts, say: Speech) -> Html:
    until = f.time("until")
    if until is None:
        if f["you"]:
            return say.say("You cannot book any more, because of late cancellations.")
        return say.say("Your partner cannot book any more, because of late cancellations.")
    when_ = say.moment(until, f.zone)
    if f["you"]:
        return say.say("You cannot book until {when}, because of late cancellations.", when=when_)
    return say.say("Your partner cannot book until {when}, because of late cancellations.", when=when_)


@words("SlotTaken")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Another pair was first. /slots shows what is still free.")


@words("SlotYours")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You two have this time already. /bookings shows it.")


@words("AlreadyBooked")
def _(f: Facts, say: Speech) -> Html:
    if f["you"]:
        return say.say("You have another session at that time. /bookings shows it, /slots other times.")
    return say.say("Your partner has another session at that time. /slots shows other times.")


@words("MoveUnderWay")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This session is already being moved, and one answer is missing. /bookings shows it.")


@words("NotWaiting")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You are not waiting for this time. /bookings shows what you are waiting for.")


@words("KeptForFirst")
def _(f: Facts, say: Speech) -> Html:
    if f.time("opens_at") is None:
        return say.say("This time is just being announced; who has waited longest is told first.")
    return say.say(
        "Until {when} only those can book this time who have waited longest. Then it is open to all.",
        when=f.moment("opens_at", say),
    )


@words("WishDayOver")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("That day is past or too far off. Choose the last day anew: /slots, then “Wait”.")


OVER = {
    "held": mark("This time is held, and not confirmed yet. /bookings shows what is missing."),
    "confirmed": mark("This session is confirmed already. /bookings shows it."),
    "attending": mark("This session is confirmed already. /bookings shows it."),
    "checked_in": mark("You are checked in for this session already; please talk to the staff."),
    "rescue": mark("We are looking for a stand-in. /bookings shows how it stands."),
    "recorded": mark("This session is recorded already. /bookings shows yours."),
    "cancelled": mark("This was cancelled already. /slots shows what is free."),
    "expired": mark("This hold has run out. /slots shows what is free."),
    "no_show": mark("This session is over. /bookings shows yours."),
    "started": mark("This session has begun already. /bookings shows yours."),
    "left": mark("You are no longer in this session. /bookings shows yours."),
}


@words("BookingOver")
def _(f: Facts, say: Speech) -> Html:
    told = OVER[f["state"]]
    return say.say(told)


OFFERS = {
    "waiting": mark("It is not your turn for this time yet. /bookings shows your place."),
    "taken": mark("You two took this time already. /bookings shows it."),
    "declined": mark(
        "You two said no to this offer, so it went to the next pair. /slots shows what is free."
    ),
    "lapsed": mark("This offer has run out. /slots shows what is free."),
    "left": mark("You two are no longer waiting for this time. /slots shows what is free."),
}


@words("OfferOver")
def _(f: Facts, say: Speech) -> Html:
    told = OFFERS[f["state"]]
    return say.say(told)


SLOTS = {
    "open": mark("This time is free. /slots shows it."),
    "taken": mark("Another pair was first. /slots shows what is still free."),
    "draft": mark("This time is not open at the moment. /slots shows what is free."),
    "running": mark("This session has begun already. /bookings shows yours."),
    "done": mark("This session is over. /bookings shows yours."),
    "cancelled": mark("This time is no longer offered. /slots shows what is free."),
}


@words("SlotNotOpen")
def _(f: Facts, say: Speech) -> Html:
    told = SLOTS[f["state"]]
    return say.say(told)


@words("TooLate")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "It is too late for this: it was possible until {when}. /bookings shows what is still ahead.",
        when=f.moment("deadline", say),
    )


@words("PairNotActive")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("You two are no longer partners. /partner shows where you stand.")


@words("Blocked")
def _(f: Facts, say: Speech) -> Html:
    until = f.time("until")
    if until is None:
        return say.say("You two cannot book any more, because of late cancellations.")
    when_ = say.moment(until, f.zone)
    return say.say("You two cannot book until {when}, because of late cancellations.", when=when_)
