"""Starts the bot in a tenth of the time: a process that has loaded the program and forks it when asked to.

What is started is the whole program, `duologue run`, in a process of its own with an environment of its own; only
the loading of its modules is done before. Hundreds of starts cost minutes otherwise.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from bot import cli
from bot.demo.theatre import BotProcess, Process


class Nursery:
    """`async with Nursery() as nursery:` – one life at a time."""

    async def __aenter__(self) -> Self:
        """Load the program."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.nursery",
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; a life that still runs is ended."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def start(self, env: Mapping[str, str], log: Path) -> "Life":
        """A life with this environment that prints to `log`, in whose folder it is."""
        assert self._process.stdin is not None
        order = {"env": dict(env), "log": str(log)}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        return Life(await self.line(), self)

    async def line(self) -> int:
        """What the nursery says next: the id of a life, or how it ended."""
        assert self._process.stdout is not None
        return int(await self._process.stdout.readline())


class Life:
    """A process that was forked."""

    def __init__(self, pid: int, nursery: Nursery) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    async def wait(self) -> int:
        """Wait until it ended."""
        self.returncode = await self._nursery.line()
        return self.returncode

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        os.kill(self.pid, signal.SIGTERM)


class ForkedBot(BotProcess):
    """The bot as a process that comes from a nursery."""

    def __init__(self, env: Mapping[str, str], log: Path, nursery: Nursery) -> None:
        super().__init__(env, log)
        self._nursery = nursery

    async def spawn(self, env: Mapping[str, str]) -> Process:
        """A new life."""
        return await self._nursery.start(env, self.log)


def serve() -> None:
    """Start what is asked for, and say how it ended."""
    for order in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(json.loads(order))
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _live(order: dict[str, Any]) -> NoReturn:
    """Be the program from here on."""
    log = Path(order["log"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.chdir(log.parent)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["duologue", "run"]
    status = 0
    try:
        cli.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()
