"""Telegram's HTML parse mode: text with tags in, plain text and entities with UTF-16 offsets out.

Follows core.telegram.org/bots/api#html-style and the error texts of TDLib. In one point it is stricter: a
bare ``&`` that begins no entity is refused, because the documentation demands ``&amp;`` and a forgotten
escape is the mistake most worth catching.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.entities import trimmed, utf16_length
from bot.sandbox.errors import ApiError, Json, bad_request

_TAGS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "blockquote": "blockquote",
}
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TOKEN: Final = re.compile(r"<|&")
_ENTITY: Final = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]+));")
_END: Final = re.compile(r"</([a-zA-Z][a-zA-Z0-9-]*)\s*>")
_START: Final = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[^<>]*)?)>")
_ATTRIBUTE: Final = re.compile(r"""\s*([a-zA-Z][\w-]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>]+))?""")


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    attributes: dict[str, str]


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Return the plain text of `source` and its entities; raises `ApiError` "can't parse entities: …"."""
    if "<" not in source and "&" not in source:
        return trimmed(source, [])
    return _Parser(source).parse()


class _Parser:
    """One pass over the source; `_length` counts the UTF-16 units written so far."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._text: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        """Walk from sign to sign; whatever lies between is text."""
        at = 0
        while match := _TOKEN.search(self._source, at):
            self._write(self._source[at : match.start()])
            at = self._entity(match.start()) if match.group() == "&" else self._tag(match.start())
        self._write(self._source[at:])
        if self._open:
            raise _refused(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        self._entities.sort(key=lambda e: (e["offset"], -e["length"]))
        return trimmed("".join(self._text), self._entities)

    def _write(self, piece: str) -> None:
        if piece:
            self._text.append(piece)
            self._length += utf16_length(piece)

    def _entity(self, at: int) -> int:
        match = _ENTITY.match(self._source, at)
        character = _character(match) if match else None
        if match is None or character is None:
            raise _refused(f"Unsupported entity at byte offset {self._bytes(at)}: write & as &amp;")
        self._write(character)
        return match.end()

    def _tag(self, at: int) -> int:
        if self._source.startswith("</", at):
            return self._end(at)
        match = _START.match(self._source, at)
        if match is None:
            word = re.match(r"<([^\s<>]*)", self._source[at:])
            if word and ">" in self._source[at:]:
                raise _refused(f'Unsupported start tag "{word.group(1)}" at byte offset {self._bytes(at)}')
            raise _refused(f"Unclosed start tag at byte offset {self._bytes(at)}")
        tag = match.group(1).lower()
        attributes = _attributes(match.group(2))
        if tag not in _TAGS:
            raise _refused(f'Unsupported start tag "{tag}" at byte offset {self._bytes(at)}')
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _refused(f'Tag "span" must have class "tg-spoiler" at byte offset {self._bytes(at)}')
        self._open.append(_Open(tag, self._length, attributes))
        return match.end()

    def _end(self, at: int) -> int:
        match = _END.match(self._source, at)
        if match is None:
            raise _refused(f"Unclosed end tag at byte offset {self._bytes(at)}")
        if not self._open:
            raise _refused(f"Unexpected end tag at byte offset {self._bytes(at)}")
        opened, tag = self._open.pop(), match.group(1).lower()
        if tag != opened.tag:
            raise _refused(
                f"Unmatched end tag at byte offset {self._bytes(at)}, "
                f'expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self._length > opened.offset:
            self._close(opened)
        return match.end()

    def _close(self, opened: _Open) -> None:
        length = self._length - opened.offset
        entity: Json = {"offset": opened.offset, "length": length, "type": _TAGS[opened.tag]}
        if opened.tag == "a":
            link = opened.attributes.get("href", "")
            if not _link(link, entity):
                return  # Telegram shows a link without a usable address as plain text
        elif opened.tag == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "tg-emoji":
            entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
        elif opened.tag == "pre" and self._entities and (inner := self._entities[-1])["type"] == "code":
            # <pre><code class="language-x"> is one block with a language
            if (inner["offset"], inner["length"]) == (opened.offset, length):
                self._entities.pop()
                if inner.get("language"):
                    entity["language"] = inner["language"]
        elif opened.tag == "code" and self._open and self._open[-1].tag == "pre":
            name = opened.attributes.get("class", "")
            if name.startswith("language-"):
                entity["language"] = name.removeprefix("language-")
        self._entities.append(entity)

    def _bytes(self, at: int) -> int:
        return len(self._source[:at].encode("utf-8", "surrogatepass"))


def _refused(why: str) -> ApiError:
    return bad_request(f"can't parse entities: {why}")


def _character(match: re.Match[str]) -> str | None:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED.get(name)
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else None


def _attributes(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source):
        value = match.group(2) or ""
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        found[match.group(1).lower()] = _ENTITY.sub(lambda m: _character(m) or m.group(), value)
    return found


def _link(link: str, entity: Json) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    if parts.scheme == "tg" and parts.netloc == "user":
        identity = parse_qs(parts.query).get("id", [""])[0]
        if not identity.isdigit():
            return False
        entity.update(type="text_mention", user={"id": int(identity), "is_bot": False, "first_name": ""})
        return True
    entity["url"] = link
    return is_url(link)


def is_url(link: str) -> bool:
    """Tell whether Telegram takes `link` as an address: http(s) with a dot in its host, tg: or ton:."""
    try:
        parts = urlsplit(link if "://" in link or ":" in link.split("/")[0] else f"http://{link}")
        host = parts.hostname or ""
    except ValueError:
        return False
    if any(sign.isspace() for sign in link):
        return False
    if parts.scheme in {"tg", "ton"}:
        return bool(parts.netloc or parts.path)
    return parts.scheme in {"http", "https"} and "." in host.strip(".")
