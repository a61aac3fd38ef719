"""Who does what where several programs share a server.

Updates are handled, jobs done and timers rung by all of them. One alone sends: Telegram's limits are the bot's, not a
program's. It holds a lease as long as it beats; when it is silent for `TTL` seconds another takes over, and what it had
claimed counts as cut off in the air. A program checks in the very transaction that relies on it that the lease is its
own still, and just before each sending that it beat in time: one that was stopped for a while notices both.

While programs are upgraded one by one, the newest release sends: it alone knows every kind of message. An older one
finishes what it has in the air and leaves the lease to it.
"""

import asyncio
import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from typing import Final, Protocol

import structlog

from bot.delivery.meter import Meter
from bot.services.unit import Wake
from storage.database import Database, Transaction
from storage.workers import Pulse, Registry, is_mine, is_newer_alive, is_registered

log = structlog.get_logger()

SENDING: Final = "sending"
"""The lease of the one that sends."""

TTL: Final = 5.0
"""Seconds of silence after which a program counts as dead."""

BEAT: Final = 1.0
"""Seconds between beats."""

AGAIN: Final = 1.0
"""Seconds before a connection that was lost is tried again."""

MARGIN: Final = 1.0
"""So many seconds before the others may think it dead, a program stops sending by itself."""


def release_of(version_: str) -> int:
    """A number that grows with the version: 1002003 for "1.2.3"."""
    numbers = [int(number) for number in re.findall(r"\d+", version_)[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return (major * 1000 + minor) * 1000 + patch


RELEASE = release_of(version("duologue"))


class LostLease(Exception):
    """Another program does it by now."""


class Crew(Protocol):
    """What a program may do for all."""

    @property
    def me(self) -> int | None:
        """This program's number; None where it is the only one."""

    @property
    def fence(self) -> int | None:
        """The number of its turn at sending; None if another one sends, or nobody knows."""

    @property
    def shared(self) -> bool:
        """Whether there may be others."""

    @property
    def retiring(self) -> bool:
        """Whether a newer program waits to send."""

    async def hand_over(self) -> None:
        """Let the newer one send, once nothing is in the air."""

    async def newer_alive(self, tx: Transaction) -> bool:
        """Whether a newer program lives, which may have queued what this one does not know."""

    async def check_sending(self, tx: Transaction, fence: int) -> None:
        """Raises `LostLease` unless this transaction is made within that turn."""

    async def check_alive(self, tx: Transaction) -> None:
        """Raises `LostLease` if the others think that this program is dead."""


class Alone:
    """The only program: on a file there is no other."""

    me = None
    fence = 0
    shared = False
    retiring = False
    alive = True

    async def start(self) -> None:
        """Nothing to agree on."""

    async def stop(self) -> None:
        """Nobody to tell."""

    async def hand_over(self) -> None:
        """There is nobody."""

    async def newer_alive(self, _tx: Transaction) -> bool:
        """It never is."""
        return False

    async def check_sending(self, _tx: Transaction, _fence: int) -> None:
        """It always is."""

    async def check_alive(self, _tx: Transaction) -> None:
        """It always is."""


class Shared:
    """One of several programs on a server."""

    shared = True

    def __init__(
        self,
        database: Database,
        heard: Callable[[Wake], None],
        meter: Meter | None = None,
        release: int | None = None,
    ) -> None:
        name = f"{platform.node()}:{os.getpid()} {version('duologue')}"
        self._release = RELEASE if release is None else release
        self._registry = Registry(database, name, SENDING, TTL, self._release)
        self._heard = heard
        self._meter = meter or Meter()
        self._pulse: Pulse | None = None
        self._beaten_at = 0.0
        self._loop: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def me(self) -> int | None:
        """This program's number; another one after a silence."""
        return self._pulse.me if self._pulse else None

    @property
    def fence(self) -> int | None:
        """The number of its turn at sending, as long as it beat in time."""
        if self._pulse is None or time.monotonic() > self._beaten_at + TTL - MARGIN:
            return None
        return self._pulse.fence

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._loop is not None and not self._loop.done()

    async def start(self) -> None:
        """Be known to the others; raises what the database raises."""
        await self._registry.open(self._hear)
        await self._beat()
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Say goodbye."""
        self._stopping.set()
        if self._loop:
            await asyncio.gather(self._loop, return_exceptions=True)
        try:
            await self._registry.leave()
        except Exception as error:
            log.warning("crew.left_silently", error=repr(error))
        await self._registry.close()

    @property
    def retiring(self) -> bool:
        """As of the last beat."""
        return self._pulse is not None and self._pulse.newer

    async def hand_over(self) -> None:
        """Give the lease back; whoever is newer takes it at its next beat. Raises what the database raises."""
        if self._pulse is None or self._pulse.fence is None:
            return
        await self._registry.let_go()
        self._pulse = replace(self._pulse, fence=None)
        log.info("crew.handed_over", worker=self._pulse.me)

    async def newer_alive(self, tx: Transaction) -> bool:
        """As of this transaction."""
        return await is_newer_alive(tx, self._release)

    async def check_sending(self, tx: Transaction, fence: int) -> None:
        """In the transaction that relies on it."""
        if self.me is None or not await is_mine(tx, SENDING, self.me, fence):
            raise LostLease("another program sends by now")

    async def check_alive(self, tx: Transaction) -> None:
        """In the transaction that relies on it."""
        if self.me is None or not await is_registered(tx, self.me):
            raise LostLease("the others think that this program is dead")

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(BEAT):
                    await self._stopping.wait()
                return
            except TimeoutError:
                pass
            try:
                await self._beat()
            except Exception as error:
                log.warning("crew.no_beat", error=repr(error))
                await self._again()

    async def _again(self) -> None:
        """The connection broke: make another. What the others think meanwhile shows at the next beat."""
        await asyncio.gather(self._registry.close(), return_exceptions=True)
        try:
            await self._registry.open(self._hear)
        except Exception:
            await asyncio.sleep(AGAIN)
            return
        self._heard(Wake.OUTBOX | Wake.JOBS | Wake.TIMERS)  # whatever was told meanwhile was not heard

    async def _beat(self) -> None:
        begun = time.monotonic()
        found = await self._registry.beat()
        before, self._pulse, self._beaten_at = self._pulse, found, begun
        if before is not None and before.me != found.me:
            log.warning("crew.was_thought_dead", was=before.me, now=found.me)
        if found.dead:
            log.warning("crew.buried", programs=found.dead, jobs=found.freed)
        if found.freed:
            self._heard(Wake.JOBS)
        if found.newer and found.fence is not None:
            self._heard(Wake.OUTBOX)
        if found.fence is not None and (before is None or before.fence != found.fence):
            log.info("crew.sends", worker=found.me, turn=found.fence)
            self._meter.lease_taken(SENDING)
            self._heard(Wake.OUTBOX)

    def _hear(self, word: str) -> None:
        if word.isdecimal():
            self._heard(Wake(int(word)))
