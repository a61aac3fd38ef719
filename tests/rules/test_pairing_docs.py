"""The page about pairing: its numbers are the code's, and its example is worked through by the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.rules import pairing, pairing_graph
from bot.rules.pairing import (
    BASE,
    Candidate,
    NoneYet,
    Obstacle,
    Reason,
    affinity,
    common_hours,
    reasons,
    waited,
    weight,
)
from bot.services.pairing import matching

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pairing.md").read_text("utf-8")
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def hours(*spans: tuple[int, int, int]) -> frozenset[int]:
    """Hours of the week, from (day, first hour, hour that is no more)."""
    return frozenset(24 * day + hour for day, first, end in spans for hour in range(first, end))


ANN = Candidate(
    1,
    datetime(2026, 11, 30, 3, tzinfo=UTC),
    "beijing",
    frozenset({"zh", "en"}),
    "north",
    "woman",
    "any",
    availability=hours(*((day, 19, 22) for day in range(5)), (5, 10, 16)),
    rarer_share=0.40,
    turns_per_minute=9.0,
)
BO = Candidate(
    2,
    datetime(2026, 12, 1, 3, 40, tzinfo=UTC),
    "beijing",
    frozenset({"zh"}),
    "north",
    "man",
    "woman",
    availability=hours((0, 19, 22), (2, 19, 22), (5, 14, 18)),
    rarer_share=0.45,
    turns_per_minute=12.0,
)
TERMS = {
    "dialect": pairing._dialect(ANN, BO),
    "balance": pairing._balance(ANN, BO),
    "Ann's wish": pairing._wish(ANN, BO),
    "Bo's wish": pairing._wish(BO, ANN),
    "hours": pairing._hours(common_hours(ANN, BO)),
    "lively": pairing._lively(ANN, BO),
    "Ann's waiting": waited(ANN, NOW),
    "Bo's waiting": waited(BO, NOW),
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the page."""
    part = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if "| " in line
    ][1:]


def test_the_example_is_worked_through() -> None:
    """Each line of the table is what the code finds for the two, and so are the sum and the weight."""
    shown = {row[0]: int(row[-1]) for row in rows("An example")}
    assert shown == {**TERMS, "together": sum(TERMS.values())}
    assert weight(ANN, BO, NOW) == BASE + sum(TERMS.values())
    assert sum(TERMS.values()) - waited(ANN, NOW) - waited(BO, NOW) == affinity(
        ANN, BO, common_hours(ANN, BO)
    )
    assert f"{weight(ANN, BO, NOW):,}" in PAGE


def test_what_the_two_of_the_example_are_told() -> None:
    """Bo is told that his wish is met, and Ann is not."""
    told = {"Ann": reasons(ANN, BO, ANN.waiting_since), "Bo": reasons(BO, ANN, ANN.waiting_since)}
    part = PAGE.partition("\n## What is told")[2]
    for name, found in told.items():
        assert f"{name} is told: {', '.join(f'`{reason}`' for reason in found.why)}" in part
    assert (Reason.WISH in told["Bo"].why, Reason.WISH in told["Ann"].why) == (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "MIN_COMMON_HOURS",
        "DIALECT",
        "BALANCE",
        "WISH",
        "HOUR",
        "HOURS_MOST",
        "LIVELY",
        "PLENTY",
        "TURN",
        "AFFINITY_MOST",
        "WAITING_MOST",
        "ALL_OF",
        "KEEP",
        "LOOK",
        "THREAD_MOST",
        "THREAD_FRESH",
    ],
)
def test_every_number_is_told(name: str) -> None:
    """By its name, as the code has it."""
    module = next(one for one in (pairing, pairing_graph, matching) if name in vars(one))
    assert re.findall(rf"`{name}` = (\d[\d,]*\b)", PAGE) == [f"{vars(module)[name]:,}"]


@pytest.mark.parametrize("word", [*Obstacle, *Reason, *NoneYet])
def test_every_word_is_explained(word: str) -> None:
    """What rules out, what is told of a proposal, and what keeps somebody waiting."""
    assert f"`{word}`" in PAGE
