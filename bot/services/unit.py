"""The unit of work: one atomic step, with the transaction, the moment and the house rules it happens under."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Flag, auto

from bot.rules.policy import Policy
from bot.services.pulse import Pulse
from storage.database import Database, Transaction


class Wake(Flag):
    """Who must look at the database again after a commit."""

    NOBODY = 0
    OUTBOX = auto()
    JOBS = auto()
    TIMERS = auto()


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every step: the policy, the owners' Telegram ids, the bot's name, and the
    URL under which people reach the web side (empty: they cannot).

    `pulse` tells what the running program has counted of itself by now.
    """

    policy: Policy
    owners: frozenset[int] = frozenset()
    bot_username: str = ""
    public_url: str = ""
    pulse: Callable[[], Pulse] = Pulse


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
    """Begins units of work and, after each commit, wakes those who have something to do.

    Every commit of the running bot is made in `transaction`, under the name of its step ("inbox.accept",
    "outbox.settle", …): there one can stand beside each of them.
    """

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
    async def transaction(self, step: str) -> AsyncIterator[Transaction]:
        """One writing transaction, committed when the block ends.

        What came from outside, and what became of what was sent, is written down before anything else is done:
        until then everybody behind it waits.
        """
        async with self.database.writing(first=step in ("inbox.accept", "outbox.turn")) as tx:
            yield tx

    @asynccontextmanager
    async def writing(self, cause: str, step: str = "work") -> AsyncIterator[Unit]:
        """A unit that commits when the block ends and leaves nothing when it raises."""
        async with self.together(step) as group:
            unit = group.unit(cause)
            yield unit
            group.keep(unit)

    @asynccontextmanager
    async def together(self, step: str) -> AsyncIterator["Group"]:
        """Several units that share one commit; each may be undone alone, see `Group.alone`."""
        async with self.transaction(step) as tx:
            group = Group(self, tx)
            yield group
            if group.wakes:
                await tx.tell_others(str(group.wakes.value))
        if group.wakes:
            self.wake(group.wakes)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Unit]:
        """A unit that only looks."""
        async with self.database.reading() as tx:
            yield Unit(tx, self.clock(), self.house, "look")


class Group:
    """Units of one commit: one flush to the disk for many small steps is what makes one writer fast."""

    def __init__(self, units: Units, tx: Transaction) -> None:
        self._units = units
        self.tx = tx
        self.now = units.clock()
        self.wakes = Wake.NOBODY

    def unit(self, cause: str) -> Unit:
        """A unit of this commit."""
        return Unit(self.tx, self._units.clock(), self._units.house, cause)

    def keep(self, unit: Unit) -> None:
        """Take over whom the unit wants woken after the commit."""
        self.wakes |= unit.wakes

    @asynccontextmanager
    async def alone(self, cause: str) -> AsyncIterator[Unit]:
        """A unit that leaves nothing when it raises, whatever becomes of the others."""
        unit = self.unit(cause)
        async with self.tx.savepoint():
            yield unit
        self.keep(unit)
