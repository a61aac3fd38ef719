"""Calls in every form, and strictness about what is in them."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Person, Sandbox
from tests.sandbox.rawbot import RawBot

ME = {
    "id": 7000000001,
    "is_bot": True,
    "first_name": "Duologue",
    "username": "duologue_bot",
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
}


@pytest.mark.parametrize("method", ["getMe", "getme", "GETME"])
async def test_method_names_have_any_case(api: RawBot, method: str) -> None:
    """Telegram does not look at the case of a method's name."""
    assert await api(method) == {"ok": True, "result": ME}


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox, api: RawBot) -> None:
    """Calls and downloads with another token get nothing, not even whether the method exists."""
    for path in ("bot1:x/getMe", "bot1:x/nonsense", "file/bot1:x/voice/file_1.oga"):
        async with api.session.get(f"{sandbox.url}/{path}") as answer:
            assert (answer.status, await answer.json()) == (
                401,
                {"ok": False, "error_code": 401, "description": "Unauthorized"},
            )


async def test_unknown_and_unsupported_methods(api: RawBot) -> None:
    """A real method that the sandbox lacks is told apart from one that nobody has."""
    assert await api("sendPoll") == {
        "ok": False,
        "error_code": 501,
        "description": "Not supported by this sandbox: sendPoll",
    }
    assert await api("sendNonsense") == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_a_call_in_every_form(sandbox: Sandbox, api: RawBot, ann: Person) -> None:
    """Query, form, multipart and JSON say the same; objects may be JSON texts."""
    keyboard = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    fields = {"chat_id": str(ann.id), "text": "hi", "reply_markup": json.dumps(keyboard)}
    url, session = f"{api.base}/sendMessage", api.session
    form = aiohttp.FormData(fields)
    form.add_field("disable_notification", "true", content_type="text/plain")
    part = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        part.add_field(name, value)
    ways: list[dict[str, Any]] = [
        {"params": fields},
        {"data": fields},
        {"data": form},
        {"data": part},
        {"json": {"chat_id": ann.id, "text": "hi", "reply_markup": keyboard}},
        {"json": {"chat_id": ann.id, "text": "hi", "reply_markup": json.dumps(keyboard)}},
    ]
    for number, way in enumerate(ways, 1):
        async with session.post(url, **way) as answer:
            body = await answer.json()
        assert body["ok"], body
        message = body["result"]
        assert (message["message_id"], message["text"], message["reply_markup"]) == (number, "hi", keyboard)
    async with session.get(url, params=fields) as answer:
        assert (await answer.json())["ok"]


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"text": "x"}, "chat_id is empty"),
        ({"chat_id": 1}, "message text is empty"),
        ({"chat_id": "nobody", "text": "x"}, "chat not found"),
        ({"chat_id": 1, "text": "x"}, "chat not found"),
        ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
        ({"chat_id": 1.5, "text": "x"}, "sandbox: chat_id must be an integer"),
        ({"chat_id": True, "text": "x"}, "sandbox: chat_id must be an integer, not a boolean"),
        ({"chat_id": 1, "text": ["x"]}, "sandbox: text must be a string"),
        ({"chat_id": 1, "text": "x", "txet": "y"}, 'sandbox: "txet" is not known in sendMessage'),
        (
            {"chat_id": 1, "text": "x", "disable_notification": "perhaps"},
            "sandbox: disable_notification must be a boolean",
        ),
        ({"chat_id": 1, "text": "x", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
        ({"chat_id": 1, "text": "x", "reply_markup": "[]"}, "object expected as reply markup"),
        (
            {"chat_id": 1, "text": "x", "reply_markup": {"keys": []}},
            "sandbox: reply_markup is none of InlineKeyboardMarkup, ReplyKeyboardMarkup, "
            "ReplyKeyboardRemove, ForceReply",
        ),
        (
            {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"txt": "a"}]]}},
            'sandbox: "txt" is not known in inline_keyboard[0][0] (InlineKeyboardButton)',
        ),
        (
            {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"url": "a.org"}]]}},
            'sandbox: "text" is missing in inline_keyboard[0][0] (InlineKeyboardButton)',
        ),
        ({"chat_id": 1, "text": "x", "entities": "{}"}, "sandbox: entities must be an array"),
        (
            {"chat_id": 1, "text": "x", "reply_parameters": {}},
            'sandbox: "message_id" is missing in reply_parameters (ReplyParameters)',
        ),
    ],
)
async def test_mistakes_are_named(api: RawBot, parameters: dict[str, Any], why: str) -> None:
    """Missing, unknown and wrong parameters are refused; those that Telegram would miss, too."""
    assert await api("sendMessage", **parameters) == {
        "ok": False,
        "error_code": 400,
        "description": f"Bad Request: {why}",
    }


async def test_broken_bodies_are_refused(api: RawBot) -> None:
    """JSON that is none, JSON that is no object, and types that Telegram does not read."""
    bodies = [
        (b"{", "application/json", "Bad Request: can't parse request JSON object"),
        (b"[]", "application/json", "Bad Request: request must be a JSON object"),
        (b"x", "text/plain", "Bad Request: unsupported content type text/plain"),
    ]
    for body, kind, why in bodies:
        headers = {"Content-Type": kind}
        async with api.session.post(f"{api.base}/sendMessage", data=body, headers=headers) as answer:
            assert (await answer.json())["description"] == why
    raw = b"chat_id=1&text=%ff"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with api.session.post(f"{api.base}/sendMessage", data=raw, headers=headers) as answer:
        assert (await answer.json())["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_null_is_as_good_as_left_out(api: RawBot, ann: Person) -> None:
    """Clients may send null for what they do not mean."""
    message = await api.result("sendMessage", chat_id=ann.id, text="x", reply_markup=None)
    assert "reply_markup" not in message


async def test_an_attached_file_must_be_used(api: RawBot, ann: Person) -> None:
    """A file under a wrong name would silently be lost."""
    body = await api.upload("sendMessage", {"voice": b"x"}, chat_id=str(ann.id), text="x")
    assert body["description"] == "Bad Request: sandbox: file 'voice' is attached but not used by sendMessage"


async def test_the_log_tells_every_call(client: Any, api: RawBot, ann: Person) -> None:
    """Method, chat, status and time of each call can be read on the people side."""
    await api("sendMessage", chat_id=ann.id, text="x")
    await api("sendmessage", chat_id=1, text="x")
    log = await client.requests("sendMessage")
    assert [(e["method"], e["chat_id"], e["status"], e["parameters"]) for e in log] == [
        ("sendMessage", ann.id, 200, {"chat_id": ann.id, "text": "x"}),
        ("sendMessage", 1, 400, {"chat_id": 1, "text": "x"}),
    ]
    assert all(0 <= entry["seconds"] < 5 for entry in log)
