"""The recordings that ship with the demo: each is what its description says, through the real worker."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.audio.client import AudioWorker
from bot.rules.audio import SampleChecks, Severity, judge, refused

FOLDER = Path(__file__).resolve().parents[2] / "bot" / "demo" / "dialogues"
PLANS: dict[str, Any] = tomllib.loads((FOLDER / "dialogues.toml").read_text("utf-8"))
TWO, THREE = timedelta(minutes=2), timedelta(minutes=3)


@pytest.mark.parametrize("name", PLANS)
async def test_each_is_judged_as_described(worker: AudioWorker, name: str) -> None:
    """The expected findings and no other; a voice note by its form, at the loudness it was made for."""
    plan = PLANS[name]
    facts = (await worker.measure((FOLDER / f"{name}.ogg").read_bytes())).facts
    findings = judge(facts, SampleChecks(), shortest=TWO, longest=THREE)
    told = [finding.code for finding in findings if finding.severity is not Severity.note]
    assert told == plan["expect"]
    assert refused(findings) == bool(plan["expect"])
    assert (facts.container, facts.codec, facts.channels) == ("ogg", "opus", 1)
    assert facts.loudness == pytest.approx(plan["level"], abs=1.0)
    assert facts.speech_ratio > 0.7


async def test_one_after_the_other_as_alone(worker: AudioWorker) -> None:
    """One worker for all of them gives each the facts that a fresh one gives."""
    files = [(FOLDER / f"{name}.ogg").read_bytes() for name in ("whisper", "night-market")]
    together = [await worker.measure(data) for data in (*files, files[0])]
    assert together[2] == together[0]
    async with AudioWorker() as fresh:
        assert await fresh.measure(files[1]) == together[1]


def test_every_recording_is_described_and_small() -> None:
    """One description, one script and one file each, none over 450 kB, two languages, two refused."""
    assert {path.stem for path in FOLDER.glob("*.ogg")} == set(PLANS)
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(PLANS)
    assert all(path.stat().st_size < 450_000 for path in FOLDER.glob("*.ogg"))
    assert {plan["language"] for plan in PLANS.values()} == {"en", "zh"}
    assert [name for name, plan in PLANS.items() if plan["expect"]] == ["whisper", "my-sourdough"]
