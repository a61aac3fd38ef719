"""One running audio worker: its process, its two pipes, and its end."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bot
from bot.audio.bounds import Limits
from bot.audio.wire import HEAD, MAX_ANSWER, MAX_HEAD, BrokenFrame, pack, unpack_head


class AudioWorkerDown(RuntimeError):
    """The worker cannot be started at all: the installation is at fault, never the file. Try later."""


class Died(Exception):
    """The worker ended, or talked nonsense, in the middle of a job."""


class Child:
    """One running worker and its two pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._to, self._from = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, command: Sequence[str], limits: Limits) -> "Child":
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
                ready, _ = await child._answer()
        except (Died, TimeoutError) as error:
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

    async def ask(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Hand over a question and wait for the answer, its head and its body. Raises Died."""
        try:
            self._to.write(pack(head, body))
            await self._to.drain()
        except OSError as error:
            raise Died from error
        return await self._answer()

    async def _answer(self) -> tuple[dict[str, Any], bytes]:
        """The next answer. Raises Died at the end of the pipe and for anything that is no answer."""
        try:
            return unpack_head(await self._frame(MAX_HEAD)), await self._frame(MAX_ANSWER)
        except (asyncio.IncompleteReadError, OSError, BrokenFrame) as error:
            raise Died from error

    async def _frame(self, limit: int) -> bytes:
        (length,) = HEAD.unpack(await self._from.readexactly(HEAD.size))
        if length > limit:
            raise BrokenFrame(f"an answer of {length} bytes")
        return await self._from.readexactly(length)

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


def _environment() -> dict[str, str]:
    """All that the worker gets to know: where the code is. No token, no database, no home."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    code = str(Path(bot.__file__).resolve().parent.parent)
    # One thread each: the numbers are small, and every thread of a library reserves address space.
    # pydub wants a PATH to look for ffmpeg in; there is none to be found.
    # A fixed threshold has the C library give back large blocks when they are free, instead of keeping them in
    # pieces: 70 MB less at the peak. One pool of memory for all threads: each further one reserves address space,
    # 64 MB and for a moment twice that, until a network that begins an input finds none left under the limit.
    return kept | {
        "PATH": "/nonexistent",
        "PYTHONPATH": code,
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "1048576",
        "MALLOC_ARENA_MAX": "1",
    }
