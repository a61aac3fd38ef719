"""What all scenes of the story share: who plays, where, and what one scene hands on to the next."""

from datetime import datetime

from bot.demo.cast import Actor, Cast
from bot.demo.theatre import Theatre
from bot.sandbox.heard import Heard

CITY = "beijing"
REVIEWERS = (("Rosa", "en", "magenta"), ("林岚", "zh", "bright_magenta"), ("Tariq", "en", "medium_purple2"))
STAFF = (("王师傅", "zh", "yellow"), ("Sun", "en", "gold3"))


class Scene:
    """The stage, and who is on it."""

    olga: Actor
    ann: Actor
    li: Actor
    ben: Actor
    mei: Actor
    reviewers: tuple[Actor, ...]
    staff: tuple[Actor, ...]
    sent: int
    """The moment before the last sample was sent."""
    heard_by: tuple[Actor, ...]
    """Who voted on Ben's sample first."""
    starts_at: datetime
    """When the session that Ann books begins."""

    def __init__(self, cast: Cast, theatre: Theatre) -> None:
        self.cast = cast
        self.theatre = theatre

    @property
    def applicants(self) -> tuple[Actor, ...]:
        """Who wants to record."""
        return self.ann, self.li, self.ben, self.mei


def link_in(heard: Heard) -> str:
    """The link to the bot that a message shows."""
    return next(word for word in heard.text.split() if word.startswith("https://t.me/"))
