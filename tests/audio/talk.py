"""Sounds that come and go as talk does, for tests that need no words: always the same for the same seed."""

import numpy as np

from tests.audio.files import RATE, Samples


def talk(seconds: float, seed: int = 0, rate: int = RATE, cut: float | None = None) -> Samples:
    """Syllables of coloured noise, 100 to 400 ms each, with pauses; nothing above `cut` Hz."""
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    left = int(seconds * rate)
    while left > 0:
        size = int(rng.uniform(0.1, 0.4) * rate)
        sound = _coloured(size, rng, rate) * rng.uniform(0.3, 1.0)
        pause = np.zeros(int(rng.choice([0.02, 0.05, 0.4], p=[0.5, 0.4, 0.1]) * rate), np.float32)
        parts += [sound * np.hanning(size), pause]
        left -= size + len(pause)
    x = np.concatenate(parts)[: int(seconds * rate)]
    return band(x / np.abs(x).max() * 0.5, 0, cut or rate, rate)


def band(x: Samples, low: float, high: float, rate: int = RATE) -> Samples:
    """What of it lies between two frequencies in Hz."""
    spectrum, f = np.fft.rfft(x), np.fft.rfftfreq(len(x), 1 / rate)
    spectrum[(f < low) | (f > high)] = 0
    return np.fft.irfft(spectrum, len(x)).astype(np.float32)


def _coloured(size: int, rng: np.random.Generator, rate: int) -> Samples:
    """Noise with three random peaks in its spectrum, and a tenth of it everywhere."""
    f = np.fft.rfftfreq(size, 1 / rate)
    peaks = sum(np.exp(-(((f - centre) / 150) ** 2)) for centre in rng.uniform(300, 3300, 3))
    coloured = np.fft.rfft(rng.standard_normal(size)) * (peaks + 0.1)
    return np.fft.irfft(coloured, size).astype(np.float32)
