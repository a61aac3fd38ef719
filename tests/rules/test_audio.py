"""The rules about recordings: every finding and its limits."""

from dataclasses import replace
from typing import Any

import pytest

from bot.rules.audio import (
    SEVERITIES,
    Code,
    Finding,
    Quality,
    Reason,
    SampleChecks,
    Unreadable,
    judge_unreadable,
    refused,
)
from tests.rules.recordings import GOOD, NOTE, REFUSE, WARN, judged

DEFECTS: list[tuple[dict[str, Any], Finding]] = [
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
    ({"snr": 9.8}, Finding(Code.noise, REFUSE, 9.8, 12.0, "snr")),
    ({"snr": 18.0}, Finding(Code.noise, WARN, 18.0, 20.0, "snr")),
    ({"bandwidth": 3600.0}, Finding(Code.narrow, REFUSE, 3600.0, 4500.0, "bandwidth")),
    ({"bandwidth": 5400.0}, Finding(Code.narrow, WARN, 5400.0, 6000.0, "bandwidth")),
    ({"likeness": 0.9}, Finding(Code.one_voice, REFUSE, 0.9, 0.84, "likeness")),
    ({"likeness": 0.81}, Finding(Code.one_voice, NOTE, 0.81, 0.79, "likeness")),
    ({"shares": (0.115, 0.885)}, Finding(Code.balance, REFUSE, 0.115, 0.15, "shares")),
    ({"shares": (0.75, 0.25)}, Finding(Code.balance, WARN, 0.25, 0.3, "shares")),
    ({"longest_turn": 60.0}, Finding(Code.long_turn, WARN, 60.0, 45.0, "longest_turn")),
    ({"loop": 30.0}, Finding(Code.loop, REFUSE, 30.0, None, "loop")),
    ({"third_voice": 0.8}, Finding(Code.third_voice, NOTE, 0.8, 0.5, "third_voice")),
    ({"synthetic": 1.0}, Finding(Code.synthetic, NOTE, 1.0, 0.4, "synthetic")),
    ({"quality": Quality(2.0, 1.4, 1.5)}, Finding(Code.quality, NOTE, 1.5, 2.4, "quality")),
    ({"ended": False}, Finding(Code.unended, WARN, fact="ended")),
]


@pytest.mark.parametrize(("change", "finding"), DEFECTS)
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
        {"snr": 20.0, "bandwidth": 6000.0, "likeness": 0.79, "shares": (0.3, 0.7), "longest_turn": 45.0},
        {"third_voice": 0.5, "synthetic": 0.4, "quality": Quality(1.0, 1.0, 2.4)},
        {"ended": None, "container": "mp3"},
    ],
)
def test_nothing_is_found_in_a_good_recording(change: dict[str, Any]) -> None:
    """A limit that is just met is met, a second is forgiven as it is shown, and no claim counts."""
    assert judged(replace(GOOD, **change)) == ()


def test_all_findings_come_together_in_one_order() -> None:
    """A recording that fails everything hears everything at once."""
    worst = replace(
        GOOD,
        duration=100.0,
        loudness=-70.0,
        clipping=1.0,
        snr=0.0,
        bandwidth=3400.0,
        longest_silence=30.0,
        shares=(0.9, 0.1),
        longest_turn=80.0,
        loop=20.0,
        third_voice=1.0,
        synthetic=1.0,
        quality=Quality(1.0, 1.0, 1.0),
        ended=False,
        damage=1.0,
    )
    assert [finding.code for finding in judged(worst)] == [
        code for code in Code if code not in (Code.too_long, Code.one_voice)
    ]


def test_what_breaks_off_is_not_asked_for_its_end_as_well() -> None:
    """One defect, one finding; and decoding that stopped at the cap saw no end."""
    assert [f.code for f in judged(replace(GOOD, ended=False, complete=False))] == [Code.unreadable]
    assert [f.code for f in judged(replace(GOOD, ended=False, capped=True))] == [Code.too_long]


STRANGE = replace(
    GOOD,
    snr=0.0,
    bandwidth=3400.0,
    likeness=0.95,
    shares=(0.9, 0.1),
    longest_turn=80.0,
    loop=20.0,
    third_voice=1.0,
    synthetic=1.0,
    quality=Quality(1.0, 1.0, 1.0),
)
"""Everything is wrong that is only wrong if somebody speaks."""


def test_without_speech_only_the_silence_is_told() -> None:
    """Music has no balance, no voices, and no noise behind its words, whatever was measured in it."""
    assert [f.code for f in judged(replace(STRANGE, speech_ratio=0.0))] == [Code.silence]


def test_a_greeting_is_not_asked_who_speaks() -> None:
    """Under half a minute of speech: how it sounds is told, voices and turns are not."""
    short = replace(STRANGE, duration=30.0, likeness=0.5)
    assert [f.code for f in judged(short)] == [
        *(Code.too_short, Code.noise, Code.narrow, Code.loop, Code.synthetic, Code.quality)
    ]


def test_a_third_voice_is_told_of_only_after_a_minute_of_speech() -> None:
    """In less, the hint takes two people for three."""
    company = replace(GOOD, third_voice=1.0, speech_ratio=0.39)
    assert judged(company) == ()
    assert judged(replace(company, speech_ratio=0.41)) == (
        Finding(Code.third_voice, NOTE, 1.0, 0.5, "third_voice"),
    )


def test_one_voice_has_no_balance() -> None:
    """Refused as one voice, nothing is said of the shares and turns of two."""
    assert [f.code for f in judged(replace(GOOD, likeness=0.9, shares=(0.9, 0.1), longest_turn=90.0))] == [
        Code.one_voice
    ]
    alone = replace(GOOD, voices=1, likeness=0.9, shares=(1.0,), longest_turn=150.0)
    assert [f.code for f in judged(alone)] == [Code.one_voice]


def test_who_cannot_be_heard_has_no_share() -> None:
    """One voice whose halves are not alike: the other one says too little for a turn, and that is the balance."""
    nearly = replace(GOOD, voices=1, likeness=0.6, shares=(1.0,), longest_turn=140.0)
    assert judged(nearly) == (
        Finding(Code.balance, REFUSE, 0.0, 0.15, "shares"),
        Finding(Code.long_turn, WARN, 140.0, 45.0, "longest_turn"),
    )


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        ({"voices": 1, "likeness": None, "shares": (1.0,)}, SampleChecks()),  # too little to tell
        ({"voices": 1, "likeness": 0.9, "shares": (1.0,)}, SampleChecks(one_voice=0, one_voice_note=0)),
        ({"voices": None, "likeness": None, "shares": ()}, SampleChecks()),
    ],
)
def test_nobody_is_out_of_balance_with_nobody(change: dict[str, Any], checks: SampleChecks) -> None:
    """Where one voice is allowed, or nothing is known of two, it is not asked for the share of the other."""
    assert judged(replace(GOOD, longest_turn=140.0, **change), checks) == ()


def test_between_one_voice_and_two_nobody_is_refused() -> None:
    """The reviewers are told, and a bad balance, which may be an error, is a warning at any share."""
    unsure = replace(GOOD, likeness=0.82, shares=(0.95, 0.05), longest_turn=90.0)
    assert judged(unsure) == (
        Finding(Code.one_voice, NOTE, 0.82, 0.79, "likeness"),
        Finding(Code.balance, WARN, 0.05, 0.3, "shares"),
        Finding(Code.long_turn, WARN, 90.0, 45.0, "longest_turn"),
    )
    strict = SampleChecks(balance_warn=0)
    assert judged(unsure, strict)[1] == Finding(Code.balance, WARN, 0.05, 0.15, "shares")


def test_the_predicted_quality_may_follow_later() -> None:
    """The same facts without it and with it differ by that finding alone."""
    before = replace(GOOD, snr=18.0, quality=None)
    after = replace(before, quality=Quality(2.0, 1.5, 1.6))
    assert set(judged(after)) - set(judged(before)) == {Finding(Code.quality, NOTE, 1.6, 2.4, "quality")}
    assert set(judged(before)) <= set(judged(after))


def test_every_severity_of_every_code_can_be_found() -> None:
    """The table that the words are tested against promises nothing that does not happen."""
    seen = set()
    for change, finding in DEFECTS:
        seen |= {(f.code, f.severity) for f in judged(replace(GOOD, **change))}
        seen.add((finding.code, finding.severity))
    assert seen == {(code, severity) for code, severities in SEVERITIES.items() for severity in severities}
    assert set(SEVERITIES) == set(Code)


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
