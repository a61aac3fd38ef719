"""Open the database of either kind, begin transactions, and translate what it refuses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import select

from bot.gate import Gate
from storage.postgres import POLLING, PostgresEngine
from storage.prepared import Prepared
from storage.sqlite import SqliteEngine
from storage.transaction import ConflictError, Transaction
from storage.trouble import trouble_of

_ENGINES: dict[str, type[SqliteEngine] | type[PostgresEngine]] = {
    "sqlite": SqliteEngine,
    "postgresql": PostgresEngine,
}


def in_trouble(error: BaseException) -> bool:
    """Whether the database itself is in trouble that may pass: locked, full, not writable. No bug of a statement."""
    trouble = trouble_of(error)
    return trouble is not None and trouble.passing


@dataclass(slots=True)
class _Lent:
    """A connection that is in use."""

    connection: AsyncConnection
    sound: bool = False
    """Whether its transaction ended as it should, so that the next one may have it."""


class Database:
    """One database. Writers of this process queue here, in order, instead of busy-waiting for the others' lock."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self.url = make_url(url)
        kind = _ENGINES.get(self.url.get_backend_name())
        if kind is None:
            raise ValueError(
                "the database is an SQLite file or PostgreSQL: sqlite+aiosqlite:// or postgresql+asyncpg://"
            )
        self._engine = kind(self.url, echo=echo)
        self.engine: AsyncEngine = self._engine.engine
        self._writer = Gate(1)
        self._idle: list[AsyncConnection] = []
        self._open = 0
        self._closed_one = asyncio.Event()

    @property
    def on_a_server(self) -> bool:
        """Whether it is PostgreSQL rather than a file."""
        return self._engine.name == "postgresql"

    @property
    def place(self) -> str:
        """Where it is, in words: the file, or the server and the name, without a password."""
        if not self.on_a_server:
            return str(self.url.database)
        return f"{self.url.query.get('host') or self.url.host or 'localhost'}/{self.url.database}"

    async def connect(self) -> AsyncConnection:
        """A connection of one's own, to be closed by whoever asked for it."""
        return await self._engine.connect()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[AsyncConnection]:
        """The same for a while."""
        connection = await self.connect()
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Be the one program that asks Telegram for updates; False if there is another. On a file always True."""
        if not self.on_a_server:
            yield True
            return
        async with self.connected() as connection:
            try:
                lock = await connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({POLLING})")
                yield bool(lock.scalar())
            finally:
                await connection.invalidate()  # the lock goes with the connection

    @asynccontextmanager
    async def writing(self, *, first: bool = False) -> AsyncIterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises.

        They follow one another; who comes `first` goes before all others that wait.
        """
        async with self._writer.place(can_wait=not first), self._transaction(writes=True) as transaction:
            yield transaction

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """A consistent look that takes no lock and writes nothing."""
        async with self._transaction(writes=False) as transaction:
            yield transaction

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncIterator[Transaction]:
        """On a connection that is kept for the next one, unless anything went wrong with it."""
        self._open += 1
        try:
            async with self._lent() as lent:
                transaction = await self._engine.transaction(lent.connection)
                await transaction.begin(writes=writes)
                try:
                    yield transaction
                except BaseException:
                    # Whoever is told to stop must hear that, not that there is nothing left to undo.
                    with contextlib.suppress(Exception):
                        await transaction.end(commit=False)
                        lent.sound = True
                    raise
                await transaction.end(commit=True)
                lent.sound = True
        finally:
            self._open -= 1
            self._closed_one.set()

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[_Lent]:
        """A connection that was used before, or another one; it comes back if it is sound in the end."""
        lent = _Lent(self._idle.pop() if self._idle else await self._engine.connect())
        try:
            yield lent
        finally:
            if lent.sound:
                self._idle.append(lent.connection)
            else:
                with contextlib.suppress(Exception):
                    await lent.connection.invalidate()
                    await lent.connection.close()

    async def close(self, grace: float = 5.0) -> None:
        """Give back every connection, those in use as soon as their transactions end (grace in seconds)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._open:
                    self._closed_one.clear()
                    await self._closed_one.wait()
        while self._idle:
            await self._idle.pop().close()
        await self.engine.dispose()


__all__ = ["ConflictError", "Database", "Prepared", "Transaction", "in_trouble", "select"]
