"""Move the state from a file to a server: every row, compared afterwards, going on where it was broken off.

Rows go over in the order of their keys, a few thousand a commit, so whatever was committed is not copied again. A small
table in the target (`MARK`) stands as long as the copy is not whole; a bot does not start on such a target. Only when
every table has as many rows and the same checksum on both sides is the mark taken away, in the transaction that puts
triggers and counters back in force.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from storage import migrate
from storage.database import Database, Transaction
from storage.tables import metadata
from storage.transaction import ConflictError
from storage.workers import others_alive

BATCH: Final = 2_000
"""Rows of one commit."""

MARK: Final = "unfinished_copy"
"""The table in the target that stands until the copy is whole."""

UNFINISHED: Final = "a copy into it is not whole; run duologue db copy again, with the same two databases"

Tell = Callable[[str, int], None]
"""Hears of progress: a table and how many of its rows were dealt with just now."""


class CopyError(Exception):
    """The copy cannot begin, or is not what it copies; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What a table amounts to: its rows, and a checksum that knows no order."""

    rows: int
    checksum: int


def tables() -> Sequence[Table]:
    """Every table, those that are referred to before those that refer to them."""
    return metadata.sorted_tables


async def unfinished(database: Database) -> bool:
    """Whether somebody began to copy into a database and is not done."""
    if not database.on_a_server:
        return False
    async with database.reading() as tx:
        return await _marked(tx)


async def copy(
    source: Database,
    target: Database,
    tell: Tell,
    begun: Callable[[int], None] = lambda _rows: None,
    *,
    anew: bool = False,
) -> dict[str, Sum]:
    """Copy everything and compare it; gives what each table amounts to.

    `begun` hears how many rows there are, `tell` of each row twice: when it is copied (or was before), and when it is
    compared. With `anew`, what is in the target goes first. Neither may change meanwhile. Raises `CopyError`, and
    whatever the databases raise.
    """
    await _check(source, target)
    async with target.alone() as alone:
        if not alone or await others_alive(target):
            raise CopyError("a bot runs on the target; stop it first")
        await migrate.upgrade(target)
        await _begin(target, anew=anew)
        async with source.reading() as look:
            begun(sum([await _count(look, table) for table in tables()]))
            try:
                for table in tables():
                    await _copy_table(look, target, table, tell)
            except (ConflictError, IntegrityError) as error:
                raise CopyError(f"{_CHANGED} ({type(error).__name__})") from error
            sums = {table.name: await _compare(look, target, table, tell) for table in tables()}
            version = await _version(look)
        async with source.reading() as look:
            if await _version(look) != version:
                raise CopyError(
                    "somebody wrote into the source meanwhile; stop the bot, and begin again with --anew"
                )
        await _finish(target)
    return sums


_CHANGED: Final = "the source is not what it was when the copy began; begin again with --anew"


async def _check(source: Database, target: Database) -> None:
    if source.on_a_server or not target.on_a_server:
        raise CopyError("the copy goes from an SQLite file to PostgreSQL")
    path = Path(source.url.database or "")
    if not await asyncio.to_thread(path.is_file):
        raise CopyError(f"there is no file {path}")
    if await migrate.current(source) != migrate.newest():
        raise CopyError(f"{path} is not of this version: bring it up to date first, with duologue db upgrade")


async def _begin(target: Database, *, anew: bool) -> None:
    """Mark the target, and let its triggers sleep: what they guard was guarded when the rows came to be."""
    async with target.writing() as tx:
        filled = [table.name for table in tables() if await _count(tx, table)]
        marked = await _marked(tx)
        if filled and anew:
            await tx.run(text(f"TRUNCATE {', '.join(table.name for table in tables())} RESTART IDENTITY"))
        elif filled and not marked:
            raise CopyError(
                f"the target has rows already ({', '.join(filled[:3])}); take an empty one, or throw away what is "
                "there with --anew"
            )
        if not marked:
            await tx.run(text(f"CREATE TABLE {MARK} (begun_at timestamptz NOT NULL DEFAULT now())"))
        for name in await _with_triggers(tx):
            await tx.run(text(f"ALTER TABLE {name} DISABLE TRIGGER USER"))


async def _finish(target: Database) -> None:
    async with target.writing() as tx:
        for name in await _with_triggers(tx):
            await tx.run(text(f"ALTER TABLE {name} ENABLE TRIGGER USER"))
        for table in tables():
            key = _counted(table)
            if key is not None:
                await tx.run(
                    _COUNT_ON.bindparams(table=table.name, key=key, next=await _largest(tx, table) + 1)
                )
        await tx.run(text(f"DROP TABLE {MARK}"))
    async with target.connected() as connection:
        await connection.exec_driver_sql("ANALYZE")  # else the first plans would be those of empty tables


_COUNT_ON = text(
    "SELECT setval(seq, :next, false) FROM pg_get_serial_sequence(:table, :key) AS seq WHERE seq IS NOT NULL"
)


async def _version(look: Transaction) -> int:
    """A number that changes on a connection when another one has written."""
    return int((await look.run(text("PRAGMA data_version"))).scalar_one())


async def _copy_table(look: Transaction, target: Database, table: Table, tell: Tell) -> None:
    """Copy what is missing of a table, in the order of its keys."""
    keys = list(table.primary_key)
    last: tuple[Any, ...] | None = None
    if _counted(table) is not None:
        async with target.reading() as tx:
            there, largest = await _count(tx, table), await _largest(tx, table)
        if there:
            tell(table.name, there)
            last = (largest,)
    while rows := await _batch(look, table, last):
        async with target.writing() as tx:
            await tx.run(
                insert(table).on_conflict_do_nothing(index_elements=keys), [dict(row) for row in rows]
            )
        tell(table.name, len(rows))
        last = tuple(rows[-1][key.name] for key in keys)


async def _compare(look: Transaction, target: Database, table: Table, tell: Tell) -> Sum:
    ours = await _sum(look, table, tell)
    async with target.reading() as tx:
        theirs = await _sum(tx, table, lambda _table, _rows: None)
    if ours != theirs:
        what = "other rows" if ours.rows == theirs.rows else f"{theirs.rows} rows instead of {ours.rows}"
        raise CopyError(f"{table.name} has {what} in the target: {_CHANGED}")
    return ours


async def _sum(tx: Transaction, table: Table, tell: Tell) -> Sum:
    count = checksum = 0
    last: tuple[Any, ...] | None = None
    while rows := await _batch(tx, table, last):
        for row in rows:
            checksum += _digest(row)
        count += len(rows)
        tell(table.name, len(rows))
        last = tuple(rows[-1][key.name] for key in table.primary_key)
    return Sum(count, checksum % 2**128)


def _digest(row: Mapping[str, Any]) -> int:
    plain = json.dumps([_plain(value) for value in row.values()], sort_keys=True)
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=16).digest())


def _plain(value: Any) -> Any:
    """A column's value in a form that is the same whatever database it came from."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


async def _batch(tx: Transaction, table: Table, last: tuple[Any, ...] | None) -> Sequence[Mapping[str, Any]]:
    """The next rows behind a key, by its order."""
    keys = list(table.primary_key)
    query = select(table).order_by(*keys).limit(BATCH)
    if last is not None:
        query = query.where(keys[0] > last[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*last))
    found: Sequence[Mapping[str, Any]] = (await tx.run(query)).mappings().all()
    return found


async def _count(tx: Transaction, table: Table) -> int:
    return int((await tx.run(select(func.count()).select_from(table))).scalar_one())


def _counted(table: Table) -> str | None:
    """The name of the key that grows with each row, if the table has such a one."""
    return "id" if [key.name for key in table.primary_key] == ["id"] else None


async def _largest(tx: Transaction, table: Table) -> int:
    return int((await tx.run(select(func.max(table.c.id)))).scalar_one() or 0)


async def _marked(tx: Transaction) -> bool:
    return (await tx.run(text("SELECT to_regclass(:name)").bindparams(name=MARK))).scalar_one() is not None


async def _with_triggers(tx: Transaction) -> list[str]:
    """The tables that triggers of ours stand guard over."""
    query = text("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
    return list((await tx.run(query)).scalars())
