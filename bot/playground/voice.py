"""Sound for the phones: what a browser records becomes what Telegram would deliver, and a file its wave."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from bot.audio.voice_note import encode

LONGEST = 15 * 60
"""Seconds of a recording that are taken; a sample has three minutes."""
BARS = 48
"""Bars of a wave on a phone."""
SEEN_RATE = 8_000
"""Samples a second that a wave is drawn from."""
HIGHEST = 31
"""The tallest bar: Telegram keeps five bits of each."""


class NoSound(Exception):
    """The bytes hold no sound that can be read."""


def as_voice_note(data: bytes) -> tuple[bytes, int]:
    """Make OGG/Opus, mono, of whatever a browser recorded (webm, ogg, mp4); with its length in whole seconds.

    Raises `NoSound`.
    """
    try:
        with av.open(io.BytesIO(data), "r") as source:
            note, seconds = encode(_no_longer(source.decode(audio=0)))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise NoSound from error
    if not seconds:
        raise NoSound
    return note, max(1, round(seconds))


def _no_longer(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The frames up to the one with which they become too long."""
    seconds = 0.0
    for frame in frames:
        yield frame
        seconds += frame.samples / frame.sample_rate
        if seconds > LONGEST:
            break


@dataclass(frozen=True, slots=True)
class Wave:
    """How a recording looks on a phone: its length, and `BARS` heights from 0 to `HIGHEST`."""

    seconds: float
    heights: tuple[int, ...]


@lru_cache(maxsize=64)
def wave(data: bytes) -> Wave:
    """The wave of a recording: a bar is the loudest moment of one of `BARS` equal parts. Raises `NoSound`."""
    resampler = AudioResampler(format="s16", layout="mono", rate=SEEN_RATE)
    pieces: list[np.ndarray] = []
    try:
        with av.open(io.BytesIO(data), "r") as source:
            for frame in source.decode(audio=0):
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise NoSound from error
    if not pieces:
        raise NoSound
    sound = np.abs(np.concatenate(pieces).astype(np.float32))
    loudest = np.array([part.max(initial=0.0) for part in np.array_split(sound, BARS)])
    top = max(float(loudest.max()), 1.0)
    heights = np.round(HIGHEST * np.sqrt(loudest / top))
    return Wave(len(sound) / SEEN_RATE, tuple(int(height) for height in heights))
