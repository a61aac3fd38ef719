"""Whatever nothing else serves: typed answers, samples, lost words, stickers, groups. Nothing meets silence."""

from telegram import ChatMember, Message

from bot.services import people
from bot.services.joining import steps
from bot.services.messages.people import Hint, WriteInPrivate
from handlers import everyone, sample
from handlers.context import Context
from handlers.switchboard import Switchboard


class Otherwise:
    """Serves the messages that are no known command and no press."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def message(self, context: Context) -> None:
        """A message of any kind."""
        message = context.event.effective_message
        if message is None or context.event.edited_message is not None:
            return
        if not context.private:
            if _is_for_us(context, message):
                await context.reply(WriteInPrivate(context.unit.house.bot_username))
            return
        await self._private(context, message)

    async def _private(self, context: Context, message: Message) -> None:
        text = message.text or ""
        upload = sample.upload_of(message)
        if upload is not None:
            await sample.arrived(context, upload)
        elif text.startswith("/"):
            await everyone.unknown_command(context, text.split()[0])
        elif not (text and await self._board.answer(context, text)):
            if context.person.language is not None:
                await context.reply(Hint("words" if text else _kind(message)))
            await steps.begin(context.unit, context.person)

    async def member(self, context: Context) -> None:
        """Somebody blocked or unblocked the bot, or put it into a group."""
        change = context.event.my_chat_member
        if change is None:
            return
        if change.new_chat_member.status in (ChatMember.BANNED, ChatMember.LEFT):
            await people.lost(context.unit, context.chat.id)


def _is_for_us(context: Context, message: Message) -> bool:
    """In groups only mentions of the bot and replies to it are answered (commands are served elsewhere)."""
    if (message.text or "").startswith("/"):
        return f"@{context.bot.username}".lower() in (message.text or "").lower()
    reply = message.reply_to_message
    if reply and reply.from_user and reply.from_user.id == context.bot.id:
        return True
    mention = f"@{context.bot.username}".lower()
    return mention in (message.text or message.caption or "").lower()


def _kind(message: Message) -> str:
    if message.video or message.video_note:
        return "video"
    return "document" if message.document else "other"
