"""Opening times in waves: who is told first, and for how long only they can book."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.rules.policy import Span

FACTOR = 2
"""Pairs in a first wave for each slot: some of them cannot come, or do not look in time."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A pair that could book: since when they are a pair, and when either of them last recorded."""

    pair_id: int
    since: datetime
    recorded: datetime | None = None


def first_wave(claims: Iterable[Claim], slots: int) -> tuple[int, ...]:
    """The pairs that are told first of so many slots, longest waiting first.

    Who never recorded comes before who has; among those the longest a pair, then the longest without a
    session. Pairs alike in all of that come in the order of their ids, so the same input gives the same wave.
    """
    ranked = sorted(
        claims,
        key=lambda claim: (
            claim.recorded is not None,
            claim.recorded or claim.since,
            claim.since,
            claim.pair_id,
        ),
    )
    return tuple(claim.pair_id for claim in ranked[: slots * FACTOR])


def waits(opens_at: datetime, last_moment: datetime) -> bool:
    """Whether a slot is kept for the first wave: not one that could hardly be booked afterwards any more."""
    return opens_at < last_moment


def head_start(wave: Span, now: datetime) -> datetime | None:
    """When a wave that begins now would be over; ``None`` if the policy has none."""
    return now + wave if wave else None
