"""The limits of the audio worker, and how it binds itself to them before it reads a byte.

The kernel holds them: whatever a file makes a decoder do, it cannot open a file or a socket, write
to a disk, grow over its memory or run on after its time. The bot's own wall clock stands behind these.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from dataclasses import asdict, dataclass
from typing import Self

MEBI = 1024 * 1024
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NICENESS = 10  # of 19: behind whatever answers people, before what nobody waits for


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost at most.

    max_bytes    size of a file; Telegram's own cap for bots is 20 MB
    max_decoded  seconds of audio that are decoded; longer recordings are reported as capped
    cpu          seconds of CPU for one file
    wall         seconds for one file by the clock: far more than `cpu`, because a busy machine is no fault of
                 the file; only a worker that hangs meets it
    start        seconds by the clock for a worker to get ready
    memory       bytes of address space of the worker, its libraries included
    idle         seconds without work after which the worker ends itself
    """

    max_bytes: int = 20 * MEBI
    max_decoded: int = 15 * 60
    cpu: int = 20
    wall: float = 120.0
    start: float = 30.0
    memory: int = 1024 * MEBI
    idle: float = 300.0

    def dumps(self) -> str:
        """The limits as the worker's command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        """The limits again from `dumps`."""
        return cls(**json.loads(text))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the one that started it is gone (Linux; elsewhere nothing).

    `parent` is the process id of the starter: exits at once if that is gone already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def stand_back() -> None:
    """Let the bot's own process go first where both want the processor."""
    os.nice(_NICENESS)


def confine(limits: Limits) -> None:
    """Give up files, sockets, core dumps and memory beyond `limits.memory`, for good.

    Call it when everything is imported and loaded. No new descriptor can be had afterwards: the limit is
    the number of those in use, so whatever a file refers to, neither file nor host can be opened.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    if sys.platform == "linux":  # macOS does not hold an address-space limit
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))


def allow_cpu(seconds: int) -> None:
    """Let this process use that much more CPU from now on; over it the kernel ends it with SIGXCPU."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, hard))
