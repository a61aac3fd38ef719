"""Who is read of many reviewers is who the rules would take of all."""

import random
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules import review as rules
from bot.rules.roles import Role
from bot.services.reviewing import reviewers
from bot.services.unit import Unit, Units
from storage.tables import Assignment, Person, Reviewer, RoleGrant
from tests.helpers import NOON, a_person, a_reviewer, a_sample

LANGUAGES = ("en", "zh", "es")


async def everybody(unit: Unit) -> list[rules.Reviewer]:
    """All reviewers, each looked at in full."""
    found = []
    hold_it = select(RoleGrant.person_id).where(RoleGrant.role == Role.REVIEWER.value)
    for person in await unit.tx.all(select(Person).where(col(Person.id).in_(hold_it))):
        reviewer = await unit.tx.get(Reviewer, person.id)
        mine = select(Assignment).where(Assignment.reviewer_id == person.id, Assignment.state == "open")
        assert reviewer is not None
        found.append(
            rules.Reviewer(
                id=person.id,
                languages=frozenset(person.speaks),
                open_assignments=len(await unit.tx.all(mine)),
                last_assigned_at=reviewer.last_assigned_at,
                paused=reviewer.paused_at is not None,
                reachable=person.reachable,
            )
        )
    return found


async def fill(unit: Unit, chance: random.Random) -> list[int]:
    """Reviewers of all sorts; gives their ids."""
    samples = [await a_sample(unit, await a_person(unit, 1 + n), state="in_review") for n in range(3)]
    ids = []
    for number in range(24):
        speaks = sorted(chance.sample(LANGUAGES, chance.randint(1, 2)))
        person = await a_reviewer(unit, 100 + number, speaks=speaks, reachable=chance.random() < 0.9)
        idle = timedelta(hours=chance.randrange(4))
        turn = {
            "last_assigned_at": None if chance.random() < 0.3 else NOON - idle,
            "paused_at": NOON if chance.random() < 0.1 else None,
        }
        await unit.tx.change(update(Reviewer).where(col(Reviewer.person_id) == person.id).values(**turn))
        for place, sample in enumerate(chance.sample(samples, chance.choice([0, 0, 1, 2]))):
            state = "open" if chance.random() < 0.7 else "voted"
            seat = Assignment(
                sample_id=sample.id,
                reviewer_id=person.id,
                seat=number * 3 + place,
                state=state,
                created_at=NOON,
            )
            await unit.tx.add(seat)
        ids.append(person.id)
    coordinator = await a_person(unit, 99, applying=False, speaks=list(LANGUAGES))
    return [*ids, coordinator.id]


@pytest.mark.parametrize("seed", range(6))
async def test_the_same_as_of_all(units: Units, seed: int) -> None:
    """In the same order, however many are wanted and whoever is tied to the applicant."""
    chance = random.Random(seed)
    async with units.writing("reviewers") as unit:
        ids = await fill(unit, chance)
        all_of_them = await everybody(unit)
        for _ in range(12):
            tied = [frozenset(chance.sample(ids, chance.randrange(6))) for _ in range(3)]
            sample = rules.HeardSample(chance.choice(ids), chance.choice((*LANGUAGES, "e", "")), *tied)
            wanted = chance.randint(1, 5)
            read = await reviewers.shortlist(unit, sample, wanted)
            assert rules.choose(read, wanted, sample) == rules.choose(all_of_them, wanted, sample)
            assert len(read) <= wanted + 19
