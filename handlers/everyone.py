"""What everybody can do: begin, get help, choose the language, leave a flow, look at one's consents."""

from bot.rules.errors import DomainError
from bot.rules.onboarding import REQUIRED_PURPOSES, Question
from bot.rules.roles import commands_for
from bot.services import people
from bot.services.joining import invitations, onboarding, steps, withdrawal
from bot.services.messages.people import AskLanguage, Cancelled, Help, Hint, Problem
from bot.services.pairing import partner_links
from bot.texts import LANGUAGES
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard, UnknownCommand


async def start(context: Context) -> None:
    """Begin, or go on where it stopped; a link's token opens what the link is for."""
    if not context.private:
        return await help_(context)
    if context.words:
        try:
            if await _open_link(context, context.words):
                return None
        except DomainError as error:  # a link that does not work shall not keep anybody from beginning
            await context.reply(Problem(type(error).__name__, error.data))
    return await steps.begin(context.unit, context.person)


async def _open_link(context: Context, token: str) -> bool:
    """Open what a link is for; True if that leaves a question on the screen already."""
    invitation = await invitations.find(context.unit, token)
    if invitation.kind == invitations.PARTNER:
        return await partner_links.opened(context.unit, context.person, invitation)
    await invitations.accept_role(context.unit, context.person, invitation)
    return False


async def help_(context: Context) -> None:
    """What this is, and the commands that the person has."""
    roles = await people.roles_of(context.unit, context.person)
    await context.reply(Help(commands=commands_for(roles)))


async def language(context: Context) -> None:
    """Choose another language."""
    await context.reply(AskLanguage())


async def choose_language(context: Context, code: str) -> None:
    """The first question of all, or a change of mind."""
    if code not in LANGUAGES:
        raise StaleButton
    first, same = context.person.language is None, context.person.language == code
    settled = await steps.settled(context.unit, context.person)
    if same and not settled:
        return  # pressed twice: the question that follows has been asked
    await people.set_language(context.unit, context.person, code)
    if first or not settled:
        await steps.begin(context.unit, context.person)
    else:
        await context.tell(Hint("language_changed"))


async def cancel(context: Context) -> None:
    """Leave what is under way; nothing that was answered in onboarding is lost."""
    what = str((context.person.expecting or {}).get("what", ""))
    await people.expect(context.unit, context.person, None)
    stopped = await onboarding.stop_applying(context.unit, context.person)
    await context.reply(Cancelled(bool(what) or stopped, "" if what in set(Question) else what))


async def privacy(context: Context) -> None:
    """What was agreed to, and the current text."""
    await context.reply(await onboarding.privacy(context.unit, context.person))


async def consent(context: Context, purpose: str, version: int, choice: str) -> None:
    """One purpose at a time."""
    if choice not in ("yes", "no"):
        raise StaleButton
    agree = choice == "yes"
    await withdrawal.answer_consent(context.unit, context.person, purpose, version, agree=agree)
    if context.person.applying and agree and not await steps.settled(context.unit, context.person):
        await steps.go_on(context.unit, context.person)
    elif agree or purpose not in REQUIRED_PURPOSES:
        await context.show(await onboarding.privacy(context.unit, context.person))


async def unknown_command(context: Context, command: str) -> None:
    """A command that does not exist: say so, and show those that do."""
    raise UnknownCommand(command)


def connect(board: Switchboard) -> None:
    """Register everybody's commands and presses."""
    board.command("start", start, groups=True)
    board.command("help", help_, groups=True)
    board.command("language", language)
    board.command("cancel", cancel)
    board.command("privacy", privacy)
    board.press("lang", choose_language)
    board.press("consent", consent)
