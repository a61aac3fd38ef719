"""The policy file: values, mistakes with their lines, and the example made of the defaults."""

from dataclasses import fields, is_dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigError, default_policy_text, policy_text, read_policy, write_default_policy
from bot.config.keys import KEYS, TABLES
from bot.config.toml_lines import locate
from bot.rules.policy import Policy, Span

EXAMPLE = Path(__file__).parent.parent / "duologue.example.toml"
BOOKING_KEYS = "ask_next, block_for, cancel_until, hold, min_notice, rescue, reserve, staff, strikes, wave"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def problems(text: str) -> tuple[str, ...]:
    """What is said of a wrong file, without its name."""
    with pytest.raises(ConfigError) as caught:
        read_policy(text, "my.toml")
    assert all(problem.startswith("my.toml, line ") for problem in caught.value.problems)
    return tuple(problem.removeprefix("my.toml, ") for problem in caught.value.problems)


def leaves(cls: type[Any], prefix: str = "") -> dict[str, Any]:
    """Every key of the policy with its type."""
    found: dict[str, Any] = {}
    for name, kind in get_type_hints(cls).items():
        if is_dataclass(kind):
            found |= leaves(kind, f"{prefix}{name}.")  # type: ignore[arg-type]
        else:
            found[prefix + name] = kind
    return found


def value_at(policy: Policy, key: str) -> Any:
    """The value of a dotted key."""
    found: Any = policy
    for name in key.split("."):
        found = getattr(found, name)
    return found


# --- values


def test_an_empty_file_is_the_default_policy() -> None:
    """Every key is optional."""
    assert read_policy("") == Policy()
    assert read_policy("# nothing\n[review]\n") == Policy()


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('sample.min = "90s"', "sample.min", timedelta(seconds=90)),
        ('sample.max = "30m"', "sample.max", 30 * MINUTE),
        ('booking.hold = "24h"', "booking.hold", 24 * HOUR),
        ('booking.hold = "7d"', "booking.hold", 7 * DAY),
        ('booking.hold = "0s"', "booking.hold", timedelta()),
        ('booking.hold = ""', "booking.hold", None),
        ("booking.hold = []", "booking.hold", None),
        ("sample.attempts = 0", "sample.attempts", 0),
        ('review.cross_review = "any-rejection"', "review.cross_review", "any-rejection"),
        ("pairing.repeat = true", "pairing.repeat", True),
        ('reminders.offsets = ["2h", "24h", "2h"]', "reminders.offsets", (24 * HOUR, 2 * HOUR)),
        ("reminders.offsets = []", "reminders.offsets", ()),
        ('reminders.offsets = ""', "reminders.offsets", ()),
        ('reminders.quiet = "8:30-12:00"', "reminders.quiet", (time(8, 30), time(12))),
        ('reminders.quiet = ""', "reminders.quiet", None),
        ('pay.currency = "EUR"', "pay.currency", "EUR"),
        ("telegram.per_second = 0.5", "telegram.per_second", 0.5),
        ("telegram.per_second = 5", "telegram.per_second", 5),
        ("sample.checks.loudness = -50", "sample.checks.loudness", -50),
        ('sample = { checks = { silence = "3s" } }', "sample.checks.silence", timedelta(seconds=3)),
    ],
)
def test_a_value_is_read_and_the_rest_stays(line: str, key: str, value: object) -> None:
    """Durations, none, lists, times, and each form of TOML's keys."""
    policy = read_policy(line)
    assert value_at(policy, key) == value
    others = [name for name in KEYS if name != key]
    assert [value_at(policy, name) for name in others] == [value_at(Policy(), name) for name in others]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("booking.hold", "30", "a duration"),
        ("booking.hold", '"30"', "a duration"),
        ("booking.hold", '"30 m"', "a duration"),
        ("booking.hold", '"-30m"', "a duration"),
        ("booking.hold", '"1.5h"', "a duration"),
        ("booking.hold", '"３０m"', "a duration"),
        ("booking.hold", '"2w"', "a duration"),
        ("booking.hold", '["30m"]', "a duration"),
        ("booking.hold", '"4000d"', "a duration of at most 3650d"),
        ("booking.hold", '"999999999999d"', "a duration of at most 3650d"),
        ("sample.attempts", "-1", "a whole number from 0"),
        ("sample.attempts", "1.0", "a whole number from 0"),
        ("sample.attempts", "true", "a whole number from 0"),
        ("sample.attempts", '"3"', "a whole number from 0"),
        ("sample.attempts", "99999999999999999999", "a whole number from 0 to 1000000000"),
        ("review.panel", "0", "a whole number from 1"),
        ("review.cross_review", '"always"', '"disagreement" or "any-rejection"'),
        ("review.cross_review", "[]", '"disagreement" or "any-rejection"'),
        ("pairing.repeat", "1", "true or false"),
        ("reminders.offsets", '"24h"', "a list of durations"),
        ("reminders.offsets", '["24h", 2]', "a list of durations"),
        ("reminders.offsets", '["0s"]', "a list of durations longer than 0s"),
        ("reminders.quiet", '"22-8"', "two different times"),
        ("reminders.quiet", '"22:00-24:00"', "two different times"),
        ("reminders.quiet", '"08:00-08:00"', "two different times"),
        ("reminders.quiet", "22:00:00", "two different times"),
        ("pay.currency", '"cny"', "three capital letters"),
        ("pay.currency", '""', "three capital letters"),
        ("pay.session", "-1", "a whole number from 0"),
        ("telegram.per_second", "-1", "a number from 0"),
        ("telegram.per_second", "nan", "a number from 0"),
        ("telegram.per_second", "inf", "a number from 0"),
        ("telegram.per_second", "true", "a number from 0"),
        ("sample.checks.loudness", "40", "a number from -100 to 0"),
        ("sample.checks.speech", "1.5", "a number from 0 to 1"),
    ],
)
def test_a_wrong_value_is_named_by_line_and_key(key: str, value: str, expected: str) -> None:
    """With what was expected and what was found."""
    (problem,) = problems(f"\n# a comment\n{key} = {value}\n")
    assert problem.startswith(f"line 3, {key}: expected {expected}")
    assert ", found " in problem


def test_the_shortest_sample_is_not_longer_than_the_longest() -> None:
    """Told where the file sets it; against a default too; a limit that is off does not count."""
    words = "expected min to be no longer than max, found"
    assert problems('[sample]\nmin = "5m"') == (f'line 2, sample.min: {words} "5m" and "3m"',)
    assert problems('[sample]\n\nmax = "1m"') == (f'line 3, sample.max: {words} "2m" and "1m"',)
    assert read_policy('[sample]\nmin = "3m"').sample.min == 3 * MINUTE
    assert read_policy('[sample]\nmin = "5m"\nmax = ""').sample.max is None
    assert read_policy('[sample]\nmin = "5m"\nmax = "0s"').sample.max == timedelta()


# --- mistakes


def test_all_mistakes_are_told_together_in_the_order_of_the_file() -> None:
    """One start, one list to work off."""
    text = """\
panel = 3
[review]
panell = 2
"nudge_after" = "4 hours"
hold = "3m"
[revew]
x = 1
[sample]
checks = { speech = 3, "speach" = 0.2 }
[reminders]
offsets = [
  "24h",
  "x",
]
quiet = "8-9"
[[booking]]
hold = "3m"
[zzz]
"""
    duration = 'a duration like "90s", "30m", "24h" or "7d", or "" for none'
    tables = "booking, pairing, pay, reminders, retention, review, sample, session, telegram"
    assert problems(text) == (
        "line 1, panel: unknown key here; it belongs in [review]",
        "line 3, review.panell: unknown key; did you mean panel?",
        f'line 4, review.nudge_after: expected {duration}, found "4 hours"',
        "line 5, review.hold: unknown key here; it belongs in [booking]",
        "line 6, revew: unknown table; did you mean review?",
        "line 9, sample.checks.speach: unknown key; did you mean speech?",
        "line 9, sample.checks.speech: expected a number from 0 to 1, found 3",
        'line 11, reminders.offsets: expected a list of durations longer than 0s, each like "90s", "30m", '
        '"24h" or "7d", found ["24h", "x"]',
        'line 15, reminders.quiet: expected two different times of the day like "22:00-08:00", or "" for '
        'none, found "8-9"',
        "line 16, booking: expected a table, [booking], found [a table]",
        f"line 18, zzz: unknown table; expected one of {tables}",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("review = 2", "line 1, review: expected a table, [review], found 2"),
        ("[sample]\nchecks = 1", "line 2, sample.checks: expected a table, [sample.checks], found 1"),
        ("[sample.check]", "line 1, sample.check: unknown key; did you mean checks?"),
        ("[booking]\nxyz = 1", f"line 2, booking.xyz: unknown key; expected one of {BOOKING_KEYS}"),
        ("panell = 2", "line 1, panell: unknown key; did you mean panel?"),
        ("Review.panel = 2", "line 1, Review: unknown table; did you mean review?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(text: str, problem: str) -> None:
    """The nearest one, or all there are."""
    assert problems(text) == (problem,)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[review\n", 1),
        ("\n\nx =\n", 3),
        ("[pay]\ncurrency = CNY", 2),
        ("[review]\npanel = 1\npanel = 2", 3),
        ("[review]\n[pay]\n[review]", 3),
        ("a = 1\nb = [1,\n2", 3),
        ("a = '''\n\n", 2),
    ],
)
def test_broken_toml_is_named_by_its_line(text: str, line: int) -> None:
    """Also a key or a table set twice, and a file that ends too early."""
    (problem,) = problems(text)
    assert problem.startswith(f"line {line}")
    assert "expected valid TOML (" in problem
    assert "(at " not in problem


def test_a_long_value_is_shown_short() -> None:
    """A pasted text does not drown the message."""
    (problem,) = problems(f'pay.currency = "{"x" * 500}"')
    assert len(problem) < 150


# --- the example


def test_the_example_is_the_default_policy_with_every_key() -> None:
    """The file in the repository is the one that the defaults make."""
    assert EXAMPLE.read_text(encoding="utf-8") == default_policy_text()
    assert read_policy(default_policy_text()) == Policy()
    assert set(KEYS) <= {".".join(path) for path in locate(default_policy_text())}


def test_every_key_of_the_policy_is_described_and_no_other() -> None:
    """A new key cannot be forgotten, an old one cannot stay."""
    assert set(KEYS) == set(leaves(Policy))
    tables = {field.name for field in fields(Policy)} | {key.rpartition(".")[0] for key in KEYS}
    assert set(TABLES) == tables


def test_writing_the_example_does_not_overwrite_a_policy(tmp_path: Path) -> None:
    """It stops instead."""
    path = tmp_path / "duologue.toml"
    write_default_policy(path)
    assert path.read_text(encoding="utf-8") == default_policy_text()
    with pytest.raises(FileExistsError):
        write_default_policy(path)


seconds = st.integers(0, 10**8).map(lambda count: timedelta(seconds=count))
spans = st.none() | seconds | st.integers(0, 3650).map(timedelta) | st.integers(0, 99).map(lambda n: n * HOUR)
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(1, 100),
    Span: spans,
    str: st.sampled_from(["EUR", "USD"]),
    tuple[timedelta, ...]: st.sets(seconds.filter(bool)).map(
        lambda found: tuple(sorted(found, reverse=True))
    ),
    tuple[time, time] | None: st.none()
    | st.tuples(*[st.builds(time, st.integers(0, 23), st.integers(0, 59))] * 2).filter(
        lambda two: two[0] != two[1]
    ),
}


@st.composite
def policies(draw: st.DrawFn, cls: type[Any] = Policy, prefix: str = "") -> Any:
    """Any policy that a file can set, but for the one rule that ties two keys together."""
    found: dict[str, Any] = {}
    for name, kind in get_type_hints(cls).items():
        if is_dataclass(kind):
            found[name] = draw(policies(kind, f"{prefix}{name}."))
        elif kind is float:
            key = KEYS[prefix + name]
            found[name] = draw(st.floats(key.low, key.high, allow_subnormal=False))
        else:
            found[name] = draw(VALUES.get(kind, st.sampled_from(["disagreement", "any-rejection"])))
    return cls(**found)


@given(policies())
def test_a_written_policy_is_read_as_it_was(policy: Policy) -> None:
    """Every value there can be has a form in the file."""
    policy = replace(policy, sample=replace(policy.sample, max=None))
    assert read_policy(policy_text(policy)) == policy
