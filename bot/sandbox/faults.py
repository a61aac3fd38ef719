"""Trouble on demand: the next calls that match are dropped, delayed or answered wrongly."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Final

from bot.sandbox.errors import ControlError, Json
from bot.sandbox.validate import method_named

KINDS: Final = (
    "drop_before",
    "drop_after",
    "hang_before",
    "hang_after",
    "delay",
    "error",
    "error_after",
    "malformed",
    "half",
    "trickle",
    "close",
    "retry_after",
)
"""What each does stands in `mishaps` and in docs/sandbox.md. Those that end in ``_after`` strike when the call
was carried out already; so do ``malformed``, ``half``, ``trickle`` and ``close``."""

DOWNLOAD: Final = "download"
"""What the fetching of a file is called where other requests have a method."""

_NUMBERS: Final = {
    "chat_id": (int,),
    "times": (int,),
    "status": (int,),
    "seconds": (int, float),
    "lasts": (int, float),
}


@dataclass(slots=True)
class Fault:
    """One fault for the next `times` calls of `method` and `chat_id` (None: any), or for all within `lasts`."""

    id: int
    kind: str
    method: str | None = None
    chat_id: int | None = None
    times: int | None = None
    seconds: float = 1.0
    status: int = 502
    lasts: float | None = None
    since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Strike once, if nothing is said about how often or how long."""
        if self.times is None and self.lasts is None:
            self.times = 1

    def matches(self, method: str, chat_id: int | None) -> bool:
        """Tell whether the fault strikes this call."""
        return self.method in (None, method) and self.chat_id in (None, chat_id)

    def over(self) -> bool:
        """Tell whether it strikes no more."""
        worn = self.times is not None and self.times <= 0
        return worn or (self.lasts is not None and time.monotonic() - self.since >= self.lasts)


class Faults:
    """The faults that still strike, oldest first; each call meets at most one."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._count = 0

    def add(self, wanted: Json) -> Fault:
        """Add a fault from its JSON description; `ControlError` says what is wrong with it."""
        kind = wanted.get("kind")
        if kind not in KINDS:
            raise ControlError(400, f"kind must be one of {', '.join(KINDS)}")
        unknown = set(wanted) - {"kind", "method", *_NUMBERS}
        if unknown:
            raise ControlError(400, f"a fault has no {sorted(unknown)[0]!r}")
        method = wanted.get("method")
        if method is not None:
            proper = DOWNLOAD if method == DOWNLOAD else method_named(str(method))
            if proper is None:
                raise ControlError(400, f"the sandbox has no method {method!r}")
            wanted = {**wanted, "method": proper}
        for name, kinds in _NUMBERS.items():
            value = wanted.get(name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, kinds)):
                raise ControlError(400, f"{name} must be a number")
        if not 200 <= wanted.get("status", 502) <= 599:
            raise ControlError(400, "status must be between 200 and 599")
        self._count += 1
        fault = Fault(self._count, **{key: value for key, value in wanted.items() if value is not None})
        self._waiting.append(fault)
        return fault

    def strike(self, method: str, chat_id: int | None) -> Fault | None:
        """Return the fault that this call meets, and count it."""
        if not self._waiting:
            return None
        self._waiting = [fault for fault in self._waiting if not fault.over()]
        for fault in self._waiting:
            if fault.matches(method, chat_id):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def waiting(self) -> list[Json]:
        """Return what still strikes."""
        shown = [asdict(fault) for fault in self._waiting if not fault.over()]
        for fault in shown:
            del fault["since"]
        return shown

    def clear(self) -> None:
        """Call everything off."""
        self._waiting.clear()
