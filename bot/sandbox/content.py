"""Checking what a bot wants to say: texts, captions, keyboards, files; and making message content of it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.entities import trimmed, utf16_length, with_found
from bot.sandbox.errors import ApiError, Json, bad_request, strict
from bot.sandbox.files import UPLOAD_LIMIT, StoredFile
from bot.sandbox.html import is_url, parse_html

if TYPE_CHECKING:
    from bot.sandbox.validate import Call
    from bot.sandbox.world import World

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
DATA_LIMIT: Final = 64
BUTTONS_LIMIT: Final = 100
_ACTIONS: Final = ("url", "callback_data", "web_app", "copy_text")
_STYLES: Final = frozenset({"danger", "success", "primary"})
_ENTITY_NAMES: Final = """
mention hashtag cashtag bot_command url email phone_number bold italic underline strikethrough
spoiler blockquote expandable_blockquote code pre text_link text_mention custom_emoji
"""
_ENTITY_TYPES: Final = frozenset(_ENTITY_NAMES.split())


def _parsed(args: Json, text: str, entities_name: str) -> tuple[str, list[Json]]:
    mode = str(args.get("parse_mode", "")).lower()
    if mode == "html":
        text, entities = parse_html(text)
    elif mode:
        known = mode in {"markdown", "markdownv2"}
        raise strict("only HTML is supported") if known else bad_request("unsupported parse_mode")
    else:
        text, entities = trimmed(text, _given(args.get(entities_name, []), text))
    return text, with_found(text, entities)


def _given(entities: list[Json], text: str) -> list[Json]:
    total = utf16_length(text)
    for entity in entities:
        if entity["type"] not in _ENTITY_TYPES:
            raise strict(f"unknown entity type {entity['type']!r}")
        if entity["offset"] < 0 or entity["length"] <= 0 or entity["offset"] + entity["length"] > total:
            raise strict("an entity reaches beyond its text")
    return entities


def text_content(args: Json) -> Json:
    """Return `text` and `entities` of a text message; refuses empty and too long ones."""
    text, entities = _parsed(args, args.get("text", ""), "entities")
    if not text:
        raise bad_request("message text is empty")
    if utf16_length(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    content: Json = {"text": text}
    if entities:
        content["entities"] = entities
    if options := args.get("link_preview_options"):
        content["link_preview_options"] = options
    return content


def caption_content(args: Json) -> Json:
    """Return `caption` and `caption_entities`, or nothing when there is no caption."""
    caption, entities = _parsed(args, args.get("caption", ""), "caption_entities")
    if utf16_length(caption) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    content: Json = {}
    if caption:
        content["caption"] = caption
        if entities:
            content["caption_entities"] = entities
    if args.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def inline_keyboard(markup: Json | None) -> Json | None:
    """Check an inline keyboard and return it as messages show it; None when it is empty or another markup."""
    if markup is None or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(len(row) for row in rows) > BUTTONS_LIMIT:
        raise bad_request("reply markup is too long")
    for row in rows:
        for button in row:
            _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def _check_button(button: Json) -> None:
    if not button["text"].strip():
        raise bad_request('can\'t parse inline keyboard button: field "text" must be non-empty')
    actions = [name for name in _ACTIONS if name in button]
    if not actions:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        raise strict(f"a button has exactly one action, not {' and '.join(actions)}")
    if button.get("style", "primary") not in _STYLES:
        raise strict(f"unknown button style {button['style']!r}")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= DATA_LIMIT:
        raise bad_request("BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= len(button["copy_text"]["text"]) <= 256:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    url = button.get("url", button.get("web_app", {}).get("url"))
    if url is not None and not is_url(url):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def other_markup(markup: Json | None) -> Json | None:
    """Return a reply keyboard, its removal or a forced reply; None when there is none of them."""
    if markup is None or "inline_keyboard" in markup:
        return None
    if "keyboard" in markup and not any(markup["keyboard"]):
        raise bad_request("can't parse reply keyboard markup: keyboard is empty")
    for row in markup.get("keyboard", []):
        if any(not button["text"] for button in row):
            raise bad_request('can\'t parse keyboard button: Field "text" must be non-empty')
    if not markup.get("remove_keyboard", True) or not markup.get("force_reply", True):
        raise strict("remove_keyboard and force_reply can only be true")
    return markup


def sent_file(world: World, call: Call, source: str, kind: str) -> StoredFile:
    """Return the file that `source` names: an upload of this call or a file_id of the same kind."""
    if not source.startswith("attach://"):
        return world.files.to_send(source, kind)
    upload = call.uploads.get(source.removeprefix("attach://"))
    if upload is None:
        raise bad_request("file not found in the request: " + source)
    if not upload.data:
        raise bad_request("file must be non-empty")
    if len(upload.data) > UPLOAD_LIMIT:
        raise ApiError(413, "Request Entity Too Large")
    if kind == "photo":
        image_size(upload.data)
    mime = "audio/ogg" if kind == "voice" else upload.mime
    return world.files.add(kind, upload.name, mime, upload.data, len(upload.data))


def file_content(file: StoredFile, args: Json) -> Json:
    """Return the part of a message that shows `file`: voice, audio, document, photo."""
    body: Json = {"file_id": file.file_id, "file_unique_id": file.unique_id}
    if file.claimed_size is not None:
        body["file_size"] = file.claimed_size
    if file.kind == "photo":
        width, height = image_size(file.data)
        return {"photo": [{**body, "width": width, "height": height}]}
    body["mime_type"] = file.mime
    if file.kind in {"voice", "audio"}:
        body["duration"] = args.get("duration", 0)
    if file.kind in {"audio", "document"} and file.name:
        body["file_name"] = file.name
    if file.kind == "audio":
        body |= {key: args[key] for key in ("performer", "title") if args.get(key)}
    return {file.kind: body}


def image_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels of a PNG or JPEG; raises what Telegram says of anything else."""
    size = _png_size(data) or _jpeg_size(data)
    if size is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > 10_000 or min(size) == 0 or max(size) > 20 * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return size


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[:8] != b"\x89PNG\r\n\x1a\n" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        # Start-of-frame segments carry the size; C4, C8 and CC among them are tables.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def same_content(one: Json, other: Json) -> bool:
    """Tell whether two versions of a message say the same, buttons included."""
    return _essence(one) == _essence(other)


def _essence(message: Json) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in {"edit_date", "date"}}
