"""`/studio`: adding, changing, listing and closing studios, on one line or led by buttons."""

from bot.rules.commands import AddStudio, ChangeStudio, CloseRooms, CloseStudio, Reopen, parse_studio
from bot.rules.oneline import CommandError
from bot.rules.roles import Role
from bot.services.studio import closures, studio_changes, studio_draft, studios
from handlers import oneline
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def studio(context: Context) -> None:
    """One line; without anything the list with its buttons, with `add` alone the way through it."""
    if not context.words:
        await context.reply(await studios.listing(context.unit))
        return
    if context.words.lower() == "add":
        await context.reply(await studio_draft.begin(context.unit, context.person))
        return
    try:
        wanted = parse_studio(context.words)
    except CommandError as error:
        verb = context.words.split()[0].lower()
        form = f"studio {verb}" if verb in ("change", "close", "reopen") else "studio"
        await oneline.explain(context, form, error)
        return
    match wanted:
        case AddStudio():
            await context.reply(await studios.add(context.unit, context.person, wanted))
        case ChangeStudio():
            await context.reply(await studio_changes.change(context.unit, context.person, wanted))
        case CloseStudio():
            await context.reply(await studio_changes.closing(context.unit, wanted.studio))
        case CloseRooms():
            await context.reply(await closures.preview(context.unit, context.person, wanted))
        case Reopen():
            await context.reply(await closures.listing(context.unit, wanted.studio))
        case _:
            await context.reply(await studios.listing(context.unit))


async def pressed(context: Context, studio_id: int, choice: str, value: str = "") -> None:
    """A button of the list, of a studio's card, or of the question before closing."""
    unit, person = context.unit, context.person
    keep = int(value) if value.isascii() and value.isdigit() and len(value) <= 2 else 0
    match choice:
        case "show":
            await studio_changes.leave_field(unit, person)
            await context.show(await studios.card(unit, studio_id))
        case "set":
            await context.reply(await studio_changes.ask_field(unit, person, studio_id, value))
        case "close":
            await context.show(await studio_changes.closing(unit, studio_id))
        case "closed" | "closeall":
            await context.show(
                await studio_changes.close(
                    unit, person, studio_id, keep=keep, booked_too=choice == "closeall"
                )
            )
        case _:
            raise StaleButton


async def listed(context: Context) -> None:
    """Back to the list."""
    await context.show(await studios.listing(context.unit))


async def led(context: Context, step: str, value: str = "") -> None:
    """A button on the way to a new studio."""
    unit, person = context.unit, context.person
    match step:
        case "go":
            await context.show(await studio_draft.begin(unit, person))
        case "back":
            await context.show(await studio_draft.back(unit, person, value))
        case "done":
            await context.show(await studio_draft.finish(unit, person))
        case _:
            await context.show(await studio_draft.answer(unit, person, value, step=step))


async def answered(context: Context, text: str) -> None:
    """A typed answer on the way to a new studio."""
    await context.reply(await studio_draft.answer(context.unit, context.person, text))


async def field_answered(context: Context, text: str) -> None:
    """A typed value for a field of a studio."""
    await context.reply(await studio_changes.answer_field(context.unit, context.person, text))


def connect(board: Switchboard) -> None:
    """Register the studio's command, presses and typed answers."""
    board.command("studio", studio, Role.COORDINATOR)
    board.press("studio", pressed, Role.COORDINATOR)
    board.press("studios", listed, Role.COORDINATOR)
    board.press("newstudio", led, Role.COORDINATOR)
    board.typed(studio_draft.WHAT, answered)
    board.typed(studio_changes.FIELD, field_answered)
