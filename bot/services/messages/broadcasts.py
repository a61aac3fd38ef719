"""Messages to many, and what the coordinator sees of them."""

from dataclasses import dataclass, field
from typing import ClassVar

from bot.services.messages.base import IfUncertain, Lane, Message
from bot.services.messages.people import CityChoice


@dataclass(frozen=True)
class BroadcastWords(Message):
    """What a recipient gets: the coordinator's own words."""

    lane: ClassVar[Lane] = Lane.BROADCAST
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.NEVER

    words: str


@dataclass(frozen=True)
class Circle:
    """Whom a broadcast is for. `city` and `language` are empty where they do not narrow it."""

    audience: str
    city: str = ""
    city_names: dict[str, str] = field(default_factory=dict)
    language: str = ""


@dataclass(frozen=True)
class Tally:
    """What became of how many recipients; `left` wait or are in the air."""

    sent: int = 0
    blocked: int = 0
    failed: int = 0
    uncertain: int = 0
    taken_back: int = 0
    left: int = 0


@dataclass(frozen=True)
class BroadcastCard(Message):
    """A broadcast as its coordinator sees it: a preview, its progress, its end.

    `words` is empty if they are too long for the card; then they stand in a message above it.
    """

    broadcast_id: int
    state: str
    circle: Circle
    head_count: int
    words: str = ""
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class AskAudience(Message):
    """Whom shall the message go to?"""

    audiences: tuple[str, ...]


@dataclass(frozen=True)
class AskAudienceCity(Message):
    """Those of one city only?"""

    circle: Circle
    cities: tuple[CityChoice, ...]


@dataclass(frozen=True)
class AskAudienceLanguage(Message):
    """Those who read one language only?"""

    circle: Circle


@dataclass(frozen=True)
class AskBroadcastWords(Message):
    """The words, typed; so many will get them."""

    circle: Circle
    head_count: int
