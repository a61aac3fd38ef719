"""`duologue doctor`: looks at everything that a run needs, and says how to mend what is wrong.

Every check stands alone and none changes anything. The token is used, and never printed.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp
import asyncpg
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from bot import config as configuration
from bot.audio.client import AudioWorker, AudioWorkerDown
from bot.audio.sealing import DamagedError
from bot.audio.store import AudioStore
from bot.config import Config, ConfigError, Settings
from bot.rules.audio import Unreadable
from bot.services.ports import OutageError
from storage import copying, migrate
from storage.database import Database
from storage.trouble import UnreachableError, trouble_of

GOOD, NOTE, BAD = "✓", "•", "✗"

ROOM = 500_000_000
"""Bytes that should be free: a database that cannot grow loses everything that comes in."""

CLOCK_OFF = 30.0
"""Seconds that the clock may be off: reminders and deadlines go by it."""

PATIENCE = 10.0
"""Seconds for a call."""

RECORDING = Path(__file__).parent / "demo" / "dialogues" / "whisper.ogg"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and, if something is wrong, how to mend it."""

    mark: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        """One line, and an indented one with what to do."""
        return f"{self.mark} {self.what}" + (f"\n    → {self.mend}" if self.mend else "")


async def doctor() -> None:
    """Check everything that a run needs, and say how to mend what is wrong."""
    healthy = True
    async for finding in examine(os.environ, Path.cwd()):
        sys.stdout.write(f"{finding}\n")
        healthy = healthy and finding.mark != BAD
    if not healthy:
        raise SystemExit(1)


async def examine(environ: Mapping[str, str], folder: Path) -> AsyncIterator[Finding]:
    """Every finding in turn; `folder` is where relative paths start."""
    try:
        config = configuration.load(environ, folder)
    except ConfigError as error:
        for problem in str(error).splitlines():
            yield Finding(BAD, f"Configuration: {problem.strip()}")
    else:
        for finding in _configured(config):
            yield finding
        async for finding in _telegram(config.settings):
            yield finding
        for check in (_folder, _disk, _running):
            yield await asyncio.to_thread(check, config.settings.data)
        yield await _database(config.settings)
        if config.settings.audio_url is not None:
            yield await _recordings(config.settings)
    yield _zones()
    yield await _audio()


# --- what was configured


def _configured(config: Config) -> Iterator[Finding]:
    where = config.policy_path or "the defaults; write a duologue.toml to change them"
    yield Finding(GOOD, f"Configuration and policy can be read (policy: {where})")
    if config.settings.token is None:
        yield Finding(
            BAD,
            "DUOLOGUE_TOKEN is not set",
            "@BotFather gives you one; put it there, or into the file that DUOLOGUE_TOKEN_FILE names",
        )
    if config.settings.owners:
        yield Finding(GOOD, f"{len(config.settings.owners)} owner(s) set")
    else:
        yield Finding(
            BAD,
            "No owner is set: nobody can open slots, invite reviewers or hear of trouble",
            "DUOLOGUE_OWNERS=<your numeric Telegram id>; @userinfobot tells you yours",
        )
    if config.settings.clock is not None:
        yield Finding(NOTE, f"DUOLOGUE_CLOCK is set: the bot's time is moved by {config.settings.clock}")
    if config.settings.fault is not None:
        yield Finding(NOTE, "DUOLOGUE_FAULT is set: the bot kills itself where that says")


# --- Telegram


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    """Reachable, in time, and willing to talk to this bot."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        token = settings.token.get_secret_value() if settings.token else ""
        path = f"/bot{token}/getMe" if token else "/"
        asked = datetime.now(UTC)
        try:
            status, date, body = await _get(session, settings.api_url + path)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            yield Finding(
                BAD,
                f"{settings.api_url} cannot be reached ({type(error).__name__})",
                "Check the network and the firewall; DUOLOGUE_API_URL names another server",
            )
            return
        yield Finding(GOOD, f"{settings.api_url} can be reached")
        yield _clock(asked, datetime.now(UTC), date)
        if token:
            finding = _identity(status, body)
            yield finding
            if finding.mark == GOOD:
                yield await _webhook(session, settings, token)


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, str | None, dict[str, Any]]:
    """Status, date and the JSON object of an answer; an empty one for any other content."""
    async with session.get(url, allow_redirects=False) as response:
        try:
            body = await response.json(content_type=None)
        except ValueError:
            body = {}
        return response.status, response.headers.get("Date"), body if isinstance(body, dict) else {}


def _clock(asked: datetime, answered: datetime, date: str | None) -> Finding:
    """This machine's clock beside the server's, whose header counts whole seconds."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except ValueError:
        return Finding(NOTE, "The server tells no time to compare this machine's clock with")
    off = (asked + (answered - asked) / 2 - theirs).total_seconds()
    if abs(off) <= CLOCK_OFF:
        return Finding(GOOD, "This machine's clock agrees with the server's")
    direction = "ahead" if off > 0 else "behind"
    return Finding(
        BAD,
        f"This machine's clock is {abs(off):.0f} s {direction}: reminders and deadlines go by it",
        "Let the system keep its time by NTP (timedatectl set-ntp true)",
    )


def _identity(status: int, body: Mapping[str, Any]) -> Finding:
    if body.get("ok") is True and isinstance(body.get("result"), dict):
        return Finding(GOOD, f"The token is accepted: @{body['result'].get('username')}")
    if status in (401, 404) and body.get("ok") is False:
        return Finding(
            BAD, "The token is refused", "Copy it again from @BotFather; a revoked one never comes back"
        )
    return Finding(
        BAD,
        f"The server does not answer as a Bot API does (HTTP {status})",
        "Check DUOLOGUE_API_URL; a proxy or a captive portal can answer in its place",
    )


async def _webhook(session: aiohttp.ClientSession, settings: Settings, token: str) -> Finding:
    try:
        _, _, body = await _get(session, f"{settings.api_url}/bot{token}/getWebhookInfo")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Finding(BAD, f"The webhook cannot be asked for ({type(error).__name__})", "Try again")
    result = body.get("result") or {}
    url = str(result.get("url") or "")
    waiting = f"{result.get('pending_update_count', 0)} update(s) wait"
    if not url:
        return Finding(GOOD, f"No webhook is set, so updates can be fetched; {waiting}")
    if settings.webhook_url and url.startswith(settings.webhook_url):
        return Finding(GOOD, f"The webhook is the configured one; {waiting}")
    return Finding(
        BAD,
        f"A webhook on {urlsplit(url).hostname} gets the updates, so this program gets none; {waiting}",
        f'Take it away once: curl "{settings.api_url}/bot$DUOLOGUE_TOKEN/deleteWebhook"',
    )


# --- the data folder and the database


def _nearest(path: Path) -> Path:
    """The path itself or the first folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _folder(data: Path) -> Finding:
    nearest = _nearest(data)
    mend = "Set DUOLOGUE_DATA to a folder that this user may write to"
    if not nearest.is_dir():
        return Finding(BAD, f"The data folder {data} cannot be made: {nearest} is a file", mend)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return Finding(BAD, f"The data folder {data} cannot be written to ({error.strerror})", mend)
    if nearest != data:
        return Finding(NOTE, f"The data folder {data} is not there yet; `duologue run` makes it")
    return Finding(GOOD, f"The data folder {data} can be written to")


def _disk(data: Path) -> Finding:
    free = shutil.disk_usage(_nearest(data)).free
    words = f"{free / 1e9:.1f} GB free for the data folder"
    if free >= ROOM:
        return Finding(GOOD, words)
    return Finding(BAD, f"Only {words}", "Make room, or set DUOLOGUE_DATA to a larger disk")


def _running(data: Path) -> Finding:
    path = data / "duologue.lock"
    if not path.exists():
        return Finding(GOOD, "No other Duologue runs on this data folder")
    try:
        with FileLock(path, timeout=0):
            return Finding(GOOD, "No other Duologue runs on this data folder")
    except Timeout:
        return Finding(NOTE, "A Duologue is running on this data folder; a second one would not start")
    except OSError as error:
        return Finding(BAD, f"{path} cannot be locked ({error.strerror})", "Check who owns the data folder")


async def _database(settings: Settings) -> Finding:
    try:
        database = Database(settings.database_url)
    except ValueError as error:
        return Finding(BAD, str(error), "Change DUOLOGUE_DATABASE_URL")
    place = database.place
    try:
        if not database.on_a_server and not await asyncio.to_thread(Path(place).exists):
            return Finding(NOTE, f"No database yet at {place}; `duologue run` makes it")
        revision = await migrate.current(database)
        if await copying.unfinished(database):
            return Finding(BAD, f"The database {place}: {copying.UNFINISHED}")
        async with database.writing():
            pass  # takes the write lock and gives it back
    except (SQLAlchemyError, OSError, asyncpg.PostgresError, UnreachableError) as error:
        trouble = trouble_of(error)
        reason = trouble.what if trouble else str(getattr(error, "orig", None) or error)
        mend = (
            trouble.hint if trouble else "check its owner and its disk; if it is damaged, bring back a copy"
        )
        what = f"The database {place} cannot be opened for writing: {reason}"
        return Finding(BAD, what, mend[:1].upper() + mend[1:])
    finally:
        await database.close()
    return _revision(place, revision)


def _revision(place: str, revision: str | None) -> Finding:
    missing = migrate.missing(revision)
    if missing is None:
        mend = "Install that version again; a database cannot go back by itself"
        return Finding(BAD, f"The database {place} is of a newer Duologue (revision {revision})", mend)
    if missing:
        words = f"The database {place} is {len(missing)} step(s) behind"
        return Finding(NOTE, f"{words}; `duologue run` or `duologue db upgrade` brings it up to date")
    return Finding(GOOD, f"The database {place} opens, can be written to and is up to date")


async def _recordings(settings: Settings) -> Finding:
    """Whether the store behind a URL keeps, gives back and forgets."""
    place = str(settings.audio_place)
    try:
        store = AudioStore(place, settings.audio_keys)
        probe = os.urandom(32)
        key = await store.put(probe, "probe")
        found = await store.get(key)
        await store.delete(key)
    except (ValueError, OutageError, DamagedError, FileNotFoundError) as error:
        mend = "Check the URL, the bucket and the AWS_… variables; the user needs to read, write and delete there"
        return Finding(BAD, f"Recordings cannot be kept in {place}: {error}", mend)
    if found != probe:
        return Finding(BAD, f"{place} gives back something else than it was given", "Use another store")
    how = "encrypted" if settings.audio_keys else "as they are"
    return Finding(GOOD, f"Recordings can be kept in {place}, {how}")


# --- the installation


def _zones() -> Finding:
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return Finding(BAD, "There are no time zones on this machine", "pip install tzdata")
    return Finding(GOOD, "Time zones are there")


async def _audio() -> Finding:
    mend = "Install Duologue again (pip install --force-reinstall duologue); docs/audio.md tells more"
    worker = AudioWorker()
    began = time.monotonic()
    try:
        facts = (await worker.measure(await asyncio.to_thread(RECORDING.read_bytes))).facts
    except (AudioWorkerDown, Unreadable, OSError) as error:
        return Finding(BAD, f"Audio cannot be decoded ({error})", mend)
    finally:
        await worker.close()
    took = time.monotonic() - began
    return Finding(GOOD, f"Audio can be decoded ({facts.duration:.0f} s of it in {took:.1f} s)")
