"""Words about slots: being led to a plan, its preview, how far it is, openings, and announcements."""

from datetime import timedelta
from html import escape
from zoneinfo import ZoneInfo

from bot.rules.recurrence import Freq, read_rule, weekly
from bot.services.messages import slots as m
from bot.services.messages.templates import TemplatePreview, TemplateView
from bot.texts import Html, Speech
from handlers.render.openings import report
from handlers.render.places import shown_twice
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

# --- being led to a plan


@renders(m.AskPlan)
def ask_plan(message: m.AskPlan, say: Speech) -> Screen:
    """One question; typed answers work as well as the buttons."""
    asks = {
        "city": say.say("🗓 New studio times. In which city?"),
        "dates": say.say("On which days? Choose, or type them: 2026-12-01..2026-12-07"),
        "weekdays": say.say("On which days of every week? Choose, or type them: mo,we,fr"),
        "times": say.say("When do sessions begin, by the studio’s clock? Choose, or type: 09:00,14:00,18:00"),
        "length": say.say("How long is a session? Choose, or type it: 2h30m"),
    }
    leave = say.say("/cancel stops this.") if message.step in ("city", "dates") else ""
    text = lines(_so_far(message, say), asks[message.step], leave)
    return Screen(text, (*_plan_choices(message, say), *_plan_back(message, say)))


def _so_far(message: m.AskPlan, say: Speech) -> Html:
    given = [
        escape(message.answers[step]).replace(",", " · ").replace("..", " – ")
        for step in ("dates", "times")
        if step in message.answers
    ]
    if "weekdays" in message.answers:
        given.insert(0, rule_words(message.answers["weekdays"], say))
    city = say.named(message.city_names) if message.city_names else ""
    return Html("🗓 <b>" + " · ".join(part for part in (city, *given) if part) + "</b>") if city else Html("")


def _plan_choices(message: m.AskPlan, say: Speech) -> Rows:
    if message.step == "city":
        buttons = [
            Button(say.named(city.names, city.code), f"plan:city:{city.code}") for city in message.cities
        ]
        return rows(buttons, 2)
    labels = [_label(message.step, option, say) for option in message.options]
    buttons = [Button(label, f"plan:{message.step}:{index}") for index, label in enumerate(labels)]
    repeating: Rows = ()
    if message.step == "dates":
        weekly_ = Button(say.say("🔁 Every week"), "plan:dates:weekly")
        repeating = ((weekly_, Button(say.say("🔁 All that repeats"), "tmpls")),)
    return (*rows(buttons, 3 if message.step == "length" else 1), *repeating)


def _label(step: str, option: str, say: Speech) -> str:
    if step == "dates":
        return say.say_n("Tomorrow", "{n} days from tomorrow", int(option))
    if step == "weekdays":
        return rule_words(str(weekly(option)), say)
    if step == "length":
        return say.span(timedelta(hours=int(option.removesuffix("h"))))
    return option.replace(",", " · ")


def _plan_back(message: m.AskPlan, say: Speech) -> Rows:
    back = Button(say.say("◀ Back"), f"plan:back:{message.step}")
    return ((back,),) if {"dates", "often"} & message.answers.keys() or message.step == "times" else ()


def rule_words(rule: str, say: Speech) -> Html:
    """When a rule of RFC 5545 has days: "every week: Mon, Wed"."""
    read, _ = read_rule(rule)
    every = {
        Freq.DAILY: say.say_n("every day", "every {n} days", read.interval),
        Freq.WEEKLY: say.say_n("every week", "every {n} weeks", read.interval),
        Freq.MONTHLY: say.say_n("every month", "every {n} months", read.interval),
    }[read.freq]
    parts = [_which(ordinal, say.weekday(day), say) for ordinal, day in read.weekdays]
    parts += [_day_of_month(day, say) for day in read.month_days]
    parts += (
        [say.say("only in months {numbers}", numbers=say.join(map(str, read.months)))] if read.months else []
    )
    if read.count:
        parts.append(say.say_n("once in all", "{n} times in all", read.count))
    return say.say("{every}: {which}", every=every, which=say.join(parts)) if parts else every


def _which(ordinal: int, weekday: Html, say: Speech) -> Html:
    if ordinal == 0:
        return weekday
    if ordinal > 0:
        return say.say("{weekday} number {n}", weekday=weekday, n=ordinal)
    return (
        say.say("the last {weekday}", weekday=weekday)
        if ordinal == -1
        else say.say("{weekday} number {n} from the end", weekday=weekday, n=-ordinal)
    )


def _day_of_month(day: int, say: Speech) -> Html:
    if day > 0:
        return say.say("day {n}", n=day)
    return say.say("the last day") if day == -1 else say.say("day {n} from the end", n=-day)


# --- the preview


def grid_line(grid: m.Grid, say: Speech) -> Html:
    """Where, which days, which times, how long."""
    days = say.day(grid.first)
    if grid.first != grid.last:
        days = Html(f"{days} – {say.day(grid.last)}")
    skip = ""
    if grid.skip:
        named = say.join([say.day(day) for day in grid.skip[:8]])
        skip = say.say_n("without {days}", "without {n} days: {days}", len(grid.skip), days=named)
    return lines(
        Html(f"<b>{say.named(grid.city_names, grid.city)} · {days}</b>"),
        say.say(
            "{times}, each {length} (times in {zone})",
            times=" · ".join(grid.times),
            length=say.span(grid.length),
            zone=grid.zone,
        ),
        skip,
    )


@renders(m.BatchPreview)
def batch_preview(message: m.BatchPreview, say: Speech) -> Screen:
    """Counts, what is left out, staff; nothing is created yet."""
    grid = message.grid
    sum_ = say.say(
        "{days} × {times} × {rooms}",
        days=say.say_n("one day", "{n} days", grid.days),
        times=say.say_n("one time", "{n} times", len(grid.times)),
        rooms=say.say_n("one room", "{n} rooms", grid.rooms),
    )
    made = say.say_n(
        "<b>One</b> session would be created.", "<b>{n}</b> sessions would be created.", message.count
    )
    opens = Button(say.say("✅ Open them"), f"slots:{message.batch_id}:open")
    drops = Button(say.say("Drop it"), f"slots:{message.batch_id}:drop")
    left_out = _left_out(message, say)
    text = paragraphs(
        say.say("🗓 <b>Preview</b>"),
        lines(grid_line(grid, say), sum_),
        lines(made, left_out, shown_twice(message.twice, say)),
        staff_note(message, grid, say),
        _wave_note(message, say),
    )
    in_waves = Button(say.say("🌊 Open in waves"), f"slots:{message.batch_id}:waves")
    return Screen(text, ((opens, drops), (in_waves,)) if message.wave else ((opens, drops),))


def _wave_note(message: m.BatchPreview, say: Speech) -> Html:
    if message.wave is None:
        return Html("")
    return say.say(
        "🌊 In waves: for {span} only the pairs that have waited longest for a session can book, then all.",
        span=say.span(message.wave),
    )


def _left_out(message: m.BatchPreview, say: Speech) -> Html:
    parts = in_the_way(message, say)
    if message.nonexistent:
        parts.append(
            say.say(
                "• clocks skip {times} (summer time begins)",
                times=say.join([escape(at) for at in message.nonexistent]),
            )
        )
    return lines(say.say("Left out:"), *parts) if parts else Html("")


def in_the_way(message: m.BatchPreview | TemplatePreview, say: Speech) -> list[Html]:
    """What of a plan is left out, and why, a line each."""
    parts = []
    if message.past:
        parts.append(say.say_n("• one is past already", "• {n} are past already", message.past))
    if message.clashes:
        parts.append(
            say.say_n(
                "• one overlaps another session in its room",
                "• {n} overlap other sessions in their rooms",
                message.clashes,
            )
        )
    if message.tight:
        parts.append(
            say.say_n(
                "• one leaves less than {gap} min to clean up and set up",
                "• {n} leave less than {gap} min to clean up and set up",
                message.tight,
                gap=message.gap,
            )
        )
    if message.closed:
        parts.append(
            say.say_n("• one is when the room is closed", "• {n} are when the room is closed", message.closed)
        )
    return parts


def staff_note(message: m.BatchPreview | TemplatePreview, grid: m.Grid | TemplateView, say: Speech) -> Html:
    """How many people each session needs, and how many there are to ask."""
    if message.staff_needed == 0:
        return say.say("No staff needed: they open at once.")
    need = say.say_n(
        "👥 Each needs one of the staff and opens once that person has confirmed.",
        "👥 Each needs {n} of the staff and opens once they have confirmed.",
        message.staff_needed,
    )
    return lines(need, _staff_there(message.staff, grid.city_names, grid.city, say))


def _staff_there(staff: int, names: dict[str, str], code: str, say: Speech) -> Html:
    city = say.named(names, code)
    if staff == 0:
        return say.say(
            "⚠️ {city} has no staff yet. Whoever joins will be asked: <code>/invite staff {code}</code>",
            city=city,
            code=code,
        )
    return say.say_n(
        "{city} has one member of staff to ask.",
        "{city} has {n} members of staff to ask.",
        staff,
        city=city,
    )


@renders(m.BatchDropped)
def batch_dropped(message: m.BatchDropped, say: Speech) -> Screen:
    """Nothing was created."""
    again = Button(say.say("🗓 New plan"), "plan:go")
    return Screen(lines(grid_line(message.grid, say), say.say("Dropped; nothing was created.")), ((again,),))


# --- how far it is


@renders(m.BatchCard)
def batch_card(message: m.BatchCard, say: Speech) -> Screen:
    """What opened and what is missing, with what can be done about it."""
    if message.total == 0:
        text = say.say("Nothing of this plan lies ahead any more.")
        again = Button(say.say("🗓 New plan"), "plan:go")
        return Screen(lines(grid_line(message.grid, say), text), ((again,),))
    if message.confirming:
        return _confirm_taking_back(message, say)
    return Screen(
        paragraphs(
            grid_line(message.grid, say),
            _progress(message, say),
            _told(message, say),
            _reports(message, say),
        ),
        _card_buttons(message, say),
    )


def _progress(message: m.BatchCard, say: Speech) -> Html:
    opened = message.free + message.taken
    head = say.say("✅ All {total} are open.", total=message.total)
    if opened < message.total:
        head = say.say("⏳ {opened} of {total} are open.", opened=opened, total=message.total)
    taken = (
        say.say_n("One of them is taken.", "{n} of them are taken.", message.taken) if message.taken else ""
    )
    lacks = [_lack(lack, say) for lack in message.lacks]
    skipped = ""
    if message.skipped:
        skipped = say.say_n("One was left out.", "{n} were left out.", message.skipped)
    return lines(head, taken, *lacks, skipped)


def _lack(lack: m.Lack, say: Speech) -> Html:
    people = say.say_n("one person", "{n} people", lack.people)
    return say.say_n(
        "👥 One still needs {people}.", "👥 {n} still need {people} each.", lack.slots, people=people
    )


def _told(message: m.BatchCard, say: Speech) -> Html:
    if message.lacks:
        return _staff_there(message.staff, message.grid.city_names, message.grid.city, say)
    if message.announced_at is None and message.free:
        return say.say("📣 They will be announced to everybody who can book, outside quiet hours.")
    if message.announced_at is not None and not message.reports:
        when = say.moment(message.announced_at, ZoneInfo(message.grid.zone))
        return say.say("📣 Announced {when}.", when=when)
    return Html("")


def _reports(message: m.BatchCard, say: Speech) -> Html:
    zone = ZoneInfo(message.grid.zone)
    return lines(*[report(one, zone, say) for one in message.reports])


def _card_buttons(message: m.BatchCard, say: Speech) -> Rows:
    data = f"slots:{message.batch_id}"
    made: list[tuple[Button, ...]] = []
    if message.lacks:
        made.append((Button(say.say("Ask the staff again"), f"{data}:ask"),))
        lower = []
        if message.staff_needed > 1:
            lower.append(Button(say.say("One person is enough"), f"{data}:need1"))
        lower.append(Button(say.say("Open without staff"), f"{data}:need0"))
        made.append(tuple(lower))
    if message.free or message.lacks:
        made.append((Button(say.say("Take the free ones back"), f"{data}:back"),))
    if message.reports:
        made.append((Button(say.say("🔄 New numbers"), f"{data}:card"),))
    return tuple(made)


def _confirm_taking_back(message: m.BatchCard, say: Speech) -> Screen:
    count = message.total - message.taken
    ask = say.say_n(
        "Really take back the one time that nobody has booked?",
        "Really take back the {n} times that nobody has booked?",
        count,
    )
    stays = say.say("What is booked stays. Staff who confirmed will be told.")
    yes = Button(say.say("Yes, take them back"), f"slots:{message.batch_id}:gone")
    no = Button(say.say("No"), f"slots:{message.batch_id}:card")
    return Screen(paragraphs(grid_line(message.grid, say), lines(ask, stays)), ((yes, no),))


# --- what can be wrong


@words("NothingToPlan")
def _(f: Facts, say: Speech) -> Html:
    if f["closed"] and not f["clashes"] and not f["past"]:
        return say.say("The rooms are closed at all of these times. /studio shows for how long.")
    if f["past"] and not f["clashes"]:
        return say.say("All of these times are past. Please choose later days.")
    if f["clashes"] and not f["past"]:
        return say.say("Every room is taken at all of these times. /openings shows what is planned.")
    return say.say(
        "Nothing is left of this plan: its times are past, taken or skipped by the clocks. Please "
        "choose others."
    )


@words("TooManySlots")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "That would be {count} sessions; at most {limit} fit into one plan. Please take fewer days.",
        count=f["count"],
        limit=f["limit"],
    )


@words("UnknownBatch")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("I do not know this plan. /newslots makes a new one.")


@words("BatchOver")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "dropped":
        return say.say("This plan was dropped. /newslots makes a new one.")
    return say.say("These times were opened already. /openings shows them.")


@words("BatchNotOpened")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "dropped":
        return say.say("This plan was dropped. /newslots makes a new one.")
    return say.say("These times are not open yet: answer the preview first.")


@words("NobodyToAsk")
def _(f: Facts, say: Speech) -> Html:
    if f["staff"] == 0:
        return say.say(
            "There is no staff in this city yet. Invite some: /invite staff {code}", code=f["city"]
        )
    return say.say(
        "Everybody has answered already. Invite more staff, or open with fewer: /invite staff {code}",
        code=f["city"],
    )


@words("JustAsked")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("The staff were asked a moment ago. Give them a minute.")


@words("NothingLacking")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("Nothing is waiting for staff any more. /openings shows how it stands.")
