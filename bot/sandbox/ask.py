"""A request to the people side, with its fields read and checked one by one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.sandbox.errors import ApiError, ControlError, Json
from bot.sandbox.incoming import read_parameters

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

    from bot.sandbox.validate import Upload

_REQUIRED: Any = object()


@dataclass(slots=True)
class Ask:
    """`ident` is the id in the path; `given` holds all fields, `used` the names of those read."""

    request: BaseRequest
    ident: str
    given: Json
    uploads: dict[str, Upload]
    used: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        """Tell whether the request has that field."""
        return name in self.given

    def _take(self, name: str, default: Any) -> Any:
        self.used.add(name)
        value = self.given.get(name, default)
        if value is _REQUIRED:
            raise ControlError(400, f"{name} is missing")
        return value

    def text(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a string, or `default`."""
        value = self._take(name, default)
        if value is not default and not isinstance(value, str):
            raise ControlError(400, f"{name} must be a string")
        return value

    def integer(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return a whole number, or `default`; an empty field in a form means None."""
        value = self._take(name, default)
        if value is default:
            return value
        if value in ("", None):
            return None
        return as_integer(value, name)

    def number(self, name: str, default: float) -> float:
        """Return a number, or `default`."""
        value = self._take(name, default)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ControlError(400, f"{name} must be a number") from None

    def flag(self, name: str, default: bool = False) -> bool:
        """Return true or false, also from a query or form."""
        value = self._take(name, default)
        if value in (True, "true", "1"):
            return True
        if value in (False, "false", "0", ""):
            return False
        raise ControlError(400, f"{name} must be true or false")

    def integers(self, name: str) -> list[int]:
        """Return a list of whole numbers, empty when it is left out."""
        value = self._take(name, [])
        if not isinstance(value, list):
            raise ControlError(400, f"{name} must be a list of numbers")
        return [as_integer(item, name) for item in value]

    def object(self, name: str, default: Any = _REQUIRED) -> Any:
        """Return an object (in a form: as JSON), or `default`."""
        value = self._take(name, default)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise ControlError(400, f"{name} must be JSON") from None
        if value is not default and not isinstance(value, dict):
            raise ControlError(400, f"{name} must be an object")
        return value

    def finish(self) -> None:
        """Refuse fields that nothing has read: a misspelt one must not pass silently."""
        left = set(self.given) - self.used
        if left:
            raise ControlError(400, f"unknown field {sorted(left)[0]!r}")


def as_integer(value: Any, name: str) -> int:
    """Return `value` as a whole number; `ControlError` names the field otherwise."""
    if not isinstance(value, bool) and not isinstance(value, float):
        try:
            return int(value)
        except (TypeError, ValueError):
            pass
    raise ControlError(400, f"{name} must be a whole number")


async def read_ask(request: BaseRequest, ident: str) -> Ask:
    """Read a request to the people side; `ControlError` when it cannot be read."""
    try:
        given, uploads = await read_parameters(request)
    except ApiError as error:
        raise ControlError(error.code, error.description) from None
    return Ask(request, ident, given, uploads)
