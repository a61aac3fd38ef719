"""The one place that wires everything: configuration in, a running bot out."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from filelock import FileLock, Timeout
from telegram import BotCommandScopeAllPrivateChats
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError
from telegram.ext import Application, ContextTypes

from bot.artist import Artist
from bot.audio.client import AudioWorker
from bot.audio.store import AudioStore
from bot.config import Config, Settings
from bot.delivery.budget import Budget
from bot.delivery.clock import Clock, Ring
from bot.delivery.crew import Alone, Shared
from bot.delivery.inbox import Inbox
from bot.delivery.jobs import Farewell, Jobs, Task, Work
from bot.delivery.meter import Meter
from bot.delivery.mortal import JOURNAL, Fate, MortalEars, MortalMouth, MortalUnits, mortal_ports
from bot.delivery.outbox import Outbox
from bot.entrance import Entrance, Part
from bot.rules.roles import Role, commands_for
from bot.services import due, housekeeping, people
from bot.services.pairing import excerpts, proposals
from bot.services.ports import Deliver, Ports, Understand
from bot.services.sampling import checks, copies, erasing, ratings
from bot.services.unit import House, Units, Wake
from bot.texts import LANGUAGES, speech
from bot.web.server import CannotListen
from handlers import board
from handlers.context import Context
from handlers.render.names import command_menu
from handlers.telegram.ears import Ears
from handlers.telegram.fetch import TelegramFiles
from handlers.telegram.hook import HookRefused
from handlers.telegram.send import TelegramSender
from handlers.telegram.transport import AiohttpRequest, Patience
from storage import copying, migrate, trouble
from storage.database import Database
from storage.trouble import trouble_of

log = structlog.get_logger()

FIRST_TRIES = 10
"""How often Telegram is tried at the start before giving up."""

FIRST_PAUSES = (0.2, 10.0)
"""Seconds between those tries: the first, doubled up to the second."""

LOCK_TRIES = 6
"""How often the database is tried at the start while something else holds it; each try waits ten seconds."""

EARS = 2
"""Recordings that are heard at once, where there are so many processors: nobody waits behind one that takes long."""

MENU_PAUSES = (1.0, 300.0)
"""Seconds between tries to set a menu: the first, doubled up to the second."""


class StartError(Exception):
    """The bot cannot start; the text says why and how to mend it."""


def clock_of(offset_file: Path | None) -> Callable[[], datetime]:
    """The time, moved by the seconds that a file holds (for the demo, the playground and tests)."""
    if offset_file is None:
        return lambda: datetime.now(UTC)

    def moved() -> datetime:
        try:
            offset = float(offset_file.read_text())
        except (OSError, ValueError):
            offset = 0.0
        return datetime.now(UTC) + timedelta(seconds=offset)

    return moved


class App:
    """A running bot. `async with App(config)` starts it and stops it in order.

    `patience` is how long it waits for Telegram. With `webhook` Telegram delivers the updates, else they are polled.
    """

    def __init__(self, config: Config, patience: Patience | None = None, *, webhook: bool = False) -> None:
        self.config = config
        self._patience = patience or Patience()
        self._webhook = webhook
        settings = config.settings
        if settings.token is None:
            raise StartError("DUOLOGUE_TOKEN is not set. @BotFather gives you one; see the README.")
        if webhook and (missing := unset_for_webhook(settings)):
            raise StartError(f"A webhook needs {' and '.join(missing)} as well; see docs/operation.md.")
        api = settings.api_url.rstrip("/")
        self.database = Database(settings.database_url)
        self._requests = AiohttpRequest.of(self._patience), AiohttpRequest.of(self._patience, connections=2)
        self.telegram: Application[Any, Context, Any, Any, Any, Any] = (
            Application.builder()
            .token(settings.token.get_secret_value())
            .base_url(f"{api}/bot")
            .base_file_url(f"{api}/file/bot")
            .request(self._requests[0])
            .get_updates_request(self._requests[1])
            .context_types(ContextTypes(context=Context))
            .updater(None)
            .build()
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "App":
        """Start everything; raises `StartError` with what is wrong."""
        try:
            await self._start()
        except BaseException as error:
            await self._stack.aclose()
            if (found := trouble_of(error)) is not None:
                raise StartError(f"{found} ({self._where()})") from error
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop in order: no new updates, finish those in hand, send what is in the air."""
        await self._stack.aclose()
        log.info("stopped")

    def _where(self) -> str:
        """Which data an error is about."""
        if self.database.on_a_server:
            return f"database: {self.database.place}"
        return f"data folder: {self.config.settings.data}"

    async def _start(self) -> None:
        settings = self.config.settings
        try:
            await asyncio.to_thread(settings.data.mkdir, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise StartError(
                f"the data folder {settings.data} cannot be made, a file is in its place: move that away, or let "
                "DUOLOGUE_DATA name another folder"
            ) from None
        self._stack.push_async_callback(self.database.close)
        if not (self._webhook and self.database.on_a_server):
            await self._lock(settings.data / "duologue.lock")
            if not await self._stack.enter_async_context(self.database.alone()):
                raise StartError(
                    f"another Duologue asks Telegram for updates and keeps them on {self.database.place}; only with "
                    "--webhook can several run"
                )
        await self._open_database()
        for request in self._requests:  # the library itself closes them only after a start that succeeded
            self._stack.push_async_callback(request.shutdown)
        self._stack.push_async_callback(self.telegram.shutdown)
        await self._connect()
        await self._serve()

    async def _lock(self, path: Path) -> None:
        lock = FileLock(path, thread_local=False)
        try:
            await asyncio.to_thread(lock.acquire, timeout=5)
        except Timeout:
            raise StartError(f"another Duologue is running on {path.parent}; stop it first") from None
        self._stack.callback(lock.release)

    async def _open_database(self) -> None:
        """Bring the schema up to date; while a backup holds the database, wait."""
        for left in reversed(range(LOCK_TRIES)):
            try:
                await migrate.upgrade(self.database)
                if await copying.unfinished(self.database):
                    raise StartError(f"{self.database.place}: {copying.UNFINISHED}")
                async with self.database.writing():
                    return  # it can be written to
            except migrate.NewerDatabaseError as error:
                raise StartError(str(error)) from None
            except Exception as error:
                if left == 0 or trouble_of(error) is not trouble.LOCKED:
                    raise
                log.warning("start.locked", hint=str(trouble.LOCKED), tries_left=left)

    async def _connect(self) -> None:
        pause, longest = FIRST_PAUSES
        for attempt in range(1, FIRST_TRIES + 1):
            try:
                await self.telegram.initialize()
            except InvalidToken:
                raise StartError("Telegram refuses the token. Check DUOLOGUE_TOKEN.") from None
            except TelegramError as error:
                if attempt == FIRST_TRIES:
                    raise StartError(f"Telegram cannot be reached: {error}") from None
                log.warning("start.unreachable", error=str(error), pause=pause)
                await asyncio.sleep(pause)
                pause = min(longest, pause * 2)
            else:
                return

    async def _serve(self) -> None:
        settings, policy = self.config.settings, self.config.policy
        bot = self.telegram.bot
        now = clock_of(settings.clock)
        self.meter = meter = Meter(now)
        house = House(policy, frozenset(settings.owners), bot.username, settings.pages_url, meter.pulse)
        self.units = Units(self.database, now, house, self._wake)
        store = await self._audio_store()
        listener = AudioWorker(children=EARS if (os.cpu_count() or 1) >= EARS else 1)
        self._stack.push_async_callback(listener.close)
        ports = Ports(TelegramFiles(bot), listener, Artist(listener), store)
        board.connect(self.telegram)
        ears: Understand = Ears(self.telegram)
        mouth: Deliver = TelegramSender(bot, store)
        if settings.fault is not None:  # tests alone set it
            fate = Fate(settings.fault, settings.data / JOURNAL)
            self.units, ports = MortalUnits(fate, self.units), mortal_ports(fate, ports)
            ears, mouth = MortalEars(fate, ears), MortalMouth(fate, mouth)

        crew = Shared(self.database, self._wake, meter) if self.database.on_a_server else Alone()
        self.inbox = Inbox(self.units, ears, meter, crew)
        self.outbox = Outbox(self.units, mouth, Budget(policy.telegram), meter, crew)
        self.jobs = Jobs(self.units, work(self.units, ports), meter, farewells(self.units), AT_LEISURE, crew)
        sweep = 30.0 if settings.clock is None else 0.5  # a moved clock can jump at any moment
        self.clock = Clock(self.units, rings(), meter, sweep=sweep)
        parts: dict[str, Part] = {
            "crew": crew,
            "outbox": self.outbox,
            "jobs": self.jobs,
            "clock": self.clock,
            "inbox": self.inbox,
        }
        self.entrance = Entrance(
            settings,
            bot,
            self.units,
            self.inbox,
            meter,
            parts,
            webhook=self._webhook,
            patience=self._patience,
        )
        async with self.units.writing(f"start at {self.units.clock().isoformat()}", "start") as unit:
            await people.dismiss_former_owners(unit)
            await housekeeping.begin(unit)
        # Stopped in the opposite order: first no new updates, last the messages that they caused.
        for part in parts.values():
            await part.start()
            self._stack.push_async_callback(part.stop)
        await self._open_doors()
        await self._show_menus()
        log.info("started", bot=bot.username)

    async def _audio_store(self) -> AudioStore:
        settings = self.config.settings
        try:
            return await asyncio.to_thread(AudioStore, settings.audio_place, settings.audio_keys)
        except ValueError as error:
            raise StartError(f"{error}; see DUOLOGUE_AUDIO_URL") from None

    async def _open_doors(self) -> None:
        self._stack.push_async_callback(self.entrance.stop)
        try:
            await self.entrance.start()
        except CannotListen as error:
            raise StartError(f"{error}; see DUOLOGUE_LISTEN") from None
        except HookRefused as error:
            raise StartError(
                f"Telegram does not take the webhook: {error}; see DUOLOGUE_WEBHOOK_URL"
            ) from None

    def _wake(self, wake: Wake) -> None:
        if Wake.OUTBOX in wake:
            self.outbox.wake()
        if Wake.JOBS in wake:
            self.jobs.wake()
        if Wake.TIMERS in wake:
            self.clock.wake()

    async def _show_menus(self) -> None:
        """The menu of those who have not begun: Telegram shows it before the first word."""
        missing = [language for language in LANGUAGES if not await self._show_menu(language)]
        if missing:
            task = asyncio.create_task(self._show_menus_later(missing))
            self._stack.push_async_callback(cancelled, task)

    async def _show_menus_later(self, languages: list[str]) -> None:
        first, longest = MENU_PAUSES
        pause = first
        for language in languages:
            while True:
                await asyncio.sleep(pause)
                if await self._show_menu(language):
                    break
                pause = min(longest, pause * 2)

    async def _show_menu(self, language: str) -> bool:
        """Set it for a language; False if that is worth trying again."""
        commands = command_menu(commands_for([Role.APPLICANT]), speech(language))
        code = None if language == "en" else language
        try:
            await self.telegram.bot.set_my_commands(
                commands, scope=BotCommandScopeAllPrivateChats(), language_code=code
            )
        except (BadRequest, Forbidden, InvalidToken) as error:  # a server that does not know menus
            log.warning("menu.refused", error=str(error))
        except TelegramError as error:
            log.warning("menu.failed", error=str(error))
            return False
        return True


def unset_for_webhook(settings: Settings) -> list[str]:
    """The variables that a webhook needs and that have no value."""
    names = ("webhook_url", "webhook_secret", "listen")
    return [f"DUOLOGUE_{name.upper()}" for name in names if getattr(settings, name) is None]


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def work(units: Units, ports: Ports) -> Mapping[str, Work]:
    """What each kind of job does."""

    async def check_sample(task: Task) -> None:
        sample_id = task.data["sample_id"]
        await checks.check(units, ports, sample_id, last_try=task.last_try, patient=task.patient)

    async def erase_audio(task: Task) -> None:
        await erasing.erase(units, ports, task.data["key"])

    async def compare_sample(task: Task) -> None:
        await copies.compare(units, ports, task.data["sample_id"])

    async def rate_sample(task: Task) -> None:
        await ratings.rate(units, ports, task.data["sample_id"])

    async def solve_pool(task: Task) -> None:
        await proposals.solve_pool(units, task.data["round"], whole=task.data.get("whole", True))

    async def cut_excerpt(task: Task) -> None:
        await excerpts.cut(units, ports, task.data["sample_id"])

    return {
        excerpts.CUT: cut_excerpt,
        "solve_pool": solve_pool,
        "check_sample": check_sample,
        "erase_audio": erase_audio,
        "compare_sample": compare_sample,
        "rate_sample": rate_sample,
    }


AT_LEISURE = ("compare_sample", "rate_sample")
"""Jobs that nobody waits for."""


def farewells(units: Units) -> Mapping[str, Farewell]:
    """What is said when a kind of job took the program down on every try."""

    async def check_sample(data: Mapping[str, Any]) -> bool:
        return await checks.give_up(units, data["sample_id"])

    return {"check_sample": check_sample}


def rings() -> Mapping[str, Ring]:
    """What each kind of timer does."""
    return due.RINGS


async def run(config: Config, stop: asyncio.Event, *, webhook: bool = False) -> None:
    """Run until `stop` is set; raises `StartError`."""
    async with App(config, webhook=webhook):
        await stop.wait()
