"""What is written in the picture of a recording."""

from dataclasses import replace

import pytest

from bot.rules.audio import SEVERITIES, AudioFacts, Code, Finding, Severity, Turn
from bot.texts import speech
from handlers.render.pictures import LABELS, SketchWords, captions, clock
from tests.handlers.examples.pictures import BARE, BROKEN, MEASURED

EN = speech("en")


def test_a_good_recording_has_three_numbers_and_no_problem() -> None:
    """How long, how clear, how lively, and each voice with its share, in English."""
    assert captions(12, MEASURED, (), EN) == SketchWords(
        title="Sample 12",
        silence="silence",
        marks=(),
        shares=(("Voice A 58%", 0.575), ("Voice B 42%", 0.425)),
        figures=(("2:48", "length"), ("31 dB", "above the noise"), ("1:36", "longest turn")),
    )


def test_the_words_are_chinese_for_chinese_readers() -> None:
    """The same, with a problem."""
    noisy = Finding(Code.noise, Severity.refuse, 9.0, 12.0, "snr")
    assert captions(12, MEASURED, (noisy,), speech("zh")) == SketchWords(
        title="样音12",
        silence="静音",
        marks=(("噪音太大", None),),
        shares=(("声音A 58%", 0.575), ("声音B 42%", 0.425)),
        figures=(("2:48", "时长"), ("31 dB", "人声高出噪音"), ("1:36", "最长一段话")),
    )


@pytest.mark.parametrize("facts", [BARE, replace(BARE, longest_turn=0.0)])
def test_there_are_three_numbers_without_voices(facts: AudioFacts) -> None:
    """Where noise and turns could not be measured, loudness and the share of speech stand in."""
    words = captions(12, facts, (), EN)
    assert words.shares == ()
    assert words.figures == (("2:48", "length"), ("-24 LUFS", "loudness"), ("84%", "speech"))


def test_every_finding_that_people_are_told_has_a_label() -> None:
    """All that can refuse or warn; a mere note is none of the picture's."""
    told = {code for code, severities in SEVERITIES.items() if {*severities} - {Severity.note}}
    assert set(LABELS) == told


def test_refusals_come_first_and_notes_not_at_all() -> None:
    """The picture is for the applicant too, and a note is a hint that only reviewers get."""
    findings = (
        Finding(Code.quiet, Severity.warn, -38.0, -36.0, "loudness"),
        Finding(Code.one_voice, Severity.note, 0.8, 0.79, "likeness"),
        Finding(Code.synthetic, Severity.note, 0.7, 0.5, "synthetic"),
        Finding(Code.balance, Severity.refuse, 0.1, 0.2, "shares"),
    )
    assert captions(12, MEASURED, findings, EN).marks == (("One-sided", None), ("A little quiet", None))


def test_what_has_a_place_is_marked_there() -> None:
    """The longest turn, what repeats itself, and the end of what breaks off."""
    facts = replace(BROKEN, turns=(Turn(0, 1.0, 20.0), Turn(1, 21.0, 90.0)), loop=100.0)
    findings = (
        Finding(Code.long_turn, Severity.warn, 69.0, 45.0, "longest_turn"),
        Finding(Code.loop, Severity.refuse, 100.0, None, "loop"),
        Finding(Code.unreadable, Severity.refuse, 0.1, 0.02, "damage"),
    )
    assert captions(12, facts, findings, EN).marks == (
        ("Repeats itself from 1:40", (100.0, 168.5)),
        ("Breaks off", (pytest.approx(165.13), 168.5)),
        ("Long turn: 1:09", (21.0, 90.0)),
    )


def test_damage_in_the_middle_has_no_place() -> None:
    """Where the lost part was, nobody knows."""
    damaged = Finding(Code.unreadable, Severity.warn, 0.01, 0.02, "damage")
    assert captions(12, MEASURED, (damaged,), EN).marks == (("Damaged", None),)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (65.0, "1:05"), (3661.0, "61:01")],
)
def test_times_look_as_on_a_player(seconds: float | None, shown: str) -> None:
    """Minutes and seconds, rounded, never 0:60."""
    assert clock(seconds) == shown
