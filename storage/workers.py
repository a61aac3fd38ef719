"""Several programs on one server: who is alive, who does what one alone may do, and a word to the others.

All of it goes by the server's clock, on a connection of its own that takes no part in the writers' line: a program that
waits for others to write says in time that it lives. What is done for all by one program at a time is a lease; it
changes hands when its holder is silent, and its fence grows.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, func, select

from storage.database import Database, Prepared, Transaction
from storage.postgres import CHANNEL
from storage.tables import Lease, Worker

_REGISTER = text(
    "INSERT INTO workers (name, began_at, alive_until, release)"
    " VALUES (:name, now(), now() + make_interval(secs => :ttl), :release) RETURNING id"
)
_BEAT = text(
    "UPDATE workers SET alive_until = now() + make_interval(secs => :ttl) WHERE id = :me AND alive_until > now()"
    " RETURNING id"
)
_REAP = text(
    "WITH dead AS (DELETE FROM workers WHERE alive_until <= now() RETURNING id),"
    " freed AS (UPDATE jobs SET state = 'queued', worker_id = NULL"
    "  WHERE state = 'running' AND worker_id IS NOT NULL"
    "  AND (worker_id IN (SELECT id FROM dead) OR worker_id NOT IN (SELECT id FROM workers)) RETURNING 1)"
    " SELECT (SELECT count(*) FROM dead), (SELECT count(*) FROM freed)"
)
_TAKE = text(
    "INSERT INTO leases AS held (name, worker_id, fence)"
    " SELECT CAST(:name AS TEXT), CAST(:me AS BIGINT), 1"
    " WHERE NOT EXISTS (SELECT FROM workers WHERE alive_until > now() AND release > :release)"
    " ON CONFLICT (name) DO UPDATE SET worker_id = :me, fence = held.fence + 1"
    " WHERE held.worker_id <> :me"
    " AND NOT EXISTS (SELECT FROM workers WHERE id = held.worker_id AND alive_until > now())"
)
_HELD = text(
    "SELECT (SELECT fence FROM leases WHERE name = :name AND worker_id = :me),"
    " EXISTS (SELECT FROM workers WHERE alive_until > now() AND release > :release)"
)
_LEFT = text("UPDATE leases SET worker_id = 0 WHERE name = :name AND worker_id = :me")
_GONE = text("DELETE FROM workers WHERE id = :me")

_MINE: Prepared[Any] = Prepared(
    select(Lease.fence).where(
        Lease.name == bindparam("name"), Lease.worker_id == bindparam("me"), Lease.fence == bindparam("fence")
    )
)
_REGISTERED: Prepared[Any] = Prepared(select(Worker.id).where(col(Worker.id) == bindparam("me")))
_NEWER: Prepared[Any] = Prepared(
    select(Worker.id).where(col(Worker.release) > bindparam("release"), col(Worker.alive_until) > func.now())
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a beat found: who one is, the fence of the lease if it is one's own, and what was taken from the silent."""

    me: int
    fence: int | None
    newer: bool = False
    """Whether a program of a newer release lives."""
    dead: int = 0
    freed: int = 0


class Registry:
    """One program's connection to what the programs know of each other."""

    def __init__(self, database: Database, name: str, lease: str, ttl: float, release: int) -> None:
        """`name` tells people who it is; `lease` is what it wants to do for all; `ttl` seconds of silence are death.

        Of several only those of the newest `release` take the lease.
        """
        self._database = database
        self._name, self._lease, self._ttl, self._release = name, lease, ttl, release
        self._connection: AsyncConnection | None = None
        self._me = 0
        self._one_at_a_time = asyncio.Lock()

    async def open(self, heard: Callable[[str], None]) -> None:
        """Connect, and hear what others tell; raises what the database raises."""
        self._connection = await self._database.connect()
        driver: Any = (await self._connection.get_raw_connection()).driver_connection
        await driver.add_listener(CHANNEL, lambda _connection, _pid, _channel, word: heard(word))

    async def close(self) -> None:
        """Leave the connection; whoever is registered stays so until it is silent for too long."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    async def beat(self) -> Pulse:
        """Say that one lives, bury the silent, and take the lease if nobody has it.

        Who was silent for too long oneself is somebody new from then on. Raises what the database raises.
        """
        async with self._one_at_a_time:
            if not self._me or (await self._run(_BEAT, me=self._me, ttl=self._ttl)) is None:
                told = {"name": self._name, "ttl": self._ttl, "release": self._release}
                self._me = (await self._run(_REGISTER, **told))[0]
            dead, freed = await self._run(_REAP)
            mine = {"me": self._me, "name": self._lease, "release": self._release}
            await self._run(_TAKE, **mine)
            fence, newer = await self._run(_HELD, **mine)
            return Pulse(self._me, fence, newer, dead, freed)

    async def let_go(self) -> None:
        """Leave the lease to whoever may take it next. Raises what the database raises."""
        async with self._one_at_a_time:
            await self._run(_LEFT, me=self._me, name=self._lease)

    async def leave(self) -> None:
        """Say goodbye: others take over at once."""
        async with self._one_at_a_time:
            if self._me and self._connection is not None:
                await self._run(_GONE, me=self._me)

    async def _run(self, statement: Any, **values: Any) -> Any:
        if self._connection is None:
            raise ConnectionError("not connected")
        async with asyncio.timeout(self._ttl):
            result = await self._connection.execute(statement, values)
            return result.first() if result.returns_rows else None


async def is_mine(tx: Transaction, lease: str, me: int, fence: int) -> bool:
    """Whether a lease is one's own still, in the transaction that relies on it."""
    return await tx.first(_MINE, name=lease, me=me, fence=fence) is not None


async def is_newer_alive(tx: Transaction, release: int) -> bool:
    """Whether a program of a newer release lives."""
    return await tx.first(_NEWER, release=release) is not None


async def is_registered(tx: Transaction, me: int) -> bool:
    """Whether somebody counts as alive, in the transaction that relies on it."""
    return await tx.first(_REGISTERED, me=me) is not None


async def others_alive(database: Database) -> int:
    """How many programs work on a server now."""
    async with database.reading() as tx:
        if (await tx.run(text("SELECT to_regclass('workers')"))).scalar_one() is None:
            return 0
        return int(
            (await tx.run(text("SELECT count(*) FROM workers WHERE alive_until > now()"))).scalar_one()
        )
