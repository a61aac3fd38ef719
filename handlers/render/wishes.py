"""Words about waiting for any time of a kind, and about times that others may take first."""

from datetime import date

from bot.rules.wishes import DAYS, PARTS
from bot.services.messages import wishes as m
from bot.texts import Html, Speech, mark
from handlers.render.places import session, short, zone_of
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

KINDS = {
    ("any", "any"): mark("any time"),
    ("morning", "any"): mark("any morning"),
    ("afternoon", "any"): mark("any afternoon"),
    ("evening", "any"): mark("any evening"),
    ("any", "weekdays"): mark("any time on weekdays"),
    ("morning", "weekdays"): mark("any weekday morning"),
    ("afternoon", "weekdays"): mark("any weekday afternoon"),
    ("evening", "weekdays"): mark("any weekday evening"),
    ("any", "weekend"): mark("any time at weekends"),
    ("morning", "weekend"): mark("any weekend morning"),
    ("afternoon", "weekend"): mark("any weekend afternoon"),
    ("evening", "weekend"): mark("any weekend evening"),
}
"""What one can wait for, by part of the day and kind of days."""

PART_LABELS = {
    "morning": mark("Mornings (before 12:00)"),
    "afternoon": mark("Afternoons (12:00–17:00)"),
    "evening": mark("Evenings (from 17:00)"),
    "any": mark("Any time of day"),
}
DAY_LABELS = {
    "weekdays": mark("Monday to Friday"),
    "weekend": mark("Saturday and Sunday"),
    "any": mark("Any day"),
}


def kind(wish: m.WishView, say: Speech) -> Html:
    """The kind of time alone: "any evening"."""
    return say.say(KINDS[wish.part, wish.days])


def wished(wish: m.WishView, say: Speech) -> Html:
    """What is waited for, where and until when: "any evening in Beijing, until Mon, 14 Dec"."""
    city = say.named(wish.city_names, wish.city)
    return say.say("{kind} in {city}, until {day}", kind=kind(wish, say), city=city, day=say.day(wish.until))


def place(position: int, say: Speech) -> Html:
    """Where the pair stands, in words that are true: only wishes that could want the same count."""
    return say.say(
        "Among the pairs whose wishes overlap with yours, you are number {position}.", position=position
    )


def stop(wish: m.WishView, say: Speech) -> Button:
    """The way out."""
    return Button(say.say("Stop waiting"), f"wait:end:{wish.wish_id}")


def wait_button(say: Speech) -> Button:
    """The way in, where no time suits."""
    return Button(say.say("⏳ Wait for another time"), "wait:any")


# --- choosing


@renders(m.AskWish)
def ask_wish(message: m.AskWish, say: Speech) -> Screen:
    """One question; what is answered stands above it."""
    asks = {
        "city": say.say("⏳ In which city would you like to wait for a time?"),
        "part": say.say("⏳ Which times would suit you two? By the studio’s clock:"),
        "days": say.say("On which days?"),
        "until": say.say("Until when shall we look?"),
    }
    city = say.named(message.city_names, message.city) if message.city else ""
    labels = (PART_LABELS.get(message.part), DAY_LABELS.get(message.days))
    so_far = [city, *(say.say(label) for label in labels if label)]
    head = Html(f"<b>{' · '.join(so_far)}</b>") if city else ""
    return Screen(lines(head, asks[message.step]), _choices(message, say))


def _choices(message: m.AskWish, say: Speech) -> Rows:
    data = f"wait:any:{message.city}"
    match message.step:
        case "city":
            cities = message.cities
            return rows([Button(say.named(one.names, one.code), f"wait:any:{one.code}") for one in cities], 2)
        case "part":
            return rows([Button(say.say(PART_LABELS[part]), f"{data}:{part}") for part in PARTS], 1)
        case "days":
            days = [Button(say.say(DAY_LABELS[day]), f"{data}:{message.part}:{day}") for day in DAYS]
            return rows(days, 1)
        case _:
            return rows([_until(message, day, say) for day in message.dates], 1)


def _until(message: m.AskWish, day: date, say: Speech) -> Button:
    data = f"wait:any:{message.city}:{message.part}:{message.days}:{day:%Y%m%d}"
    return Button(say.say("Until {day}", day=say.day(day)), data)


# --- being on the list


@renders(m.WishNoted)
def wish_noted(message: m.WishNoted, say: Speech) -> Screen:
    """On the list, with what could be taken at once."""
    what = Html(f"<b>{wished(message.wish, say)}</b>")
    if message.you:
        head = say.say("⏳ You and {partner} are waiting for:", partner=message.partner)
    else:
        head = say.say("⏳ {partner} put you both on the waitlist for:", partner=message.partner)
    turn = say.say("When such a time is free and it is your turn, we will ask you both.")
    now = say.say("These are free right now:") if message.free else ""
    free = [Button(short(slot, say), f"book:{slot.slot_id}") for slot in message.free]
    text = paragraphs(lines(head, what), lines(place(message.position, say), turn), now)
    return Screen(text, (*rows(free, 2), (stop(message.wish, say),)))


def left(what: Html, partner: str, say: Speech, *, you: bool) -> Screen:
    """The two wait no longer for `what`, by this person's wish or by the partner's."""
    if you:
        text = say.say(
            "You are no longer waiting for {slot}. We have told {partner}.", slot=what, partner=partner
        )
    else:
        text = say.say("{partner} took you both off the waitlist for {slot}.", slot=what, partner=partner)
    return Screen(lines(text, say.say("/slots shows what else is free.")))


@renders(m.WishLeft)
def wish_left(message: m.WishLeft, say: Speech) -> Screen:
    """Off the list."""
    return left(wished(message.wish, say), message.partner, say, you=message.you)


ENDS = {
    "met": mark("🎉 You were waiting for {wish}, and now you have a session. We have stopped looking."),
    "silent": mark(
        "⌛ Two offers in a row went unanswered, so you two are no longer waiting for {wish}. "
        "Do you still want a time? Then wait again, at the end of the list."
    ),
    "over": mark("⌛ You were waiting for {wish}. That day is past and none was found."),
}
"""Why a wish ended."""


@renders(m.WishEnded)
def wish_ended(message: m.WishEnded, say: Speech) -> Screen:
    """Why, with the way back."""
    ended = ENDS[message.why]
    text = say.say(ended, wish=wished(message.wish, say))
    label = say.say("Wait for another one") if message.why == "met" else say.say("Wait again")
    back = Button(label, f"wait:again:{message.wish.wish_id}")
    if message.why == "met":
        return Screen(text, ((back,),))
    return Screen(lines(text, say.say("/slots shows what is free.")), ((back,),))


# --- who may book first


@renders(m.FirstWave)
def first_wave(message: m.FirstWave, say: Speech) -> Screen:
    """Not yet: when it opens for the reader, and how to get such a time all the same."""
    slot = message.slot
    if message.opens_at is None:
        until = say.say("Those who have waited longest for a session are told first, and soon you are.")
    else:
        until = say.say(
            "It is kept for those who have waited longest for a session until {when}; then it is open to all.",
            when=say.moment(message.opens_at, zone_of(slot)),
        )
    wait = say.say("Or wait for such a time: when one is free, we offer it to you.")
    button = Button(say.say("⏳ Wait for such a time"), f"wait:any:{slot.city}:{message.part}:{message.days}")
    return Screen(paragraphs(session(slot, say), lines(until, wait)), ((button,),))
