"""`/broadcast`: one message to many, drafted, shown, sent and watched by a coordinator."""

from bot.rules.commands import parse_broadcast
from bot.rules.oneline import CommandError
from bot.rules.roles import Role
from bot.services.coordinating import broadcasts
from bot.services.coordinating.audiences import AUDIENCES
from bot.texts import LANGUAGES
from handlers import oneline
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard

ANY = "*"
"""In callback data: not narrowed."""

ACTIONS = {
    "test": broadcasts.test,
    "send": broadcasts.send,
    "pause": broadcasts.pause,
    "resume": broadcasts.resume,
    "stop": broadcasts.stop,
}


async def broadcast(context: Context) -> None:
    """One line makes a draft; without arguments the coordinator is led through."""
    if context.words:
        try:
            wanted = parse_broadcast(context.words, tuple(LANGUAGES))
        except CommandError as error:
            await oneline.explain(context, "broadcast", error)
            return
        await broadcasts.draft(context.unit, context.person, wanted)
    else:
        await context.reply(broadcasts.FIRST_QUESTION)


async def aim(context: Context, audience: str, city: str = "", language: str = "") -> None:
    """An answer to whom it shall go: the card asks what is still open."""
    if audience not in AUDIENCES or language not in ("", ANY, *LANGUAGES):
        raise StaleButton
    answers = ("" if given == ANY else given or None for given in (city, language))
    await context.show(await broadcasts.ask_next(context.unit, context.person, audience, *answers))


async def words(context: Context, text: str) -> None:
    """The words of a broadcast, typed."""
    await broadcasts.words_typed(context.unit, context.person, text)


async def act(context: Context, broadcast_id: int, choice: str) -> None:
    """A button of a broadcast's card."""
    if choice not in ACTIONS:
        raise StaleButton
    await ACTIONS[choice](context.unit, context.person, broadcast_id)


def connect(board: Switchboard) -> None:
    """Register the command, the buttons and the typed words."""
    board.command("broadcast", broadcast, Role.COORDINATOR)
    board.press("aim", aim, Role.COORDINATOR)
    board.press("cast", act, Role.COORDINATOR)
    board.typed("broadcast", words)
