"""Migrations: data survives them, triggers stand after each, they lead where the tables say, and back."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, text

from storage import migrate, triggers
from storage.database import Database
from storage.tables import metadata
from storage.triggers import ledger_triggers, overlap_triggers

ROOT = Path(__file__).resolve().parents[2]
REVISIONS = migrate.missing(None) or []

VALUES = {
    "BIGINT": 1,
    "INTEGER": 1,
    "BOOLEAN": 1,
    "VARCHAR": "x",
    "DATETIME": "2026-11-20 04:00:00",
    "DATE": "2026-11-20",
    "JSON": "{}",
    "BLOB": b"x",
}
"""One value of each type: as they are the same everywhere, every reference refers to something."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database that does not exist yet."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'x.db'}")
    yield database
    await database.close()


def ask(database: Database, query: str) -> list[tuple[object, ...]]:
    """The rows of a query, by a connection of its own."""
    with sqlite3.connect(str(database.url.database)) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def do(database: Database, script: str) -> None:
    """Run statements, by a connection of its own."""
    with sqlite3.connect(str(database.url.database)) as connection:
        connection.executescript(script)
    connection.close()


def trigger_names(database: Database) -> set[str]:
    """The triggers that stand."""
    return {str(name) for (name,) in ask(database, "SELECT name FROM sqlite_master WHERE type = 'trigger'")}


def fill(database: Database) -> None:
    """One row in every table, in every column but those that say what a row belongs to inside its table."""
    with sqlite3.connect(str(database.url.database)) as connection:
        for table in tables(database):
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            own = {
                key[3]
                for key in connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
                if key[2] == table
            }
            names = [name for _, name, *_ in columns if name not in own]
            values = [VALUES[kind] for _, name, kind, *_ in columns if name not in own]
            marks = ", ".join("?" * len(names))
            connection.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)
    connection.close()


def tables(database: Database) -> list[str]:
    """Every table that is ours."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [str(name) for (name,) in ask(database, query) if name != "alembic_version"]


async def test_data_survives_every_migration(database: Database) -> None:
    """A row of every table of the first release is there after the newest migration, value by value."""
    await migrate.upgrade(database, revision=REVISIONS[0])
    first_tables = tables(database)
    fill(database)
    wanted = {}
    for table in first_tables:
        names = ", ".join(str(column[1]) for column in ask(database, f"PRAGMA table_info({table})"))
        query = f"SELECT {names} FROM {table}"
        wanted[query] = ask(database, query)
        assert len(wanted[query]) == 1
    assert ask(database, "PRAGMA foreign_key_check") == []
    for revision in REVISIONS[1:]:
        await migrate.upgrade(database, revision=revision)
        assert {query: ask(database, query) for query in wanted} == wanted, revision
    assert await migrate.current(database) == migrate.newest() == REVISIONS[-1]
    assert ask(database, "PRAGMA foreign_key_check") == []
    assert ask(database, "PRAGMA integrity_check") == [("ok",)]


async def test_triggers_stand_after_every_migration(database: Database) -> None:
    """Alembic's batch mode drops them silently: once there, each stays, and works at the end."""
    before: set[str] = set()
    for revision in REVISIONS:
        await migrate.upgrade(database, revision=revision)
        now = trigger_names(database)
        assert before <= now, revision
        before = now
    rows = ask(database, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    assert dict(rows) == overlap_triggers() | ledger_triggers()
    fill(database)
    names = ", ".join(str(column[1]) for column in ask(database, "PRAGMA table_info(slots)"))
    again = names.replace("id, ", "2, ", 1).replace("ends_at", "'2026-11-20 06:00:00'")
    do(database, "UPDATE slots SET busy_until = '2026-11-20 07:00:00'")
    with pytest.raises(sqlite3.IntegrityError, match="overlap: slots"):
        do(database, f"INSERT INTO slots ({names}) SELECT {again} FROM slots")


async def test_there_and_back(database: Database) -> None:
    """Every migration can be undone and done again; undoing all leaves an empty database."""
    for number, revision in enumerate(REVISIONS):
        await migrate.upgrade(database, revision=revision)
        await migrate.downgrade(database, REVISIONS[number - 1] if number else "base")
        await migrate.upgrade(database, revision=revision)
        assert await migrate.current(database) == revision
    await migrate.downgrade(database, "base")
    assert await migrate.current(database) is None
    assert ask(database, "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'") == [
        ("alembic_version",)
    ]


async def test_what_waits_keeps_its_place(database: Database) -> None:
    """Reminders are given their session's start, other timers their due time, messages their own moment."""
    await migrate.upgrade(database, revision="0002")
    fill(database)
    do(
        database,
        "UPDATE slots SET starts_at = '2026-11-21 04:00:00';"
        "UPDATE timers SET kind = 'reminder', subject = 'booking:1', state = 'pending';"
        "INSERT INTO timers SELECT 2, kind, 'booking:2', due_at, useful_until, data, state, attempts, created_at"
        " FROM timers;"
        "INSERT INTO timers SELECT 3, 'confirm_by', 'booking:1', due_at, useful_until, data, state, attempts,"
        " created_at FROM timers WHERE id = 1",
    )
    await migrate.upgrade(database, revision="0003")
    assert ask(database, "SELECT id, happens_at FROM timers ORDER BY id") == [
        (1, "2026-11-21 04:00:00"),
        (2, "2026-11-20 04:00:00"),
        (3, "2026-11-20 04:00:00"),
    ]
    assert ask(database, "SELECT happens_at FROM outbox") == [("2026-11-20 04:00:00",)]


# --- the schema is what the tables say


async def test_no_difference_that_alembic_sees(database: Database) -> None:
    """As `alembic check`: no migration is missing."""
    await migrate.upgrade(database)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_no_difference_at_all(database: Database, tmp_path: Path) -> None:
    """Alembic does not compare the conditions of partial indexes, on which every race depends."""
    await migrate.upgrade(database)
    plain = Database(f"sqlite+aiosqlite:///{tmp_path / 'plain.db'}")
    async with plain.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await plain.close()
    assert schema(database) == schema(plain)


def schema(database: Database) -> dict[str, list[str]]:
    """Each table and index with the parts of its definition, in whatever order and quoting they were written."""
    rows = ask(
        database,
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'",
    )
    return {
        str(name): sorted(
            " ".join(part.split())
            for part in re.split(r",\s*\n|(?<=\() *\n|\n(?=\))", str(sql).replace('"', ""))
        )
        for name, sql in rows
    }


# --- many at once, and failures


async def test_many_processes_upgrade_at_once(database: Database) -> None:
    """One does it, the others wait for it, and all go on."""
    script = (
        "import asyncio, sys; from storage import migrate; from storage.database import Database\n"
        "database = Database(sys.argv[1]); asyncio.run(migrate.upgrade(database))"
    )
    command = [sys.executable, "-c", script, database.url.render_as_string()]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    processes = await asyncio.to_thread(lambda: [start() for _ in range(3)])
    ends = [await asyncio.to_thread(process.communicate, timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert await migrate.current(database) == migrate.newest()
    assert trigger_names(database) == set(overlap_triggers() | ledger_triggers())


async def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps of an upgrade are one transaction: a failure in the last undoes the first."""
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "overlap_triggers", lambda: {"bad": "CREATE TRIGGER of nothing"})
        with pytest.raises(Exception, match="syntax error"):
            await migrate.upgrade(database)
    assert ask(database, "SELECT name FROM sqlite_master") == []
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.newest()


async def test_a_table_that_others_refer_to_can_be_rebuilt(database: Database) -> None:
    """As a future migration will: its rows, and the references to them, are the same afterwards."""
    await migrate.upgrade(database)
    fill(database)

    def rebuild(config: Config, _revision: str) -> None:
        context = MigrationContext.configure(config.attributes["connection"])
        with Operations(context).batch_alter_table("people", recreate="always") as people:
            people.add_column(Column("shoe_size", Integer))

    await migrate._run(database, rebuild, "none")
    assert ask(database, "SELECT id, telegram_id, shoe_size FROM people") == [(1, 1, None)]
    assert ask(database, "PRAGMA foreign_key_check") == []
    async with database.reading() as tx:
        assert (await tx.run(text("PRAGMA foreign_keys"))).scalar_one() == 1


async def test_a_migration_that_breaks_references_is_undone(database: Database) -> None:
    """They are not checked while tables are rebuilt, but before anything is committed."""
    await migrate.upgrade(database)
    fill(database)

    def lose_people(config: Config, _revision: str) -> None:
        config.attributes["connection"].exec_driver_sql("DELETE FROM people")

    with pytest.raises(RuntimeError, match="references to nothing"):
        await migrate._run(database, lose_people, "none")
    assert ask(database, "SELECT count(*) FROM people") == [(1,)]


async def test_an_upgrade_of_what_is_up_to_date_does_nothing(database: Database) -> None:
    """Not even the lock is taken: any number of programs start beside a running one."""
    await migrate.upgrade(database)
    lock = Path(f"{database.url.database}.migrating")
    await asyncio.to_thread(lock.unlink, missing_ok=True)
    await migrate.upgrade(database)
    assert not await asyncio.to_thread(lock.exists)


async def test_a_newer_database_is_left_alone(database: Database) -> None:
    """An older program does not guess what the newer one meant."""
    await migrate.upgrade(database)
    do(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.NewerDatabaseError, match="revision 9999"):
        await migrate.upgrade(database)
    assert await migrate.current(database) == "9999"


def test_the_way_from_each_revision() -> None:
    """What is missing from where, for whoever wants to know how far behind a database is."""
    assert migrate.missing(None) == REVISIONS
    for number, revision in enumerate(REVISIONS, 1):
        assert migrate.missing(revision) == REVISIONS[number:]
    assert migrate.missing("9999") is None


@pytest.mark.parametrize("statement", ["UPDATE ledger SET amount = 2", "DELETE FROM ledger"])
async def test_the_ledger_only_grows(database: Database, statement: str) -> None:
    """What it holds is neither changed nor deleted; one more entry is a correction."""
    await migrate.upgrade(database)
    fill(database)
    with pytest.raises(sqlite3.IntegrityError, match="append-only: ledger"):
        do(database, statement)
    names = ", ".join(str(column[1]) for column in ask(database, "PRAGMA table_info(ledger)"))
    again = names.replace("id, ", "2, ", 1).replace("amount", "-1")
    do(database, f"INSERT INTO ledger ({names}) SELECT {again} FROM ledger")
    assert ask(database, "SELECT id, amount FROM ledger ORDER BY id") == [(1, 1), (2, -1)]
