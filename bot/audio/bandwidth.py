"""Up to which frequency there is speech: what a telephone line or a thrifty encoder cuts off."""

import numpy as np
import numpy.typing as npt

from bot.audio.levels import Samples

_BAND = 200  # Hz: the resolution
_FRAME = 0.04  # seconds: 25 Hz apart, so eight lines to a band
_FRAMES = 2500  # that are looked at, spread evenly: bounds the time, whatever the length
_BATCH = 256  # frames that are transformed at once: bounds the memory
_VOICE = (300, 3000)  # Hz where every voice has its strongest band, on the worst line too
_DROP = 50.0  # dB under that band: what lies lower cannot be heard beside it
_ALIVE = 9.0  # dB between the loud and the quiet moments of a band: steady noise has about 5
_LOUD, _SOFT = 0.97, 0.10  # quantiles over time
_SHORTEST = 1.0  # seconds
_LOWEST_RATE = 2000  # Hz: less holds no voice
_TINY = 1e-20  # keeps the logarithm of digital silence finite


def bandwidth(x: Samples, rate: int) -> float | None:
    """The effective bandwidth in Hz, in steps of 200; None for under a second, silence or steady noise.

    `x` is mono at its own sample rate `rate` in Hz: after resampling to 16 kHz everything ends at 8 kHz.

    The power of each 200 Hz band is taken every 40 ms or less often. The bandwidth is the upper edge of the
    highest band that comes, in its loud moments (97 % quantile: the s and sh of speech, which a mean over time
    loses), within 50 dB of the strongest band of the voice, and that moves by 9 dB or more, as speech does and
    hiss does not. An Opus or MP3 of telephone audio gives it away: the encoder leaves its traces above the old
    limit, but 65 dB down.

    It is right to about one band: a filter's slope is counted to where it has fallen 50 dB. It does not tell why
    a recording is narrow, and it hears music or clatter as readily as speech.
    """
    if len(x) < _SHORTEST * rate or rate < _LOWEST_RATE:
        return None
    loud, soft = 10 * np.log10(np.quantile(_bands(x, rate), (_LOUD, _SOFT), axis=0) + _TINY)
    low, high = (hz // _BAND for hz in _VOICE)
    voice = loud[low:high].max()
    (heard,) = np.nonzero((loud > voice - _DROP) & (loud - soft >= _ALIVE))
    return float((heard[-1] + 1) * _BAND) if len(heard) else None


def _bands(x: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Mean power of each band, shape (frames, bands); a last band that `rate` cuts short is left out."""
    size = round(rate * _FRAME)
    frames = x[: len(x) // size * size].reshape(-1, size)
    frames = frames[:: max(1, len(frames) // _FRAMES)]
    window = np.hanning(size).astype(np.float32)
    edges = np.arange(0, rate // 2 + 1, _BAND) * size // rate
    found = []
    for start in range(0, len(frames), _BATCH):
        power = np.abs(np.fft.rfft(frames[start : start + _BATCH] * window, axis=1)) ** 2
        # The last line of the spectrum belongs to the last band, or to what is left out.
        found.append(np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1) / np.diff(edges))
    return np.concatenate(found)
