"""The noise between the words, on noise of known level and on labelled recordings."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import decode
from bot.audio.noise import noise
from bot.audio.speech import FRAME, SpeechDetector
from bot.rules.audio import SILENCE_DBFS
from tests.audio.files import Samples
from tests.audio.files import noise as white


def _frames(*, speech: int, pause: int, floor: float) -> tuple[Samples, list[float]]:
    """Words of 0.1 (RMS) over noise of RMS `floor`, then pauses with that noise alone, and the truth about both."""
    x = white((speech + pause) * FRAME / 16_000, floor)
    x[: speech * FRAME] += white(speech * FRAME / 16_000, 0.1, seed=1)
    return x, [0.9] * speech + [0.05] * pause


@pytest.mark.parametrize(("floor", "dbfs"), [(0.05, -26.02), (0.01, -40.0), (0.0001, -80.0)])
def test_floor_and_ratio(floor: float, dbfs: float) -> None:
    """The floor is the level of the noise, and the ratio is that of the speech without it (-20 dBFS) over it."""
    x, likely = _frames(speech=200, pause=100, floor=floor)
    found = noise(x, likely)
    assert found == pytest.approx((dbfs, -20 - dbfs), abs=0.3)


def test_clatter_in_the_pauses_counts_for_nothing() -> None:
    """A third of the pauses filled with noise 30 dB louder: the median does not hear it."""
    x, likely = _frames(speech=200, pause=99, floor=0.001)
    x[-33 * FRAME :] += white(33 * FRAME / 16_000, 0.03)
    floor, _ = noise(x, likely)
    assert floor == pytest.approx(-60, abs=1)


def test_without_pauses_the_quietest_frames_stand_in() -> None:
    """Frames that are neither speech nor pause still show the floor."""
    x, likely = _frames(speech=200, pause=50, floor=0.001)
    floor, ratio = noise(x, [min(0.9, p + 0.3) for p in likely])
    assert floor == pytest.approx(-60, abs=1)
    assert ratio == pytest.approx(40, abs=1)


def test_digital_silence_between_the_words_is_finite() -> None:
    """The floor ends at the level of a 16-bit zero."""
    x, likely = _frames(speech=200, pause=100, floor=0.0)
    assert noise(x, likely) == pytest.approx((SILENCE_DBFS, -20 - SILENCE_DBFS), abs=0.3)


def test_nothing_can_be_said_without_speech() -> None:
    """Less than a second of words, or no frame at all."""
    x, likely = _frames(speech=31, pause=300, floor=0.01)
    assert noise(x, likely) == (None, None)
    assert noise(np.zeros(10, np.float32), []) == (None, None)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("bad_noisy_snr5", 3, 12),
        ("real_ami_2spk_mm", 30, 40),
        ("good_en_mf", 35, 45),
        ("good_zh", 35, 45),
        ("bad_quiet_m45", 35, 45),
    ],
)
def test_labelled_recordings(labelled: Path, name: str, low: float, high: float) -> None:
    """The noisy one is far from all others, and the volume changes nothing."""
    x = np.frombuffer(decode((labelled / f"{name}.ogg").read_bytes(), 900).pcm, np.int16) / np.float32(32768)
    _, ratio = noise(x, SpeechDetector().probabilities(x))
    assert ratio is not None
    assert low <= ratio <= high
