"""Turning what a client sent into typed values, by the tables of `methods`; the first mistake is refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.errors import ApiError, Json, bad_request, strict
from bot.sandbox.methods import BY_KEY, BY_TYPE, METHODS, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.methods import Fields

_TRUE: Final = frozenset({"true", "True", "1", "yes"})
_FALSE: Final = frozenset({"false", "False", "0", "no", ""})
_MISSING: Final = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
    "user_id": "invalid user_id specified",
    "file_id": "invalid file_id",
}
"""What Telegram says when these are missing; for others the sandbox names the parameter."""


@dataclass(slots=True)
class Upload:
    """One file part of a multipart request."""

    name: str
    data: bytes
    mime: str


@dataclass(slots=True)
class Call:
    """One call of a method: its proper name, its checked arguments and the files that came with it."""

    method: str
    args: dict[str, Any]
    uploads: dict[str, Upload] = field(default_factory=dict)


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool):
        raise strict(f"{name} must be an integer, not a boolean")
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise strict(f"{name} must be an integer")


def _boolean(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int)) and str(value) in _TRUE:
        return True
    if isinstance(value, (str, int)) and str(value) in _FALSE:
        return False
    raise strict(f"{name} must be a boolean")


def _string(value: Any, name: str) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8") from None
        return value
    # Telegram reads a JSON number as the text it was written with.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise strict(f"{name} must be a string")


def _id_or_name(value: Any, name: str) -> int | str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    if isinstance(value, str) and not value.strip().lstrip("-").isdigit():
        raise bad_request("chat not found")
    return _integer(value, name)


def _parsed(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name} JSON object") from None


def _array(inner: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def coerce(value: Any, name: str) -> list[Any]:
        value = _parsed(value, name)
        if not isinstance(value, list):
            raise strict(f"{name} must be an array")
        return [inner(item, f"{name}[{index}]") for index, item in enumerate(value)]

    return coerce


def _object(kind: str) -> Callable[[Any, str], Any]:
    def coerce(value: Any, name: str) -> Json:
        value = _parsed(value, name)
        if not isinstance(value, dict):
            raise bad_request(f"object expected as {name}")
        return checked(value, _coercers(kind), f"{name} ({kind})")

    return coerce


def _family(kind: str) -> Callable[[Any, str], Any]:
    def coerce(value: Any, name: str) -> Json:
        value = _parsed(value, name)
        member = BY_TYPE[kind].get(str(value.get("type"))) if isinstance(value, dict) else None
        if member is None:
            raise bad_request(f"can't parse {kind}: wrong type")
        return checked(value, _coercers(member), f"{name} ({member})")

    return coerce


def _markup(value: Any, name: str) -> Json:
    value = _parsed(value, name)
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    kind = next((BY_KEY[key] for key in value if key in BY_KEY), None)
    if kind is None:
        raise strict(f"{name} is none of {', '.join(BY_KEY.values())}")
    return checked(value, _coercers(kind), f"{name} ({kind})")


_SIMPLE: Final[dict[str, Callable[[Any, str], Any]]] = {
    "Integer": _integer,
    "Boolean": _boolean,
    "String": _string,
    "InputFile|String": _string,
    "Integer|String": _id_or_name,
}


def _coercer(kind: str) -> Callable[[Any, str], Any]:
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind.startswith("Array of "):
        return _array(_coercer(kind.removeprefix("Array of ")))
    if "|" in kind:
        return _markup
    return _family(kind) if kind in BY_TYPE else _object(kind)


@dataclass(slots=True)
class Rules:
    """A table entry made ready: how to read each field, and which ones must be there."""

    read: dict[str, Callable[[Any, str], Any]]
    required: tuple[str, ...]


def rules_of(fields: Fields) -> Rules:
    """Compile one table entry."""
    return Rules(
        {name: _coercer(kind.rstrip("!")) for name, kind in fields.items()},
        tuple(name for name, kind in fields.items() if kind.endswith("!")),
    )


_compiled: dict[str, Rules] = {}


def _coercers(kind: str) -> Rules:
    # Compiled at first use, because objects name each other.
    if kind not in _compiled:
        _compiled[kind] = rules_of(OBJECTS[kind])
    return _compiled[kind]


METHOD_RULES: Final = {name: rules_of(fields) for name, fields in METHODS.items()}
_BY_LOWER: Final = {name.lower(): name for name in METHODS}


def method_named(name: str) -> str | None:
    """Return the proper name of a method, whatever its case; None when the sandbox does not have it."""
    return _BY_LOWER.get(name.lower())


def checked(given: Json, rules: Rules, where: str) -> Json:
    """Return `given` with every value read; raises `ApiError` for unknown, missing and wrong ones."""
    read = rules.read
    values = {}
    for name, value in given.items():
        reader = read.get(name)
        if reader is None:
            raise strict(f'"{name}" is not known in {where}')
        if value is not None:
            values[name] = reader(value, name)
    for name in rules.required:
        if name not in values:
            raise _missing(name, where)
    return values


def _missing(name: str, where: str) -> ApiError:
    if name in _MISSING and where in METHODS:
        return bad_request(_MISSING[name])
    return strict(f'"{name}" is missing in {where}')


def check_call(method: str, given: Json, uploads: dict[str, Upload]) -> Call:
    """Return the checked call of a method; a file part named like a parameter stands for that parameter."""
    for name in uploads:
        if name not in given and name in METHODS[method] and "InputFile" in METHODS[method][name]:
            given[name] = f"attach://{name}"
    call = Call(method, checked(given, METHOD_RULES[method], method), uploads)
    if uploads:
        unused = set(uploads) - {
            str(value).removeprefix("attach://")
            for value in (*call.args.values(), call.args.get("media", {}).get("media"))
            if isinstance(value, str) and value.startswith("attach://")
        }
        if unused:
            raise strict(f"file {sorted(unused)[0]!r} is attached but not used by {method}")
    return call
