"""What an HTTP answer says about the call that it answers: carried out, refused, or left open.

Telegram answers in JSON, `{"ok": …}`, and only that is handed on. Everything else comes from something in between
(a proxy, a gateway, a login page), and the library would take its 403 for a person who blocked the bot, its 404 for
a wrong token, and its 400 for words that Telegram refused.
"""

import json
from typing import Any

from telegram.error import BadRequest, NetworkError, RetryAfter, TimedOut

PAUSE = 5
"""Seconds of silence after a 429 that does not say how long."""

_GOOD = b'{"ok":true,"result":'


class NeverSent(NetworkError):
    """Telegram never got it: whatever it was, it certainly did not happen."""


class AnswerLost(TimedOut):
    """The request may have been carried out; no answer came that could be read."""


def understood(status: int, body: bytes, retry_after: str | None = None) -> tuple[int, bytes]:
    """The answer, if it is Telegram's; raises what any other one means. `retry_after` is the header's value.

    - 5xx (a gateway that lost the other side) and 2xx (no answer of Telegram's) leave it open: `AnswerLost`.
    - 3xx and 4xx say that it was not passed on: `NeverSent`; a 413 will say so every time: `BadRequest`.
    """
    good = 200 <= status < 300
    if good and body.startswith(_GOOD) and body.endswith(b"}"):  # nearly all, so that nothing is parsed twice
        return status, body
    answer = _answer(body)
    if answer is not None and (good or not answer["ok"]):
        # Some servers put the status of a refusal into the body alone.
        return (int(answer["error_code"]) if good and not answer["ok"] else status), body
    if status == 413:
        raise BadRequest("Request Entity Too Large")
    if status == 429:
        raise RetryAfter(int(retry_after) if retry_after and retry_after.isdecimal() else PAUSE)
    words = f"a page with status {status} instead of an answer"
    if 300 <= status < 500:
        raise NeverSent(words)
    raise AnswerLost(words)


def _answer(body: bytes) -> dict[str, Any] | None:
    """The JSON object, if it is one of the Bot API's."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    good = answer.get("ok") is True and "result" in answer
    refused = answer.get("ok") is False and isinstance(answer.get("error_code"), int)
    return answer if good or refused else None
