"""What all tables share: the metadata with named constraints, JSON columns and big integers."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = SQLModel.metadata

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A growing primary key: SQLite grows only a plain INTEGER."""


def key() -> Any:
    """A primary key that the database counts up."""
    return Field(default=None, primary_key=True, sa_type=Serial)


def reference(target: str, **options: Any) -> Any:
    """A foreign key to `target` ("table.column"), indexed: the database does not do that by itself."""
    options.setdefault("index", True)
    return Field(foreign_key=target, **options)


def telegram_id(**options: Any) -> Any:
    """An id that Telegram gave: up to 52 bits."""
    return Field(sa_type=BigInteger, **options)


def json(**options: Any) -> Any:
    """A column of plain JSON."""
    return Field(sa_type=JSON(none_as_null=True), **options)
