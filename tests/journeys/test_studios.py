"""Studios, their times and their staff over the real bot: what coordinators, staff and pairs see and press."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.sandbox import Person
from bot.services import people
from tests.stage import Stage

ADD = (
    '/studio add beijing "Dazhongsi studio" Asia/Shanghai rooms=1 zh="大钟寺录音棚" address="1 <North> Road"'
)
AWAKE = '[reminders]\nquiet = ""\n'


@pytest.fixture
async def free(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """Sessions need nobody of the staff, and no hour is quiet."""
    async with Stage(tmp_path, database_url, f"[booking]\nstaff = 0\n{AWAKE}") as stage:
        yield stage


@pytest.fixture
async def staffed(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """Sessions need two of the staff, and no hour is quiet."""
    async with Stage(tmp_path, database_url, f"[booking]\nstaff = 2\n{AWAKE}") as stage:
        yield stage


def soon(days: int = 3) -> str:
    """A day that lies ahead, as it is typed."""
    return str((datetime.now(UTC) + timedelta(days=days)).date())


async def studio(stage: Stage) -> Person:
    """The owner, with a studio."""
    olga = await stage.owner()
    await olga.says(ADD)
    await olga.hears("The studio is added")
    return olga


async def staff(stage: Stage, olga: Person, name: str) -> Person:
    """Somebody who came by a link for the staff of Beijing."""
    await olga.says("/invite staff beijing")
    link = re.search(r"https://\S+", (await olga.hears("A link for one")).text)
    assert link
    person = await stage.client.person(name, language_code="en")
    await person.opens(link[0])
    await person.hears("studio staff in Beijing")
    await person.presses(await person.sees_button("lang:en"))
    await person.hears("/today")
    return person


async def pair(stage: Stage) -> tuple[Person, Person]:
    """Ann and Bo, approved and paired."""
    ann, bo = await stage.approved("Ann", city="beijing"), await stage.approved("Bo", city="beijing")
    await stage.pair(ann, bo)
    return ann, bo


async def test_a_studio_by_one_line(free: Stage) -> None:
    """It stands, in both languages and escaped; who was onboarded before is asked for the city."""
    ann = await free.newcomer("Ann")
    olga = await studio(free)
    await ann.presses(await ann.sees_button("city:beijing"))
    await olga.says("/studio")
    listed = await olga.hears(re.compile(r"\AStudios"))
    assert "#1 Dazhongsi studio · 大钟寺录音棚" in listed.text
    assert "1 <North> Road" in listed.text
    await olga.says("/studio change 1 rooms=2")
    assert "2 rooms" in (await olga.hears("Changed")).text
    async with free.app.units.reading() as look:
        person = await people.by_telegram_id(look, ann.id)
        assert person is not None
        assert person.city == "beijing"


async def test_a_studio_by_buttons(free: Stage) -> None:
    """Typed and pressed answers, a mistake on the way, and a double press of the last button."""
    olga = await free.owner()
    await olga.says("/studio")
    await olga.presses(await olga.sees_button("newstudio:go"))
    await olga.says("beijing")
    await olga.presses(await olga.sees_button("newstudio:city_names:skip"))
    await olga.says("Dazhongsi / 大钟寺")
    await olga.says("Beijing")
    assert "Asia/Shanghai" in (await olga.hears("is not a time zone")).text
    await olga.presses(await olga.sees_button("newstudio:zone:Asia/Shanghai"))
    await olga.presses(await olga.sees_button("newstudio:rooms:2"))
    await olga.says("1 North Road")
    await olga.presses(await olga.sees_button("newstudio:map:skip"))
    answer = await olga.presses(await olga.sees_button("newstudio:done"), times=2)
    assert answer.answered
    await olga.hears("The studio is added")
    await olga.says("/studio list")
    assert "#2" not in (await olga.hears("#1 Dazhongsi · 大钟寺")).text


async def test_a_line_that_cannot_be_read_leads_to_its_own_matter(free: Stage) -> None:
    """Changing and closing show their own form and the studios, not the way to a new one."""
    olga = await studio(free)
    for line, form in (("change 1", "/studio change 7"), ("close", "/studio close 7")):
        await olga.says(f"/studio {line}")
        told = await olga.hears("Something is missing")
        assert form in told.text
        assert [button.data for button in told.buttons] == ["studios"]


async def test_leaving_the_way(free: Stage) -> None:
    """After /cancel, typed words are nobody's answer, and the old button says so."""
    olga = await free.owner()
    await olga.says("/studio add")
    await olga.says("beijing")
    skip = await olga.sees_button("newstudio:city_names:skip")
    await olga.says("/cancel")
    stopped = await olga.hears("Stopped")
    assert "nothing was changed" in stopped.text
    assert "/start" not in stopped.text
    assert "answered" in (await olga.presses(skip)).text


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("/newslots mars 2026-12-01 09:00 3h", "no studio in “mars”"),
        ("/newslots beijing 2026-13-01 09:00 3h", "“2026-13-01” is not a day"),
        ("/newslots beijing 2026-12-07..2026-12-01 09:00 3h", "2026-12-01..2026-12-07"),
        ("/newslots beijing 2026-12-01 25:00 3h", "“25:00”"),
        ("/newslots beijing 2026-12-01 09:00,9:00 3h", "twice"),
        ("/newslots beijing 2026-12-01 09:00,11:00 3h", "11:00"),
        ("/newslots beijing 2026-12-01 09:00 13h", "“13h”"),
        ("/newslots beijing 2026-12-01 09:00", "length"),
        ("/newslots beijing 2026-12-01 09:00 3h now", "“now”"),
        ("/newslots beijing 2020-12-01 09:00 3h", "past"),
        ("/studio add beijing <b>", "the time zone"),
        ("/studio frob", "add, change, list, close or reopen"),
        ("/studio close 1 soon", "“soon” is not a day"),
        ("/studio close 1 2026-12-05T09:00", "from when to when"),
        ("/studio close 1 room=5 2099-12-05", "it has one room"),
        ("/studio close 1 2020-12-05", "over already"),
        ("/studio change 1 setup=long", "“long”"),
        ("/newslots beijing weekly mo-fx 09:00 3h", "“mo-fx”"),
        ("/newslots beijing rrule=FREQ=SECONDLY 09:00 3h", "“FREQ=SECONDLY”"),
        ("/newslots stop 9", "Nothing repeats yet"),
        ("/studio close 7", "number 7"),
        ("/invite staff mars", "no studio in “mars”"),
        ("/invite boss", "reviewer, coordinator or staff"),
    ],
)
async def test_what_cannot_be_read_is_explained(free: Stage, line: str, wanted: str) -> None:
    """The piece at fault, and a form that would do."""
    olga = await studio(free)
    await olga.says(line)
    await olga.hears(wanted)


async def test_from_a_line_to_an_announcement(free: Stage) -> None:
    """Preview, open, once however often pressed; the pair can book, who is alone finds a partner."""
    olga = await studio(free)
    ann, bo = await pair(free)
    zoe = await free.approved("Zoe", city="beijing")
    await olga.says(f"/newslots beijing {soon()}..{soon(4)} 09:00,14:00,18:00 3h")
    preview = await olga.hears("Preview")
    assert "2 days × 3 times × one room" in preview.text
    await olga.presses(await olga.sees_button("slots:1:open"), times=3)
    await olga.hears("All 6 are open")
    for person in (ann, bo):
        told = await person.hears("6 new studio times are free")
        expected = [*(f"book:{slot}" for slot in range(1, 7)), "times:0"]
        assert [button.data for button in told.buttons] == expected
    assert "pair:find" in [b.data for b in (await zoe.hears("6 new studio times are free")).buttons]
    await ann.hears_nothing("new studio times")
    await olga.says("/openings")
    assert "3 free" in (await olga.hears("Beijing")).text
    await olga.presses(await olga.sees_button("slots:beijing:again"), times=2)
    await ann.hears("6 studio times are still free")
    await ann.hears_nothing("still free")


async def test_a_preview_can_be_dropped(free: Stage) -> None:
    """Nothing was created, and the old buttons say so."""
    olga = await studio(free)
    await olga.says(f"/newslots beijing {soon()} 09:00 3h")
    drop = await olga.sees_button("slots:1:drop")
    await olga.presses(drop)
    await olga.hears("nothing was created")
    assert "dropped" in (await olga.forges("slots:1:open")).text
    await olga.says("/openings")
    await olga.hears("Nothing is planned")


async def test_slots_by_buttons(free: Stage) -> None:
    """Days, times, a length that does not fit, one that does."""
    olga = await studio(free)
    await olga.says("/newslots")
    await olga.presses(await olga.sees_button("plan:dates:0"))
    await olga.says("09:00 14:00")
    await olga.says("6h")
    await olga.hears("14:00")
    await olga.presses(await olga.sees_button("plan:length:1"))
    await olga.hears("7 days × 2 times × one room")


async def test_two_of_the_staff_open_a_slot(staffed: Stage) -> None:
    """One is not enough; with the second the slot opens, and two minutes later it is announced."""
    olga = await studio(staffed)
    ann, _ = await pair(staffed)
    ben, cat = await staff(staffed, olga, "Ben"), await staff(staffed, olga, "Cat")
    await olga.says(f"/newslots beijing {soon()} 09:00,14:00 3h")
    await olga.presses(await olga.sees_button("slots:1:open"))
    await olga.hears("0 of 2 are open")
    await ben.presses(await ben.sees_button("shift:1:yes"))
    await olga.hears(re.compile("0 of 2 are open.*one person", re.DOTALL))
    await cat.presses(await cat.sees_button("shift:3:yes"))
    await olga.hears("1 of 2 are open")
    await ann.hears_nothing("studio time")
    await staffed.forward(minutes=2)
    await ann.hears("A new studio time is free")
    await ben.says("/today")
    shifts = await ben.hears("To answer")
    assert "Dazhongsi studio" in shifts.text
    assert "Times in China Standard Time." in shifts.text


async def test_the_last_place_goes_to_one(tmp_path: Path, database_url: str) -> None:
    """Two press at once: one runs it, the other is thanked; a room at the same time is refused."""
    async with Stage(tmp_path, database_url, f'[booking]\nstaff = 1\nask_next = ""\n{AWAKE}') as stage:
        olga = await studio(stage)
        await olga.says("/studio change 1 rooms=2")
        ben, cat = await staff(stage, olga, "Ben"), await staff(stage, olga, "Cat")
        await olga.says(f"/newslots beijing {soon()} 09:00 3h")
        await olga.presses(await olga.sees_button("slots:1:open"))
        buttons = [await ben.sees_button("shift:1:yes"), await cat.sees_button("shift:3:yes")]
        answers = await asyncio.gather(ben.presses(buttons[0]), cat.presses(buttons[1]))
        won = [answer for answer in answers if answer.text.startswith("✅")]
        lost = [answer for answer in answers if answer.alert]
        assert len(won) == len(lost) == 1
        winner = ben if answers[0] is won[0] else cat
        other_room = "shift:2:yes" if winner is ben else "shift:4:yes"
        assert "at that time" in (await winner.presses(other_room)).text


async def test_only_coordinators_and_only_ones_own(staffed: Stage) -> None:
    """Forged presses and foreign commands are refused with a reason, and change nothing."""
    olga = await studio(staffed)
    ben, cat = await staff(staffed, olga, "Ben"), await staff(staffed, olga, "Cat")
    await olga.says(f"/newslots beijing {soon()} 09:00 3h")
    await olga.sees_button("slots:1:open")
    for forged in ("slots:1:open", "slots:beijing:again", "studio:1:closed", "invite:coordinator", "plan:go"):
        assert "for coordinators only" in (await cat.forges(forged)).text
    for command in ("/studio", "/newslots", "/openings", "/invite coordinator"):
        await cat.says(command)
        await cat.hears("for coordinators only")
    await olga.presses("slots:1:open")
    await ben.sees_button("shift:1:yes")
    assert "not yours" in (await cat.forges("shift:1:yes")).text
    assert "not yours" in (await olga.forges("shifts:1:1:yes")).text
    for nonsense in (
        "shift:999:yes",
        "shift:x:yes",
        "shift:1:maybe",
        "slots:1:fly",
        "slots:x:open",
        "studio:9:show",
    ):
        assert (await olga.forges(nonsense)).alert
    await olga.says("/openings")
    await olga.hears("lacks staff")


async def test_closing_a_studio(free: Stage) -> None:
    """It says what it touches, then does it; the times are gone from everywhere."""
    olga = await studio(free)
    await olga.says(f"/newslots beijing {soon()} 09:00,14:00 3h")
    await olga.presses(await olga.sees_button("slots:1:open"))
    await olga.hears("All 2 are open")
    await olga.says("/studio close 1")
    await olga.hears("2 times")
    await olga.presses(await olga.sees_button("studio:1:closed"))
    await olga.hears("is closed")
    assert "closed" in (await olga.forges("studio:1:show")).text
    await olga.says("/studio")
    await olga.hears("There is no studio yet")


async def test_slots_that_repeat_by_one_line(free: Stage) -> None:
    """Preview, start however often pressed, new days by themselves, a day left out, and an end to it."""
    olga = await studio(free)
    ann, _ = await pair(free)
    await olga.says("/newslots beijing weekly mo-su 09:00,14:00 3h ahead=2d")
    preview = await olga.hears("this would repeat")
    assert "4 sessions would be created at once" in preview.text
    await olga.presses(await olga.sees_button("tmpl:1:start"), times=3)
    await olga.hears("It repeats from now on")
    await ann.hears("4 new studio times are free")
    await free.forward(days=1, hours=12)
    await ann.hears(re.compile("new studio times? (is|are) free"))
    await olga.presses(await olga.sees_button("tmpl:1:skip"))
    day = await olga.sees_button(re.compile(r"tmpl:1:skip:20"))
    await olga.presses(day)
    await olga.hears("Left out")
    assert "none of its days" in (await olga.forges(day.data)).text
    await olga.presses(await olga.sees_button("tmpl:1:stop"))
    await olga.presses(await olga.sees_button("tmpl:1:stopped"))
    await olga.hears("nothing more is added")
    await olga.says("/newslots list")
    await olga.hears("Nothing repeats yet")


async def test_slots_that_repeat_by_buttons(free: Stage) -> None:
    """Every week, weekdays, times, length; back on the way; then the preview is dropped."""
    olga = await studio(free)
    await olga.says("/newslots")
    await olga.presses(await olga.sees_button("plan:dates:weekly"))
    await olga.presses(await olga.sees_button("plan:back:weekdays"))
    await olga.says("工作日")
    await olga.presses(await olga.sees_button("plan:times:0"))
    await olga.presses(await olga.sees_button("plan:length:1"))
    assert "every week: Mon, Tue, Wed, Thu and Fri" in (await olga.hears("this would repeat")).text
    await olga.presses(await olga.sees_button("tmpl:1:drop"))
    await olga.hears("nothing was created")
    assert "does not repeat any more" in (await olga.forges("tmpl:1:start")).text


async def test_closing_for_a_while(free: Stage) -> None:
    """What it touches is named, a booking that comes meanwhile too; then all are told, and it opens again."""
    olga = await studio(free)
    ann, bo = await pair(free)
    await olga.says(f"/newslots beijing {soon()}..{soon(4)} 09:00 3h")
    await olga.presses(await olga.sees_button("slots:1:open"))
    await olga.hears("All 2 are open")
    await olga.says("/studio")
    await olga.presses(await olga.sees_button("studio:1:show"))
    await olga.presses(await olga.sees_button("rest:1:go"))
    await olga.says(soon())
    await olga.hears("Why?")
    await olga.says("a <burst> pipe")
    assert "One free time" in (await olga.hears("Close for a while?")).text
    await ann.presses(await ann.sees_button("book:1"))
    await bo.presses(await bo.sees_button("hold:1:yes"))
    await olga.presses(await olga.sees_button("closure:1:apply"))
    again = await olga.hears("one more session has been booked since")
    assert "Ann and Bo" in again.text
    await olga.presses(await olga.sees_button("closure:1:apply"), times=2)
    await olga.hears("Nothing is planned there")
    for person in (ann, bo):
        told = await person.hears("a <burst> pipe")
        assert [button.data for button in told.buttons] == ["book:2"]
    await olga.says(f"/newslots beijing {soon()} 09:00 3h")
    await olga.hears("The rooms are closed")
    await olga.says("/studio reopen 1")
    await olga.presses(await olga.sees_button("closure:1:show"))
    await olga.presses(await olga.sees_button("closure:1:lift"))
    await olga.hears("Open again")
    await olga.says(f"/newslots beijing {soon()} 09:00 3h")
    await olga.hears("Preview")


async def test_setting_up_and_cleaning_up(free: Stage) -> None:
    """Given by a button, seen on the studio's card, kept by plans."""
    olga = await studio(free)
    await olga.says("/studio")
    await olga.presses(await olga.sees_button("studio:1:show"))
    await olga.presses(await olga.sees_button("studio:1:set:cleanup"))
    await olga.says("30m")
    assert "30 min to clean up" in (await olga.hears("Changed")).text
    await olga.says(f"/newslots beijing {soon()} 09:00,12:00 3h")
    assert "one leaves less than 30 min" in (await olga.hears("Preview")).text
