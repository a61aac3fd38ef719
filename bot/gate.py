"""Who goes in next: a few places, and two orderly queues before them.

The audio workers have as many places as children, the writers of a database one. Standard library only.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """So many may be in at once. Who comes first goes in first; who can wait lets all the others pass.

    Where there are two places or more, those who can wait never hold all of them: a place is kept for whoever
    comes next. Use it within one event loop.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._free_to_wait = max(1, places - 1)
        self._queues: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @asynccontextmanager
    async def place(self, *, can_wait: bool = False) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        await self._come(can_wait)
        try:
            yield
        finally:
            self._leave(can_wait)

    async def _come(self, can_wait: bool) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues[can_wait].append(turn)
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # its turn had just come: it goes to the next
                self._leave(can_wait)
            raise

    def _leave(self, can_wait: bool) -> None:
        self._free += 1
        self._free_to_wait += can_wait
        self._let_in()

    def _let_in(self) -> None:
        """Give the free places to those who are next. Who has gone away meanwhile is passed over."""
        for can_wait, queue in enumerate(self._queues):
            while queue and (queue[0].done() or (self._free and (self._free_to_wait or not can_wait))):
                turn = queue.popleft()
                if not turn.done():
                    self._free -= 1
                    self._free_to_wait -= can_wait
                    turn.set_result(None)
