"""Trouble on demand: the next calls that match are dropped, delayed or answered wrongly."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

from bot.sandbox.errors import ControlError, Json
from bot.sandbox.validate import method_named

KINDS: Final = ("drop_before", "drop_after", "error", "delay", "retry_after", "malformed")
"""``drop_before``: the connection closes and nothing happened. ``drop_after``: it closes, but it happened.
``error``: an HTML error page (`status`), nothing happened. ``delay``: `seconds` later, normally.
``retry_after``: 429 with `seconds`. ``malformed``: it happened, the answer is cut-off JSON."""


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` calls of `method` and `chat_id` (None: any)."""

    id: int
    kind: str
    method: str | None = None
    chat_id: int | None = None
    times: int = 1
    seconds: float = 1.0
    status: int = 502

    def matches(self, method: str, chat_id: int | None) -> bool:
        """Tell whether the fault strikes this call."""
        return self.method in (None, method) and self.chat_id in (None, chat_id)


class Faults:
    """The faults that have not struck yet, oldest first; each call meets at most one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._count = 0

    def add(self, wanted: Json) -> Fault:
        """Add a fault from its JSON description; `ControlError` says what is wrong with it."""
        kind = wanted.get("kind")
        if kind not in KINDS:
            raise ControlError(400, f"kind must be one of {', '.join(KINDS)}")
        unknown = set(wanted) - {"kind", "method", "chat_id", "times", "seconds", "status"}
        if unknown:
            raise ControlError(400, f"a fault has no {sorted(unknown)[0]!r}")
        method = wanted.get("method")
        if method is not None:
            proper = method_named(str(method))
            if proper is None:
                raise ControlError(400, f"the sandbox has no method {method!r}")
            wanted = {**wanted, "method": proper}
        for name, kinds in (("chat_id", int), ("times", int), ("status", int), ("seconds", (int, float))):
            value = wanted.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
                raise ControlError(400, f"{name} must be a number")
        self._count += 1
        fault = Fault(self._count, **{key: value for key, value in wanted.items() if value is not None})
        self._waiting.append(fault)
        return fault

    def strike(self, method: str, chat_id: int | None) -> Fault | None:
        """Return the fault that this call meets, and count it."""
        if not self._waiting:
            return None
        for fault in self._waiting:
            if fault.matches(method, chat_id):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def waiting(self) -> list[Json]:
        """Return what has not struck yet."""
        return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        """Call everything off."""
        self._waiting.clear()
