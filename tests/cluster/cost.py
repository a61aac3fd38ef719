"""What one update costs the server when its tables hold ten thousand, a hundred thousand, a million people.

The tables are filled by the server itself with rows as a long life leaves them. Then newcomers answer their questions,
handled by the real inbox and outbox in this process, and everything that they ask of the server is counted: statements,
bytes of its log, growth of indexes, rows that were read one after the other from a table of any size.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import Pool

from bot import config
from bot.app import App
from storage.database import Database
from tests.cluster.people import Person, Telegram
from tests.helpers import a_studio
from tests.programs import SECRET, free_port
from tests.servers import Server
from tests.stage import NO_BUDGETS

SIZES = (10_000, 100_000, 1_000_000)
NEWCOMERS = 100
LARGE = 5_000
"""Rows from which on a table is not to be read from one end to the other."""

FILLED = (
    ("people", 1, "'id', {first} + g, 'telegram_id', 5000000000 + {first} + g"),
    (
        "inbox",
        2,
        "'id', {first} + g, 'update_id', 5000000000 + {first} + g, 'press', NULL, 'sender', 5000000000 + g / 2",
    ),
    ("outbox", 2, "'id', {first} + g, 'chat_id', 5000000000 + g / 2, 'about', 'filled ' || g, 'edits', NULL"),
    ("consents", 3, "'id', {first} + g, 'person_id', {first} + (g + 2) / 3"),
    ("audit", 2, "'id', {first} + g, 'subject', 'person:' || g / 2"),
    ("timers", 1, "'id', {first} + g, 'subject', 'person:' || g"),
)
"""Tables, rows for each person, and what is different in each; all else is as in the newest row that is done with."""

DONE = {"inbox": "state = 'done'", "outbox": "state = 'sent' AND edits IS NULL", "timers": "state = 'done'"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one update, on average."""

    people: int
    statements: float
    milliseconds: float
    log: float
    """Bytes of the write-ahead log."""
    indexes: float
    """Bytes by which indexes grew."""
    scanned: dict[str, int]
    """Rows of large tables that were read one after the other, by table."""


async def show(server: Server, console: Console) -> bool:
    """Measure all sizes and print them; False if a cost grows with the tables."""
    found = [await measure(server, size) for size in SIZES]
    table = Table(
        title=f"what an update costs the server, by people in the tables ({NEWCOMERS} newcomers' questions)"
    )
    for heading in ("people", "statements", "ms", "log bytes", "index bytes", "rows read in sequence"):
        table.add_column(heading, justify="right")
    for one in found:
        scanned = ", ".join(f"{name} {rows:,}" for name, rows in one.scanned.items()) or "none"
        figures = (
            f"{one.statements:.1f}",
            f"{one.milliseconds:.1f}",
            f"{one.log:,.0f}",
            f"{one.indexes:,.0f}",
        )
        table.add_row(f"{one.people:,}", *figures, scanned)
    first, last = found[0], found[-1]
    ratios = (
        last.statements / first.statements,
        last.milliseconds / first.milliseconds,
        last.log / first.log,
    )
    table.add_row("largest / smallest", *(f"{ratio:.2f}" for ratio in ratios), "", "")
    console.print(table)
    return not any(one.scanned for one in found) and ratios[0] < 1.1


async def measure(server: Server, size: int) -> Cost:
    """The cost at one size."""
    url = await server.create()
    telegram = Telegram(lambda: [f"http://127.0.0.1:{port}"], SECRET)
    port = free_port()
    await telegram.start()
    environment = {
        "DUOLOGUE_TOKEN": "1:cluster",
        "DUOLOGUE_API_URL": telegram.api.url,
        "DUOLOGUE_DATABASE_URL": url,
        "DUOLOGUE_DATA": str(server.folder / f"data {size}"),
        "DUOLOGUE_WEBHOOK_URL": "http://127.0.0.1:1/in/telegram",
        "DUOLOGUE_WEBHOOK_SECRET": SECRET,
        "DUOLOGUE_POLICY": str(server.folder / "cost.toml"),
        "DUOLOGUE_LISTEN": f"127.0.0.1:{port}",
    }
    (server.folder / "cost.toml").write_text(NO_BUDGETS)
    with _counting() as counted:
        async with App(config.load(environment, server.folder), webhook=True) as app:
            figures = await _questions(app, server, str(make_url(url).database), telegram, size, counted)
    await telegram.stop()
    return figures


async def _questions(
    app: App, server: Server, name: str, telegram: Telegram, size: int, counted: list[str]
) -> Cost:
    """Fill the tables, let newcomers answer their questions, and count."""
    async with app.units.writing("studio") as unit:
        await a_studio(unit)
    await Person(telegram, 1_000).joins()
    await _ring_once(app.database)
    await _fill(server, name, size)
    await _join(telegram, 2_000, 10)
    before, updates = await _figures(app.database), len(telegram.taken)
    counted.clear()
    begun = time.monotonic()
    await _join(telegram, 3_000, NEWCOMERS)
    seconds = time.monotonic() - begun
    statements = len(counted)
    after, updates = await _figures(app.database), len(telegram.taken) - updates
    scanned = {
        table: read
        for table, rows in after["scanned"].items()
        if (read := rows - before["scanned"].get(table, 0)) > LARGE
    }
    return Cost(
        size,
        statements / updates,
        seconds * 1000 / updates,
        (after["log"] - before["log"]) / updates,
        (after["indexes"] - before["indexes"]) / updates,
        scanned,
    )


@contextmanager
def _counting() -> Iterator[list[str]]:
    """Every statement that is asked of servers meanwhile, on connections that are made meanwhile."""
    asked: list[str] = []

    def connected(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_query_logger(lambda record: asked.append(record.query))

    event.listen(Pool, "connect", connected)
    try:
        yield asked
    finally:
        event.remove(Pool, "connect", connected)


async def _join(telegram: Telegram, first: int, count: int) -> None:
    places = asyncio.Semaphore(20)

    async def joins(number: int) -> None:
        async with places:
            await Person(telegram, number).joins()

    await asyncio.gather(*(joins(first + number) for number in range(count)))


async def _ring_once(database: Database) -> None:
    """Leave a timer that was rung, to be multiplied."""
    async with database.writing() as tx:
        await tx.run(text("UPDATE timers SET state = 'done' WHERE id = (SELECT max(id) FROM timers)"))


async def _fill(server: Server, name: str, size: int) -> None:
    """Multiply what is there."""
    statements = ["SET session_replication_role = replica"]
    for table, each, different in FILLED:
        facts = different.format(first=10_000)
        done = DONE.get(table, "true")
        statements.append(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(one.template, jsonb_build_object({facts}))).*"
            f" FROM (SELECT template FROM {table} AS template WHERE {done} ORDER BY id DESC LIMIT 1) AS one,"
            f" generate_series(1, {size * each}) AS g"
        )
        statements.append(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
    await server.run(*statements, "VACUUM ANALYZE", database=name)


async def _figures(database: Database) -> dict[str, Any]:
    async with database.connected() as connection:
        await asyncio.sleep(1.2)  # the server writes its own counts down once a second
        log = await connection.exec_driver_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        indexes = await connection.exec_driver_sql(
            "SELECT sum(pg_indexes_size(relid)) FROM pg_stat_user_tables"
        )
        scanned = await connection.exec_driver_sql("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
        return {
            "log": float(log.scalar_one()),
            "indexes": float(indexes.scalar_one()),
            "scanned": {str(table): int(rows) for table, rows in scanned.all()},
        }
