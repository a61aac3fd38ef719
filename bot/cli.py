"""`duologue`: run the bot, look after it, and play with it."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

from cyclopts import App as CommandLine
from cyclopts import Parameter

from bot import app as wiring
from bot import config as configuration
from bot import logs
from bot.config import Config, ConfigError
from storage import migrate
from storage.database import Database
from storage.trouble import trouble_of

if sys.platform == "win32":
    LOOP = None
else:
    import uvloop

    LOOP = (
        uvloop.new_event_loop
    )  # the same loop with less of it in Python: it carries every message and answer

command_line = CommandLine(
    name="duologue",
    help="A Telegram bot that recruits people in pairs to record studio dialogues.",
    version_flags=["--version"],
)
database_commands = CommandLine(name="db", help="The database.")
command_line.command(database_commands)
recordings = CommandLine(name="audio", help="The recordings.")
command_line.command(recordings)
recordings.command(
    "bot.moving:copy_audio",
    name="copy",
    help="Copy every recording from one place to another: a folder, or a store behind a URL.",
)
database_commands.command(
    "bot.moving:copy_database",
    name="copy",
    help="Copy everything from an SQLite file into PostgreSQL, and compare it.",
)
# By name: loaded when asked for, so that a running bot carries none of it.
command_line.command(
    "bot.doctor:doctor",
    name="doctor",
    help="Check everything that a run needs, and say how to mend what is wrong.",
)
command_line.command(
    "bot.set_aside:commands",
    name="inbox",
    help="List what was set aside because it could not be handled; try it again or drop it.",
)
command_line.command(
    "bot.hear:hear",
    name="hear",
    help="Hear every recording in a folder as the checks hear a sample, and print what they find.",
)
command_line.command(
    "bot.sandbox:serve",
    name="sandbox",
    help="Start a local Bot API server to play every role without a token.",
)
command_line.command(
    "bot.demo.play:demo",
    name="demo",
    help="Play the whole story on this machine: the real bot, a local Telegram, and people who use it.",
)
command_line.command(
    "bot.playground.play:play",
    name="play",
    help="Be the applicants, the reviewers and the coordinator in a browser, on this machine.",
)


def _config() -> Config:
    try:
        return configuration.load()
    except ConfigError as error:
        raise SystemExit(f"duologue: {error}") from None


async def _until_told(run: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Run with SIGTERM and SIGINT setting `stop`."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stop.set)
    await run


@command_line.command
def run(*, webhook: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Run the bot until it is told to stop.

    Parameters
    ----------
    webhook
        Have Telegram deliver updates to DUOLOGUE_WEBHOOK_URL, instead of asking for them.
    """
    config = _config()
    logs.set_up(secrets=config.settings.secret_words)
    try:
        with asyncio.Runner(loop_factory=LOOP) as runner:
            runner.run(_run(config, webhook=webhook))
    except wiring.StartError as error:
        raise SystemExit(f"duologue: {error}") from None


async def _run(config: Config, *, webhook: bool) -> None:
    stop = asyncio.Event()
    await _until_told(wiring.run(config, stop, webhook=webhook), stop)


@database_commands.command
async def upgrade() -> None:
    """Create the database, or bring it up to date."""
    config = _config()
    database = Database(config.settings.database_url)
    try:
        await migrate.upgrade(database)
        print(f"The database is at revision {await migrate.current(database)}.")
    except migrate.NewerDatabaseError as error:
        raise SystemExit(f"duologue: {error}") from None
    except Exception as error:
        if (trouble := trouble_of(error)) is not None:
            raise SystemExit(f"duologue: {trouble}") from None
        raise
    finally:
        await database.close()


def main() -> None:
    """The entry point of the command."""
    command_line()


if __name__ == "__main__":
    main()
