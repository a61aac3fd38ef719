"""A program that dies where it is told to: for tests of what outlives a crash. Normal runs use none of this.

A point is a commit, by the name of its step, or something that leaves the process: `send` (a message), `answer`
(to a press), `fetch` (an upload), `keep` and `erase` (a recording). `before` and `after` each point there is a
moment at which the program can kill itself as a power cut would. A commit can also be forgotten: it is taken
back, and the program goes on as if it stood; tests that do not notice that are worth nothing.

Each moment that passes is a line of a journal, which outlives the program. So moments are counted over all runs
on the same data, and what is done again after a death keeps its number.
"""

import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlmodel import case, func, select

from bot.services.ports import (
    AudioStore,
    Deliver,
    Effect,
    FetchFile,
    Outcome,
    Outgoing,
    Ports,
    Understand,
)
from bot.services.unit import Unit, Units
from storage.database import Prepared, Transaction

JOURNAL = "faults.log"
DIED = "died "
FORGOT = "forgot "


def die() -> None:
    """End at once: nothing is finished, nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


class Fate:
    """Counts the moments that pass and knows which is the last; `moments` are named as `before inbox.accept:3`."""

    def __init__(self, moments: Collection[str], journal: Path, *, end: Callable[[], None] = die) -> None:
        self._moments = frozenset(moments)
        self._journal = journal
        self._end = end
        self._passed: Counter[str] = Counter()
        self._behind: set[str] = set()
        for line in journal.read_text().splitlines() if journal.exists() else ():
            self._remember(line)

    def _remember(self, line: str) -> None:
        if line.startswith(DIED):
            moment = line.removeprefix(DIED)
            self._behind.add(moment)
            kind, _, _ = moment.partition(":")
            if kind.startswith("after "):  # it stands, and does not come again
                self._passed[kind] += 1
        elif not line.startswith(FORGOT):
            self._passed[line] += 1

    def _note(self, line: str) -> None:
        with self._journal.open("a") as journal:
            journal.write(f"{line}\n")

    def reach(self, kind: str) -> None:
        """A moment (`before send`) has come: pass it, or die there, once."""
        moment = f"{kind}:{self._passed[kind] + 1}"
        if moment in self._moments and moment not in self._behind:
            self._note(f"{DIED}{moment}")
            self._end()
        self._passed[kind] += 1
        self._note(kind)

    def forgets(self, step: str) -> bool:
        """Whether the commit that is about to be made shall be taken back."""
        time = f"{step}:{self._passed[f'before {step}']}"
        forgotten = f"forget {time}" in self._moments
        if forgotten:
            self._note(f"{FORGOT}{time}")
        return forgotten

    @asynccontextmanager
    async def beside(self, point: str) -> AsyncIterator[None]:
        """The moments before and after what happens inside."""
        self.reach(f"before {point}")
        yield
        self.reach(f"after {point}")


class _ForgottenError(Exception):
    """Takes a commit back."""


class MortalUnits(Units):
    """Units of work with a moment before and after each commit."""

    changes: ClassVar[Prepared[int]] = Prepared(
        select(func.total_changes()),
        select(case((func.pg_current_xact_id_if_assigned().is_(None), 0), else_=1)),
    )
    """What grows when something is changed: how many rows a connection to a file ever changed, and whether a server has
    given the transaction a number."""

    def __init__(self, fate: Fate, units: Units) -> None:
        super().__init__(units.database, units.clock, units.house, units.wake)
        self._fate = fate

    @asynccontextmanager
    async def transaction(self, step: str) -> AsyncIterator[Transaction]:
        """One writing transaction; before its commit everything was said, after it nothing else was done.

        One that changed nothing has no such moments: its commit makes no difference.
        """
        changed = False
        try:
            async with super().transaction(step) as tx:
                changes = await tx.one(self.changes)
                yield tx
                if changed := await tx.one(self.changes) > changes:
                    self._fate.reach(f"before {step}")
                    if self._fate.forgets(step):
                        raise _ForgottenError
        except _ForgottenError:
            pass
        if changed:
            self._fate.reach(f"after {step}")


class MortalMouth:
    """Sends with a moment before and after: after it, the message is with Telegram and nobody wrote that down."""

    def __init__(self, fate: Fate, deliver: Deliver) -> None:
        self._fate = fate
        self._deliver = deliver

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """Send or edit one message."""
        async with self._fate.beside("send"):
            return await self._deliver.deliver(outgoing)


class MortalEars:
    """Handles updates, with a moment before and after each answer to a press."""

    def __init__(self, fate: Fate, understand: Understand) -> None:
        self._fate = fate
        self._understand = understand

    def sender_of(self, raw: Mapping[str, Any]) -> int:
        """Whose order an update keeps."""
        return self._understand.sender_of(raw)

    async def handle(self, raw: dict[str, Any], unit: Unit) -> Sequence[Effect]:
        """Do what the update asks."""
        return [self._watched(effect) for effect in await self._understand.handle(raw, unit)]

    def _watched(self, effect: Effect) -> Effect:
        async def watched() -> None:
            async with self._fate.beside("answer"):
                await effect()

        return watched

    async def slow_down(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell who floods that the rest was left unread."""
        await self._understand.slow_down(raw, unit)

    async def give_up(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell the person that their update could not be handled."""
        await self._understand.give_up(raw, unit)


class MortalFiles:
    """Fetches uploads, with a moment before and after each."""

    def __init__(self, fate: Fate, files: FetchFile) -> None:
        self._fate = fate
        self._files = files

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes."""
        async with self._fate.beside("fetch"):
            return await self._files.fetch(file_id)


class MortalStore:
    """Keeps recordings, with a moment before and after each that comes or goes."""

    def __init__(self, fate: Fate, store: AudioStore) -> None:
        self._fate = fate
        self._store = store

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep the bytes and give their key."""
        async with self._fate.beside("keep"):
            return await self._store.put(data, suffix)

    async def get(self, key: str) -> bytes:
        """The bytes of a key."""
        return await self._store.get(key)

    async def delete(self, key: str) -> None:
        """Forget the bytes."""
        async with self._fate.beside("erase"):
            await self._store.delete(key)


def mortal_ports(fate: Fate, ports: Ports) -> Ports:
    """Everything outside that long work needs, with a moment before and after what leaves a trace."""
    return Ports(MortalFiles(fate, ports.files), ports.ears, ports.artist, MortalStore(fate, ports.store))
