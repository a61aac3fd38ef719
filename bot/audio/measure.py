"""All facts about one file, in this very process. Only the worker and the tests should call it."""

import hashlib

import numpy as np

from bot.audio import levels
from bot.audio.decode import RATE, decode
from bot.audio.speech import SpeechDetector
from bot.rules.audio import AudioFacts, Heard

ANALYSED = 300
"""Seconds that are analysed of a recording that the cap cut off: it is too long, whatever they say."""


class Listener:
    """All that recordings are heard with, loaded once. Not for use by two threads at a time."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()

    def measure(self, data: bytes, max_seconds: float) -> Heard:
        """Decode a file (at most `max_seconds` of it) and measure what was decoded.

        Raises Unreadable, see `bot.audio.decode.decode`.
        """
        decoded = decode(data, max_seconds)
        pcm = decoded.pcm[: ANALYSED * RATE * 2] if decoded.capped else decoded.pcm
        audio = levels.segment(pcm, RATE)
        x = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / np.float32(32768)
        loudness = levels.loudness(x, RATE)
        spoken = self._detector.speech(x)
        facts = AudioFacts(
            duration=round(decoded.duration, 3),
            container=decoded.container,
            codec=decoded.codec,
            sample_rate=decoded.sample_rate,
            channels=decoded.channels,
            loudness=round(loudness, 2),
            peak=round(levels.peak(audio), 2) + 0.0,  # not -0.0
            clipping=round(levels.clipping(x, spoken, RATE), 3),
            speech_ratio=round(float(spoken.mean()), 3),
            longest_silence=round(levels.longest_silence(audio, loudness), 2),
            content_hash=hashlib.sha256(decoded.pcm).hexdigest(),
            declared=decoded.declared,
            complete=decoded.complete,
            capped=decoded.capped,
            damage=decoded.damage,
        )
        return Heard(facts)
