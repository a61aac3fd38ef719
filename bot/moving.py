"""`duologue db copy`: from the file of one machine to a server that many can use."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bot import config as configuration
from bot.config.problems import ExpectedError
from storage import copying
from storage.copying import CopyError
from storage.database import Database
from storage.migrate import NewerDatabaseError
from storage.trouble import trouble_of


async def copy(
    sqlite_url: Annotated[str, Parameter(name="SQLITE-URL")],
    postgres_url: Annotated[str, Parameter(name="POSTGRES-URL")],
    *,
    anew: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Copy everything from an SQLite file into PostgreSQL, and compare it.

    Stop the bot first. A copy that was broken off goes on where it was when the command is given again.

    Parameters
    ----------
    sqlite_url
        The file, as in sqlite:///data/duologue.db
    postgres_url
        The server's database, as in postgresql://user:password@host/duologue
    anew
        Throw away what is in the target, and begin again.
    """
    source, target = _opened(sqlite_url), _opened(postgres_url)
    try:
        with _stopped(source):
            sums = await _copied(source, target, anew=anew)
    except (CopyError, NewerDatabaseError) as error:
        raise SystemExit(f"duologue: {error}") from None
    except Exception as error:
        if (found := trouble_of(error)) is not None:
            raise SystemExit(f"duologue: {found}") from None
        raise
    finally:
        await source.close()
        await target.close()
    rows = sum(one.rows for one in sums.values())
    sys.stdout.write(
        f"Copied and compared {rows:,} rows of {len(sums)} tables into {target.place}.\n"
        "Let DUOLOGUE_DATABASE_URL name it from now on. The recordings stay in the data folder.\n"
    )


def _opened(url: str) -> Database:
    try:
        return Database(configuration.read_database_url(url, Path.cwd()))
    except (ExpectedError, ValueError) as error:
        raise SystemExit(f"duologue: expected {error}") from None


@contextmanager
def _stopped(source: Database) -> Iterator[None]:
    """Hold the lock that a bot on this file holds while it runs: what came later would be left behind."""
    folder = Path(source.url.database or "").parent
    if source.on_a_server or not folder.is_dir():  # said in plain words further on
        yield
        return
    try:
        held = FileLock(folder / "duologue.lock").acquire(timeout=1)
    except Timeout:
        raise CopyError(f"a bot is running on {folder}; stop it first") from None
    with held:
        yield


async def _copied(source: Database, target: Database, *, anew: bool) -> dict[str, copying.Sum]:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task("copying", total=None)

        def tell(table: str, rows: int) -> None:
            progress.update(task, advance=rows, description=table)

        def begun(rows: int) -> None:
            progress.update(task, total=2 * rows)

        return await copying.copy(source, target, tell, begun, anew=anew)
