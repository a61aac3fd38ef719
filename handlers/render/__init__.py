"""Words and buttons of every kind of message, a module a subject."""

from handlers.render import people, problems, review_cards, reviews, samples, status, verdicts
from handlers.screen import screen

__all__ = ["people", "problems", "review_cards", "reviews", "samples", "screen", "status", "verdicts"]
