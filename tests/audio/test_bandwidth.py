"""The bandwidth, on talk that is cut off at a known frequency, through encoders, and on labelled recordings."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio.bandwidth import bandwidth
from bot.audio.decode import decode
from tests.audio.files import Samples, encode, noise, sine
from tests.audio.talk import talk


def _heard(data: bytes) -> float | None:
    """The bandwidth of an encoded file at the rate that it is stored in."""
    decoded = decode(data, 900)
    return bandwidth(np.frombuffer(decoded.wide, np.int16) / np.float32(32768), decoded.wide_rate)


@pytest.mark.parametrize(
    ("rate", "cut", "wanted"),
    [
        (8_000, None, 4_000),
        (11_025, None, 5_400),
        (16_000, 3_400, 3_400),
        (16_000, None, 8_000),
        (44_100, 11_000, 11_000),
        (48_000, 3_400, 3_400),
        (48_000, None, 24_000),
        (192_000, 20_000, 20_000),
    ],
)
def test_talk_that_is_cut_off(rate: int, cut: float | None, wanted: float) -> None:
    """The frequency at which it is cut, to a band of 200 Hz, at any sample rate."""
    assert bandwidth(talk(4, rate=rate, cut=cut), rate) == pytest.approx(wanted, abs=200)


def test_hiss_does_not_count() -> None:
    """Telephone audio with white noise 30 dB under it has the bandwidth of the telephone."""
    x = talk(20, cut=3_400)
    hiss = noise(20, float(np.sqrt((x**2).mean())) / 30)
    assert bandwidth(x + hiss, 16_000) == pytest.approx(3_400, abs=200)


@pytest.mark.parametrize(
    "x", [np.zeros(32_000, np.float32), noise(5), noise(0.5), sine(5, 0.5), np.zeros(0, np.float32)]
)
def test_nothing_to_measure(x: Samples) -> None:
    """Silence, steady noise, a steady tone and half a second have no bandwidth."""
    assert bandwidth(x, 16_000) is None


@pytest.mark.parametrize(("container", "codec"), [("ogg", "libopus"), ("mp3", "libmp3lame"), ("mp4", "aac")])
def test_encoders_do_not_hide_a_telephone(container: str, codec: str) -> None:
    """A file of 48 kHz that holds what a telephone let through is as narrow as the telephone."""
    found = _heard(encode(talk(20, cut=3_400), container, codec))
    assert found == pytest.approx(3_700, abs=400)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("bad_narrowband_8k", 3_400, 4_000),
        ("good_en_mf", 7_000, 12_000),
        ("good_en_same_gender_ff", 7_000, 12_000),
        ("good_zh", 7_000, 12_000),
        ("dup_reencode_12k", 7_000, 12_000),
        ("bad_noisy_snr5", 7_000, 12_000),
        ("real_ami_2spk_mm", 6_000, 8_000),
    ],
)
def test_labelled_recordings(labelled: Path, name: str, low: float, high: float) -> None:
    """The narrow one is narrow inside its Opus of 48 kHz, the others are wide."""
    found = _heard((labelled / f"{name}.ogg").read_bytes())
    assert found is not None
    assert low <= found <= high
