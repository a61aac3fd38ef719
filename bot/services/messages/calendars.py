"""Messages about calendars that people's own programs subscribe to."""

from dataclasses import dataclass
from datetime import datetime

from bot.services.messages.base import Message


@dataclass(frozen=True)
class StudioName:
    """A studio, by its number and its name in each language."""

    studio_id: int
    names: dict[str, str]


@dataclass(frozen=True)
class CalendarStands(Message):
    """How a link stands: the person's own or, with `studio`, that one's.

    `made_at` is None where there is none, `read_at` where no program has read it yet. `studios` are those whose
    calendars the person can have besides. Moments are told in `zone`.
    """

    zone: str
    studio: StudioName | None = None
    made_at: datetime | None = None
    read_at: datetime | None = None
    studios: tuple[StudioName, ...] = ()


@dataclass(frozen=True)
class CalendarLink(Message):
    """The link itself, told once."""

    url: str
    studio: StudioName | None = None


@dataclass(frozen=True)
class CalendarLinkEnded(Message):
    """What the message with a link becomes once it has ended: the secret leaves the chat."""
