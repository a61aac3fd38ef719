"""The vocabulary of one-line commands: pieces, quotes, city codes, and what can be wrong with a line.

People type these on phones, so full-width punctuation and curly or corner quotes are read as what is meant.
`bot.rules.commands` and `bot.rules.slots` read whole lines with it.
"""

# Domain errors are named as the matter itself, not as a fault of the program.

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from bot.rules.errors import DomainError


class CommandError(DomainError):
    """A one-line command that cannot be read.

    `token` is the piece at fault as it was typed (empty where something is missing); `expected` are the
    forms or the choices that would do.
    """

    token: str
    expected: tuple[str, ...]


class MissingPart(CommandError):
    """The line ends before `part`, or `part` was left empty."""

    part: str


class ExtraPart(CommandError):
    """Nothing more was expected where `token` stands."""


class UnknownChoice(CommandError):
    """`part` is none of the words in `expected`."""

    part: str


class UnclosedQuote(CommandError):
    """A quotation mark without its other half, or with letters right behind that."""


class BadCityCode(CommandError):
    """A city's code is 2 to 24 of a-z, 0-9 and the hyphen: it travels in buttons and links."""


class BadStudioId(CommandError):
    """A studio is named by its number, as the list of studios shows it."""


class BadRooms(CommandError):
    """Not a number of rooms that a studio can have."""


class BadBuffer(CommandError):
    """Not a number of minutes from 0 to four hours."""


class BadLink(CommandError):
    """A map link is a whole http or https address."""


class UnknownZone(CommandError):
    """No such time zone; `expected` are the nearest names there are, best first (maybe none)."""


class UnknownOption(CommandError):
    """No such ``key=``."""


class RepeatedOption(CommandError):
    """The same ``key=`` twice."""


class TooLong(CommandError):
    """`part` has `length` characters (for a message: UTF-16 units) where `limit` fit."""

    part: str
    length: int
    limit: int


# --- words


class Word(NamedTuple):
    """One piece of a line: its text without quotes, and its key in lower case if it was ``key=text``."""

    text: str
    key: str | None = None


_COMMAND = re.compile(r"\A\s*/\w+(?:@\w+)?(?=\s|$)")
# Nothing is given back, by looking ahead: a quote that never closes must not be read as a bare word after all.
# (Possessive `?+` says that shorter, but Python 3.11.2 drops a letter behind it.)
# A quotation mark opens only where a word or a value begins, so that an apostrophe or an inch sign inside
# one is a letter like others. Any of the three double marks closes any other: phones "correct" them singly.
_WORD = re.compile(
    r"""\s*(?!\s)(?:(?P<key>[A-Za-z_]+)[=＝]|(?![A-Za-z_]+[=＝]))
    (?:["“”](?P<double>(?:\\["“”\\]|[^"“”])*)["“”]
      |「(?P<corner>[^」]*)」 |『(?P<white>[^』]*)』
      |(?P<bare>[^\s"“”「『]\S*|))
    (?=\s|$)""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r'\\(["“”\\])')


def arguments(text: str) -> str:
    """What follows the command, trimmed; a text without a command is taken as it is."""
    return _COMMAND.sub("", text, count=1).strip()


def plain(text: str) -> str:
    """Full-width letters, digits and punctuation as their ASCII forms (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text)


def words(text: str) -> Iterator[Word]:
    """The pieces of a line, like a shell's: quotes keep spaces together. Raises `UnclosedQuote`."""
    text, position = text.strip(), 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise UnclosedQuote(text[position:].strip(), ('"…"', "“…”", "「…」"))
        position = match.end()
        double = match["double"]
        quoted = match["corner"] or match["white"] if double is None else _ESCAPE.sub(r"\1", double)
        value = " ".join((quoted if quoted is not None else match["bare"] or "").split())
        yield Word(value, match["key"].lower() if match["key"] else None)


def city_code(token: str) -> str:
    """A city's code in lower case. Raises `BadCityCode`."""
    code = plain(token).lower()
    if not re.fullmatch(r"[a-z0-9-]{2,24}", code):
        raise BadCityCode(token, ("beijing", "new-york"))
    return code
