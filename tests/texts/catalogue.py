"""What the code says, for the tests of the words."""

from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = {"say": None, "say_n": (1, 2), "mark": None}

Words = str | tuple[str, ...]


@cache
def in_the_code(*rooms: str) -> frozenset[Words]:
    """Every message that the code says, in all of it or in some of its rooms."""
    return frozenset(
        message
        for room in rooms or ("bot", "handlers")
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / room, method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=()
        )
    )
