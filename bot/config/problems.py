"""How mistakes of the operator are told: all together, each in one line."""

from collections.abc import Iterable
from difflib import get_close_matches


class ConfigError(Exception):
    """The configuration is wrong. `problems` holds a line for each mistake, and the text is all of them."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ExpectedError(ValueError):
    """A value is not what was expected; the text completes "expected …" and never shows the value."""


def hint(word: str, known: Iterable[str], prefix: str = "") -> str:
    """Words to put behind an unknown name: the nearest known one, or all of them (each with `prefix`)."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    near = get_close_matches(word.lower(), folded, n=1)
    if near:
        return f"did you mean {prefix}{folded[near[0]]}?"
    return f"expected one of {', '.join(prefix + name for name in names)}"
