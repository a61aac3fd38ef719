"""Messages about studios and cities, and about being led through adding one."""

from dataclasses import dataclass, field
from typing import Any

from bot.services.messages.base import Message
from bot.services.messages.people import CityChoice
from bot.services.messages.slots import SlotView


@dataclass(frozen=True)
class StudioView:
    """A studio as coordinators see it; `rooms` are those that are not closed.

    `setup` and `cleanup` are minutes before and after each session, `closures` how many are to come or under way.
    """

    studio_id: int
    city: str
    city_names: dict[str, str]
    names: dict[str, str]
    zone: str
    rooms: int
    address: str = ""
    map_url: str = ""
    setup: int = 0
    cleanup: int = 0
    closures: int = 0


@dataclass(frozen=True)
class StudioList(Message):
    """Every studio that is not closed, with its number."""

    studios: tuple[StudioView, ...]


@dataclass(frozen=True)
class StudioAdded(Message):
    """A new studio stands. `asked`: how many people are asked for their city now; `staff` it has there."""

    studio: StudioView
    asked: int = 0
    staff: int = 0
    staff_needed: int = 0


@dataclass(frozen=True)
class StudioCard(Message):
    """One studio with what can be done to it; `changed` right after a change.

    `close` sessions stand so near to others that there is no time to clean up and set up.
    """

    studio: StudioView
    changed: bool = False
    close: int = 0
    calendar: bool = False


@dataclass(frozen=True)
class AskStudioField(Message):
    """What shall this field of a studio be? Typed."""

    studio: StudioView
    field: str


@dataclass(frozen=True)
class AskStudio(Message):
    """One question on the way to a new studio.

    `answers` are those so far; `cities` and `zones` are offered as buttons.
    """

    step: str
    answers: dict[str, str | int | None] = field(default_factory=dict)
    cities: tuple[CityChoice, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConfirmClosing(Message):
    """What closing a studio, or the rooms above `rooms` of it, would touch.

    `free` slots would be cancelled; `booked` are sessions that have been promised to pairs.
    """

    studio: StudioView
    free: int
    booked: tuple[SlotView, ...]
    rooms: int = 0


@dataclass(frozen=True)
class StudioClosed(Message):
    """It is closed. `cancelled` free slots went with it; booked sessions still take place or were called off."""

    studio: StudioView
    cancelled: int
    kept: int = 0
    called_off: int = 0


@dataclass(frozen=True)
class AskInvitation(Message):
    """Whom shall the link be for? With `cities`: staff, in which city?"""

    cities: tuple[CityChoice, ...] = ()
    staff: bool = False


@dataclass(frozen=True)
class InviteLink(Message):
    """A one-time link into a role."""

    role: str
    link: str
    days: int
    city: str = ""
    city_names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LineProblem(Message):
    """A one-line command that could not be read: what is wrong with it, and what the form is."""

    command: str
    error: str
    facts: dict[str, Any] = field(default_factory=dict)
