"""Telegram's flood control, for whoever wants to be told: which message would have been one too many."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.sandbox.settings import FloodLimits

_COUNTED_NAMES: Final = """
sendMessage sendVoice sendAudio sendDocument sendPhoto editMessageText editMessageCaption
editMessageReplyMarkup editMessageMedia
"""
COUNTED: Final = frozenset(_COUNTED_NAMES.split())
_MINUTE: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    """Tokens that refill with time; `at` is monotonic seconds."""

    tokens: float
    at: float

    def wait(self, now: float, rate: float, size: float) -> float:
        """Refill, and return how many seconds are missing for one token."""
        self.tokens = min(size, self.tokens + (now - self.at) * rate)
        self.at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / max(rate, 1e-9)


class Flood:
    """Buckets per chat and over all chats, and a sliding minute per group."""

    def __init__(self) -> None:
        self.refused = 0
        self._chats: dict[int, _Bucket] = {}
        self._groups: dict[int, deque[float]] = {}
        self._all: _Bucket | None = None

    def check(self, limits: FloodLimits, chat_id: int, now: float) -> int:
        """Count a message to a chat at `now` (monotonic seconds); returns 0, or the seconds to wait."""
        one = self._chats.setdefault(chat_id, _Bucket(limits.burst, now))
        if self._all is None:
            self._all = _Bucket(limits.per_second, now)
        wait = max(
            one.wait(now, limits.per_chat, limits.burst),
            self._all.wait(now, limits.per_second, limits.per_second),
        )
        minute: deque[float] | None = None
        if chat_id < 0:
            minute = self._groups.setdefault(chat_id, deque())
            while minute and minute[0] <= now - _MINUTE:
                minute.popleft()
            if len(minute) >= limits.per_group:
                wait = max(wait, minute[0] + _MINUTE - now)
        if wait > 0:
            self.refused += 1
            return max(1, math.ceil(wait))
        one.tokens -= 1
        self._all.tokens -= 1
        if minute is not None:
            minute.append(now)
        return 0
