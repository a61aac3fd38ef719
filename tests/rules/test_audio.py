"""The rules about recordings: every finding, its limits, and that facts survive JSON."""

import json
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.audio import (
    AudioFacts,
    Code,
    Finding,
    Reason,
    SampleChecks,
    Severity,
    Unreadable,
    judge,
    judge_unreadable,
    refused,
)

TWO, THREE = timedelta(minutes=2), timedelta(minutes=3)
REFUSE, WARN = Severity.refuse, Severity.warn
GOOD = AudioFacts(
    duration=150.0,
    container="ogg",
    codec="opus",
    sample_rate=48000,
    channels=1,
    loudness=-23.0,
    peak=-3.0,
    clipping=2.0,
    speech_ratio=0.85,
    longest_silence=1.2,
    content_hash="ab" * 32,
    declared=150.0,
)
NO_CHECKS = SampleChecks(
    loudness=0, loudness_warn=0, clipping=0, clipping_warn=0, speech=0, silence=None, damage=0
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
facts_strategy = st.builds(
    AudioFacts,
    duration=st.floats(0, 1000),
    container=st.text(max_size=9),
    codec=st.text(max_size=9),
    sample_rate=st.integers(1, 192000),
    channels=st.integers(1, 8),
    loudness=st.floats(-70, 0),
    peak=st.floats(-96, 0),
    clipping=st.floats(1, 10),
    speech_ratio=st.floats(0, 1),
    longest_silence=st.floats(0, 1000),
    content_hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    declared=st.none() | finite,
    complete=st.booleans(),
    capped=st.booleans(),
    damage=st.floats(0, 1),
)


def judged(facts: AudioFacts, checks: SampleChecks | None = None) -> tuple[Finding, ...]:
    """The findings under the default policy."""
    return judge(facts, checks or SampleChecks(), shortest=TWO, longest=THREE)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"duration": 40.0}, Finding(Code.too_short, REFUSE, 40.0, 120.0, "duration")),
        ({"duration": 119.4}, Finding(Code.too_short, REFUSE, 119.4, 120.0, "duration")),
        ({"duration": 180.6}, Finding(Code.too_long, REFUSE, 180.6, 180.0, "duration")),
        ({"duration": 900.0, "capped": True}, Finding(Code.too_long, REFUSE, 900.0, 180.0, "duration")),
        ({"loudness": -45.4}, Finding(Code.quiet, REFUSE, -45.4, -40.0, "loudness")),
        ({"loudness": -38.0}, Finding(Code.quiet, WARN, -38.0, -36.0, "loudness")),
        ({"clipping": 1.0}, Finding(Code.distorted, REFUSE, 1.0, 1.4, "clipping")),
        ({"clipping": 1.45}, Finding(Code.distorted, WARN, 1.45, 1.5, "clipping")),
        ({"speech_ratio": 0.1}, Finding(Code.silence, REFUSE, 0.1, 0.35, "speech_ratio")),
        ({"longest_silence": 98.0}, Finding(Code.silence, REFUSE, 98.0, 20.0, "longest_silence")),
        (
            {"longest_silence": 98.0, "speech_ratio": 0.1},
            Finding(Code.silence, REFUSE, 98.0, 20.0, "longest_silence"),
        ),
        ({"complete": False}, Finding(Code.unreadable, REFUSE, 0.0, 0.02, "damage")),
        ({"damage": 0.9}, Finding(Code.unreadable, REFUSE, 0.9, 0.02, "damage")),
        ({"damage": 0.01}, Finding(Code.unreadable, WARN, 0.01, 0.02, "damage")),
    ],
)
def test_each_defect_has_its_finding(change: dict[str, Any], finding: Finding) -> None:
    """One bad fact in an otherwise good recording gives exactly one finding, with what was measured."""
    assert judged(replace(GOOD, **change)) == (finding,)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"duration": 119.5},
        {"duration": 180.5},
        {"declared": None},
        {"declared": 7200.0},
        {"sample_rate": 8000, "channels": 2, "codec": "pcm_s16le", "container": "wav"},
        {"longest_silence": 20.0, "speech_ratio": 0.35, "loudness": -36.0, "clipping": 1.5},
    ],
)
def test_nothing_is_found_in_a_good_recording(change: dict[str, Any]) -> None:
    """A limit that is just met is met, a second is forgiven as it is shown, and no claim counts."""
    assert judged(replace(GOOD, **change)) == ()


def test_all_findings_come_together_in_one_order() -> None:
    """A recording that fails everything hears everything at once."""
    worst = replace(
        GOOD, duration=3.0, loudness=-70.0, clipping=1.0, speech_ratio=0.0, complete=False, damage=1.0
    )
    assert [finding.code for finding in judged(worst)] == [
        Code.too_short,
        Code.quiet,
        Code.distorted,
        Code.silence,
        Code.unreadable,
    ]


def test_a_warning_refuses_nothing() -> None:
    """Only the severity `refuse` turns a sample away."""
    assert not refused(judged(replace(GOOD, loudness=-38.0)))
    assert refused(judged(replace(GOOD, loudness=-48.0)))
    assert not refused(())


def test_unreadable_bytes_give_one_refusal_with_the_reason() -> None:
    """Bytes without facts are refused under the code that is said to people, and keep their reason."""
    findings = judge_unreadable(Unreadable(reason=Reason.not_audio))
    assert findings == (Finding(Code.unreadable, REFUSE, reason=Reason.not_audio),)
    assert refused(findings)


@given(facts_strategy)
def test_zero_turns_every_limit_off(facts: AudioFacts) -> None:
    """With every limit off, only a file that breaks off or is damaged is still mentioned."""
    findings = judge(facts, NO_CHECKS, shortest=timedelta(0), longest=None)
    assert {finding.code for finding in findings} <= {Code.unreadable}
    assert refused(findings) == (not facts.complete)


@given(facts_strategy)
def test_findings_are_distinct_and_carry_a_missed_limit(facts: AudioFacts) -> None:
    """No code twice; every finding names a fact and its measured value."""
    findings = judged(facts)
    assert len({finding.code for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.fact is not None
        assert finding.measured == getattr(facts, finding.fact)
        assert finding.wanted is not None


@given(facts_strategy, st.none() | finite, st.text(), st.text())
def test_no_claim_of_the_file_is_an_input(
    facts: AudioFacts, declared: float | None, container: str, codec: str
) -> None:
    """Whatever the header says about length and type, the findings stay the same."""
    assert judged(replace(facts, declared=declared, container=container, codec=codec)) == judged(facts)


@given(facts_strategy, st.floats(0, 30))
def test_turning_the_volume_up_never_adds_quiet(facts: AudioFacts, louder: float) -> None:
    """Quiet is monotone in loudness."""
    before = {finding.code for finding in judged(facts)}
    after = {finding.code for finding in judged(replace(facts, loudness=facts.loudness + louder))}
    assert after <= before


@given(facts_strategy)
def test_facts_survive_json(facts: AudioFacts) -> None:
    """Through real JSON text and back, every fact is the same."""
    assert AudioFacts.from_json(json.loads(json.dumps(facts.to_json(), allow_nan=False))) == facts


def test_facts_of_a_newer_version_can_be_read() -> None:
    """A name that this version does not know is left out; a fact with a default may be missing."""
    data = {**GOOD.to_json(), "smell": 0.5}
    del data["damage"]
    assert AudioFacts.from_json(data) == GOOD


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {**GOOD.to_json(), "duration": "150"},
        {**GOOD.to_json(), "duration": float("nan")},
        {**GOOD.to_json(), "loudness": True},
        {**GOOD.to_json(), "channels": 1.5},
        {**GOOD.to_json(), "channels": True},
        {**GOOD.to_json(), "complete": 1},
        {**GOOD.to_json(), "codec": None},
        {**GOOD.to_json(), "voices": 2.0},
        {**GOOD.to_json(), "noise": "loud"},
        {**GOOD.to_json(), "ended": 1},
        {**GOOD.to_json(), "shares": 0.5},
        {**GOOD.to_json(), "shares": [0.5, None]},
        {**GOOD.to_json(), "turns": [[0, 1.0, 2.0]]},
        {**GOOD.to_json(), "turns": [{"voice": 0, "start": 1.0}]},
        {**GOOD.to_json(), "quality": {"signal": 4.0, "background": 4.0, "overall": True}},
    ],
)
def test_what_is_no_facts_is_refused(broken: object) -> None:
    """Wrong shapes and types raise ValueError instead of becoming facts."""
    with pytest.raises(ValueError, match=r"cannot be|must be|lacks"):
        AudioFacts.from_json(broken)


def test_every_fact_without_a_default_is_required() -> None:
    """Leaving out any one of the measured facts is an error that names it."""
    required = [field.name for field in fields(AudioFacts) if field.default is MISSING]
    assert required == [
        *("duration", "container", "codec", "sample_rate", "channels", "loudness", "peak", "clipping"),
        *("speech_ratio", "longest_silence", "content_hash"),
    ]
    for field in fields(AudioFacts):
        data = GOOD.to_json()
        del data[field.name]
        if field.name in required:
            with pytest.raises(ValueError, match=field.name):
                AudioFacts.from_json(data)
        else:
            assert getattr(AudioFacts.from_json(data), field.name) == field.default
