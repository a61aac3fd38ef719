"""Logs: one line an event, and the token in none of them."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

from storage.trouble import trouble_of

_TOKEN = re.compile(r"\d{5,}(:|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
_SECRETS: set[str] = set()


def redact(text: str) -> str:
    """The text with this bot's secrets, and everything that looks like a bot token, blackened."""
    for secret in _SECRETS:
        text = text.replace(secret, "<secret>")
    return _TOKEN.sub("<token>", text)


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _redact_value(value) for name, value in event.items()}


def _redact_value(value: Any) -> Any:
    """The value itself, or its words without the secret that they hold: errors are logged whole, too."""
    if isinstance(value, str):
        return redact(value)
    words = repr(value)
    return value if redact(words) == words else redact(words)


def in_plain_words(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Trouble with the disk or the database: what is wrong and what to do, instead of where it was noticed.

    It is noticed everywhere and again and again, and tracebacks would fill what is left of the disk.
    """
    given = event.get("exc_info")
    error = sys.exc_info()[1] if given is True else given
    trouble = trouble_of(error) if isinstance(error, BaseException) else None
    if trouble is not None:
        event.pop("exc_info")
        event.update(trouble=trouble.what, hint=trouble.hint)
    return event


def set_up(level: str = "INFO", *, secrets: Iterable[str] = ()) -> None:
    """Log to standard error: structured events of ours, warnings of everybody else's, and none of `secrets`."""
    _SECRETS.update(filter(None, secrets))
    handler = logging.StreamHandler()
    handler.addFilter(_Redacting())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            in_plain_words,
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
