"""The documentation names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from bot.sandbox import Sandbox
from bot.sandbox.faults import KINDS
from bot.sandbox.methods import METHODS
from bot.sandbox.roles import ROUTES
from bot.sandbox.settings import Settings

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text under a heading, up to the next one of its level or higher."""
    level, _, _ = title.partition(" ")
    _, _, rest = TEXT.partition(f"\n{title}\n")
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def first_column(text: str) -> list[str]:
    """Return the names in backquotes in the first column of the tables in `text`."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


async def test_every_endpoint_is_documented() -> None:
    """The table of requests and the routes are the same."""
    named = set()
    for request in first_column(section("## The people side").split("### ")[0]):
        if " " not in request:  # further kinds of file
            request = f"POST /people/<id>/send/{request}"
        verb, path = request.split(" ", 1)
        named.add(f"{verb} {re.sub('<[a-z_]+>', '*', path).strip('/')}")
    assert named == set(ROUTES) | set(Sandbox().control.routes)


def test_methods_settings_and_faults_are_documented() -> None:
    """Names in the text are the names in the code."""
    methods = section("## The bot's side").split("Any other")[0]
    assert set(re.findall(r"`(\w+)`", methods)) == set(METHODS)
    assert set(first_column(section("### Trouble"))) == set(KINDS)
    assert set(first_column(section("### Settings"))) == set(Settings().as_json())


def test_every_kind_of_event_is_documented() -> None:
    """What the code publishes and what the table lists are the same."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).parents[2] / "bot" / "sandbox").glob("*.py")
    )
    published = set(re.findall(r"feed\.publish\(\s*\"(\w+)\"", code))
    assert set(first_column(section("### The feed"))) == published
