"""The policy file: TOML to `Policy`, with every mistake named by file, line and key."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from bot.config.keys import KEYS, Key
from bot.config.problems import ConfigError, ExpectedError, hint
from bot.config.toml_lines import KeyPath, locate
from bot.config.values import reader_for, written
from bot.rules.policy import Policy

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")


def read_policy_file(path: Path) -> Policy:
    """The policy that a file sets. Raises `ConfigError`, and FileNotFoundError where there is none."""
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file ({error.strerror})") from None
    return read_policy(text, str(path))


def read_policy(text: str, name: str = "duologue.toml") -> Policy:
    """The policy that this TOML text sets, every key it leaves out at its default.

    Raises `ConfigError` with all mistakes, each with `name`, its line, its key and what was expected.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax_problem(str(error), text, name)) from None
    report = _Report(name, locate(text))
    policy: Policy = _read_table(Policy, data, (), report)
    if not report.problems:
        _check_together(policy, report)
    if report.problems:
        raise ConfigError(*(problem for _, problem in sorted(report.problems)))
    return policy


def _syntax_problem(message: str, text: str, name: str) -> str:
    place = _PLACE.search(message)
    line = place["line"] if place and place["line"] else len(text.splitlines()) or 1
    return f"{name}, line {line}: expected valid TOML ({_PLACE.sub('', message)})"


@dataclass
class _Report:
    """The mistakes of one file, each with its line."""

    name: str
    lines: Mapping[KeyPath, int]
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: KeyPath, text: str) -> None:
        # A key in an array of tables has no line of its own here: its table's will do.
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1)
        self.problems.append((line, f"{self.name}, line {line}, {'.'.join(path)}: {text}"))


def _read_table(cls: type[Any], data: Mapping[str, Any], path: KeyPath, report: _Report) -> Any:
    """An instance of a policy class from its table, noting what is wrong with it."""
    hints = get_type_hints(cls)
    found: dict[str, Any] = {}
    for name, value in data.items():
        here = (*path, name)
        if name not in hints:
            report.add(here, _unknown(here, value, hints))
        elif is_dataclass(kind := hints[name]):
            if isinstance(value, dict):
                found[name] = _read_table(kind, value, here, report)  # type: ignore[arg-type]
            else:
                report.add(here, f"expected a table, [{'.'.join(here)}], found {_shown(value)}")
        else:
            try:
                found[name] = reader_for(kind)(value, KEYS.get(".".join(here), Key("")))
            except ExpectedError as error:
                report.add(here, f"expected {error}, found {_shown(value)}")
    return cls(**found)


def _unknown(path: KeyPath, value: Any, hints: Mapping[str, Any]) -> str:
    """What to say of a name the policy does not have, most often a typo or the wrong table."""
    name, table = path[-1], path[:-1]
    if isinstance(value, dict) and not table:
        return f"unknown table; {hint(name, _table_names())}"
    homes = [key.rpartition(".")[0] for key in KEYS if key.rpartition(".")[2] == name]
    if homes:
        return f"unknown key here; it belongs in {' or '.join(f'[{home}]' for home in homes)}"
    if not table:
        return f"unknown key; {hint(name, [*KEYS, *_last_names()])}"
    return f"unknown key; {hint(name, hints)}"


def _table_names() -> list[str]:
    return [table.name for table in fields(Policy)]


def _last_names() -> list[str]:
    return [key.rpartition(".")[2] for key in KEYS]


def _shown(value: Any) -> str:
    """A value as the file has it, short."""
    match value:
        case dict():
            text = "a table"
        case list():
            text = f"[{', '.join(_shown(item) for item in value)}]"
        case str() | bool() | int() | float():
            text = written(value)
        case _:
            text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_together(policy: Policy, report: _Report) -> None:
    """What no key can say alone."""
    sample = policy.sample
    if sample.min and sample.max and sample.min > sample.max:
        key = ("sample", "min") if ("sample", "min") in report.lines else ("sample", "max")
        report.add(
            key,
            f"expected min to be no longer than max, found {written(sample.min)} and {written(sample.max)}",
        )
