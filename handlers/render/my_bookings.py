"""Words of `/bookings`: everything to come with its buttons, what was, and the strikes."""

from bot.services.messages import bookings as m
from bot.services.messages import wishes as w
from bot.texts import Html, Speech, mark
from handlers.render import calendars
from handlers.render.bookings import answers, block_text, changes, coming
from handlers.render.names import STRIKES as KINDS
from handlers.render.places import at, old_time, session, short, when
from handlers.render.reserves import day_of
from handlers.render.reserves import stop as leave_reserve
from handlers.render.wishes import kind, place, stop, wished
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


@renders(m.MyBookings)
def my_bookings(message: m.MyBookings, say: Speech) -> Screen:
    """Everything to come with its buttons, then what was."""
    parts = [_booking(line, say) for line in message.upcoming]
    parts += [_wait(line, say) for line in message.waiting]
    parts += [_wish(line, say) for line in message.wishes]
    parts += [say.say("🙋 In reserve: {day}", day=day_of(line, say)) for line in message.reserves]
    if not parts:
        parts = [say.say("You have nothing booked. /slots shows free times.")]
    if message.past:
        past = (
            say.say("• {slot}: {state}", slot=when(x.slot, say), state=_past(x, say)) for x in message.past
        )
        parts.append(lines(say.say("<b>Past</b>"), *past))
    parts.append(_strikes(message, say))
    return Screen(paragraphs(*parts), _buttons(message, say))


STATES = {
    "confirmed": mark("✅ Confirmed with {partner}"),
    "attending": mark("✅ Confirmed with {partner}; you are both coming"),
    "checked_in": mark("🎬 Checked in with {partner}"),
    "rescue": mark("🔎 Yours until {until}, while we look for a stand-in"),
}


def _booking(line: m.BookingLine, say: Speech) -> Html:
    until = at(line.until, line.slot, say) if line.until else ""
    if line.state == "held":
        if line.asks == "hold":
            state = say.say(
                "❓ {partner} asks: will you come? Held until {until}", partner=line.partner, until=until
            )
        else:
            state = say.say(
                "⏳ Held until {until}; {partner} has to say yes", partner=line.partner, until=until
            )
    else:
        state = say.say(STATES[line.state], partner=line.partner, until=until)
    moved = ""
    if line.instead_of:
        moved = say.say(
            "With a yes it replaces the one on {old}.", old=old_time(line.instead_of, line.slot, say)
        )
    question = say.say("❓ Are you coming?") if line.asks == "attend" else ""
    return lines(session(line.slot, say), state, moved, question)


def _wait(line: m.WaitLine, say: Speech) -> Html:
    if line.until:
        state = say.say("🎉 Free for you two until {until}", until=at(line.until, line.slot, say))
    else:
        state = say.say("⏳ Taken; you are number {position} on the waitlist", position=line.position)
    return lines(session(line.slot, say), state)


def _wish(line: w.WishLine, say: Speech) -> Html:
    what = Html(f"<b>{wished(line.wish, say)}</b>")
    state = say.say("🎉 One has been offered to you two.") if line.asked else place(line.position, say)
    return lines(say.say("⏳ Waiting for {wish}", wish=what), state)


PAST = {
    "recorded": mark("recorded"),
    "cancelled": mark("cancelled"),
    "no_show": mark("missed"),
}

OVER = mark("over")
"""Of a session whose time is past and of which nothing else is known."""


def _past(line: m.PastLine, say: Speech) -> Html:
    if line.left:
        return say.say("without you")
    state = say.say(PAST.get(line.state, OVER))
    if line.state == "no_show" and not line.missed:
        state = say.say("your partner did not come")
    if line.pay is None:
        return state
    money = say.money(line.pay.amount, line.pay.currency)
    return say.say("{state}; {money} for having been ready", state=state, money=money)


DOES = {
    "counts": mark("counts"),
    "blocks": mark("counts; it is part of your block"),
    "spent": mark("no longer counts"),
    "lifted": mark("lifted: {reason}"),
}
"""What a strike does now."""


def strike_lines(noted: tuple[m.StrikeLine, ...], say: Speech) -> Html:
    """Each strike: what for, which session, whether it counts."""
    return lines(
        *(
            say.say(
                "• {kind}, {slot}: {does}",
                kind=say.say(KINDS[line.kind]),
                slot=when(line.slot, say),
                does=say.say(DOES[line.does], reason=line.reason),
            )
            for line in noted
        )
    )


def _strikes(message: m.MyBookings, say: Speech) -> Html:
    if not message.noted:
        return Html("")
    title, strikes = say.say("<b>Strikes</b>"), message.strikes
    if strikes is not None:
        title = say.say(
            "⚠️ <b>Strikes</b>: {count} of {limit} count now.", count=strikes.count, limit=strikes.limit
        )
    more = say.say_n("… and one older", "… and {n} older", message.more_noted) if message.more_noted else ""
    ends = block_text(strikes, message.zone, say) if strikes else ""
    return lines(title, strike_lines(message.noted, say), more, ends)


def _buttons(message: m.MyBookings, say: Speech) -> Rows:
    """What can be pressed; with several sessions each row says which one it is about."""
    many = len(message.upcoming) + len(message.waiting) + len(message.wishes) > 1
    found: list[tuple[Button, ...]] = []
    for line in message.upcoming:
        label = f"{short(line.slot, say)} · " if many else ""
        found.extend(_named(row, label) for row in _of_booking(line, say))
    for wait in message.waiting:
        label = f"{short(wait.slot, say)} · " if many else ""
        found.append(_named(_of_wait(wait, say), label))
    found.extend((leave_reserve(day, say, named=True),) for day in message.reserves)
    for one in message.wishes:
        label = f"{kind(one.wish, say)} · " if many else ""
        found.append(_named((stop(one.wish, say),), label))
    if message.calendar:
        found.append((calendars.button(say),))
    return tuple(found)


def _named(row: tuple[Button, ...], label: str) -> tuple[Button, ...]:
    first, *rest = row
    return (Button(f"{label}{first.label}", first.data), *rest)


def _of_booking(line: m.BookingLine, say: Speech) -> Rows:
    if line.asks == "hold":
        return (answers(line.booking_id, say),)
    if line.state == "held":
        return ((Button(say.say("Take it back"), f"cancel:{line.booking_id}"),),)
    if line.state == "rescue":
        return ((Button(say.say("Cancel"), f"cancel:{line.booking_id}"),),)
    if line.asks == "attend":
        return (coming(line.booking_id, say), changes(line.booking_id, say))
    if line.state in ("confirmed", "attending"):
        return (changes(line.booking_id, say),)
    return ()


def _of_wait(line: m.WaitLine, say: Speech) -> tuple[Button, ...]:
    if line.until:
        return (
            Button(say.say("Yes, we’ll take it"), f"offer:{line.waiting_id}:yes"),
            Button(say.say("No, thanks"), f"offer:{line.waiting_id}:no"),
        )
    return (Button(say.say("Stop waiting"), f"wait:{line.slot.slot_id}:leave"),)
