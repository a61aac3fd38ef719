"""Words of `/stats pool`: the pool city by city, who waits there, and two proposed to each other by hand."""

from zoneinfo import ZoneInfo

from bot.services.messages import pool as m
from bot.texts import Html, Speech, mark, verbatim
from handlers.render import names
from handlers.render.overview import views
from handlers.render.problems import Facts, words
from handlers.render.week import told
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

OBSTACLES = {
    "nobody_waiting": mark("nobody else is waiting"),
    "other_cities": mark("nobody else in their city"),
    "no_common_language": mark("no language in common"),
    "no_common_hours": mark("no hours in common"),
    "ruled_out": mark("they were partners before, or one said no"),
}
"""Why somebody has nobody, by `bot.rules.pairing.NoneYet`."""

AGAINST = {
    "city": mark("another city"),
    "language": mark("no common language"),
    "hours": mark("no common hours"),
    "repeat": mark("were partners before"),
    "dialect": mark("another dialect"),
}
"""What speaks against two people, by `bot.rules.by_hand.Against`."""


@renders(m.PoolNumbers)
def numbers(message: m.PoolNumbers, say: Speech) -> Screen:
    """A paragraph for each city, and a button to who waits there."""
    buttons = [
        Button(f"{_city(one.code, one.names, say)} ({say.number(one.waiting)})", f"pool:city:{one.code}:0")
        for one in message.cities
        if one.waiting
    ]
    parts = [_numbers(one, say) for one in message.cities]
    if not parts:
        parts = [say.say("Nobody is looking for a partner right now.")]
    head = say.say("🔎 <b>Looking for a partner</b>")
    return Screen(paragraphs(head, *parts), (*rows(buttons, 2), views("pool", say)))


def _numbers(one: m.PoolCity, say: Speech) -> Html:
    longest = stuck = ""
    if one.longest is not None:
        longest = say.say("the longest for {span}", span=say.span(one.longest))
    counts = [
        say.say("{n} waiting", n=say.number(one.waiting)),
        longest,
        say.say("{n} with a proposal to answer", n=say.number(one.engaged)) if one.engaged else "",
    ]
    if one.stuck:
        stuck = say.say_n(
            "⚠️ {n} has nobody who fits: {obstacle}",
            "⚠️ {n} have nobody who fits; {most} of them: {obstacle}",
            one.stuck,
            most=say.number(one.most),
            obstacle=say.say(OBSTACLES[one.obstacle]),
        )
    return lines(
        Html(f"<b>{_city(one.code, one.names, say)}</b>"),
        Html(" · ".join(part for part in counts if part)),
        stuck,
    )


def _city(code: str, city: dict[str, str], say: Speech) -> Html:
    return say.named(city, code) if code else say.say("no city yet")


# --- by hand


@renders(m.PoolWaiting)
def waiting(message: m.PoolWaiting, say: Speech) -> Screen:
    """Who waits, longest first; a press picks the first of two."""
    city = _city(message.code, message.names, say)
    back = Button(say.say("Back"), "stats:pool")
    if not message.people:
        return Screen(say.say("Nobody is waiting in {city} any more.", city=city), ((back,),))
    text = paragraphs(
        say.say("<b>{city}</b>: who is waiting, longest first.", city=city),
        say.say("To propose two people to each other by hand, choose the first."),
    )
    people = tuple(
        (Button(f"{verbatim(one.name)} · {say.span(one.waited)}", f"pool:pick:{one.person_id}:0"),)
        for one in message.people
    )
    pages = _pages(f"pool:city:{message.code}", message.page, message.pages, say)
    return Screen(text, (*people, *pages, (back,)))


@renders(m.PoolChoice)
def choice(message: m.PoolChoice, say: Speech) -> Screen:
    """The others, each with what speaks against; who is not possible has a line, but no button."""
    first = message.first
    back = Button(say.say("Back"), f"pool:city:{first.city}:0")
    if not message.others:
        nobody = say.say("Nobody else is waiting.")
        return Screen(paragraphs(_person(first, say), nobody), ((back,),))
    text = paragraphs(
        _person(first, say),
        say.say("Propose whom? Those against whom least speaks come first."),
        lines(*(_impossible(one, say) for one in message.others if not one.possible)),
    )
    buttons = tuple(
        (Button(_label(one, say), f"pool:see:{first.person_id}:{one.person_id}"),)
        for one in message.others
        if one.possible
    )
    pages = _pages(f"pool:pick:{first.person_id}", message.page, message.pages, say)
    return Screen(text, (*buttons, *pages, (back,)))


def _label(one: m.Waiter, say: Speech) -> str:
    if not one.against:
        return f"✅ {verbatim(one.name)}"
    return f"⚠️ {verbatim(one.name)} · {_against(one, say)}"


def _impossible(one: m.Waiter, say: Speech) -> Html:
    if not one.against:
        return say.say("• {name}: not possible", name=one.name)
    return say.say("• {name}: not possible ({why})", name=one.name, why=_against(one, say))


def _against(one: m.Waiter, say: Speech) -> Html:
    return say.join(say.say(AGAINST[why]) for why in one.against)


def _person(one: m.Waiter, say: Speech) -> Html:
    """All that counts of somebody in pairing and is public, line by line."""
    dialect = names.DIALECTS.get(one.dialect or "")
    speaks = say.join(map(say.language_name, one.languages))
    return lines(
        Html(f"<b>{verbatim(one.name)}</b> · {_city(one.city, one.names, say)}"),
        say.say("Waiting for {span}", span=say.span(one.waited)),
        say.say("Speaks: {languages}", languages=speaks) if one.languages else "",
        say.say("Dialect: {dialect}", dialect=say.say(dialect)) if dialect else "",
        say.say("Can record:\n{week}", week=told(one.cells, say)) if one.cells is not None else "",
    )


@renders(m.PoolPreview)
def preview(message: m.PoolPreview, say: Speech) -> Screen:
    """The two, and what a human would pass over."""
    first, second = message.first, message.second
    against = say.say("Nothing speaks against these two.")
    if second.against:
        against = say.say(
            "⚠️ Against it: {why}. We would not propose them ourselves; you may know better.",
            why=_against(second, say),
        )
    both = say.say("Both are asked, and both have to say yes.")
    text = paragraphs(_person(first, say), _person(second, say), against, both)
    two = f"{first.person_id}:{second.person_id}"
    return Screen(
        text,
        (
            (Button(say.say("Propose them to each other"), f"pool:go:{two}"),),
            (Button(say.say("Back"), f"pool:pick:{first.person_id}:0"),),
        ),
    )


@renders(m.PoolProposed)
def proposed(message: m.PoolProposed, say: Speech) -> Screen:
    """Done, and the way back to the others."""
    until = ""
    if message.expires_at is not None:
        until = say.say(
            "They can answer until {when}.", when=say.moment(message.expires_at, ZoneInfo(message.zone))
        )
    text = say.say(
        "✅ {first} and {second} are proposed to each other.", first=message.first, second=message.second
    )
    more = Button(say.say("Who else is waiting"), f"pool:city:{message.code}:0")
    return Screen(lines(text, until), ((more,), (Button(say.say("Partners"), "stats:pool"),)))


def _pages(prefix: str, page: int, pages: int, say: Speech) -> Rows:
    found = []
    if page > 0:
        found.append(Button(say.say("◀️ Back a page"), f"{prefix}:{page - 1}"))
    if page + 1 < pages:
        found.append(Button(say.say("Next page ▶️"), f"{prefix}:{page + 1}"))
    return (tuple(found),) if found else ()


# --- what cannot be done


@words("NotFreeNow")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "{name} is not free any more: perhaps out of the pool, or asked already. /stats shows who is.",
        name=f["name"],
    )


@words("PairNotPossible")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("These two cannot be proposed to each other. /stats shows who else is waiting.")
