"""The staff through the chat: their hours, being asked one after the other, cover, and the coordinator's choice."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.sandbox import Person
from tests.stage import Stage

POLICY = '[booking]\nstaff = 1\n[reminders]\nquiet = ""\n'


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """Sessions need one of the staff, and no hour is quiet."""
    async with Stage(tmp_path, database_url, POLICY) as stage:
        yield stage


async def joined(stage: Stage, olga: Person, name: str, language: str) -> Person:
    """Somebody who came by a link for the staff of Beijing."""
    await olga.says("/invite staff beijing")
    link = re.search(r"https://\S+", (await olga.hears("A link for one")).text)
    assert link
    person = await stage.client.person(name, language_code=language)
    await person.opens(link[0])
    await person.presses(await person.sees_button(f"lang:{language}"))
    await person.hears("/today")
    return person


async def book(stage: Stage, ann: Person, bo: Person) -> None:
    """The two are a pair and take the first slot."""
    await stage.pair(ann, bo)
    await ann.says("/slots")
    await ann.presses(await ann.sees_button("book:1"))
    await bo.presses(await bo.sees_button("hold:1:yes"))
    await ann.hears("confirmed")


async def test_from_the_week_to_the_cover(stage: Stage) -> None:
    """One is asked, the next after a no; who drops out of a booked session is replaced, and the coordinator sees it."""
    olga = await stage.owner()
    await olga.says('/studio add beijing "Dazhongsi studio" Asia/Shanghai rooms=1 zh="大钟寺录音棚"')
    await olga.hears("The studio is added")
    ben = await joined(stage, olga, "Ben", "en")
    wang = await joined(stage, olga, "王师傅", "zh")
    sun = await joined(stage, olga, "Sun", "en")

    await ben.says("/today")
    await ben.presses(await ben.sees_button("duty"))
    await ben.hears("No days off noted")
    await ben.presses("duty:week:beijing")
    await ben.presses(await ben.sees_button("duty:week:beijing:clear"))
    await ben.hears("An empty week is not kept")
    await ben.presses(await ben.sees_button("duty:week:beijing:=evenings"))
    await ben.presses(await ben.sees_button("duty:back"))
    assert "Sat 18–23" in (await ben.hears("When can you work?")).text
    await wang.says("/today")
    await wang.presses(await wang.sees_button("duty"))
    await wang.presses(await wang.sees_button("duty:off"))
    await wang.hears("哪几天来不了")
    await wang.says("明天")
    await wang.hears("2026-12-01")
    far = (datetime.now(UTC) + timedelta(days=40)).date()
    await wang.says(f"{far}")
    assert "休息日" in (await wang.hears("你什么时间能上班")).text

    day = (datetime.now(UTC) + timedelta(days=5)).date()
    await olga.says(f"/newslots beijing {day} 09:00 3h")
    await olga.presses(await olga.sees_button("slots:1:open"))
    await wang.presses(await wang.sees_button("shift:1:no"))
    await sun.presses(await sun.sees_button("shift:2:yes"))
    ann, bo = await stage.approved("Ann", city="beijing"), await stage.approved("Bo", city="beijing")
    await book(stage, ann, bo)

    await sun.presses(await sun.sees_button("shift:2:no"))
    alarm = await olga.hears("Sun (staff) cannot come to a booked session")
    assert "2 others are being asked" in alarm.text  # Ben at other hours than his, and who had said no
    assert not alarm.buttons
    await ben.hears("A colleague cannot come")
    await wang.presses(await wang.sees_button("shift:1:yes"))
    settled = await olga.hears("王师傅 takes over this session")
    assert settled.edited

    await wang.presses(await wang.sees_button("shift:1:no"))
    await olga.hears("王师傅 (staff) cannot come")


async def test_the_coordinator_calls_it_off(stage: Stage) -> None:
    """With nobody else to ask the question comes at once, and asks once more before it is done."""
    olga = await stage.owner()
    await olga.says('/studio add beijing "Dazhongsi studio" Asia/Shanghai rooms=1 zh="大钟寺录音棚"')
    await olga.hears("The studio is added")
    ben = await joined(stage, olga, "Ben", "en")
    day = (datetime.now(UTC) + timedelta(days=5)).date()
    await olga.says(f"/newslots beijing {day} 09:00 3h")
    await olga.presses(await olga.sees_button("slots:1:open"))
    await ben.presses(await ben.sees_button("shift:1:yes"))
    ann, bo = await stage.approved("Ann", city="beijing"), await stage.approved("Bo", "zh", city="beijing")
    await book(stage, ann, bo)

    await ben.presses(await ben.sees_button("shift:1:no"))
    assert "What shall become of it" in (await olga.hears("There is nobody else to ask")).text
    await olga.presses(await olga.sees_button("cover:1:off"))
    await olga.hears("Really call it off?")
    await olga.presses(await olga.sees_button("cover:1:back"))
    await olga.presses(await olga.sees_button("cover:1:off"))
    await olga.presses(await olga.sees_button("cover:1:sure"))
    await olga.hears("This session has been called off")
    await ann.hears("cancelled")
    await bo.hears("取消")
    assert "nothing to decide" in (await olga.forges("cover:1:fewer")).text
