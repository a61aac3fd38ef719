"""What an answer says about its call: only Telegram's own words are handed on; no page is taken for them."""

import json
from typing import Any

import pytest
from telegram.error import BadRequest, RetryAfter, TelegramError

from handlers.telegram.answers import AnswerLost, NeverSent, understood

PAGE = b"<html><body><h1>Sorry</h1></body></html>"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"ok":true,"result":{"message_id":5}}'),
        (200, b'{ "ok": true, "result": [] }'),
        (200, b'{"description":"Webhook was set","ok":true,"result":true}'),
        (200, b'{"result":null,"ok":true}'),
        (403, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}'),
        (500, b'{"ok":false,"error_code":500,"description":"Internal Server Error: restart"}'),
    ],
)
def test_what_telegram_says_is_handed_on(status: int, body: bytes) -> None:
    """As it is, whether it is good or bad news, and in whatever order the keys stand."""
    assert understood(status, body) == (status, body)


def test_a_refusal_with_a_good_status() -> None:
    """Some servers put the status into the body alone; it counts."""
    body = b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
    assert understood(200, body) == (400, body)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 403, 404, 407, 409, 451])
@pytest.mark.parametrize("body", [PAGE, b"", b'{"error":"no such route"}'])
def test_what_was_not_passed_on(status: int, body: bytes) -> None:
    """A proxy's or a login page's no is nobody's who blocked the bot, and no wrong token: it never got there."""
    with pytest.raises(NeverSent, match=f"status {status}"):
        understood(status, body)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 200, 204])
@pytest.mark.parametrize("body", [PAGE, b"", b"null", b"[]", b'"ok"', b'{"ok":true}', b'{"ok":1,"result":1}'])
def test_what_is_left_open(status: int, body: bytes) -> None:
    """A gateway that lost the other side, or an answer that is none: it may have happened."""
    with pytest.raises(AnswerLost, match=f"status {status}"):
        understood(status, body)


@pytest.mark.parametrize(
    "body", [b'{"ok":true,"result":', b'{"ok":true,"result":{"mess', b'{"ok":true,"result":}']
)
def test_an_answer_that_breaks_off(body: bytes) -> None:
    """It began well and cannot be read: it may have happened, however the end looks."""
    try:
        status, kept = understood(200, body)
    except AnswerLost:
        return
    with pytest.raises(ValueError):  # handed on unread, the library finds out and says so
        json.loads(kept)
    assert status == 200


def test_good_words_with_a_bad_status() -> None:
    """They contradict each other, so nobody knows."""
    with pytest.raises(AnswerLost):
        understood(502, b'{"ok":true,"result":true}')


def test_too_large_for_what_lies_between() -> None:
    """It will be so every time: sending it again and again would hold up everybody."""
    with pytest.raises(BadRequest, match="Too Large"):
        understood(413, PAGE)


@pytest.mark.parametrize(("header", "seconds"), [("30", 30), (None, 5), ("Fri, 20 Nov 2026 04:00:00 GMT", 5)])
def test_silence_that_a_gateway_wants(header: str | None, seconds: int, monkeypatch: Any) -> None:
    """Nothing was carried out; it says for how long, or a little is assumed."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    with pytest.raises(RetryAfter) as caught:
        understood(429, PAGE, header)
    assert caught.value.retry_after.total_seconds() == seconds


async def test_the_two_kinds_stay_apart() -> None:
    """No handler of one catches the other by accident, and both are errors of the library's family."""
    assert not issubclass(NeverSent, AnswerLost)
    assert not issubclass(AnswerLost, NeverSent)
    assert issubclass(NeverSent, TelegramError)
    assert issubclass(AnswerLost, TelegramError)
