"""Closing rooms for a while: being led to it, what it touches, doing it, opening again."""

from bot.rules.roles import Role
from bot.services.studio import closure_draft, closures
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def led(context: Context, studio_id: int, step: str, value: str = "") -> None:
    """`rest:<studio>:<step>:<answer>`: a button on the way; `go` begins it, `list` shows what is closed."""
    unit, person = context.unit, context.person
    if step == "go":
        await context.reply(await closure_draft.begin(unit, person, studio_id))
    elif step == "list":
        await context.show(await closures.listing(unit, studio_id))
    else:
        await context.show(await closure_draft.press(unit, person, studio_id, step, value))


async def answered(context: Context, text: str) -> None:
    """A typed answer on the way."""
    await context.reply(await closure_draft.answer(context.unit, context.person, text))


async def pressed(context: Context, closure_id: int, choice: str) -> None:
    """`closure:<id>:<choice>`: the answer to a preview, or a button of a closure's card."""
    unit, person = context.unit, context.person
    match choice:
        case "apply":
            await context.show(await closures.apply(unit, person, closure_id))
        case "drop":
            await context.show(await closures.drop(unit, person, closure_id))
        case "lift":
            await context.show(await closures.lift(unit, person, closure_id))
        case "show":
            await context.show(await closures.card(unit, closure_id))
        case _:
            raise StaleButton


def connect(board: Switchboard) -> None:
    """Register the presses and typed answers."""
    board.press("rest", led, Role.COORDINATOR)
    board.press("closure", pressed, Role.COORDINATOR)
    board.typed(closure_draft.WHAT, answered)
