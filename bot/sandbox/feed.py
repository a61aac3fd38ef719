"""The event feed: everything that happens, numbered and timed, for clients to wait on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from bot.sandbox.errors import Json

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.sandbox.settings import Clock

KEEP = 200_000
"""How many events are kept at least; older ones are forgotten."""


class Feed:
    """A list of events with growing sequence numbers; several readers may wait on it at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: list[Json] = []
        self._first = 1
        self._waiting: dict[int | None, list[asyncio.Future[None]]] = {}

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._first + len(self._events) - 1

    def publish(self, kind: str, chat_id: int | None, **data: object) -> int:
        """Add an event and wake whoever waits for that chat or for everything; returns its number."""
        seq = self._first + len(self._events)
        self._events.append(
            {
                "seq": seq,
                "kind": kind,
                "time": self._clock.now(),
                "mono": time.monotonic(),
                "chat_id": chat_id,
                **data,
            }
        )
        # Trimmed rarely and in halves: dropping one from the front of a list costs a move of all the rest.
        if len(self._events) > 2 * KEEP:
            del self._events[:KEEP]
            self._first += KEEP
        if self._waiting:
            self._wake(None)
            if chat_id is not None:
                self._wake(chat_id)
        return seq

    def _wake(self, key: int | None) -> None:
        for future in self._waiting.pop(key, ()):
            if not future.done():
                future.set_result(None)

    def since(
        self, after: int, *, chat_id: int | None = None, kinds: Collection[str] = (), limit: int = 1000
    ) -> list[Json]:
        """Return up to `limit` events numbered above `after`, oldest first, of one chat or kind if given."""
        found = []
        for index in range(max(0, after - self._first + 1), len(self._events)):
            event = self._events[index]
            if (chat_id is None or event["chat_id"] == chat_id) and (not kinds or event["kind"] in kinds):
                found.append(event)
                if len(found) == limit:
                    break
        return found

    async def wait(
        self,
        after: int,
        *,
        timeout: float,
        chat_id: int | None = None,
        kinds: Collection[str] = (),
        limit: int = 1000,
    ) -> list[Json]:
        """Like `since`, but wait up to `timeout` seconds for a first match; an empty list means none came."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            found = self.since(after, chat_id=chat_id, kinds=kinds, limit=limit)
            if found or (left := deadline - loop.time()) <= 0:
                return found
            after = max(after, self.last)  # what was looked at once need not be looked at again
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.setdefault(chat_id, []).append(future)
            await asyncio.wait([future], timeout=left)
            if not future.done():
                self._forget(chat_id, future)

    def _forget(self, key: int | None, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(key)
        if waiting and future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[key]
        future.cancel()
