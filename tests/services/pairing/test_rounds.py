"""Rounds that look only at what changed find what a whole round finds, and nobody is passed over for ever."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.rules import pairing, pairing_graph
from bot.rules.pairing import AFFINITY_MOST, Candidate, obstacle
from bot.rules.pairing_graph import ALL_OF, edges, musts_of
from bot.rules.policy import PairingPolicy
from bot.services import people
from bot.services.pairing import pool, proposals, rounds
from bot.services.pairing.matching import Match, matching
from bot.services.unit import Units
from storage.tables import Block, ProposalMember, Seeker
from tests.helpers import MovableClock, a_sample, an_approved
from tests.rules.pools import a_crowd, pools

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ONCE = PairingPolicy()


def left_over(everybody: Iterable[Candidate], matches: Iterable[Match]) -> list[Candidate]:
    """Whom the matches leave in the pool."""
    matched = {person for match in matches for person in match.people}
    return [one for one in everybody if one.person not in matched]


def fresh_among(before: Iterable[Candidate], after: Iterable[Candidate]) -> set[int]:
    """Who was not left over, or not as they are now."""
    marks = {one.person: musts_of(one, ONCE) for one in before}
    return {one.person for one in after if marks.get(one.person) != musts_of(one, ONCE)}


@given(pools(), pools(), st.sets(st.integers(1, 10)))
@settings(max_examples=300)
def test_looking_at_what_changed_finds_what_looking_at_everything_finds(
    first: list[Candidate], second: list[Candidate], gone: set[int]
) -> None:
    """After a round people come, go, come back and change in anything: the quick round is the whole one."""
    left = left_over(first, matching(first, ONCE, NOW))
    now = {one.person: one for one in left if one.person not in gone}
    now |= {one.person: one for one in second}
    after = list(now.values())
    later = NOW + timedelta(hours=1)
    assert matching(after, ONCE, later, fresh_among(left, after)) == matching(after, ONCE, later)


@pytest.mark.parametrize("known", [{"languages": frozenset({"ja"})}, {}])
def test_so_it_is_in_a_large_city(known: dict[str, frozenset[str]]) -> None:
    """Where not every pair is looked at, no two of those left over may be paired all the same, and in any order."""
    crowd = a_crowd(2 * ALL_OF, seed=6)
    # Hard to pair with each other, and with everybody else.
    crowd = [one if i % 3 else replace(one, dialect="wu", **known) for i, one in enumerate(crowd)]
    left = left_over(crowd, matching(crowd, ONCE, NOW))
    assert edges(left, ONCE, NOW) == []
    after = [*left, *a_crowd(ALL_OF + 20, seed=7, first=5_000)]
    fresh = fresh_among(left, after)
    assert fresh == {one.person for one in after} - {one.person for one in left}
    whole = matching(after, ONCE, NOW)
    assert matching(after, ONCE, NOW, fresh) == whole
    assert matching(after[::-1], ONCE, NOW) == whole


def test_what_is_fresh_matters() -> None:
    """Somebody changed who is taken for unchanged is not found: so all of that must be noticed."""
    ann, bo = (Candidate(person, NOW, city) for person, city in ((1, "beijing"), (2, "shanghai")))
    moved = replace(bo, city="beijing")
    assert [match.people for match in matching([ann, moved], ONCE, NOW, {2})] == [(1, 2)]
    assert matching([ann, moved], ONCE, NOW, set()) == []
    assert fresh_among([ann, bo], [ann, moved]) == {2}


# --- nobody waits for ever

PASSED_OVER = (AFFINITY_MOST + 1) * pairing.WAITING_STEP
"""Nobody who joined so much later is given a possible partner of somebody who is left over."""


@given(pools(most=10))
@settings(max_examples=300)
def test_who_is_left_over_is_passed_over_only_for_those_who_came_not_much_later(
    pool: list[Candidate],
) -> None:
    """A possible partner was given to somebody who has waited as long, but for less than a week."""
    matches = matching(pool, ONCE, NOW)
    given_to = {a: b for match in matches for a, b in (match.people, match.people[::-1])}
    since = {one.person: min(one.waiting_since, NOW) for one in pool}
    for alone in left_over(pool, matches):
        for other in pool:
            if other is not alone and obstacle(alone, other, ONCE) is None:
                assert since[given_to[other.person]] - since[alone.person] < PASSED_OVER
    assert timedelta(days=6) < PASSED_OVER < timedelta(days=7)


def days_until_paired(most: int) -> int | None:
    """How long somebody badly matched waits while every day two come who suit each other perfectly."""
    outsider = Candidate(1, NOW, "beijing", dialect="yue", gender="man", wish="man", turns_per_minute=0.0)
    left = [outsider]
    for day in range(1, most):
        now = NOW + timedelta(days=day)
        fine = {"dialect": "wu", "gender": "woman", "turns_per_minute": 12.0}
        left += [Candidate(2 * day + k, now, "beijing", wish="woman", **fine) for k in (0, 1)]  # type: ignore[arg-type]
        left = left_over(left, matching(left, ONCE, now))
        if outsider not in left:
            return day
    return None


def test_somebody_badly_matched_is_paired_within_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as possible partners keep coming; if waiting did not count, they would wait for ever."""
    assert days_until_paired(60) == 5
    monkeypatch.setattr(pairing_graph, "waited", lambda _one, _now: 0)
    assert days_until_paired(60) is None


# --- in the database


async def marks(units: Units) -> dict[int, bool]:
    """Who in the pool was left over by the last round."""
    async with units.reading() as look:
        rows = await look.tx.all(
            select(Seeker.person_id, Seeker.left_over_as).order_by(col(Seeker.person_id))
        )
    return {person: mark is not None for person, mark in rows}


async def fresh(units: Units) -> set[int]:
    """Who would be looked at by a round of now."""
    async with units.reading() as look:
        return set(await rounds.fresh_among(look, await pool.waiting(look)))


async def offered(units: Units) -> list[int]:
    """Who is in a proposal."""
    async with units.reading() as look:
        found = await look.tx.all(select(ProposalMember.person_id).where(ProposalMember.open))
    return sorted(found)


async def test_a_round_looks_at_who_is_new_and_who_changed(units: Units, clock: MovableClock) -> None:
    """Left over is kept; who comes, changes or is back is fresh, and is found by the next quick round."""
    async with units.writing("t") as unit:
        ann, bo, cy, di = [
            await an_approved(unit, n, speaks=[code]) for n, code in enumerate(["en", "zh", "ja", "ko"], 11)
        ]
        for person in (ann, bo, cy):
            await pool.join(unit, person)
    assert await fresh(units) == {ann.id, bo.id, cy.id}
    await proposals.solve_pool(units, 1, whole=False)
    assert await marks(units) == {ann.id: True, bo.id: True, cy.id: True}
    assert await fresh(units) == set()
    async with units.writing("t2") as unit:
        await pool.join(unit, di)
        await people.change(unit, bo, speaks=["zh", "en"])
    assert await fresh(units) == {bo.id, di.id}
    clock.forward(minutes=1)
    await proposals.solve_pool(units, 2, whole=False)
    assert await offered(units) == [ann.id, bo.id]
    assert await marks(units) == {ann.id: False, bo.id: False, cy.id: True, di.id: True}


async def test_who_was_away_during_a_round_is_fresh_after_it(units: Units) -> None:
    """Left over once, then not to be reached while another joined: nobody has compared the two."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11, speaks=["en"]), await an_approved(unit, 12, speaks=["zh"])
        for person in (ann, bo):
            await pool.join(unit, person)
    await proposals.solve_pool(units, 1)
    async with units.writing("t2") as unit:
        await people.change(unit, ann, reachable=False)
        cy = await an_approved(unit, 13, speaks=["en"])
        await pool.join(unit, cy)
    await proposals.solve_pool(units, 2, whole=False)
    assert await marks(units) == {ann.id: False, bo.id: True, cy.id: True}
    async with units.writing("t3") as unit:
        await people.change(unit, ann, reachable=True)
    assert await fresh(units) == {ann.id}
    await proposals.solve_pool(units, 3, whole=False)
    assert await offered(units) == [ann.id, cy.id]


async def test_a_block_that_ends_makes_fresh(units: Units) -> None:
    """Whatever rules somebody out is looked at, not only what they say of themselves."""
    async with units.writing("t") as unit:
        ann, bo = await an_approved(unit, 11), await an_approved(unit, 12)
        for person in (ann, bo):
            await pool.join(unit, person)
        block = await unit.tx.add(Block(person_id=ann.id, blocked_id=bo.id, at=unit.now))
    await proposals.solve_pool(units, 1)
    assert (await fresh(units), await offered(units)) == (set(), [])
    async with units.writing("t2") as unit:
        await unit.tx.run(Block.__table__.delete().where(col(Block.person_id) == block.person_id))  # type: ignore[attr-defined]
    assert await fresh(units) == {ann.id}
    await proposals.solve_pool(units, 2, whole=False)
    assert await offered(units) == [ann.id, bo.id]


async def test_a_round_done_again_keeps_the_same(units: Units) -> None:
    """A round that was broken off after its marks finds the same matches again."""
    async with units.writing("t") as unit:
        for n in (11, 12, 13):
            await pool.join(unit, await an_approved(unit, n))
    async with units.reading() as look:
        everybody = await pool.waiting(look)
    matches = matching(everybody, ONCE, look.now)
    await rounds.remember(units, "broken off", everybody, matches, ONCE)
    (alone,) = left_over(everybody, matches)
    assert await fresh(units) == {one.person for one in everybody} - {alone.person}
    await proposals.solve_pool(units, 1, whole=False)
    assert await offered(units) == sorted(matches[0].people)


async def test_how_somebody_talks_is_that_of_the_newest_approved_sample(units: Units) -> None:
    """The rarer voice's share and how lively it is; samples that were rejected or not measured say nothing."""
    facts = {"duration": 150.0, "shares": [0.625, 0.375], "turns_per_minute": 9.5}
    async with units.writing("t") as unit:
        ann, bo, cy = [await an_approved(unit, n) for n in (11, 12, 13)]
        for person, state, known in (
            (ann, "approved", {**facts, "shares": [0.5, 0.5]}),
            (ann, "approved", facts),
            (ann, "rejected", {**facts, "turns_per_minute": 1.0}),
            (bo, "rejected", facts),
            (cy, "approved", {"duration": 150.0, "shares": []}),
        ):
            await a_sample(unit, person, state=state, facts=known)
        found = await pool.candidates(unit, [(person, unit.now) for person in (ann, bo, cy)])
    styles = [(one.rarer_share, one.turns_per_minute, one.talk_share) for one in found]
    assert styles == [(0.375, 9.5, None), (None, None, None), (None, None, None)]
