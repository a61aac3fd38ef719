"""Messages about slots: planning them, opening them, telling whom they are for."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class SlotView:
    """A slot as people are shown it: when, in the studio's `zone`, and where."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    studio: dict[str, str]
    """The studio's name by language."""
    city: str
    address: str = ""
    map_url: str = ""
    room: int = 1
    """The room's number in its studio."""
    room_count: int = 1
    """How many rooms the studio has: with one, its number is not worth a word."""
    city_names: dict[str, str] = field(default_factory=dict)
    state: str = "open"
