"""Every word in every language: complete, alike in placeholders and markup, and none outside the catalogue."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.texts.catalogue import KEYWORDS, ROOT, in_the_code

TEXTS = ROOT / "bot" / "texts"


@cache
def catalogue(language: str) -> Catalog:
    """A language's catalogue."""
    with (TEXTS / language / "LC_MESSAGES" / "duologue.po").open("rb") as source:
        return read_po(source, locale=language)


def translated(language: str) -> Iterator[Message]:
    """The messages of a catalogue without its header."""
    return (message for message in catalogue(language) if message.id)


def both(message: Message) -> tuple[list[str], list[str]]:
    """A message's forms in English and in the other language."""
    ids = list(message.id) if isinstance(message.id, tuple | list) else [message.id]
    strings = list(message.string) if isinstance(message.string, tuple | list) else [message.string]
    return ids, strings


def placeholders(text: str) -> set[str]:
    """The names in {braces}."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def markup(text: str) -> list[str]:
    """The tags, in any order."""
    return sorted(re.findall(r"</?\w+>", text))


@pytest.mark.parametrize("language", ["zh"])
class TestCatalogue:
    """What has to hold for every language beside English."""

    def test_is_complete(self, language: str) -> None:
        """No message of the code is missing, and none lingers that the code no longer says."""
        known = {tuple(m.id) if isinstance(m.id, list | tuple) else m.id for m in translated(language)}
        assert known == in_the_code()

    def test_has_nothing_empty_or_fuzzy(self, language: str) -> None:
        """Every message has all its forms, and none is a guess."""
        bad = [m.id for m in translated(language) if m.fuzzy or not all(both(m)[1])]
        assert bad == []

    def test_placeholders_and_markup_agree(self, language: str) -> None:
        """A wrong placeholder would break the message when it is sent, a wrong tag would show as text."""
        bad = []
        for message in translated(language):
            ids, strings = both(message)
            # The singular may say "one" where the plural says {n}; a form may not invent a name.
            allowed = set().union(*(placeholders(text) for text in ids))
            needed = set.intersection(*(placeholders(text) for text in ids))
            for text in strings:
                names = placeholders(text)
                if not needed <= names <= allowed or markup(text) not in [markup(i) for i in ids]:
                    bad.append(message.id)
        assert bad == []


def test_the_template_is_up_to_date() -> None:
    """`make texts` was run after the last word changed."""
    with (TEXTS / "duologue.pot").open("rb") as source:
        template = read_po(source)
    ids = {tuple(m.id) if isinstance(m.id, list | tuple) else m.id for m in template if m.id}
    assert ids == in_the_code()


def test_extraction_sees_everything_that_is_said() -> None:
    """Words inside f-strings, conditions and lookups are said, yet not extracted as what they are."""
    missed = []
    for room in ("bot", "handlers"):
        for path in (ROOT / room).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(call, ast.Call) and _name(call.func) in KEYWORDS:
                    said = _literals(call)
                    if said is not None and said not in in_the_code():
                        missed.append((path.name, call.lineno, said))
    assert missed == []


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _literals(call: ast.Call) -> str | tuple[str, ...] | None:
    """What a call says; a message named elsewhere (`mark`) holds no literal at all."""
    count = 2 if _name(call.func) == "say_n" else 1
    inside = [n for arg in call.args[:count] for n in ast.walk(arg) if isinstance(n, ast.Constant)]
    texts = tuple(str(n.value) for n in inside if isinstance(n.value, str))
    return (texts[0] if len(texts) == 1 else texts) if texts else None
