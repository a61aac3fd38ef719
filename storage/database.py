"""Open the database, begin transactions, and translate what it refuses.

SQLite: a writing transaction takes the one write lock when it begins (`BEGIN IMMEDIATE`), so reading and
then writing cannot lose an update; the default mode loses them silently.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload

from sqlalchemy import Connection, Delete, Insert, Update, event, insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

_FRESH = {"populate_existing": True}
_REFUSAL = re.compile(r"UNIQUE constraint failed: (?P<unique>[\w., ]+)|overlap: (?P<overlap>\w+)")


class ConflictError(Exception):
    """A unique key or an overlap rule refused a row: somebody else was first.

    `rule` names the columns of the key ("bookings.slot_id") or the guarded table ("overlap: slots").
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def _conflict(error: IntegrityError) -> ConflictError | None:
    found = _REFUSAL.search(str(error.orig))
    if not found:
        return None
    return ConflictError(found["unique"] or f"overlap: {found['overlap']}")


class Transaction:
    """Statements of one transaction. Reads give table objects, writes are statements one can read."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @overload
    async def all(self, query: SelectOfScalar[T]) -> Sequence[T]: ...
    @overload
    async def all(self, query: Any) -> Sequence[Any]: ...
    async def all(self, query: Any) -> Sequence[Any]:
        """Every row of `query`, as the database has it now."""
        found: Sequence[Any] = (await self._read(query)).all()
        return found

    @overload
    async def first(self, query: SelectOfScalar[T]) -> T | None: ...
    @overload
    async def first(self, query: Any) -> Any | None: ...
    async def first(self, query: Any) -> Any | None:
        """The first row of `query`, or None."""
        return (await self._read(query)).first()

    @overload
    async def one(self, query: SelectOfScalar[T]) -> T: ...
    @overload
    async def one(self, query: Any) -> Any: ...
    async def one(self, query: Any) -> Any:
        """The only row of `query`; raises `sqlalchemy.exc.NoResultFound` if there is none."""
        return (await self._read(query)).one()

    async def _read(self, query: Any) -> Any:
        result = await self._session.execute(query, execution_options=_FRESH)
        return result.scalars() if isinstance(query, SelectOfScalar) else result

    async def get(self, table: type[Row], key: Any) -> Row | None:
        """The row with this primary key, or None."""
        return await self._session.get(table, key, populate_existing=True)

    async def change(self, statement: Update | Delete) -> int:
        """Run an update or delete and give the number of rows it met; raises `ConflictError`."""
        try:
            result = await self._session.execute(statement, execution_options={"synchronize_session": False})
        except IntegrityError as error:
            raise _conflict(error) or error from error
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def add(self, row: Row) -> Row:
        """Insert `row` and set the key that the database counted; raises `ConflictError`."""
        table = type(row)
        columns = _values(row)
        try:
            result = await self._session.execute(insert(table).values(**columns))
        except IntegrityError as error:
            raise _conflict(error) or error from error
        if "id" in table.model_fields and columns.get("id") is None:
            row.id = result.inserted_primary_key[0]  # type: ignore[attr-defined]
        return row

    async def add_new(self, *rows: SQLModel) -> int:
        """Insert those of `rows` (all of one table) that no unique key refuses; gives how many."""
        if not rows:
            return 0
        statement: Insert = sqlite_insert(type(rows[0])).on_conflict_do_nothing()
        added = 0
        for row in rows:
            result = await self._session.execute(statement.values(**_values(row)))
            added += result.rowcount  # type: ignore[attr-defined]
        return added

    async def run(self, statement: Any, parameters: Any = None) -> Any:
        """Any other statement: the way out for the few that fit none of the above."""
        return await self._session.execute(statement, parameters)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises."""
        async with self._session.begin_nested():
            yield


def _values(row: SQLModel) -> dict[str, Any]:
    names = type(row).model_fields
    return {name: getattr(row, name) for name in names if not (name == "id" and getattr(row, name) is None)}


class Database:
    """One engine. Writers of this process queue here, in order, instead of busy-waiting for the file."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() != "sqlite" or self.url.database in (None, "", ":memory:"):
            raise ValueError("Duologue keeps its state in an SQLite file: sqlite+aiosqlite:///path/to/file")
        self.engine: AsyncEngine = create_async_engine(self.url, echo=echo)
        self._writer = asyncio.Lock()
        self._open = 0
        self._closed_one = asyncio.Event()
        _teach_sqlite(self.engine)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        async with self._writer, self._session(writes=True) as transaction:
            yield transaction

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A consistent look that takes no lock and writes nothing."""
        async with self._session(writes=False) as transaction:
            yield transaction

    @asynccontextmanager
    async def _session(self, *, writes: bool) -> AsyncIterator[Transaction]:
        engine = self.engine.execution_options(writes=writes)
        self._open += 1
        try:
            async with (
                AsyncSession(engine, expire_on_commit=False, autoflush=False) as session,
                session.begin(),
            ):
                yield Transaction(session)
        finally:
            self._open -= 1
            self._closed_one.set()

    async def close(self, grace: float = 5.0) -> None:
        """Give back every connection, those in use as soon as their transactions end (grace in seconds)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._open:
                    self._closed_one.clear()
                    await self._closed_one.wait()
        await self.engine.dispose()


def _teach_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout = 10000",  # first: the next one may have to wait for others that open the file
            "journal_mode = WAL",
            "synchronous = FULL",  # an acknowledged update survives a power cut too
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


__all__ = ["ConflictError", "Database", "Transaction", "select"]
