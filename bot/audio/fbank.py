"""Log-mel energies as Kaldi makes them (`compute-fbank-feats`, src/feat/feature-window.cc and mel-computations.cc).

Kaldi's defaults but for 80 bands and no dither: 25 ms every 10 ms, whole frames only, each without its mean,
pre-emphasis 0.97, "povey" window, power spectrum, triangles on the mel scale from 20 Hz to half the rate.
"""

import numpy as np
import numpy.typing as npt

from bot.audio.levels import Samples

RATE = 16_000
"""The sample rate in Hz that it is made for."""

BANDS = 80
"""How many energies a frame has."""

HOP = 160
"""Samples from one frame to the next (10 ms)."""

LENGTH = 400
"""Samples of one frame (25 ms)."""

_FFT = 512
_EMPHASIS = np.float32(0.97)
_LOWEST, _HIGHEST = 20.0, RATE / 2  # Hz
_FLOOR = np.finfo(np.float32).eps  # Kaldi's own
_BATCH = 2048  # frames that are transformed at once: bounds the memory, whatever the length

Features = npt.NDArray[np.float32]
"""Log-mel energies, shape (frames, BANDS)."""


def fbank(x: Samples) -> Features:
    """The log-mel energies of mono samples at 16 kHz; frame n begins at sample n × HOP.

    Samples are taken as 16-bit numbers, as Kaldi reads them. Fewer than LENGTH samples have no frame.
    """
    if len(x) < LENGTH:
        return np.zeros((0, BANDS), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(x, LENGTH)[::HOP]
    return np.concatenate([_energies(frames[at : at + _BATCH]) for at in range(0, len(frames), _BATCH)])


def _energies(frames: npt.NDArray[np.float32]) -> Features:
    scaled = frames * np.float32(32768)
    scaled -= scaled.mean(axis=1, keepdims=True)
    emphasised = np.empty_like(scaled)
    emphasised[:, 1:] = scaled[:, 1:] - _EMPHASIS * scaled[:, :-1]
    emphasised[:, 0] = scaled[:, 0] * (1 - _EMPHASIS)
    emphasised *= _WINDOW
    spectrum = np.fft.rfft(emphasised, _FFT, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    energies: Features = np.log(np.maximum(power @ _TRIANGLES, _FLOOR))
    return energies


def _mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return 1127 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700)


def _triangles() -> npt.NDArray[np.float32]:
    """How much of each bin of the spectrum each band gets, shape (bins, BANDS): triangles over mel, not over Hz."""
    lowest, highest = _mel((_LOWEST, _HIGHEST))
    edges = np.linspace(lowest, highest, BANDS + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = _mel(np.fft.rfftfreq(_FFT, 1 / RATE))[:, None]
    weights = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    weights[-1] = 0  # Kaldi leaves out the bin at half the rate
    triangles: npt.NDArray[np.float32] = np.maximum(weights, 0).astype(np.float32)
    return triangles


_TRIANGLES = _triangles()
_WINDOW = (np.hanning(LENGTH) ** 0.85).astype(np.float32)
