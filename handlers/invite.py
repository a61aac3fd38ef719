"""`/invite`: one-time links into a role."""

from typing import get_args

from bot.rules.commands import Invite, parse_invite
from bot.rules.commands import Role as Invited
from bot.rules.oneline import CommandError
from bot.rules.roles import Role
from bot.services.coordinating import inviting
from handlers import oneline
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def invite(context: Context) -> None:
    """One line gives a link; without anything buttons ask for whom."""
    if not context.words:
        await context.reply(await inviting.choose(context.unit))
        return
    if context.words.lower() == "staff":
        await context.reply(await inviting.choose(context.unit, staff=True))
        return
    try:
        wanted = parse_invite(context.words)
    except CommandError as error:
        await oneline.explain(context, "invite", error)
        return
    await context.reply(await inviting.invite(context.unit, context.person, wanted))


async def pressed(context: Context, role: str, city: str = "") -> None:
    """A role, and for staff a city; each press makes a new link."""
    if role not in get_args(Invited):
        raise StaleButton
    if role == "staff" and not city:
        await context.show(await inviting.choose(context.unit, staff=True))
        return
    named: dict[str, Invited] = {name: name for name in get_args(Invited)}
    wanted = Invite(named[role], city if role == "staff" else None)
    await context.show(await inviting.invite(context.unit, context.person, wanted))


def connect(board: Switchboard) -> None:
    """Register the invitations."""
    board.command("invite", invite, Role.COORDINATOR)
    board.press("invite", pressed, Role.COORDINATOR)
