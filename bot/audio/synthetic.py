"""A hint that nobody spoke: machines say the same sound twice in just the same way, people never do."""

import numpy as np
import numpy.typing as npt

from bot.audio.levels import Samples
from bot.audio.speech import FRAME

_RATE = 16_000
_WINDOW, _HOP, _SIZE = 400, 160, 512  # samples: 25 ms every 10 ms
_BATCH = 512  # frames that are transformed at once: bounds the memory
_MELS, _LOW, _HIGH = 24, 100.0, 3600.0  # bands, Hz: what a telephone lets through too
_KEPT = 12  # coefficients of the cepstrum, without the one of the level
_SPEECH = 0.8  # how likely speech a frame must be
_RANGE = 20.0  # dB under the loud frames at which noise begins to mix in
_NOTHING = -90.0  # dB in a frame: digital silence has less, any noise of 16 bits more
_FRAMES, _EVERY = 8, 2  # a sound is 8 frames, 20 ms apart
_ASKED, _COMPARED = 600, 3000  # sounds: a fixed number, because among more the nearest one is nearer
_APART = 100  # frames (1 s): what is closer is the same word still
_LIKE = 0.25  # quantile of the distances, so that a sentence said twice does not count
_HUMAN, _MACHINE = 0.66, 0.33  # distances: people have 0.69 or more, eSpeak has 0.27 (docs/audio.md)

Numbers = npt.NDArray[np.float32]


def synthetic(x: Samples, probabilities: npt.ArrayLike, loop: float | None = None) -> float | None:
    """How much it speaks for a machine that its sounds recur all but identically, 0..1. A hint, never a proof.

    `x` is 16 kHz mono, `probabilities` how likely each of its frames of `FRAME` samples is speech, `loop` the
    period of a recording that repeats itself: that one recurs anyway, so nothing can be said (None). Nor can it
    with fewer than 3000 sounds, about 40 s of clear talk.

    Each of 600 sounds (160 ms of cepstra, scaled by their spread in this recording) is looked for among 3000
    others at least a second away, and the distance to the nearest one taken; of these the lower quartile, where
    1 is the distance of sounds that have nothing in common.

    What it is worth: formant synthesis (eSpeak) has 0.5 to 1. Voices built from statistics (Flite) and, surely,
    all newer ones vary like people: 0. So a high value says much and a low one nothing. Noise hides a machine, and
    it was measured on few voices.
    """
    if loop is not None:
        return None
    cepstra, level = _cepstra(x)
    frames = (np.arange(len(level)) * _HOP + _WINDOW // 2) // FRAME
    likely = np.append(np.asarray(probabilities, dtype=np.float32), 0.0)
    spoken = likely[np.minimum(frames, len(likely) - 1)] > _SPEECH
    if np.count_nonzero(spoken) < _COMPARED:
        return None
    clear = spoken & (level > max(_NOTHING, float(np.quantile(level[spoken], 0.9)) - _RANGE))
    (starts,) = np.nonzero(clear[: -_FRAMES * _EVERY] & clear[_FRAMES * _EVERY :])
    if len(starts) < _COMPARED:
        return None
    cepstra = (cepstra - cepstra[clear].mean(axis=0)) / (cepstra[clear].std(axis=0) + np.float32(1e-6))
    near = float(np.quantile(_nearest(cepstra, starts), _LIKE))
    return float(np.clip((_HUMAN - near) / (_HUMAN - _MACHINE), 0, 1))


def _nearest(cepstra: Numbers, starts: npt.NDArray[np.int64]) -> Numbers:
    """Distances of some of the sounds that start there to the nearest of others."""
    rng = np.random.default_rng(0)  # always the same choice: the same recording has the same value
    asked, compared = (np.sort(rng.choice(starts, size, replace=False)) for size in (_ASKED, _COMPARED))
    offsets = np.arange(_FRAMES) * _EVERY
    a, b = (cepstra[at[:, None] + offsets].reshape(len(at), -1) for at in (asked, compared))
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * (a @ b.T)
    squared[np.abs(asked[:, None] - compared) < _APART] = np.inf
    distances: Numbers = np.sqrt(np.maximum(squared.min(axis=1), 0) / a.shape[1])
    return distances


def _cepstra(x: Samples) -> tuple[Numbers, Numbers]:
    """Mel cepstra without the level, shape (frames, 12), and the level in dB, shape (frames,)."""
    if len(x) < _WINDOW:
        return np.zeros((0, _KEPT), np.float32), np.zeros(0, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(x, _WINDOW)[::_HOP]
    window, bands = np.hanning(_WINDOW).astype(np.float32), _mel_bands()
    power = np.concatenate(
        [
            (np.abs(np.fft.rfft(frames[i : i + _BATCH] * window, _SIZE, axis=1)) ** 2) @ bands
            for i in range(0, len(frames), _BATCH)
        ]
    )
    order = np.arange(1, _KEPT + 1) * np.pi / _MELS
    cosines = np.cos((np.arange(_MELS)[:, None] + 0.5) * order).astype(np.float32)
    return np.log(power + 1e-10) @ cosines, 10 * np.log10(power.sum(axis=1) + 1e-12)


def _mel_bands() -> Numbers:
    """Triangles on the mel scale (O'Shaughnessy), shape (frequencies, bands)."""
    mel = np.linspace(2595 * np.log10(1 + _LOW / 700), 2595 * np.log10(1 + _HIGH / 700), _MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f = np.fft.rfftfreq(_SIZE, 1 / _RATE)[:, None]
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((f - left) / (middle - left), (right - f) / (right - middle))
    return np.maximum(0, triangles).astype(np.float32)
