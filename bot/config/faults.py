"""Where tests want the program to die: `DUOLOGUE_FAULT`, read into names that the program can compare.

The variable holds moments, separated by semicolons. A moment is `before` or `after` a point, or `forget` and a
step whose commit is taken back, and which time that is (without a number the first): `after inbox.accept:3`.
The word `record` alone lets the program live, and write down which points it passes.
"""

import re

RECORD = "record"

_MOMENT = re.compile(
    r"(?P<what>before|after|forget) +(?P<point>[a-z]+(?:[._][a-z]+)*)(?: *: *(?P<time>[1-9][0-9]{0,8}))?"
)


def read_fault(text: str) -> tuple[str, ...]:
    """The moments, each as `before inbox.accept:3`; none for `record`. Raises ValueError."""
    if text.strip() == RECORD:
        return ()
    return tuple(_moment(part) for part in text.split(";") if part.strip())


def _moment(part: str) -> str:
    found = _MOMENT.fullmatch(part.strip())
    if found is None:
        raise ValueError(part)
    return f"{found['what']} {found['point']}:{found['time'] or 1}"
