"""Booking as people live it: from free times to the last reminder, with everything that comes between."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlmodel import col, select, update

from bot.sandbox import Person
from storage.tables import Booking, OutboxRow, Slot, Studio
from tests.helpers import a_slot, a_studio
from tests.stage import Stage

LOUD = """
[reminders]
quiet = ""
"""
"""Tests run at any hour of the day, and are about something else."""


@dataclass
class Town:
    """A studio, two pairs, and Zoe without a partner.

    Slots 1, 2 and 3 follow each other from `start`, three days ahead; 4 begins half an hour later next door.
    """

    stage: Stage
    start: datetime
    ann: Person
    bo: Person
    cy: Person
    di: Person
    zoe: Person

    @property
    def everybody(self) -> tuple[Person, ...]:
        """The five."""
        return (self.ann, self.bo, self.cy, self.di, self.zoe)

    async def until(self, moment: datetime) -> None:
        """Move the bot's clock to a moment."""
        await self.stage.forward(seconds=(moment - self.stage.app.units.clock()).total_seconds())

    async def states(self) -> list[str]:
        """The states of all bookings, in the order of their making."""
        async with self.stage.app.units.reading() as look:
            return list(await look.tx.all(select(Booking.state).order_by(col(Booking.id))))

    async def slot(self, slot_id: int) -> str:
        """The state of a slot."""
        async with self.stage.app.units.reading() as look:
            return (await look.tx.one(select(Slot).where(Slot.id == slot_id))).state

    async def calendar(self, person: Person) -> tuple[str, int, str]:
        """Name, number and status of the next calendar file that somebody gets."""
        heard = await person.hears("calendar", kind="document")
        data = await self.stage.client.download(heard.message["document"]["file_id"])
        (event,) = Calendar.from_ical(data).walk("VEVENT")
        return str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"])

    async def books(self, slot_id: int, first: Person, second: Person) -> None:
        """A pair books a slot that is on the first page of free times."""
        await first.says("/slots")
        await first.hears("Free times")
        await first.presses(await first.sees_button(re.compile(rf"book:{slot_id}$")))
        await second.presses(await second.sees_button(re.compile(r"hold:\d+:yes")))
        for person in (first, second):
            await person.hears("confirmed")
            await person.hears("calendar", kind="document")


@pytest.fixture
async def town(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """The operation at work."""
    async with Stage(tmp_path, database_url, LOUD) as stage:
        await stage.owner()
        start = (datetime.now(UTC) + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
        async with stage.app.units.writing("the studio") as unit:
            studio = await a_studio(unit)
            await unit.tx.change(
                update(Studio).where(col(Studio.id) == studio.id).values(address="1 Dazhongsi East Road")
            )
            for hours, room in ((0, 1), (3, 1), (6, 1), (0.5, 2)):
                await a_slot(unit, studio, start + timedelta(hours=hours), room=room)
        cast = [await stage.approved(name, city="beijing") for name in ("Ann", "Bo", "Cy", "Di", "Zoe")]
        for one, other in (cast[:2], cast[2:4]):
            await stage.pair(one, other)
        town = Town(stage, start, *cast)
        for person in town.everybody:
            await person.heard()
        yield town


async def test_from_free_times_to_the_last_reminder(town: Town) -> None:
    """Pressed, agreed to, in both calendars, reminded of, and at last the way there."""
    ann, bo = town.ann, town.bo
    await ann.says("/slots")
    assert "Beijing studio" in (await ann.hears("Free times")).text
    await ann.presses(await ann.sees_button("book:1"))
    await ann.hears("Held for you and Bo")
    assert "Ann would like to record with you" in (await bo.hears("Ann")).text
    await bo.presses("hold:1:yes")
    for person in (ann, bo):
        await person.hears("confirmed")
        assert await town.calendar(person) == ("booking-1@duologue", 1, "CONFIRMED")
    await town.until(town.start - timedelta(hours=24))
    for person in (ann, bo):
        await person.hears("reminder")
        await person.presses("attend:1:yes")
        await person.hears("You are coming")
    assert await town.states() == ["attending"]
    await town.until(town.start - timedelta(hours=2))
    assert "Dazhongsi" not in (await ann.hears("reminder")).text
    await town.until(town.start - timedelta(minutes=30))
    assert "1 Dazhongsi East Road" in (await ann.hears("reminder")).text


async def test_two_pairs_press_at_the_same_instant(town: Town) -> None:
    """One gets it, the other is told and offered the next best; pressing again and again changes nothing."""
    for person in (town.ann, town.cy):
        await person.says("/slots")
        await person.hears("Free times")
    answers = await asyncio.gather(
        town.ann.presses(await town.ann.sees_button("book:1")),
        town.cy.presses(await town.cy.sees_button("book:1")),
    )
    held = [answer.text.startswith("Held") for answer in answers]
    assert sorted(held) == [False, True]
    winner, loser = (town.ann, town.cy) if held[0] else (town.cy, town.ann)
    refused = await loser.hears("Another pair was first")
    buttons = [button.data for button in refused.buttons]
    assert buttons == ["book:4", "book:2", "book:3", "wait:1", "times:0", "wait:any"]
    assert await town.states() == ["held"]
    again = await winner.presses("book:1", times=3)
    assert "have this time already" in again.text
    assert await town.states() == ["held"]


async def test_yes_and_no_at_the_same_instant(town: Town) -> None:
    """Both partners decide at once, one by taking it back: the session is on for both or off for both."""
    await town.ann.says("/slots")
    await town.ann.presses(await town.ann.sees_button("book:1"))
    await town.bo.sees_button("hold:1:yes")
    await town.ann.presses("cancel:1")
    await town.ann.sees_button("cancel:1:all")
    await asyncio.gather(town.bo.presses("hold:1:yes"), town.ann.presses("cancel:1:all"))
    assert await town.states() == ["cancelled"]
    assert await town.slot(1) == "open"
    for person in (town.ann, town.bo):
        await person.hears("cancelled")


async def test_silence_frees_the_slot(town: Town) -> None:
    """Half an hour later both know, and the other pair can book; the old button says what became of it."""
    await town.ann.says("/slots")
    await town.ann.presses(await town.ann.sees_button("book:1"))
    await town.bo.sees_button("hold:1:yes")
    await town.stage.forward(minutes=30)
    await town.ann.hears("Bo did not answer in time")
    await town.bo.hears("You did not answer in time")
    late = await town.bo.presses("hold:1:yes")
    assert late.text == ""
    await town.bo.hears("kept for you two only for a while")
    await town.bo.sees_button("book:1")
    await town.books(1, town.cy, town.di)
    assert await town.states() == ["expired", "confirmed"]


async def test_cancelling_late_twice_blocks(town: Town) -> None:
    """The price is said before and after, and the block with its end."""
    await town.books(1, town.ann, town.bo)
    await town.books(2, town.bo, town.ann)
    await town.ann.presses("cancel:1")
    assert "free until" in (await town.ann.hears("Cancel this session?")).text
    await town.until(town.start - timedelta(hours=10))
    for booking in (1, 2):
        await town.ann.presses(f"cancel:{booking}")
        assert "strike" in (await town.ann.hears("It is late")).text
        await town.ann.presses(f"cancel:{booking}:all")
        told = await town.ann.hears("counts as a strike")
        assert f"{booking} of 2" in told.text
        assert await town.calendar(town.bo) == (f"booking-{booking}@duologue", 2, "CANCELLED")
    assert "You cannot book until" in told.text
    assert await town.states() == ["cancelled", "cancelled"]
    await town.bo.says("/slots")
    await town.bo.hears("Your partner cannot book until")
    await town.ann.says("/bookings")
    await town.ann.hears("2 of 2")


async def test_moving_to_an_overlapping_time(town: Town) -> None:
    """Half an hour later next door: the old time stays until the yes, the calendar keeps one entry."""
    await town.books(1, town.ann, town.bo)
    await town.ann.presses("move:1")
    await town.ann.hears("New times")
    await town.ann.presses(await town.ann.sees_button("book:4:1"))
    await town.bo.hears("would like to move")
    assert (await town.states(), await town.slot(1), await town.slot(4)) == (
        ["confirmed", "held"],
        "taken",
        "taken",
    )
    await town.bo.presses("hold:2:yes")
    for person in (town.ann, town.bo):
        await person.hears("It replaces")
        assert await town.calendar(person) == ("booking-1@duologue", 2, "CONFIRMED")
    assert (await town.states(), await town.slot(1)) == (["cancelled", "confirmed"], "open")
    await town.until(town.start - timedelta(hours=24))
    await town.ann.hears_nothing("reminder", within=1.5)
    await town.until(town.start - timedelta(hours=23, minutes=30))
    await town.ann.hears("reminder")


async def test_the_waitlist_moves_up(town: Town) -> None:
    """Full, waited for, freed, offered to both, taken, confirmed."""
    await town.books(1, town.ann, town.bo)
    await town.cy.says("/slots")
    await town.cy.presses(await town.cy.sees_button("wait:1"))
    await town.cy.hears("number 1")
    await town.di.hears("Cy")
    await town.ann.presses("cancel:1")
    await town.ann.presses(await town.ann.sees_button("cancel:1:all"))
    for person in (town.cy, town.di):
        await person.hears("is free")
    await town.di.presses("offer:1:yes")
    await town.cy.presses(await town.cy.sees_button(re.compile(r"hold:\d+:yes")))
    for person in (town.cy, town.di):
        await person.hears("confirmed")
    assert await town.states() == ["cancelled", "confirmed"]


async def test_a_stand_in_saves_the_session(town: Town) -> None:
    """One cannot come, somebody from the pool can: a new pair, a confirmed session, three right calendars."""
    await town.books(1, town.ann, town.bo)
    await town.zoe.forges("pair:find")
    await town.zoe.hears("looking for a partner")
    await town.bo.presses("cancel:1")
    await town.bo.presses(await town.bo.sees_button("cancel:1:me"))
    assert await town.calendar(town.bo) == ("booking-1@duologue", 2, "CANCELLED")
    await town.ann.hears("Bo cannot come")
    for person in (town.zoe, town.ann):
        await person.presses(await person.sees_button(re.compile(r"match:\d+:yes")))
    for person in (town.zoe, town.ann):
        await person.hears("confirmed")
        assert await town.calendar(person) == ("booking-1@duologue", 3, "CONFIRMED")
    stale = await town.bo.presses("cancel:1")
    assert "no longer in this session" in stale.text
    assert await town.states() == ["confirmed"]


async def test_no_stand_in_ends_it(town: Town) -> None:
    """Twelve hours later nobody was found: told once, and the slot is free."""
    await town.books(1, town.ann, town.bo)
    await town.bo.presses("cancel:1")
    await town.bo.presses(await town.bo.sees_button("cancel:1:me"))
    await town.ann.hears("Bo cannot come")
    await town.stage.forward(hours=12)
    await town.ann.hears("no stand-in")
    assert await town.calendar(town.ann) == ("booking-1@duologue", 3, "CANCELLED")
    assert (await town.states(), await town.slot(1)) == (["cancelled"], "open")


async def test_nothing_is_lost_or_doubled_by_a_restart(town: Town) -> None:
    """Down between hold and yes, down when the hold ends, down when the reminder is due."""
    await town.ann.says("/slots")
    await town.ann.presses(await town.ann.sees_button("book:1"))
    await town.bo.sees_button("hold:1:yes")
    await town.stage.lower_curtain()
    await town.stage.raise_curtain()
    await town.bo.presses("hold:1:yes")
    await town.ann.hears("confirmed")
    await town.ann.says("/slots")
    await town.ann.presses(await town.ann.sees_button("book:2"))
    await town.bo.sees_button("hold:2:yes")
    await town.stage.lower_curtain()
    await town.until(town.start - timedelta(hours=23))
    await town.stage.raise_curtain()
    for person in (town.ann, town.bo):
        await person.hears("did not answer in time")
        await person.hears("reminder")
    await town.stage.lower_curtain()
    await town.stage.raise_curtain()
    async with town.stage.app.units.reading() as look:
        sent = await look.tx.all(select(OutboxRow.chat_id).where(OutboxRow.kind == "Reminder"))
    assert sorted(sent) == sorted([town.ann.id, town.bo.id])
    assert await town.states() == ["confirmed", "expired"]


@pytest.mark.parametrize("moment", ["held", "confirmed", "offered"])
async def test_forged_presses_do_nothing(town: Town, moment: str) -> None:
    """Every verb with every choice, pressed by people whom it is none of their business."""
    if moment == "held":
        await town.ann.says("/slots")
        await town.ann.presses(await town.ann.sees_button("book:1"))
        await town.bo.sees_button("hold:1:yes")
    else:
        await town.books(1, town.ann, town.bo)
    if moment == "offered":
        await town.cy.forges("wait:1")
        await town.cy.hears("number 1")
        await town.ann.presses("cancel:1")
        await town.ann.presses(await town.ann.sees_button("cancel:1:all"))
        await town.cy.sees_button("offer:1:yes")
    before = (await town.states(), [await town.slot(n) for n in range(1, 5)])
    strangers = (town.zoe,) if moment == "offered" else (town.zoe, town.di)
    for data in FORGED:
        for person in strangers:
            answer = await person.forges(data)
            assert answer.alert or answer.text == "You cannot have that time.", (
                f"{data} by {person.name}: {answer}"
            )
    assert (await town.states(), [await town.slot(n) for n in range(1, 5)]) == before


FORGED = (
    "book:1",
    "book:2:1",
    "book:999",
    "book:-1",
    "book:1:2:3",
    "times:0:1",
    "times:999999999999999999",
    *(f"hold:{n}:{choice}" for n in (1, 999) for choice in ("yes", "no", "maybe")),
    *(f"attend:{n}:{choice}" for n in (1, 999) for choice in ("yes", "no", "")),
    *(f"cancel:{n}{choice}" for n in (1, 999) for choice in ("", ":all", ":me", ":keep", ":everything")),
    "move:1",
    "move:999",
    "wait:999",
    "wait:1:leave",
    "wait:1:stay",
    *(f"wait:{what}:{n}" for what in ("end", "again") for n in (1, 999, "x")),
    *(
        f"wait:any:{rest}"
        for rest in ("mars", "beijing:noon", "beijing:any:monday", "beijing:any:any:20200101")
    ),
    "wait:any:beijing:any:any:tomorrow",
    *(f"offer:{n}:{choice}" for n in (1, 999) for choice in ("yes", "no", "both")),
)
"""What a modified client might send, with what is not theirs and with what is nothing at all."""
