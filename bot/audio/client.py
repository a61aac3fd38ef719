"""The bot's side of the audio worker. Loads neither av nor numpy nor pydub: only the child does."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import bot
from bot.audio.bounds import Limits
from bot.audio.wire import HEAD, MAX_REPLY, pack
from bot.rules.audio import AudioFacts, Reason, Unreadable

_WORKER = (sys.executable, "-m", "bot.audio.worker")
_TRIES = 2


class AudioWorkerDown(RuntimeError):
    """The worker cannot be started at all: the installation is at fault, never the file. Try later."""


class _Died(Exception):
    """The worker ended, or talked nonsense and was ended, in the middle of a job."""


class AudioWorker:
    """Measures files in a child process with fixed memory and time; starts it when first needed.

    One file at a time, the others wait in order. The child lives on for the next file, is replaced after a
    crash or a timeout, ends itself after a while without work, and dies with this process. Use it within
    one event loop, and `close` it (or use it as an async context manager).
    """

    def __init__(self, limits: Limits | None = None, *, command: Sequence[str] = _WORKER) -> None:
        self._limits = limits or Limits()
        self._command = tuple(command)
        self._turn = asyncio.Lock()
        self._child: _Child | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process id of the living worker; None before the first file and after the last."""
        return self._child.pid if self._child is not None and self._child.alive else None

    async def measure(self, data: bytes) -> AudioFacts:
        """The facts about one file.

        Raises Unreadable with the reason: empty, not_audio, corrupt (also: two workers died of it),
        too_large, took_too_long (by the CPU or the clock). Raises AudioWorkerDown if no worker can be
        started, or this one is closed.
        """
        if not data:
            raise Unreadable(reason=Reason.empty)
        if len(data) > self._limits.max_bytes:
            raise Unreadable(reason=Reason.too_large)
        async with self._turn:
            for _ in range(_TRIES):
                with suppress(_Died):
                    return await self._try(data)
            raise Unreadable(reason=Reason.corrupt)

    async def _try(self, data: bytes) -> AudioFacts:
        """One try. Raises _Died if another one, with a new worker, may go better."""
        child = await self._ready_child()
        try:
            async with asyncio.timeout(self._limits.wall):
                reply = await child.ask(data)
            return _facts(reply)
        except TimeoutError:
            await self._drop()
            raise Unreadable(reason=Reason.took_too_long) from None
        except _Died:
            if await self._drop() == -signal.SIGXCPU:
                raise Unreadable(reason=Reason.took_too_long) from None
            raise
        except asyncio.CancelledError:
            # The child is still at work on a file that nobody wants: its next answer would be the wrong one.
            await self._drop()
            raise

    async def _ready_child(self) -> "_Child":
        """The living worker, or a new one."""
        if self._closed:
            raise AudioWorkerDown("closed")
        if self._child is not None and self._child.alive:
            return self._child
        await self._drop()
        self._child = await _Child.start(self._command, self._limits)
        return self._child

    async def _drop(self) -> int | None:
        """End the worker, if there is one; its exit status (negative: the signal)."""
        child, self._child = self._child, None
        return await child.end() if child else None

    async def close(self) -> None:
        """End the worker for good, after the file in hand. Safe to call twice."""
        self._closed = True
        async with self._turn:
            await self._drop()

    async def __aenter__(self) -> Self:
        """The worker itself; nothing is started yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()


class _Child:
    """One running worker and its two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._to, self._from = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, command: Sequence[str], limits: Limits) -> "_Child":
        """Start a worker and wait until it is ready. Raises AudioWorkerDown."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(os.getpid()),
                limits.dumps(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C in a terminal is for the bot, which then closes the worker
            )
        except OSError as error:
            raise AudioWorkerDown(str(error)) from error
        child = cls(process)
        try:
            async with asyncio.timeout(limits.start):
                ready = await child._reply()
        except (_Died, TimeoutError) as error:
            status = await child.end()
            raise AudioWorkerDown(f"the audio worker did not get ready (exit status {status})") from error
        except asyncio.CancelledError:
            await child.end()
            raise
        if ready != {"ready": True}:
            await child.end()
            raise AudioWorkerDown("the audio worker speaks another protocol")
        return child

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._process.returncode is None and not self._from.at_eof()

    async def ask(self, data: bytes) -> dict[str, Any]:
        """Hand over a file and wait for the answer. Raises _Died."""
        try:
            self._to.write(pack(data))
            await self._to.drain()
        except OSError as error:
            raise _Died from error
        return await self._reply()

    async def _reply(self) -> dict[str, Any]:
        """The next reply. Raises _Died at the end of the pipe and for anything that is no reply."""
        try:
            (length,) = HEAD.unpack(await self._from.readexactly(HEAD.size))
            if length > MAX_REPLY:
                raise _Died
            reply = json.loads(await self._from.readexactly(length))
        except (asyncio.IncompleteReadError, OSError, ValueError, RecursionError) as error:
            raise _Died from error
        if not isinstance(reply, dict):
            raise _Died
        return reply

    async def end(self) -> int:
        """Kill it if it still runs, reap it, close the pipes; its exit status."""
        # At the end of its output it is about to exit by itself, and its own status says more than ours.
        if self._from.at_eof():
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._process.wait()
        with suppress(ProcessLookupError):
            self._process.kill()
        self._to.close()
        status = await self._process.wait()
        with suppress(OSError):
            await self._to.wait_closed()
        return status


def _facts(reply: dict[str, Any]) -> AudioFacts:
    """The facts in a reply. Raises Unreadable as the worker says, _Died if the reply is none."""
    try:
        if "unreadable" in reply:
            raise Unreadable(reason=Reason(reply["unreadable"]))
        return AudioFacts.from_json(reply["facts"])
    except (KeyError, TypeError, ValueError) as error:
        raise _Died from error


def _environment() -> dict[str, str]:
    """All that the worker gets to know: where the code is. No token, no database, no home."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    code = str(Path(bot.__file__).resolve().parent.parent)
    # One thread each: the numbers are small, and every thread of a library reserves address space.
    # pydub wants a PATH to look for ffmpeg in; there is none to be found.
    return kept | {
        "PATH": "/nonexistent",
        "PYTHONPATH": code,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
