"""What every engine's transactions have in common: reads give table objects, writes are statements one can read."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, overload

from sqlalchemy import Delete, Update
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel
from sqlmodel.sql.expression import SelectOfScalar

from storage.driver import Answer
from storage.prepared import Plan, Prepared, plans_of

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

_FRESH = {"populate_existing": True}


class ConflictError(Exception):
    """A unique key or an overlap rule refused a row: somebody else was first.

    `rule` names the columns of the key ("bookings.slot_id") or the guarded table ("overlap: slots").
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class Transaction(ABC):
    """Statements of one transaction. Whoever goes on after a `ConflictError` caught it outside a `savepoint`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._made_session: AsyncSession | None = None

    @abstractmethod
    async def begin(self, *, writes: bool) -> None:
        """Begin it, for `Database`: the only one that writes, or one that sees a single moment and writes nothing."""

    @abstractmethod
    async def end(self, *, commit: bool) -> None:
        """Commit or undo everything; for `Database`. Raises `sqlalchemy.exc.DBAPIError`."""

    @abstractmethod
    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """What happens inside is undone alone when it raises."""

    @abstractmethod
    async def _answer(self, plan: Plan, values: dict[str, Any]) -> Answer:
        """Run a prepared statement."""

    @abstractmethod
    def _refusal(self, error: IntegrityError) -> ConflictError | None:
        """What a refusal means, if it is a conflict."""

    @property
    def _session(self) -> AsyncSession:
        """For statements that are not prepared; many transactions need none."""
        self._check_open()
        if self._made_session is None:
            self._made_session = AsyncSession(self._connection, expire_on_commit=False, autoflush=False)
        return self._made_session

    @overload
    async def all(self, query: Prepared[T], **values: Any) -> Sequence[T]: ...
    @overload
    async def all(self, query: SelectOfScalar[T]) -> Sequence[T]: ...
    @overload
    async def all(self, query: Any) -> Sequence[Any]: ...
    async def all(self, query: Any, **values: Any) -> Sequence[Any]:
        """Every row of `query`, as the database has it now; `values` are a prepared query's parameters."""
        if isinstance(query, Prepared):
            return await self._look(query, values)
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
            return next(iter(await self._look(query, values)), None)
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
            found = await self._look(query, values)
            if len(found) != 1:
                raise NoResultFound(f"{len(found)} rows where one was meant")
            return found[0]
        return (await self._read(query)).one()

    async def _read(self, query: Any) -> Any:
        result = await self._session.execute(query, execution_options=_FRESH)
        return result.scalars() if isinstance(query, SelectOfScalar) else result

    async def _look(self, query: Prepared[Any], values: dict[str, Any]) -> list[Any]:
        plan = query.plan(self._dialect)
        load = plan.load
        return [load(row) for row in (await self._answer(plan, values))[3]]

    def _check_open(self) -> None:
        """Raises `sqlalchemy.exc.DBAPIError` in a transaction that the database ended itself."""
        return

    async def get(self, table: type[Row], key: Any) -> Row | None:
        """The row with this primary key, or None."""
        prepared = plans_of(table).get
        if prepared is None:
            return await self._session.get(table, key, populate_existing=True)
        return await self.first(prepared, key=key)

    async def change(self, statement: Update | Delete | Prepared[Any], **values: Any) -> int:
        """Run an update or delete and give the number of rows it met; raises `ConflictError`."""
        if isinstance(statement, Prepared):
            return (await self._answer(statement.plan(self._dialect), values))[1]
        try:
            result = await self._session.execute(statement, execution_options={"synchronize_session": False})
        except IntegrityError as error:
            raise self._refusal(error) or error from error
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def add(self, row: Row) -> Row:
        """Insert `row` and set the key that the database counted; raises `ConflictError`."""
        await self._insert(row, quietly=False)
        return row

    async def add_new(self, *rows: SQLModel) -> int:
        """Insert those of `rows` (all of one table) that no unique key refuses; gives how many.

        A single row that went in gets the key that the database counted.
        """
        return sum([await self._insert(row, quietly=True) for row in rows])

    async def _insert(self, row: Any, *, quietly: bool) -> int:
        """Insert a row and set the key that the database counted; gives how many were inserted, 1 or 0."""
        plans = plans_of(row.__class__)
        counted = "id" in plans.names and row.id is None
        names = [name for name in plans.names if not (counted and name == "id")]
        plan = plans.insert(counted=counted, quietly=quietly).plan(self._dialect)
        answer = await self._answer(plan, {name: getattr(row, name) for name in names})
        if counted and answer[1]:
            row.id = answer[2]
        return answer[1]

    async def put(self, table: type[SQLModel], **values: Any) -> int:
        """Insert a row of a table that counts its keys, without making an object of it; gives its key.

        Columns that are not named are as the table has them by default. Raises `ConflictError`.
        """
        return int((await self._put(table, values, quietly=False))[2] or 0)

    async def put_new(self, table: type[SQLModel], **values: Any) -> int | None:
        """`put` unless a unique key refuses the row; then None."""
        answer = await self._put(table, values, quietly=True)
        return answer[2] if answer[1] else None

    async def _put(self, table: type[SQLModel], values: dict[str, Any], *, quietly: bool) -> Answer:
        plans = plans_of(table)
        plan = plans.insert(counted=True, quietly=quietly).plan(self._dialect)
        return await self._answer(plan, plans.completed(values))

    async def tell_others(self, word: str) -> None:
        """Let other programs on the same server hear a word once this commits; nobody else works on a file."""
        return

    async def run(self, statement: Any, parameters: Any = None) -> Any:
        """Any other statement: the way out for the few that fit none of the above."""
        return await self._session.execute(statement, parameters)
