"""Who speaks when: the pure parts by properties, the whole on the shipped dialogues and on labelled speech."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audio.decode import RATE, decode
from bot.audio.embeddings import SIZE, WINDOW, VoiceModel
from bot.audio.fbank import BANDS, fbank
from bot.audio.levels import Samples
from bot.audio.speech import SpeechDetector, stretches
from bot.audio.voices import ONE_VOICE, PAUSE, Stretch, Voices, cheapest, cut, hear_voices, join_turns
from bot.rules.audio import Turn
from tests.audio.files import noise, sine

DIALOGUES = Path(__file__).resolve().parents[2] / "bot" / "demo" / "dialogues"


@pytest.fixture(scope="module")
def model() -> VoiceModel:
    """The network, loaded once."""
    return VoiceModel()


def _load(path: Path) -> tuple[Samples, list[Stretch]]:
    """A recording's samples and its stretches of speech."""
    x = np.frombuffer(decode(path.read_bytes(), 900).pcm, dtype=np.int16).astype(np.float32) / np.float32(
        32768
    )
    return x, stretches(SpeechDetector().probabilities(x))


def _hear(path: Path, model: VoiceModel) -> Voices:
    x, speech = _load(path)
    return hear_voices(x, speech, model)


def _check(voices: Voices, speech: list[Stretch]) -> None:
    """What holds for every recording in which somebody speaks."""
    assert sum(voices.shares) == pytest.approx(1)
    assert len(voices.shares) == voices.count
    assert {turn.voice for turn in voices.turns} == set(range(voices.count))
    assert voices.turns[0].voice == 0
    assert (voices.turns[0].start, voices.turns[-1].end) == (speech[0][0], speech[-1][1])
    bounds = [moment for turn in voices.turns for moment in (turn.start, turn.end)]
    assert bounds == sorted(bounds)
    for moment in bounds:
        assert any(start - 1e-9 <= moment <= end + 1e-9 for start, end in speech)
    assert voices.longest_turn == max(turn.end - turn.start for turn in voices.turns)


# The features


def test_a_tone_fills_the_bands_around_it() -> None:
    """1 kHz, which is mel 1000: band 27 of 80, whose centres are 34.6 mel apart from 31.7 on."""
    features = fbank(sine(0.5, 0.5, frequency=1000))
    assert features.shape == (48, BANDS)
    assert set(features.argmax(axis=1)) == {27}


def test_the_level_shifts_all_bands_alike() -> None:
    """Half the amplitude is 2·ln 2 less everywhere, so that nothing of the level is left without the mean."""
    x = noise(1.0)
    assert np.allclose(fbank(x) - fbank(x / 2), 2 * np.log(2), atol=1e-4)


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (399, 0), (400, 1), (559, 1), (560, 2)])
def test_only_whole_frames_count(samples: int, frames: int) -> None:
    """Kaldi's `snip-edges`: 25 ms every 10 ms, nothing beyond the end."""
    assert fbank(np.zeros(samples, np.float32)).shape == (frames, BANDS)


def test_features_do_not_depend_on_what_comes_after() -> None:
    """Many frames are transformed in batches; the batch leaves no trace."""
    x = noise(60)
    assert np.allclose(fbank(x)[3000:3100], fbank(x[3000 * 160 : 3099 * 160 + 400]), atol=1e-4)


# The network


def test_embeddings_have_length_one_and_no_level(model: VoiceModel) -> None:
    """30 dB quieter is the same voice; as many rows as windows, in their order."""
    x, _ = _load(DIALOGUES / "night-market.ogg")
    windows = [(2.0, 3.5), (20.0, 20.4), (30.0, 31.5)]
    found = model.embed(x, windows)
    assert found.shape == (3, SIZE)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1])
    assert (found * model.embed(x / 32, windows)).sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-3)
    assert model.embed(x, windows[::-1]) == pytest.approx(found[::-1], abs=1e-4)


@pytest.mark.parametrize("window", [(0.0, 0.0), (0.0, 0.01), (0.99, 1.0), (0.9, 5.0)])
def test_windows_at_the_edge_have_an_embedding(model: VoiceModel, window: Stretch) -> None:
    """Shorter than a frame or beyond the end: some finite direction."""
    assert np.isfinite(model.embed(noise(1.0), [window])).all()


def test_nothing_to_embed(model: VoiceModel) -> None:
    """No window, or no whole frame of samples."""
    assert model.embed(noise(1.0), []).shape == (0, SIZE)
    assert model.embed(noise(0.01), [(0.0, 0.01)]).tolist() == [[0.0] * SIZE]


# Windows, moments, turns

STRETCH = st.tuples(st.floats(0, 300), st.floats(0.2, 60)).map(lambda it: (it[0], it[0] + it[1]))


@given(STRETCH)
def test_windows_cover_their_stretch(stretch: Stretch) -> None:
    """From its start to its end without a gap, none longer than the network hears."""
    windows = cut(stretch)
    assert (windows[0][0], windows[-1][1]) == stretch
    assert all(end - start <= WINDOW + 1e-9 for start, end in windows)
    assert all(after[0] <= before[1] for before, after in pairwise(windows))


def _worth(path: list[int], leans: list[float], prices: list[float]) -> float:
    gains = sum(lean / 2 if voice == 0 else -lean / 2 for voice, lean in zip(path, leans, strict=True))
    return gains - sum(prices[i] for i in range(1, len(path)) if path[i] != path[i - 1])


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), min_size=1, max_size=8))
def test_no_other_path_is_worth_more(moments: list[tuple[float, float]]) -> None:
    """Against all paths there are."""
    leans, prices = [lean for lean, _ in moments], [0.0, *(price for _, price in moments[1:])]
    every = [[n >> i & 1 for i in range(len(moments))] for n in range(2 ** len(moments))]
    best = max(_worth(path, leans, prices) for path in every)
    assert _worth(cheapest(leans, prices), leans, prices) == pytest.approx(best)


@st.composite
def _parts(draw: st.DrawFn) -> list[Turn]:
    """Parts of talk in order, with and without pauses."""
    parts, at = [], 0.0
    for voice, pause, length in draw(
        st.lists(st.tuples(st.integers(0, 1), st.floats(0, 4), st.floats(0.05, 9)), min_size=1, max_size=20)
    ):
        parts.append(Turn(voice, at + pause, at + pause + length))
        at += pause + length
    return parts


@given(_parts())
def test_turns_end_with_the_voice_or_a_long_pause(parts: list[Turn]) -> None:
    """Every part is within one turn of its voice, and no two neighbours could be one turn."""
    turns = join_turns(parts)
    for part in parts:
        voice = int(part.voice != parts[0].voice)
        assert [t.voice for t in turns if t.start <= part.start and part.end <= t.end] == [voice]
    for before, after in pairwise(turns):
        assert before.voice != after.voice or after.start - before.end >= PAUSE
    assert join_turns(turns) == turns


def test_who_speaks_first_is_voice_0() -> None:
    """Whatever number the clustering gave; a pause of two seconds ends a turn, a shorter one does not."""
    parts = [Turn(1, 0.0, 1.0), Turn(1, 2.5, 3.0), Turn(0, 3.0, 4.0), Turn(0, 6.0, 7.0)]
    assert join_turns(parts) == (Turn(0, 0.0, 3.0), Turn(1, 3.0, 4.0), Turn(1, 6.0, 7.0))
    assert join_turns([]) == ()


# The whole


def test_nobody_speaks(model: VoiceModel) -> None:
    """No speech, no voice."""
    expected = Voices(0, None, None, (), (), 0.0, 0.0, None)
    assert hear_voices(noise(5.0), [], model) == expected


def test_too_little_to_tell(model: VoiceModel) -> None:
    """Three seconds are somebody's, without a likeness."""
    expected = Voices(1, None, None, (Turn(0, 1.0, 4.0),), (1.0,), 3.0, 20.0, None)
    assert hear_voices(noise(5.0), [(1.0, 4.0)], model) == expected


@pytest.mark.parametrize("name", ["hotpot", "lost-in-the-hills", "night-market", "office-printer", "whisper"])
def test_shipped_dialogues_have_two_voices(model: VoiceModel, name: str) -> None:
    """Far from one voice, nobody with two thirds of the talk, and as many turns as their script has, or nearly."""
    x, speech = _load(DIALOGUES / f"{name}.ogg")
    voices = hear_voices(x, speech, model)
    _check(voices, speech)
    assert voices.count == 2
    assert voices.likeness is not None
    assert voices.likeness < 0.7
    assert max(voices.shares) < 2 / 3
    lines = len((DIALOGUES / f"{name}.txt").read_text("utf-8").splitlines())
    assert len(voices.turns) == pytest.approx(lines, abs=2)
    assert voices.third is not None
    assert voices.third < 0.5


def test_one_voice_of_a_dialogue_is_one_voice(model: VoiceModel) -> None:
    """Only the first voice's turns: one voice, one turn where nothing but short pauses part them."""
    x, speech = _load(DIALOGUES / "lost-in-the-hills.ogg")
    turns = [turn for turn in hear_voices(x, speech, model).turns if turn.voice == 0]
    alone = [(max(a, t.start), min(b, t.end)) for t in turns for a, b in speech if a < t.end and t.start < b]
    voices = hear_voices(x, alone, model)
    _check(voices, alone)
    assert (voices.count, voices.third) == (1, None)
    assert voices.likeness is not None
    assert voices.likeness >= ONE_VOICE


def test_the_same_bytes_give_the_same_voices(model: VoiceModel) -> None:
    """No dice, and nothing of one recording is left for the next."""
    paths = [DIALOGUES / f"{name}.ogg" for name in ("whisper", "hotpot")]
    first = _hear(paths[0], model)
    _hear(paths[1], model)
    assert _hear(paths[0], model) == first == _hear(paths[0], VoiceModel(threads=1))


# Labelled speech


def _labels(labelled: Path, name: str) -> dict[str, Any]:
    labels: dict[str, Any] = json.loads((labelled / f"{name}.json").read_text("utf-8"))
    return labels


@pytest.mark.parametrize(
    "name",
    [
        "good_en_mf",
        "good_en_same_gender_ff",
        "good_zh",
        "bad_unbalanced_90_10",
        "bad_noisy_snr5",
        "bad_clipped",
        "bad_quiet_m45",
        "bad_narrowband_8k",
        "bad_too_short_40s",
        "bad_mostly_silence",
    ],
)
def test_built_dialogues(labelled: Path, model: VoiceModel, name: str) -> None:
    """Two voices, shares within 5 points and the longest turn within 2 s of the labels, as many turns."""
    x, speech = _load(labelled / f"{name}.ogg")
    voices, labels = hear_voices(x, speech, model), _labels(labelled, name)
    _check(voices, speech)
    assert voices.likeness is not None
    assert voices.likeness < 0.782
    first = labels["turn_list"][0]["speaker"]
    assert voices.shares[0] == pytest.approx(labels["talk_share"][first], abs=0.05)
    assert voices.longest_turn == pytest.approx(labels["longest_turn"], abs=2)
    assert len(voices.turns) == labels["turns"]
    assert voices.third is not None
    assert voices.third < 0.5


def test_a_monologue_is_one_voice(labelled: Path, model: VoiceModel) -> None:
    """One turn from the first word to the last."""
    voices = _hear(labelled / "bad_monologue_en.ogg", model)
    assert voices.likeness is not None
    assert voices.likeness >= ONE_VOICE
    assert (voices.count, voices.shares, len(voices.turns)) == (1, (1.0,), 1)
    assert voices.longest_turn == pytest.approx(146.7, abs=2)


def test_spontaneous_talk_is_not_one_voice(labelled: Path, model: VoiceModel) -> None:
    """Two men far from the microphone, who interrupt each other: never refused for one voice."""
    voices = _hear(labelled / "real_ami_2spk_mm.ogg", model)
    assert voices.count == 2
    assert voices.likeness is not None
    assert voices.likeness < 0.782
    assert voices.longest_turn == pytest.approx(11.87, abs=2)


def test_a_third_voice_is_hinted_at(labelled: Path, model: VoiceModel) -> None:
    """Somebody else's half minute before a dialogue of two minutes shows; the dialogue alone has no hint."""
    x, speech = _load(labelled / "good_zh.ogg")
    other, monologue = _load(labelled / "bad_monologue_en.ogg")
    third = [(start, end) for start, end in monologue if end < 30]
    mixed = [*third, *((start + 30, end + 30) for start, end in speech)]
    voices = hear_voices(np.concatenate([other[: 30 * RATE], x]), mixed, model)
    assert hear_voices(x, speech, model).third == 0.0
    assert voices.third == 1.0
    assert voices.count == 2
