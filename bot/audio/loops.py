"""Whether a recording is filled up with itself."""

from bot.audio.fingerprint import STEP, Query, Words, stretch

_LIMIT = 0.36
"""Share of differing bits up to which a stretch is the earlier one again.

A repeated stretch went through the same microphone and the same encoder, so that its noise is repeated with it: it
has 0.26 or less, however it falls between two frames. People who say or play the same again have 0.45 or more.
"""

_SHORTEST = 3.0
"""Seconds: nothing shorter is looked for, because a refrain, a beat or a laugh comes back as soon as that."""


def loop(words: Words) -> float | None:
    """The period in seconds after which the recording repeats itself, None if it does not.

    `words` is its fingerprint (`bot.audio.fingerprint.words`). There must be 15 s of talk (or of anything that is
    no silence) that come again, bit for bit as far as the encoder lets them; where they come again several times,
    the shortest period counts. A loop of music is one, a drummer is not, unless a machine plays the same samples.
    """
    again = Query(words).matches(words, beyond=int(_SHORTEST / STEP))
    periods = [match.shift for match in again if match.errors <= _LIMIT]
    return _shortest(words, min(periods)) if periods else None


def _shortest(words: Words, period: float) -> float:
    """A period, or the part of it (a half, a third, …) that is one already."""
    for parts in range(int(period / _SHORTEST), 1, -1):
        shift = round(period / parts / STEP)
        tried = (stretch(words, words, near) for near in (shift, shift - 1, shift + 1))
        if any(match and match.errors <= _LIMIT for match in tried):
            return period / parts
    return period
