"""Updates that come at the same time share a commit."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.delivery.gathering import MOST, Gathering


class Keeper:
    """Keeps updates when it is let; `bad` are those that it cannot keep."""

    def __init__(self, *bad: int) -> None:
        self.calls: list[list[int]] = []
        self.may_go = asyncio.Event()
        self._bad = bad

    async def accept(self, raws: Sequence[dict[str, Any]]) -> None:
        """Keep them all, or none."""
        numbers = [raw["update_id"] for raw in raws]
        self.calls.append(numbers)
        await self.may_go.wait()
        if set(numbers) & set(self._bad):
            raise RuntimeError(f"not {numbers}")


async def keep(gathering: Gathering, *numbers: int) -> list[asyncio.Task[None]]:
    """Have each kept, at the same time."""
    tasks = [asyncio.create_task(gathering.keep({"update_id": number})) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_meanwhile_is_kept_together() -> None:
    """In its order; each is told when its own commit stands, not before."""
    keeper = Keeper()
    gathering = Gathering(keeper.accept)
    first = await keep(gathering, 1)
    others = await keep(gathering, *range(2, MOST + 4))
    assert keeper.calls == [[1]]
    assert not any(task.done() for task in first + others)
    keeper.may_go.set()
    await asyncio.gather(*first, *others)
    assert keeper.calls == [[1], list(range(2, MOST + 2)), [MOST + 2, MOST + 3]]


async def test_what_cannot_be_kept_is_alone_with_it() -> None:
    """The others of its commit are kept, one by one."""
    keeper = Keeper(3)
    gathering = Gathering(keeper.accept)
    first = await keep(gathering, 1)
    tasks = [*first, *await keep(gathering, 2, 3, 4)]
    keeper.may_go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), type(None), RuntimeError, type(None)]
    assert keeper.calls == [[1], [2, 3, 4], [2], [3], [4]]


async def test_who_hangs_up_holds_nobody_up() -> None:
    """Its update is kept nevertheless, and so are the others."""
    keeper = Keeper()
    gathering = Gathering(keeper.accept)
    tasks = [*await keep(gathering, 1), *await keep(gathering, 2, 3)]
    tasks[1].cancel()
    keeper.may_go.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]
    assert keeper.calls == [[1], [2, 3]]


async def test_stopping_finishes_what_was_begun() -> None:
    """Nothing that waits is left between kept and not."""
    keeper = Keeper(1)
    gathering = Gathering(keeper.accept)
    tasks = await keep(gathering, 1)
    keeper.may_go.set()
    await gathering.stop()
    with pytest.raises(RuntimeError, match=r"not \[1\]"):
        await tasks[0]
    await Gathering(keeper.accept).stop()
