"""What a bot sends, how it is shown, and whom it cannot reach."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from bot.sandbox import Person, SandboxClient
from tests.sandbox.rawbot import RawBot

BOT = {"id": 7000000001, "is_bot": True, "first_name": "Duologue", "username": "duologue_bot"}
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08" + struct.pack(">HH", 300, 200) + b"\x01\x01\x11\0"


async def test_a_message_is_whole(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The answer to sendMessage is the message as people see it."""
    message = await api.result(
        "sendMessage",
        chat_id=ann.id,
        text=" <b>Hi</b> &amp; bye ",
        parse_mode="HTML",
        protect_content=True,
        link_preview_options={"is_disabled": True},
        reply_markup={"inline_keyboard": [[{"text": "Go", "callback_data": "go"}], []]},
    )
    assert message == {
        "message_id": 1,
        "from": BOT,
        "chat": {"id": ann.id, "first_name": "Ann", "type": "private"},
        "date": message["date"],
        "text": "Hi & bye",
        "entities": [{"offset": 0, "length": 2, "type": "bold"}],
        "link_preview_options": {"is_disabled": True},
        "has_protected_content": True,
        "reply_markup": {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]},
    }
    assert await ann.history() == [{"by_bot": True, "edits": 0, "message": message}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "message text is empty"),
        (" \n ", "message text is empty"),
        ("<b> </b>", "message text is empty"),
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "message is too long"),
        ("<b>x", "can't parse entities: Can't find end tag corresponding to start tag \"b\""),
    ],
)
async def test_texts_that_are_refused(api: RawBot, ann: Person, text: str, why: str) -> None:
    """Empty, too long after parsing, or badly marked up."""
    refusal = await api.refusal("sendMessage", chat_id=ann.id, text=text, parse_mode="HTML")
    assert refusal == f"Bad Request: {why}"


async def test_length_counts_after_parsing(api: RawBot, ann: Person) -> None:
    """4096 UTF-16 units are fine, however many tags surround them."""
    text = "<b>" + "&amp;" * 4094 + "😀</b>"
    message = await api.result("sendMessage", chat_id=ann.id, text=text, parse_mode="HTML")
    assert message["text"] == "&" * 4094 + "😀"
    assert message["entities"] == [{"offset": 0, "length": 4096, "type": "bold"}]


async def test_modes_and_entities(api: RawBot, ann: Person) -> None:
    """Entities can be given instead; Markdown is not supported, other modes do not exist."""
    bold = [{"type": "bold", "offset": 0, "length": 2}]
    message = await api.result("sendMessage", chat_id=ann.id, text="hi", entities=bold)
    assert message["entities"] == bold
    cases: list[tuple[dict[str, Any], str]] = [
        ({"parse_mode": "MarkdownV2"}, "sandbox: only HTML is supported"),
        ({"parse_mode": "BBCode"}, "unsupported parse_mode"),
        (
            {"entities": [{"type": "bold", "offset": 1, "length": 2}]},
            "sandbox: an entity reaches beyond its text",
        ),
        (
            {"entities": [{"type": "fat", "offset": 0, "length": 2}]},
            "sandbox: unknown entity type 'fat'",
        ),
    ]
    for extra, why in cases:
        assert await api.refusal("sendMessage", chat_id=ann.id, text="hi", **extra) == f"Bad Request: {why}"


@pytest.mark.parametrize(
    ("button", "why"),
    [
        (
            {"text": "a"},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": " ", "callback_data": "x"},
            'can\'t parse inline keyboard button: field "text" must be non-empty',
        ),
        ({"text": "a", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "中" * 22}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "url": "nowhere"}, "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL"),
        (
            {"text": "a", "callback_data": "x", "url": "https://example.org"},
            "sandbox: a button has exactly one action, not url and callback_data",
        ),
        ({"text": "a", "callback_data": "x", "style": "pink"}, "sandbox: unknown button style 'pink'"),
        ({"text": "a", "copy_text": {"text": ""}}, "BUTTON_COPY_TEXT_INVALID"),
    ],
)
async def test_buttons_that_are_refused(api: RawBot, ann: Person, button: Any, why: str) -> None:
    """A button has a text and exactly one action that can work."""
    markup = {"inline_keyboard": [[button]]}
    refusal = await api.refusal("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)
    assert refusal == f"Bad Request: {why}"


async def test_buttons_at_their_limits(api: RawBot, ann: Person) -> None:
    """64 bytes of data and 100 buttons are the most."""
    rows = [[{"text": "a", "callback_data": "x" * 64}] * 5] * 20
    for markup, good in (({"inline_keyboard": rows}, True), ({"inline_keyboard": [*rows, rows[0]]}, False)):
        assert (await api("sendMessage", chat_id=ann.id, text="x", reply_markup=markup))["ok"] is good


async def test_reply_keyboards_reach_people(api: RawBot, ann: Person) -> None:
    """They are not part of a Message, but people see them; empty ones are refused."""
    keyboard = {"keyboard": [[{"text": "Share", "request_contact": True}]], "resize_keyboard": True}
    message = await api.result("sendMessage", chat_id=ann.id, text="number?", reply_markup=keyboard)
    assert "reply_markup" not in message
    assert (await ann.hears("number?")).keyboard == keyboard
    empty = await api.refusal("sendMessage", chat_id=ann.id, text="x", reply_markup={"keyboard": [[]]})
    assert empty == "Bad Request: can't parse reply keyboard markup: keyboard is empty"


async def test_replies(api: RawBot, ann: Person) -> None:
    """A reply quotes its message, one level deep."""
    await ann.says("question")
    first = await api.result("sendMessage", chat_id=ann.id, text="answer", reply_parameters={"message_id": 1})
    assert first["reply_to_message"]["text"] == "question"
    second = await api.result("sendMessage", chat_id=ann.id, text="more", reply_parameters={"message_id": 2})
    assert second["reply_to_message"] == {k: v for k, v in first.items() if k != "reply_to_message"}
    gone: dict[str, Any] = {"message_id": 99}
    assert (
        await api.refusal("sendMessage", chat_id=ann.id, text="x", reply_parameters=gone)
        == "Bad Request: message to be replied not found"
    )
    gone["allow_sending_without_reply"] = True
    third = await api.result("sendMessage", chat_id=ann.id, text="x", reply_parameters=gone)
    assert "reply_to_message" not in third


async def test_whom_a_bot_cannot_reach(api: RawBot, client: SandboxClient) -> None:
    """Strangers, those who blocked it, those who are gone, other bots, nobody."""
    stranger = await client.person("Stranger")
    blocker = await client.person("Blocker", started=True, blocked=True)
    gone = await client.person("Gone", started=True, deactivated=True)
    reasons = {
        stranger.id: "Forbidden: bot can't initiate conversation with a user",
        blocker.id: "Forbidden: bot was blocked by the user",
        gone.id: "Forbidden: user is deactivated",
        7000000001: "Forbidden: bots can't send messages to bots",
        404: "Bad Request: chat not found",
    }
    for chat_id, reason in reasons.items():
        assert await api.refusal("sendMessage", chat_id=chat_id, text="x") == reason
        assert await api.refusal("sendChatAction", chat_id=chat_id, action="typing") == reason
    await stranger.says("/start")
    assert (await api("sendMessage", chat_id=stranger.id, text="x"))["ok"]


async def test_a_voice_message(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Uploaded once, sent again by its id; people can listen to it."""
    fields = {"chat_id": str(ann.id), "duration": "150", "caption": "<i>yours</i>", "parse_mode": "HTML"}
    message = (await api.upload("sendVoice", {"voice": b"OggS..."}, **fields))["result"]
    voice = message["voice"]
    assert voice == {
        "file_id": voice["file_id"],
        "file_unique_id": voice["file_unique_id"],
        "file_size": 7,
        "mime_type": "audio/ogg",
        "duration": 150,
    }
    assert (message["caption"], message["caption_entities"]) == (
        "yours",
        [{"offset": 0, "length": 5, "type": "italic"}],
    )
    again = await api.result("sendVoice", chat_id=ann.id, voice=voice["file_id"], duration=150)
    assert again["voice"] == voice
    heard = await ann.hears(kind="voice")
    assert heard.file_id is not None
    assert await client.download(heard.file_id) == b"OggS..."


async def test_people_who_refuse_voice(api: RawBot, client: SandboxClient) -> None:
    """Only voice messages are refused, audio and documents pass."""
    shy = await client.person("Shy", started=True, refuses_voice=True)
    chat_id = str(shy.id)
    refused = await api.upload("sendVoice", {"voice": b"x"}, chat_id=chat_id)
    assert refused == {"ok": False, "error_code": 400, "description": "Bad Request: VOICE_MESSAGES_FORBIDDEN"}
    assert (await api.upload("sendAudio", {"audio": b"x"}, chat_id=chat_id))["ok"]
    assert (await api.upload("sendDocument", {"document": b"x"}, chat_id=chat_id))["ok"]


async def test_audio_document_photo(api: RawBot, ann: Person) -> None:
    """Each kind shows what Telegram shows of it."""
    chat_id = str(ann.id)
    sent = await api.upload(
        "sendAudio", {"audio": b"x"}, chat_id=chat_id, duration="3", title="T", performer="P"
    )
    audio = sent["result"]["audio"]
    ids = ("file_id", "file_unique_id")
    assert {k: v for k, v in audio.items() if k not in ids} == {
        "file_size": 1,
        "mime_type": "application/octet-stream",
        "duration": 3,
        "file_name": "audio.bin",
        "performer": "P",
        "title": "T",
    }
    document = (await api.upload("sendDocument", {"d": b"xy"}, chat_id=chat_id, document="attach://d"))[
        "result"
    ]
    assert {k: v for k, v in document["document"].items() if k not in ids} == {
        "file_size": 2,
        "mime_type": "application/octet-stream",
        "file_name": "d.bin",
    }
    for picture, width, height in ((PNG, 640, 480), (JPEG, 200, 300)):
        photo = (await api.upload("sendPhoto", {"photo": picture}, chat_id=chat_id, has_spoiler="true"))[
            "result"
        ]
        [size] = photo["photo"]
        assert (size["width"], size["height"], photo["has_media_spoiler"]) == (width, height, True)


async def test_files_that_are_refused(api: RawBot, ann: Person) -> None:
    """Empty ones, no pictures, unknown ids, other kinds, addresses, too large ones, too long captions."""
    chat_id = str(ann.id)
    uploads: list[tuple[str, dict[str, bytes], dict[str, str], str]] = [
        ("sendVoice", {"voice": b""}, {}, "Bad Request: file must be non-empty"),
        ("sendPhoto", {"photo": b"text"}, {}, "Bad Request: IMAGE_PROCESS_FAILED"),
        (
            "sendPhoto",
            {"photo": PNG[:16] + struct.pack(">II", 9000, 9000)},
            {},
            "Bad Request: PHOTO_INVALID_DIMENSIONS",
        ),
        ("sendVoice", {"voice": b"x"}, {"caption": "x" * 1025}, "Bad Request: message caption is too long"),
        (
            "sendVoice",
            {"voice": b"x"},
            {"duration": "-1"},
            "Bad Request: sandbox: duration must not be negative",
        ),
        ("sendDocument", {"document": bytes(50 * 2**20 + 1)}, {}, "Request Entity Too Large"),
    ]
    for method, files, fields, why in uploads:
        assert (await api.upload(method, files, chat_id=chat_id, **fields))["description"] == why
    voice = (await api.upload("sendVoice", {"voice": b"x"}, chat_id=chat_id))["result"]["voice"]["file_id"]
    sources = [
        ("sendDocument", "document", voice, "can't use file of type VoiceNote as Document"),
        ("sendAudio", "audio", voice, "can't use file of type VoiceNote as Audio"),
        ("sendVoice", "voice", "AwACnonsense", "wrong file identifier/HTTP URL specified"),
        ("sendPhoto", "photo", "https://example.org/a.png", "failed to get HTTP URL content"),
        ("sendVoice", "voice", "attach://lost", "file not found in the request: attach://lost"),
    ]
    for method, field, source, why in sources:
        assert await api.refusal(method, **{"chat_id": ann.id, field: source}) == f"Bad Request: {why}"


async def test_chat_actions(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """People see that something is coming; invented actions are refused."""
    assert await api.result("sendChatAction", chat_id=ann.id, action="typing") is True
    [event] = await client.events(kinds="action")
    assert (event["chat_id"], event["action"]) == (ann.id, "typing")
    wrong = await api.refusal("sendChatAction", chat_id=ann.id, action="thinking")
    assert wrong == "Bad Request: wrong parameter action in request"
