"""The audit trail in words: whatever the code can note there has some, and what is unknown is shown as it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.rules.states import ARROWS, ProposalState
from bot.texts import LANGUAGES, Speech
from handlers.render.events import EVENTS, THINGS, event_text

BOT = Path(__file__).resolve().parents[2] / "bot"

ENDINGS = {
    "strike.": {"late_cancel", "silent", "no_show"},
    "proposal.": {state.value for state in ProposalState},
}
"""What the events that end in a variable can be."""


def _records() -> Iterator[tuple[ast.Module, ast.Call]]:
    """Every call that writes into the trail, with its module."""
    for path in sorted(BOT.rglob("*.py")):
        module = ast.parse(path.read_text())
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield module, node


def _strings(tree: ast.AST) -> list[str]:
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _events(module: ast.Module, call: ast.Call) -> set[str]:
    """The last words of what one call can write; of an event that is handed in, all that its module names."""
    event = call.args[2]
    if isinstance(event, ast.JoinedStr):
        return ENDINGS[_strings(event)[0]]
    thing = _strings(call.args[1])[0].rstrip(":") if isinstance(event, ast.Name) else r"\w+"
    names = _strings(module if isinstance(event, ast.Name) else event)
    found = {name.rpartition(".")[2] for name in names if re.fullmatch(rf"{thing}\.\w+", name)}
    assert found, ast.unparse(call)
    return found


def test_every_event_has_words() -> None:
    """Whoever adds one learns here that it wants some."""
    found = set().union(*(_events(module, call) for module, call in _records()))
    assert {"held", "correction", "refused", "late_cancel", "retried"} <= found
    assert sorted(found - set(EVENTS)) == []


def test_whatever_events_are_about_has_words() -> None:
    """The first word of the subject, and every thing that has states."""
    spelt = [call.args[1] for _, call in _records() if isinstance(call.args[1], ast.JoinedStr)]
    found = {_strings(subject)[0].partition(":")[0] for subject in spelt}
    assert {"person", "sample", "studio", "inbox"} <= found
    assert sorted(found - set(THINGS)) == []


def test_every_state_has_words() -> None:
    """A move is an event named after the state that it leads to."""
    reached = {state.value for arrows in ARROWS.values() for ends in arrows.values() for state in ends}
    begun = {state.value for arrows in ARROWS.values() for state in arrows}
    assert (reached | begun) - set(EVENTS) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_no_words_is_shown_as_it_is_kept(language: str) -> None:
    """An event of a newer version is better read raw than not at all."""
    shown = event_text("oddity:7", "oddity.<begun>", Speech(language))
    assert shown == "<code>oddity:7 oddity.&lt;begun&gt;</code>"


def test_a_row_in_words() -> None:
    """What it is about, with its number, and what happened."""
    assert event_text("booking:7", "booking.no_show", Speech("en")) == "booking #7: did not come"
