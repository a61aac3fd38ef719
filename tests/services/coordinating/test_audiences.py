"""Audiences: who belongs to which, and who is left out of all of them."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.rules.consent import CONSENT_VERSION
from bot.rules.roles import Role
from bot.services import people
from bot.services.coordinating.audiences import AUDIENCES, head_count, members
from bot.services.messages.broadcasts import Circle
from bot.services.people import Person, Visitor
from bot.services.unit import Unit, Units
from storage.tables import Consent, Pair, PairMember, Seeker
from tests.helpers import a_person, a_studio

WORKING = {"reviewer": 11, "staff": 12, "coordinator": 13}


async def consent(unit: Unit, person: Person, *answers: bool, purpose: str = "recording") -> None:
    """Answers to one purpose, one after the other."""
    for agreed in answers:
        await unit.tx.add(
            Consent(
                person_id=person.id,
                purpose=purpose,
                version=CONSENT_VERSION,
                agreed=agreed,
                language="en",
                at=unit.now,
            )
        )


@pytest.fixture
async def cast(units: Units) -> None:
    """Somebody for every audience, and somebody for every reason to be left out."""
    async with units.writing("cast") as unit:
        for city in ("beijing", "shanghai"):
            await a_studio(unit, city)
        await people.arrive(unit, Visitor(1_000, "wrote a word and never chose a language"))
        await people.arrive(unit, Visitor(1_001, "only seen in a group"), private=False)
        await a_person(unit, 21, city="beijing")
        await a_person(unit, 22, city="shanghai", language="zh")
        await a_person(unit, 23, language=None, language_hint="zh")
        await a_person(unit, 24, city="beijing", approved_at=unit.now)
        seeker = await a_person(unit, 25, city="beijing", approved_at=unit.now)
        await unit.tx.add(Seeker(person_id=seeker.id, since=unit.now))
        pair = await unit.tx.add(Pair(state="active", via="pool", created_at=unit.now))
        parted = await unit.tx.add(Pair(state="dissolved", via="pool", created_at=unit.now))
        for telegram_id in (26, 27):
            member = await a_person(unit, telegram_id, city="beijing", approved_at=unit.now)
            await unit.tx.add(PairMember(pair_id=pair.id, person_id=member.id))
            await unit.tx.add(PairMember(pair_id=parted.id, person_id=member.id, active=False))
        await a_person(unit, 31, city="beijing", approved_at=unit.now, reachable=False)
        left = await a_person(unit, 32, city="beijing", approved_at=unit.now)
        await consent(unit, left, True, False)
        returned = await a_person(unit, 33)
        await consent(unit, returned, True, False, True)
        careful = await a_person(unit, 34)
        await consent(unit, careful, False, purpose="cloning")
        for role, telegram_id in WORKING.items():
            worker = await a_person(unit, telegram_id, applying=False, language=None)
            await people.grant(unit, worker, Role(role), city="beijing" if role == "staff" else "")
            await consent(unit, worker, False)


ALL = {11, 12, 13, 21, 22, 24, 25, 26, 27, 33, 34}
APPLICANTS = {21, 22, 23, 24, 25, 26, 27, 33, 34}


@pytest.mark.parametrize(
    ("circle", "expected"),
    [
        (Circle("all"), ALL),
        (Circle("applicants"), APPLICANTS),
        (Circle("approved"), {24, 25, 26, 27}),
        (Circle("waiting"), {25}),
        (Circle("paired"), {26, 27}),
        (Circle("reviewers"), {11}),
        (Circle("staff"), {12}),
        (Circle("staff", city="beijing"), {12}),
        (Circle("staff", city="shanghai"), set()),
        (Circle("applicants", city="shanghai"), {22}),
        (Circle("approved", city="beijing"), {24, 25, 26, 27}),
        (Circle("applicants", language="zh"), {22, 23}),
        (Circle("applicants", city="shanghai", language="en"), set()),
    ],
    ids=str,
)
async def test_who_belongs(units: Units, cast: None, circle: Circle, expected: set[int]) -> None:
    """Nobody unreachable, nobody who took a needed consent back; who works here stays an addressee."""
    async with units.reading() as look:
        found = await look.tx.all(select(Person.telegram_id).where(*members(circle)))
        count = await head_count(look, circle)
    assert sorted(found) == sorted(expected)
    assert count == len(expected)


def test_every_audience_of_the_command_is_known() -> None:
    """What can be typed can be found."""
    assert AUDIENCES == ("all", "applicants", "approved", "waiting", "paired", "reviewers", "staff")
    for audience in AUDIENCES:
        assert members(Circle(audience))


async def test_who_comes_back_belongs_again(units: Units, cast: None) -> None:
    """Somebody unreachable who writes again is counted again."""
    async with units.writing("back") as unit:
        unit.now += timedelta(minutes=1)
        before = await head_count(unit, Circle("approved"))
        await people.arrive(unit, Visitor(31, "Person 31"))
        assert await head_count(unit, Circle("approved")) == before + 1
