"""All that is heard in one file, in this very process. Only the worker and the tests should call it."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
        self._aside = ThreadPoolExecutor(1, "aside")

    def measure(self, data: bytes, max_seconds: float) -> Heard:
        """Decode a file (at most `max_seconds` of it) and measure what was decoded.

        Raises Unreadable, see `bot.audio.decode.decode`.
        """
        decoded = decode(data, max_seconds)
        pcm = _analysed(decoded)
        x = _samples(pcm)
        # The detector takes as long as all the rest but the voices, and needs no more than one core.
        detected = self._aside.submit(self._detector.probabilities, x)
        words = fingerprint.words(x)
        sound = _sound(decoded, pcm, x)
        facts = AudioFacts(**_file(decoded), **sound, **self._talk(x, detected.result(), loop(words)))
        return Heard(facts, fingerprint.to_bytes(words), envelope(decoded.pcm))

    def _talk(self, x: Samples, likely: list[float], period: float | None) -> dict[str, Any]:
        """Facts about what is said: `likely` is how likely each frame is speech, `period` that of a loop."""
        speech = spoken(likely, len(x))
        floor, snr = noise(x, likely)
        voices = hear_voices(x, stretches(likely), self._voices)
        return {
            "clipping": round(levels.clipping(x, speech, RATE), 3),
            "noise": _rounded(floor, 1),
            "snr": _rounded(snr, 1),
            "speech_ratio": round(float(speech.mean()), 3),
            "voices": voices.count,
            "likeness": _rounded(voices.likeness, 3),
            "third_voice": _rounded(voices.third, 3),
            "turns": tuple(Turn(t.voice, round(t.start, 2), round(t.end, 2)) for t in voices.turns),
            "shares": tuple(round(share, 4) for share in voices.shares),
            "longest_turn": round(voices.longest_turn, 2),
            "turns_per_minute": round(voices.turns_per_minute, 2),
            "overlap": _rounded(voices.overlap, 3),
            "loop": _rounded(period, 1),
            "synthetic": _rounded(synthetic(x, likely, period), 3),
        }

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


def _file(decoded: Decoded) -> dict[str, Any]:
    """Facts about the file."""
    return {
        "duration": round(decoded.duration, 3),
        "container": decoded.container,
        "codec": decoded.codec,
        "sample_rate": decoded.sample_rate,
        "channels": decoded.channels,
        "content_hash": hashlib.sha256(decoded.pcm).hexdigest(),
        "declared": decoded.declared,
        "complete": decoded.complete,
        "ended": decoded.ended,
        "capped": decoded.capped,
        "damage": decoded.damage,
    }


def _sound(decoded: Decoded, pcm: bytes, x: Samples) -> dict[str, Any]:
    """Facts about the sound, whatever it is."""
    audio = levels.segment(pcm, RATE)
    loudness = levels.loudness(x, RATE)
    return {
        "loudness": round(loudness, 2),
        "peak": round(levels.peak(audio), 2) + 0.0,  # not -0.0
        "bandwidth": _rounded(bandwidth(_samples(decoded.wide), decoded.wide_rate), 0),
        "longest_silence": round(levels.longest_silence(audio, loudness), 2),
    }


def _analysed(decoded: Decoded) -> bytes:
    """As much of it as is looked into."""
    return decoded.pcm[: ANALYSED * RATE * 2]


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / np.float32(32768)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) + 0.0  # not -0.0
