"""Which moments a calm night passes, and how they are dealt to the nights in which the bot dies."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.delivery.mortal import DIED, FORGOT

MENDING = ("outbox.start", "jobs.start")
"""What a life begins with if the last one left something in the air or in hand: a calm night has none of it."""

OFTEN = (6, 24)
"""Every so-many-th such beginning is a moment, up to that one."""


def moments(journal: Iterable[str]) -> list[str]:
    """Every moment that passed, numbered, in its order."""
    count: Counter[str] = Counter()
    found = []
    for line in journal:
        if not line.startswith((DIED, FORGOT)):
            count[line] += 1
            found.append(f"{line}:{count[line]}")
    return found


def kind_of(moment: str) -> str:
    """A moment without its number: `before inbox.accept` of `before inbox.accept:3`."""
    return moment.partition(":")[0]


def deal(passed: Sequence[str], nights: int) -> list[list[str]]:
    """Deal moments to nights like cards, so that each night dies all through the story, and not twice at once."""
    return [list(passed[number::nights]) for number in range(nights)]


def mending(number: int) -> list[str]:
    """Moments of a night at which a life ends while it mends what the last one left; some of them may not come."""
    step, last = OFTEN
    times = enumerate(range(1 + number % step, last, step))
    sides = [(("before", "after")[(number + turn) % 2], time) for turn, time in times]
    return [f"{side} {point}:{time}" for point in MENDING for side, time in sides]
