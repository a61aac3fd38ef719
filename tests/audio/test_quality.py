"""The predicted quality: the network is found, fed and read as its authors do."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import decode
from bot.audio.quality import ModelMissing, QualityModel
from bot.rules.audio import Quality
from tests.audio.files import RATE, Samples, noise
from tests.audio.talk import talk


@pytest.fixture(scope="module")
def model() -> QualityModel:
    """The network, loaded once."""
    return QualityModel()


def _samples(path: Path) -> Samples:
    return np.frombuffer(decode(path.read_bytes(), 900).pcm, np.int16) / np.float32(32768)


def test_the_package_is_not_imported(model: QualityModel) -> None:
    """Its own code needs libraries that are not installed."""
    assert model.rate(noise(1, 0.1)) is not None
    assert "speechmos" not in sys.modules


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match="sig_bak_ovr"):
        QualityModel()


def test_nothing_to_rate(model: QualityModel) -> None:
    """No samples, or digital silence."""
    assert model.rate(np.zeros(0, np.float32)) is None
    assert model.rate(np.zeros(20 * RATE, np.float32)) is None


def test_noise_is_heard_in_the_background(model: QualityModel) -> None:
    """The same sound with noise 10 dB under it is worse, above all in its background; all within the scale."""
    x = talk(10)
    clean, noisy = model.rate(x), model.rate(x + noise(10, float(np.sqrt((x**2).mean())) / 3))
    assert clean is not None
    assert noisy is not None
    assert noisy.background < clean.background - 0.2
    assert all(1 <= value <= 5 for q in (clean, noisy) for value in (q.signal, q.background, q.overall))


def test_short_audio_is_repeated(model: QualityModel) -> None:
    """Three seconds are rated as the same three seconds three times over."""
    x = talk(3)
    assert model.rate(x) == model.rate(np.tile(x, 4)[:144_160])


def test_as_the_authors_rate(labelled: Path, model: QualityModel) -> None:
    """One window has the value of the published script for it, to the second digit."""
    x = _samples(labelled / "good_en_mf.ogg")[:144_160]
    assert model.rate(x) == Quality(
        signal=pytest.approx(3.66, abs=0.01),
        background=pytest.approx(3.84, abs=0.01),
        overall=pytest.approx(3.23, abs=0.01),
    )


def test_labelled_recordings(labelled: Path, model: QualityModel) -> None:
    """Of the first 20 s: good ones are rated over 2.7 overall, noisy and clipped under 2.6, music at the bottom."""
    rated = {
        name: model.rate(_samples(labelled / f"{name}.ogg")[: 20 * RATE])
        for name in ("good_en_mf", "good_zh", "bad_noisy_snr5", "bad_clipped", "bad_music_synth")
    }
    overall = {name: quality.overall for name, quality in rated.items() if quality}
    assert min(overall["good_en_mf"], overall["good_zh"]) > 2.7
    assert max(overall["bad_noisy_snr5"], overall["bad_clipped"]) < 2.6
    assert overall["bad_music_synth"] < 1.3
