"""The methods that change or remove what is there, and the one that answers a press."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.sandbox.content import (
    caption_content,
    file_content,
    inline_keyboard,
    same_content,
    sent_file,
    text_content,
)
from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import NOT_MODIFIED, QUERY_TOO_OLD, Json, bad_request, strict
from bot.sandbox.reach import open_chat

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.validate import Call
    from bot.sandbox.world import Chat, Record, World

DELETABLE_FOR: Final = 48 * 3600
"""Seconds within which a bot may delete a message (core.telegram.org/bots/api#deletemessage)."""
ANSWER_LIMIT: Final = 200
_MEDIA: Final = ("audio", "document", "photo")
_CAPTION: Final = ("caption", "caption_entities", "show_caption_above_media")


def _to_edit(world: World, call: Call) -> tuple[Chat, Record]:
    args = call.args
    if "inline_message_id" in args:
        raise bad_request("MESSAGE_ID_INVALID")
    if "chat_id" not in args:
        raise bad_request("chat_id is empty")
    if "message_id" not in args:
        raise bad_request("message identifier is not specified")
    chat = open_chat(world, args["chat_id"])
    record = chat.records.get(args["message_id"])
    if record is None:
        raise bad_request("message to edit not found")
    if not record.by_bot or not record.editable:
        raise bad_request("message can't be edited")
    return chat, record


def _edited(
    world: World, chat: Chat, record: Record, args: Json, dropped: tuple[str, ...], new: Json
) -> Json:
    """Replace `dropped` fields by `new` ones and the keyboard by the given one; none given removes it."""
    message = {key: value for key, value in record.message.items() if key not in (*dropped, "reply_markup")}
    message |= new
    if (keyboard := inline_keyboard(args.get("reply_markup"))) is not None:
        message["reply_markup"] = keyboard
    if same_content(message, record.message):
        raise bad_request(NOT_MODIFIED)
    message["edit_date"] = int(world.clock.now())
    world.changed(record, message)
    world.feed.publish("edited", chat.id, message=message)
    return message


def edit_message_text(world: World, call: Call) -> Json:
    """Give a text message another text and keyboard."""
    chat, record = _to_edit(world, call)
    content = text_content(call.args)
    if "text" not in record.message:
        raise bad_request("there is no text in the message to edit")
    return _edited(world, chat, record, call.args, ("text", "entities", "link_preview_options"), content)


def edit_message_caption(world: World, call: Call) -> Json:
    """Give a message with a file another caption and keyboard."""
    chat, record = _to_edit(world, call)
    content = caption_content(call.args)
    if "text" in record.message:
        raise bad_request("there is no caption in the message to edit")
    return _edited(world, chat, record, call.args, _CAPTION, content)


def edit_message_reply_markup(world: World, call: Call) -> Json:
    """Replace or remove a message's keyboard."""
    chat, record = _to_edit(world, call)
    return _edited(world, chat, record, call.args, (), {})


def edit_message_media(world: World, call: Call) -> Json:
    """Replace a message's photo, audio or document; a voice message cannot be replaced."""
    chat, record = _to_edit(world, call)
    if not any(kind in record.message for kind in (*_MEDIA, "text")):
        raise bad_request("there is no media in the message to edit")
    media = call.args["media"]
    caption = caption_content(media)
    file = sent_file(world, call, media["media"], media["type"])
    dropped = (*_MEDIA, *_CAPTION, "text", "entities", "link_preview_options")
    return _edited(world, chat, record, call.args, dropped, file_content(file, media) | caption)


def delete_message(world: World, call: Call) -> bool:
    """Delete a message younger than 48 h; others' messages in groups only as an administrator."""
    chat = open_chat(world, call.args["chat_id"])
    message_id = call.args["message_id"]
    record = chat.records.get(message_id)
    if record is None:
        raise bad_request("message to delete not found")
    if record.message["date"] + DELETABLE_FOR < world.clock.now():
        raise bad_request("message can't be deleted for everyone")
    if not record.by_bot and chat.person is None and chat.bot_status != "administrator":
        raise bad_request("message can't be deleted")
    del chat.records[message_id]
    world.feed.publish("deleted", chat.id, message_id=message_id)
    return True


def answer_callback_query(world: World, call: Call) -> bool:
    """Answer a press, once and in time; the presser sees `text` as a toast or an alert."""
    args = call.args
    text = args.get("text", "")
    if utf16_length(text) > ANSWER_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    if args.get("cache_time", 0) < 0:
        raise strict("cache_time must not be negative")
    if "url" in args:
        raise bad_request("URL_INVALID")
    press = world.presses.get(args["callback_query_id"])
    now = world.clock.now()
    if press is None or press.answer is not None or now - press.at > world.settings.press_timeout:
        raise bad_request(QUERY_TOO_OLD)
    show_alert = bool(args.get("show_alert"))
    press.answered(text, show_alert=show_alert)
    world.feed.publish(
        "answer",
        press.chat_id,
        press_id=press.id,
        person_id=press.person_id,
        data=press.data,
        text=text,
        show_alert=show_alert,
    )
    return True


METHODS: Final[dict[str, Callable[[World, Call], Json | bool]]] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "editMessageMedia": edit_message_media,
    "deleteMessage": delete_message,
    "answerCallbackQuery": answer_callback_query,
}
