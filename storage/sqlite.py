"""SQLite: a file that one program at a time writes to.

A writing transaction takes the one write lock when it begins (`BEGIN IMMEDIATE`), so reading and then writing
cannot lose an update; the default mode loses them silently.
"""

import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.driver import BUSY, Answer, WholeConnection, opener
from storage.prepared import Plan
from storage.transaction import ConflictError, Transaction

_REFUSAL = re.compile(r"UNIQUE constraint failed: (?P<unique>[\w., ]+)|overlap: (?P<overlap>\w+)")


def _conflict(error: BaseException | None) -> ConflictError | None:
    found = _REFUSAL.search(str(error))
    if not found:
        return None
    return ConflictError(found["unique"] or f"overlap: {found['overlap']}")


def _meaning(sql: str, error: sqlite3.Error) -> Exception:
    """The driver's error as SQLAlchemy's or, where a row was refused, as `ConflictError`."""
    conflict = _conflict(error) if isinstance(error, sqlite3.IntegrityError) else None
    found: Exception = conflict or DBAPIError.instance(sql, None, error, sqlite3.Error)
    return found


@contextlib.contextmanager
def _translated(sql: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(sql, error) from error


class SqliteTransaction(Transaction):
    """A transaction of a file. Prepared statements run where they stand, without a thread."""

    def __init__(self, connection: AsyncConnection, driver: WholeConnection) -> None:
        super().__init__(connection)
        self._driver = driver
        self._savepoints = 0

    async def begin(self, *, writes: bool) -> None:
        """Begin it, with the one write lock if it `writes`."""
        with _translated("BEGIN"):
            await self._driver.begin(writes=writes)

    def _check_open(self) -> None:
        with _translated("BEGIN"):
            self._driver.still_open()

    async def end(self, *, commit: bool) -> None:
        """Commit or undo everything."""
        if commit:
            with _translated("COMMIT"):
                self._driver.still_open()  # else the rest of it would stand alone
        session = self._made_session
        if session is None:
            with _translated("COMMIT" if commit else "ROLLBACK"):
                await (self._driver.commit() if commit else self._driver.rollback())
            return
        session.expunge_all()  # what was read and then brought up to date by hand is no change to be written
        try:
            await (session.commit() if commit else session.rollback())
        finally:
            await session.close()

    async def _answer(self, plan: Plan, values: dict[str, Any]) -> Answer:
        parameters = plan.bind(values)
        try:
            return self._driver.at_once(plan.sql, parameters)
        except sqlite3.Error as error:
            raise _meaning(plan.sql, error) from error

    def _refusal(self, error: IntegrityError) -> ConflictError | None:
        return _conflict(error.orig)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        self._driver.at_once(f"SAVEPOINT {name}", ())
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # what went wrong may have ended the transaction itself
                self._driver.at_once(f"ROLLBACK TO {name}", ())
                self._driver.at_once(f"RELEASE {name}", ())
            raise
        else:
            self._driver.at_once(f"RELEASE {name}", ())
        finally:
            self._savepoints -= 1


class SqliteEngine:
    """Connections to a file."""

    name = "sqlite"

    def __init__(self, url: URL, *, echo: bool = False) -> None:
        if url.database in (None, "", ":memory:"):
            raise ValueError("Duologue keeps its state in an SQLite file: sqlite+aiosqlite:///path/to/file")
        self.engine: AsyncEngine = create_async_engine(
            url, echo=echo, connect_args={"async_creator_fn": opener(str(url.database))}
        )
        _teach(self.engine)

    async def connect(self) -> AsyncConnection:
        """Another connection."""
        return await self.engine.connect()

    async def transaction(self, connection: AsyncConnection) -> Transaction:
        """A transaction on a connection, not begun yet."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return SqliteTransaction(connection, driver)


def _teach(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY}",  # first: the next one may have to wait for others that open the file
            "journal_mode = WAL",
            "synchronous = FULL",  # an acknowledged update survives a power cut too
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if not driver.in_transaction:  # one of ours has begun already, see `Database._transaction`
            connection.exec_driver_sql("BEGIN IMMEDIATE")
