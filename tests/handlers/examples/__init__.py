"""An example of every kind of message and of every domain error, with every branch of its words.

`DATA` are the strings among them that people or operators typed; everything else that can be seen has to be
in the reader's language.
"""

from collections import Counter

from bot.services.messages import Message
from tests.handlers.examples import (
    bookings,
    calendars,
    coordinators,
    errors,
    partners,
    people,
    pool,
    reviews,
    samples,
    slots,
    stories,
    studios,
)
from tests.handlers.examples.common import DATA

EXAMPLES: tuple[Message, ...] = (
    *people.EXAMPLES,
    *samples.EXAMPLES,
    *reviews.EXAMPLES,
    *partners.EXAMPLES,
    *pool.EXAMPLES,
    *bookings.EXAMPLES,
    *calendars.EXAMPLES,
    *slots.EXAMPLES,
    *studios.EXAMPLES,
    *coordinators.EXAMPLES,
    *stories.EXAMPLES,
    *errors.EXAMPLES,
)


def named() -> list[tuple[str, Message]]:
    """Every example with a name to find it by: its kind, the error if it is one, and a number."""
    seen: Counter[str] = Counter()
    found = []
    for example in EXAMPLES:
        name = f"{example.kind} {getattr(example, 'error', '')}".strip()
        seen[name] += 1
        found.append((f"{name} #{seen[name]}", example))
    return found


__all__ = ["DATA", "EXAMPLES", "named"]
