"""The grid of a week to tick, the same for whoever looks for a partner and for the staff."""

from collections.abc import Iterable

from bot.rules import week
from bot.services.messages import week as m
from bot.texts import Html, Speech
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders


def grid(cells: Iterable[int], prefix: str, say: Speech) -> Rows:
    """Seven rows of a day's three parts, then the shortcuts.

    `cells` are those that are ticked (`bot.rules.week.ticked`). A button's data is `prefix`, a colon and what
    `bot.rules.week.press` takes. Without a tick, each button chooses its cells alone.
    """
    chosen = frozenset(cells)
    days = tuple(
        tuple(_cell(week.cell(day, part), chosen, prefix, say) for part in range(len(week.PARTS)))
        for day in range(week.DAYS)
    )
    sign = "+" if chosen else "="
    return (
        *days,
        (
            Button(say.say("Evenings"), f"{prefix}:{sign}evenings"),
            Button(say.say("Weekend"), f"{prefix}:{sign}weekend"),
        ),
        (Button(say.say("Any time"), f"{prefix}:any"), Button(say.say("Clear"), f"{prefix}:clear")),
    )


def _cell(number: int, chosen: frozenset[int], prefix: str, say: Speech) -> Button:
    """One part of a day: what a press makes of it, whatever was pressed before."""
    sign = "-" if number in chosen else "+" if chosen else "="
    tick = "✅ " if number in chosen else ""
    return Button(f"{tick}{part_name(number, say)}", f"{prefix}:{sign}{number}")


def part_name(number: int, say: Speech) -> Html:
    """A part of a day: "Mon 8–13"."""
    day, part = divmod(number, len(week.PARTS))
    first, end = week.PARTS[part]
    return Html(f"{say.weekday(day)} {first}–{end}")


def told(cells: Iterable[int], say: Speech) -> Html:
    """The ticked cells in a line a day: "Mon 8–13, 13–18"; any time where all are ticked."""
    chosen = frozenset(cells)
    if len(chosen) == week.CELLS:
        return say.say("any time")
    found = []
    for day in range(week.DAYS):
        parts = [p for p in range(len(week.PARTS)) if week.cell(day, p) in chosen]
        spans = ", ".join("{}–{}".format(*week.PARTS[p]) for p in parts)
        if parts:
            found.append(f"{say.weekday(day)} {spans}")
    return Html("\n".join(found))


# --- for who looks for a partner


@renders(m.WeekGrid)
def week_grid(message: m.WeekGrid, say: Speech) -> Screen:
    """One message, edited in place at each press."""
    state = say.say("A tick means that you can. Each tap is kept at once.")
    if message.empty:
        state = say.say(
            "⚠️ Without a single tick nobody can be found for you, so this is not kept. Until you tap a time, what you "
            "had stays."
        )
    elif len(message.cells) == week.CELLS:
        state = lines(
            say.say("So far: <b>any time</b>. Tap what does not suit, or begin with “Clear”."), state
        )
    text = paragraphs(
        say.say("<b>When can you record?</b> A session lasts about three hours. Times are your city’s."),
        state,
    )
    return Screen(
        text, (*grid(message.cells, "pair:week", say), (Button(say.say("Done"), "pair:week:done"),))
    )


@renders(m.WeekKept)
def week_kept(message: m.WeekKept, say: Speech) -> Screen:
    """What stands, and the next step."""
    change = Button(say.say("Change"), "pair:week")
    text = say.say("✅ Noted. You can record:\n{week}", week=told(message.cells, say))
    if message.looking:
        more = say.say("We look for somebody who can then, too.")
        return Screen(paragraphs(text, more), ((Button(say.say("Why none yet?"), "pair:why"), change),))
    return Screen(text, ((Button(say.say("🔎 Find me a partner"), "pair:find"),), (change,)))


@words("NoSuchChoice")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This button is too old to do anything. /start shows what comes next.")
