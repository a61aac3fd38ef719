"""Words about free times (`/slots`) and the waitlist."""

from itertools import groupby

from bot.services.messages import bookings as m
from bot.services.messages import waitlist as w
from bot.services.messages.slots import SlotView
from bot.texts import Html, Speech, mark
from handlers.render.places import at, session, short, when, zone_of
from handlers.render.reserves import reserve_row
from handlers.render.wishes import left, wait_button
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


@renders(m.FreeTimes)
def free_times(message: m.FreeTimes, say: Speech) -> Screen:
    """One page of times, by day."""
    if not message.slots:
        return _none(message, say)
    return Screen(
        paragraphs(_heading(message, say), *_days(message, say), _how(message, say)), _buttons(message, say)
    )


def _none(message: m.FreeTimes, say: Speech) -> Screen:
    if message.moving and message.elsewhere:
        text = say.say(
            "There is no other free time here at the moment, so your session stays on {slot}. Other cities "
            "have free times:",
            slot=when(message.moving.slot, say),
        )
        return Screen(text, _elsewhere(message, say))
    if not message.first:
        return Screen(say.say("There are no later times. /slots shows the earlier ones again."))
    if message.moving:
        return Screen(
            say.say(
                "There is no other free time at the moment, so your session stays on {slot}. "
                "When new times open, you can move it from /bookings.",
                slot=when(message.moving.slot, say),
            )
        )
    return Screen(
        say.say(
            "There are no free times at the moment. We will tell you when new ones open; /slots looks again."
        ),
        ((wait_button(say),), *reserve_row(message.reserve, say)),
    )


def _heading(message: m.FreeTimes, say: Speech) -> Html:
    # In the week of a change a zone has two names; each is once there, in order of time.
    zone = say.join(list(dict.fromkeys(say.zone(slot.starts_at, zone_of(slot)) for slot in message.slots)))
    if message.moving is None:
        return say.say("🎙 <b>Free times</b> ({zone})", zone=zone)
    late = ""
    if message.moving.costs_strike:
        late = say.say("⚠️ It is late: moving now counts as a strike.")
    return lines(
        say.say("🎙 <b>New times</b> ({zone})", zone=zone),
        say.say("Your session is on {slot}.", slot=when(message.moving.slot, say)),
        late,
    )


def _days(message: m.FreeTimes, say: Speech) -> list[Html]:
    """A paragraph for each day; studios are named only if there are several."""
    several = _several(message)
    days = groupby(message.slots, key=lambda slot: say.day(slot.starts_at, zone_of(slot)))
    found = []
    for day, slots in days:
        listed = [_line(slot, say, several=several) for slot in slots]
        found.append(lines(Html(f"<b>{day}</b>"), *listed))
    if not several:
        found[0] = lines(Html(f"📍 {_studio(message.slots[0], say)}"), found[0])
    return found


def _several(message: m.FreeTimes) -> bool:
    return len({(slot.city, tuple(slot.studio.items())) for slot in message.slots}) > 1


def _studio(slot: SlotView, say: Speech) -> Html:
    return say.named(slot.studio, slot.city)


def _line(slot: SlotView, say: Speech, *, several: bool) -> Html:
    zone = zone_of(slot)
    hours = f"{say.clock(slot.starts_at, zone)}–{say.clock(slot.ends_at, zone)}"
    place = f" · {_studio(slot, say)}" if several else ""
    line = Html(f"• {hours}{place}")
    if slot.state == "kept":
        return say.say("{time} – opens later", time=line)
    return say.say("{time} – taken", time=line) if slot.state == "taken" else line


def _how(message: m.FreeTimes, say: Speech) -> Html:
    partner = message.partner
    if message.hold is None:
        press = say.say("Press a time and it is held for you two; {partner} has to say yes.", partner=partner)
    else:
        press = say.say(
            "Press a time and it is held for you two; {partner} has {span} to say yes.",
            partner=partner,
            span=say.span(message.hold),
        )
    stays = say.say("Until then the old time stays yours.") if message.moving else ""
    taken = any(slot.state == "taken" for slot in message.slots)
    kept = any(slot.state == "kept" for slot in message.slots)
    return lines(
        press,
        stays,
        say.say("⏳ means taken: press it to wait for it.") if taken else "",
        say.say("🔒 is kept a while for those who have waited longest: press it to see until when.")
        if kept
        else "",
    )


def _buttons(message: m.FreeTimes, say: Speech) -> Rows:
    several = _several(message)
    moving = f":{message.moving.booking_id}" if message.moving else ""
    buttons = []
    for slot in message.slots:
        label = f"{short(slot, say)} · {_studio(slot, say)}" if several else short(slot, say)
        if slot.state == "kept":
            buttons.append(Button(f"🔒 {label}", f"book:{slot.slot_id}{moving}"))
        elif slot.state == "taken":
            buttons.append(Button(f"⏳ {label}", f"wait:{slot.slot_id}"))
        else:
            buttons.append(Button(label, f"book:{slot.slot_id}{moving}"))
    wait = () if message.moving else ((wait_button(say),), *reserve_row(message.reserve, say))
    here = f"{moving}:{message.city}" if message.city else moving
    turning = _turning(message, here, say)
    return (*rows(buttons, 1 if several else 2), *turning, *_elsewhere(message, say), *wait)


def _elsewhere(message: m.FreeTimes, say: Speech) -> Rows:
    """Other cities to move to."""
    if message.moving is None:
        return ()
    data = f"times:0:{message.moving.booking_id}"
    return rows(
        [
            Button(say.say("🏙 In {city}", city=say.named(one.names, one.code)), f"{data}:{one.code}")
            for one in message.elsewhere
        ],
        2,
    )


def _turning(message: m.FreeTimes, moving: str, say: Speech) -> Rows:
    turns = []
    if not message.first:
        turns.append(Button(say.say("⬅ First days"), f"times:0{moving}"))
    if message.later:
        turns.append(Button(say.say("Later days ➡"), f"times:{int(message.later.timestamp())}{moving}"))
    return (tuple(turns),) if turns else ()


LOST = {
    "taken": mark("Another pair was first for {slot}."),
    "gone": mark("{slot} is no longer on offer."),
    "late": mark("It is too late to book {slot}: it begins too soon."),
    "busy": mark("You have another session at that time, so {slot} is not possible (/bookings shows it)."),
    "partner_busy": mark("Your partner has another session at that time, so {slot} is not possible."),
    "over": mark("Too late for {slot}: it was kept for you two only for a while."),
}
"""Why a time is lost."""


@renders(m.NextBest)
def next_best(message: m.NextBest, say: Speech) -> Screen:
    """Somebody was first: what else there is, at once."""
    moving = f":{message.moving_id}" if message.moving_id else ""
    lost = say.say(LOST[message.why], slot=when(message.slot, say))
    near: Rows = tuple((Button(short(slot, say), f"book:{slot.slot_id}{moving}"),) for slot in message.near)
    stays = say.say("Your session stays as it was.") if moving else ""
    if message.near:
        zone = say.zone(message.near[0].starts_at, zone_of(message.near[0]))
        rest = say.say("The nearest free times ({zone}):", zone=zone)
    else:
        rest = say.say("Nothing else is free around that time.")
    more = [Button(say.say("All free times"), f"times:0{moving}")]
    if message.wait:
        more.insert(0, Button(say.say("⏳ Wait for this one"), f"wait:{message.slot.slot_id}"))
    wish: Rows = () if moving else ((wait_button(say),),)
    return Screen(paragraphs(lines(lost, stays), rest), (*near, tuple(more), *wish))


# --- the waitlist


@renders(w.WaitNoted)
def wait_noted(message: w.WaitNoted, say: Speech) -> Screen:
    """On the list."""
    if message.you:
        text = say.say("⏳ You and {partner} are waiting for this time:", partner=message.partner)
    else:
        text = say.say("⏳ {partner} put you both on the waitlist for:", partner=message.partner)
    place = say.say(
        "You are number {position} on the waitlist. When it is your turn, we will ask you both.",
        position=message.position,
    )
    leave = Button(say.say("Stop waiting"), f"wait:{message.slot.slot_id}:leave")
    return Screen(paragraphs(text, session(message.slot, say), place), ((leave,),))


@renders(w.WaitNotNeeded)
def wait_not_needed(message: w.WaitNotNeeded, say: Speech) -> Screen:
    """It is free by now."""
    take = Button(say.say("Take it"), f"book:{message.slot.slot_id}")
    text = say.say("🎉 No need to wait: it is free now.")
    return Screen(paragraphs(text, session(message.slot, say)), ((take,),))


@renders(w.WaitLeft)
def wait_left(message: w.WaitLeft, say: Speech) -> Screen:
    """Off the list."""
    return left(when(message.slot, say), message.partner, say, you=message.you)


@renders(w.SlotOffered)
def slot_offered(message: w.SlotOffered, say: Speech) -> Screen:
    """The slot is free for this pair."""
    until = at(message.until, message.slot, say)
    text = say.say("🎉 The time you are waiting for is free:")
    if message.wish:
        text = say.say("🎉 A time like the ones you are waiting for is free:")
    if message.reserve:
        text = say.say("🎉 You are in reserve, and a time has become free:")
    rest = say.say("It is kept for you two until {until}. Do you want it?", until=until)
    buttons = (
        Button(say.say("Yes, we’ll take it"), f"offer:{message.waiting_id}:yes"),
        Button(say.say("No, thanks"), f"offer:{message.waiting_id}:no"),
    )
    return Screen(paragraphs(text, session(message.slot, say), rest), (buttons,))


@renders(w.OfferTaken)
def offer_taken(message: w.OfferTaken, say: Speech) -> Screen:
    """The offer, answered with yes."""
    return Screen(paragraphs(say.say("👍 You said yes to:"), session(message.slot, say)))


OFFER_ENDS = {
    ("declined", True): mark("You said no to {slot}, so it goes to the next pair. We have told {partner}."),
    ("declined", False): mark("{partner} said no to {slot}, so it goes to the next pair."),
    ("lapsed", False): mark("⌛ Nobody answered in time, so {slot} goes to the next pair."),
}
"""How an offer came to nothing, and whether the reader was the one."""


@renders(w.OfferEnded)
def offer_ended(message: w.OfferEnded, say: Speech) -> Screen:
    """The offer is gone."""
    text = OFFER_ENDS[message.why, message.you]
    rest = say.say("/slots shows what else is free.")
    if message.wish:
        rest = say.say("You two keep your place for other times: /bookings")
        if message.why == "lapsed":
            rest = say.say(
                "You two keep your place for other times, but a second offer without an answer ends that."
            )
    if message.reserve:
        rest = say.say("You two stay in reserve for that day; /bookings shows it.")
    return Screen(lines(say.say(text, slot=when(message.slot, say), partner=message.partner), rest))


@renders(w.WaitOver)
def wait_over(message: w.WaitOver, say: Speech) -> Screen:
    """It did not become free."""
    slot = when(message.slot, say)
    if message.gone:
        text = say.say("The time you were waiting for, {slot}, was called off by the studio.", slot=slot)
    else:
        text = say.say("The time you were waiting for, {slot}, did not become free.", slot=slot)
    return Screen(lines(text, say.say("/slots shows what else is free.")))
