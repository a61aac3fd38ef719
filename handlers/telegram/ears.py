"""Hears updates: parses one by one, runs the Application inside the unit of work, words what went wrong."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from telegram import Bot, CallbackQuery, Chat, Update, User
from telegram.error import BadRequest
from telegram.ext import Application

from bot.rules.errors import DomainError
from bot.services import outbox, people
from bot.services.coordinating import quarantine
from bot.services.messages.people import Problem, SlowDown
from bot.services.people import Person, Visitor
from bot.services.places import zone_of
from bot.services.ports import Effect, UnintelligibleError
from bot.services.studio import announcements
from bot.services.unit import Unit
from bot.texts import speech
from handlers.context import TURN, Context, Turn
from handlers.render.openings import ON_ANNOUNCEMENTS
from handlers.render.problems import word
from handlers.screen import plain

log = structlog.get_logger()

App = Application[Any, Context, Any, Any, Any, Any]

SLOW_DOWN_EVERY = timedelta(minutes=10)
"""How often somebody is told so at most."""

UNDER_A_PRESS = ("message_id", "date", "chat", "message_thread_id")
"""What is of interest of a message whose button was pressed."""

_SENDERS = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member", "inline_query")


class Ears:
    """The handlers' side of the inbox, over a python-telegram-bot Application that owns no updater."""

    def __init__(self, application: App) -> None:
        self._application = application
        application.add_error_handler(_remember)

    @property
    def _bot(self) -> Bot:
        bot: Bot = self._application.bot
        return bot

    def sender_of(self, raw: Mapping[str, Any]) -> int:
        """Whose order an update keeps, read without trusting its shape."""
        for name in _SENDERS:
            part = raw.get(name)
            if isinstance(part, dict):
                for who in (part.get("from"), part.get("chat")):
                    if isinstance(who, dict) and _is_id(who.get("id")):
                        return int(who["id"])
        return 0

    async def handle(self, raw: dict[str, Any], unit: Unit) -> Sequence[Effect]:
        """Do what an update asks.

        What the domain does not allow is undone and told to the person; any other error is raised.
        """
        update = self._parse(raw)
        turn = Turn(unit)
        user = update.effective_user
        if user is not None and not user.is_bot:
            turn.person = await people.arrive(unit, _visitor(user), private=_is_private(update))
            if update.callback_query is not None:
                await _note_press(update.callback_query, unit, turn.person)
            try:
                async with unit.tx.savepoint():
                    await self._process(update, turn)
            except DomainError as error:
                await _explain(update, turn, error)
        if update.callback_query is not None:
            turn.effects.append(_answer(update.callback_query, turn))
        return turn.effects

    def _parse(self, raw: dict[str, Any]) -> Update:
        try:
            return Update.de_json(_lean(raw), self._bot)
        except Exception as error:
            raise UnintelligibleError(f"{type(error).__name__}: {error}") from error

    async def _process(self, update: Update, turn: Turn) -> None:
        token = TURN.set(turn)
        try:
            await self._application.process_update(update)
        finally:
            TURN.reset(token)
        if turn.error is not None:  # process_update itself returns as if nothing had happened
            raise turn.error

    async def slow_down(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell who floods a private chat, once every few minutes, that the rest was left unread."""
        sender = self.sender_of(raw)
        if sender > 0:
            about = f"slow down {int(unit.now.timestamp() // SLOW_DOWN_EVERY.total_seconds())}"
            await outbox.send(unit, sender, SlowDown(), about=about)

    async def give_up(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell the person, once, that this one could not be handled, or not even read."""
        await quarantine.apologize(unit, self.sender_of(raw), raw, unreadable=not self._can_read(raw))

    def _can_read(self, raw: dict[str, Any]) -> bool:
        try:
            self._parse(raw)
        except UnintelligibleError:
            return False
        return True


def _lean(raw: dict[str, Any]) -> dict[str, Any]:
    """A press without what the message under it says and shows: its words and its buttons are our own, and nobody asks.

    They would be most of what parsing costs.
    """
    query = raw.get("callback_query")
    message = query.get("message") if isinstance(query, dict) else None
    if not isinstance(message, dict):
        return raw
    kept = {name: message[name] for name in UNDER_A_PRESS if name in message}
    return {**raw, "callback_query": {**query, "message": kept}}  # type: ignore[dict-item]


def _is_id(value: Any) -> bool:
    """Whether Telegram could have given this id: 52 bits at most, so that the database can hold it."""
    return type(value) is int and abs(value) < 2**52


async def _remember(_update: object, context: Context) -> None:
    TURN.get().error = context.error


def _is_private(update: Update) -> bool:
    """Whether only the person and the bot are where it happened."""
    chat = update.effective_chat
    return chat is None or chat.type == Chat.PRIVATE


def _visitor(user: User) -> Visitor:
    return Visitor(user.id, user.full_name, user.username, user.language_code)


async def _note_press(query: CallbackQuery, unit: Unit, person: Person) -> None:
    """An announcement was opened, whatever becomes of the press. Other presses are not looked up."""
    if query.message is not None and (query.data or "").startswith(ON_ANNOUNCEMENTS):
        await announcements.pressed(unit, person, query.message.chat.id, query.message.message_id)


async def _explain(update: Update, turn: Turn, error: DomainError) -> None:
    """Word a domain error: as the press's answer, else as a message."""
    person = turn.person
    chat = update.effective_chat
    if person is None or chat is None:
        return
    turn.effects.clear()
    zone = await zone_of(turn.unit, person)
    problem = Problem(type(error).__name__, error.data, zone)
    log.info("refused", error=problem.error, person=person.id)
    if update.callback_query is not None:
        turn.toast, turn.alert = plain(word(problem, speech(people.language_of(person))))[:200], True
        return
    await outbox.send(turn.unit, chat.id, problem)


def _answer(query: CallbackQuery, turn: Turn) -> Effect:
    async def answer() -> None:
        try:
            await query.answer(turn.toast or None, show_alert=turn.alert or None)
        except BadRequest as error:  # too old: the press came while we were away, its effect stands
            log.info("press.too_old", error=str(error))

    return answer
