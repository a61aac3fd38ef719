"""How many slots one message asks a member of the staff about."""

from collections.abc import Callable, Hashable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")

PER_CARD = 8
"""Slots in one message: more would be a wall of buttons on a phone."""


def deal(slots: Sequence[T], day_of: Callable[[T], Hashable], limit: int = PER_CARD) -> list[list[T]]:
    """Slots in order of time, dealt to cards of at most `limit`: a day is torn apart only if it must be."""
    cards: list[list[T]] = []
    for _, group in groupby(slots, key=day_of):
        day = list(group)
        if cards and len(cards[-1]) + len(day) <= limit:
            cards[-1].extend(day)
        else:
            cards.extend(day[i : i + limit] for i in range(0, len(day), limit))
    return cards
