"""Functions that each kind of database has by another name."""

from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement


class NumbersIn(ColumnElement[int]):
    """The numbers of a JSON array as a subquery, for `IN`: one parameter however many there are."""

    inherit_cache = False
    type = BigInteger()

    def __init__(self, array: Any) -> None:
        self.array = array

    def get_children(self, **_options: Any) -> Any:
        """What a statement's parameters are looked for in."""
        return (self.array,)


@compiles(NumbersIn, "sqlite")
def _sqlite(element: NumbersIn, compiler: Any, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.array, **options)}))"  # noqa: S608


@compiles(NumbersIn, "postgresql")
def _postgresql(element: NumbersIn, compiler: Any, **options: Any) -> str:
    array = compiler.process(element.array, **options)
    numbers = f"json_array_elements_text(CAST({array} AS JSON))"
    return f"(SELECT CAST(value AS BIGINT) FROM {numbers})"  # noqa: S608
