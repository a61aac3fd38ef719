"""The sandbox's tables say what the official ones say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import asking, editing, sending
from bot.sandbox.methods import BY_KEY, BY_TYPE, METHODS, OBJECTS, OTHER_METHODS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    """The official method and type table, which is not part of the repository."""
    shared = Path(os.environ.get("DUOLOGUE_SHARED", ROOT.parent / "shared"))
    table = shared / "bot-api" / "api.min.json"
    if not table.exists():
        pytest.skip(f"the official Bot API table is not at {table} (set DUOLOGUE_SHARED)")
    loaded: dict[str, Any] = json.loads(table.read_text(encoding="utf-8"))
    return loaded


def fields_of(entry: dict[str, Any]) -> dict[str, str]:
    """Write an official entry's fields as the sandbox's tables do."""
    return {
        field["name"]: "|".join(field["types"]) + ("!" if field["required"] else "")
        for field in entry.get("fields", [])
    }


@pytest.mark.parametrize("name", METHODS)
def test_each_method_is_as_documented(official: dict[str, Any], name: str) -> None:
    """Every method and parameter exists officially, with that type and required flag."""
    fields = fields_of(official["methods"][name])
    assert {key: fields.get(key) for key in METHODS[name]} == METHODS[name]


@pytest.mark.parametrize("name", METHODS)
def test_each_required_parameter_is_known(official: dict[str, Any], name: str) -> None:
    """No parameter that Telegram requires is missing from the sandbox's table."""
    required = {key for key, kind in fields_of(official["methods"][name]).items() if kind.endswith("!")}
    assert required <= set(METHODS[name])


@pytest.mark.parametrize("name", OBJECTS)
def test_each_object_is_as_documented(official: dict[str, Any], name: str) -> None:
    """Every object and field exists officially, with that type and required flag."""
    fields = fields_of(official["types"][name])
    assert {key: fields.get(key) for key in OBJECTS[name]} == OBJECTS[name]


def test_methods_and_others_are_all_there_are(official: dict[str, Any]) -> None:
    """A real method is either supported or refused as unsupported; nothing else is called real."""
    assert set(METHODS) | OTHER_METHODS == set(official["methods"])
    assert not set(METHODS) & OTHER_METHODS


def test_families_name_objects_of_the_tables() -> None:
    """Each member of a family has a table of its own."""
    named = {name for family in BY_TYPE.values() for name in family.values()} | set(BY_KEY.values())
    assert named <= set(OBJECTS)


def test_every_method_has_somebody_who_does_it() -> None:
    """The tables and the code agree on what is supported."""
    elsewhere = {"getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo"}
    done = set(sending.METHODS) | set(editing.METHODS) | set(asking.METHODS) | elsewhere
    assert done == set(METHODS)
