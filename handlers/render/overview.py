"""Words of `/pending` and `/stats`."""

import math
from html import escape
from zoneinfo import ZoneInfo

from bot.services.messages import Lane
from bot.services.messages import overview as m
from bot.services.messages.slots import SlotView
from bot.texts import Html, Speech, mark
from handlers.render import set_aside
from handlers.screen import Button, Screen, lines, paragraphs, renders

LANES = {
    Lane.ANSWER: mark("Answers"),
    Lane.IMMINENT: mark("Sessions at hand"),
    Lane.REVIEW: mark("Reviewing"),
    Lane.REMINDER: mark("Reminders"),
    Lane.BROADCAST: mark("Broadcasts"),
}


# --- what waits for a human


@renders(m.Pending)
def pending(message: m.Pending, say: Speech) -> Screen:
    """A paragraph for each kind of thing, with what to do about it."""
    parts = [
        _samples(message, say),
        _appeals(message, say),
        _unconfirmed(message, say),
        _understaffed(message, say),
        set_aside.paragraph(message, say),
        _trouble(message, say),
    ]
    again = Button(say.say("Look again"), "pending")
    if not any(parts):
        return Screen(say.say("✅ Nothing needs a human right now."), ((again,),))
    return Screen(
        paragraphs(say.say("<b>What needs a human</b>"), *parts), (*set_aside.buttons(message, say), (again,))
    )


def _samples(message: m.Pending, say: Speech) -> Html:
    stuck = message.samples
    if not stuck.count:
        return Html("")
    head = say.say_n(
        "🎧 <b>{n} sample</b> has too few reviewers",
        "🎧 <b>{n} samples</b> have too few reviewers",
        stuck.count,
    )
    todo = say.say("Invite somebody who hears this language: /invite reviewer")
    if message.in_group:
        todo = say.say("Ask in the reviewers' group, or invite somebody: /invite reviewer")
    return lines(_detailed(head, stuck, message, say), todo)


def _appeals(message: m.Pending, say: Speech) -> Html:
    stuck = message.appeals
    if not stuck.count:
        return Html("")
    head = say.say_n(
        "⚖️ <b>{n} appeal</b> lacks people who have not voted on it",
        "⚖️ <b>{n} appeals</b> lack people who have not voted on them",
        stuck.count,
    )
    return lines(
        _detailed(head, stuck, message, say),
        say.say("Decide with the card you got for it, or invite somebody: /invite reviewer"),
    )


def _detailed(head: Html, stuck: m.Stuck, message: m.Pending, say: Speech) -> Html:
    """How many, in which languages, and for how long."""
    parts = [say.language_name(language) for language in stuck.languages]
    if stuck.since is not None:
        parts.append(say.say("the longest for {span}", span=say.span(message.at - stuck.since)))
    return say.say("{samples} ({details})", samples=head, details=Html(" · ".join(parts))) if parts else head


def _unconfirmed(message: m.Pending, say: Speech) -> Html:
    count = len(message.unconfirmed) + message.more_unconfirmed
    if not count:
        return Html("")
    head = say.say_n(
        "📅 <b>{n} session</b> is near, and somebody has not answered. Get in touch:",
        "📅 <b>{n} sessions</b> are near, and somebody has not answered. Get in touch:",
        count,
    )
    each = [
        say.say("• {slot}: {names}", slot=_slot(one.slot, say), names=say.join(map(escape, one.silent)))
        for one in message.unconfirmed
    ]
    return lines(head, *each, _more(message.more_unconfirmed, say))


def _understaffed(message: m.Pending, say: Speech) -> Html:
    count = len(message.understaffed) + message.more_understaffed
    if not count:
        return Html("")
    head = say.say_n(
        "🧑‍🔧 <b>{n} session</b> in the next seven days lacks staff. Ask them, or invite more: /invite staff",
        "🧑‍🔧 <b>{n} sessions</b> in the next seven days lack staff. Ask them, or invite more: /invite staff",
        count,
    )
    each = [
        say.say(
            "• {slot}: {confirmed} of {needed} confirmed",
            slot=_slot(one.slot, say),
            confirmed=one.confirmed,
            needed=one.needed,
        )
        for one in message.understaffed
    ]
    return lines(head, *each, _more(message.more_understaffed, say))


def _slot(slot: SlotView, say: Speech) -> Html:
    return Html(f"{say.named(slot.studio)} · {say.moment(slot.starts_at, ZoneInfo(slot.zone))}")


def _more(count: int, say: Speech) -> Html:
    return say.say_n("… and {n} more", "… and {n} more", count) if count else Html("")


def _trouble(message: m.Pending, say: Speech) -> Html:
    """What whoever runs the bot has to look at."""
    parts = []
    if message.failed:
        parts.append(
            say.say_n(
                "📤 <b>{n} message</b> of the last seven days could not be sent.",
                "📤 <b>{n} messages</b> of the last seven days could not be sent.",
                message.failed,
            )
        )
    if message.uncertain:
        parts.append(
            say.say_n(
                "📤 <b>{n} message</b> of the last seven days may not have arrived: the connection broke.",
                "📤 <b>{n} messages</b> of the last seven days may not have arrived: the connection broke.",
                message.uncertain,
            )
        )
    if message.given_up:
        parts.append(
            say.say_n(
                "⚙️ <b>{n} task</b> failed on every try.",
                "⚙️ <b>{n} tasks</b> failed on every try.",
                message.given_up,
            )
        )
    todo = say.say("Show this to whoever runs the bot: its log has the details. Numbers: /stats delivery")
    return lines(*parts, todo) if parts else Html("")


# --- the funnel


@renders(m.Funnel)
def funnel(message: m.Funnel, say: Speech) -> Screen:
    """The number first, so that columns stand straight in every language."""
    people = _column(
        [
            (message.began, say.say("began")),
            (message.onboarded, say.say("answered every question")),
            (message.sent, say.say("sent a sample")),
            (message.refused, say.say("had one refused by the checks")),
            (message.rejected, say.say("had one rejected")),
            (message.approved, say.say("are approved")),
            (message.waiting, say.say("look for a partner")),
            (message.paired, say.say("have a partner")),
            (message.booked, say.say("have a session booked")),
        ],
        say,
    )
    now = _column(
        [
            (message.in_review, say.say("samples with the reviewers")),
            (message.sessions, say.say("sessions to come")),
        ],
        say,
    )
    median = ""
    if message.to_decision is not None:
        median = say.say(
            "From the queue to the verdict: {span} (median of 30 days)", span=say.span(message.to_decision)
        )
    cities = [
        say.say(
            "<b>{city}</b>: {began} began, {approved} approved, {paired} with a partner, {sessions} sessions to come",
            city=say.named(city.names, city.code),
            began=say.number(city.began),
            approved=say.number(city.approved),
            paired=say.number(city.paired),
            sessions=say.number(city.sessions),
        )
        for city in message.cities
    ]
    text = paragraphs(
        lines(say.say("📊 <b>People</b>"), people),
        lines(say.say("<b>Now</b>"), now, median),
        lines(*cities),
    )
    return Screen(text, (views("funnel", say),))


def _column(rows: list[tuple[int, Html]], say: Speech) -> Html:
    numbers = [say.number(count) for count, _ in rows]
    width = max(map(len, numbers))
    each = [f"{number:>{width}}  {label}" for number, (_, label) in zip(numbers, rows, strict=True)]
    return Html(f"<pre>{chr(10).join(each)}</pre>")


def views(shown: str, say: Speech) -> tuple[Button, ...]:
    """The same numbers by now, and the way to the others."""
    labels = {"funnel": say.say("People"), "pool": say.say("Partners"), "delivery": say.say("Delivery")}
    again = Button(say.say("Look again"), f"stats:{shown}")
    return (again, *(Button(label, f"stats:{view}") for view, label in labels.items() if view != shown))


# --- delivery


@renders(m.DeliveryNumbers)
def delivery(message: m.DeliveryNumbers, say: Speech) -> Screen:
    """Messages by urgency, then updates, timers and jobs, then what the running program counted."""
    head = say.say("📮 <b>Messages</b> of the last 24 hours")
    lanes = [_lane(lane, say) for lane in message.lanes]
    uncertain = ""
    if message.uncertain:
        kinds = [
            Html(f"<code>{escape(one.kind)}</code> {say.number(one.count)}") for one in message.uncertain
        ]
        uncertain = say.say("Open whether they arrived: {kinds}", kinds=Html(", ".join(kinds)))
    updates = say.say("📥 <b>Updates</b>: {waiting} waiting", waiting=say.number(message.updates))
    if message.oldest_update is not None:
        updates = Html(updates + say.say(" (the longest for {span})", span=say.span(message.oldest_update)))
    if message.set_aside:
        updates = Html(updates + say.say(", {n} set aside", n=say.number(message.set_aside)))
    if message.unread:
        updates = Html(updates + say.say(", {n} unread, of a flood", n=say.number(message.unread)))
    timers = say.say("⏰ <b>Timers</b>: {n} pending", n=say.number(message.timers))
    if message.overdue:
        timers = Html(timers + say.say(", {n} overdue", n=say.number(message.overdue)))
    jobs = say.say("⚙️ <b>Jobs</b>: {n} waiting", n=say.number(message.jobs))
    text = paragraphs(
        lines(head, *lanes, uncertain),
        lines(updates, timers, jobs, _checks(message.checks, say)),
        _run(message.run, say),
    )
    return Screen(text, (views("delivery", say),))


def _checks(checks: m.CheckNumbers | None, say: Speech) -> Html:
    if checks is None:
        return Html("")
    return say.say(
        "🎧 <b>Checks</b> of 24 hours: {n}, usually {usual}, the longest {longest}",
        n=say.number(checks.count),
        usual=say.span(checks.usual),
        longest=say.span(checks.longest),
    )


def _run(run: m.RunNumbers | None, say: Speech) -> Html:
    """What is counted anew after each start."""
    if run is None:
        return Html("")
    timers = ""
    if run.rung:
        timers = say.say(
            "Timers run: {n}, {share} of them within a second, the latest {latest} late",
            n=say.number(run.rung),
            share=say.percent(math.floor(100 * run.punctual / run.rung) / 100),
            latest=say.span(run.latest),
        )
    return lines(
        say.say("⏱ <b>Since the start</b>, {span} ago", span=say.span(run.span)),
        say.say("Telegram asked for silence (429): {n}", n=say.number(run.held)),
        say.say("Sent again: {n}", n=say.number(run.again)),
        timers,
    )


def _lane(lane: m.LaneNumbers, say: Speech) -> Html:
    """Only what there is; a lane without anything says so."""
    waiting = say.say("{n} waiting", n=say.number(lane.waiting))
    if lane.oldest is not None:
        waiting = Html(waiting + say.say(" (the longest for {span})", span=say.span(lane.oldest)))
    parts = [
        (lane.sent, say.say("{n} sent", n=say.number(lane.sent))),
        (lane.waiting, waiting),
        (lane.blocked, say.say("{n} blocked the bot", n=say.number(lane.blocked))),
        (lane.failed, say.say("{n} failed", n=say.number(lane.failed))),
        (lane.uncertain, say.say("{n} uncertain", n=say.number(lane.uncertain))),
    ]
    told = Html(" · ".join(text for count, text in parts if count)) or say.say("nothing")
    return say.say("{lane}: {numbers}", lane=say.say(LANES[Lane(lane.lane)]), numbers=told)
