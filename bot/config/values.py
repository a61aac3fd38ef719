"""Reading and writing single values of the policy file.

Every reader raises `ExpectedError`, whose text completes "expected …".
"""

import re
from collections.abc import Callable
from datetime import time, timedelta
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from bot.config.keys import Key
from bot.config.problems import ExpectedError

Reader = Callable[[Any, Key], Any]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,12})([smhd])")
_QUIET = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST = timedelta(days=3650)
_DURATION_WORDS = 'a duration like "90s", "30m", "24h" or "7d"'


def reader_for(hint: Any) -> Reader:
    """The reader of values of this type, one of those that occur in the policy."""
    if get_origin(hint) is Literal:
        return lambda value, _: _choice(value, get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        kind = next(part for part in get_args(hint) if part is not NoneType)
        inner = reader_for(kind)
        return lambda value, key: None if value in ("", []) else inner(value, key)
    return _READERS[hint]


def _duration(value: Any, _: Key) -> timedelta:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ExpectedError(f'{_DURATION_WORDS}, or "" for none')
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > _LONGEST.total_seconds():
        raise ExpectedError(f"a duration of at most {_LONGEST.days}d")
    return timedelta(seconds=seconds)


def _durations(value: Any, key: Key) -> tuple[timedelta, ...]:
    if value == "":
        return ()
    words = f"a list of durations longer than 0s, each {_DURATION_WORDS.removeprefix('a duration ')}"
    if not isinstance(value, list):
        raise ExpectedError(words)
    try:
        found = {_duration(item, key) for item in value}
    except ExpectedError:
        raise ExpectedError(words) from None
    if timedelta() in found:
        raise ExpectedError(words)
    return tuple(sorted(found, reverse=True))


def _quiet(value: Any, _: Key) -> tuple[time, time]:
    found = _QUIET.fullmatch(value) if isinstance(value, str) else None
    try:
        begins, ends = (time(int(found[n]), int(found[n + 1])) for n in (1, 3)) if found else (time(), time())
    except ValueError:
        begins = ends = time()
    if begins == ends:
        raise ExpectedError('two different times of the day like "22:00-08:00", or "" for none')
    return begins, ends


def _choice(value: Any, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if value == choice:
            return choice
    raise ExpectedError(" or ".join(f'"{choice}"' for choice in choices))


def _currency(value: Any, _: Key) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise ExpectedError('three capital letters like "CNY"')
    return value


def _flag(value: Any, _: Key) -> bool:
    if not isinstance(value, bool):
        raise ExpectedError("true or false")
    return value


def _whole(value: Any, key: Key) -> int:
    # To Python, true is a whole number; to the operator it is not.
    if not isinstance(value, int) or isinstance(value, bool) or not key.low <= value <= key.high:
        raise ExpectedError(f"a whole number from {key.low:.0f} to {key.high:.0f}")
    return value


def _number(value: Any, key: Key) -> float:
    # Written so that nan fails too.
    if not isinstance(value, int | float) or isinstance(value, bool) or not key.low <= value <= key.high:
        raise ExpectedError(f"a number from {key.low:.0f} to {key.high:.0f}")
    return value


_READERS: dict[Any, Reader] = {
    timedelta: _duration,
    tuple[timedelta, ...]: _durations,
    tuple[time, time]: _quiet,
    str: _currency,
    bool: _flag,
    int: _whole,
    float: _number,
}


def written(value: Any) -> str:
    """A policy's value as the file has it."""
    match value:
        case None:
            return '""'
        case bool():
            return str(value).lower()
        case timedelta():
            return f'"{_span(value)}"'
        case (time() as begins, time() as ends):
            return f'"{begins:%H:%M}-{ends:%H:%M}"'
        case tuple():
            return f"[{', '.join(written(item) for item in value)}]"
        case str():
            return f'"{value}"'
        case _:
            return repr(value)


def _span(span: timedelta) -> str:
    """A duration in the unit people would use: hours for up to three days."""
    seconds = int(span.total_seconds())
    units = ("d", "h", "m", "s") if seconds > 3 * _UNITS["d"] else ("h", "m", "s")
    unit = next((unit for unit in units if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"
