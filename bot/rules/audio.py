"""What a recording must be: facts about decoded audio in, findings out.

The facts come from `bot.audio`, which decodes the bytes; how each is measured and why its limit is what
it is stands in docs/audio.md. Neither the sender's claimed duration nor a claimed type is an input.
"""

import math
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from bot.rules.errors import DomainError

SILENCE_LUFS = -70.0
"""Loudness of a recording in which nothing passes the absolute gate of ITU-R BS.1770-4."""

SILENCE_DBFS = -96.0
"""Peak of digital silence: one step of 16 bits is -90.3 dBFS."""

UNCLIPPED = 9.99
"""Largest value of `AudioFacts.clipping`, also used where there is nothing to measure."""

_SHOWN = 0.5
"""Seconds of grace at both ends: people see whole seconds, and 1:59.6 is shown to them as 2:00."""


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
class AudioFacts:
    """What was measured in one recording: plain finite numbers.

    duration         seconds that were decoded
    declared         seconds that the file's own header claims, None where it claims nothing
    capped           decoding stopped at the worker's cap: `duration` is a lower bound
    complete         the file goes on to its own end; False: it breaks off
    damage           share (0..1) of the file that could not be decoded
    container        short name: ogg, mp3, mp4, wav, flac, matroska
    codec            FFmpeg's name, e.g. opus
    sample_rate      Hz, as stored
    channels         as stored
    loudness         LUFS, integrated (ITU-R BS.1770-4), of the mono mix; `SILENCE_LUFS` for silence
    peak             dBFS of the mono mix, `SILENCE_DBFS` for digital silence
    clipping         flatness of the top: the 99.95 % over the 98 % quantile of |x| in speech.
                     1.0 is flat (clipped), unclipped speech is 1.7 or more; at most `UNCLIPPED`
    speech_ratio     share (0..1) of the time in which somebody speaks
    longest_silence  seconds of the longest stretch far below the recording's own loudness
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
    capped: bool = False
    damage: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The facts as a JSON object: names to strings, finite numbers, booleans and None."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """The facts again from what `to_json` gave.

        Names that this version does not know are left out, so that newer rows can be read by older code.

        Raises ValueError if `data` is no object, lacks a fact without a default, or holds a wrong type.
        """
        if not isinstance(data, dict):
            raise ValueError("audio facts must be a JSON object")
        known = {
            field.name: _checked(field.name, data[field.name]) for field in fields(cls) if field.name in data
        }
        missing = [
            field.name for field in fields(cls) if field.name not in known and field.default is MISSING
        ]
        if missing:
            raise ValueError(f"audio facts lack {', '.join(missing)}")
        return cls(**known)


_TEXTS = frozenset({"container", "codec", "content_hash"})
_COUNTS = frozenset({"sample_rate", "channels"})
_FLAGS = frozenset({"complete", "capped"})


def _checked(name: str, value: Any) -> Any:
    """One fact of a JSON object, or ValueError: bool is an int to Python, and NaN a float, but not here."""
    if name in _TEXTS:
        fits = isinstance(value, str)
    elif name in _FLAGS:
        fits = isinstance(value, bool)
    elif name in _COUNTS:
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif name == "declared" and value is None:
        fits = True
    else:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        value = float(value) if fits else value
    if not fits:
        raise ValueError(f"audio fact {name} cannot be {value!r}")
    return value


@dataclass(frozen=True, slots=True)
class SampleChecks:
    """The limits under `[sample.checks]`; 0 turns one off. Argued from labelled recordings in docs/audio.md.

    loudness       LUFS, below zero: quieter is refused
    loudness_warn  LUFS, below zero: quieter is said to the reviewers
    clipping       ratio of `AudioFacts.clipping`: flatter is refused
    clipping_warn  the same, said to the reviewers
    speech         share 0..1: less speech is refused
    silence        longest stretch of silence; a longer one is refused
    damage         share 0..1 of the file that may be lost; less is said to the reviewers
    """

    loudness: float = -40.0
    loudness_warn: float = -36.0
    clipping: float = 1.4
    clipping_warn: float = 1.5
    speech: float = 0.35
    silence: timedelta | None = timedelta(seconds=20)
    damage: float = 0.02


class Code(StrEnum):
    """What can be wrong with a recording."""

    too_short = "too_short"
    too_long = "too_long"
    quiet = "quiet"
    distorted = "distorted"
    silence = "silence"
    unreadable = "unreadable"


class Severity(StrEnum):
    """What a finding does: refuses the sample, warns the reviewers, or is only noted."""

    refuse = "refuse"
    warn = "warn"
    note = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. It carries data; whoever tells a person words it.

    measured and wanted are in the unit of the fact named by `fact` (a field of `AudioFacts`); `wanted`
    is the limit that was missed. `reason` is set where the bytes could not be read at all.
    """

    code: Code
    severity: Severity
    measured: float | None = None
    wanted: float | None = None
    fact: str | None = None
    reason: Reason | None = None


def judge(
    facts: AudioFacts, checks: SampleChecks, *, shortest: timedelta | None, longest: timedelta | None
) -> tuple[Finding, ...]:
    """All findings about a recording, at most one of each code, in the order of `Code`; none: it is fine.

    `shortest` and `longest` are the limits of its duration, None or zero for no such limit. Half a second
    is forgiven at both, because people see whole seconds.
    """
    found = (
        _too_short(facts, _seconds(shortest)),
        _too_long(facts, _seconds(longest)),
        _below(Code.quiet, "loudness", facts.loudness, checks.loudness, checks.loudness_warn),
        _below(Code.distorted, "clipping", facts.clipping, checks.clipping, checks.clipping_warn),
        _silence(facts, checks),
        _damage(facts, checks),
    )
    return tuple(finding for finding in found if finding is not None)


def judge_unreadable(error: Unreadable) -> tuple[Finding, ...]:
    """The findings about bytes of which there are no facts: the one refusal."""
    return (Finding(Code.unreadable, Severity.refuse, reason=error.reason),)


def refused(findings: tuple[Finding, ...]) -> bool:
    """Whether any of the findings refuses the recording."""
    return any(finding.severity is Severity.refuse for finding in findings)


def _seconds(limit: timedelta | None) -> float:
    """A limit in seconds, 0 where there is none."""
    return limit.total_seconds() if limit else 0.0


def _too_short(facts: AudioFacts, shortest: float) -> Finding | None:
    # A capped recording goes on for longer than was decoded, so its duration proves nothing here.
    if not shortest or facts.capped or facts.duration >= shortest - _SHOWN:
        return None
    return Finding(Code.too_short, Severity.refuse, facts.duration, shortest, "duration")


def _too_long(facts: AudioFacts, longest: float) -> Finding | None:
    if not longest or (facts.duration <= longest + _SHOWN and not facts.capped):
        return None
    return Finding(Code.too_long, Severity.refuse, facts.duration, longest, "duration")


def _below(code: Code, fact: str, measured: float, refuse: float, warn: float) -> Finding | None:
    """The graver of two lower limits that a fact misses."""
    for limit, severity in ((refuse, Severity.refuse), (warn, Severity.warn)):
        if limit and measured < limit:
            return Finding(code, severity, measured, limit, fact)
    return None


def _silence(facts: AudioFacts, checks: SampleChecks) -> Finding | None:
    # A long pause is named first: it can be found and cut out, whereas "little speech" is harder to act on.
    longest = _seconds(checks.silence)
    if longest and facts.longest_silence > longest:
        return Finding(Code.silence, Severity.refuse, facts.longest_silence, longest, "longest_silence")
    return _below(Code.silence, "speech_ratio", facts.speech_ratio, checks.speech, 0.0)


def _damage(facts: AudioFacts, checks: SampleChecks) -> Finding | None:
    # Breaking off is refused at any limit: nobody knows what is missing after the last byte.
    if facts.complete and not facts.damage:
        return None
    refuse = not facts.complete or bool(checks.damage and facts.damage > checks.damage)
    severity = Severity.refuse if refuse else Severity.warn
    return Finding(Code.unreadable, severity, facts.damage, checks.damage, "damage")
