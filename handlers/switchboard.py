"""Connects commands, presses and typed words with the actions that serve them, checking roles on the way."""

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.services import people
from bot.services.messages.people import WriteInPrivate
from handlers.context import Context

Action = Callable[..., Coroutine[Any, Any, None]]
Serve = Callable[[Update, Context], Coroutine[Any, Any, None]]


class NotYourRole(DomainError):
    """This needs a role that the person does not hold."""

    role: str


class StaleButton(DomainError):
    """The button is from another time: nothing here understands it any more."""


class PrivateMatter(DomainError):
    """The press came from a group, where others would read the answer."""


class ForwardedCommand(DomainError):
    """A command that somebody passed on: it may be another's words, so nobody's authority is used for it."""


class UnknownCommand(DomainError):
    """No such command."""

    command: str


@dataclass(frozen=True, slots=True)
class Line:
    """One action and what it asks of the person."""

    action: Action
    role: Role | None = None
    groups: bool = False


class Switchboard:
    """Every command, verb and typed answer that the bot understands."""

    def __init__(self) -> None:
        self.commands: dict[str, Line] = {}
        self.presses: dict[str, Line] = {}
        self.answers: dict[str, Line] = {}

    def command(self, name: str, action: Action, role: Role | None = None, *, groups: bool = False) -> None:
        """`/name` does `action`, for who holds `role`; in a group only if `groups`."""
        self.commands[name] = Line(action, role, groups)

    def press(self, verb: str, action: Action, role: Role | None = None, *, groups: bool = False) -> None:
        """A press of "verb:…" does `action(context, *parts)`; parts annotated `int` must be numbers.

        A button of a private chat is on nobody's screen in a group, so there it is refused unless `groups`.
        """
        self.presses[verb] = Line(action, role, groups)

    def typed(self, what: str, action: Action) -> None:
        """Words typed while `what` is expected of the person do `action(context, text)`."""
        self.answers[what] = Line(action)

    def connect(
        self,
        application: Application[Any, Context, Any, Any, Any, Any],
        *,
        otherwise: Action,
        member: Action,
    ) -> None:
        """Tell python-telegram-bot; `otherwise` serves every message that nothing else does."""
        for name, line in self.commands.items():
            application.add_handler(CommandHandler(name, self._on_command(line)))
        application.add_handler(CallbackQueryHandler(self._on_press))
        application.add_handler(_MemberHandler(_plain(member)))
        application.add_handler(MessageHandler(filters.ALL, _plain(otherwise)))

    def _on_command(self, line: Line) -> Serve:
        async def serve(_update: Update, context: Context) -> None:
            if not context.private and not line.groups:
                await context.reply(WriteInPrivate(context.unit.house.bot_username))
                return
            if context.forwarded:
                raise ForwardedCommand
            await check_role(context, line.role)
            await line.action(context)

        return serve

    async def _on_press(self, update: Update, context: Context) -> None:
        query = update.callback_query
        verb, *parts = (query.data or "" if query else "").split(":")
        line = self.presses.get(verb)
        if line is None:
            raise StaleButton
        if not context.private and not line.groups:
            raise PrivateMatter
        await check_role(context, line.role)
        await line.action(context, *fit(line.action, parts))

    async def answer(self, context: Context, text: str) -> bool:
        """Serve typed words by what is expected of the person; False if nothing is."""
        expecting = context.person.expecting or {}
        line = self.answers.get(str(expecting.get("what")))
        if line is None:
            return False
        await line.action(context, text)
        return True


async def check_role(context: Context, role: Role | None) -> None:
    """Raises `NotYourRole` unless the person holds the role; anybody may become an applicant."""
    if role is None or role is Role.APPLICANT:
        return
    if role not in await people.roles_of(context.unit, context.person):
        raise NotYourRole(role.value)


def fit(action: Action, parts: list[str]) -> list[Any]:
    """The parts of callback data as an action's parameters; raises `StaleButton` if they do not fit."""
    parameters = list(inspect.signature(action).parameters.values())[1:]
    least = sum(parameter.default is parameter.empty for parameter in parameters)
    if not least <= len(parts) <= len(parameters):
        raise StaleButton
    fitted: list[Any] = []
    for parameter, part in zip(parameters, parts, strict=False):
        if parameter.annotation in (int, "int"):
            if not (part.isascii() and part.isdigit() and len(part) <= 18):
                raise StaleButton
            fitted.append(int(part))
        else:
            fitted.append(part)
    return fitted


def _plain(action: Action) -> Serve:
    async def serve(_update: Update, context: Context) -> None:
        await action(context)

    return serve


class _MemberHandler(MessageHandler[Any, Any]):
    """Changes of the bot's own membership: blocked, unblocked, put into a group."""

    def __init__(self, callback: Serve) -> None:
        super().__init__(filters.ALL, callback)

    def check_update(self, update: object) -> bool:
        return isinstance(update, Update) and update.my_chat_member is not None
