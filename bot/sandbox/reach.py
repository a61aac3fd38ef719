"""Whom the bot can reach: finding a chat and telling why it cannot be written to, as Telegram would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.errors import bad_request, forbidden
from bot.sandbox.world import IN_GROUP

if TYPE_CHECKING:
    from bot.sandbox.world import Chat, World


def find_chat(world: World, chat_id: int | str) -> Chat:
    """Return the chat with that id; raises "chat not found", or names the supergroup a group became."""
    chat = world.chats.get(chat_id) if isinstance(chat_id, int) else None
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request(
            "group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.migrated_to}
        )
    return chat


def open_chat(world: World, chat_id: int | str) -> Chat:
    """Return a chat the bot may write to now; raises `ApiError` 403 saying why it may not."""
    if chat_id == world.bot_id:
        raise forbidden("bots can't send messages to bots")
    chat = find_chat(world, chat_id)
    person = chat.person
    if person is None:
        if chat.bot_status not in IN_GROUP:
            kind = "supergroup" if chat.type == "supergroup" else "group"
            if chat.bot_status == "kicked":
                raise forbidden(f"bot was kicked from the {kind} chat")
            raise forbidden(f"bot is not a member of the {kind} chat")
    elif person.deactivated:
        raise forbidden("user is deactivated")
    elif person.blocked:
        raise forbidden("bot was blocked by the user")
    elif not person.started:
        raise forbidden("bot can't initiate conversation with a user")
    return chat
