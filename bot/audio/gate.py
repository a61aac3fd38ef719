"""Who goes in next: a few places, and two orderly queues before them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """So many may be in at once. Who comes first goes in first; who can wait lets all the others pass.

    Use it within one event loop.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._queues: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @asynccontextmanager
    async def place(self, *, can_wait: bool = False) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        await self._come(self._queues[can_wait])
        try:
            yield
        finally:
            self._leave()

    async def _come(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                queue.remove(turn)
            else:  # its turn had just come: it goes to the next
                self._leave()
            raise

    def _leave(self) -> None:
        for queue in self._queues:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
