"""From a file to a server: every row of every table, however often it is broken off, and nothing taken on trust."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import JSON, Boolean, Date, Integer, LargeBinary, Table, func, insert, select, text
from sqlmodel import col, update

from bot import config
from bot.app import App, StartError
from bot.doctor import examine
from bot.moving import copy_database as command
from bot.sandbox import Sandbox
from storage import copying, migrate
from storage.copying import CopyError, copy
from storage.database import ConflictError, Database
from storage.tables import Audit, City, LedgerEntry, Person, Studio
from tests.helpers import NOON
from tests.servers import Server

EACH = 5
"""Rows of each table."""


@pytest.fixture
async def source(tmp_path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """A file with rows in every table."""
    path = tmp_path / "duologue.db"
    shutil.copy(empty_database, path)
    database = Database(f"sqlite+aiosqlite:///{path}")
    async with database.writing() as tx:
        for table in copying.tables():
            await tx.run(insert(table), [row_of(table, number) for number in range(1, EACH + 1)])
    yield database
    await database.close()


@pytest.fixture
def target_url(postgresql: Server) -> Iterator[str]:
    """A database of a server with nothing in it, not even tables."""
    url = asyncio.run(postgresql.empty())
    yield url
    asyncio.run(postgresql.drop(url))


@pytest.fixture
async def target(target_url: str) -> AsyncIterator[Database]:
    """The same, opened."""
    database = Database(target_url)
    yield database
    await database.close()


def row_of(table: Table, number: int) -> dict[str, Any]:
    """Some row of a table that no rule refuses beside its neighbours."""
    return {column.name: value_of(column, number) for column in table.columns}


def value_of(column: Any, number: int) -> Any:
    """A value that is another one in each row."""
    if column.foreign_keys and column.nullable:
        return None
    if next(iter(column.foreign_keys), None) is not None:
        target = next(iter(column.foreign_keys)).column
        return value_of(target, number)
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer):
        return number
    if isinstance(kind, Date):
        return date(2026, 11, 20) + timedelta(days=number)
    if isinstance(kind, LargeBinary):
        return bytes(range(number, 250))
    if isinstance(kind, JSON):
        return {"a": [number, 0.1 * number, None, True, "袁 \" ' \\ \u2028"], "b": {}}
    if column.name in ("ends_at", "busy_until"):
        return NOON + timedelta(hours=10 * number + 3)
    if str(kind) == "VARCHAR":
        return f"{column.name} {number} 袁😀'\"\\"
    return NOON + timedelta(hours=10 * number, microseconds=number)


async def rows_of(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, by its key."""
    async with database.reading() as tx:
        return {
            table.name: sorted(
                (tuple(row) for row in (await tx.run(select(table))).all()), key=lambda row: str(row)
            )
            for table in copying.tables()
        }


class Progress:
    """Counts what it is told; breaks off after so many tellings."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.rows = 0
        self.told = 0
        self._breaks_after = breaks_after

    def __call__(self, _table: str, rows: int) -> None:
        """Count."""
        self.told += 1
        self.rows += rows
        if self.told == self._breaks_after:
            raise KeyboardInterrupt


async def test_every_row_of_every_table(source: Database, target: Database) -> None:
    """Equal to the last microsecond and the last character, counted twice on the way."""
    progress, begun = Progress(), []
    sums = await copy(source, target, progress, begun.append)
    rows = await rows_of(source)
    assert rows == await rows_of(target)
    assert {name: one.rows for name, one in sums.items()} == {
        name: len(found) for name, found in rows.items()
    }
    assert min(one.rows for one in sums.values()) == EACH
    assert (begun, progress.rows) == ([EACH * len(rows)], 2 * EACH * len(rows))
    assert not await copying.unfinished(target)


async def test_afterwards_the_server_goes_on_by_itself(source: Database, target: Database) -> None:
    """Keys are counted on, and the rules that slept meanwhile are awake."""
    await copy(source, target, Progress())
    async with target.writing() as tx:
        person = await tx.add(Person(telegram_id=10**9, created_at=NOON, seen_at=NOON))
    assert person.id == EACH + 1
    with pytest.raises(ConflictError):
        async with target.writing() as tx:
            await tx.add(Person(telegram_id=10**9, created_at=NOON, seen_at=NOON))
    with pytest.raises(Exception, match="append-only"):
        async with target.writing() as tx:
            await tx.change(update(LedgerEntry).values(amount=9))
    async with target.reading() as tx:
        asleep = await tx.run(
            text("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D' AND NOT tgisinternal")
        )
        assert asleep.scalar_one() == 0


@pytest.mark.parametrize("breaks_after", [1, 2, 17, 44, 60, 89])
async def test_broken_off_anywhere_it_goes_on(source: Database, target: Database, breaks_after: int) -> None:
    """While rows are copied or compared; a bot does not start on the half of it, and the second try does the rest."""
    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, Progress(breaks_after))
    assert await copying.unfinished(target)
    await copy(source, target, Progress())
    assert await rows_of(source) == await rows_of(target)
    assert not await copying.unfinished(target)


async def test_what_is_there_is_not_copied_again(
    source: Database, target: Database, monkeypatch: Any
) -> None:
    """It goes on behind the greatest key, batch by batch."""
    monkeypatch.setattr(copying, "BATCH", 50)
    async with source.writing() as tx:
        events = [row_of(Audit.__table__, number) for number in range(EACH + 1, 1001)]  # type: ignore[attr-defined]
        await tx.run(insert(Audit), events)
    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, Progress(20))
    async with target.reading() as tx:
        there = (await tx.run(select(func.count()).select_from(Audit))).scalar_one()
    assert 0 < there < 1000
    progress = Progress()
    await copy(source, target, progress)
    assert await rows_of(source) == await rows_of(target)
    assert progress.rows == 2 * (EACH * len(copying.tables()) + 995)


async def test_a_row_that_came_over_wrong_is_found(source: Database, target: Database) -> None:
    """The control: one character of one row, changed between the two halves."""

    class Meddling(Progress):
        """Lets somebody in once everything is copied."""

        def __call__(self, table: str, rows: int) -> None:
            super().__call__(table, rows)
            if self.told == len(copying.tables()):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, Meddling())
    async with target.writing() as tx:
        await tx.change(update(Person).where(col(Person.id) == 3).values(name="x"))
    with pytest.raises(CopyError, match="people has other rows in the target"):
        await copy(source, target, Progress())
    assert await copying.unfinished(target)
    await copy(source, target, Progress(), anew=True)
    assert await rows_of(source) == await rows_of(target)


async def test_a_source_that_went_on_meanwhile_is_noticed(source: Database, target: Database) -> None:
    """Between two tries, and during one."""
    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, Progress(40))
    async with source.writing() as tx:
        await tx.change(update(City).values(announcements=77))
    with pytest.raises(CopyError, match="begin again with --anew"):
        await copy(source, target, Progress())

    other = Database(source.url.render_as_string())

    class Busy(Progress):
        """Writes while rows are copied."""

        def __call__(self, table: str, rows: int) -> None:
            super().__call__(table, rows)
            if self.told == 10:
                writes.append(asyncio.get_running_loop().create_task(self.write()))

        async def write(self) -> None:
            async with other.writing() as tx:
                await tx.change(update(Studio).values(setup=7))

    writes: list[asyncio.Task[None]] = []
    with pytest.raises(CopyError, match="somebody wrote into the source meanwhile"):
        await copy(source, target, Busy(), anew=True)
    await asyncio.gather(*writes)
    await other.close()
    await copy(source, target, Progress(), anew=True)
    assert await rows_of(source) == await rows_of(target)


async def test_a_target_in_use_is_left_alone(source: Database, target: Database) -> None:
    """Rows of others are never mixed with ours, and a running bot is not overtaken."""
    await migrate.upgrade(target)
    async with target.writing() as tx:
        await tx.add(City(code="a", created_at=NOON))
    with pytest.raises(CopyError, match=r"has rows already \(cities\)"):
        await copy(source, target, Progress())
    assert not await copying.unfinished(target)
    other = Database(target.url.render_as_string())
    async with other.alone():
        with pytest.raises(CopyError, match="a bot runs on the target"):
            await copy(source, target, Progress(), anew=True)
    await other.close()


async def test_what_cannot_be_copied(source: Database, target: Database, tmp_path: Path) -> None:
    """The wrong way round, nothing there, or of another version."""
    with pytest.raises(CopyError, match="from an SQLite file to PostgreSQL"):
        await copy(target, source, Progress())
    nowhere = Database(f"sqlite+aiosqlite:///{tmp_path}/nothing.db")
    with pytest.raises(CopyError, match="there is no file"):
        await copy(nowhere, target, Progress())
    assert not (tmp_path / "nothing.db").exists()
    await migrate.downgrade(source, "0015")
    with pytest.raises(CopyError, match="bring it up to date first"):
        await copy(source, target, Progress())


async def test_a_bot_does_not_start_on_half_a_copy(
    source: Database, target: Database, tmp_path: Path
) -> None:
    """It says which command goes on."""
    with pytest.raises(KeyboardInterrupt):
        await copy(source, target, Progress(30))
    async with Sandbox() as sandbox:
        plain = {
            "DUOLOGUE_TOKEN": sandbox.token,
            "DUOLOGUE_API_URL": sandbox.url,
            "DUOLOGUE_DATA": str(tmp_path / "data"),
            "DUOLOGUE_DATABASE_URL": target.url.render_as_string(),
        }
        with pytest.raises(StartError, match="duologue db copy"):
            await App(config.load(plain, tmp_path)).__aenter__()
        told = [finding async for finding in examine(plain, tmp_path)]
    assert [one.what for one in told if "duologue db copy" in one.what] != []


# --- the command


def url_of(source: Database) -> str:
    """The file as a person would name it."""
    return f"sqlite:///{source.url.database}"


async def test_the_command(source: Database, target_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what it did and what comes next."""
    await source.close()
    await command(url_of(source), target_url.replace("postgresql+asyncpg", "postgresql"))
    told = capsys.readouterr().out
    assert told.startswith(f"Copied and compared {EACH * len(copying.tables()):,} rows of")
    assert "Let DUOLOGUE_DATABASE_URL name it" in told


async def test_the_command_while_a_bot_runs(source: Database, target_url: str, tmp_path: Path) -> None:
    """What the bot wrote later would be left behind."""
    with FileLock(tmp_path / "duologue.lock"), pytest.raises(SystemExit, match="a bot is running on"):
        await command(url_of(source), target_url)


@pytest.mark.parametrize(
    ("source_url", "postgres_url", "words"),
    [
        ("duologue.db", "postgresql://h/d", "duologue: expected sqlite:///"),
        ("sqlite:///x.db", "mysql://h/d", "duologue: expected sqlite:///"),
        ("sqlite:///nowhere.db", "postgresql:///d?host=/nowhere", "there is no file"),
    ],
)
async def test_the_command_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source_url: str, postgres_url: str, words: str
) -> None:
    """What is wrong with what was typed."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=words):
        await command(source_url, postgres_url)


async def test_a_server_that_is_not_there(source: Database) -> None:
    """Said as everywhere else."""
    with pytest.raises(SystemExit, match="PostgreSQL cannot be reached"):
        await command(url_of(source), "postgresql:///d?host=/nowhere")
