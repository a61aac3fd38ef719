"""Words of `/people`: one person's story on pages, and why strikes are lifted."""

from html import escape
from zoneinfo import ZoneInfo

from bot.services.messages import stories as m
from bot.services.messages.bookings import Strikes
from bot.texts import Html, Speech, mark, verbatim
from handlers.render import corrections, names
from handlers.render.events import event_text
from handlers.render.my_bookings import strike_lines
from handlers.render.places import session, short, when
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

PAGES = {
    "card": mark("👤 Overview"),
    "samples": mark("🎧 Samples"),
    "sessions": mark("🎙 Sessions"),
    "strikes": mark("⚠️ Strikes"),
    "shifts": mark("🎬 Shifts"),
    "log": mark("📜 History"),
}
"""The pages of a story and what their buttons say."""


# --- the story


def _head(head: m.Head, say: Speech) -> Html:
    link = Html(f'<a href="tg://user?id={head.telegram_id}">{escape(head.name)}</a>')
    handle = verbatim(f" @{head.username}") if head.username else ""
    return say.say("👤 <b>{link}</b>{handle} · #{number}", link=link, handle=handle, number=head.person_id)


def _pages(head: m.Head, page: str, say: Speech, *first: tuple[Button, ...]) -> Rows:
    """What can be done here, then the other pages."""
    others = [
        Button(say.say(title), f"person:{head.person_id}:{name}")
        for name, title in PAGES.items()
        if name != page
    ]
    return (*first, *rows(others, 3))


def _screen(head: m.Head, page: str, say: Speech, *parts: str, first: Rows = ()) -> Screen:
    return Screen(paragraphs(_head(head, say), *parts), _pages(head, page, say, *first))


def _more(count: int, say: Speech) -> Html:
    return say.say_n("… and one older", "… and {n} older", count) if count else Html("")


STANDS = {
    "new": mark("Has not answered all first questions"),
    "onboarded": mark("Onboarded, not approved yet"),
    "approved": mark("Approved, without a partner"),
    "pool": mark("Approved, looking for a partner"),
    "pair": mark("Approved, partner: {partner}"),
}

SAMPLES = {
    "received": mark("received"),
    "refused": mark("not accepted by the checks"),
    "queued": mark("waits for reviewers"),
    "in_review": mark("is being heard"),
    "cross_review": mark("one more reviewer decides"),
    "approved": mark("approved"),
    "rejected": mark("rejected"),
    "appealed": mark("appealed"),
    "withdrawn": mark("withdrawn"),
}


@renders(m.PersonCard)
def person_card(message: m.PersonCard, say: Speech) -> Screen:
    """Where they stand."""
    head, zone = message.head, ZoneInfo(message.head.zone)
    roles = say.join(say.say(names.ROLES[role]) for role in message.roles)
    facts = lines(
        say.say(STANDS[message.stands], partner=message.partner),
        say.say("Roles: {roles}", roles=roles),
        say.say("City: {city}", city=say.named(message.city_names, message.city)) if message.city else "",
        say.say("Speaks: {languages}", languages=say.join(say.language_name(x) for x in message.speaks))
        if message.speaks
        else "",
        say.say("Dialect: {dialect}", dialect=say.say(names.DIALECTS[message.dialect]))
        if message.dialect
        else "",
        say.say("Newest sample: {state}", state=say.say(SAMPLES[message.sample])) if message.sample else "",
        say.say("Sessions to come: {count}", count=message.sessions),
        say.say("Here since {since}, last seen {seen}", **_span(message, zone, say)),
        "" if message.reachable else say.say("🔇 Has blocked the bot: no message arrives."),
    )
    strikes, count = "", message.strikes
    if count is not None and count.count and count.limit:
        counted = say.say(
            "⚠️ <b>Strikes</b>: {count} of {limit} count now.", count=count.count, limit=count.limit
        )
        strikes = lines(counted, _blocked(message.strikes, head, say))
    return _screen(head, "card", say, facts, strikes, first=_unblock(head, say))


def _span(message: m.PersonCard, zone: ZoneInfo, say: Speech) -> dict[str, object]:
    return {"since": say.day(message.since, zone), "seen": say.moment(message.seen, zone)}


def _blocked(strikes: Strikes | None, head: m.Head, say: Speech) -> Html:
    """Until when somebody else cannot book."""
    if strikes is None or not strikes.blocked:
        return Html("")
    if strikes.blocked_until is None:
        return say.say("🚫 Cannot book any more sessions.")
    until = say.moment(strikes.blocked_until, ZoneInfo(head.zone))
    return say.say("🚫 Cannot book until {when}.", when=until)


def _unblock(head: m.Head, say: Speech) -> Rows:
    if not head.blocked:
        return ()
    return ((Button(say.say("🕊 Lift the block"), f"unblock:{head.person_id}"),),)


@renders(m.PersonSamples)
def person_samples(message: m.PersonSamples, say: Speech) -> Screen:
    """The samples with their verdicts."""
    zone = ZoneInfo(message.head.zone)
    shown = []
    for sample in message.samples:
        line = say.say(
            "• {when}: {state}", when=say.moment(sample.at, zone), state=say.say(SAMPLES[sample.state])
        )
        if sample.reasons:
            named = say.join(say.say(names.REASONS[reason]) for reason in sample.reasons)
            line = say.say("{line} ({reasons})", line=line, reasons=named)
        shown.append(line)
    body = lines(*shown, _more(message.more, say)) if shown else say.say("No sample yet.")
    return _screen(message.head, "samples", say, body)


SESSIONS = {
    "held": mark("held, waits for a yes"),
    "confirmed": mark("confirmed"),
    "attending": mark("both are coming"),
    "checked_in": mark("checked in"),
    "recorded": mark("recorded"),
    "rescue": mark("one is out, a stand-in is sought"),
    "cancelled": mark("cancelled"),
    "expired": mark("ran out"),
    "no_show": mark("no-show"),
}


@renders(m.PersonSessions)
def person_sessions(message: m.PersonSessions, say: Speech) -> Screen:
    """The bookings; where one has begun, a button for who did not come."""
    shown = [_session(line, say) for line in message.sessions]
    body = lines(*shown, _more(message.more, say)) if shown else say.say("No session yet.")
    missing: Rows = tuple(
        (
            Button(
                say.say("🚪 {when}: somebody did not come", when=short(line.slot, say)),
                f"absent:{line.booking_id}",
            ),
        )
        for line in message.sessions
        if line.missable
    )
    right = corrections.buttons(message, say)
    return _screen(message.head, "sessions", say, body, first=(*missing, *right))


def _session(line: m.SessionLine, say: Speech) -> Html:
    state = say.say("without them") if line.left else say.say(SESSIONS[line.state])
    text = say.say(
        "• {slot}, with {partner}: {state}", slot=when(line.slot, say), partner=line.partner, state=state
    )
    if line.pay is None:
        return text
    return say.say(
        "{line}; show-up pay {money}", line=text, money=say.money(line.pay.amount, line.pay.currency)
    )


@renders(m.PersonStrikes)
def person_strikes(message: m.PersonStrikes, say: Speech) -> Screen:
    """The strikes; each that does something can be lifted."""
    if not message.lines:
        return _screen(message.head, "strikes", say, say.say("No strikes."))
    buttons: Rows = tuple(
        (
            Button(
                say.say("🕊 Lift the strike of {when}", when=short(line.slot, say)), f"lift:{line.strike_id}"
            ),
        )
        for line in message.lines
        if line.does in ("counts", "blocks")
    )
    body = lines(strike_lines(message.lines, say), _more(message.more, say))
    blocked = _blocked(message.strikes, message.head, say)
    return _screen(
        message.head, "strikes", say, body, blocked, first=(*_unblock(message.head, say), *buttons)
    )


SHIFTS = {
    "asked": mark("asked"),
    "confirmed": mark("runs it"),
    "declined": mark("declined"),
    "released": mark("no longer needed"),
}


@renders(m.PersonShifts)
def person_shifts(message: m.PersonShifts, say: Speech) -> Screen:
    """The shifts of who is or was staff."""
    shown = [
        say.say("• {slot}: {state}", slot=when(line.slot, say), state=say.say(SHIFTS[line.state]))
        for line in message.shifts
    ]
    body = lines(*shown, _more(message.more, say)) if shown else say.say("No shift yet.")
    return _screen(message.head, "shifts", say, body)


@renders(m.PersonLog)
def person_log(message: m.PersonLog, say: Speech) -> Screen:
    """What happened, the latest first."""
    shown = [_log_line(line, ZoneInfo(message.head.zone), say) for line in message.lines]
    body = lines(*shown) if shown else say.say("Nothing is noted.")
    way, data = [], f"person:{message.head.person_id}:log"
    if message.page:
        way.append(Button(say.say("◀ Newer"), f"{data}:{message.page - 1}"))
    if message.more:
        way.append(Button(say.say("Older ▶"), f"{data}:{message.page + 1}"))
    return _screen(message.head, "log", say, body, first=(tuple(way),) if way else ())


def _log_line(line: m.LogLine, zone: ZoneInfo, say: Speech) -> Html:
    text = say.say(
        "• {when}: {event}", when=say.moment(line.at, zone), event=event_text(line.subject, line.event, say)
    )
    if line.by:
        text = say.say("{line} – {name}", line=text, name=line.by)
    return say.say("{line} “{reason}”", line=text, reason=line.reason) if line.reason else text


# --- lifting


@renders(m.AskReason)
def ask_reason(message: m.AskReason, say: Speech) -> Screen:
    """Why? Typed."""
    name = message.head.name
    text = say.say("🕊 Why is the block of {name} lifted?", name=name)
    if message.strike:
        text = say.say("🕊 Why is this strike of {name} lifted?", name=name)
    about = session(message.strike.slot, say) if message.strike else ""
    rest = say.say(
        "Type the reason in a few words; {name} will read it. /cancel leaves it as it is.", name=name
    )
    return Screen(paragraphs(text, about, rest))


@renders(m.Lifted)
def lifted(message: m.Lifted, say: Speech) -> Screen:
    """Done, and told."""
    text = say.say_n(
        "🕊 The strike is lifted, and {name} is told why: {reason}",
        "🕊 {n} strikes are lifted, and {name} is told why: {reason}",
        message.count,
        name=message.head.name,
        reason=message.reason,
    )
    return _screen(message.head, "", say, text)


@words("ReasonTooLong")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "This reason has {length} characters; up to {limit} fit into a message. Please say it shorter.",
        length=f["length"],
        limit=f["limit"],
    )
