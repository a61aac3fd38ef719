"""Disks that fill up, databases that others hold: real refusals of SQLite, ordered by a test."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from bot.services.unit import Units
from storage.database import Transaction
from storage.driver import WholeConnection

BALLAST = 200_000
"""Bytes that every new row of the inbox and every change of the outbox takes along, so that a full disk is met."""

HEAVY = """
CREATE TABLE ballast (x);
CREATE TRIGGER heavy_in AFTER INSERT ON inbox BEGIN INSERT INTO ballast VALUES (zeroblob({0})); END;
CREATE TRIGGER heavy_taken AFTER UPDATE ON inbox BEGIN INSERT INTO ballast VALUES (zeroblob({0})); END;
CREATE TRIGGER heavy_out AFTER INSERT ON outbox BEGIN INSERT INTO ballast VALUES (zeroblob({0})); END;
CREATE TRIGGER heavy_sent AFTER UPDATE ON outbox BEGIN INSERT INTO ballast VALUES (zeroblob({0})); END;
"""

NO_LIMIT = 2**31 - 2

_ORDERED: ContextVar[str] = ContextVar("ordered", default="")
"""The statement with which a transaction begins; it makes the disk full or read-only for this one."""


class Disk:
    """Fills up, or refuses writing, for every transaction or for those of some steps only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.refused: list[str] = []
        """The steps whose transactions failed, in order."""
        self._steps: frozenset[str] | None = frozenset()
        self._how = ""

    def full(self, *steps: str) -> None:
        """There is no room any more: for these steps, or for everybody."""
        with _looking(self._path) as look:
            [pages] = look.execute("PRAGMA page_count").fetchone()
        self._order(f"PRAGMA max_page_count = {pages}", steps)

    def read_only(self, *steps: str) -> None:
        """It can be looked at and not changed."""
        self._order("PRAGMA query_only = ON", steps)

    def good(self) -> None:
        """Everything is as it should be again."""
        self._steps = frozenset()

    def _order(self, how: str, steps: tuple[str, ...]) -> None:
        self._how, self._steps = how, frozenset(steps) or None

    def order_of(self, step: str) -> str:
        """What a transaction of a step begins with."""
        ordered = self._steps is None or step in self._steps
        return self._how if ordered else f"PRAGMA max_page_count = {NO_LIMIT}"

    def make_heavy(self) -> None:
        """Let every row of the inbox and the outbox take room, so that even a small step meets a full disk."""
        connection = sqlite3.connect(self._path, timeout=10)
        connection.executescript(HEAVY.format(BALLAST))
        connection.close()


@contextmanager
def _looking(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def watched(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Let every connection obey the disk; the step of a transaction is known where units make it."""
    transaction, begin = Units.transaction, WholeConnection.begin

    @asynccontextmanager
    async def named(self: Units, step: str) -> AsyncIterator[Transaction]:
        token = _ORDERED.set(step)
        try:
            async with transaction(self, step) as tx:
                yield tx
        except Exception:
            disk.refused.append(step)
            raise
        finally:
            _ORDERED.reset(token)

    async def obedient(self: Any, *, writes: bool) -> None:
        self._conn.execute("PRAGMA query_only = OFF")
        self._conn.execute(disk.order_of(_ORDERED.get()))
        await begin(self, writes=writes)

    monkeypatch.setattr(Units, "transaction", named)
    monkeypatch.setattr(WholeConnection, "begin", obedient)
    return disk


class Holder:
    """Another program that holds the database, as a backup or an open tool does."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)

    def hold(self) -> None:
        """Let nobody else write."""
        self._connection.execute("BEGIN EXCLUSIVE")

    def let_go(self) -> None:
        """Let the others write."""
        self._connection.execute("COMMIT")
        self._connection.close()
