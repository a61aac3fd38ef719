"""The outline of a recording, small enough to be kept beside its facts."""

import numpy as np

from bot.audio.sketch import COLUMNS


def envelope(pcm: bytes, columns: int = COLUMNS) -> bytes:
    """The lowest and the highest sample of each of `columns` even stretches, as pairs of signed bytes.

    `pcm` is mono, 16 bit, in native order. A byte holds the square root of the amplitude, ±127 for full
    scale: -80 dBFS is still told from silence, and it is about how loud a thing sounds. Recordings of fewer
    samples than columns have so many columns.
    """
    samples = np.frombuffer(pcm, dtype=np.int16)
    columns = min(columns, len(samples))
    if not columns:
        return b""
    starts = np.arange(columns, dtype=np.int64) * len(samples) // columns
    ends = np.stack((np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)), axis=1)
    amplitudes = ends / 32768
    roots = np.sign(amplitudes) * np.sqrt(np.abs(amplitudes))
    return bytes(np.rint(roots * 127).astype(np.int8))
