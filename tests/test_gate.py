"""Who goes in next, with people who come, wait, give up and leave in every order."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.gate import Gate


class Visits:
    """People at a gate, by number: who is in, who went in, in that order."""

    def __init__(self, places: int) -> None:
        self.gate = Gate(places)
        self.entered: list[int] = []
        self.inside: set[int] = set()
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self._leaving: dict[int, asyncio.Event] = {}

    async def comes(self, who: int, *, can_wait: bool = False) -> None:
        """Somebody comes, and goes in if there is a place."""
        self._leaving[who] = asyncio.Event()
        self.tasks[who] = asyncio.create_task(self._visit(who, can_wait))
        await settle()

    def leaves(self, who: int) -> None:
        """Somebody who is in is about to leave."""
        self._leaving[who].set()

    async def _visit(self, who: int, can_wait: bool) -> None:
        async with self.gate.place(can_wait=can_wait):
            self.entered.append(who)
            self.inside.add(who)
            try:
                await self._leaving[who].wait()
            finally:
                self.inside.discard(who)


async def settle() -> None:
    """Let everybody take the steps that they can take now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_comes_first_goes_in_first() -> None:
    """Two places: the others follow in their order, each as soon as somebody leaves."""
    visits = Visits(2)
    for who in range(5):
        await visits.comes(who)
    assert visits.inside == {0, 1}
    for leaving, inside in ((1, {0, 2}), (0, {2, 3}), (3, {2, 4})):
        visits.leaves(leaving)
        await settle()
        assert visits.inside == inside
    assert visits.entered == [0, 1, 2, 3, 4]


async def test_who_can_wait_lets_the_others_pass() -> None:
    """However long they have waited already; among themselves they keep their order."""
    visits = Visits(1)
    await visits.comes(0)
    await visits.comes(1, can_wait=True)
    await visits.comes(2, can_wait=True)
    await visits.comes(3)
    await visits.comes(4)
    for who in (0, 3, 4, 1, 2):
        assert visits.inside == {who}
        visits.leaves(who)
        await settle()
    assert visits.inside == set()


async def test_who_can_wait_never_holds_every_place() -> None:
    """Of two places one is kept free for whoever cannot wait and may come at any moment."""
    visits = Visits(2)
    await visits.comes(0, can_wait=True)
    await visits.comes(1, can_wait=True)
    assert visits.inside == {0}
    await visits.comes(2)
    assert visits.inside == {0, 2}
    visits.leaves(2)
    await settle()
    assert visits.inside == {0}
    visits.leaves(0)
    await settle()
    assert visits.inside == {1}


async def test_who_gives_up_waiting_is_passed_over() -> None:
    """Their place in the queue goes to nobody, and they learn that they were cancelled."""
    visits = Visits(1)
    for who in range(3):
        await visits.comes(who)
    visits.tasks[1].cancel()
    await settle()
    assert visits.tasks[1].cancelled()
    visits.leaves(0)
    await settle()
    assert visits.entered == [0, 2]


@pytest.mark.parametrize("first", ["gives up", "leaves"])
async def test_giving_up_while_another_leaves_loses_no_place(first: str) -> None:
    """Both in one step of the loop, in either order: the place goes to who is next, and the error stays what it is."""
    gate = Gate(1)
    inside = asyncio.Event()

    async def visit() -> None:
        async with gate.place():
            inside.set()

    holder = gate.place()
    await holder.__aenter__()
    waiting, following = asyncio.create_task(visit()), asyncio.create_task(visit())
    await settle()
    if first == "gives up":
        waiting.cancel()
    await holder.__aexit__(None, None, None)  # does not let anybody else run
    if first == "leaves":
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await following
    assert inside.is_set()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    places=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(["come", "wait", "leave", "cancel"]), st.integers(0, 9))),
)
def test_no_place_is_lost_or_made(places: int, steps: list[tuple[str, int]]) -> None:
    """Whatever happens: never more in than places, nobody in vain before a free one, and in the end all are free."""

    async def play() -> None:
        visits = Visits(places)
        patient: set[int] = set()
        for step, which in steps:
            known = [who for who, task in visits.tasks.items() if not task.done()]
            if step in ("come", "wait"):
                who = len(visits.tasks)
                if step == "wait":
                    patient.add(who)
                await visits.comes(who, can_wait=step == "wait")
            elif known:
                who = known[which % len(known)]
                if step == "cancel":
                    visits.tasks[who].cancel()
                else:
                    visits.leaves(who)
                await settle()
            waiting = {who for who, task in visits.tasks.items() if not task.done()} - visits.inside
            assert len(visits.inside) <= places
            assert len(visits.inside & patient) <= max(1, places - 1)
            assert not (waiting - patient) or len(visits.inside) == places
        for task in visits.tasks.values():
            task.cancel()
        await asyncio.gather(*visits.tasks.values(), return_exceptions=True)
        for who in range(1000, 1000 + places):
            await visits.comes(who)
        assert visits.inside == set(range(1000, 1000 + places))
        for who in range(1000, 1000 + places):
            visits.leaves(who)
        await settle()

    asyncio.run(play())
