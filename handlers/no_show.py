"""Who did not come: asked from `/today` and from a person's page, then confirmed."""

from bot.services.booking import no_shows
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def absent(context: Context, booking_id: int, missing: int = -1, choice: str = "") -> None:
    """Who is missing? Then: is that right? Then it is noted."""
    unit, person = context.unit, context.person
    if missing < 0:
        await context.reply(await no_shows.ask(unit, person, booking_id))
    elif not choice:
        await context.show(await no_shows.ask(unit, person, booking_id, missing))
    elif choice == "yes":
        noted = await no_shows.note(unit, person, booking_id, missing)
        context.toast(context.say.say("Noted."))
        await context.show(noted)
    elif choice == "no":
        await context.show(await no_shows.ask(unit, person, booking_id))
    else:
        raise StaleButton


def connect(board: Switchboard) -> None:
    """Register the presses."""
    board.press("absent", absent)
