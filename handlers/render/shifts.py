"""Words for the staff: what they are asked, what they have confirmed, what became of it."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.services.messages import shifts as m
from bot.services.messages.slots import SlotView
from bot.texts import Html, Speech
from handlers.render import calendars, places, strikes
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


def _time(shift: m.ShiftView, say: Speech) -> Html:
    """From when to when, and the room where there are several."""
    slot, zone = shift.slot, places.zone_of(shift.slot)
    hours = f"{say.clock(slot.starts_at, zone)}–{say.clock(slot.ends_at, zone)}"
    told = (
        Html(hours)
        if slot.room_count < 2
        else say.say("{hours}, room {number}", hours=hours, number=slot.room)
    )
    return Html(f"{told}{_setting_up(slot, say)}")


def _setting_up(slot: SlotView, say: Speech) -> str:
    """When the staff begin to set up, if that is before the session."""
    if slot.busy_from is None:
        return ""
    return " · " + say.say("set-up from {time}", time=say.clock(slot.busy_from, places.zone_of(slot)))


def _standing(shift: m.ShiftView, say: Speech) -> Html:
    """How a shift stands, behind its time."""
    if shift.slot.state == "cancelled":
        return say.say("❌ called off")
    if shift.state == "confirmed":
        return say.say("✅ you run it")
    if shift.full:
        return say.say("👥 has enough people")
    return say.say("✖️ without you") if shift.state == "declined" else Html("❔")


def _answerable(shift: m.ShiftView) -> bool:
    if shift.slot.state not in ("draft", "open", "taken"):
        return False
    return shift.state == "confirmed" or (shift.state in ("asked", "declined") and not shift.full)


def _by_day(shifts: Iterable[m.ShiftView], say: Speech) -> list[Html]:
    """Days with their shifts, one a line."""
    told = []
    for day, group in groupby(shifts, key=lambda x: say.day(x.slot.starts_at, places.zone_of(x.slot))):
        shown = (Html(f"   {_time(shift, say)} {_standing(shift, say)}") for shift in group)
        told.append(lines(Html(f"<b>{day}</b>"), *shown))
    return told


def _buttons(shifts: Iterable[m.ShiftView], say: Speech) -> Rows:
    """A row a shift: yes and no, as far as they would change anything."""
    made = []
    for shift in shifts:
        if not _answerable(shift):
            continue
        label = f"{places.short(shift.slot, say)}{_room(shift, say)}"
        yes = Button(f"✅ {label}", f"shift:{shift.shift_id}:yes")
        no = Button("✖️ " + say.say("I can't"), f"shift:{shift.shift_id}:no")
        gives_back = Button("✖️ " + say.say("Not {when} after all", when=label), f"shift:{shift.shift_id}:no")
        choices = {"asked": (yes, no), "declined": (yes,), "confirmed": (gives_back,)}
        made.append(choices[shift.state])
    return tuple(made)


def _room(shift: m.ShiftView, say: Speech) -> str:
    return "" if shift.slot.room_count < 2 else " · " + say.say("room {number}", number=shift.slot.room)


@renders(m.ShiftRequest)
def shift_request(message: m.ShiftRequest, say: Speech) -> Screen:
    """Which of these can you run? Each has its own answer; what is left has one for all."""
    open_ = [shift for shift in message.shifts if shift.state == "asked" and _answerable(shift)]
    all_: Rows = ()
    if len(open_) > 1:
        data = f"shifts:{message.batch_id}:{message.card}"
        all_ = (
            (
                Button(say.say("✅ All of these"), f"{data}:yes"),
                Button(say.say("✖️ None of these"), f"{data}:no"),
            ),
        )
    head = lines(_head(message, open_, say), _zone(message.shifts, say))
    return Screen(paragraphs(head, *_by_day(message.shifts, say)), (*_buttons(message.shifts, say), *all_))


def _head(message: m.ShiftRequest, open_: list[m.ShiftView], say: Speech) -> Html:
    city = say.named(message.city_names)
    if open_:
        return say.say("🎬 Can you run these sessions in {city}?", city=city)
    if all(shift.slot.state == "cancelled" for shift in message.shifts):
        return say.say("🎬 These sessions in {city} have been called off.", city=city)
    if all(shift.state == "asked" for shift in message.shifts):
        return say.say("🎬 These sessions in {city} have enough people.", city=city)
    return say.say("🎬 Sessions in {city}: thank you for your answers.", city=city)


def _zone(shifts: tuple[m.ShiftView, ...], say: Speech) -> Html:
    if not shifts:
        return Html("")
    if len({shift.slot.zone for shift in shifts}) > 1:
        return say.say("Each time is by its studio’s own clock.")
    first = shifts[0].slot
    return say.say("Times in {zone}.", zone=say.zone(first.starts_at, places.zone_of(first)))


@renders(m.ShiftReminder)
def shift_reminder(message: m.ShiftReminder, say: Speech) -> Screen:
    """The next few that wait for an answer."""
    city = say.named(message.city_names)
    if not message.shifts:
        return Screen(
            say.say("🎬 Sessions in {city}: nothing is waiting for your answer any more.", city=city)
        )
    head = say.say("🎬 Still open: can you run these sessions in {city}?", city=city)
    more = ""
    if message.more:
        more = say.say_n("One more comes after these.", "{n} more come after these.", message.more)
    text = paragraphs(lines(head, _zone(message.shifts, say)), *_by_day(message.shifts, say), more)
    return Screen(text, _buttons(message.shifts, say))


@renders(m.ShiftWanted)
def shift_wanted(message: m.ShiftWanted, say: Speech) -> Screen:
    """One session lost somebody: who steps in?"""
    shift = message.shift
    where = places.session(shift.slot, say)
    if shift.state == "confirmed":
        head = say.say("✅ Thank you, you run this session.")
    elif not _answerable(shift):
        head = say.say("🎬 Thank you, this session has enough people by now.")
    elif shift.state == "declined" and not message.fresh:
        head = say.say("🎬 Noted: this session without you.")
    else:
        head = say.say("🎬 A colleague cannot come. Can you run this session?")
    setting_up = _setting_up(shift.slot, say).removeprefix(" · ")
    return Screen(lines(head, where, setting_up), _buttons([shift], say))


@renders(m.ShiftsCancelled)
def shifts_cancelled(message: m.ShiftsCancelled, say: Speech) -> Screen:
    """What was confirmed does not take place."""
    head = say.say_n(
        "❌ This session of yours will not take place:",
        "❌ These {n} sessions of yours will not take place:",
        len(message.slots),
    )
    shown = [Html(f"• {places.when(slot, say)} · {places.where(slot, say)}") for slot in message.slots[:20]]
    more = len(message.slots) - len(shown)
    return Screen(lines(head, *shown, say.say_n("• and one more", "• and {n} more", more) if more else ""))


@renders(m.Today)
def today(message: m.Today, say: Speech) -> Screen:
    """One's shifts: first what waits for an answer, then what is confirmed."""
    missing = strikes.missing_buttons(message.begun, say)
    hours = [Button("🗓 " + say.say("When I can work"), "duty")]
    if message.calendar:
        hours.append(calendars.button(say))
    if not message.to_answer and not message.confirmed and not missing:
        text = say.say("You have no shifts. When sessions need you, we will ask you here.")
        return Screen(paragraphs(text, _load(message.load, say)), (tuple(hours),))
    parts: list[Html] = []
    if message.confirmed:
        parts += [say.say("✅ <b>You run</b>"), *_places(message.confirmed, say)]
    if message.to_answer:
        parts += [say.say("❔ <b>To answer</b>"), *_by_day(message.to_answer, say)]
    if message.more:
        parts.append(say.say_n("… and one more", "… and {n} more", message.more))
    parts.append(_zone((*message.confirmed, *message.to_answer), say))
    shown = _buttons((*message.to_answer[:8], *message.confirmed[:8]), say)
    if missing:
        parts.append(say.say("Was somebody missing? Press the session below."))
    parts.append(_load(message.load, say))
    return Screen(paragraphs(*parts), (*missing, *shown, tuple(hours)))


def _load(load: m.Load | None, say: Speech) -> Html:
    """One's own hours beside the colleagues'."""
    if load is None:
        return Html("")
    return say.say(
        "📊 Two weeks back and two ahead: {own} h of sessions for you, usually {others} h for a colleague.",
        own=_in_hours(load.own, say),
        others=_in_hours(load.others, say),
    )


def _in_hours(span: timedelta, say: Speech) -> Html:
    hours = span / timedelta(hours=1)
    return say.number(hours, 0 if hours.is_integer() else 1)


def _places(shifts: Iterable[m.ShiftView], say: Speech) -> list[Html]:
    """Confirmed shifts by day, with where they are."""
    told = []
    for day, group in groupby(shifts, key=lambda x: say.day(x.slot.starts_at, places.zone_of(x.slot))):
        shown = []
        for shift in group:
            zone = places.zone_of(shift.slot)
            hours = f"{say.clock(shift.slot.starts_at, zone)}–{say.clock(shift.slot.ends_at, zone)}"
            place = places.where(shift.slot, say)
            shown.append(Html(f"   {hours} · {place}{_setting_up(shift.slot, say)}"))
        told.append(lines(Html(f"<b>{day}</b>"), *shown))
    return told


@words("NotYourShift")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This shift is not yours. /today lists yours.")


@words("ShiftOver")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "cancelled":
        return say.say("This session has been called off. /today lists your shifts.")
    return say.say("This session has begun or is over. /today lists your shifts.")


@words("SeatsFilled")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "Thank you, but this session has enough people already. If somebody drops out, we will ask you again."
    )


@words("ShiftOverlap")
def _(f: Facts, say: Speech) -> Html:
    zone = ZoneInfo(f["zone"])
    starts, ends = f.time("starts_at"), f.time("ends_at")
    when = say.stretch(starts, ends, zone) if starts and ends else ""
    return say.say("You run another session at that time: {when}. Give that one back first.", when=when)
