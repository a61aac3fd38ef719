"""Examples of what is written in pictures: every word of `handlers.render.pictures`."""

from dataclasses import replace

from bot.rules.audio import AudioFacts, Code, Finding, Severity, Turn
from tests.rules.recordings import GOOD

MEASURED = replace(
    GOOD,
    duration=168.5,
    loudness=-23.6,
    speech_ratio=0.844,
    snr=31.4,
    turns=(Turn(0, 0.5, 97.0), Turn(1, 97.5, 168.0)),
    shares=(0.575, 0.425),
    longest_turn=96.5,
)
BARE = replace(MEASURED, snr=None, voices=None, turns=(), shares=(), longest_turn=None)
BROKEN = replace(MEASURED, complete=False)

REFUSED = (
    Finding(Code.too_short, Severity.refuse, 40.2, 120.0, "duration"),
    Finding(Code.too_long, Severity.refuse, 200.0, 180.0, "duration"),
    Finding(Code.quiet, Severity.refuse, -45.0, -40.0, "loudness"),
    Finding(Code.distorted, Severity.refuse, 1.1, 1.4, "clipping"),
    Finding(Code.noise, Severity.refuse, 9.0, 12.0, "snr"),
    Finding(Code.narrow, Severity.refuse, 3600.0, 4500.0, "bandwidth"),
    Finding(Code.silence, Severity.refuse, 97.9, 20.0, "longest_silence"),
    Finding(Code.one_voice, Severity.refuse, 0.9, 0.84, "likeness"),
    Finding(Code.balance, Severity.refuse, 0.1, 0.2, "shares"),
    Finding(Code.loop, Severity.refuse, 30.0, None, "loop"),
    Finding(Code.unreadable, Severity.refuse, 0.1, 0.02, "damage"),
)
WARNED = (
    Finding(Code.quiet, Severity.warn, -38.0, -36.0, "loudness"),
    Finding(Code.distorted, Severity.warn, 1.45, 1.5, "clipping"),
    Finding(Code.noise, Severity.warn, 18.0, 20.0, "snr"),
    Finding(Code.narrow, Severity.warn, 5600.0, 6000.0, "bandwidth"),
    Finding(Code.silence, Severity.refuse, 0.2, 0.35, "speech_ratio"),
    Finding(Code.balance, Severity.warn, 0.25, 0.3, "shares"),
    Finding(Code.long_turn, Severity.warn, 96.5, 45.0, "longest_turn"),
    Finding(Code.unended, Severity.warn),
    Finding(Code.third_voice, Severity.note, 0.7, 0.5, "third_voice"),
)

PICTURES: tuple[tuple[int, AudioFacts, tuple[Finding, ...]], ...] = (
    (12, MEASURED, REFUSED),
    (12, BARE, WARNED),
    (12, BROKEN, REFUSED[-1:]),
)
"""Arguments of `captions`, but for the language."""
