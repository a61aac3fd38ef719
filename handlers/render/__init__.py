"""Words and buttons of every kind of message, a module a subject."""

from handlers.render import people, problems, samples, status
from handlers.screen import screen

__all__ = ["people", "problems", "samples", "screen", "status"]
