"""Which ten seconds of a dialogue let somebody hear how the other one talks."""

from collections.abc import Sequence
from itertools import pairwise

from bot.rules.audio.facts import Turn

LENGTH = 10.0
"""Seconds of an excerpt."""

_STEP = 0.5
"""Seconds between the beginnings that are tried."""

_CHANGE = 0.5
"""Seconds of talk that a change of voice is worth: to and fro tells more than one voice going on."""


def liveliest(turns: Sequence[Turn], duration: float, length: float = LENGTH) -> float:
    """Where the liveliest stretch of that length begins, in seconds; the earliest of the best.

    The rarer voice counts, then how often it goes to and fro, then all talk. Without turns it is the middle.
    """
    last = max(0.0, duration - length)
    if not turns:
        return last / 2
    starts = [step * _STEP for step in range(int(last / _STEP) + 1)]
    return max(starts, key=lambda start: (*_worth(turns, start, start + length), -start))


def _worth(turns: Sequence[Turn], start: float, end: float) -> tuple[float, float]:
    """How lively a stretch is, and how much talk is in it."""
    heard = [turn for turn in turns if turn.start < end and turn.end > start]
    talk = [0.0, 0.0]
    for turn in heard:
        talk[min(turn.voice, 1)] += min(turn.end, end) - max(turn.start, start)
    changes = sum(a.voice != b.voice for a, b in pairwise(heard))
    return round(min(talk) + _CHANGE * changes, 3), round(sum(talk), 3)
