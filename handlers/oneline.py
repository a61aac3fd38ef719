"""What coordinators typed on one line and could not be read: said together with the form that would do."""

from bot.rules.oneline import CommandError
from bot.services.messages.studios import LineProblem
from handlers.context import Context


async def explain(context: Context, command: str, error: CommandError) -> None:
    """Answer a line of `command` that could not be read; nothing else happens."""
    await context.reply(LineProblem(command, type(error).__name__, error.data))
