"""The hint of a machine's voice: sounds that recur identically against sounds that never do."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import decode
from bot.audio.speech import FRAME, SpeechDetector
from bot.audio.synthetic import synthetic
from tests.audio.files import RATE, Samples, noise


def _syllable(rng: np.random.Generator) -> Samples:
    """A third of a second of harmonics that glide between two random spectra."""
    t = np.arange(RATE // 3) / RATE
    harmonics = np.arange(1, 25)[:, None]
    first, last = (rng.uniform(0.05, 1, (24, 1)) ** 3 for _ in range(2))
    glide = t / t[-1]
    waves = np.sin(2 * np.pi * rng.uniform(120, 160) * harmonics * t)
    return (0.05 * (waves * (first * (1 - glide) + last * glide)).sum(axis=0)).astype(np.float32)


def _speech(seconds: int, syllables: int) -> Samples:
    """Syllables out of so many different ones, in random order, over a faint noise."""
    rng = np.random.default_rng(0)
    known = [_syllable(rng) for _ in range(syllables)]
    x = np.concatenate([known[rng.integers(syllables)] for _ in range(seconds * 3)])
    return x + noise(len(x) / RATE, 0.001)[: len(x)]


def _likely(x: Samples, value: float = 0.9) -> list[float]:
    return [value] * (len(x) // FRAME)


def test_the_same_sounds_again_and_again() -> None:
    """Thirty syllables that are always the same sound like a machine, thousands of different ones do not."""
    machine, person = _speech(90, 30), _speech(90, 5000)
    told, doubted = synthetic(machine, _likely(machine)), synthetic(person, _likely(person))
    assert told == 1.0
    assert doubted is not None
    assert doubted < 0.3


def test_nothing_can_be_said() -> None:
    """Of a recording that repeats itself, of half a minute, of no speech, of silence, and of nothing."""
    machine = _speech(90, 30)
    still = np.zeros(90 * RATE, np.float32)
    assert synthetic(machine, _likely(machine), loop=30.0) is None
    assert synthetic(machine[: 25 * RATE], _likely(machine[: 25 * RATE])) is None
    assert synthetic(machine, _likely(machine, 0.1)) is None
    assert synthetic(still, _likely(still)) is None
    assert synthetic(still[:100], []) is None


def test_the_same_recording_has_the_same_value() -> None:
    """The sounds that are compared are chosen at random, but always the same ones."""
    x = _speech(60, 300)
    value = synthetic(x, _likely(x))
    assert value is not None
    assert synthetic(x, _likely(x)) == value


def _hint(path: Path) -> float | None:
    x = np.frombuffer(decode(path.read_bytes(), 900).pcm, np.int16) / np.float32(32768)
    return synthetic(x, SpeechDetector().probabilities(x))


@pytest.mark.parametrize(
    "name",
    [
        "good_en_mf",
        "good_en_same_gender_ff",
        "good_zh",
        "bad_unbalanced_90_10",
        "bad_noisy_snr5",
        "bad_quiet_m45",
        "bad_narrowband_8k",
        "bad_clipped",
        "dup_reencode_12k",
    ],
)
def test_people(labelled: Path, name: str) -> None:
    """Nobody real is taken for a machine, however bad the recording."""
    assert _hint(labelled / f"{name}.ogg") == 0.0


def test_a_machine(labelled: Path) -> None:
    """Formant synthesis is."""
    assert _hint(labelled / "tts_espeak.ogg") == 1.0


def test_the_demo_shows_how_weak_it_is() -> None:
    """The Mandarin voices, formant synthesis too, are noticed through their noise; the statistical English are not."""
    folder = Path(__file__).resolve().parents[2] / "bot" / "demo" / "dialogues"
    found = {name: _hint(folder / f"{name}.ogg") for name in ("hotpot", "night-market", "lost-in-the-hills")}
    assert found == {"hotpot": pytest.approx(0.51, abs=0.1), "night-market": 0.0, "lost-in-the-hills": 0.0}
