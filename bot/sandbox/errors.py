"""How the sandbox says no: in Telegram's own words to the bot, in plain ones to the people side.

The descriptions are those the Bot API server gives; where the sandbox is stricter than Telegram (an unknown
parameter, for instance, which Telegram ignores) the description starts with ``Bad Request: sandbox:``.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]
"""A JSON object as it travels: keys and values exactly as in Telegram's documentation."""

NOT_MODIFIED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
QUERY_TOO_OLD: Final = "query is too old and response timeout expired or query ID is invalid"
OTHER_POLLER: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
WEBHOOK_WAS_SET: Final = "Conflict: terminated by setWebhook request"


class ApiError(Exception):
    """An answer with ``ok: false``; `code` is both the HTTP status and Telegram's ``error_code``."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The JSON object that Telegram would answer with."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class ControlError(Exception):
    """A request to the people side that makes no sense; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotDelivered(ControlError):
    """Something a person cannot do now, such as writing to a bot that they have blocked."""

    def __init__(self, message: str) -> None:
        super().__init__(409, message)


def bad_request(text: str, parameters: Json | None = None) -> ApiError:
    """Return a 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}", parameters)


def strict(text: str) -> ApiError:
    """Return a 400 for a mistake that Telegram itself would let pass."""
    return ApiError(400, f"Bad Request: sandbox: {text}")


def forbidden(text: str) -> ApiError:
    """Return a 403 with Telegram's prefix."""
    return ApiError(403, f"Forbidden: {text}")


def too_many_requests(seconds: int) -> ApiError:
    """Return a 429 that asks to wait `seconds`."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
