"""What people do: write, send files, forward, edit, press, block; and which of it the bot gets to see."""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.content import file_content, image_size
from bot.sandbox.entities import cut, found_in, utf16_length
from bot.sandbox.errors import ApiError, ControlError, Json, NotDelivered
from bot.sandbox.sending import without_reply
from bot.sandbox.world import IN_GROUP, Press

if TYPE_CHECKING:
    from bot.sandbox.validate import Upload
    from bot.sandbox.world import Chat, Person, Record, World

FILE_KINDS: Final = ("voice", "audio", "document", "photo", "sticker", "video_note")
_PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_MIMES: Final = {"voice": "audio/ogg", "audio": "audio/mpeg", "document": "application/octet-stream"}
_NOT_FORWARDED: Final = frozenset(
    {
        "message_id",
        "from",
        "chat",
        "date",
        "edit_date",
        "reply_to_message",
        "reply_markup",
        "forward_origin",
    }
)
_SERVICE: Final = ("new_chat_members", "left_chat_member", "group_chat_created", "migrate_to_chat_id")


def say(world: World, person: Person, chat: Chat, text: str, reply_to: int | None = None) -> Json:
    """Write a text; commands, mentions and links in it get their entities. Returns message and update_id."""
    text = text.strip()
    if not 1 <= utf16_length(text) <= 4096:
        raise ControlError(400, "a text has 1 to 4096 UTF-16 units; Telegram's apps split longer ones")
    content: Json = {"text": text}
    if entities := found_in(text):
        content["entities"] = entities
    if person.blocked and chat.person is person and text.startswith("/start"):
        set_blocked(world, person, False)
    return post(world, person, chat, content, reply_to)


def start(world: World, person: Person, payload: str | None) -> Json:
    """Press START, or open a deep link with a payload of 1 to 64 of ``A-Za-z0-9_-``."""
    if payload is not None and not _PAYLOAD.match(payload):
        raise ControlError(400, "a start payload is 1 to 64 of A-Z a-z 0-9 _ -")
    return say(world, person, world.chats[person.id], "/start" if payload is None else f"/start {payload}")


def post(world: World, person: Person, chat: Chat, content: Json, reply_to: int | None = None) -> Json:
    """Put a person's message into a chat and queue the update, if the bot may see it."""
    _may_write(person, chat)
    if reply_to is not None:
        original = chat.records.get(reply_to)
        if original is None:
            raise ControlError(404, f"no message {reply_to} in chat {chat.id} to reply to")
        content = {"reply_to_message": without_reply(original.message), **content}
    record = world.new_message(chat, person.user(), content, by_bot=False)
    update_id = _show_bot(world, chat, "message", record.message)
    world.feed.publish("said", chat.id, message=record.message, update_id=update_id)
    return {"message": record.message, "update_id": update_id}


def _may_write(person: Person, chat: Chat) -> None:
    if person.deactivated:
        raise NotDelivered(f"{person.first_name}'s account is deactivated")
    if chat.person is person:
        if person.blocked:
            raise NotDelivered(f"{person.first_name} has blocked the bot; unblock it or send /start")
        person.started = True
    elif chat.person is not None or person.id not in chat.members:
        raise NotDelivered(f"{person.first_name} is not in chat {chat.id}")
    elif chat.migrated_to is not None:
        raise NotDelivered(f"chat {chat.id} has become {chat.migrated_to}")


def _show_bot(world: World, chat: Chat, kind: str, message: Json) -> int | None:
    if chat.person is None and (
        chat.bot_status not in IN_GROUP
        or (chat.bot_status == "member" and world.settings.privacy and not _meant_for_bot(world, message))
    ):
        return None
    return world.tell_bot(kind, message, f"chat:{chat.id}")


def _meant_for_bot(world: World, message: Json) -> bool:
    """Tell whether privacy mode shows this (core.telegram.org/bots/features#privacy-mode)."""
    if any(name in message for name in _SERVICE):
        return True
    if message.get("reply_to_message", {}).get("from", {}).get("id") == world.bot_id:
        return True
    text = message.get("text") or message.get("caption") or ""
    me = f"@{world.username}".lower()
    for entity in message.get("entities") or message.get("caption_entities") or ():
        if entity["type"] == "mention" and cut(text, entity).lower() == me:
            return True
        if entity["type"] == "bot_command" and entity["offset"] == 0:
            command = cut(text, entity).lower()
            if "@" not in command or command.endswith(me):
                return True
    return False


def send_file(world: World, person: Person, chat: Chat, kind: str, upload: Upload, claims: Json) -> Json:
    """Send a file; `claims` is what the sender's app says of it: duration, mime_type, file_size …"""
    mime = claims.get("mime_type", _MIMES.get(kind, upload.mime))
    size = claims["file_size"] if "file_size" in claims else len(upload.data)
    name = claims.get("file_name", upload.name)
    file = world.files.add(kind, name, mime, upload.data, size)
    content: Json
    if kind in {"sticker", "video_note"}:
        body: Json = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": size}
        if kind == "sticker":
            body |= {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        else:
            body |= {"length": 240, "duration": claims.get("duration", 1)}
        content = {kind: body}
    else:
        content = _shown(file, claims)
    if caption := claims.get("caption"):
        content["caption"] = caption
        if entities := found_in(caption):
            content["caption_entities"] = entities
    if origin := claims.get("forward_origin"):
        content = {"forward_origin": origin, **content}
    return post(world, person, chat, content, claims.get("reply_to"))


def _shown(file: Any, claims: Json) -> Json:
    if file.kind == "photo":
        try:
            image_size(file.data)
        except ApiError:
            raise ControlError(400, "a photo must be a PNG or JPEG") from None
    content = file_content(file, claims)
    if claims.get("mime_type", "") is None and file.kind in content:
        del content[file.kind]["mime_type"]
    return content


def forward(world: World, person: Person, chat: Chat, source: Chat, message_id: int) -> Json:
    """Forward a message that the person can see into a chat."""
    record = source.records.get(message_id)
    if record is None or (source.person is not person and person.id not in source.members):
        raise ControlError(404, f"{person.first_name} sees no message {message_id} in chat {source.id}")
    message = record.message
    content = {key: value for key, value in message.items() if key not in _NOT_FORWARDED}
    origin = message.get("forward_origin") or {
        "type": "user",
        "sender_user": message["from"],
        "date": message["date"],
    }
    return post(world, person, chat, {"forward_origin": origin, **content})


def edit(world: World, person: Person, chat: Chat, message_id: int, text: str) -> Json:
    """Change a text or caption that the person sent."""
    record = _own(person, chat, message_id)
    if not 1 <= utf16_length(text := text.strip()) <= 4096:
        raise ControlError(400, "a text has 1 to 4096 UTF-16 units")
    field = "text" if "text" in record.message else "caption"
    message = {**record.message, field: text, "edit_date": int(world.clock.now())}
    entities_name = "entities" if field == "text" else "caption_entities"
    message.pop(entities_name, None)
    if entities := found_in(text):
        message[entities_name] = entities
    world.changed(record, message)
    update_id = _show_bot(world, chat, "edited_message", message)
    world.feed.publish("said_edited", chat.id, message=message, update_id=update_id)
    return {"message": message, "update_id": update_id}


def _own(person: Person, chat: Chat, message_id: int) -> Record:
    record = chat.records.get(message_id)
    if record is None or record.message["from"]["id"] != person.id:
        raise ControlError(404, f"{person.first_name} sent no message {message_id} in chat {chat.id}")
    return record


def press(world: World, person: Person, chat: Chat, message_id: int, data: str, how: Json) -> list[Press]:
    """Press a button; returns one press for each update sent.

    `how`: ``forged`` skips the check that the button is there, ``times`` sends several presses, ``same_id``
    gives them one query id, ``inaccessible`` sends the message as Telegram sends one it no longer has.
    """
    if person.deactivated or (person.blocked and chat.person is person):
        raise NotDelivered(f"{person.first_name} has blocked the bot or is deactivated")
    if chat.person is not person and person.id not in chat.members and not how.get("forged"):
        raise NotDelivered(f"{person.first_name} is not in chat {chat.id}")
    record = chat.records.get(message_id)
    if not how.get("forged") and (record is None or data not in buttons_of(record.message)):
        shown = sorted(buttons_of(record.message)) if record is not None else "no such message"
        raise NotDelivered(f"no button {data!r} on message {message_id} in chat {chat.id}: {shown}")
    message: Json = {"chat": chat.as_json(), "message_id": message_id, "date": 0}
    if record is not None and not how.get("inaccessible"):
        message = record.message
    presses: list[Press] = []
    for _ in range(how.get("times", 1)):
        query = presses[0].id if presses and how.get("same_id") else str(secrets.randbits(62))
        presses.append(_pressed(world, person, chat, message, data, query))
    return presses


def _pressed(world: World, person: Person, chat: Chat, message: Json, data: str, query: str) -> Press:
    press = world.presses.get(query)
    if press is None:
        at, mono = world.clock.now(), time.monotonic()
        press = Press(query, person.id, chat.id, message["message_id"], data, at, mono)
        world.presses[query] = press
    payload = {
        "id": query,
        "from": person.user(),
        "message": message,
        "chat_instance": chat.instance,
        "data": data,
    }
    press.update_id = world.tell_bot("callback_query", payload, f"press:{person.id}")
    world.feed.publish(
        "pressed",
        chat.id,
        press_id=query,
        person_id=person.id,
        message_id=message["message_id"],
        data=data,
        update_id=press.update_id,
    )
    return press


def buttons_of(message: Json) -> set[str]:
    """Return the callback data of all buttons on a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["callback_data"] for row in rows for button in row if "callback_data" in button}


def set_blocked(world: World, person: Person, blocked: bool) -> None:
    """Block or unblock the bot; it hears of it, if it knew the person."""
    if person.blocked == blocked:
        return
    person.blocked = blocked
    if person.started:
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        world.member_changed(world.chats[person.id], person.user(), old, new)
