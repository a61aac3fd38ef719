"""What is wrong with a recording, told from its facts by the policy's limits."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from bot.rules.audio.facts import AudioFacts, Reason, Unreadable

_SHOWN = 0.5
"""Seconds of grace at both ends: people see whole seconds, and 1:59.6 is shown to them as 2:00."""


_SOUND = 3.0
"""Seconds of speech without which nothing is said about how it sounds: music has no noise behind its words."""

_TALK = 30.0
"""Seconds of speech without which nothing is said about who speaks: a greeting has no balance."""

_COMPANY = 60.0
"""Seconds of speech without which nothing is said about a third voice: in less, two people are taken for three."""


@dataclass(frozen=True, slots=True)
class SampleChecks:
    """The limits under `[sample.checks]`; 0 turns one off. Argued from labelled recordings in docs/audio.md.

    loudness        LUFS, below zero: quieter is refused
    loudness_warn   LUFS, below zero: quieter is a warning
    clipping        ratio of `AudioFacts.clipping`: flatter is refused
    clipping_warn   the same, a warning
    noise           dB of the speech over the noise: less is refused
    noise_warn      the same, a warning
    bandwidth       Hz: narrower is refused
    bandwidth_warn  the same, a warning
    speech          share 0..1: less speech is refused
    silence         longest stretch of silence; a longer one is refused
    one_voice       cosine of `AudioFacts.likeness`: two halves as like each other as this are refused as one voice
    one_voice_note  the same, noted for the reviewers: between the two nobody can tell
    balance         share 0..1 of the talk: if the one who says less has less, it is refused
    balance_warn    the same, a warning
    turn            longest turn; a longer one is a warning
    loops           whether a recording that repeats itself is refused
    third_voice     0..1: a stronger hint of a third voice is noted
    synthetic       0..1: a stronger hint of machine voices is noted
    quality         1..5: a lower predicted overall quality is noted
    damage          share 0..1 of the file that may be lost; less is a warning
    """

    loudness: float = -40.0
    loudness_warn: float = -36.0
    clipping: float = 1.4
    clipping_warn: float = 1.5
    noise: float = 12.0
    noise_warn: float = 20.0
    bandwidth: float = 4500.0
    bandwidth_warn: float = 6000.0
    speech: float = 0.35
    silence: timedelta | None = timedelta(seconds=20)
    one_voice: float = 0.84
    one_voice_note: float = 0.79
    balance: float = 0.15
    balance_warn: float = 0.3
    turn: timedelta | None = timedelta(seconds=45)
    loops: bool = True
    third_voice: float = 0.5
    synthetic: float = 0.4
    quality: float = 2.4
    damage: float = 0.02


class Code(StrEnum):
    """What can be wrong with a recording, in the order in which it is told."""

    too_short = "too_short"
    too_long = "too_long"
    quiet = "quiet"
    distorted = "distorted"
    noise = "noise"
    narrow = "narrow"
    silence = "silence"
    one_voice = "one_voice"
    balance = "balance"
    long_turn = "long_turn"
    loop = "loop"
    third_voice = "third_voice"
    synthetic = "synthetic"
    quality = "quality"
    unended = "unended"
    unreadable = "unreadable"


class Severity(StrEnum):
    """What a finding does: refuses the sample, warns sender and reviewers, or is only noted for the reviewers."""

    refuse = "refuse"
    warn = "warn"
    note = "note"


SEVERITIES: Mapping[Code, tuple[Severity, ...]] = {
    Code.too_short: (Severity.refuse,),
    Code.too_long: (Severity.refuse,),
    Code.quiet: (Severity.refuse, Severity.warn),
    Code.distorted: (Severity.refuse, Severity.warn),
    Code.noise: (Severity.refuse, Severity.warn),
    Code.narrow: (Severity.refuse, Severity.warn),
    Code.silence: (Severity.refuse,),
    Code.one_voice: (Severity.refuse, Severity.note),
    Code.balance: (Severity.refuse, Severity.warn),
    Code.long_turn: (Severity.warn,),
    Code.loop: (Severity.refuse,),
    Code.third_voice: (Severity.note,),
    Code.synthetic: (Severity.note,),
    Code.quality: (Severity.note,),
    Code.unended: (Severity.warn,),
    Code.unreadable: (Severity.refuse, Severity.warn),
}
"""How grave each finding can be: `judge` gives no other, and there are words for all of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. It carries data; whoever tells a person words it.

    measured and wanted are in the unit of the fact named by `fact` (a field of `AudioFacts`): of `shares` the
    smaller one, of `quality` the overall one. `wanted` is the limit that was missed, if there is one. `reason`
    is set where the bytes could not be read at all.
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
        *_sound(facts, checks),
        _silence(facts, checks),
        *_talk(facts, checks),
        *_hints(facts, checks),
        _unended(facts),
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


def _missed(
    misses: Callable[[float, float], bool],
    code: Code,
    fact: str,
    measured: float | None,
    refuse: float = 0.0,
    warn: float = 0.0,
    note: float = 0.0,
) -> Finding | None:
    """The gravest of the limits that a fact misses; 0 is none, and what was not measured misses none."""
    for limit, severity in ((refuse, Severity.refuse), (warn, Severity.warn), (note, Severity.note)):
        if limit and measured is not None and misses(measured, limit):
            return Finding(code, severity, measured, limit, fact)
    return None


_below, _above = partial(_missed, operator.lt), partial(_missed, operator.gt)
"""Lower limits, and upper ones."""


def _spoken(facts: AudioFacts) -> float:
    """Seconds of speech."""
    return facts.duration * facts.speech_ratio


def _sound(facts: AudioFacts, checks: SampleChecks) -> tuple[Finding | None, ...]:
    """How clean and how wide the speech is."""
    if _spoken(facts) < _SOUND:
        return ()
    return (
        _below(Code.noise, "snr", facts.snr, checks.noise, checks.noise_warn),
        _below(Code.narrow, "bandwidth", facts.bandwidth, checks.bandwidth, checks.bandwidth_warn),
    )


def _talk(facts: AudioFacts, checks: SampleChecks) -> tuple[Finding | None, ...]:
    """Who speaks, and how the talk goes to and fro."""
    if _spoken(facts) < _TALK:
        return ()
    one = _above(Code.one_voice, "likeness", facts.likeness, checks.one_voice, note=checks.one_voice_note)
    if (one and one.severity is Severity.refuse) or _may_be_one(facts, checks):
        return (one,)
    # One voice of which the halves are not alike: what the other one says is too little to be heard.
    share = min(facts.shares) if facts.voices == 2 and facts.shares else 0.0
    # Who said what is uncertain between one voice and two: then nobody is turned away for the balance.
    limits = {"refuse": checks.balance, "warn": checks.balance_warn}
    unsure = {"warn": max(checks.balance, checks.balance_warn)}
    return (
        one,
        _below(Code.balance, "shares", share, **(unsure if one else limits)),
        _above(Code.long_turn, "longest_turn", facts.longest_turn, warn=_seconds(checks.turn)),
    )


def _may_be_one(facts: AudioFacts, checks: SampleChecks) -> bool:
    """Whether nobody knows of two voices, or one is as good as two: then they have no turns and no shares."""
    unknown = not facts.voices or facts.likeness is None
    return unknown or (facts.voices == 1 and not checks.one_voice)


def _hints(facts: AudioFacts, checks: SampleChecks) -> tuple[Finding | None, ...]:
    """What is strange about the speech."""
    if _spoken(facts) < _SOUND:
        return ()
    overall = facts.quality.overall if facts.quality else None
    third = facts.third_voice if _spoken(facts) >= _COMPANY else None
    return (
        Finding(Code.loop, Severity.refuse, facts.loop, None, "loop")
        if checks.loops and facts.loop
        else None,
        _above(Code.third_voice, "third_voice", third, note=checks.third_voice),
        _above(Code.synthetic, "synthetic", facts.synthetic, note=checks.synthetic),
        _below(Code.quality, "quality", overall, note=checks.quality),
    )


def _silence(facts: AudioFacts, checks: SampleChecks) -> Finding | None:
    # A long pause is named first: it can be found and cut out, whereas "little speech" is harder to act on.
    longest = _seconds(checks.silence)
    if longest and facts.longest_silence > longest:
        return Finding(Code.silence, Severity.refuse, facts.longest_silence, longest, "longest_silence")
    return _below(Code.silence, "speech_ratio", facts.speech_ratio, checks.speech, 0.0)


def _unended(facts: AudioFacts) -> Finding | None:
    # Some recorders leave the mark out now and then, so it is no more than a warning.
    if facts.ended is False and facts.complete and not facts.capped:
        return Finding(Code.unended, Severity.warn, fact="ended")
    return None


def _damage(facts: AudioFacts, checks: SampleChecks) -> Finding | None:
    # Breaking off is refused at any limit: nobody knows what is missing after the last byte.
    if facts.complete and not facts.damage:
        return None
    refuse = not facts.complete or bool(checks.damage and facts.damage > checks.damage)
    severity = Severity.refuse if refuse else Severity.warn
    return Finding(Code.unreadable, severity, facts.damage, checks.damage, "damage")
