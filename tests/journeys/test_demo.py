"""The demo passes with the real bot, and sees by itself which promise a broken bot breaks."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.demo import play as demo
from bot.demo.story import Story

BROKEN = Path(__file__).with_name("broken.py")
PATIENCE = 12.0
"""Seconds that people wait for what a broken bot never says; a good one says it within one."""


async def perform(folder: Path, breakage: str | None = None) -> tuple[bool, str]:
    """Play the story with the real bot or a broken one: whether it passed, and the transcript."""
    paper = io.StringIO()
    command = [sys.executable, str(BROKEN), breakage, "run"] if breakage else None
    patience = PATIENCE if breakage else 60.0
    console = Console(file=paper, width=100)
    passed = await demo.play(folder / "play", console, command=command, patience=patience)
    return passed, paper.getvalue()


async def test_the_story_is_told(tmp_path: Path) -> None:
    """Every step stands in the transcript, in order, and in the summary with its tick."""
    passed, transcript = await perform(tmp_path)
    assert passed, transcript[-4000:]
    assert "✗" not in transcript
    titles = [step.title for step in Story(None, None).steps]  # type: ignore[arg-type]
    places = [transcript.index(f"{number}/{len(titles)} · {title}") for number, title in enumerate(titles, 1)]
    assert places == sorted(places)
    assert transcript.count("✓") == len(titles)
    assert max(map(len, transcript.splitlines())) <= 100


@pytest.mark.parametrize(
    ("breakage", "step", "complaint"),
    [
        ("one_vote_approves", "approved", "Ann: should not have had a verdict yet"),
        ("nothing_is_refused", "refused", "Ann: should have heard “not accepted”"),
        ("only_the_first_finding", "refused", "“too short” and “too quiet”"),
        ("verdicts_come_twice", "approved", "Ann: should have got this once, and got it 2 times"),
        ("presses_end_it", "approved", "the bot ended by itself, with status 7"),
        ("nobody_is_matched", "pool", "李雷: should have seen a button match:*:yes"),
        ("calendar_files_are_empty", "booking", "a calendar file"),
        ("reminders_never_ring", "reminder", "Ann: should have heard “reminder”"),
    ],
)
async def test_a_broken_bot_is_caught(tmp_path: Path, breakage: str, step: str, complaint: str) -> None:
    """The step that breaks is named, with what was promised, and no later one is played."""
    passed, transcript = await perform(tmp_path, breakage)
    assert not passed
    end = transcript[transcript.index("✗") :]
    assert end.startswith(f"✗ {step}: ")
    assert complaint in " ".join(end.split())
    assert "The bot's last words:" in end
    steps = [one.name for one in Story(None, None).steps]  # type: ignore[arg-type]
    assert transcript.count(f"/{len(steps)} · ") == steps.index(step) + 1
