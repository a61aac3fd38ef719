"""Updates that come one by one, at the same time, kept in one commit: a webhook brings each by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Raw = dict[str, Any]

MOST = 100
"""Updates of one commit: as many as a poll brings."""


class Gathering:
    """Hands updates to `accept`: those that come while a commit is under way share the next one.

    What an update alone is to blame for, it alone suffers.
    """

    def __init__(self, accept: Callable[[Sequence[Raw]], Awaitable[None]]) -> None:
        self._accept = accept
        self._waiting: list[tuple[Raw, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def keep(self, raw: Raw) -> None:
        """Keep an update; when this returns it is committed. Raises what kept it from being so."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((raw, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await done

    async def stop(self) -> None:
        """Finish what was begun."""
        if self._task:
            await self._task

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                await self._accept([raw for raw, _ in group])
            except Exception as error:
                if len(group) == 1:
                    _settle(group[0][1], error)
                else:
                    await self._one_by_one(group)
            else:
                for _, done in group:
                    _settle(done)

    async def _one_by_one(self, group: Sequence[tuple[Raw, asyncio.Future[None]]]) -> None:
        for raw, done in group:
            try:
                await self._accept([raw])
            except Exception as error:
                _settle(done, error)
            else:
                _settle(done)


def _settle(done: asyncio.Future[None], error: Exception | None = None) -> None:
    """Say how it went, unless nobody waits any more."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
