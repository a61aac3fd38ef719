"""Where reviewing happens: in a group, or with each reviewer in private."""

from bot.rules.roles import Role
from bot.services.reviewing import review_groups
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def reviewers(context: Context) -> None:
    """`/reviewers here` in a group, `/reviewers private` to end that; alone it shows both as buttons."""
    wanted = context.words.lower()
    if wanted in CHOICES:
        await choose(context, wanted)
    else:
        title = context.chat.title or ""
        await context.reply(await review_groups.state(context.unit, context.person, context.chat.id, title))


async def choose(context: Context, wanted: str) -> None:
    """Move reviewing into this group, or out of it."""
    if wanted not in CHOICES:
        raise StaleButton
    if wanted == "private":
        await review_groups.end(context.unit, context.person, context.chat.id)
        return
    if context.private:
        raise review_groups.NotAGroup
    title = context.chat.title or ""
    await review_groups.begin_here(context.unit, context.person, context.chat.id, title)


CHOICES = ("here", "private")


def connect(board: Switchboard) -> None:
    """Register the command and its buttons."""
    board.command("reviewers", reviewers, Role.COORDINATOR, groups=True)
    board.press("reviewers", choose, Role.COORDINATOR, groups=True)
