"""The pool as coordinators see it, and what may be done with it by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.services import people
from bot.services.messages.pool import PoolCity, PoolNumbers, PoolProposed
from bot.services.pairing import by_hand, pool, proposals
from bot.services.pairing.by_hand import NotFreeNow, PairNotPossible
from bot.services.people import Person
from bot.services.unit import Unit, Units
from storage.tables import Block, Proposal, ProposalMember
from tests.helpers import NOON, MovableClock, a_studio, an_approved


async def waiting(unit: Unit, tid: int, name: str, **columns: Any) -> Person:
    """Somebody approved who looks for a partner."""
    person = await an_approved(unit, tid, name, **columns)
    await pool.join(unit, person)
    return person


async def test_numbers_of_every_city_and_of_nowhere(units: Units, clock: MovableClock) -> None:
    """Beijing: one alone for an hour, and two who look at a proposal; somebody without a city."""
    async with units.writing("t") as unit:
        await a_studio(unit)
        await waiting(unit, 11, "Ann", city="beijing", speaks=["zh"])
        busy = [await waiting(unit, n, "B", city="beijing") for n in (12, 13)]
        await waiting(unit, 14, "Cy")
        seats = [proposals.Seat(person, proposals.Reasons(())) for person in busy]
        await proposals.offer(unit, "pool", (seats[0], seats[1]), expires_at=None)
    clock.forward(hours=1)
    hour = timedelta(hours=1)
    async with units.reading() as look:
        assert await by_hand.numbers(look) == PoolNumbers(
            (
                PoolCity("beijing", {"en": "Beijing"}, 1, hour, 2, 1, "no_common_language", 1),
                PoolCity("", {}, 1, hour, 0, 1, "no_common_language", 1),
            )
        )


async def test_who_waits_comes_in_pages_longest_first(units: Units, clock: MovableClock) -> None:
    """Nine make two pages; a page that is not there is the last one."""
    for number in range(9):
        async with units.writing(f"t{number}") as unit:
            await waiting(unit, 11 + number, f"P{number}")
        clock.forward(minutes=1)
    async with units.reading() as look:
        first, last = [await by_hand.waiting_in(look, "", page) for page in (0, 7)]
        assert [one.name for one in first.people] == [f"P{n}" for n in range(8)]
        assert [(one.name, one.waited) for one in last.people] == [("P8", timedelta(minutes=1))]
        assert (first.page, first.pages, last.page, last.pages) == (0, 2, 1, 2)
        choice = await by_hand.choice(look, first.people[0].person_id, 0)
        assert [one.name for one in choice.others] == [f"P{n}" for n in range(1, 9)]


async def test_a_proposal_by_hand_is_one_of_the_pool(units: Units) -> None:
    """The kind, the time to answer, why, and both free to say no; who has one open is not proposed again."""
    async with units.writing("t") as unit:
        olga = await people.arrive(unit, people.Visitor(1, "Olga"))
        ann, bo = await waiting(unit, 11, "Ann"), await waiting(unit, 12, "Bo")
        ends = NOON + timedelta(hours=12)
        assert await by_hand.propose(unit, olga, ann.id, bo.id) == PoolProposed("Ann", "Bo", "", ends, "UTC")
        proposal = await unit.tx.one(select(Proposal))
        assert (proposal.kind, proposal.state, proposal.expires_at) == ("pool", "offered", ends)
        seats = await unit.tx.all(select(ProposalMember).order_by(col(ProposalMember.id)))
        assert [(seat.person_id, seat.answer, seat.reasons) for seat in seats] == [
            (ann.id, None, ["shared_language"]),
            (bo.id, None, ["shared_language"]),
        ]
        with pytest.raises(NotFreeNow) as refused:
            await by_hand.propose(unit, olga, ann.id, bo.id)
        assert refused.value == NotFreeNow("Ann")


@pytest.mark.parametrize("either", [False, True])
async def test_a_block_holds_either_way_round(units: Units, *, either: bool) -> None:
    """Looking and proposing fail alike, and nobody is proposed to themselves."""
    async with units.writing("t") as unit:
        olga = await people.arrive(unit, people.Visitor(1, "Olga"))
        ann, bo = await waiting(unit, 11, "Ann"), await waiting(unit, 12, "Bo")
        first, second = (ann, bo) if either else (bo, ann)
        await unit.tx.add(Block(person_id=first.id, blocked_id=second.id, at=unit.now))
        for two in ((ann.id, bo.id), (ann.id, ann.id)):
            with pytest.raises(PairNotPossible):
                await by_hand.preview(unit, *two)
            with pytest.raises(PairNotPossible):
                await by_hand.propose(unit, olga, *two)
        choice = await by_hand.choice(unit, ann.id, 0)
        assert choice.others == (replace(choice.others[0], name="Bo", possible=False, against=()),)
        assert await unit.tx.all(select(Proposal)) == []
