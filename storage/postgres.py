"""PostgreSQL: a server that several programs share.

A writing transaction first takes the one advisory lock of writers, which the server gives back at its end. So
transactions that read, think and write follow one another in all programs as they do on a file, see
docs/decisions/010-one-writer-on-postgresql.md; each statement then sees what was committed before (READ COMMITTED).
One that only looks sees a single moment (REPEATABLE READ).
"""

import contextlib
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.driver import Answer
from storage.prepared import Plan
from storage.tables import metadata
from storage.transaction import ConflictError, Transaction
from storage.trouble import UnreachableError

WRITERS = 0x0D00_1067
"""The key of the advisory lock that whoever writes holds."""

UPGRADING = WRITERS + 1
"""The key of the one that is held while the schema is upgraded."""

POLLING = WRITERS + 2
"""The key of the one that a program holds which asks Telegram for updates: only one may."""

CHANNEL = "duologue"
"""Where programs hear each other's words."""

PATIENCE = 10
"""Seconds within which a server answers who connects."""

SILENCE = 5
"""Seconds for which a transaction that writes may do nothing: whoever is stopped in the middle of one would keep all
other programs from writing as long as that lasts. Then the server undoes it, and its program begins anew."""

KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""How a connection to a machine that is gone is found out within some ten seconds (seconds, and milliseconds for the
last; what a system does not know stays as it has it). Otherwise one that waits for an answer waits for two hours."""

CONNECTIONS = 20
"""Connections of one process at most: one writes, the others look."""

_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises: of the server, of its own use, and of a connection that broke off in the middle."""

_REFUSING = ("23505", "23P01")
"""unique_violation, exclusion_violation"""

_OVERLAP = re.compile(r"overlap: \w+")


@cache
def _rules() -> dict[str, str]:
    """What each unique key is called, by the name of its constraint or index: "bookings.slot_id"."""
    found = {}
    for table in metadata.tables.values():
        keys: list[Any] = [
            one for one in table.constraints if isinstance(one, (UniqueConstraint, PrimaryKeyConstraint))
        ]
        keys += [index for index in table.indexes if index.unique]
        for key in keys:
            found[str(key.name)] = ", ".join(f"{table.name}.{column.name}" for column in key.columns)
    return found


def _conflict(error: BaseException | None) -> ConflictError | None:
    """The conflict that the server's refusal means; None if it is another matter."""
    if getattr(error, "sqlstate", None) not in _REFUSING:
        return None
    found = _OVERLAP.search(str(error))
    if found:
        return ConflictError(found[0])
    name = str(getattr(error, "constraint_name", "") or "")
    if name.startswith("no_overlap_"):
        return ConflictError(f"overlap: {name.removeprefix('no_overlap_')}")
    return ConflictError(_rules().get(name, name))


class PostgresTransaction(Transaction):
    """A transaction of a server. Prepared statements go to asyncpg as they are."""

    def __init__(self, connection: AsyncConnection, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        super().__init__(connection)
        self._driver = driver
        self._savepoints = 0

    async def begin(self, *, writes: bool) -> None:
        """Begin it, after every other that `writes`; a look is of one moment."""
        with _translated("BEGIN"):
            if writes:
                await self._driver.execute(
                    f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}s';"
                    f" SELECT pg_advisory_xact_lock({WRITERS})"
                )
            else:
                await self._driver.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    async def end(self, *, commit: bool) -> None:
        """Commit or undo everything."""
        session = self._made_session
        if session is not None:
            session.expunge_all()  # what was read and then brought up to date by hand is no change to be written
            await session.close()  # the connection is on autocommit: this ends nothing on the server
        with _translated("COMMIT" if commit else "ROLLBACK"):
            status = await self._driver.execute("COMMIT" if commit else "ROLLBACK")
        if commit and status != "COMMIT":  # a statement failed, and nobody went back to before it
            raise _instance("COMMIT", asyncpg.InFailedSQLTransactionError("the transaction was undone"))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises."""
        self._savepoints += 1
        name = f"s{self._savepoints}"
        with _translated("SAVEPOINT"):
            await self._driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            with contextlib.suppress(*_ERRORS, OSError):
                await self._driver.execute(f"ROLLBACK TO {name}; RELEASE {name}")
            raise
        else:
            with _translated("RELEASE"):
                await self._driver.execute(f"RELEASE {name}")
        finally:
            self._savepoints -= 1

    async def _answer(self, plan: Plan, values: dict[str, Any]) -> Answer:
        parameters = plan.bind(values)
        with _translated(plan.sql):
            if not plan.gives_rows:
                status = await self._driver.execute(plan.sql, *parameters)
                return None, int(status.rpartition(" ")[2]), None, []
            rows = await self._driver.fetch(plan.sql, *parameters)
            return None, len(rows), rows[0][0] if rows else None, rows

    async def tell_others(self, word: str) -> None:
        """Let other programs hear a word once this commits. A hint: who is not connected just then hears nothing."""
        with _translated("NOTIFY"):
            await self._driver.execute("SELECT pg_notify($1, $2)", CHANNEL, word)

    def _refusal(self, error: IntegrityError) -> ConflictError | None:
        return _conflict(error.orig.__cause__ if error.orig else None)


@contextlib.contextmanager
def _translated(sql: str) -> Iterator[None]:
    """The driver's errors as SQLAlchemy's or, where a row was refused, as `ConflictError`."""
    try:
        yield
    except (*_ERRORS, OSError) as error:
        raise _conflict(error) or _instance(sql, error) from error


def _instance(sql: str, error: Exception) -> Exception:
    """A driver's error as SQLAlchemy has it."""
    kind = IntegrityError if str(getattr(error, "sqlstate", "")).startswith("23") else DBAPIError
    return kind(sql, None, error)


def _kept_alive(connection: Any, _record: Any) -> None:
    """Let the system notice that the other end of a new connection is gone."""
    found: socket.socket | None = connection.driver_connection._transport.get_extra_info("socket")
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if option := getattr(socket, name, None):
            found.setsockopt(socket.IPPROTO_TCP, option, value)


class PostgresEngine:
    """Connections to a server. Transactions begin and end when we say so, so SQLAlchemy's are off."""

    name = "postgresql"

    def __init__(self, url: URL, *, echo: bool = False) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            echo=echo,
            isolation_level="AUTOCOMMIT",
            pool_size=CONNECTIONS,
            max_overflow=0,
            connect_args={
                "timeout": PATIENCE,
                "server_settings": {"application_name": f"duologue {os.getpid()}"},
            },
        )
        event.listen(self.engine.sync_engine, "connect", _kept_alive)

    async def connect(self) -> AsyncConnection:
        """Another connection; raises `UnreachableError`."""
        try:
            return await self.engine.connect()
        except OSError as error:
            raise UnreachableError(str(error)) from error

    async def transaction(self, connection: AsyncConnection) -> Transaction:
        """A transaction on a connection, not begun yet."""
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return PostgresTransaction(connection, driver)
