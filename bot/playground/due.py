"""What the bot does next by itself: read from its database, beside the running bot."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

NEXT = """
    SELECT kind, due_at, happens_at, data FROM timers
    WHERE state = 'pending' AND due_at > ? AND kind NOT IN ({quiet}) ORDER BY due_at, happens_at LIMIT 1
"""

QUIET = ("solve_pool", "tidy")
"""Kinds that come round for ever, with nothing to see."""

PATIENCE = 2.0
"""Seconds that a locked database is waited for."""


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is due: its kind, when, and when that happens which it is about."""

    kind: str
    due_at: datetime
    happens_at: datetime

    @property
    def ahead(self) -> float:
        """Seconds between the two: a reminder, 24 h before."""
        return (self.happens_at - self.due_at).total_seconds()


def next_due(database: Path, now: datetime) -> Due | None:
    """The next timer after `now`; None if there is none, or no database yet."""
    if not database.exists():
        return None
    query = NEXT.format(quiet=", ".join("?" for _ in QUIET))
    after = now.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            row = connection.execute(query, (after, *QUIET)).fetchone()
    except sqlite3.OperationalError:  # the bot is making the tables just now
        return None
    if row is None:
        return None
    return Due(row[0], _moment(row[1]), _moment(row[2]))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
