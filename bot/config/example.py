"""The example policy file, made of the defaults, so that it cannot fall behind them."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from bot.config.keys import KEYS, TABLES
from bot.config.values import written
from bot.rules.policy import Policy

_HEAD = """\
# The policy of Duologue: copy this file to duologue.toml and change what is different with you.
#
# Every key is optional and stands here with its default. Durations are written like "90s", "30m", "24h" or
# "7d"; "" or [] means none. A mistake stops the start and says where it is.
"""


def default_policy_text() -> str:
    """The whole default policy as a commented file, each key on a line of its own."""
    return policy_text(Policy())


def policy_text(policy: Policy) -> str:
    """Any policy as such a file; reading it gives the same policy again."""
    return _HEAD + "".join(_table(policy, ""))


def write_default_policy(path: Path) -> None:
    """Write the example file. Raises FileExistsError rather than overwrite a policy."""
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(default_policy_text())


def _table(values: Any, name: str) -> Iterator[str]:
    inner = {part.name: getattr(values, part.name) for part in fields(values)}
    if name:
        yield f"\n# {TABLES[name]}\n[{name}]\n"
    prefix = f"{name}." if name else ""
    for key, value in inner.items():
        if not is_dataclass(value):
            yield f"{key} = {written(value)}  # {KEYS[prefix + key].about}\n"
    # In TOML, what follows the header of a table belongs to it: tables within come last.
    for key, value in inner.items():
        if is_dataclass(value):
            yield from _table(value, prefix + key)
