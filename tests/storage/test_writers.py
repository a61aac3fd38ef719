"""The order of those who write: one at a time, whom nobody shall wait behind goes first, nobody is forgotten."""

import asyncio

import pytest

from bot.gate import Gate


async def test_in_the_order_of_coming_and_the_first_before() -> None:
    """Who comes first goes before all that wait, though not before whoever has the turn."""
    turns, order = Gate(1), list[str]()

    async def come(name: str, *, first: bool = False) -> None:
        async with turns.place(can_wait=not first):
            order.append(name)
            await asyncio.sleep(0)

    async with turns.place(can_wait=True):
        waiting = [
            asyncio.create_task(come(name, first=first))
            for name, first in (("a", False), ("b", False), ("x", True), ("c", False), ("y", True))
        ]
        await asyncio.sleep(0)
        assert order == []
    await asyncio.gather(*waiting)
    assert order == ["x", "y", "a", "b", "c"]


@pytest.mark.parametrize("late", [False, True])
async def test_who_gives_up_holds_nobody_up(late: bool) -> None:
    """Whether they were still waiting, or it had become their turn a moment ago."""
    turns, served = Gate(1), list[str]()

    async def come(name: str) -> None:
        async with turns.place(can_wait=True):
            served.append(name)

    async with turns.place(can_wait=True):
        quitter, next_one = asyncio.create_task(come("quitter")), asyncio.create_task(come("next"))
        await asyncio.sleep(0)
        if not late:
            quitter.cancel()
            await asyncio.sleep(0)
    if late:
        quitter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await quitter
    await next_one
    async with turns.place(can_wait=True):
        pass
    assert served == ["next"]


async def test_an_error_gives_the_turn_back() -> None:
    """Whatever happens within a turn, it ends."""
    turns = Gate(1)
    with pytest.raises(ValueError, match="within"):
        async with turns.place(can_wait=True):
            raise ValueError("within")
    async with asyncio.timeout(1), turns.place(can_wait=True):
        pass
