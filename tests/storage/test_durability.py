"""What is committed stays, and what could not be written leaves nothing: full disks, torn files, others' locks."""

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from bot.services.unit import Unit, Units
from storage import trouble
from storage.database import Database, in_trouble
from storage.tables import City, Person
from storage.trouble import trouble_of
from tests.helpers import NOON, a_person
from tests.storage.disks import Disk, Holder, watched


@pytest.fixture
def engine() -> str:
    """It is about SQLite's own ways."""
    return "sqlite"


@pytest.fixture
def path(database: Database) -> Path:
    """The database's file."""
    return Path(str(database.url.database))


@pytest.fixture
def disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk that it is on."""
    return watched(Disk(path), monkeypatch)


def city(code: str, size: int = 0) -> City:
    """A row that takes so many bytes."""
    return City(code=code, names={"en": "x" * size}, created_at=NOON)


async def cities(units: Units) -> list[str]:
    """Those that are kept."""
    async with units.reading() as look:
        return list(await look.tx.all(select(City.code).order_by(col(City.code))))


BIG = 300_000


# --- a full disk


async def test_a_full_disk_leaves_nothing(units: Units, disk: Disk) -> None:
    """The transaction that met it is undone whole, the error says what is wrong, and with room all goes on."""
    disk.full()

    async def write() -> None:
        async with units.writing("too much") as unit:
            await unit.tx.add(city("small"))
            await unit.tx.add(city("large", BIG))

    for _ in range(3):
        with pytest.raises(Exception, match="full") as caught:
            await write()
        assert trouble_of(caught.value) is trouble.FULL
        assert in_trouble(caught.value)
    assert await cities(units) == []
    disk.good()
    await write()
    assert await cities(units) == ["large", "small"]


async def _insert(unit: Unit) -> None:
    await unit.tx.add(city("later"))


async def _insert_new(unit: Unit) -> None:
    await unit.tx.add_new(city("later"))


async def _change(unit: Unit) -> None:
    await unit.tx.change(update(Person).values(name="Later"))


async def _run(unit: Unit) -> None:
    await unit.tx.run(text("UPDATE people SET name = 'Later'"))


@pytest.mark.parametrize("later", [_insert, _insert_new, _change, _run])
@pytest.mark.parametrize("session", [False, True], ids=["prepared only", "with a session"])
async def test_nothing_is_kept_after_the_disk_ended_a_transaction(
    units: Units, disk: Disk, later: Any, session: bool
) -> None:
    """SQLite undoes everything when the disk is full; what the same step does after that must not stand alone."""
    async with units.writing("before") as unit:
        await a_person(unit, 5, "Ann")
    disk.full()

    async def go_on_all_the_same() -> None:
        async with units.writing("careless") as unit:
            if session:
                await unit.tx.run(text("UPDATE people SET name = 'First'"))
            await unit.tx.add(city("first"))
            with pytest.raises(Exception, match="full"):
                await unit.tx.add(city("large", BIG))
            await later(unit)

    with pytest.raises(Exception, match="transaction is over") as caught:
        await go_on_all_the_same()
    assert in_trouble(caught.value)
    disk.good()
    assert await cities(units) == []
    async with units.reading() as look:
        assert await look.tx.one(select(Person.name)) == "Ann"


async def test_those_who_share_a_commit_with_it(units: Units, disk: Disk) -> None:
    """When one of several meets a full disk, none of them stands; together again, all do."""
    disk.full()

    async def share() -> None:
        async with units.together("shared") as group:
            for code, size in (("a", 0), ("b", BIG), ("c", 0)):
                async with group.alone(code) as unit:
                    await unit.tx.add(city(code, size))

    with pytest.raises(Exception, match="full"):
        await share()
    assert await cities(units) == []
    disk.good()
    await share()
    assert await cities(units) == ["a", "b", "c"]


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let the system refuse every file of this process to grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_commit_that_the_disk_refuses(units: Units, path: Path) -> None:
    """Everything was said and only the commit fails: it did not happen, for nobody, and the next one works."""
    async with units.writing("before") as unit:
        await unit.tx.add(city("before"))
    log = path.with_name(path.name + "-wal").stat().st_size

    async def write(code: str) -> None:
        async with units.writing(code) as unit:
            await unit.tx.add(city(code, 30_000))

    with no_file_beyond(log + 10_000), pytest.raises(Exception, match="disk") as caught:
        await write("refused")
    assert trouble_of(caught.value) in (trouble.FULL, trouble.FAULTY)
    assert await cities(units) == ["before"]
    await write("after")
    assert await cities(units) == ["after", "before"]
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT code FROM cities ORDER BY code").fetchall() == [("after",), ("before",)]
    other.close()


# --- a power cut


def image(path: Path, to: Path, *, cut: int = 0) -> list[str]:
    """What a program finds that starts on the files as they are now, the newest `cut` bytes torn off."""
    to.mkdir()
    log = path.with_name(path.name + "-wal")
    for file in (path, log):
        shutil.copy(file, to / file.name)
    with (to / log.name).open("r+b") as torn:
        torn.truncate(log.stat().st_size - cut)
    connection = sqlite3.connect(to / path.name)
    found = [code for (code,) in connection.execute("SELECT code FROM cities ORDER BY code")]
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return found


async def test_what_is_committed_is_in_the_files(units: Units, path: Path, tmp_path: Path) -> None:
    """When a commit returns, it needs nothing of this program any more."""
    for number in range(5):
        async with units.writing(f"{number}") as unit:
            await unit.tx.add(city(f"{number}"))
        assert image(path, tmp_path / f"image {number}") == [f"{n}" for n in range(number + 1)]


async def test_a_cut_in_the_middle_of_a_commit(units: Units, path: Path, tmp_path: Path) -> None:
    """However much of the newest commit reached the disk: it stands whole or not at all, and the others stand."""
    async with units.writing("first") as unit:
        await unit.tx.add(city("a"))
    before = path.with_name(path.name + "-wal").stat().st_size
    async with units.writing("second") as unit:
        for code in "bcd":
            await unit.tx.add(city(code, 9_000))
    size = path.with_name(path.name + "-wal").stat().st_size - before
    assert size > 20_000
    for cut in (0, 1, 100, 4_096, size // 2, size - 1, size):
        found = image(path, tmp_path / f"image {cut}", cut=cut)
        assert found == (["a", "b", "c", "d"] if cut == 0 else ["a"]), cut


# --- others who hold the database


async def test_who_writes_waits_for_a_backup(units: Units, path: Path) -> None:
    """While another program holds the database, everybody else here goes on; when it lets go, the write is made."""
    holder = Holder(path)
    holder.hold()
    began = asyncio.Event()

    async def write() -> None:
        began.set()
        async with units.writing("waits") as unit:
            await unit.tx.add(city("a"))

    writing = asyncio.create_task(write())
    await began.wait()
    for _ in range(20):  # looks, and the loop itself, wait for nobody
        assert await cities(units) == []
        await asyncio.sleep(0.01)
    assert not writing.done()
    holder.let_go()
    async with asyncio.timeout(5):
        await writing
    assert await cities(units) == ["a"]


async def test_a_backup_that_takes_longer_than_anybody_waits(
    units: Units, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error that says what is wrong and passes: the same step works afterwards."""
    for module in ("storage.driver", "storage.sqlite"):
        monkeypatch.setattr(f"{module}.BUSY", 50)
    holder = Holder(path)
    holder.hold()

    async def write() -> None:
        async with units.writing("waits in vain") as unit:
            await unit.tx.add(city("a"))

    for _ in range(3):
        with pytest.raises(Exception, match="locked") as caught:
            await write()
        assert trouble_of(caught.value) is trouble.LOCKED
        assert in_trouble(caught.value)
    holder.let_go()
    await write()
    assert await cities(units) == ["a"]


async def test_a_backup_while_much_is_written(units: Units, path: Path, tmp_path: Path) -> None:
    """Both ways of SQLite to copy a database that is in use give a whole one, and no write fails."""
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            async with units.writing(f"{written}") as unit:
                await unit.tx.add(city(f"{written:05}"))
            written += 1

    def copy(number: int) -> list[tuple[int, int]]:
        source = sqlite3.connect(path, timeout=10)
        into, vacuumed = tmp_path / f"backup {number}.db", tmp_path / f"vacuum {number}.db"
        target = sqlite3.connect(into)
        source.backup(target, pages=1)
        source.execute("VACUUM INTO ?", (str(vacuumed),))
        target.close()
        source.close()
        counts = []
        for file in (into, vacuumed):
            made = sqlite3.connect(file)
            assert made.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts.append(made.execute("SELECT count(*), max(code) + 1 FROM cities").fetchone())
            made.close()
        return counts

    writing = asyncio.create_task(write())
    async with asyncio.timeout(20):
        while written < 5:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.01)
        for number in range(3):
            for count, newest in await asyncio.to_thread(copy, number):
                assert count == newest, "everything up to the newest one"
                assert count >= 5
    stop.set()
    await writing
    assert len(await cities(units)) == written
