"""aiosqlite with one hop a statement.

SQLAlchemy's adapter crosses into aiosqlite's thread four times for a query: for the cursor, the execution, the
rows and the closing. Each crossing costs more than SQLite needs for the query itself. Here a cursor crosses
once and brings everything back, and a short look by a key may be taken without crossing at all (`at_once`).
"""

import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Self

import aiosqlite

Parameters = Sequence[Any]
Answer = tuple[Any, int, int | None, list[Any]]
"""Description, row count, key of the last inserted row, rows."""

BUSY = 10_000
"""Milliseconds to wait for others that hold the file, before that is an error."""

STATEMENTS = 512
"""How many compiled statements SQLite keeps for a connection."""


class WholeCursor:
    """A cursor that has everything when `execute` returns, with as much of aiosqlite's as SQLAlchemy uses."""

    arraysize = 1

    def __init__(self, connection: "WholeConnection") -> None:
        self._connection = connection
        self._answer: Answer = (None, -1, None, [])

    async def __aenter__(self) -> Self:
        """Nothing to open: the real cursor lives within one statement."""
        return self

    @property
    def description(self) -> Any:
        """The columns of the rows, None if the statement gives none."""
        return self._answer[0]

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._answer[1]

    @property
    def lastrowid(self) -> int | None:
        """The key of the last inserted row."""
        return self._answer[2]

    async def execute(self, sql: str, parameters: Parameters = ()) -> Self:
        """Run one statement in the connection's thread."""
        self._answer = await self._connection.whole(_execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> Self:
        """Run one statement for each of these parameters, in one hop."""
        self._answer = await self._connection.whole(_executemany, sql, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        """Every row, as tuples."""
        return self._answer[3]

    async def close(self) -> None:
        """Nothing is open."""


class WholeConnection(aiosqlite.Connection):
    """A connection whose cursors are `WholeCursor`s."""

    def cursor(self) -> WholeCursor:  # type: ignore[override]
        """A new cursor."""
        return WholeCursor(self)

    async def whole(self, run: Callable[..., Answer], sql: str, parameters: Any) -> Answer:
        """Run in the thread and wait."""
        answer: Answer = await self._execute(run, self._conn, sql, parameters)  # type: ignore[no-untyped-call]
        return answer

    async def begin(self, *, writes: bool) -> None:
        """Begin a transaction, with the one write lock if it `writes`: another program may have to be waited for."""
        if not writes:
            self._conn.execute("BEGIN")
            return
        self._conn.execute("PRAGMA busy_timeout = 0")
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            self._conn.execute(f"PRAGMA busy_timeout = {BUSY}")
            await self.whole(_execute, "BEGIN IMMEDIATE", ())
        else:
            self._conn.execute(f"PRAGMA busy_timeout = {BUSY}")

    def still_open(self) -> None:
        """Raises `sqlite3.OperationalError` outside a transaction.

        A full disk can end one at any statement, and what came after it would be kept without the rest.
        """
        if not self._conn.in_transaction:
            raise sqlite3.OperationalError("the transaction is over: an earlier statement of it failed")

    def at_once(self, sql: str, parameters: Parameters) -> Answer:
        """Run in the calling thread, which waits: only for what meets few rows by an index."""
        self.still_open()
        return _execute(self._conn, sql, parameters)


def _execute(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> Answer:
    cursor = connection.execute(sql, parameters)
    rows = cursor.fetchall() if cursor.description else []
    return cursor.description, cursor.rowcount, cursor.lastrowid, rows


def _executemany(connection: sqlite3.Connection, sql: str, parameters: Iterable[Parameters]) -> Answer:
    cursor = connection.executemany(sql, parameters)
    return cursor.description, cursor.rowcount, cursor.lastrowid, []


def opener(path: str) -> Callable[..., Coroutine[Any, Any, aiosqlite.Connection]]:
    """What SQLAlchemy calls for a new connection to the file; transactions begin when we say so."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
        )

    async def opened(*_arguments: Any, **_options: Any) -> aiosqlite.Connection:
        connection = WholeConnection(connect, iter_chunk_size=64)
        connection._thread.daemon = True  # a leaked connection shall not keep the program from ending
        return await connection

    return opened
