"""The page about audio names every fact, every limit with its default, and every finding."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from bot.rules.audio import SEVERITIES, AudioFacts, SampleChecks

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "audio.md").read_text("utf-8")
LIMITS = PAGE.partition("## The limits")[2].partition("## What was measured")[0]
COLUMNS = ("refuse", "warn", "note")


def _rows() -> list[list[str]]:
    """The table of limits: findings, keys, and what refuses, warns and is noted."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in LIMITS.splitlines() if "| `" in line]


def test_every_fact_is_explained() -> None:
    """By its name, in the table of facts."""
    facts = PAGE.partition("## The facts")[2].partition("## The limits")[0]
    assert [field.name for field in fields(AudioFacts) if f"`{field.name}`" not in facts] == []


def test_every_finding_stands_under_its_severities() -> None:
    """A cell is filled where, and only where, the finding can be so grave."""
    shown = {
        code: tuple(name for name, cell in zip(COLUMNS, row[2:], strict=True) if cell)
        for row in _rows()
        for code in re.findall(r"`(\w+)`", row[0])
    }
    assert shown == {code: tuple(severities) for code, severities in SEVERITIES.items()}


@pytest.mark.parametrize("name", [field.name for field in fields(SampleChecks)])
def test_every_limit_is_told_with_its_default(name: str) -> None:
    """In the row of its finding, in the unit of the policy file, durations in seconds."""
    (row,) = [row for row in _rows() if f"`{name}`" in row[1]]
    value = getattr(SampleChecks(), name)
    if isinstance(value, bool):
        assert row[2] == ("any" if value else "")
        return
    number = value.total_seconds() if isinstance(value, timedelta) else value
    assert number in [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", " ".join(row[2:]))]
