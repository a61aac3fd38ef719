"""What migrations need on both kinds of database."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from alembic import op


def rebuilding(table: str) -> AbstractContextManager[Any]:
    """Changes of a table: SQLite makes it anew, in the order of its columns; PostgreSQL alters it in place."""
    recreate: Any = "always" if on_sqlite() else "never"
    return op.batch_alter_table(table, recreate=recreate)


def on_sqlite() -> bool:
    """Whether this migration runs on a file."""
    return op.get_bind().dialect.name == "sqlite"


def execute(sqlite: Iterable[str], postgresql: Iterable[str]) -> None:
    """The statements of the kind at hand."""
    for statement in sqlite if on_sqlite() else postgresql:
        op.execute(statement)
