"""Facts about recordings survive JSON, and nothing else becomes facts."""

import json
from dataclasses import MISSING, fields

import pytest
from hypothesis import given

from bot.rules.audio import AudioFacts
from tests.rules.recordings import GOOD, facts_strategy


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
