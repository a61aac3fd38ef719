"""Which recordings are the same one, re-encoded, cut, louder or with noise: 32 bits for every 64 ms.

The bits are those of J. Haitsma and T. Kalker, "A Highly Robust Audio Fingerprinting System" (ISMIR 2002): whether
the difference between neighbouring bands grows or shrinks from one frame to the next. Measurements: docs/audio.md.
"""

import numpy as np
import numpy.typing as npt

from bot.audio.levels import Samples
from bot.rules.audio import Match

Words = npt.NDArray[np.uint32]
"""One word for each `STEP` seconds, shape (n,); `NOTHING` where there is nothing to tell recordings apart by."""

_Spectra = npt.NDArray[np.complex64] | npt.NDArray[np.complex128]

STEP = 0.064
"""Seconds from one word to the next."""

NOTHING = 0

LIMIT = 0.42
"""Share of differing bits up to which two recordings are one: copies have at most 0.37, strangers 0.46 or more."""

ENOUGH = 15.0
"""Seconds of talk, pauses not counted, that two recordings must have in common to be one.

The best of all alignments of two strangers over as many words (234) has 0.46; of ten thousand, about 0.45.
"""

_RATE = 16_000
_HOP = 1024  # samples
_FRAME = 4096  # samples
_BATCH = 256  # frames that are transformed at once: bounds the memory
_EDGES = (np.geomspace(300, 3300, 34) * _FRAME / _RATE).astype(int)  # 33 bands that a telephone lets through
_BITS = np.arange(32, dtype=np.uint32)
_LOUD = 0.95  # quantile over the frames that stands for the level of the talk
_PAUSE = 10**-3.0  # power under that level (-30 dB) at which a frame is a pause
_COARSE = 2  # words that are one step of the search: neighbours overlap by three quarters and are much alike
_SEARCHED = np.arange(0, 32, 4, dtype=np.uint32)  # the bits that the search looks at
_CANDIDATES = (
    3  # alignments that the search proposes: recordings that repeat themselves have several good ones
)
_SMALLEST = 1024  # steps of the search's transforms
_SILENCE = 1e-9  # mean square (-90 dBFS) under which there is nothing, whatever the level of the talk


def words(x: Samples) -> Words:
    """The fingerprint of 16 kHz mono audio; a recording and its copy made louder have the same one.

    Frames of 256 ms every 64 ms, 33 bands from 300 to 3300 Hz. Silence, and the noise in the pauses (30 dB under
    the talk), gives `NOTHING`, so that it is like no other silence.
    """
    energy = _energy(x)
    if len(energy) < 2:
        return np.zeros(0, dtype=np.uint32)
    total = energy.sum(axis=1)
    floor = max(_SILENCE, float(np.quantile(total, _LOUD)) * _PAUSE)
    slope = np.diff(np.log(energy + floor * 1e-6), axis=1)
    bits = (slope[1:] > slope[:-1]).astype(np.uint32)
    found: Words = np.bitwise_or.reduce(bits << _BITS, axis=1)
    found[found == NOTHING] = 1  # one wrong bit, where otherwise the whole word would be lost
    found[np.minimum(total[1:], total[:-1]) < floor] = NOTHING
    return found


def _energy(x: Samples) -> npt.NDArray[np.float32]:
    """Mean square of the signal in each band, shape (frames, 33)."""
    if len(x) < _FRAME:
        return np.zeros((0, len(_EDGES) - 1), dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(x, _FRAME)[::_HOP]
    window = np.hanning(_FRAME).astype(np.float32)
    scale = np.float32(2 / (_FRAME * np.square(window).sum()))
    found = []
    for start in range(0, len(frames), _BATCH):
        spectrum = np.fft.rfft(frames[start : start + _BATCH] * window, axis=1)[:, : _EDGES[-1]]
        found.append(np.add.reduceat(np.abs(spectrum) ** 2 * scale, _EDGES[:-1], axis=1))
    return np.concatenate(found)


def to_bytes(fingerprint: Words) -> bytes:
    """The words to be stored: little-endian, four bytes each."""
    return fingerprint.astype("<u4").tobytes()


def from_bytes(data: bytes) -> Words:
    """The words again from `to_bytes`. Raises ValueError if the length is no multiple of four."""
    return np.frombuffer(data, dtype="<u4").astype(np.uint32)


class Query:
    """One fingerprint that many others are compared with."""

    def __init__(self, query: Words) -> None:
        self._words = query
        self._spectra: dict[int, tuple[_Spectra, _Spectra]] = {}

    def match(self, other: Words) -> Match | None:
        """The longest stretch that is the same in both, at any shift; None if there is none of `ENOUGH` talk.

        Finds copies that were encoded again (Opus at 6 kbit/s), cut anywhere, made louder or fainter, clipped, sent
        through a telephone or a room, or covered with noise at 5 dB, and parts of one recording within another.
        Blind to copies that play 0.5 % faster or slower, and to another recording of the same script.
        """
        return max(self.matches(other), key=_weight, default=None)

    def matches(self, other: Words, *, beyond: int | None = None) -> list[Match]:
        """The best matches at a few of the likeliest shifts, all different, in any order.

        `beyond` admits only shifts above it (in words), as one asks of a recording that is compared with itself.
        """
        found = []
        for likely in self._candidates(other, beyond):
            near = range(likely - _COARSE, likely + _COARSE + 1)
            there = [shift for shift in near if beyond is None or shift > beyond]
            shift = min(there, key=lambda at: _errors(self._words, other, at))
            if match := stretch(self._words, other, shift):
                found.append(match)
        return found

    def _candidates(self, other: Words, beyond: int | None) -> list[int]:
        """The shifts (in words) at which the two agree most, by cross-correlation of some of their bits as ±1."""
        steps = -(-len(self._words) // _COARSE) + -(-len(other) // _COARSE)
        size = _transform_size(steps)
        if size not in self._spectra:
            self._spectra[size] = _spectra(self._words, size)
        (signs, talks), (other_signs, other_talks) = self._spectra[size], _spectra(other, size)
        agree = np.fft.irfft(np.einsum("bf,bf->f", signs.conj(), other_signs), size)
        common = np.fft.irfft(talks.conj() * other_talks, size)
        shifts = np.fft.fftfreq(size, 1 / size).round().astype(int) * _COARSE
        asked = common * STEP * _COARSE >= ENOUGH / 2
        if beyond is not None:
            asked &= shifts > beyond
        # Agreement by chance grows with the root of what is compared: that makes long and short overlaps comparable.
        score = np.where(asked, agree / np.sqrt(np.maximum(common, 1)), 0)
        return [
            int(shifts[at]) for at in np.argpartition(score, -_CANDIDATES)[-_CANDIDATES:] if score[at] > 0
        ]


def _weight(match: Match) -> float:
    """How much a match says: long and alike."""
    return (0.5 - match.errors) * match.seconds


def _transform_size(steps: int) -> int:
    """The least 2ⁿ or 3·2ⁿ that holds `steps`: few sizes, so that a query's spectra serve for many others."""
    size = _SMALLEST
    while size < steps:
        size = size * 3 // 2 if size & (size - 1) == 0 else size // 3 * 4
    return size


def _spectra(fingerprint: Words, size: int) -> tuple[_Spectra, _Spectra]:
    """Spectra of some bits as ±1, shape (bits, frequencies), and of where there is talk, shape (frequencies,)."""
    even = np.append(fingerprint, np.zeros(-len(fingerprint) % _COARSE, dtype=np.uint32))
    talks = (even != NOTHING).astype(np.float32)
    signs = ((even >> _SEARCHED[:, None] & 1).astype(np.float32) * 2 - 1) * talks
    pairs = np.concatenate([signs, talks[None]]).reshape(len(_SEARCHED) + 1, -1, _COARSE)
    spectra = np.fft.rfft(pairs @ np.full(_COARSE, 1 / _COARSE, dtype=np.float32), size, axis=1)
    return spectra[:-1], spectra[-1]


def stretch(query: Words, other: Words, shift: int) -> Match | None:
    """The best stretch in which `other[i + shift]` is `query[i]`; None if it is too short or too different.

    The best stretch is the one with the largest sum of what its words stay under the limit (a maximal subarray).
    """
    a, b = _overlap(query, other, shift)
    talk = (a != NOTHING) & (b != NOTHING)
    wrong = _differing(a, b) * talk
    gain = np.concatenate([[0.0], np.cumsum(32 * LIMIT * talk - wrong)])
    end = int(np.argmax(gain - np.minimum.accumulate(gain)))
    start = int(np.argmin(gain[: end + 1]))
    heard = int(np.count_nonzero(talk[start:end]))
    if heard * STEP < ENOUGH:
        return None
    errors = float(wrong[start:end].sum() / (32 * heard))
    return Match(errors=errors, seconds=(end - start) * STEP, shift=shift * STEP)


def _errors(query: Words, other: Words, shift: int) -> float:
    """Share of differing bits over all that overlaps at that shift."""
    a, b = _overlap(query, other, shift)
    talk = (a != NOTHING) & (b != NOTHING)
    return float((_differing(a, b) * talk).sum()) / (32 * max(1, int(np.count_nonzero(talk))))


def _differing(a: Words, b: Words) -> npt.NDArray[np.int64]:
    """How many bits of each word differ."""
    differing: npt.NDArray[np.int64] = np.bitwise_count(a ^ b).astype(np.int64)
    return differing


def _overlap(query: Words, other: Words, shift: int) -> tuple[Words, Words]:
    """What of both is at the same place at that shift; two equal lengths, 0 if they do not touch."""
    first, second = max(0, -shift), max(0, shift)
    length = max(0, min(len(query) - first, len(other) - second))
    return query[first : first + length], other[second : second + length]
