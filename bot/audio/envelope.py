"""The outline of a recording, small enough to be kept beside its facts."""

import numpy as np

from bot.audio.levels import Samples
from bot.audio.sketch import COLUMNS


def envelope(x: Samples, columns: int = COLUMNS) -> bytes:
    """The lowest and the highest sample of each of `columns` even stretches, as pairs of signed bytes.

    A byte holds the square root of the amplitude, ±127 for full scale: -80 dBFS is still told from silence,
    and it is about how loud a thing sounds. Recordings of fewer samples than columns have so many columns.
    """
    columns = min(columns, len(x))
    if not columns:
        return b""
    starts = np.arange(columns, dtype=np.int64) * len(x) // columns
    ends = np.stack((np.minimum.reduceat(x, starts), np.maximum.reduceat(x, starts)), axis=1)
    roots = np.sign(ends) * np.sqrt(np.minimum(np.abs(ends), 1.0))
    return bytes(np.rint(roots * 127).astype(np.int8))
