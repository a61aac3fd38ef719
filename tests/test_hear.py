"""`duologue hear`: a folder of recordings through the checks, and how often they are right."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli import command_line
from bot.hear import DIALOGUES, Report, hear, labels, recordings, report, summary, table
from bot.rules.audio import Code, Finding, Severity
from bot.rules.policy import SamplePolicy

NOISE = Finding(Code.noise, Severity.refuse, 5.0, 10.0, "snr")
QUIET = Finding(Code.quiet, Severity.warn, -37.0, -36.0, "loudness")
MADE = Finding(Code.synthetic, Severity.note, 0.9, 0.5, "synthetic")


def heard(name: str, *findings: Finding, copy_of: str | None = None, expected: str | None = None) -> Report:
    """A report without its facts."""
    return Report(name, None, findings, copy_of, expected)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three recordings, one of them a copy by another name, one that is none, with labels; and other files."""
    shutil.copy(DIALOGUES / "whisper.ogg", tmp_path / "a.ogg")
    shutil.copy(DIALOGUES / "whisper.ogg", tmp_path / "b.OGG")
    (tmp_path / "c.mp3").write_text("no sound at all")
    (tmp_path / "notes.txt").write_text("not a recording")
    (tmp_path / "labels.json").write_text(
        json.dumps(
            {
                "a": {"file": "a.ogg", "expect": "reject: quiet"},
                "c": {"file": "c.mp3", "expect": "accept"},
                "gone": {"file": "gone.ogg", "expect": "accept"},
                "unlabelled": {"file": "b.OGG"},
            }
        )
    )
    return tmp_path


async def test_every_recording_is_heard(folder: Path) -> None:
    """Judged like a sample, with labels beside what was found. A copy of what is refused is no copy."""
    expected = labels(folder / "labels.json")
    assert expected == {"a.ogg": "reject: quiet", "c.mp3": "accept", "gone.ogg": "accept"}
    paths = recordings(folder, expected)
    assert [path.name for path in paths] == ["c.mp3", "a.ogg", "b.OGG"]
    none, first, second = await report(paths, expected, SamplePolicy())
    assert {finding.code for finding in first.findings} >= {Code.too_short, Code.quiet}
    assert first.facts is not None
    assert first.facts.quality is not None
    assert (first.copy_of, first.expected, first.verdict) == (None, "reject: quiet", "refused")
    assert (second.facts, second.copy_of, second.expected) == (first.facts, None, None)
    assert (none.facts, [finding.code for finding in none.findings]) == (None, [Code.unreadable])
    assert none.expected == "accept"


async def test_copies_are_named(tmp_path: Path) -> None:
    """With the first recording of the folder that holds the same; the original is none."""
    for name in ("a.ogg", "b.ogg", "c.ogg"):
        shutil.copy(DIALOGUES / f"{'hotpot' if name == 'b.ogg' else 'night-market'}.ogg", tmp_path / name)
    reports = await report(recordings(tmp_path, {}), {}, SamplePolicy())
    assert [(one.copy_of, one.verdict) for one in reports] == [
        (None, "accepted"),
        (None, "accepted"),
        ("a.ogg", "refused"),
    ]


def test_what_is_printed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One table with a line for each recording, and a line for each kind of label."""
    monkeypatch.setenv("COLUMNS", "250")
    hear(folder)
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith("│")]
    assert [line.split()[1] for line in lines] == ["c.mp3", "a.ogg", "b.OGG"]
    assert "refuse: unreadable" in lines[0]
    assert "labelled “accept”: 0 accepted, 0 warned, 1 refused" in printed
    assert "labelled “reject”: 0 accepted, 0 warned, 1 refused" in printed


def test_a_narrow_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not fit as a table is a few lines for each recording: no figure is cut or torn."""
    monkeypatch.setenv("COLUMNS", "80")
    hear(folder)
    none, first, second, right = capsys.readouterr().out.split("\n\n")
    assert none == "c.mp3\n  found: refuse: unreadable\n  expected: accept"
    name, figures, found, expected = first.splitlines()
    assert (name, expected) == ("a.ogg", "  expected: reject: quiet")
    assert re.fullmatch(r"  s \d+\.\d  LUFS -\d+\.\d  .*  sig bak ovr( \d\.\d){3}", figures)
    assert found.startswith("  found: refuse: too_short")
    assert second.splitlines() == ["b.OGG", figures, found]
    assert len(right.splitlines()) == 2


def test_the_limits_of_a_policy_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is named counts, else the one of this folder; a wrong one is told with its line."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    shutil.copy(DIALOGUES / "whisper.ogg", sounds / "a.ogg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    (tmp_path / "duologue.toml").write_text(
        '[sample]\nmin = "1s"\n[sample.checks]\nloudness = 0\nloudness_warn = 0\n'
    )
    hear(sounds)
    assert "too_short" not in capsys.readouterr().out
    (tmp_path / "other.toml").write_text('[sample]\nmin = "90s"\n')
    hear(sounds, policy=tmp_path / "other.toml")
    assert "too_short" in capsys.readouterr().out
    (tmp_path / "other.toml").write_text("[sample]\nmin = 5\n")
    with pytest.raises(SystemExit, match=r"other\.toml"):
        hear(sounds, policy=tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda folder: folder.rmdir(), "there is no folder"),
        (lambda folder: None, "no recordings in"),
        (lambda folder: (folder / "labels.json").write_text("[]"), "expected an object of objects"),
        (lambda folder: (folder / "labels.json").write_text("{"), "expected JSON"),
    ],
)
def test_a_folder_that_cannot_be_heard(tmp_path: Path, prepare: Callable[[Path], object], told: str) -> None:
    """It says what is missing or wrong."""
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    prepare(sounds)
    with pytest.raises(SystemExit, match=told):
        hear(sounds)


def test_verdicts_and_how_often_they_are_right() -> None:
    """The gravest finding counts, a copy is refused; counted by the first word of the label."""
    reports = [
        heard("a", expected="accept"),
        heard("b", MADE, expected="accept (far from the microphone)"),
        heard("c", QUIET, MADE, expected="reject: quiet"),
        heard("d", QUIET, NOISE, expected="reject: noise"),
        heard("e", copy_of="a", expected="reject: duplicate"),
        heard("f", NOISE),
    ]
    verdicts = ["accepted", "accepted", "warned", "refused", "refused", "refused"]
    assert [one.verdict for one in reports] == verdicts
    assert summary(reports) == [
        "labelled “accept”: 2 accepted, 0 warned, 0 refused",
        "labelled “reject”: 0 accepted, 1 warned, 2 refused",
    ]
    shown = list(table(reports).columns[-2].cells)
    assert shown == [
        "nothing",
        "note: synthetic",
        "warn: quiet; note: synthetic",
        "refuse: noise; warn: quiet",
        "copy of a",
        "refuse: noise",
    ]


def test_the_command_is_there() -> None:
    """`duologue hear` is loaded by its name."""
    assert command_line["hear"] is not None
