"""Everything that the picture of a recording shows, as plain data: it crosses the pipe to the worker as JSON.

The words come ready-made, in the language of whoever will look. Standard library only.
"""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self, TypeVar

from bot.rules.audio import SILENCE_LUFS, Turn

COLUMNS = 800
"""Columns of an envelope at most: the picture is no wider."""

MAX_ITEMS = 10_000
"""Turns, silences, marks at most: fifteen minutes hold no more of them, whatever a file does."""

MAX_TEXT = 400
"""Letters of one text at most; what does not fit is cut when it is drawn."""

_FULL = 127
_BREAK = 3.0
"""Seconds from which on a silence is marked: a shorter one is a pause of the talk."""

_BELOW = 9.0
"""dB under the recording's loudness that no peak of a silence passes: noise 20 dB under it has peaks 11 dB
over its own level, whereas the peaks of talking are over the loudness."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A problem in words, from `start` to `end` (s); None: of the recording as a whole."""

    label: str
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the talk (0..1) is a voice's, and what the voice is called."""

    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to remember, with its unit, and what it says."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """What the picture shows.

    title      the line on top
    duration   seconds
    envelope   pairs of signed bytes, evenly spaced (`bot.audio.envelope`), `COLUMNS` pairs at most
    turns      who speaks when
    silences   from when to when (s) there is nothing to hear
    silence    the word for it
    marks      problems, the gravest first
    shares     of the talk, in the order of the voices
    figures    numbers to remember: the first three are drawn
    """

    title: str
    duration: float
    envelope: bytes = b""
    turns: tuple[Turn, ...] = ()
    silences: tuple[tuple[float, float], ...] = ()
    silence: str = ""
    marks: tuple[Mark, ...] = ()
    shares: tuple[Share, ...] = ()
    figures: tuple[Figure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The sketch as a JSON object, its envelope in base 64."""
        return {**asdict(self), "envelope": b64encode(self.envelope).decode("ascii")}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The sketch again from what `to_json` gave.

        Raises ValueError for anything else: names missing or unknown, wrong types, numbers that are not finite
        or are negative, texts and lists over their limits.
        """
        return cls(**_fields("sketch", data, _SKETCH))


def silences(envelope: bytes, duration: float, loudness: float) -> tuple[tuple[float, float], ...]:
    """From when to when (s) a recording of that loudness (LUFS) is silent for `_BREAK` or longer.

    Silence is what lies far under the recording's own loudness, as in `bot.audio.levels.longest_silence`.
    """
    columns = len(envelope) // 2
    if loudness <= SILENCE_LUFS:
        return ((0.0, duration),) if duration >= _BREAK else ()
    # The envelope holds square roots, so half the decibels.
    limit = _FULL * 10 ** ((loudness - _BELOW) / 40)
    found, start = [], None
    for i in range(columns + 1):
        quiet = i < columns and max(-signed(envelope[2 * i]), signed(envelope[2 * i + 1])) <= limit
        if quiet and start is None:
            start = i
        elif not quiet and start is not None:
            found.append((start / columns * duration, i / columns * duration))
            start = None
    return tuple((start, end) for start, end in found if end - start >= _BREAK)


def signed(byte: int) -> int:
    """A byte as the signed number that it stands for."""
    return byte - 256 if byte > _FULL else byte


T = TypeVar("T")


def _fields(name: str, data: object, readers: dict[str, Callable[[str, object], Any]]) -> dict[str, Any]:
    """The values of a JSON object with just these names, or ValueError."""
    if not isinstance(data, dict) or data.keys() != readers.keys():
        raise ValueError(f"a {name} has {', '.join(readers)}")
    return {field: read(f"{name}.{field}", data[field]) for field, read in readers.items()}


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"{name} is no text, or one over {MAX_TEXT} letters")
    return value


def _number(name: str, value: object) -> float:
    """A finite number from zero on; True is none, and neither is an integer of a thousand digits."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max:
        return float(value)
    raise ValueError(f"{name} is no number from zero on")


def _maybe(name: str, value: object) -> float | None:
    return None if value is None else _number(name, value)


def _voice(name: str, value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is no voice")
    return value


def _bytes(name: str, value: object) -> bytes:
    if not isinstance(value, str) or len(value) > 4 * COLUMNS:
        raise ValueError(f"{name} is no envelope")
    read = b64decode(value, validate=True)
    if len(read) % 2 or len(read) > 2 * COLUMNS:
        raise ValueError(f"{name} holds no pairs, or too many")
    return read


def _each(read: Callable[[str, object], T]) -> Callable[[str, object], tuple[T, ...]]:
    """Takes lists of such values, up to `MAX_ITEMS`."""

    def all_of(name: str, value: object) -> tuple[T, ...]:
        if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
            raise ValueError(f"{name} is no list, or one over {MAX_ITEMS}")
        return tuple(read(name, one) for one in value)

    return all_of


def _stretch(name: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"{name} holds no pairs of times")
    return _number(name, value[0]), _number(name, value[1])


def _turn(name: str, value: object) -> Turn:
    return Turn(**_fields(name, value, {"voice": _voice, "start": _number, "end": _number}))


def _mark(name: str, value: object) -> Mark:
    return Mark(**_fields(name, value, {"label": _text, "start": _maybe, "end": _maybe}))


def _share(name: str, value: object) -> Share:
    return Share(**_fields(name, value, {"label": _text, "share": _number}))


def _figure(name: str, value: object) -> Figure:
    return Figure(**_fields(name, value, {"value": _text, "label": _text}))


_SKETCH: dict[str, Callable[[str, object], Any]] = {
    "title": _text,
    "duration": _number,
    "envelope": _bytes,
    "turns": _each(_turn),
    "silences": _each(_stretch),
    "silence": _text,
    "marks": _each(_mark),
    "shares": _each(_share),
    "figures": _each(_figure),
}
"""How each field of a sketch is read."""
