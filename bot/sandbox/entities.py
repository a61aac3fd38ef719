"""What Telegram finds in plain text by itself: commands, mentions, links; and lengths in UTF-16 units."""

from __future__ import annotations

import re
from typing import Final

from bot.sandbox.errors import Json

_FOUND: Final = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]|(?<![\w@./])(?:t\.me|telegram\.me)/[^\s<>\"]+[^\s<>\".,;:!?)\]])"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@/])@[A-Za-z]\w{2,31})"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
)


def utf16_length(text: str) -> int:
    """Return the length of `text` in UTF-16 code units, which all of Telegram's limits and offsets use."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, entity: Json) -> str:
    """Return the piece of `text` that `entity` covers."""
    raw = text.encode("utf-16-le", "surrogatepass")
    start = 2 * int(entity["offset"])
    return raw[start : start + 2 * int(entity["length"])].decode("utf-16-le", "surrogatepass")


def found_in(text: str) -> list[Json]:
    """Return the entities that Telegram adds to `text` without being told."""
    if not any(sign in text for sign in "/@#") and "t.me" not in text:
        return []
    return [
        {
            "offset": utf16_length(text[: match.start()]),
            "length": utf16_length(match.group()),
            "type": str(match.lastgroup),
        }
        for match in _FOUND.finditer(text)
    ]


def with_found(text: str, given: list[Json]) -> list[Json]:
    """Return `given` entities together with those found where none of the given ones covers the text."""
    added = found_in(text)
    if given:
        opaque = [e for e in given if e["type"] in {"code", "pre", "text_link", "text_mention"}]
        added = [e for e in added if not any(_overlap(e, other) for other in opaque)]
    return sorted([*given, *added], key=lambda e: (e["offset"], -e["length"]))


def _overlap(one: Json, other: Json) -> bool:
    return bool(
        one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"]
    )


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Strip white space at both ends as Telegram does, moving the entities along."""
    bare = text.strip()
    if len(bare) == len(text):
        return text, entities
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    total = utf16_length(bare)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - lead)
        end = min(total, entity["offset"] + entity["length"] - lead)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return bare, kept
