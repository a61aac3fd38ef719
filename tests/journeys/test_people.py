"""Silence, no-shows and strikes as people live them: asked, put out, noted as missing, and set right by hand."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.rules.roles import Role
from bot.sandbox import Person
from bot.services import people
from bot.services.booking import holds
from bot.services.pairing import pairs, pool
from storage.tables import Shift
from tests.helpers import a_slot, a_studio
from tests.stage import Stage

LOUD = """
[reminders]
quiet = ""
"""
"""Tests run at any hour of the day, and are about something else."""


@dataclass
class Evening:
    """Ann and Bo have booking 1 three days ahead, which Ben runs; Zoe looks for a partner, Olga coordinates."""

    stage: Stage
    start: datetime
    olga: Person
    ann: Person
    bo: Person
    zoe: Person
    ben: Person

    async def until(self, moment: datetime) -> None:
        """Move the bot's clock to a moment."""
        await self.stage.forward(seconds=(moment - self.stage.app.units.clock()).total_seconds())


@pytest.fixture
async def evening(tmp_path: Path, database_url: str) -> AsyncIterator[Evening]:
    """The operation at work."""
    async with Stage(tmp_path, database_url, LOUD) as stage:
        olga = await stage.owner()
        start = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
        async with stage.app.units.writing("the studio") as unit:
            slot = await a_slot(unit, await a_studio(unit), start)
        ann, bo, zoe, ben = [
            await stage.approved(name, city="beijing") for name in ("Ann", "Bo", "Zoe", "Ben")
        ]
        async with stage.app.units.writing("the booking") as unit:
            rows = [await people.by_telegram_id(unit, one.id) for one in (ann, bo, zoe, ben)]
            first, second, third, staff = [row for row in rows if row is not None]
            await pairs.form(unit, first, second, "pool")
            await holds.book(unit, first, slot.id)
            await holds.agree(unit, second, 1)
            await pool.join(unit, third)
            await people.grant(unit, staff, Role.STAFF, city="beijing")
            await unit.tx.add(
                Shift(
                    slot_id=slot.id,
                    person_id=staff.id,
                    state="confirmed",
                    starts_at=slot.starts_at,
                    ends_at=slot.ends_at,
                    asked_at=unit.now,
                )
            )
        for person in (ann, bo):
            await person.hears("confirmed")
            await person.hears("calendar", kind="document")
        yield Evening(stage, start, olga, ann, bo, zoe, ben)


async def test_silence_makes_room_for_a_stand_in(evening: Evening) -> None:
    """Ann comes, Bo says nothing: asked once more, out an hour later, and Zoe records with Ann."""
    ann, bo, zoe = evening.ann, evening.bo, evening.zoe
    await evening.until(evening.start - timedelta(hours=24))
    await ann.hears("reminder")
    await ann.presses("attend:1:yes")
    await evening.until(evening.start - timedelta(hours=12))
    await bo.hears("Ann is coming. Are you?")
    await evening.olga.hears("We are asking once more")
    await evening.until(evening.start - timedelta(hours=11))
    assert "strike: 1 of 2" in (await bo.hears("You did not answer")).text
    left = await ann.hears("Bo has not said whether they come")
    assert "CN¥100.00" in left.text
    for person in (zoe, ann):
        await person.presses(await person.sees_button(re.compile(r"match:\d+:yes")))
    await ann.hears("Zoe stands in")
    await zoe.hears("confirmed")
    late = await bo.presses("attend:1:yes")
    assert late.alert


async def test_the_last_call_is_answered(evening: Evening) -> None:
    """A press in time keeps the place."""
    await evening.until(evening.start - timedelta(hours=24))
    await evening.ann.hears("reminder")
    await evening.ann.presses("attend:1:yes")
    await evening.until(evening.start - timedelta(hours=12))
    await evening.bo.hears("Are you?")
    await evening.bo.presses("attend:1:yes")
    await evening.bo.hears("Ann is coming too")
    await evening.until(evening.start - timedelta(hours=10))
    await evening.bo.says("/bookings")
    assert "you are both coming" in (await evening.bo.hears("Confirmed with Ann")).text


async def test_somebody_did_not_come_and_it_was_a_mistake(evening: Evening) -> None:
    """Ben notes it from /today, both are told; Olga finds Bo, lifts the strike, and Bo reads why."""
    ben, bo, olga = evening.ben, evening.bo, evening.olga
    await evening.until(evening.start + timedelta(minutes=20))
    await ben.says("/today")
    await ben.presses(await ben.sees_button("absent:1"))
    await ben.hears("Who did not come?")
    await ben.presses(await ben.sees_button("absent:1:3"))
    await ben.sees_button("absent:1:3:no")
    await ben.presses("absent:1:3:yes")
    await ben.hears("Noted: Bo did not come")
    assert "1 of 2" in (await bo.hears("You are noted as missing")).text
    assert "CN¥100.00" in (await evening.ann.hears("Bo did not come")).text
    await olga.says("/people")
    await olga.hears("Whom are you looking for")
    await olga.says("Bo")
    await olga.hears("Approved, partner: Ann")
    await olga.presses(await olga.sees_button("person:3:strikes"))
    await olga.presses(await olga.sees_button("lift:1"))
    await olga.hears("Why is this strike of Bo lifted?")
    await olga.says("The room number was wrong")
    await olga.hears("is told why")
    assert "The room number was wrong" in (await bo.hears("A strike of yours was lifted")).text
    await bo.says("/bookings")
    assert "lifted: The room number was wrong" in (await bo.hears("Strikes")).text
    again = await olga.presses("lift:1")
    assert "nothing left to lift" in again.text


async def test_pay_that_was_missing_is_given(evening: Evening) -> None:
    """From the sessions of a story: why is asked, and Bo reads the answer and sees the money."""
    bo, olga = evening.bo, evening.olga
    await evening.until(evening.start + timedelta(minutes=20))
    await evening.ben.says("/today")
    for wanted in ("absent:1", "absent:1:3", "absent:1:3:yes"):
        await evening.ben.presses(await evening.ben.sees_button(wanted))
    await bo.hears("You are noted as missing")
    await olga.says("/people Bo")
    await olga.presses(await olga.sees_button("person:3:sessions"))
    button = await olga.sees_button("correct:3:1")
    assert "pay CN¥100.00" in button.text
    await olga.presses(button)
    await olga.hears("Why are CN¥100.00 owed to Bo")
    await olga.says("The room number was wrong")
    await olga.hears("CN¥100.00 are owed to Bo now")
    assert "The room number was wrong" in (await bo.hears("You are owed CN¥100.00")).text
    await bo.says("/bookings")
    await bo.hears("CN¥100.00 for having been ready")


async def test_looking_around_in_a_story(evening: Evening) -> None:
    """Every page in one message, by lists and by words on the line; nobody found leads on."""
    olga = evening.olga
    await olga.says("/people nobody-like-that")
    await olga.hears("Nobody is found")
    await olga.presses(await olga.sees_button("folks:recent"))
    await olga.presses(await olga.sees_button("person:2:card"))
    for page, words in (
        ("samples", "No sample yet"),
        ("sessions", "with Bo: confirmed"),
        ("strikes", "No strikes"),
        ("shifts", "No shift yet"),
        ("log", "booking #1: confirmed – Bo"),
        ("card", "Approved, partner: Bo"),
    ):
        await olga.presses(await olga.sees_button(f"person:2:{page}"))
        await olga.hears(words)


async def test_a_role_lost_between_question_and_answer(evening: Evening) -> None:
    """Who is no coordinator any more when the reason comes lifts nothing."""
    ann = evening.ann
    async with evening.stage.app.units.writing("Ann as a former coordinator") as unit:
        person = await people.by_telegram_id(unit, ann.id)
        assert person is not None
        await people.expect(unit, person, "lift_reason", whom=3, strike=1)
    await ann.says("Because I like him")
    await ann.hears("for coordinators only")
    async with evening.stage.app.units.writing("and one who searched") as unit:
        person = await people.by_telegram_id(unit, ann.id)
        assert person is not None
        await people.expect(unit, person, "people_search")
    await ann.says("Bo")
    await ann.hears("for coordinators only")
