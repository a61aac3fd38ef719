"""Who writes next: a lock with an orderly queue, and one before it for what nobody shall wait behind."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """One at a time. Who comes `first` goes before all others that wait; among equals the order of coming counts.

    Use it within one event loop.
    """

    def __init__(self) -> None:
        self._taken = False
        self._queues: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @asynccontextmanager
    async def turn(self, *, first: bool = False) -> AsyncIterator[None]:
        """Wait for one's turn, and have it."""
        await self._come(self._queues[0 if first else 1])
        try:
            yield
        finally:
            self._leave()

    async def _come(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():  # it had just become mine: it goes to the next
                self._leave()
            raise

    def _leave(self) -> None:
        for queue in self._queues:
            while queue:
                next_one = queue.popleft()
                if not next_one.done():  # whoever gave up is passed over
                    next_one.set_result(None)
                    return
        self._taken = False
