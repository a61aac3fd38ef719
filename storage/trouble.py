"""What it means in plain words when the disk or the database does not do what it is told, and how to mend it.

A refusal of a row (a unique key, a reference) is none of these: see `storage.database.ConflictError`.
"""

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

_PRIMARY = 0xFF
"""The part of SQLite's result code that names the kind; the rest tells more about it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong and what to do. `passing`: it goes on by itself once that is done, and nothing is lost."""

    what: str
    hint: str
    passing: bool = True

    def __str__(self) -> str:
        """One sentence for the log or the terminal."""
        return f"{self.what}: {self.hint}"


class UnreachableError(Exception):
    """A server that does not answer; `str` is what the system says of it."""


FULL = Trouble(
    "the disk is full",
    "make room on the disk that holds the data folder; what waits goes on by itself",
)
LOCKED = Trouble(
    "the database is locked by another program",
    "a backup or an open database tool holds it; it goes on by itself when they let go",
)
READ_ONLY = Trouble(
    "the data folder cannot be written to",
    "let the database file and its folder belong to the user that runs the bot, on a disk that can be written to",
)
MOVED = Trouble(
    "the database file was moved or replaced while the bot runs",
    "stop the bot, put the file back where it was, and start it again",
)
NOT_OPENED = Trouble(
    "the database file cannot be opened",
    "see that the data folder is there, belongs to the user that runs the bot, and has its disk mounted",
)
FAULTY = Trouble(
    "the disk cannot be read or written",
    "see whether it is full, over its quota or failing (dmesg tells); what waits goes on by itself",
)
DAMAGED = Trouble(
    "the database file is damaged",
    "stop the bot, keep the file, and bring back a copy (sqlite3's .recover can save what is left of it)",
    passing=False,
)
NO_DATABASE = Trouble(
    "the file is no database",
    "something else stands in its place: see where DUOLOGUE_DATABASE_URL and DUOLOGUE_DATA point, or bring back a copy",
    passing=False,
)
TOO_MANY_FILES = Trouble(
    "too many files are open",
    "raise the limit of open files (ulimit -n, LimitNOFILE)",
)
UNREACHABLE = Trouble(
    "PostgreSQL cannot be reached",
    "see whether it runs and where DUOLOGUE_DATABASE_URL points; what waits goes on by itself",
)
SERVER_FULL = Trouble(
    "the disk of PostgreSQL is full",
    "make room on the server's disk; what waits goes on by itself",
)
NO_CONNECTION_LEFT = Trouble(
    "PostgreSQL has no connection left",
    "raise its max_connections, or stop other programs that use it; each Duologue needs up to twenty",
)
STANDBY = Trouble(
    "PostgreSQL takes no writes",
    "it is a standby or was set read-only: let DUOLOGUE_DATABASE_URL point to the one that writes",
)
CONTENDED = Trouble(
    "PostgreSQL undid a transaction that stood in another's way",
    "it is done again; if this lasts, see what else works on this database",
)
NOT_LET_IN = Trouble(
    "PostgreSQL does not let us in",
    "check the user and the password in DUOLOGUE_DATABASE_URL, and the server's pg_hba.conf",
    passing=False,
)
NO_SUCH_DATABASE = Trouble(
    "PostgreSQL has no such database",
    "create it (createdb duologue), or correct DUOLOGUE_DATABASE_URL",
    passing=False,
)
NO_RIGHT = Trouble(
    "PostgreSQL denies a right",
    "let the user own the database: the tables and the extension btree_gist are created in it",
    passing=False,
)
CUT_SHORT = Trouble(
    "a transaction was ended by the database itself",
    "the disk refused an earlier statement of it; nothing of it was kept, and it is done again",
)

_BY_RESULT = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: NOT_OPENED,
    sqlite3.SQLITE_IOERR: FAULTY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: NO_DATABASE,
}
_BY_NUMBER = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EIO: FAULTY,
    errno.EMFILE: TOO_MANY_FILES,
    errno.ENFILE: TOO_MANY_FILES,
}
_BY_SQLSTATE = {
    "08": UNREACHABLE,
    "57P01": UNREACHABLE,
    "57P02": UNREACHABLE,
    "57P03": UNREACHABLE,
    "53100": SERVER_FULL,
    "53300": NO_CONNECTION_LEFT,
    "25006": STANDBY,
    "40001": CONTENDED,
    "40P01": CONTENDED,
    "25P02": CUT_SHORT,
    "28": NOT_LET_IN,
    "3D000": NO_SUCH_DATABASE,
    "42501": NO_RIGHT,
}
"""By the whole code or its class, the first two characters."""

_OVER = ("transaction is over", "no transaction is active", "no such savepoint")
"""What statements say that come after the one that the disk refused."""


def trouble_of(error: BaseException) -> Trouble | None:
    """What is wrong with the disk or the database, if that is behind an error; None if it is something else."""
    found = [trouble for link in _chain(error) if (trouble := _of_one(link))]
    # What came after the first refusal only repeats that there was one.
    return next((trouble for trouble in found if trouble is not CUT_SHORT), found[0] if found else None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those behind it: what it wraps, came from, or came while being dealt with."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [getattr(link, "orig", None), link.__cause__]
        if not link.__suppress_context__:
            waiting.append(link.__context__)


def _of_one(error: BaseException) -> Trouble | None:
    if isinstance(error, sqlite3.Error):
        result = getattr(error, "sqlite_errorcode", None)
        if result == sqlite3.SQLITE_READONLY_DBMOVED:
            return MOVED
        if result is not None:
            return _BY_RESULT.get(result & _PRIMARY, CUT_SHORT if _is_over(error) else None)
        return CUT_SHORT if _is_over(error) else None
    if isinstance(error, UnreachableError | asyncpg.InternalClientError):
        return UNREACHABLE
    if isinstance(error, asyncpg.InterfaceError):
        return UNREACHABLE if "closed" in str(error) else None
    if isinstance(error, asyncpg.PostgresError):
        state = str(error.sqlstate)
        return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2])
    if isinstance(error, OSError) and error.errno is not None:
        return _BY_NUMBER.get(error.errno)
    return None


def _is_over(error: sqlite3.Error) -> bool:
    return any(words in str(error) for words in _OVER)
