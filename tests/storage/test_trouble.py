"""Trouble with the disk in plain words: real refusals of SQLite and of the system, and nothing else."""

import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from storage import trouble
from storage.trouble import Trouble, trouble_of


@pytest.fixture
def engine() -> str:
    """It is about SQLite's own ways."""
    return "sqlite"


def refused(connection: sqlite3.Connection, *statements: str) -> sqlite3.Error:
    """The error that the last of these statements ends in."""
    try:
        for statement in statements:
            connection.execute(statement)
    except sqlite3.Error as error:
        return error
    raise AssertionError("nothing was refused")


def opened(path: Path) -> sqlite3.Connection:
    """A connection that waits for nobody and begins nothing by itself."""
    return sqlite3.connect(path, timeout=0, isolation_level=None)


def test_a_full_disk(tmp_path: Path) -> None:
    """No page is left."""
    error = refused(
        opened(tmp_path / "a.db"),
        "PRAGMA max_page_count = 3",
        "CREATE TABLE t (x)",
        "INSERT INTO t VALUES (randomblob(50000))",
    )
    assert trouble_of(error) is trouble.FULL


def test_what_follows_a_full_disk(tmp_path: Path) -> None:
    """The database has ended the transaction: the reason is named, not the savepoint that is gone with it."""
    connection = opened(tmp_path / "a.db")
    connection.execute("PRAGMA max_page_count = 3")
    connection.execute("CREATE TABLE t (x)")
    for statement in ("BEGIN", "SAVEPOINT s"):
        connection.execute(statement)
    first = refused(connection, "INSERT INTO t VALUES (randomblob(50000))")
    then = refused(connection, "ROLLBACK TO s")
    assert trouble_of(then) is trouble.CUT_SHORT
    then.__context__ = first
    assert trouble_of(then) is trouble.FULL


def test_a_locked_database(tmp_path: Path) -> None:
    """Somebody else writes."""
    first, second = opened(tmp_path / "a.db"), opened(tmp_path / "a.db")
    first.execute("BEGIN IMMEDIATE")
    assert trouble_of(refused(second, "BEGIN IMMEDIATE")) is trouble.LOCKED


def test_a_database_to_be_read_only(tmp_path: Path) -> None:
    """It may be looked at and not changed."""
    opened(tmp_path / "a.db").execute("CREATE TABLE t (x)")
    connection = sqlite3.connect(f"file:{tmp_path / 'a.db'}?mode=ro", uri=True)
    assert trouble_of(refused(connection, "INSERT INTO t VALUES (1)")) is trouble.READ_ONLY


def test_a_database_that_is_none(tmp_path: Path) -> None:
    """Something else stands in the file: that does not pass by waiting."""
    (tmp_path / "a.db").write_bytes(b"no database at all " * 100)
    found = trouble_of(refused(opened(tmp_path / "a.db"), "SELECT * FROM sqlite_master"))
    assert found is trouble.NO_DATABASE
    assert not found.passing


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """SQLite makes no folders."""
    with pytest.raises(sqlite3.OperationalError) as caught:
        opened(tmp_path / "nowhere" / "a.db")
    assert trouble_of(caught.value) is trouble.NOT_OPENED


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (errno.ENOSPC, trouble.FULL),
        (errno.EDQUOT, trouble.FULL),
        (errno.EROFS, trouble.READ_ONLY),
        (errno.EACCES, trouble.READ_ONLY),
        (errno.EIO, trouble.FAULTY),
        (errno.EMFILE, trouble.TOO_MANY_FILES),
    ],
)
def test_what_the_system_refuses(number: int, meant: Trouble) -> None:
    """Files beside the database have the same troubles."""
    assert trouble_of(OSError(number, "no")) is meant


def test_wrapped_errors(tmp_path: Path) -> None:
    """What a library makes of it, what was raised from it, and what was raised on the way are seen through."""
    first, second = opened(tmp_path / "a.db"), opened(tmp_path / "a.db")
    first.execute("BEGIN IMMEDIATE")
    locked = refused(second, "BEGIN IMMEDIATE")
    assert trouble_of(OperationalError("BEGIN", {}, locked)) is trouble.LOCKED
    later, on_the_way = RuntimeError("cannot go on"), RuntimeError("cannot go on")
    later.__cause__ = OperationalError("BEGIN", {}, locked)
    on_the_way.__context__ = OperationalError("BEGIN", {}, locked)
    assert trouble_of(later) is trouble.LOCKED
    assert trouble_of(on_the_way) is trouble.LOCKED
    on_the_way.__suppress_context__ = True
    assert trouble_of(on_the_way) is None


@pytest.mark.parametrize(
    "error",
    [
        ValueError("database is locked"),
        OSError("disk full"),
        FileNotFoundError(errno.ENOENT, "no such file"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        sqlite3.ProgrammingError("Cannot operate on a closed database."),
    ],
)
def test_anything_else(error: Exception) -> None:
    """Bugs and the network are no trouble with the disk, whatever their words."""
    assert trouble_of(error) is None


def test_refused_rows_are_no_trouble(tmp_path: Path) -> None:
    """A key that is there twice is between people, and a wrong statement is ours."""
    connection = opened(tmp_path / "a.db")
    key = ("CREATE TABLE t (x UNIQUE)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)")
    assert trouble_of(refused(connection, *key)) is None
    assert trouble_of(refused(connection, "SELECT nothing FROM t")) is None


def test_each_says_what_to_do() -> None:
    """In one sentence, without a word of the database's own."""
    every = [value for value in vars(trouble).values() if isinstance(value, Trouble)]
    assert len(every) >= 9
    for one in every:
        assert str(one) == f"{one.what}: {one.hint}"
        assert not any(word in str(one) for word in ("SQLITE", "OperationalError", "errno"))
