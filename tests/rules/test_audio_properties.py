"""What holds for the findings about any recording."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.audio import (
    SEVERITIES,
    AudioFacts,
    Code,
    SampleChecks,
    judge,
    refused,
)
from tests.rules.recordings import NOTE, REFUSE, WARN, facts_strategy, finite, judged, share

NEW = frozenset(
    {"ended", "noise", "snr", "bandwidth", "voices", "likeness", "third_voice", "turns", "shares"}
    | {"longest_turn", "turns_per_minute", "overlap", "loop", "synthetic", "quality"}
)
"""Facts that older rows lack."""

OFF: dict[str, Any] = {"silence": None, "turn": None, "loops": False}
NO_CHECKS = SampleChecks(**{field.name: OFF.get(field.name, 0) for field in fields(SampleChecks)})


@given(facts_strategy)
def test_facts_of_an_older_version_give_no_new_finding(facts: AudioFacts) -> None:
    """What was not measured is no defect."""
    old = AudioFacts.from_json({name: value for name, value in facts.to_json().items() if name not in NEW})
    known = (Code.too_short, Code.too_long, Code.quiet, Code.distorted, Code.silence, Code.unreadable)
    assert {finding.code for finding in judged(old)} <= set(known)


@given(facts_strategy)
def test_each_finding_is_as_grave_as_it_may_be(facts: AudioFacts) -> None:
    """In the order of `Code`; machine voices, a third one and predictions never refuse."""
    findings = judged(facts)
    assert [f for f in findings if f.severity not in SEVERITIES[f.code]] == []
    assert [f.code for f in findings] == sorted((f.code for f in findings), key=list(Code).index)


@given(facts_strategy)
def test_zero_turns_every_limit_off(facts: AudioFacts) -> None:
    """With every limit off, only a file that breaks off, is damaged or has no end is still mentioned."""
    findings = judge(facts, NO_CHECKS, shortest=timedelta(0), longest=None)
    assert {finding.code for finding in findings} <= {Code.unended, Code.unreadable}
    assert refused(findings) == (not facts.complete)


@pytest.mark.parametrize("name", [field.name for field in fields(SampleChecks)])
@given(facts=facts_strategy)
def test_turning_one_limit_off_leaves_only_milder_findings(name: str, facts: AudioFacts) -> None:
    """Of its own code at most; nothing but a voice that is taken for two gets findings by it."""
    off = judged(facts, replace(SampleChecks(), **{name: OFF.get(name, 0)}))
    more = {f.code for f in off} - {f.code for f in judged(facts)}
    voices = {Code.balance, Code.long_turn}
    assert more <= (voices if name in ("one_voice", "one_voice_note") else set())


@given(facts_strategy)
def test_findings_are_distinct_and_carry_a_missed_limit(facts: AudioFacts) -> None:
    """No code twice; every finding names a fact and its measured value, and but for loops the limit."""
    findings = judged(facts)
    assert len({finding.code for finding in findings}) == len(findings)
    for finding in findings:
        assert finding.fact is not None
        value = getattr(facts, finding.fact)
        match finding.fact:
            case "shares":
                value = min(value) if facts.voices == 2 and value else 0.0
            case "quality":
                value = value.overall
            case "ended":
                value = None
        assert finding.measured == value
        assert (finding.wanted is None) == (finding.code in (Code.loop, Code.unended))


@given(facts_strategy, st.none() | finite, st.text(), st.text())
def test_no_claim_of_the_file_is_an_input(
    facts: AudioFacts, declared: float | None, container: str, codec: str
) -> None:
    """Whatever the header says about length and type, the findings stay the same."""
    assert judged(replace(facts, declared=declared, container=container, codec=codec)) == judged(facts)


def _shift(name: str, by: float) -> Callable[[AudioFacts, float], AudioFacts]:
    """Makes one fact better by a share of `by`, if it was measured."""

    def better(facts: AudioFacts, step: float) -> AudioFacts:
        value = getattr(facts, name)
        return facts if value is None else replace(facts, **{name: value + by * step})

    return better


def _evener(facts: AudioFacts, step: float) -> AudioFacts:
    if len(facts.shares) != 2:
        return facts
    return replace(facts, shares=tuple(one + (0.5 - one) * step for one in facts.shares))


def _rated_higher(facts: AudioFacts, step: float) -> AudioFacts:
    if facts.quality is None:
        return facts
    return replace(facts, quality=replace(facts.quality, overall=facts.quality.overall + 4 * step))


BETTER: dict[str, Callable[[AudioFacts, float], AudioFacts]] = {
    "loudness": _shift("loudness", 30),
    "clipping": _shift("clipping", 2),
    "longest_silence": _shift("longest_silence", -100),
    "damage": lambda facts, step: replace(facts, damage=facts.damage * (1 - step)),
    "snr": _shift("snr", 40),
    "bandwidth": _shift("bandwidth", 8000),
    "shares": _evener,
    "longest_turn": _shift("longest_turn", -200),
    "third_voice": _shift("third_voice", -1),
    "synthetic": _shift("synthetic", -1),
    "quality": _rated_higher,
}
"""How each fact gets better. Not here: more speech and less likeness, which let more be judged at all."""

GRAVITY = {REFUSE: 3, WARN: 2, NOTE: 1}


@pytest.mark.parametrize("name", BETTER)
@given(facts=facts_strategy, step=share)
def test_a_better_fact_never_adds_or_aggravates(name: str, facts: AudioFacts, step: float) -> None:
    """Whatever else is the matter with the recording."""
    before = {f.code: GRAVITY[f.severity] for f in judged(facts)}
    after = {f.code: GRAVITY[f.severity] for f in judged(BETTER[name](facts, step))}
    assert [code for code in after if after[code] > before.get(code, 0)] == []


@given(facts_strategy, st.floats(0, 1))
def test_clearer_voices_are_never_taken_for_one(facts: AudioFacts, clearer: float) -> None:
    """The likeness is monotone in its own finding."""
    before = {f.code: GRAVITY[f.severity] for f in judged(facts)}
    found = judged(_shift("likeness", -1)(facts, clearer))
    after = {f.code: GRAVITY[f.severity] for f in found}
    assert after.get(Code.one_voice, 0) <= before.get(Code.one_voice, 0)
