"""What is wrong with a recording, told from its facts by the policy's limits."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.rules.audio.facts import AudioFacts, Reason, Unreadable

_SHOWN = 0.5
"""Seconds of grace at both ends: people see whole seconds, and 1:59.6 is shown to them as 2:00."""


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
