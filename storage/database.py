"""Open the database, begin transactions, and translate what it refuses.

SQLite: a writing transaction takes the one write lock when it begins (`BEGIN IMMEDIATE`), so reading and
then writing cannot lose an update; the default mode loses them silently.
"""

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload

from sqlalchemy import Connection, Delete, Update, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.gate import Gate
from storage.driver import BUSY, Answer, WholeConnection, opener
from storage.prepared import Plan, Prepared, plans_of
from storage.trouble import trouble_of

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


def in_trouble(error: BaseException) -> bool:
    """Whether the database itself is in trouble that may pass: locked, full, not writable. No bug of a statement."""
    trouble = trouble_of(error)
    return trouble is not None and trouble.passing


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


class Transaction:
    """Statements of one transaction. Reads give table objects, writes are statements one can read."""

    def __init__(self, connection: AsyncConnection, driver: WholeConnection) -> None:
        self._connection = connection
        self._driver = driver
        self._dialect = connection.dialect
        self._made_session: AsyncSession | None = None
        self._savepoints = 0

    def _still_open(self, sql: str) -> None:
        """Refuse to go on in a transaction that the database ended itself: the rest of it would stand alone."""
        with self._translated(sql):
            self._driver.still_open()

    @property
    def _session(self) -> AsyncSession:
        """For statements that are not prepared; many transactions need none."""
        self._still_open("BEGIN")
        if self._made_session is None:
            self._made_session = AsyncSession(self._connection, expire_on_commit=False, autoflush=False)
        return self._made_session

    async def end(self, *, commit: bool) -> None:
        """Commit or undo everything; for `Database`. Raises `sqlalchemy.exc.OperationalError`."""
        if commit:
            self._still_open("COMMIT")
        session = self._made_session
        if session is None:
            with self._translated("COMMIT" if commit else "ROLLBACK"):
                await (self._driver.commit() if commit else self._driver.rollback())
            return
        session.expunge_all()  # what was read and then brought up to date by hand is no change to be written
        try:
            await (session.commit() if commit else session.rollback())
        finally:
            await session.close()

    @overload
    async def all(self, query: Prepared[T], **values: Any) -> Sequence[T]: ...
    @overload
    async def all(self, query: SelectOfScalar[T]) -> Sequence[T]: ...
    @overload
    async def all(self, query: Any) -> Sequence[Any]: ...
    async def all(self, query: Any, **values: Any) -> Sequence[Any]:
        """Every row of `query`, as the database has it now; `values` are a prepared query's parameters."""
        if isinstance(query, Prepared):
            return self._look(query, values)
        found: Sequence[Any] = (await self._read(query)).all()
        return found

    @overload
    async def first(self, query: Prepared[T], **values: Any) -> T | None: ...
    @overload
    async def first(self, query: SelectOfScalar[T]) -> T | None: ...
    @overload
    async def first(self, query: Any) -> Any | None: ...
    async def first(self, query: Any, **values: Any) -> Any | None:
        """The first row of `query`, or None."""
        if isinstance(query, Prepared):
            return next(iter(self._look(query, values)), None)
        return (await self._read(query)).first()

    @overload
    async def one(self, query: Prepared[T], **values: Any) -> T: ...
    @overload
    async def one(self, query: SelectOfScalar[T]) -> T: ...
    @overload
    async def one(self, query: Any) -> Any: ...
    async def one(self, query: Any, **values: Any) -> Any:
        """The only row of `query`; raises `sqlalchemy.exc.NoResultFound` if there is none."""
        if isinstance(query, Prepared):
            found = self._look(query, values)
            if len(found) != 1:
                raise NoResultFound(f"{len(found)} rows where one was meant")
            return found[0]
        return (await self._read(query)).one()

    async def _read(self, query: Any) -> Any:
        result = await self._session.execute(query, execution_options=_FRESH)
        return result.scalars() if isinstance(query, SelectOfScalar) else result

    def _look(self, query: Prepared[Any], values: dict[str, Any]) -> list[Any]:
        plan = query.plan(self._dialect)
        load = plan.load
        return [load(row) for row in self._at_once(plan, values)[3]]

    def _at_once(self, plan: Plan, values: dict[str, Any]) -> Answer:
        parameters = plan.bind(values)
        try:
            return self._driver.at_once(plan.sql, parameters)
        except sqlite3.Error as error:
            raise _meaning(plan.sql, error) from error

    @contextlib.contextmanager
    def _translated(self, sql: str) -> Iterator[None]:
        """The driver's errors as SQLAlchemy's or, where a row was refused, as `ConflictError`."""
        try:
            yield
        except sqlite3.Error as error:
            raise _meaning(sql, error) from error

    async def get(self, table: type[Row], key: Any) -> Row | None:
        """The row with this primary key, or None."""
        prepared = plans_of(table).get
        if prepared is None:
            return await self._session.get(table, key, populate_existing=True)
        return await self.first(prepared, key=key)

    async def change(self, statement: Update | Delete | Prepared[Any], **values: Any) -> int:
        """Run an update or delete and give the number of rows it met; raises `ConflictError`."""
        if isinstance(statement, Prepared):
            return self._at_once(statement.plan(self._dialect), values)[1]
        try:
            result = await self._session.execute(statement, execution_options={"synchronize_session": False})
        except IntegrityError as error:
            raise _conflict(error.orig) or error from error
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def add(self, row: Row) -> Row:
        """Insert `row` and set the key that the database counted; raises `ConflictError`."""
        self._insert(row, quietly=False)
        return row

    async def add_new(self, *rows: SQLModel) -> int:
        """Insert those of `rows` (all of one table) that no unique key refuses; gives how many.

        A single row that went in gets the key that the database counted.
        """
        return sum(self._insert(row, quietly=True) for row in rows)

    def _insert(self, row: Any, *, quietly: bool) -> int:
        """Insert a row and set the key that the database counted; gives how many were inserted, 1 or 0."""
        plans = plans_of(row.__class__)
        counted = "id" in plans.names and row.id is None
        names = [name for name in plans.names if not (counted and name == "id")]
        plan = plans.insert(counted=counted, quietly=quietly).plan(self._dialect)
        answer = self._at_once(plan, {name: getattr(row, name) for name in names})
        if counted and answer[1]:
            row.id = answer[2]
        return answer[1]

    async def put(self, table: type[SQLModel], **values: Any) -> int:
        """Insert a row of a table that counts its keys, without making an object of it; gives its key.

        Columns that are not named are as the table has them by default. Raises `ConflictError`.
        """
        return int(self._put(table, values, quietly=False)[2] or 0)

    async def put_new(self, table: type[SQLModel], **values: Any) -> int | None:
        """`put` unless a unique key refuses the row; then None."""
        answer = self._put(table, values, quietly=True)
        return answer[2] if answer[1] else None

    def _put(self, table: type[SQLModel], values: dict[str, Any], *, quietly: bool) -> Answer:
        plans = plans_of(table)
        plan = plans.insert(counted=True, quietly=quietly).plan(self._dialect)
        return self._at_once(plan, plans.completed(values))

    async def run(self, statement: Any, parameters: Any = None) -> Any:
        """Any other statement: the way out for the few that fit none of the above."""
        return await self._session.execute(statement, parameters)

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


class Database:
    """One engine. Writers of this process queue here, in order, instead of busy-waiting for the file."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() != "sqlite" or self.url.database in (None, "", ":memory:"):
            raise ValueError("Duologue keeps its state in an SQLite file: sqlite+aiosqlite:///path/to/file")
        self.engine: AsyncEngine = create_async_engine(
            self.url, echo=echo, connect_args={"async_creator_fn": opener(str(self.url.database))}
        )
        self._writer = Gate(1)
        self._idle: list[AsyncConnection] = []
        self._open = 0
        self._closed_one = asyncio.Event()
        _teach_sqlite(self.engine)

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
        connection = self._idle.pop() if self._idle else await self.engine.connect()
        sound = False
        try:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            transaction = Transaction(connection, driver)
            with transaction._translated("BEGIN"):
                await driver.begin(writes=writes)
            try:
                yield transaction
            except BaseException:
                await transaction.end(commit=False)
                sound = True
                raise
            await transaction.end(commit=True)
            sound = True
        finally:
            if sound:
                self._idle.append(connection)
            else:
                await connection.invalidate()
                await connection.close()
            self._open -= 1
            self._closed_one.set()

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


def _teach_sqlite(engine: AsyncEngine) -> None:
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


__all__ = ["ConflictError", "Database", "Prepared", "Transaction", "in_trouble", "select"]
