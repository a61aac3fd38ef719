"""Real speech with labels: each defect that these checks cover is found, and nothing else."""

import asyncio
from pathlib import Path

import pytest

from bot.audio.measure import Listener
from bot.hear import Report, labels, recordings, report
from bot.rules.audio import Code, Severity
from bot.rules.policy import SamplePolicy


@pytest.fixture(scope="module")
def listener() -> Listener:
    """Everything to hear with, loaded once."""
    return Listener()


REFUSED = {
    "bad_too_short_40s": [Code.too_short],
    "bad_clipped": [Code.distorted],
    "bad_quiet_m45": [Code.quiet],
    "bad_noisy_snr5": [Code.noise],
    "bad_narrowband_8k": [Code.narrow],
    "bad_mostly_silence": [Code.silence],
    "bad_music_synth": [Code.silence],
    "bad_monologue_en": [Code.one_voice, Code.loop],  # some of its sentences are in it twice
    "bad_unbalanced_90_10": [Code.balance],
    "bad_looped_30s_x5": [Code.loop],
    "bad_truncated": [Code.too_short, Code.unreadable],
    "bad_corrupt_bytes": [Code.too_short, Code.unreadable],
    "tts_espeak": [Code.one_voice],  # its two voices are one to the model of voices
    "real_ami_2spk_mm": [Code.too_short],  # a minute only; its talk is to be accepted
}
"""What each labelled recording is refused for. Nothing is warned of in any of them."""

ACCEPTED = ["good_en_mf", "good_en_same_gender_ff", "good_zh", "dup_reencode_12k", "dup_trim1s_24k"]


@pytest.fixture(scope="module")
def reports(labelled: Path) -> dict[str, Report]:
    """Everything in the folder, heard as samples are."""
    expected = labels(labelled / "labels.json")
    found = asyncio.run(report(recordings(labelled, expected), expected, SamplePolicy(), rate=False))
    return {one.name.removesuffix(".ogg"): one for one in found}


@pytest.mark.parametrize("name", [*ACCEPTED, *REFUSED])
def test_each_is_refused_for_its_labelled_cause(reports: dict[str, Report], name: str) -> None:
    """For just that, under the default policy; good ones have no finding at all but notes."""
    found = [finding for finding in reports[name].findings if finding.severity is not Severity.note]
    assert [finding.code for finding in found] == REFUSED.get(name, [])
    assert all(finding.severity is Severity.refuse for finding in found)


def test_copies_are_found(reports: dict[str, Report]) -> None:
    """Encoded again or cut, each names its original, and no recording of other people is one."""
    copies = {name: one.copy_of for name, one in reports.items()}
    original = "good_en_mf.ogg"
    assert {name: copies[name] for name in ACCEPTED} == {
        **dict.fromkeys(ACCEPTED),
        "dup_reencode_12k": original,
        "dup_trim1s_24k": original,
    }
    others = ("bad_monologue_en", "bad_unbalanced_90_10", "bad_music_synth", "tts_espeak", "real_ami_2spk_mm")
    assert {copies[name] for name in others} == {None}


def test_synthetic_voices_are_noted(reports: dict[str, Report]) -> None:
    """The machine's is, nobody else's; what it was refused for is something else."""
    noted = {
        name
        for name, one in reports.items()
        if Code.synthetic in [f.code for f in one.findings if f.severity is Severity.note]
    }
    assert noted == {"tts_espeak"}


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
