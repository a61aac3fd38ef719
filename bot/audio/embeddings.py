"""Who speaks: a voice as a direction in space, by the network CAM++ (see models/README.md).

H. Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023. Two windows of one person point the same way, whatever is said.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bot.audio.fbank import BANDS, HOP, LENGTH, RATE, Features, fbank
from bot.audio.levels import Samples
from bot.audio.network import THREADS, Network

WINDOW = 1.5
"""Seconds of talk that one embedding is made of: shorter ones are repeated until they are as long."""

SIZE = 192
"""Dimensions of an embedding."""

Embeddings = npt.NDArray[np.float32]
"""One embedding a row, each of length 1."""

_FRAMES = 1 + (int(WINDOW * RATE) - LENGTH) // HOP
_BATCH = 4  # windows at once: 16 need 80 MB more and gain nothing
_MODEL = Path(__file__).parent / "models" / "campplus_fp16.onnx"


class VoiceModel:
    """CAM++ loaded once. Not for use by two threads at a time."""

    def __init__(self, threads: int = THREADS) -> None:
        self._network = Network(_MODEL, threads)

    def embed(self, x: Samples, windows: Sequence[tuple[float, float]]) -> Embeddings:
        """The embeddings of stretches (start and end in seconds) of mono samples at 16 kHz, in their order.

        Only the first `WINDOW` seconds of a longer stretch count.
        """
        features = fbank(x)
        if not windows or not len(features):
            return np.zeros((len(windows), SIZE), dtype=np.float32)
        inputs = np.stack([_input(features, start, end) for start, end in windows])
        batches = [inputs[at : at + _BATCH] for at in range(0, len(inputs), _BATCH)]
        return unit(np.concatenate(self._network.run(batches)))


def unit(vectors: Embeddings) -> Embeddings:
    """The rows at length 1; a row of zeros stays one."""
    units: Embeddings = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return units


def _input(features: Features, start: float, end: float) -> Features:
    """The features of one stretch as the network takes them: without their mean, which is the room and the gain."""
    first = min(round(start * RATE / HOP), len(features) - 1)
    last = max(first + 1, round((end * RATE - LENGTH) / HOP) + 1)
    part = features[first : min(last, first + _FRAMES)]
    return np.resize(part - part.mean(axis=0), (_FRAMES, BANDS))
