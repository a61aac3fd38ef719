"""When and where a session is, in words: every message that names a slot says it the same way."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from bot.services.messages.slots import SlotView
from bot.texts import Html, Speech, verbatim
from handlers.screen import plain


def zone_of(slot: SlotView) -> ZoneInfo:
    """The zone that the slot's times are told in."""
    return ZoneInfo(slot.zone)


def when(slot: SlotView, say: Speech) -> Html:
    """From when to when, in the studio's zone."""
    return say.stretch(slot.starts_at, slot.ends_at, zone_of(slot))


def where(slot: SlotView, say: Speech) -> Html:
    """The studio, and the room if it has several."""
    studio = say.named(slot.studio, slot.city)
    if slot.room_count < 2:
        return studio
    return say.say("{studio}, room {number}", studio=studio, number=slot.room)


def session(slot: SlotView, say: Speech) -> Html:
    """When and where, in two lines."""
    return Html(f"🗓 <b>{when(slot, say)}</b>\n📍 {where(slot, say)}")


def old_time(old: SlotView, new: SlotView, say: Speech) -> Html:
    """When a session was that is moved to `new`, and where, if that is somewhere else."""
    if where(old, say) == where(new, say):
        return when(old, say)
    return say.say("{when}, {place}", when=when(old, say), place=where(old, say))


def short(slot: SlotView, say: Speech) -> Html:
    """Day and hour alone, for buttons and lists: "Tue, 1 Dec 09:00"."""
    return at(slot.starts_at, slot, say)


def at(moment: datetime, slot: SlotView, say: Speech) -> Html:
    """A moment about a slot, beside which the zone is named already: "Tue, 1 Dec 09:30"."""
    return Html(f"{say.day(moment, zone_of(slot))} {say.clock(moment, zone_of(slot))}")


def shown_twice(times: Sequence[str], say: Speech) -> Html:
    """Which hour is meant where a plan has local times that clocks show twice; some of them are named."""
    if not times:
        return Html("")
    named = say.join([escape(at) for at in times[:4]])
    return say.say("⏰ Clocks show {times} twice: the first is meant.", times=named)


def directions(slot: SlotView, say: Speech) -> Html:
    """The address and the map, as far as they are known."""
    return directions_to(slot.address, slot.map_url, say)


def directions_to(address: str, map_url: str, say: Speech) -> Html:
    """An address and a link to a map, as far as they are given."""
    lines = []
    if address:
        lines.append(Html(f"🏠 {verbatim(address)}"))
    if map_url:
        link, name = escape(map_url, quote=True), say.say("Map")
        lines.append(Html(f'🗺 <a href="{link}">{name}</a>'))
    return Html("\n".join(lines))


def in_calendar(slot: SlotView, say: Speech) -> str:
    """Where a session is, as calendars show places: plain text, with the address as it was typed."""
    return "\n".join(part for part in (plain(where(slot, say)), slot.address) if part)
