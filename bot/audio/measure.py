"""All that is heard in one file, in this very process. Only the worker and the tests should call it."""

import hashlib
from collections.abc import Iterable

import numpy as np

from bot.audio import fingerprint, levels
from bot.audio.bandwidth import bandwidth
from bot.audio.decode import RATE, Decoded, decode
from bot.audio.embeddings import VoiceModel
from bot.audio.envelope import envelope
from bot.audio.levels import Samples
from bot.audio.loops import loop
from bot.audio.noise import noise
from bot.audio.quality import QualityModel
from bot.audio.speech import SpeechDetector, spoken, stretches
from bot.audio.synthetic import synthetic
from bot.audio.voices import hear_voices
from bot.rules.audio import AudioFacts, Heard, Match, Quality, Turn

ANALYSED = 300
"""Seconds of a recording that are analysed: of a longer one only its length counts, and its time is bounded."""


class Listener:
    """All that recordings are heard with, loaded once. Not for use by two threads at a time."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self._voices = VoiceModel()
        self._quality = QualityModel()

    def measure(self, data: bytes, max_seconds: float) -> Heard:
        """Decode a file (at most `max_seconds` of it) and measure what was decoded.

        Raises Unreadable, see `bot.audio.decode.decode`.
        """
        decoded = decode(data, max_seconds)
        pcm = _analysed(decoded)
        audio = levels.segment(pcm, RATE)
        x = _samples(pcm)
        loudness = levels.loudness(x, RATE)
        likely = self._detector.probabilities(x)
        speech = spoken(likely, len(x))
        floor, snr = noise(x, likely)
        words = fingerprint.words(x)
        period = loop(words)
        voices = hear_voices(x, stretches(likely), self._voices)
        facts = AudioFacts(
            duration=round(decoded.duration, 3),
            container=decoded.container,
            codec=decoded.codec,
            sample_rate=decoded.sample_rate,
            channels=decoded.channels,
            loudness=round(loudness, 2),
            peak=round(levels.peak(audio), 2) + 0.0,  # not -0.0
            clipping=round(levels.clipping(x, speech, RATE), 3),
            noise=_rounded(floor, 1),
            snr=_rounded(snr, 1),
            bandwidth=_rounded(bandwidth(_samples(decoded.wide), decoded.wide_rate), 0),
            speech_ratio=round(float(speech.mean()), 3),
            longest_silence=round(levels.longest_silence(audio, loudness), 2),
            voices=voices.count,
            likeness=_rounded(voices.likeness, 3),
            third_voice=_rounded(voices.third, 3),
            turns=tuple(Turn(turn.voice, round(turn.start, 2), round(turn.end, 2)) for turn in voices.turns),
            shares=tuple(round(share, 4) for share in voices.shares),
            longest_turn=round(voices.longest_turn, 2),
            turns_per_minute=round(voices.turns_per_minute, 2),
            overlap=_rounded(voices.overlap, 3),
            loop=_rounded(period, 1),
            synthetic=_rounded(synthetic(x, likely, period), 3),
            content_hash=hashlib.sha256(decoded.pcm).hexdigest(),
            declared=decoded.declared,
            complete=decoded.complete,
            ended=decoded.ended,
            capped=decoded.capped,
            damage=decoded.damage,
        )
        return Heard(facts, fingerprint.to_bytes(words), envelope(decoded.pcm))

    def rate(self, data: bytes, max_seconds: float) -> Quality | None:
        """The predicted quality, None for silence. Raises Unreadable as `measure` does."""
        quality = self._quality.rate(_samples(_analysed(decode(data, max_seconds))))
        if quality is None:
            return None
        return Quality(round(quality.signal, 2), round(quality.background, 2), round(quality.overall, 2))


def compare(first: bytes, others: Iterable[bytes]) -> list[Match | None]:
    """How much of one recording is in each of the others, by their fingerprints (`Heard.fingerprint`)."""
    query = fingerprint.Query(fingerprint.from_bytes(first))
    return [query.match(fingerprint.from_bytes(other)) for other in others]


def _analysed(decoded: Decoded) -> bytes:
    """As much of it as is looked into."""
    return decoded.pcm[: ANALYSED * RATE * 2]


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / np.float32(32768)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) + 0.0  # not -0.0
