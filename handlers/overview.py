"""`/pending` and `/stats`: everything at once, for coordinators; and what to do about updates set aside."""

from bot.rules.roles import Role
from bot.services.coordinating import flow, numbers, overview, quarantine
from bot.services.messages.people import Problem
from bot.services.pairing import by_hand
from handlers.context import Context
from handlers.render.problems import word
from handlers.switchboard import StaleButton, Switchboard

VIEWS = {"funnel": numbers.funnel, "delivery": flow.delivery, "pool": by_hand.numbers}


async def pending(context: Context) -> None:
    """What waits for a human."""
    await context.reply(await overview.pending(context.unit))


async def look_again(context: Context) -> None:
    """What waits by now, in the same message."""
    await context.show(await overview.pending(context.unit))


async def deal(context: Context, row_id: int, choice: str) -> None:
    """An update that was set aside: try it again or drop it. Either way the message shows what waits by now."""
    if choice not in ("retry", "drop"):
        raise StaleButton
    say = context.say
    try:
        if choice == "retry":
            await quarantine.retry(context.unit, row_id, by=context.person.id)
            context.toast(say.say("🔁 #{id} is being tried again.", id=row_id))
        else:
            await quarantine.drop(context.unit, row_id, by=context.person.id)
            context.toast(say.say("🗑 #{id} is dropped.", id=row_id))
    except quarantine.NotSetAside as late:
        context.toast(word(Problem(type(late).__name__, late.data), say), alert=True)
    await context.show(await overview.pending(context.unit))


async def stats(context: Context) -> None:
    """The funnel, or with `delivery` the flow of messages, or with `pool` who looks for a partner."""
    word = context.words.lower()
    view = word if word in VIEWS else "funnel"
    await context.reply(await VIEWS[view](context.unit))


async def other_stats(context: Context, view: str) -> None:
    """Other numbers, or the same ones by now, in the same message."""
    if view not in VIEWS:
        raise StaleButton
    await context.show(await VIEWS[view](context.unit))


def connect(board: Switchboard) -> None:
    """Register the commands and their buttons."""
    board.command("pending", pending, Role.COORDINATOR)
    board.command("stats", stats, Role.COORDINATOR)
    board.press("pending", look_again, Role.COORDINATOR)
    board.press("inbox", deal, Role.COORDINATOR)
    board.press("stats", other_stats, Role.COORDINATOR)
