"""The methods that put something new into a chat: texts, files, and signs of typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.sandbox.content import (
    caption_content,
    file_content,
    inline_keyboard,
    other_markup,
    sent_file,
    text_content,
)
from bot.sandbox.errors import Json, bad_request, strict
from bot.sandbox.reach import open_chat

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.validate import Call
    from bot.sandbox.world import Chat, World

_ACTION_NAMES: Final = """
typing upload_photo record_video upload_video record_voice upload_voice upload_document
choose_sticker find_location record_video_note upload_video_note
"""
ACTIONS: Final = frozenset(_ACTION_NAMES.split())


def send_message(world: World, call: Call) -> Json:
    """Send a text."""
    chat = open_chat(world, call.args["chat_id"])
    return _sent(world, chat, call.args, text_content(call.args))


def send_voice(world: World, call: Call) -> Json:
    """Send a voice message, unless the person refuses them (Premium's privacy setting)."""
    chat = open_chat(world, call.args["chat_id"])
    if chat.person is not None and chat.person.refuses_voice:
        raise bad_request("VOICE_MESSAGES_FORBIDDEN")
    return _send_file(world, call, chat, "voice")


def send_audio(world: World, call: Call) -> Json:
    """Send a piece of audio."""
    return _send_file(world, call, open_chat(world, call.args["chat_id"]), "audio")


def send_document(world: World, call: Call) -> Json:
    """Send any file."""
    return _send_file(world, call, open_chat(world, call.args["chat_id"]), "document")


def send_photo(world: World, call: Call) -> Json:
    """Send a PNG or JPEG picture."""
    return _send_file(world, call, open_chat(world, call.args["chat_id"]), "photo")


def _send_file(world: World, call: Call, chat: Chat, kind: str) -> Json:
    if call.args.get("duration", 0) < 0:
        raise strict("duration must not be negative")
    caption = caption_content(call.args)
    _markup(call.args)  # checked before the upload is stored
    file = sent_file(world, call, call.args[kind], kind)
    content = file_content(file, call.args) | caption
    if kind == "photo" and call.args.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return _sent(world, chat, call.args, content)


def _markup(args: Json) -> tuple[Json | None, Json | None]:
    markup = args.get("reply_markup")
    if markup is None:
        return None, None
    return inline_keyboard(markup), other_markup(markup)


def _sent(world: World, chat: Chat, args: Json, content: Json) -> Json:
    inline, other = _markup(args)
    before: Json = {}
    if (reply := args.get("reply_parameters")) is not None:
        before = _reply(world, chat, reply)
    content = before | content
    if args.get("protect_content"):
        content["has_protected_content"] = True
    if inline is not None:
        content["reply_markup"] = inline
    record = world.new_message(chat, world.bot_user(), content, by_bot=True)
    extra: Json = {}
    if other is not None:
        # Telegram never shows these in a Message, and messages that carry them cannot be edited.
        record.editable = False
        extra["keyboard"] = other
    world.feed.publish("message", chat.id, message=record.message, **extra)
    return record.message


def _reply(world: World, chat: Chat, reply: Json) -> Json:
    if reply.get("chat_id", chat.id) != chat.id:
        raise strict("replies to other chats are not supported")
    record = chat.records.get(reply["message_id"])
    if record is None:
        if reply.get("allow_sending_without_reply"):
            return {}
        raise bad_request("message to be replied not found")
    return {"reply_to_message": without_reply(record.message)}


def without_reply(message: Json) -> Json:
    """Return a message as it is quoted: without the one that it answers itself."""
    return {key: value for key, value in message.items() if key != "reply_to_message"}


def send_chat_action(world: World, call: Call) -> bool:
    """Show "typing" or the like."""
    chat = open_chat(world, call.args["chat_id"])
    if call.args["action"] not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.feed.publish("action", chat.id, action=call.args["action"])
    return True


METHODS: Final[dict[str, Callable[[World, Call], Json | bool]]] = {
    "sendMessage": send_message,
    "sendVoice": send_voice,
    "sendAudio": send_audio,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "sendChatAction": send_chat_action,
}
