"""`duologue inbox`: what was set aside because it could not be handled, and what to do about it.

It works beside a running bot, on the same database, and needs no token. What strangers sent is printed without
links to files, invitations and tokens, and without characters that could steer the terminal.
"""

import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App as CommandLine
from cyclopts import Parameter
from cyclopts.validators import Number

from bot import config as configuration
from bot import logs
from bot.app import clock_of
from bot.config import Config, ConfigError
from bot.services.coordinating import quarantine
from bot.services.coordinating.quarantine import NotSetAside, SetAside
from bot.services.messages.people import Problem
from bot.services.unit import House, Unit, Units
from bot.texts import speech
from handlers.render.problems import word
from handlers.render.set_aside import what_by_whom
from handlers.screen import plain
from storage import migrate
from storage.database import Database
from storage.trouble import trouble_of

Id = Annotated[int, Parameter(name="ID", validator=Number(gte=1, lt=2**63))]
Everything = Annotated[bool, Parameter(name="--all", negative="", help="Everything that is set aside.")]
Deal = Callable[[Unit, int], Coroutine[Any, Any, None]]

HIDDEN = ("file_id", "file_unique_id", "file_path", "invite_link")
"""Ends of the names of what leads to somebody's files or into a group."""

_INVITATIONS = re.compile(r"(/start(?:@\w+)?\s+|[?&]start(?:group)?=)[^\s\"&]+")
_SAY = speech("en")

commands = CommandLine(name="inbox")


@commands.default
async def listed() -> None:
    """List what is set aside: its id, what it was, whose, since when, and why."""
    async with _units() as units, units.reading() as look:
        found = await quarantine.listed(look)
    for one in found:
        _say(f"{one.row_id}  {_summary(one)}\n    {one.reason}")
    if found:
        _say(f"{len(found)} set aside. Continue with: duologue inbox show|retry|drop ID")
    else:
        _say("Nothing is set aside.")


commands.command(listed, name="list")


@commands.command
async def show(row_id: Id, /) -> None:
    """Show all of an update, as it came."""
    async with _units() as units, units.reading() as look:
        try:
            row, one = await quarantine.find(look, row_id)
        except NotSetAside as error:
            raise SystemExit(f"duologue: {_why_not(error)}") from None
    _say(f"{row_id}  {_summary(one)}\n    state: {row.state}, tries: {row.attempts}")
    if row.error:
        _say(f"    {row.error}")
    _say(json.dumps(_hidden(row.raw), indent=2, ensure_ascii=False))


@commands.command
async def retry(*row_ids: Id, everything: Everything = False) -> None:
    """Have updates handled once more, as if they had come now.

    A running bot does it within seconds, otherwise the next one does when it starts.
    """
    if bool(row_ids) == everything:
        raise SystemExit("duologue: name the ids of what to try again, or --all")
    async with _units() as units:
        if everything:
            async with units.reading() as look:
                row_ids = tuple(one.row_id for one in await quarantine.listed(look))
        await _deal(units, row_ids, quarantine.retry, "new", "{id} is being tried again.")
    if not row_ids:
        _say("Nothing is set aside.")


@commands.command
async def drop(row_id: Id, /, *more: Id) -> None:
    """Leave updates undone for good. They stay in the database, for the record."""
    async with _units() as units:
        await _deal(units, (row_id, *more), quarantine.drop, "dropped", "{id} is dropped.")


async def _deal(units: Units, row_ids: tuple[int, ...], deal: Deal, goal: str, done: str) -> None:
    """Each alone, so that one that cannot be dealt with stops no other; such a one makes the exit status 1."""
    refused = False
    for row_id in dict.fromkeys(row_ids):
        try:
            async with units.writing(f"by hand: inbox:{row_id}", "inbox.by_hand") as unit:
                await deal(unit, row_id)
        except NotSetAside as error:
            _say(_why_not(error))
            refused = refused or error.state != goal  # twice the same is no mistake
        else:
            _say(done.format(id=row_id))
    if refused:
        raise SystemExit(1)


# --- the database


@asynccontextmanager
async def _units() -> AsyncIterator[Units]:
    """Units of work on the configured database, which must be there and of this program's version."""
    try:
        config = configuration.load()
    except ConfigError as error:
        raise SystemExit(f"duologue: {error}") from None
    logs.set_up("WARNING", secrets=config.settings.secret_words)
    database = _database(config)
    try:
        await _check(database)
        yield Units(database, clock_of(config.settings.clock), House(config.policy))
    except Exception as error:
        trouble = trouble_of(error)
        if trouble is None:
            raise
        raise SystemExit(f"duologue: {trouble}") from None
    finally:
        await database.close()


def _database(config: Config) -> Database:
    try:
        database = Database(config.settings.database_url)
    except ValueError as error:
        raise SystemExit(f"duologue: {error}") from None
    if not database.on_a_server and not Path(database.place).exists():
        raise SystemExit(f"duologue: there is no database yet at {database.place}; `duologue run` makes it")
    return database


async def _check(database: Database) -> None:
    revision = await migrate.current(database)
    missing = migrate.missing(revision)
    if missing is None:
        raise SystemExit(f"duologue: {migrate.NewerDatabaseError(str(revision))}")
    if missing:
        raise SystemExit(
            f"duologue: the database {database.place} is {len(missing)} step(s) behind this program; "
            "`duologue run` or `duologue db upgrade` brings it up to date"
        )


# --- what is printed


def _summary(one: SetAside) -> str:
    when = one.since.strftime("%Y-%m-%d %H:%M UTC")
    return f"{plain(what_by_whom(one, _SAY))}, {when}"


def _why_not(error: NotSetAside) -> str:
    return plain(word(Problem(type(error).__name__, error.data), _SAY))


def _hidden(value: Any) -> Any:
    """The same without what leads to files or into groups."""
    if isinstance(value, dict):
        return {
            name: "<hidden>" if name.endswith(HIDDEN) else _hidden(inner) for name, inner in value.items()
        }
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def _say(text: str) -> None:
    """Print, without secrets; what is no printable character is shown by its number."""
    clean = _INVITATIONS.sub(r"\1<hidden>", logs.redact(text))
    shown = "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in clean)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(shown.encode(encoding, "backslashreplace").decode(encoding) + "\n")
