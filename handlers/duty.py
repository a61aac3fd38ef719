"""When the staff can work: a week to tick for each of their cities, and days off."""

from bot.rules.roles import Role
from bot.services import people
from bot.services.studio import duty
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def pressed(context: Context, what: str = "", value: str = "", choice: str = "") -> None:
    """`duty`: when one can work; `duty:week:<city>:<choice>` ticks, `duty:off` asks for days off, `duty:drop:<id>`."""
    unit, person = context.unit, context.person
    match what:
        case "" if not value:
            await context.tell(await duty.times(unit, person))
        case "week" if choice:
            await context.show(await duty.press(unit, person, value, choice))
        case "week":
            await context.show(await duty.grid(unit, person, value))
        case "off":
            await context.tell(await duty.ask_off(unit, person))
        case "drop" if value.isascii() and value.isdigit() and len(value) <= 18:
            await context.show(await duty.drop_off(unit, person, int(value)))
        case "back":
            await _back(context)
        case _:
            raise StaleButton


async def _back(context: Context) -> None:
    """Back to the times; nothing is asked any more."""
    unit, person = context.unit, context.person
    if (person.expecting or {}).get("what") == duty.WHAT:
        await people.expect(unit, person, None)
    await context.show(await duty.times(unit, person))


async def typed(context: Context, text: str) -> None:
    """Days off as somebody writes them."""
    await context.reply(await duty.add_off(context.unit, context.person, text))


def connect(board: Switchboard) -> None:
    """Register the press and the typed answer."""
    board.press("duty", pressed, Role.STAFF)
    board.typed(duty.WHAT, typed)
