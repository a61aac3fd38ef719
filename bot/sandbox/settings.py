"""What can be turned while the sandbox runs, and the clock that everything dated is dated by."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, fields
from typing import Any

from bot.sandbox.errors import ControlError, Json


class Clock:
    """Unix time in seconds, moved by an offset, so that a day can pass in a test."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds."""
        return time.time() + self.offset


@dataclass(slots=True)
class FloodLimits:
    """When strict, how many messages a bot may send; Telegram publishes hints only.

    `per_chat` messages a second and chat with `burst` at once, `per_group` a minute and group, `per_second`
    over all chats. Source: core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
    """

    per_chat: float = 1.0
    burst: int = 6
    per_group: int = 20
    per_second: float = 30.0


@dataclass(slots=True)
class Settings:
    """Everything adjustable by ``PATCH /sandbox/settings``; times are seconds.

    `privacy`: a group shows the bot only what is meant for it. `press_timeout`: how long a press can be
    answered. `press_lives` and `update_lives`: how long an update waits for the bot. `link_lives`: how long
    a file's link works. `webhook_retry`: first pause after a failed delivery, doubled up to
    `webhook_retry_max`. `flood`: answer 429 beyond `limits`.
    """

    privacy: bool = True
    press_timeout: float = 15.0
    press_lives: float = 150.0
    update_lives: float = 86_400.0
    link_lives: float = 3_600.0
    webhook_retry: float = 0.5
    webhook_retry_max: float = 30.0
    flood: bool = False
    limits: FloodLimits = field(default_factory=FloodLimits)

    def as_json(self) -> Json:
        """Return the settings as one JSON object."""
        body: Json = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "limits"}
        body["limits"] = {f.name: getattr(self.limits, f.name) for f in fields(self.limits)}
        return body

    def change(self, changes: Json) -> None:
        """Apply `changes`, all or none; `ControlError` names the first wrong one."""
        limits = changes.get("limits", {})
        if not isinstance(limits, dict):
            raise ControlError(400, "limits must be an object")
        for target, wanted in ((self, changes), (self.limits, limits)):
            for name, value in wanted.items():
                _check(target, name, value)
        for name, value in limits.items():
            setattr(self.limits, name, value)
        for name, value in changes.items():
            if name != "limits":
                setattr(self, name, value)


def _check(target: Settings | FloodLimits, name: str, value: Any) -> None:
    known = {f.name for f in fields(target)}
    if name not in known:
        raise ControlError(400, f"unknown setting {name!r}; known: {', '.join(sorted(known))}")
    if name == "limits":
        return
    present = getattr(target, name)
    if isinstance(present, bool) or isinstance(value, bool):
        right = isinstance(present, bool) and isinstance(value, bool)
    else:
        right = isinstance(value, (int, float)) and value >= 0
    if not right:
        raise ControlError(
            400, f"{name} must be {'true or false' if isinstance(present, bool) else 'a number'}"
        )
