"""Words about free times: what is ahead in each city, and telling those who can book."""

from zoneinfo import ZoneInfo

from bot.services.messages import slots as m
from bot.texts import Html, Speech
from handlers.render import places
from handlers.render.partners import both_ways
from handlers.render.problems import Facts, words
from handlers.screen import Button, Screen, lines, paragraphs, renders, rows

# --- what is ahead


@renders(m.Openings)
def openings(message: m.Openings, say: Speech) -> Screen:
    """By city and day; announcing again is a press."""
    plan = Button(say.say("🗓 Plan studio times"), "plan:go")
    if not message.cities:
        return Screen(say.say("There is no studio yet. Add the first one: /studio"))
    buttons = [
        Button(
            say.say("📣 Announce again: {city}", city=say.named(city.names, city.code)),
            f"slots:{city.code}:again",
        )
        for city in message.cities
        if any(day.free for day in city.days)
    ]
    told = [_city(city, say) for city in message.cities]
    fresh = Button(say.say("🔄 New numbers"), "slots:all:count")
    return Screen(paragraphs(say.say("<b>What is ahead</b>"), *told), (*rows(buttons, 1), (plan, fresh)))


def _city(city: m.CityOpenings, say: Speech) -> Html:
    days = [_day(day, say) for day in city.days] or [say.say("Nothing is planned.")]
    more = say.say_n("… and one more day", "… and {n} more days", city.more) if city.more else ""
    zone = ZoneInfo(city.zone)
    reports = [report(one, zone, say) for one in city.reports]
    return lines(Html(f"<b>{say.named(city.names, city.code)}</b>"), *days, more, *reports)


def report(found: m.AnnouncementReport, zone: ZoneInfo, say: Speech) -> Html:
    """What came of an announcement. Telegram does not tell who has read: pressing a button counts as opened."""
    when = say.moment(found.at, zone)
    counts = say.say(
        "📣 {when}: sent to {sent} of {told}, opened by {opened} (a button pressed), booked: {booked}",
        when=when,
        sent=found.sent,
        told=found.told,
        opened=found.opened,
        booked=found.booked,
    )
    if found.opens_at is None:
        return counts
    until = say.moment(found.opens_at, zone)
    return lines(counts, say.say("🌊 Until {when} only those can book who have waited longest.", when=until))


def _day(day: m.OpeningsDay, say: Speech) -> Html:
    parts = []
    if day.free:
        parts.append(say.say("🟢 {n} free", n=day.free))
    if day.taken:
        parts.append(say.say("🔴 {n} taken", n=day.taken))
    if day.lacking:
        parts.append(say.say_n("👥 one lacks staff", "👥 {n} lack staff", day.lacking))
    return say.say("{day}: {times}", day=say.day(day.day), times=Html(" · ".join(parts)))


# --- telling those who can book


ON_ANNOUNCEMENTS = ("book:", "times:", "pair:find", "pair:invite")
"""How the data of an announcement's buttons begins: whoever presses one of them has opened it."""


@renders(m.SlotsOpened)
def slots_opened(message: m.SlotsOpened, say: Speech) -> Screen:
    """Free times, the earliest as buttons; who has no partner finds one first."""
    zone, city = ZoneInfo(message.zone), say.named(message.city_names)
    if message.again:
        head = say.say_n(
            "🗓 One studio time is still free in {city}.",
            "🗓 {n} studio times are still free in {city}.",
            message.count,
            city=city,
        )
    else:
        head = say.say_n(
            "🗓 A new studio time is free in {city}.",
            "🗓 {n} new studio times are free in {city}.",
            message.count,
            city=city,
        )
    first, last = say.moment(message.first, zone), say.day(message.last, zone)
    span = Html(f"{first}")
    if say.day(message.first, zone) != last:
        span = say.say("From {first} to {last}.", first=first, last=last)
    if message.first_until:
        until = say.moment(message.first_until, zone)
        span = lines(
            span,
            say.say(
                "🌊 You have waited long, so you are among the first: until {when} only they can book.",
                when=until,
            ),
        )
    if not message.paired:
        hint = say.say("You record in pairs: find a partner first, then book together. /partner")
        return Screen(lines(head, span, hint), both_ways(say))
    hint = say.say("Take one with your partner, or see all: /slots")
    taken = [Button(places.short(slot, say), f"book:{slot.slot_id}") for slot in message.slots]
    return Screen(lines(head, span, hint), (*rows(taken, 2), (Button(say.say("All free times"), "times:0"),)))


@words("NothingOpen")
def _(_f: Facts, say: Speech) -> Html:
    return say.say(
        "Nothing is free there right now, so there is nothing to announce. /openings shows what is ahead."
    )


@words("JustAnnounced")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("It was announced a moment ago; nobody wants it twice.")
