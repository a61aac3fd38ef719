"""`make bench`: every table, or those that are named: `python -m tests.bench throughput`.

The figures depend on the machine and on what else it does; what stands side by side was measured in one run.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console

from tests.bench import (
    bookings,
    broadcast,
    ears,
    flood,
    goals,
    pairing,
    playground,
    reminders,
    reviewers,
    throughput,
)

TABLES: dict[str, Callable[[], Awaitable[None]]] = {
    "goals": goals.main,
    "ears": ears.main,
    "throughput": throughput.main,
    "reminders": reminders.main,
    "broadcast": broadcast.main,
    "flood": flood.main,
    "pairing": pairing.main,
    "bookings": bookings.main,
    "reviewers": reviewers.main,
    "playground": playground.main,
}


async def main(names: list[str]) -> None:
    """Measure and print; an unknown name ends with those that are known."""
    unknown = [name for name in names if name not in TABLES]
    if unknown:
        raise SystemExit(f"no such table: {', '.join(unknown)}; there are {', '.join(TABLES)}")
    for name in names or TABLES:
        Console().rule(name)
        await TABLES[name]()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
