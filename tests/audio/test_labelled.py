"""Real speech with labels: each defect that these checks cover is found, and nothing else."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.audio.measure import Listener
from bot.rules.audio import AudioFacts, Code, Finding, SampleChecks, judge

TWO, THREE = timedelta(minutes=2), timedelta(minutes=3)


@pytest.fixture(scope="module")
def listener() -> Listener:
    """Everything to hear with, loaded once."""
    return Listener()


def _judge(facts: AudioFacts) -> tuple[Finding, ...]:
    return judge(facts, SampleChecks(), shortest=TWO, longest=THREE)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("good_en_mf", []),
        ("good_en_same_gender_ff", []),
        ("good_zh", []),
        ("dup_reencode_12k", []),
        ("dup_trim1s_24k", []),
        ("real_ami_2spk_mm", [Code.too_short]),
        ("bad_too_short_40s", [Code.too_short]),
        ("bad_clipped", [Code.distorted]),
        ("bad_quiet_m45", [Code.quiet]),
        ("bad_mostly_silence", [Code.silence]),
        ("bad_music_synth", [Code.silence]),
        ("bad_truncated", [Code.too_short, Code.unreadable]),
        ("bad_corrupt_bytes", [Code.too_short, Code.unreadable]),
    ],
)
def test_labelled_recordings(labelled: Path, listener: Listener, name: str, codes: list[Code]) -> None:
    """Exactly the labelled defects are found, under the default policy; good ones have no finding at all."""
    facts = listener.measure((labelled / f"{name}.ogg").read_bytes(), 900).facts
    assert [finding.code for finding in _judge(facts)] == codes


@pytest.mark.parametrize("name", ["good_en_mf", "good_en_same_gender_ff", "good_zh"])
def test_speech_ratio_is_near_the_label(labelled: Path, listener: Listener, name: str) -> None:
    """Within 5 points of the hand-made segments, and the same when the recording is 30 dB quieter."""
    labels = {"good_en_mf": 0.834, "good_en_same_gender_ff": 0.832, "good_zh": 0.844}
    facts = listener.measure((labelled / f"{name}.ogg").read_bytes(), 900).facts
    assert facts.speech_ratio == pytest.approx(labels[name], abs=0.05)


def test_the_same_bytes_give_the_same_facts(labelled: Path, listener: Listener) -> None:
    """Nothing of one recording leaks into the facts of the next."""
    good, other = ((labelled / f"{name}.ogg").read_bytes() for name in ("good_zh", "bad_clipped"))
    first = listener.measure(good, 900)
    listener.measure(other, 900)
    assert listener.measure(good, 900) == first
