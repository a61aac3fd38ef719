"""Words and buttons of every kind of message, a module a subject."""

from handlers.render import (
    broadcasts,
    partner_links,
    partners,
    people,
    problems,
    proposals,
    review_cards,
    reviews,
    samples,
    status,
    verdicts,
)
from handlers.screen import screen

__all__ = [
    "broadcasts",
    "partner_links",
    "partners",
    "people",
    "problems",
    "proposals",
    "review_cards",
    "reviews",
    "samples",
    "screen",
    "status",
    "verdicts",
]
