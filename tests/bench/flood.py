"""Somebody floods the bot with a thousand messages: what the others notice of it, beside the same without.

The real program with Telegram's own limits obeyed, against a local Bot API server that counts, each a process of
its own. The others press a button at a steady pace, half of them in quiet and half while the flood comes.
"""

import asyncio
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.rules.policy import Policy
from bot.sandbox import SandboxClient
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from tests.bench.broadcast import Bot, running
from tests.bench.throughput import answered, asked, buttons, server
from tests.helpers import an_approved

MESSAGES = 1000
OTHERS = 100
"""People who press in quiet, and as many who press under the flood."""

PACE = 25.0
"""Presses a second. The flood comes after the first tenth of them."""

FLOODER = 3_000_000
EVERYBODY = range(FLOODER, FLOODER + 1 + 2 * OTHERS)


@dataclass(frozen=True)
class Course:
    """What came of it."""

    messages: int
    quiet: list[float]
    """Seconds from press to answer."""
    flooded: list[float]
    """The same, under the flood."""
    read: int
    polite: int
    """How often the flooder was told that part was left unread."""
    refused: int
    """429s that the server gave."""


async def seed(folder: Path) -> None:
    """Approved people, one of whom will flood."""
    database = Database(f"sqlite+aiosqlite:///{folder}/duologue.db")
    await migrate.upgrade(database)
    units = Units(database, lambda: datetime.now(UTC), House(Policy()))
    async with units.writing("people") as unit:
        for telegram_id in EVERYBODY:
            await an_approved(unit, telegram_id)
    await database.close()


async def measure(messages: int = MESSAGES) -> Course:
    """Presses in quiet, presses under the flood, and what the flooder was told."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "duologue.toml").write_text("", encoding="utf-8")
        async with server() as (url, token), SandboxClient(url) as client:
            for telegram_id in EVERYBODY:
                await client.post("people", first_name=f"Person {telegram_id}", id=telegram_id, started=True)
            await client.settings(flood=True)
            await seed(folder)
            async with running(Bot(folder, url, token)):
                others = list(EVERYBODY[1:])
                await client.batch([{"person": one, "text": "/language"} for one in others])
                shown = await buttons(client, others, "lang:")
                quiet = await pressed(client, shown[:OTHERS], [])
                flood = [{"person": FLOODER, "text": "/help"}] * messages
                flooded = await pressed(client, shown[OTHERS:], flood)
            refused = int((await client.info())["flood_refusals"])
        read, polite = told(folder)
        return Course(messages, quiet, flooded, read, polite, refused)


async def pressed(
    client: SandboxClient, presses: Sequence[dict[str, Any]], flood: list[dict[str, Any]]
) -> list[float]:
    """One press after the other at a steady pace, and the flood at once amid them; seconds to each answer."""
    after = (await client.info())["last_seq"]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    flooding: asyncio.Task[Any] | None = None
    for number, press in enumerate(presses):
        await asyncio.sleep(max(0.0, begun + number / PACE - loop.time()))
        if flood and number == len(presses) // 10:
            flooding = asyncio.create_task(client.batch(flood))
        await client.batch([press])
    when = await answered(client, after, "answer", {press["person"] for press in presses})
    if flooding is not None:
        await flooding
    since = await asked(client, after, "pressed")
    return [when[person] - since[person] for person in when]


def told(folder: Path) -> tuple[int, int]:
    """How many of the flooder's messages were read, and how many polite answers there are."""
    connection = sqlite3.connect(f"file:{folder}/duologue.db?mode=ro", uri=True, timeout=20)
    try:
        [(read,)] = connection.execute(
            "SELECT count(*) FROM inbox WHERE sender = ? AND state != 'unread'", (FLOODER,)
        ).fetchall()
        [(polite,)] = connection.execute("SELECT count(*) FROM outbox WHERE kind = 'SlowDown'").fetchall()
    finally:
        connection.close()
    return read, polite


def show(found: Course) -> None:
    """Print the figures side by side."""
    table = Table(
        title=f"Press to answer of others, while somebody sends {found.messages:,} messages at once"
    )
    for heading in ("", "p50", "p99", "slowest"):
        table.add_column(heading, justify="right" if heading else "left")
    quiet, flooded = (figures(times) for times in (found.quiet, found.flooded))
    table.add_row("in quiet", *(f"{value:.1f} ms" for value in quiet))
    table.add_row("under the flood", *(f"{value:.1f} ms" for value in flooded))
    more = [b - a for a, b in zip(quiet, flooded, strict=True)]
    table.add_row("more (goal: at most 100 ms)", *(f"{value:+.1f} ms" for value in more))
    Console().print(table)
    Console().print(
        f"Of the flooder's messages {found.read} were read; polite answers (goal 1): {found.polite}; "
        f"429s (goal 0): {found.refused}"
    )


def figures(times: Sequence[float]) -> tuple[float, float, float]:
    """Median, 99th percentile and the slowest, in milliseconds."""
    quantiles = statistics.quantiles(times, n=100, method="inclusive")
    return quantiles[49] * 1000, quantiles[98] * 1000, max(times) * 1000


async def main(*arguments: int) -> None:
    """Measure and print; `arguments` as those of `measure`."""
    show(await measure(*arguments))


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:])))
