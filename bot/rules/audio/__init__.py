"""What a recording must be: facts about decoded audio in, findings out.

The facts come from `bot.audio`, which decodes the bytes; how each is measured and why its limit is what
it is stands in docs/audio.md. Neither the sender's claimed duration nor a claimed type is an input.
"""

from bot.rules.audio.excerpt import LENGTH, liveliest
from bot.rules.audio.facts import (
    SILENCE_DBFS,
    SILENCE_LUFS,
    UNCLIPPED,
    AudioFacts,
    Heard,
    Match,
    Quality,
    Reason,
    Turn,
    Unreadable,
)
from bot.rules.audio.findings import (
    SEVERITIES,
    Code,
    Finding,
    SampleChecks,
    Severity,
    judge,
    judge_unreadable,
    refused,
)

__all__ = [
    "LENGTH",
    "SEVERITIES",
    "SILENCE_DBFS",
    "SILENCE_LUFS",
    "UNCLIPPED",
    "AudioFacts",
    "Code",
    "Finding",
    "Heard",
    "Match",
    "Quality",
    "Reason",
    "SampleChecks",
    "Severity",
    "Turn",
    "Unreadable",
    "judge",
    "judge_unreadable",
    "liveliest",
    "refused",
]
