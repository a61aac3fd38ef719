"""What a handler holds in its hands: the unit of work, the person, and ways to answer."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telegram import CallbackQuery, Chat, Update
from telegram.ext import CallbackContext, ExtBot

from bot.rules.policy import Policy
from bot.services import outbox, people
from bot.services.messages import Message
from bot.services.people import Person
from bot.services.unit import Unit
from bot.texts import Speech, speech
from handlers.screen import plain

TOAST_LIMIT = 200


@dataclass(slots=True)
class Turn:
    """One update being handled: what it needs, and what shall happen once it is committed."""

    unit: Unit
    person: Person | None = None
    effects: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    error: BaseException | None = None
    toast: str = ""
    alert: bool = False


TURN: ContextVar[Turn] = ContextVar("turn")
"""The update that this task handles."""


class Context(CallbackContext[ExtBot[None], dict[str, Any], dict[str, Any], dict[str, Any]]):
    """A handler's view of one update."""

    event: Update
    """The update itself."""

    @classmethod
    def from_update(cls, update: object, application: Any) -> "Context":
        """Keep the update beside the context, so that handlers need one argument only."""
        made = super().from_update(update, application)
        if isinstance(update, Update):
            made.event = update
        return made

    @property
    def turn(self) -> Turn:
        """The turn that this update is handled in."""
        return TURN.get()

    @property
    def unit(self) -> Unit:
        """The unit of work: committed together with "this update is done"."""
        return self.turn.unit

    @property
    def now(self) -> datetime:
        """The moment of this update."""
        return self.unit.now

    @property
    def policy(self) -> Policy:
        """The operator's policy."""
        return self.unit.policy

    @property
    def person(self) -> Person:
        """Who wrote or pressed."""
        if self.turn.person is None:
            raise LookupError("an update of nobody")
        return self.turn.person

    @property
    def say(self) -> Speech:
        """The person's language."""
        return speech(people.language_of(self.person))

    @property
    def chat(self) -> Chat:
        """Where it happened."""
        chat = self.event.effective_chat
        if chat is None:
            raise LookupError("an update of no chat")
        return chat

    @property
    def private(self) -> bool:
        """Whether only the person and the bot are in the chat."""
        return self.event.effective_chat is None or self.chat.type == Chat.PRIVATE

    @property
    def forwarded(self) -> bool:
        """Whether the message was passed on: then its words may be somebody else's."""
        message = self.event.effective_message
        return message is not None and message.forward_origin is not None

    @property
    def words(self) -> str:
        """What was typed, without the command if there was one."""
        message = self.event.effective_message
        text = (message.text or "") if message else ""
        if text.startswith("/"):
            _, _, text = text.partition(" ") if "\n" not in text.split(" ")[0] else text.partition("\n")
        return text.strip()

    async def reply(self, message: Message, *, about: str = "", topic: str = "") -> None:
        """Queue an answer to the chat."""
        await outbox.send(self.unit, self.chat.id, message, about=about, topic=topic)

    async def tell(self, message: Message, *, about: str = "", topic: str = "") -> None:
        """Queue an answer to the person alone, wherever they pressed."""
        await outbox.send(self.unit, self.person.telegram_id, message, about=about, topic=topic)

    async def show(self, message: Message) -> None:
        """Let the message under the pressed button become this one; without such, answer with it."""
        pressed = self.pressed_message_id
        row = await outbox.row_of_message(self.unit, self.chat.id, pressed) if pressed else None
        if row is None:
            await self.reply(message)
        else:
            await outbox.edit(self.unit, row, message)

    @property
    def pressed_message_id(self) -> int | None:
        """The id of the message whose button was pressed, if Telegram tells."""
        query: CallbackQuery | None = self.event.callback_query
        return query.message.message_id if query and query.message else None

    def toast(self, text: str, *, alert: bool = False) -> None:
        """Answer the press with a word: it floats by, or waits to be read as an `alert`."""
        words = plain(text)
        self.turn.toast = words if len(words) <= TOAST_LIMIT else words[: TOAST_LIMIT - 1] + "…"
        self.turn.alert = alert
