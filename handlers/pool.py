"""The pool city by city, and two of it proposed to each other by hand: for coordinators."""

from bot.rules.roles import Role
from bot.services.pairing import by_hand
from handlers.context import Context
from handlers.switchboard import Action, StaleButton, Switchboard, fit


async def pool(context: Context, what: str, about: str, more: str) -> None:
    """A button of `/stats pool` or of a screen behind it; each answers in the same message."""
    action = ACTIONS.get(what)
    if action is None:
        raise StaleButton
    await action(context, *fit(action, [about, more]))


async def _city(context: Context, code: str, page: int) -> None:
    await context.show(await by_hand.waiting_in(context.unit, code, page))


async def _pick(context: Context, first: int, page: int) -> None:
    await context.show(await by_hand.choice(context.unit, first, page))


async def _see(context: Context, first: int, second: int) -> None:
    await context.show(await by_hand.preview(context.unit, first, second))


async def _propose(context: Context, first: int, second: int) -> None:
    await context.show(await by_hand.propose(context.unit, context.person, first, second))


ACTIONS: dict[str, Action] = {"city": _city, "pick": _pick, "see": _see, "go": _propose}


def connect(board: Switchboard) -> None:
    """Register the presses."""
    board.press("pool", pool, Role.COORDINATOR)
