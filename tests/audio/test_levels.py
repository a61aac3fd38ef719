"""The measures against their standards, on signals whose answer is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from bot.audio import levels
from bot.audio.speech import join_frames
from bot.rules.audio import SILENCE_DBFS, SILENCE_LUFS, UNCLIPPED
from tests.audio.files import RATE, Samples, noise, sine


def _pcm(x: Samples) -> bytes:
    return (np.clip(x, -1, 1) * 32767).astype(np.int16).tobytes()


def test_weighting_is_that_of_the_standard() -> None:
    """At 48 kHz the response equals that of the coefficients printed in BS.1770-4, tables 1 and 2."""
    f = np.linspace(20, 20_000, 400)
    z = np.exp(-2j * np.pi * f / 48_000)
    shelf = np.polyval([1.19839281085285, -2.69169618940638, 1.53512485958697], z) / np.polyval(
        [0.73248077421585, -1.69065929318241, 1.0], z
    )
    cut = np.polyval([1.0, -2.0, 1.0], z) / np.polyval([0.99007225036621, -1.99004745483398, 1.0], z)
    assert_allclose(levels.k_weights(f, 48_000), np.abs(shelf * cut) ** 2, rtol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize(("dbfs", "lufs"), [(0.0, -3.01), (-20.0, -23.01), (-33.0, -36.01)])
def test_loudness_of_a_tone(dbfs: float, lufs: float, rate: int) -> None:
    """BS.1770-4: a 997 Hz sine of 0 dBFS in one channel is -3.01 LKFS; and so down (EBU Tech 3341)."""
    tone = sine(5, 10 ** (dbfs / 20), rate=rate)
    assert levels.loudness(tone, rate) == pytest.approx(lufs, abs=0.1)


def test_loudness_ignores_silence_around() -> None:
    """Both gates: twice as much silence as tone changes nothing (EBU Tech 3341, cases 3 to 5)."""
    tone = sine(10, 0.1)
    padded = np.concatenate([np.zeros(10 * RATE, np.float32), tone, np.zeros(10 * RATE, np.float32)])
    assert levels.loudness(padded, RATE) == pytest.approx(levels.loudness(tone, RATE), abs=0.2)


def test_silence_has_floors() -> None:
    """Digital silence is finite in every measure, and is one long silence."""
    still = np.zeros(3 * RATE, np.float32)
    audio = levels.segment(_pcm(still), RATE)
    assert levels.loudness(still, RATE) == SILENCE_LUFS
    assert levels.loudness(still[:100], RATE) == SILENCE_LUFS
    assert levels.peak(audio) == SILENCE_DBFS
    assert levels.clipping(still, np.ones(len(still), bool), RATE) == UNCLIPPED
    assert levels.longest_silence(audio, SILENCE_LUFS) == 3.0


def test_peak_of_a_tone() -> None:
    """Half of full scale is -6.02 dBFS."""
    assert levels.peak(levels.segment(_pcm(sine(1, 0.5)), RATE)) == pytest.approx(-6.02, abs=0.01)


def test_clipping_is_flatness_of_speech_alone() -> None:
    """Noise has a high top, the same noise cut off has none, at any volume; outside speech nothing counts."""
    x = noise(10, 0.3)
    spoken = np.ones(len(x), bool)
    flat = np.clip(x, -0.4, 0.4) / 10
    assert levels.clipping(x, spoken, RATE) > 1.4
    assert levels.clipping(flat, spoken, RATE) == pytest.approx(1.0, abs=1e-6)
    assert levels.clipping(flat, ~spoken, RATE) == UNCLIPPED


def test_longest_silence_is_relative_to_the_loudness() -> None:
    """Six seconds of room noise 30 dB under the talk are silence, in a loud recording and in a faint one."""
    talk, room = noise(4, 0.1), noise(6, 0.003)
    for volume in (1.0, 0.05):
        x = np.concatenate([talk, room, talk, room[: 2 * RATE], talk]) * np.float32(volume)
        audio = levels.segment(_pcm(x), RATE)
        assert levels.longest_silence(audio, levels.loudness(x, RATE)) == pytest.approx(6.0, abs=0.05)


@pytest.mark.parametrize(
    ("probabilities", "stretches"),
    [
        ([], []),
        ([0.1] * 20, []),
        ([0.9] * 20, [(0, 20)]),
        ([0.9] * 6, []),  # 192 ms: a click
        ([0.4] * 5 + [0.9] + [0.4] * 9 + [0.2] * 9, [(5, 15)]),  # starts at 0.5, goes on above 0.35
        ([0.9] * 10 + [0.1] * 7 + [0.9] * 10, [(0, 27)]),  # 224 ms: a breath
        ([0.9] * 10 + [0.1] * 8 + [0.9] * 10, [(0, 10), (18, 28)]),  # 256 ms: a pause
    ],
)
def test_frames_join_to_stretches(probabilities: list[float], stretches: list[tuple[int, int]]) -> None:
    """Hysteresis, bridging of short pauses and dropping of clicks."""
    assert join_frames(probabilities) == stretches
