"""Statements that are compiled once and run often: the hot path's looks by a key, inserts, and marks.

SQLAlchemy builds, keys and looks up a statement anew at each execution, which costs ten times what SQLite then
needs. A `Prepared` statement names its parameters by `bindparam("name")` and is compiled at its first use.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar, overload

from pydantic_core import PydanticUndefined
from sqlalchemy import BindParameter, Dialect, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.attributes import manager_of_class
from sqlalchemy.sql import visitors
from sqlmodel import SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)
Processor = Callable[[Any], Any] | None


class Plan:
    """A compiled statement: its text, how parameters go in and how rows come out."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        for element in visitors.iterate(statement):
            if isinstance(element, BindParameter):
                element.required = False  # lists of constants are written out now, values come later
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        fixed = compiled.params
        self._binds: list[tuple[str, Any, Processor]] = [
            (name, fixed.get(name), _binder(compiled, name, dialect)) for name in compiled.positiontup
        ]
        self._names = {name for name, _, _ in self._binds}
        self.load: Callable[[Any], Any] = tuple
        self.gives_rows: bool = statement.is_select or bool(statement._returning)
        if statement.is_select:
            self.load = _loader(statement, dialect)

    def bind(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in the statement's order; raises `TypeError` for a name that it does not have."""
        if unknown := values.keys() - self._names:
            raise TypeError(f"the statement has no parameter {sorted(unknown)}")
        bound = []
        for name, fixed, processor in self._binds:
            value = values.get(name, fixed)
            bound.append(processor(value) if processor is not None else value)
        return bound


def _binder(compiled: Any, name: str, dialect: Dialect) -> Processor:
    bind = compiled.binds.get(name)
    if bind is None:  # one of an expanded list
        return None
    processor: Processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return processor


Load = Callable[[Sequence[Any]], Any]


def _loader(statement: Any, dialect: Dialect) -> Load:
    """How a row becomes what the query asks for: a table object, one value, or a tuple of such."""
    columns = list(statement.selected_columns)
    parts: list[tuple[int, int, Load]] = []
    begin = 0
    for described in statement.column_descriptions:
        entity = described.get("entity")  # a function of nothing has none
        whole = entity is not None and described["expr"] is entity
        end = begin + (len(entity.__table__.columns) if whole else 1)
        own = columns[begin:end]
        parts.append((begin, end, _object(entity, own, dialect) if whole else _value(own[0], dialect)))
        begin = end
    if isinstance(statement, SelectOfScalar):
        return parts[0][2]
    return lambda row: tuple(load(row[begin:end]) for begin, end, load in parts)


def _value(column: Any, dialect: Dialect) -> Load:
    process = column.type.dialect_impl(dialect).result_processor(dialect, None)
    return (lambda row: process(row[0])) if process else (lambda row: row[0])


def _object(entity: Any, columns: list[Any], dialect: Dialect) -> Load:
    """A table object; None where an outer join found no row."""
    names = [column.key for column in columns]
    processors = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    work = [(index, process) for index, process in enumerate(processors) if process]
    key = next(index for index, column in enumerate(columns) if column.primary_key)
    manager: Any = manager_of_class(entity)

    def load(row: Sequence[Any]) -> Any:
        if row[key] is None:
            return None
        values = list(row)
        for index, process in work:
            values[index] = process(values[index])
        made = manager.new_instance()
        made.__dict__.update(zip(names, values, strict=True))
        return made

    return load


class Prepared(Generic[T]):
    """A statement that is compiled once for each kind of database.

    For statements that meet few rows by an index: they are run where they stand, without a thread.
    """

    @overload
    def __init__(self: "Prepared[T]", statement: SelectOfScalar[T]) -> None: ...
    @overload
    def __init__(self: "Prepared[Any]", statement: Any, postgresql: Any = None) -> None: ...
    def __init__(self, statement: Any, postgresql: Any = None) -> None:
        self._statements = {"postgresql": statement if postgresql is None else postgresql}
        self.statement = statement
        self._plans: dict[str, Plan] = {}

    def plan(self, dialect: Dialect) -> Plan:
        """The compiled form for a dialect."""
        found = self._plans.get(dialect.name)
        if found is None:
            statement = self._statements.get(dialect.name, self.statement)
            found = self._plans[dialect.name] = Plan(statement, dialect)
        return found


class TablePlans:
    """What every table needs: insert a row, insert it unless a key refuses, get one by its key."""

    def __init__(self, table: type[SQLModel]) -> None:
        columns = table.__table__.columns  # type: ignore[attr-defined]
        self._table = table
        self.names = [column.key for column in columns]
        (primary, *others) = [column for column in columns if column.primary_key]
        self._defaults = {
            name: given.default
            for name, given in table.model_fields.items()
            if given.default is not PydanticUndefined and name != "id"  # counted by the database
        }
        self._factories: dict[str, Callable[[], Any]] = {
            name: given.default_factory  # type: ignore[misc]
            for name, given in table.model_fields.items()
            if given.default_factory is not None
        }
        self.get: Prepared[Any] | None = (
            None if others else Prepared(select(table).where(primary == bindparam("key", type_=primary.type)))
        )

    def completed(self, values: dict[str, Any]) -> dict[str, Any]:
        """The columns of a row of which these are given, the others as the table has them by default."""
        made = {name: make() for name, make in self._factories.items() if name not in values}
        return {**self._defaults, **made, **values}

    @cache  # noqa: B019 - there are as many as tables, and they are kept for good
    def insert(self, *, counted: bool, quietly: bool) -> Prepared[Any]:
        """Insert a row, its key `counted` by the database; `quietly`: not if a unique key refuses it."""
        values: dict[str, Any] = {
            name: bindparam(name) for name in self.names if not (counted and name == "id")
        }
        here: Any = sqlite.insert(self._table).values(values)
        there: Any = postgresql.insert(self._table).values(values)
        if quietly:
            here, there = here.on_conflict_do_nothing(), there.on_conflict_do_nothing()
        if counted:
            there = there.returning(self._table.id)  # type: ignore[attr-defined]
        return Prepared(here, there)


@cache
def plans_of(table: Any) -> TablePlans:
    """The plans of a table."""
    return TablePlans(table)


@cache
def setting(table: Any, names: tuple[str, ...], *, from_state: bool = False) -> Prepared[Any]:
    """Set columns of the row with the id `row_id`: each to the parameter `new_<name>`.

    `from_state`: only if its state is still `old_state`.
    """
    statement = update(table).where(table.id == bindparam("row_id"))
    if from_state:
        statement = statement.where(table.state == bindparam("old_state"))
    return Prepared(statement.values({name: bindparam(f"new_{name}") for name in names}))


def new(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `setting` for these columns."""
    return {f"new_{name}": value for name, value in values.items()}
