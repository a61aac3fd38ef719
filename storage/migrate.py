"""Create and upgrade the schema, under a lock, from the migrations that the package carries."""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from filelock import AcquireReturnProxy, FileLock
from sqlalchemy import Connection

from storage.database import Database
from storage.postgres import UPGRADING


class NewerDatabaseError(Exception):
    """The database was made by a newer version of the program; `revision` is its schema's."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is of a newer Duologue (revision {revision}); install that version again"
        )
        self.revision = revision


HERE = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision that this program wants."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:  # pragma: no cover - the package always carries one
        raise RuntimeError("the package carries no migrations")
    return head


def missing(revision: str | None) -> list[str] | None:
    """The revisions that lead from `revision` (None: an empty database) to the newest, in their order.

    None for a revision that this program does not know: a newer one made the database.
    """
    try:
        way = ScriptDirectory.from_config(_config()).iterate_revisions("head", revision or "base")
        return [step.revision for step in way][::-1]
    except RevisionError:
        return None


async def current(database: Database) -> str | None:
    """The revision that the database has; None if it is empty."""

    def look(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.connected() as connection:
        if not database.on_a_server:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.begin(writes=False)  # a look waits for nobody who writes
        return await connection.run_sync(look)


async def upgrade(database: Database, *, revision: str = "head") -> None:
    """Bring the schema up to `revision`; does nothing if it is there already.

    Only one process at a time does it: the others wait for the lock file beside the database, or for the
    server's lock. Raises `NewerDatabaseError`.
    """
    if not database.on_a_server:
        await asyncio.to_thread(Path(database.url.database or "").parent.mkdir, parents=True, exist_ok=True)
    there = await current(database)
    if revision == "head" and there == newest():
        return
    if there is not None and missing(there) is None:
        raise NewerDatabaseError(there)
    if database.on_a_server:
        await _run_on_a_server(database, command.upgrade, revision)
        return
    with await _locked(database):
        await _run(database, command.upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Go back to `revision` ("base" is empty)."""
    run = _run_on_a_server if database.on_a_server else _run
    await run(database, command.downgrade, revision)


async def _run(database: Database, action: Any, revision: str) -> None:
    """All steps as one transaction: a failure in the last one undoes the first."""
    async with database.connected() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        # A table that is rebuilt is dropped for a moment, which references to it would not allow. Within a
        # transaction this setting has no effect, so it comes before, and they are checked at the end.
        await driver.execute("PRAGMA foreign_keys = OFF")
        try:
            async with connection.begin():
                await connection.run_sync(lambda sync: action(_config(sync), revision))
                broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                if broken:
                    raise RuntimeError(f"the migration leaves references to nothing: {broken[:5]}")
        finally:
            await driver.execute("PRAGMA foreign_keys = ON")


async def _run_on_a_server(database: Database, action: Any, revision: str) -> None:
    """All steps as one transaction, after whoever else does the same."""
    async with database.connected() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADING})")
            await connection.run_sync(lambda sync: action(_config(sync), revision))


async def _locked(database: Database) -> AcquireReturnProxy[FileLock]:
    path = Path(f"{database.url.database}.migrating")
    return await asyncio.to_thread(FileLock(path, thread_local=False).acquire)
