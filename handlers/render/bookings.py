"""Words about a booking's life: held, confirmed, reminded of, moved, cancelled, rescued."""

from html import escape
from zoneinfo import ZoneInfo

from bot.services.booking import calendar
from bot.services.messages import bookings as m
from bot.texts import Html, Speech, mark
from handlers.render.places import at, directions, in_calendar, old_time, session, short, when, zone_of
from handlers.screen import Attachment, Button, Screen, lines, paragraphs, plain, renders


def answers(booking_id: int, say: Speech) -> tuple[Button, ...]:
    """Yes and no to a hold."""
    return (
        Button(say.say("Yes, I will come"), f"hold:{booking_id}:yes"),
        Button(say.say("No, I can't"), f"hold:{booking_id}:no"),
    )


def coming(booking_id: int, say: Speech) -> tuple[Button, ...]:
    """The answers to the first reminder."""
    return (
        Button(say.say("I am coming"), f"attend:{booking_id}:yes"),
        Button(say.say("I can't come"), f"attend:{booking_id}:no"),
    )


def changes(booking_id: int, say: Speech) -> tuple[Button, ...]:
    """What can be done about a session that stands."""
    return (
        Button(say.say("Move"), f"move:{booking_id}"),
        Button(say.say("Cancel"), f"cancel:{booking_id}"),
    )


def strikes_text(strikes: m.Strikes | None, zone: str, say: Speech) -> Html:
    """What a late cancellation came to; nothing for who was in time."""
    if strikes is None:
        return Html("")
    counted = say.say(
        "⚠️ This was late, so it counts as a strike: {count} of {limit}.",
        count=strikes.count,
        limit=strikes.limit,
    )
    return lines(counted, block_text(strikes, zone, say))


def pay_text(pay: m.Money | None, say: Speech) -> Html:
    """What is owed to who was ready in vain; nothing where nothing is."""
    if pay is None:
        return Html("")
    return say.say("💰 You get {money} for having been ready.", money=say.money(pay.amount, pay.currency))


def block_text(strikes: m.Strikes, zone: str, say: Speech) -> Html:
    """Until when strikes keep somebody from booking; nothing if they do not."""
    if not strikes.blocked:
        return Html("")
    if strikes.blocked_until is None:
        return say.say("🚫 You cannot book any more sessions.")
    until = say.moment(strikes.blocked_until, ZoneInfo(zone))
    return say.say("🚫 You cannot book until {when}.", when=until)


# --- holds


@renders(m.HoldPlaced)
def hold_placed(message: m.HoldPlaced, say: Speech) -> Screen:
    """Held; the partner is asked."""
    partner, until = message.partner, at(message.until, message.slot, say)
    if message.instead_of:
        text = say.say(
            "⏳ We have asked {partner} to move your session from {old} to:",
            partner=partner,
            old=old_time(message.instead_of, message.slot, say),
        )
        rest = say.say(
            "The new time is held until {until}. Your old one stays yours until {partner} says yes.",
            until=until,
            partner=partner,
        )
    else:
        text = say.say("⏳ Held for you and {partner}:", partner=partner)
        rest = say.say(
            "It is booked as soon as {partner} says yes, by {until} at the latest.",
            partner=partner,
            until=until,
        )
    back = Button(say.say("Take it back"), f"cancel:{message.booking_id}")
    return Screen(paragraphs(text, session(message.slot, say), rest), ((back,),))


@renders(m.HoldAsked)
def hold_asked(message: m.HoldAsked, say: Speech) -> Screen:
    """Will you come then?"""
    if message.instead_of:
        text = say.say(
            "🎙 {partner} would like to move your session from {old} to:",
            partner=message.partner,
            old=old_time(message.instead_of, message.slot, say),
        )
    else:
        text = say.say("🎙 {partner} would like to record with you:", partner=message.partner)
    held = say.say("It is held for you until {until}.", until=at(message.until, message.slot, say))
    question = say.say("Will you come?")
    return Screen(
        paragraphs(text, session(message.slot, say), lines(held, question)),
        (answers(message.booking_id, say),),
    )


@renders(m.HoldAgreed)
def hold_agreed(message: m.HoldAgreed, say: Speech) -> Screen:
    """The question, answered."""
    return Screen(paragraphs(say.say("👍 You said yes to:"), session(message.slot, say)))


HOLD_ENDS = {
    ("declined", True): mark("You said no: the hold on {slot} is cancelled. We have told {partner}."),
    ("declined", False): mark("{partner} cannot come on {slot}, so the hold is cancelled."),
    ("withdrawn", True): mark("Taken back: the hold on {slot} is cancelled. We have told {partner}."),
    ("withdrawn", False): mark("{partner} has taken back the hold on {slot}: it is cancelled."),
    ("expired", True): mark("⌛ You did not answer in time: {slot} is no longer held for you."),
    ("expired", False): mark("⌛ {partner} did not answer in time: {slot} is no longer held for you."),
}
"""How a hold came to nothing, and whether the reader was the one."""


@renders(m.HoldEnded)
def hold_ended(message: m.HoldEnded, say: Speech) -> Screen:
    """A hold came to nothing, and why."""
    text = say.say(
        HOLD_ENDS[message.why, message.you],
        slot=when(message.slot, say),
        partner=message.partner,
    )
    if message.kept:
        rest = say.say("Your session on {slot} stays as it is.", slot=when(message.kept, say))
    else:
        rest = say.say("/slots shows what else is free.")
    return Screen(paragraphs(text, rest))


# --- a session that stands


@renders(m.BookingConfirmed)
def confirmed(message: m.BookingConfirmed, say: Speech) -> Screen:
    """The session stands."""
    title = say.say("✅ Your session with {partner} is <b>confirmed</b>.", partner=message.partner)
    if message.stand_in:
        title = say.say(
            "✅ {partner} stands in: your session is <b>confirmed</b> again.", partner=message.partner
        )
    moved = ""
    if message.instead_of:
        moved = say.say("It replaces the one on {old}.", old=old_time(message.instead_of, message.slot, say))
    free = ""
    if message.free_until:
        free = say.say(
            "You can move or cancel it freely until {when}; after that it counts as a strike.",
            when=at(message.free_until, message.slot, say),
        )
    cost = strikes_text(message.strikes, message.slot.zone, say)
    text = paragraphs(title, session(message.slot, say), lines(moved, free), cost)
    return Screen(text, (changes(message.booking_id, say),))


@renders(m.CalendarFile)
def calendar_file(message: m.CalendarFile, say: Speech) -> Screen:
    """The session as a file for the phone's calendar."""
    slot = message.slot
    entry = calendar.Entry(
        message.uid,
        message.sequence,
        "cancelled" if message.cancelled else "confirmed",
        slot.starts_at,
        slot.ends_at,
        ZoneInfo(slot.zone),
        plain(say.say("Recording session")),
        in_calendar(slot, say),
        plain(say.say("Booked with Duologue. Move or cancel it in the chat.")),
        message.made_at,
        [
            (ahead, plain(say.say("Your recording session begins in {span}", span=say.span(ahead))))
            for ahead in message.alarms
        ],
    )
    data = calendar.event(entry)
    if message.cancelled:
        text = say.say("📅 Open this file to take the session out of your calendar.")
        return Screen(text, attachment=Attachment("session-cancelled.ics", data))
    text = say.say("📅 Open this file to put the session into your calendar.")
    if message.partner:  # a file that waits to be sent since an older version names nobody
        text = say.say(
            "📅 Open this file to put the session with {partner} into your calendar.", partner=message.partner
        )
    return Screen(text, attachment=Attachment("session.ics", data))


@renders(m.Reminder)
def reminder(message: m.Reminder, say: Speech) -> Screen:
    """The session is near."""
    title = say.say("⏰ A <b>reminder</b> of your session with {partner}:", partner=message.partner)
    way = directions(message.slot, say) if message.last else ""
    question = say.say("Are you coming?") if message.asks else ""
    buttons = coming(message.booking_id, say)
    text = paragraphs(title, lines(session(message.slot, say), way), question)
    return Screen(text, (buttons if message.asks else buttons[1:],))


@renders(m.AttendNoted)
def attend_noted(message: m.AttendNoted, say: Speech) -> Screen:
    """The person comes."""
    if message.both:
        other = say.say("{partner} is coming too.", partner=message.partner)
    else:
        other = say.say("{partner} has not answered yet.", partner=message.partner)
    text = paragraphs(say.say("👍 You are coming:"), session(message.slot, say), other)
    return Screen(text, (coming(message.booking_id, say)[1:],))


# --- cancelling


@renders(m.CancelAsked)
def cancel_asked(message: m.CancelAsked, say: Speech) -> Screen:
    """For both, only for oneself, or not after all?"""
    booking, partner = message.booking_id, message.partner
    keep = Button(say.say("No, keep it"), f"cancel:{booking}:keep")
    if message.hold:
        give_up = Button(say.say("Yes, give it up"), f"cancel:{booking}:all")
        text = paragraphs(say.say("Give up this hold?"), session(message.slot, say))
        return Screen(text, ((give_up, keep),))
    parts = [say.say("Cancel this session?"), session(message.slot, say), _price(message, say)]
    both = say.say("Cancel for both of us") if partner else say.say("Cancel the session")
    buttons: list[tuple[Button, ...]] = [(Button(both, f"cancel:{booking}:all"),)]
    if message.leave_until:
        parts.append(
            say.say(
                "If only you cannot come, {partner} keeps the time until {when}, and we look for a stand-in.",
                partner=partner,
                when=at(message.leave_until, message.slot, say),
            )
        )
        buttons.append((Button(say.say("Only I can't come"), f"cancel:{booking}:me"),))
    return Screen(paragraphs(*parts), (*buttons, (keep,)))


def _price(message: m.CancelAsked, say: Speech) -> Html:
    """What it costs, said before it is done."""
    if message.costs_strike and message.strikes:
        return say.say(
            "⚠️ It is late: cancelling now counts as a strike. You have {count} of {limit}; with "
            "{limit} you cannot book for a while.",
            count=message.strikes.count,
            limit=message.strikes.limit,
        )
    if message.free_until:
        return say.say(
            "Cancelling is free until {when}; after that it counts as a strike.",
            when=at(message.free_until, message.slot, say),
        )
    return say.say("Cancelling costs you nothing.")


@renders(m.BookingKept)
def kept(message: m.BookingKept, say: Speech) -> Screen:
    """Not after all."""
    return Screen(paragraphs(say.say("👍 Kept. Nothing has changed:"), session(message.slot, say)))


CANCELLED = {
    "you": mark("❌ Your session on {slot} is <b>cancelled</b>."),
    "partner": mark("❌ {partner} <b>cancelled</b> your session on {slot}. It costs you nothing."),
    "parted": mark("❌ Your session on {slot} is <b>cancelled</b>, because you two are no longer partners."),
    "no_stand_in": mark(
        "❌ We found no stand-in in time, so your session on {slot} is <b>cancelled</b>. It costs you "
        "nothing."
    ),
    "no_time": mark(
        "❌ There is no time left to find a stand-in, so the session on {slot} is <b>cancelled</b> "
        "for both of you."
    ),
    "studio": mark(
        "❌ We are sorry: the studio had to call off your session on {slot}. It is <b>cancelled</b>, "
        "and that costs you nothing."
    ),
}
"""Why a session is off."""


@renders(m.BookingCancelled)
def cancelled(message: m.BookingCancelled, say: Speech) -> Screen:
    """The session is off, and why."""
    told = say.say("We have told {partner}.", partner=message.partner) if _by_reader(message) else ""
    text = say.say(CANCELLED[message.why], slot=when(message.slot, say), partner=message.partner)
    reason = say.say("The reason: {reason}", reason=message.reason) if message.reason else ""
    paid = pay_text(message.pay, say)
    rest = say.say("/slots shows what is free.")
    if message.instead:
        zone = say.zone(message.instead[0].starts_at, zone_of(message.instead[0]))
        rest = say.say("These are free instead (times in {zone}); /slots shows all.", zone=zone)
    free = tuple((Button(short(slot, say), f"book:{slot.slot_id}"),) for slot in message.instead)
    return Screen(
        paragraphs(
            lines(text, told, reason), paid, strikes_text(message.strikes, message.slot.zone, say), rest
        ),
        free,
    )


def _by_reader(message: m.BookingCancelled) -> bool:
    return message.why in ("you", "no_time") and bool(message.partner)


# --- rescue


@renders(m.YouAreOut)
def you_are_out(message: m.YouAreOut, say: Speech) -> Screen:
    """To who cancelled only for themselves."""
    text = say.say(
        "❌ The session on {slot} is <b>cancelled</b> for you. {partner} keeps the time, and we are "
        "looking for a stand-in.",
        slot=when(message.slot, say),
        partner=message.partner,
    )
    if message.silent:
        text = say.say(
            "⌛ You did not answer, so the session on {slot} is <b>cancelled</b> for you. {partner} keeps the "
            "time, and we are looking for a stand-in.",
            slot=when(message.slot, say),
            partner=message.partner,
        )
    rest = say.say("/slots shows what else is free.")
    return Screen(paragraphs(text, strikes_text(message.strikes, message.slot.zone, say), rest))


@renders(m.PartnerOut)
def partner_out(message: m.PartnerOut, say: Speech) -> Screen:
    """To who is left."""
    text = say.say("😟 {partner} cannot come to your session:", partner=message.partner)
    if message.silent:
        text = say.say(
            "😟 {partner} has not said whether they come, so we no longer count on them:",
            partner=message.partner,
        )
    rest = say.say(
        "The time stays yours until {until}. We are looking for a stand-in and will ask you before "
        "anything is settled.",
        until=at(message.until, message.slot, say),
    )
    paid = ""
    if message.pay:
        paid = say.say(
            "💰 If nobody is found, you get {money} for having been ready – unless you cancel or turn a "
            "stand-in down.",
            money=say.money(message.pay.amount, message.pay.currency),
        )
    give_up = Button(say.say("Cancel the session"), f"cancel:{message.booking_id}")
    return Screen(paragraphs(text, session(message.slot, say), rest, paid), ((give_up,),))


# --- for coordinators


@renders(m.NotConfirmedYet)
def not_confirmed_yet(message: m.NotConfirmedYet, say: Speech) -> Screen:
    """Who has not said whether they come."""
    names = say.join(
        Html(f'<a href="tg://user?id={one.telegram_id}">{escape(one.name)}</a>') for one in message.silent
    )
    text = say.say("⚠️ No word yet on whether they are coming: {names}", names=names)
    rest = say.say("They were reminded; now please write to them.")
    if message.until:
        rest = say.say(
            "We are asking once more. Without an answer by {until}, we look for a stand-in.",
            until=at(message.until, message.slot, say),
        )
    return Screen(paragraphs(text, session(message.slot, say), rest))


@renders(m.FreedLate)
def freed_late(message: m.FreedLate, say: Speech) -> Screen:
    """A session that starts soon is free again."""
    text = say.say("🕳 A session that starts soon is free again, and nobody is waiting for it:")
    return Screen(paragraphs(text, session(message.slot, say), say.say("/openings can announce it again.")))
