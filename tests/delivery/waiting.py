"""Waiting for what has no event of its own: rows in a database, lists that others fill."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], timeout: float = 5.0) -> None:
    """Wait until something holds, at most so many seconds."""
    async with asyncio.timeout(timeout):
        while not holds():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)
