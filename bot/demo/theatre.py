"""The stage technique: the sandbox, the real bot as a process of its own, and a clock that can be moved."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from bot.sandbox import Sandbox, SandboxClient

RUN = (sys.executable, "-m", "bot.cli", "run")
"""The command that starts the real bot."""

OWNER = 700_001
"""The Telegram id of the coordinator that the configuration names."""

ZONE = ZoneInfo("Asia/Shanghai")
"""Where the story's studio stands."""

POLICY = """\
# As the operator would have it, but without sending budgets: the play shall be quick.
[telegram]
per_second = 0
per_chat = 0
per_group = 0

[pairing]
every = "1s"

[booking]
staff = 2
cancel_until = "12h"
"""

STOPS_WITHIN = 10.0
"""Seconds that a bot gets to stop in order before it is killed."""

_PACKAGES = Path(__file__).resolve().parents[2]


class Process(Protocol):
    """What of a process is needed here."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """How it ended; a signal as a negative number."""
        ...

    async def wait(self) -> int:
        """Wait until it ended."""
        ...

    def kill(self) -> None:
        """SIGKILL."""
        ...

    def terminate(self) -> None:
        """SIGTERM."""
        ...


class BotProcess:
    """The bot as a process: started, killed, stopped in order, started again on the same data.

    `env` holds its DUOLOGUE_… variables, `log` takes what it prints; `command` replaces the bot, for tests that
    break it. `on_exit` is called when it ends without having been told to.
    """

    def __init__(self, env: Mapping[str, str], log: Path, command: Sequence[str] | None = None) -> None:
        self.log = log
        self.starts = 0
        self.on_exit: Callable[[], None] = lambda: None
        self._env = env
        self._command = tuple(command or RUN)
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._told = False

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return self._process.pid if self._process else None

    @property
    def lives(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def fell(self) -> int | None:
        """The exit status of a bot that ended without having been told to; None while it runs."""
        return None if self._told or self._process is None else self._process.returncode

    async def start(self) -> None:
        """Start it; it is up when it answers."""
        path = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
        self._told = False
        self._process = await self.spawn({**clean, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **self._env})
        self.starts += 1
        self._watch = asyncio.create_task(self._wait(self._process))

    async def spawn(self, env: Mapping[str, str]) -> Process:
        """A new process of the bot, in the folder of its log."""
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command,
                env=env,
                cwd=self.log.parent,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def _wait(self, process: Process) -> None:
        await process.wait()
        if self.fell is not None:
            self.on_exit()

    async def kill(self) -> None:
        """End it at once, as SIGKILL or a power cut would."""
        self.strike()
        if self._watch is not None:
            await self._watch

    def strike(self) -> None:
        """Send SIGKILL and do not wait: nothing that the bot still meant to do happens after this call."""
        self._told = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def terminate(self, within: float = STOPS_WITHIN) -> int | None:
        """Ask it to stop in order; its exit status, or None if it had to be killed after `within` seconds."""
        process = self._process
        if process is None or self._watch is None:
            return None
        self._told = True
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(self._watch)
        except TimeoutError:
            await self.kill()
            return None
        return process.returncode

    async def restart(self) -> None:
        """Kill it and start it on the same data."""
        await self.kill()
        await self.start()

    def last_lines(self, count: int = 15) -> list[str]:
        """The end of what it printed."""
        try:
            return self.log.read_text(errors="replace").splitlines()[-count:]
        except OSError:
            return []


class Theatre:
    """`async with Theatre(folder) as theatre:` – a sandbox, the real bot on it, and the bot's clock.

    The clock begins at noon in the studio's city, so that nothing depends on the hour the play is given at;
    on the next day, unless `noon` is told. `env` is told to the bot besides.
    """

    def __init__(
        self,
        folder: Path,
        *,
        policy: str = POLICY,
        command: Sequence[str] | None = None,
        noon: datetime | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.sandbox = Sandbox()
        self._policy = policy
        self._command = command
        self._noon = noon or next_noon()
        self._env = env or {}
        self._offset = timedelta()
        self.on_clock: Callable[[datetime], None] = lambda _to: None

    async def __aenter__(self) -> Self:
        """Start both."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "duologue.toml").write_text(self._policy)
        self.set_clock(self._noon)
        await self.sandbox.start()
        self.client = SandboxClient(self.sandbox.url)
        self.bot = self.cast_bot(self.environment(), self.folder / "bot.log")
        await self.bot.start()
        return self

    def cast_bot(self, env: Mapping[str, str], log: Path) -> BotProcess:
        """Who plays the bot."""
        return BotProcess(env, log, self._command)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both, whatever happened."""
        try:
            await self.bot.terminate()
        finally:
            self.bot.strike()
            await self.client.close()
            await self.sandbox.stop()

    def environment(self) -> dict[str, str]:
        """What the bot is told from outside."""
        return {
            "DUOLOGUE_TOKEN": self.sandbox.token,
            "DUOLOGUE_API_URL": self.sandbox.url,
            "DUOLOGUE_DATA": str(self.data),
            "DUOLOGUE_POLICY": str(self.folder / "duologue.toml"),
            "DUOLOGUE_OWNERS": str(OWNER),
            "DUOLOGUE_CLOCK": str(self.folder / "clock"),
            **self._env,
        }

    @property
    def data(self) -> Path:
        """The bot's data folder."""
        return self.folder / "data"

    @property
    def now(self) -> datetime:
        """What the bot's clock shows."""
        return datetime.now(UTC) + self._offset

    def keep(self, name: str, data: bytes) -> None:
        """Put something that was seen on stage beside the data, for who keeps the folder."""
        (self.folder / name).write_bytes(data)

    def set_clock(self, to: datetime) -> None:
        """Let the bot's clock show a moment from now on."""
        self._offset = to - datetime.now(UTC)
        aside = self.folder / "clock.new"
        aside.write_text(str(self._offset.total_seconds()))
        aside.replace(self.folder / "clock")  # the bot may read at any moment, and never half a number
        self.on_clock(to)


def next_noon() -> datetime:
    """Noon of the next day in the studio's city."""
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).date()
    return datetime.combine(tomorrow, time(12), ZONE)
