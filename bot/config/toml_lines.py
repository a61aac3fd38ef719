"""On which line of a TOML file each key stands; `tomllib` does not say.

The text must be valid TOML: read it with `tomllib` first.
"""

import re
import tomllib
from collections.abc import Callable, Mapping

KeyPath = tuple[str, ...]

_TOKENS = re.compile(
    r"""
      (?P<comment> \#[^\n]* )
    | (?P<text>    \"\"\"(?:\\.|[^\\])*?\"{3,5} | '''.*?'{3,5} )
    | (?P<quoted>  "(?:\\.|[^"\\\n])*" | '[^'\n]*' )
    | (?P<newline> \n )
    | (?P<mark>    [\[\]{}=,.] )
    | (?P<blank>   [ \t\r]+ )
    | (?P<bare>    [^\s\[\]{}=,.#"']+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def locate(text: str) -> Mapping[KeyPath, int]:
    """The first line of each table and key, counted from 1, by its full path of names.

    A dotted key counts for each of its tables, and the keys of an inline table stand on lines of their own.
    Tables of an array share their path.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks over the tokens of a valid document, noting each key."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        line = 1
        for match in _TOKENS.finditer(text):
            kind, found = match.lastgroup or "", match.group()
            if kind not in ("comment", "blank"):
                self._tokens.append((kind, found, line))
            line += found.count("\n")
        self._tokens.append(("end", "", line))

    def document(self) -> None:
        """Headers and key/value pairs, line by line."""
        table: KeyPath = ()
        while (kind := self._kind()) != "end":
            if kind == "newline":
                self._next()
            elif self._is("["):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        while self._is("["):
            self._next()
        table = self._key(())
        while self._is("]"):
            self._next()
        return table

    def _pair(self, table: KeyPath) -> None:
        path = self._key(table)
        self._next()  # the equals sign
        self._value(path)

    def _key(self, table: KeyPath) -> KeyPath:
        path = table
        while True:
            kind, name, line = self._next()
            path = (*path, _unquoted(name) if kind == "quoted" else name)
            self.lines.setdefault(path, line)
            if not self._is("."):
                return path
            self._next()

    def _value(self, path: KeyPath) -> None:
        if self._is("["):
            self._list("]", lambda: self._value(path))
        elif self._is("{"):
            self._list("}", lambda: self._pair(path))
        else:
            # A number or a date is several tokens: they end with the line, the item or the list.
            while self._kind() not in ("newline", "end") and self._tokens[self._at][1] not in ("]", "}", ","):
                self._next()

    def _list(self, closing: str, item: Callable[[], None]) -> None:
        self._next()
        while not self._is(closing):
            if self._kind() == "newline" or self._is(","):
                self._next()
            else:
                item()
        self._next()

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _is(self, mark: str) -> bool:
        return self._tokens[self._at][:2] == ("mark", mark)

    def _next(self) -> tuple[str, str, int]:
        token = self._tokens[self._at]
        self._at += 1
        return token


def _unquoted(text: str) -> str:
    name: str = tomllib.loads(f"name = {text}")["name"]
    return name
