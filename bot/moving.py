"""`duologue db copy` and `duologue audio copy`: from one machine to servers that many can use."""

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
from bot.audio.sealing import DamagedError
from bot.audio.store import AudioStore
from bot.config import ConfigError, Settings
from bot.config.problems import ExpectedError
from bot.services.ports import OutageError
from storage import copying
from storage.copying import CopyError
from storage.database import Database
from storage.migrate import NewerDatabaseError
from storage.trouble import trouble_of


async def copy_database(
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
        "Let DUOLOGUE_DATABASE_URL name it from now on. The recordings stay where they are.\n"
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
    with _progress() as progress:
        task = progress.add_task("copying", total=None)

        def tell(table: str, rows: int) -> None:
            progress.update(task, advance=rows, description=table)

        def begun(rows: int) -> None:
            progress.update(task, total=2 * rows)

        return await copying.copy(source, target, tell, begun, anew=anew)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


# --- recordings


async def copy_audio(
    source: Annotated[str, Parameter(name="FROM")], target: Annotated[str, Parameter(name="TO")]
) -> None:
    """Copy every recording from one place to another: a folder, or a store behind a URL.

    What is there already is left alone, so a copy that was broken off goes on when the command is given again.
    With DUOLOGUE_AUDIO_KEY the copies are encrypted with its first key; each of its keys opens what is copied.

    Parameters
    ----------
    source
        Where they are: a folder (data/audio) or a URL (s3://bucket/folder)
    target
        Where they shall be
    """
    try:
        settings = configuration.load().settings
        if "://" not in source and not Path(source).is_dir():  # noqa: ASYNC240 - nothing else runs
            raise ValueError(f"there is no folder {source}")
        copied, there = await _copy_audio(_store(source, settings), _store(target, settings))
    except (ConfigError, ValueError, OutageError, DamagedError) as error:
        raise SystemExit(f"duologue: {error}") from None
    except OSError as error:
        if (found := trouble_of(error)) is not None:
            raise SystemExit(f"duologue: {found}") from None
        raise
    sys.stdout.write(f"Copied {copied:,} recordings and pictures; {there:,} were there already.\n")


def _store(place: str, settings: Settings) -> AudioStore:
    return AudioStore(place if "://" in place else Path(place), settings.audio_keys)


async def _copy_audio(source: AudioStore, target: AudioStore) -> tuple[int, int]:
    """Copy what is missing; how much that was, and how much was there."""
    keys = [key async for key in source.listed()]
    copied = 0
    with _progress() as progress:
        for key in progress.track(keys, description="copying"):
            if await target.has(key):
                continue
            await target.put(await source.get(key), key.rpartition(".")[2])
            copied += 1
    return copied, len(keys) - copied
