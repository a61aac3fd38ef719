"""Waiting for any time of a kind, and times that open in waves, as people live it."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.sandbox import Person
from storage.tables import Booking, Slot, Wish
from tests.helpers import a_slot, a_studio
from tests.stage import Stage

POLICY = """
[booking]
staff = 0
[reminders]
quiet = ""
"""
"""Tests run at any hour of the day."""
NAMES = ("Ann", "Bo", "Cy", "Di", "Eve", "Fay")


@dataclass
class Town:
    """A studio with one time in three days, and three pairs: Ann and Bo, Cy and Di, Eve and Fay."""

    stage: Stage
    olga: Person
    cast: dict[str, Person]

    def __getitem__(self, name: str) -> Person:
        """Somebody by first name."""
        return self.cast[name]

    async def states(self, table: type[Booking] | type[Slot] | type[Wish]) -> list[str]:
        """The states of everything in a table, in the order of its making."""
        async with self.stage.app.units.reading() as look:
            return list(await look.tx.all(select(table.state).order_by(col(table.id))))


@pytest.fixture
async def town(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """The operation at work."""
    async with Stage(tmp_path, database_url, POLICY) as stage:
        olga = await stage.owner()
        async with stage.app.units.writing("the studio") as unit:
            studio = await a_studio(unit, rooms=1)
            start = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
            await a_slot(unit, studio, start)
        cast = {name: await stage.approved(name, city="beijing") for name in NAMES}
        for one, other in zip(NAMES[::2], NAMES[1::2], strict=True):
            await stage.pair(cast[one], cast[other])
        for person in (olga, *cast.values()):
            await person.heard()
        yield Town(stage, olga, cast)


async def test_any_time_is_waited_for_offered_and_taken(town: Town) -> None:
    """From /slots by buttons alone; the place is shown, both are asked, and the search ends with a word."""
    await town["Ann"].says("/slots")
    await town["Ann"].presses(await town["Ann"].sees_button("book:1"))
    await town["Bo"].presses(await town["Bo"].sees_button("hold:1:yes"))
    await town["Bo"].hears("confirmed")
    cy = town["Cy"]
    await cy.says("/slots")
    await cy.presses(await cy.sees_button("wait:any"))
    for data in ("wait:any:beijing:any", "wait:any:beijing:any:any"):
        await cy.presses(await cy.sees_button(data))
    await cy.presses(await cy.sees_button(re.compile(r"wait:any:beijing:any:any:\d{8}")))
    assert "you are number 1" in (await cy.hears("You and Di are waiting")).text
    await town["Di"].hears("Cy put you both on the waitlist")
    await town["Di"].says("/bookings")
    assert "any time in Beijing" in (await town["Di"].hears("Waiting for")).text
    await town["Ann"].forges("cancel:1:all")
    for name in ("Cy", "Di"):
        await town[name].hears("A time like the ones you are waiting for is free")
    await cy.presses("offer:1:yes")
    await town["Di"].presses(await town["Di"].sees_button(re.compile(r"hold:\d+:yes")))
    for name in ("Cy", "Di"):
        await town[name].hears("confirmed")
        await town[name].hears("We have stopped looking")
    assert await town.states(Booking) == ["cancelled", "confirmed"]
    assert await town.states(Wish) == ["met"]
    await cy.presses("wait:again:1")
    await cy.hears("Until when shall we look?")


async def test_a_wish_is_left_by_either(town: Town) -> None:
    """And a second press says that it is over."""
    eve, fay = town["Eve"], town["Fay"]
    day = f"{datetime.now(UTC) + timedelta(days=7):%Y%m%d}"
    await eve.forges(f"wait:any:beijing:evening:weekend:{day}")
    await eve.hears("any weekend evening in Beijing")
    await fay.presses(await fay.sees_button("wait:end:1"))
    await fay.hears("no longer waiting")
    await eve.hears("Fay took you both off")
    assert "not waiting" in (await eve.presses("wait:end:1")).text
    assert await town.states(Wish) == ["left"]


async def test_times_open_in_waves(town: Town) -> None:
    """Two pairs hear first; the third learns when it is their turn; the coordinator sees what came of it."""
    day = f"{datetime.now(UTC) + timedelta(days=5):%Y-%m-%d}"
    await town.olga.says(f"/newslots beijing {day} 09:00 3h")
    await town.olga.presses(await town.olga.sees_button("slots:1:waves"))
    for name in ("Ann", "Bo", "Cy", "Di"):
        assert "you are among the first" in (await town[name].hears("new studio time")).text
    early = await town["Eve"].forges("book:2")
    assert not early.alert
    assert "open to all" in (await town["Eve"].hears("have waited longest")).text
    await town["Eve"].sees_button(re.compile(r"wait:any:beijing:morning:(weekdays|weekend)"))
    await town["Ann"].presses(await town["Ann"].sees_button("times:0"))
    await town["Ann"].hears("Free times")
    await town.stage.forward(hours=2)
    for name in ("Eve", "Fay"):
        assert "among the first" not in (await town[name].hears("new studio time")).text
    await town["Eve"].presses(await town["Eve"].sees_button("book:2"))
    await town["Fay"].presses(await town["Fay"].sees_button(re.compile(r"hold:\d+:yes")))
    await town["Fay"].hears("confirmed")
    await town.olga.presses(await town.olga.sees_button("slots:1:card"))
    counts = (await town.olga.hears("booked: 1")).text
    assert "sent to 6 of 6" in counts
    assert "opened by 2 " in counts
    await town.olga.says("/openings")
    await town.olga.presses(await town.olga.sees_button("slots:all:count"))
