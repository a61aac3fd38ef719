"""Programs of their own that take updates by webhook: several of them share a server."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

SECRET = "a-secret-that-telegram-knows"

READY_WITHIN = 60.0
"""Seconds that a start may take on a busy machine."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as looking:
        looking.bind(("127.0.0.1", 0))
        return int(looking.getsockname()[1])


class Program:
    """`duologue run --webhook` on a port of its own, with a folder of its own."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], command: Sequence[str] = ("-m", "bot.cli")
    ) -> None:
        self._command = command
        self.port = free_port()
        self._folder, self._environment = folder, environment
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Start, and wait until it is ready."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "DUOLOGUE_DATA": str(self._folder / "data"),
            "DUOLOGUE_WEBHOOK_SECRET": SECRET,
            "DUOLOGUE_LISTEN": f"127.0.0.1:{self.port}",
            **self._environment,
        }
        with (self._folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self._command, "run", "--webhook"),
                env=environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(READY_WITHIN), httpx.AsyncClient() as client:
            while not await self._is_ready(client):
                if self.process.returncode is not None:
                    raise RuntimeError(f"it ended at its start: {(self._folder / 'log').read_text()[-2000:]}")
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def leaves(self) -> int:
        """Ask it to end in order; its exit status."""
        assert self.process is not None
        self.signal(signal.SIGTERM)
        async with asyncio.timeout(READY_WITHIN):
            return await self.process.wait()

    async def end(self) -> None:
        """Let it end, in whatever state it is."""
        if self.process is not None and self.process.returncode is None:
            self.signal(signal.SIGKILL)
            await self.process.wait()
