"""What only the running program knows of itself: no row tells it, and it counts anew after each start."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Pulse:
    """A look at the running program's counters.

    `since` is when it began to count (None: nobody counts). `held` is how often Telegram asked for silence,
    `again` how many sendings had to be repeated. Of `rung` timers `punctual` began within a second of their
    time, the latest one `latest` after it.
    """

    since: datetime | None = None
    held: int = 0
    again: int = 0
    rung: int = 0
    punctual: int = 0
    latest: timedelta = timedelta()
