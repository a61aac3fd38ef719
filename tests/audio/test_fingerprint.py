"""Copies are found and strangers are not, on generated talk everywhere and on labelled recordings."""

from pathlib import Path

import numpy as np
import pytest

from bot.audio.decode import decode
from bot.audio.fingerprint import (
    ENOUGH,
    LIMIT,
    NOTHING,
    STEP,
    Query,
    Words,
    from_bytes,
    to_bytes,
    words,
)
from bot.rules.audio import Match
from tests.audio.files import RATE, Samples, encode, noise, sine
from tests.audio.talk import band, talk

LENGTH = 60


@pytest.fixture(scope="module")
def original() -> Samples:
    """A minute of talk over a faint noise."""
    return talk(LENGTH) + noise(LENGTH, 0.0005)


def _through(x: Samples, container: str = "ogg", codec: str = "libopus", rate: int = 48_000) -> Samples:
    """The recording after an encoder."""
    return _samples(encode(x, container, codec, rate=rate))


def _samples(data: bytes) -> Samples:
    return np.frombuffer(decode(data, 900).pcm, np.int16) / np.float32(32768)


def _snr(x: Samples, db: float) -> Samples:
    """The recording with white noise that many dB under it."""
    return x + noise(len(x) / RATE, float(np.sqrt((x**2).mean())) * 10 ** (-db / 20), seed=9)


def test_the_bits_are_those_of_the_paper() -> None:
    """A tone that enters one band makes the step below it shrink, and the step above it grow (H & K, formula 1)."""
    rising = np.linspace(0, 0.5, 3 * RATE, dtype=np.float32) ** 2
    x = sine(3, 1.0, 1000.0) * rising + noise(3, 1e-5)
    tone = int(np.searchsorted(np.geomspace(300, 3300, 34), 1000)) - 1
    found = words(x)[-20:]
    bit = [int(np.bitwise_count(found >> at & 1).sum()) for at in (tone - 1, tone)]
    assert bit == [20, 0]


def test_volume_changes_nothing(original: Samples) -> None:
    """Half as loud is the same recording, word by word but for a few bits that lie on the edge."""
    match = Query(words(original)).match(words(original / 2))
    assert match is not None
    assert match.errors < 0.001
    assert (match.seconds, match.shift) == pytest.approx((LENGTH, 0), abs=1)


@pytest.mark.parametrize(
    ("what", "shift"),
    [
        ("opus", 0),
        ("mp3", 0),
        ("without the first second", -1),
        ("without the first 20.03 seconds", -20.03),
        ("after 7.5 seconds of something else", 7.5),
        ("the last half", -30),
        ("the first half", 0),
        ("20 dB fainter", 0),
        ("telephone", 0),
        ("noise at 5 dB", 0),
        ("clipped by 24 dB", 0),
    ],
)
def test_copies(original: Samples, what: str, shift: float) -> None:
    """Whatever is done to a recording, it is found in the other one, at its place, and back."""
    x, half = original, len(original) // 2
    copy = {
        "opus": lambda: _through(x),
        "mp3": lambda: _through(x, "mp3", "libmp3lame", 22_050),
        "without the first second": lambda: _through(x[RATE:]),
        "without the first 20.03 seconds": lambda: _through(x[int(20.03 * RATE) :]),
        "after 7.5 seconds of something else": lambda: _through(np.concatenate([talk(7.5, seed=5), x])),
        "the last half": lambda: _through(x[half:]),
        "the first half": lambda: x[:half],
        "20 dB fainter": lambda: _through(x / 10),
        "telephone": lambda: _through(band(x, 300, 3400)),
        "noise at 5 dB": lambda: _snr(x, 5),
        "clipped by 24 dB": lambda: np.clip(x * 16, -1, 1),
    }[what]()
    there, back = Query(words(x)).match(words(copy)), Query(words(copy)).match(words(x))
    assert there is not None
    assert back is not None
    assert max(there.errors, back.errors) <= 0.37
    assert there.seconds == pytest.approx(min(len(x), len(copy)) / RATE, abs=2)
    assert (there.shift, back.shift) == pytest.approx((shift, -shift), abs=2 * STEP)


def test_a_part_within_something_else(original: Samples) -> None:
    """Twenty-five seconds of it in the middle of another recording: only they are counted."""
    part = original[20 * RATE : 45 * RATE]
    mixed = np.concatenate([talk(40, seed=6), part, talk(30, seed=7)])
    match = Query(words(original)).match(words(mixed))
    assert match is not None
    assert match.errors < 0.3  # the cut falls between two frames
    assert (match.seconds, match.shift) == pytest.approx((25, 20), abs=1)


def test_strangers(original: Samples) -> None:
    """Other talk, even over the same noise, is no match; one query serves for all of them."""
    query = Query(words(original))
    others = [words(talk(90, seed=seed) + noise(90, 0.0005)) for seed in range(1, 13)]
    assert [query.match(other) for other in others] == [None] * 12


def test_too_little_in_common(original: Samples) -> None:
    """Less than 15 s of talk prove nothing."""
    found = words(original)
    part = found[: int(ENOUGH / STEP) - 1]
    assert Query(found).match(part) is None
    assert Query(found).match(found[:0]) is None
    assert Query(found[:0]).match(found[:0]) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(60 * RATE, np.float32), np.zeros(60 * RATE, np.float32)),
        (noise(60, 1e-6, seed=1), noise(60, 1e-6, seed=2)),
        (noise(60, 0.01, seed=1), noise(60, 0.01, seed=2)),
    ],
)
def test_silence_is_like_no_other_silence(one: Samples, other: Samples) -> None:
    """Digital silence, the quietest noise and a room's noise match nothing; the first two say nothing at all."""
    assert Query(words(one)).match(words(other)) is None
    assert bool((words(one) == NOTHING).all()) is (float(np.abs(one).max()) < 1e-4)


def test_pauses_are_left_out(original: Samples) -> None:
    """Talk with the same long pauses as a stranger's: the pauses do not bring them together."""
    gap = np.zeros(30 * RATE, np.float32)
    one, other = (np.concatenate([talk(20, seed=s), gap, talk(20, seed=s + 1)]) for s in (1, 3))
    assert Query(words(one)).match(words(other)) is None
    assert int((words(one) == NOTHING).sum()) >= 30 / STEP - 4


def test_bytes_and_back(original: Samples) -> None:
    """Four bytes a word, little-endian; a broken length is refused."""
    found = words(original)
    assert np.array_equal(from_bytes(to_bytes(found)), found)
    assert to_bytes(np.array([1], np.uint32)) == b"\x01\0\0\0"
    with pytest.raises(ValueError, match="multiple"):
        from_bytes(b"abc")


def test_nothing_of_nothing() -> None:
    """Less than two frames have no words."""
    assert [len(words(np.zeros(size, np.float32))) for size in (0, 4095, 5119, 5120)] == [0, 0, 0, 1]


STRANGERS = [
    "good_en_same_gender_ff",
    "good_zh",
    "bad_unbalanced_90_10",
    "real_ami_2spk_mm",
    "tts_espeak",
    "bad_music_synth",
]


def _labelled_match(folder: Path, name: str) -> Match | None:
    query = _labelled_words(folder, "good_en_mf")
    return Query(query).match(_labelled_words(folder, name))


def _labelled_words(folder: Path, name: str) -> Words:
    return words(_samples((folder / f"{name}.ogg").read_bytes()))


@pytest.mark.parametrize(
    ("name", "shift"),
    [
        ("dup_reencode_12k", 0),
        ("dup_trim1s_24k", -1),
        ("bad_noisy_snr5", 0),
        ("bad_clipped", 0),
        ("bad_narrowband_8k", 0),
        ("bad_quiet_m45", 0),
        ("bad_truncated", 0),
    ],
)
def test_labelled_copies(labelled: Path, name: str, shift: float) -> None:
    """All that was made of the good one is found."""
    match = _labelled_match(labelled, name)
    assert match is not None
    assert match.errors < LIMIT - 0.04
    assert match.shift == pytest.approx(shift, abs=STEP)


def test_labelled_strangers(labelled: Path) -> None:
    """Nothing of other people is."""
    assert {name: _labelled_match(labelled, name) for name in STRANGERS} == dict.fromkeys(STRANGERS)
