"""The unit of work: one atomic step, with the transaction, the moment and the house rules it happens under."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto

from bot.rules.policy import Policy
from storage.database import Database, Transaction


class Wake(Flag):
    """Who must look at the database again after a commit."""

    NOBODY = 0
    OUTBOX = auto()
    JOBS = auto()
    TIMERS = auto()


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every step: the policy, the owners' Telegram ids, the bot's name."""

    policy: Policy
    owners: frozenset[int] = frozenset()
    bot_username: str = ""


@dataclass(slots=True)
class Unit:
    """One atomic step: everything it writes is committed together or not at all.

    `now` is the aware UTC moment of the whole step; `cause` names what it answers (an update, a timer, a job)
    and is unique, so messages that have no better name are named after it.
    """

    tx: Transaction
    now: datetime
    house: House
    cause: str
    wakes: Wake = Wake.NOBODY
    _count: int = field(default=0)

    @property
    def policy(self) -> Policy:
        """The operator's policy."""
        return self.house.policy

    def reference(self) -> str:
        """A name that no other call gets: the same on a retry of the same cause."""
        self._count += 1
        return f"{self.cause}.{self._count}"


class Units:
    """Begins units of work and, after each commit, wakes those who have something to do."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        house: House,
        wake: Callable[[Wake], None] = lambda _wake: None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.house = house
        self.wake = wake

    @asynccontextmanager
    async def writing(self, cause: str) -> AsyncIterator[Unit]:
        """A unit that commits when the block ends and leaves nothing when it raises."""
        async with self.database.writing() as tx:
            unit = Unit(tx, self.clock(), self.house, cause)
            yield unit
        if unit.wakes:
            self.wake(unit.wakes)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Unit]:
        """A unit that only looks."""
        async with self.database.reading() as tx:
            yield Unit(tx, self.clock(), self.house, "look")
