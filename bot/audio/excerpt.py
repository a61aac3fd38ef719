"""A few seconds of a recording as a voice note: cut, levelled, faded and encoded anew; nothing else is in it."""

import numpy as np
from av.audio.frame import AudioFrame

from bot.audio import voice_note
from bot.audio.decode import RATE, decode
from bot.rules.audio import Reason, Unreadable

FADE = 0.2
"""Seconds in which the sound comes and goes."""

LEVEL = 0.1
"""The root mean square that the stretch is brought to (full scale 1, -20 dBFS): how loud speech is on a phone."""

LOUDEST = 0.9
"""The highest peak after that; a stretch with higher ones is turned down as a whole."""


def cut(data: bytes, start: float, seconds: float, max_seconds: float) -> bytes:
    """`seconds` of an audio file from `start` on, as OGG/Opus, mono; the same input gives the same bytes.

    It has no name, date or other word of the file in it. Raises Unreadable as `decode` does, and `empty` if the file
    has nothing there.
    """
    pcm = np.frombuffer(decode(data, max_seconds).pcm, dtype=np.int16)
    first = int(start * RATE)
    piece = pcm[first : first + int(seconds * RATE)].astype(np.float32) / np.float32(32768)
    if not len(piece):
        raise Unreadable(reason=Reason.empty)
    heard = _faded(_levelled(piece))
    frame = AudioFrame.from_ndarray((heard * 32767).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate = RATE
    note, _ = voice_note.encode([frame])
    return note


def _levelled(x: np.ndarray) -> np.ndarray:
    loud, peak = float(np.sqrt(np.mean(x**2))), float(np.max(np.abs(x)))
    if loud <= 0:
        return x
    return x * np.float32(min(LEVEL / loud, LOUDEST / peak))


def _faded(x: np.ndarray) -> np.ndarray:
    length = min(int(FADE * RATE), len(x) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = x.copy()
    faded[:length] *= ramp
    faded[len(x) - length :] *= ramp[::-1]
    return faded
