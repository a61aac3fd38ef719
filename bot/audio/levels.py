"""How loud, how flat-topped and how silent a recording is. Sources and measurements: docs/audio.md."""

import math
import warnings

import numpy as np
import numpy.typing as npt

from bot.rules.audio import SILENCE_DBFS, SILENCE_LUFS, UNCLIPPED

with warnings.catch_warnings():
    # pydub looks for an ffmpeg program, which we never use, and imports audioop, deprecated in 3.11.
    warnings.simplefilter("ignore")
    from pydub import AudioSegment
    from pydub.silence import detect_silence

Samples = npt.NDArray[np.float32]
"""Mono samples, shape (n,), full scale ±1."""

_BATCH = 64  # blocks that are transformed at once: bounds the memory, whatever the length
_SILENT_BELOW = 20.0  # LU under the recording's own loudness
_MIN_SILENCE = 1000  # ms: shorter pauses belong to talking
_SEEK = 50  # ms: pydub's default of 1 costs fifty times as much, and finds up to 0.1 s more
_TALK = 5.0  # seconds of speech from which on its quantiles mean something


def segment(pcm: bytes, rate: int) -> AudioSegment:
    """Mono 16-bit PCM as pydub knows it. No bytes are parsed: pydub's own loader is never used."""
    return AudioSegment(data=pcm, sample_width=2, frame_rate=rate, channels=1)


def loudness(x: Samples, rate: int) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4): K-weighted, 400 ms blocks, 75 % overlap, both gates.

    The weighting is applied to the spectrum of each block. `SILENCE_LUFS` if no block passes the gate.
    """
    block, hop = int(0.4 * rate), int(0.1 * rate)
    if len(x) < block:
        return SILENCE_LUFS
    frames = np.lib.stride_tricks.sliding_window_view(x, block)[::hop]
    weights = k_weights(np.fft.rfftfreq(block, 1 / rate), rate)
    # Parseval for a one-sided spectrum: every bin but the first stands for two.
    weights[1:] *= 2
    power = np.concatenate(
        [
            (np.abs(np.fft.rfft(frames[i : i + _BATCH], axis=1)) ** 2) @ weights / block**2
            for i in range(0, len(frames), _BATCH)
        ]
    )
    power = power[power > _power(SILENCE_LUFS)]
    if not len(power):
        return SILENCE_LUFS
    power = power[power > power.mean() / 10]  # the relative gate: 10 LU under the mean
    return max(SILENCE_LUFS, -0.691 + 10 * math.log10(power.mean()))


def _power(lufs: float) -> float:
    """The mean square of a loudness (BS.1770-4, formula 2)."""
    return float(10 ** ((lufs + 0.691) / 10))


def k_weights(frequencies: npt.NDArray[np.floating], rate: int) -> npt.NDArray[np.float64]:
    """Squared magnitude of the K-weighting at some frequencies (Hz), for any sample rate.

    The two filters of BS.1770-4, annex 1, with the analogue parameters that B. De Man recovered from its
    48 kHz coefficients ("Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145).
    """
    shelf, shelf_q, gain = 1681.974450955533, 0.7071752369554196, 3.999843853973347
    cut, cut_q = 38.13547087602444, 0.5003270373238773
    k, high = math.tan(math.pi * shelf / rate), 10 ** (gain / 20)
    middle = high**0.4996667741545416
    norm = 1 + k / shelf_q + k * k
    b = (high + middle * k / shelf_q + k * k, 2 * (k * k - high), high - middle * k / shelf_q + k * k)
    a = (norm, 2 * (k * k - 1), 1 - k / shelf_q + k * k)
    k = math.tan(math.pi * cut / rate)
    norm = 1 + k / cut_q + k * k
    low = (1.0, 2 * (k * k - 1) / norm, (1 - k / cut_q + k * k) / norm)
    z = np.exp(-2j * np.pi * frequencies / rate)
    response = _polynomial(b, z) / _polynomial(a, z) * _polynomial((1.0, -2.0, 1.0), z) / _polynomial(low, z)
    squared: npt.NDArray[np.float64] = np.abs(response) ** 2
    return squared


def _polynomial(c: tuple[float, float, float], z: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    return c[0] + c[1] * z + c[2] * z * z


def peak(audio: AudioSegment) -> float:
    """The highest sample in dBFS, `SILENCE_DBFS` for digital silence."""
    return max(SILENCE_DBFS, float(audio.max_dBFS))


def clipping(x: Samples, spoken: npt.NDArray[np.bool_], rate: int) -> float:
    """How flat the top of the speech is: its 99.95 % over its 98 % quantile of |x|, from 1 to `UNCLIPPED`.

    `spoken` marks the samples in which somebody speaks. With less than 5 s of them nothing can be said, which
    is `UNCLIPPED`: tones and music are flat by nature. Counting samples at full scale fails on Opus, which
    rounds the flat tops off; the ratio survives it.
    """
    if spoken.sum() < _TALK * rate:
        return UNCLIPPED
    high, top = np.quantile(np.abs(x[spoken]), (0.98, 0.9995))
    return float(min(UNCLIPPED, top / high)) if high > 0 else UNCLIPPED


def longest_silence(audio: AudioSegment, lufs: float) -> float:
    """Seconds of the longest stretch (from 1 s on) that is 20 LU under the recording's loudness `lufs`.

    A recording with no loudness at all is one silence.
    """
    if lufs <= SILENCE_LUFS:
        return float(audio.duration_seconds)
    silent = detect_silence(
        audio, min_silence_len=_MIN_SILENCE, silence_thresh=lufs - _SILENT_BELOW, seek_step=_SEEK
    )
    return max((end - start for start, end in silent), default=0) / 1000
