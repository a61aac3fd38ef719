"""What was measured in one recording: plain finite numbers, that go through JSON and come back the same."""

import math
from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self, TypeVar

from bot.rules.errors import DomainError

SILENCE_LUFS = -70.0
"""Loudness of a recording in which nothing passes the absolute gate of ITU-R BS.1770-4."""

SILENCE_DBFS = -96.0
"""Peak of digital silence: one step of 16 bits is -90.3 dBFS."""

UNCLIPPED = 9.99
"""Largest value of `AudioFacts.clipping`, also used where there is nothing to measure."""


class Reason(StrEnum):
    """Why there are no facts about some bytes."""

    empty = "empty"
    not_audio = "not_audio"
    corrupt = "corrupt"
    too_large = "too_large"
    took_too_long = "took_too_long"


class Unreadable(DomainError):
    """The bytes could not be measured; `reason` says why. Final: the same bytes will fail again."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Turn:
    """One voice's turn. `voice` is 0 for who speaks first, 1 for the other; `start` and `end` in seconds."""

    voice: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Quality:
    """What listeners would say, from 1 (bad) to 5 (excellent), as a network predicts it (DNSMOS, ITU-T P.835).

    `signal` is the speech by itself, `background` the quiet behind it, `overall` both together.
    """

    signal: float
    background: float
    overall: float

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Again from `dataclasses.asdict`. Raises ValueError for what is none."""
        return _read(cls, data)


@dataclass(frozen=True, slots=True)
class Match:
    """How much two recordings are one. `errors`: share (0..1) of fingerprint bits that differ; strangers: 0.5.

    `seconds` is how long they overlap, `shift` how much later (s) the same sound comes in the other one.
    """

    errors: float
    seconds: float
    shift: float

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Again from `dataclasses.asdict`. Raises ValueError for what is none."""
        return _read(cls, data)


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What was measured in one recording: plain finite numbers. None: not measured, or nothing to measure.

    duration         seconds that were decoded
    declared         seconds that the file's own header claims, None where it claims nothing
    capped           decoding stopped at the worker's cap: `duration` is a lower bound
    complete         the file goes on to its own end; False: it breaks off
    ended            the file says itself that this is its end (Ogg's end-of-stream flag); None: it cannot say
    damage           share (0..1) of the file that could not be decoded
    container        short name: ogg, mp3, mp4, wav, flac, matroska
    codec            FFmpeg's name, e.g. opus
    sample_rate      Hz, as stored
    channels         as stored
    loudness         LUFS, integrated (ITU-R BS.1770-4), of the mono mix; `SILENCE_LUFS` for silence
    peak             dBFS of the mono mix, `SILENCE_DBFS` for digital silence
    clipping         flatness of the top: the 99.95 % over the 98 % quantile of |x| in speech.
                     1.0 is flat (clipped), unclipped speech is 1.7 or more; at most `UNCLIPPED`
    noise            dBFS between the words
    snr              dB of the speech over that noise
    bandwidth        Hz up to which there is speech
    speech_ratio     share (0..1) of the time in which somebody speaks
    longest_silence  seconds of the longest stretch far below the recording's own loudness
    voices           0, 1 or 2 (which is "two or more")
    likeness         how like each other the two halves are into which the voices fall best, as a cosine:
                     one person 0.85 or more, two people 0.78 or less
    third_voice      0..1, a hint that there are three voices or more
    turns            who speaks when, in order; pauses of one and the same voice are within its turn
    shares           of the talk, by voice; they sum to 1
    longest_turn     seconds
    turns_per_minute how lively it goes to and fro
    overlap          share (0..1) of the changes of voice without a pause between: a hint of talking at once
    loop             seconds after which the recording repeats itself, None if it does not
    synthetic        0..1, a hint that the voices are made by a machine
    quality          what listeners would say, predicted; may follow later
    content_hash     SHA-256 (hex) of the decoded PCM: 16 kHz, mono, signed 16 bit, little-endian
    """

    duration: float
    container: str
    codec: str
    sample_rate: int
    channels: int
    loudness: float
    peak: float
    clipping: float
    speech_ratio: float
    longest_silence: float
    content_hash: str
    declared: float | None = None
    complete: bool = True
    ended: bool | None = None
    capped: bool = False
    damage: float = 0.0
    noise: float | None = None
    snr: float | None = None
    bandwidth: float | None = None
    voices: int | None = None
    likeness: float | None = None
    third_voice: float | None = None
    turns: tuple[Turn, ...] = ()
    shares: tuple[float, ...] = ()
    longest_turn: float | None = None
    turns_per_minute: float | None = None
    overlap: float | None = None
    loop: float | None = None
    synthetic: float | None = None
    quality: Quality | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts as a JSON object: names to strings, finite numbers, booleans, None, lists and objects."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The facts again from what `to_json` gave.

        Names that this version does not know are left out, so that newer rows can be read by older code.

        Raises ValueError if `data` is no object, lacks a fact without a default, or holds a wrong type.
        """
        return _read(cls, data)


@dataclass(frozen=True, slots=True)
class Heard:
    """All that comes of hearing a recording once.

    facts        what is judged and kept
    fingerprint  to find copies by: 32-bit words (little-endian) of 64 ms each
    envelope     to draw it by: pairs of signed bytes, evenly spaced over all of it, the square roots of the
                 lowest and the highest amplitude, full scale ±127
    """

    facts: AudioFacts
    fingerprint: bytes = b""
    envelope: bytes = b""


T = TypeVar("T")


def _read(kind: type[T], data: object) -> T:
    """A dataclass of `_READERS`' types from a JSON object, or ValueError."""
    if not isinstance(data, dict):
        raise ValueError(f"{kind.__name__} must be a JSON object")
    known = {}
    for field in fields(kind):  # type: ignore[arg-type]  # a dataclass, as every caller's is
        if field.name in data:
            known[field.name] = _value(field.name, _READERS[field.type], data[field.name])
        elif field.default is MISSING:
            raise ValueError(f"{kind.__name__} lacks {field.name}")
    return kind(**known)


def _value(name: str, reader: Callable[[Any], Any], value: object) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _exactly(*kinds: type) -> Callable[[Any], Any]:
    """Takes values of just these types: a bool is an int to Python, but not here."""

    def read(value: Any) -> Any:
        if type(value) not in kinds:
            raise ValueError(f"cannot be {value!r}")
        return value

    return read


def _number(value: Any) -> float:
    """A finite number: NaN is a float, but not here."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"cannot be {value!r}")
    return float(value)


def _each(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Takes lists of such values."""

    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ValueError(f"cannot be {value!r}")
        return tuple(reader(one) for one in value)

    return read


def _maybe(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Takes None as well."""
    return lambda value: None if value is None else reader(value)


_READERS: dict[Any, Callable[[Any], Any]] = {
    str: _exactly(str),
    bool: _exactly(bool),
    int: _exactly(int),
    float: _number,
    bool | None: _maybe(_exactly(bool)),
    int | None: _maybe(_exactly(int)),
    float | None: _maybe(_number),
    tuple[float, ...]: _each(_number),
    tuple[Turn, ...]: _each(lambda value: _read(Turn, value)),
    Quality | None: _maybe(lambda value: _read(Quality, value)),
}
"""How the value of a field is checked, by the field's type."""
