"""Looking at processes and refusals from a test, and workers of our own making."""

import asyncio
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.audio.client import AudioWorker
from bot.rules.audio import Reason, Unreadable

reads_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def impostor(body: str) -> tuple[str, ...]:
    """A worker of our own making: it gets ready, then runs `body` (with `question`, `reply`, `raw`) each time."""
    script = f"""
import os, signal, struct, sys, time
from bot.audio.bounds import Limits, allow_cpu, confine
from bot.audio.wire import pack, read
def raw(*parts):
    sys.stdout.buffer.write(b"".join(parts))
    sys.stdout.buffer.flush()
def frame(body):
    return struct.pack(">I", len(body)) + body
def reply(answer, body=b""):
    raw(pack(answer, body))
reply({{"ready": True}})
while (question := read(sys.stdin.buffer, 1 << 30)) is not None:
{textwrap.indent(textwrap.dedent(body), "    ")}
"""
    return (sys.executable, "-c", script)


async def refusal(worker: AudioWorker, data: bytes) -> Reason:
    """The reason for which a file is refused."""
    with pytest.raises(Unreadable) as refused:
        await worker.measure(data)
    return refused.value.reason


def gone(pid: int) -> bool:
    """Whether no such process exists, not even as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def proc(pid: int | None, name: str) -> str:
    """What Linux tells about a process under that name."""
    return Path(f"/proc/{pid}/{name}").read_text()


def state(pid: int) -> str:
    """The state letter of a process, Z if it has vanished meanwhile."""
    try:
        return proc(pid, "stat").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "Z"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that other processes do. Fails after 20 s."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - no process sets an event of ours
            await asyncio.sleep(0.01)
