"""Recordings that are filled up with themselves."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import decode
from bot.audio.fingerprint import words
from bot.audio.loops import loop
from tests.audio.files import RATE, Samples, encode, noise, sine
from tests.audio.talk import talk


def _encoded(x: Samples) -> Samples:
    return np.frombuffer(decode(encode(x, "ogg", "libopus"), 900).pcm, np.int16) / np.float32(32768)


def _tiled(period: float, seconds: float) -> Samples:
    """The first seconds of talk again and again."""
    part = talk(period, seed=3)
    return np.tile(part, int(seconds / period) + 1)[: int(seconds * RATE)]


@pytest.mark.parametrize("period", [4.27, 10.03, 30.0, 45.5])
def test_a_part_again_and_again(period: float) -> None:
    """The shortest period is told to a tenth of a second, wherever it falls between the frames of the encoder."""
    assert loop(words(_encoded(_tiled(period, 120)))) == pytest.approx(period, abs=0.1)


def test_a_part_that_comes_once_more() -> None:
    """The first 25 seconds are put at the end, after a minute of other talk, in a noise that went along."""
    x = talk(60) + noise(60, 0.01)
    assert loop(words(_encoded(np.concatenate([x, x[: 25 * RATE]])))) == pytest.approx(60, abs=0.1)


def _song(exact: bool) -> Samples:
    """A beat every half second under a tune; either from one sample and without a tune, or struck by hand."""
    rng = np.random.default_rng(4)
    x = noise(60, 0.001)
    for beat in range(118):
        late = 0 if exact else int(rng.uniform(0, 0.03) * RATE)
        drum = noise(0.1, 0.3, seed=0 if exact else beat) * np.linspace(1, 0, 1600, dtype=np.float32)
        note = sine(0.4, 0.2, 440 if exact else float(220 * 2 ** (rng.integers(0, 24) / 12)))
        start = beat * RATE // 2 + late
        x[start : start + 1600] += drum
        x[start : start + len(note)] += note
    return x


def test_a_beat_alone_is_no_loop() -> None:
    """Music keeps time and repeats nothing exactly; the same samples in a sequencer do."""
    assert loop(words(_song(exact=False))) is None
    assert loop(words(_song(exact=True))) is not None


@pytest.mark.parametrize(
    "x", [talk(120), noise(120, 0.01), np.zeros(120 * RATE, np.float32), talk(3), talk(0.01)]
)
def test_nothing_repeats(x: Samples) -> None:
    """Talk, noise, silence and next to nothing are no loops."""
    assert loop(words(x)) is None


def test_labelled_recordings(labelled: Path) -> None:
    """The looped one, and the monologue that has the same sentences twice; no other."""
    names = sorted(path.stem for path in labelled.glob("*.ogg"))
    found = {}
    for name in names:
        pcm = decode((labelled / f"{name}.ogg").read_bytes(), 900).pcm
        if period := loop(words(np.frombuffer(pcm, np.int16) / np.float32(32768))):
            found[name] = round(period)
    assert found == {"bad_looped_30s_x5": 30, "bad_monologue_en": 95}
