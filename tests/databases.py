"""Databases of each kind for tests: new ones, copies of one with a scene in it, and a look at them from outside."""

import asyncio
import itertools
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy.engine import make_url

from storage import migrate
from storage.database import Database


class Databases(Protocol):
    """Where new databases come from."""

    async def create(self, like: str = "") -> str:
        """The URL of a new one: with the newest schema and nothing in it, or a copy of one that nobody has open."""
        ...

    async def drop(self, url: str) -> None:
        """Throw one away."""
        ...


async def empty_file(path: Path) -> Path:
    """Make an SQLite file with the newest schema and nothing in it."""
    database = Database(f"sqlite+aiosqlite:///{path}")
    await migrate.upgrade(database)
    await database.close()  # the last connection moves the log into the file
    return path


class Files:
    """SQLite files in a folder; `empty` has the newest schema and nothing in it."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self._folder, self._empty = folder, empty
        self._numbers = itertools.count(1)

    async def create(self, like: str = "") -> str:
        """A new file."""
        path = self._folder / f"test_{next(self._numbers)}.db"
        shutil.copy(str(make_url(like).database) if like else self._empty, path)
        return f"sqlite+aiosqlite:///{path}"

    async def drop(self, url: str) -> None:
        """Delete a file and its logs."""
        path = Path(str(make_url(url).database))
        for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            one.unlink(missing_ok=True)


class Eyes:
    """Looks at a database past everything that is tested, even in the middle of a loop's turn.

    Columns of JSON come as `storage` would have them: as text from a file, and read from a server.
    """

    def __init__(self, url: str) -> None:
        where = make_url(url)
        self._at_once = _file(where.database or "") if url.startswith("sqlite") else _server(where)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds now."""
        return self._at_once[0](query)

    def close(self) -> None:
        """Look no more."""
        self._at_once[1]()


Look = tuple[Callable[[str], list[tuple[Any, ...]]], Callable[[], None]]
"""How to ask, and how to end."""


def _file(path: str) -> Look:
    connection = sqlite3.connect(path, timeout=10)
    return lambda query: connection.execute(query).fetchall(), connection.close


def _server(where: Any) -> Look:
    """From a thread with a loop of its own: the one that asks may have a loop running."""
    thread, runner = ThreadPoolExecutor(1), asyncio.Runner()
    name, folder = where.database, where.query["host"]

    async def connect() -> Any:
        made: Any = await asyncpg.connect(host=folder, user=where.username, database=name)
        await made.set_type_codec("json", encoder=str, decoder=json.loads, schema="pg_catalog")
        return made

    connection = thread.submit(lambda: runner.run(connect())).result()

    def look(query: str) -> list[tuple[Any, ...]]:
        found = thread.submit(lambda: runner.run(connection.fetch(query))).result()
        return [tuple(row) for row in found]

    def close() -> None:
        thread.submit(lambda: runner.run(connection.close())).result()
        thread.submit(runner.close).result()
        thread.shutdown()

    return look, close


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """One look, with JSON as text."""
    eyes = Eyes(url)
    try:
        return [tuple(map(_as_text, row)) for row in eyes.rows(query)]
    finally:
        eyes.close()


@contextmanager
def as_left(url: str) -> Iterator[Eyes]:
    """Look at a database as a program left it that was killed: what it had sent to a server is done by then.

    Of a file it is a copy, so that looking mends nothing.
    """
    if not url.startswith("sqlite"):
        eyes = Eyes(url)
        while eyes.rows(OTHERS)[0][0]:
            time.sleep(0.005)
        yield eyes
        eyes.close()
        return
    path = Path(str(make_url(url).database))
    with tempfile.TemporaryDirectory() as aside:
        for one in (path, path.with_name(f"{path.name}-wal")):
            if one.exists():
                shutil.copy(one, aside)
        eyes = Eyes(f"sqlite+aiosqlite:///{Path(aside, path.name)}")
        yield eyes
        eyes.close()


OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'duologue %' AND state <> 'idle'
"""
"""Who is still doing something for a program."""


def _as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, dict)) else value
