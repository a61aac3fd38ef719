"""Broadcasts over the real bot: from one line to everybody's chat, through trouble and a restart."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Person
from tests.stage import Stage


@pytest.fixture
async def crowd(stage: Stage) -> list[Person]:
    """Six people who began, every second one in Chinese."""
    people = []
    for number in range(6):
        person = await stage.client.person(f"P{number}", language_code="zh" if number % 2 else "en")
        await person.says("/start")
        await person.presses(await person.sees_button("lang:zh" if number % 2 else "lang:en"))
        await person.sees_button("consent:review")
        await person.heard()
        people.append(person)
    return people


async def finished(stage: Stage, olga: Person) -> str:
    """Let time pass until the card says that it is through."""
    for _ in range(5):
        await stage.forward(seconds=3)
        card = await olga.hears(re.compile("Broadcast|Sending"))
        if "Broadcast" in card.text:
            return card.text
    raise AssertionError("the broadcast never ended")


async def test_from_one_line_to_everybody(stage: Stage, crowd: list[Person]) -> None:
    """Previewed, tested, sent once however often pressed, escaped, counted."""
    olga = await stage.owner()
    words = "Studio <open> & ready: https://example.org/?a=1&b=2\n明天见"
    await olga.says(f"/broadcast all lang=zh | {words}")
    preview = await olga.hears("Nothing is sent yet")
    assert "3 people can be reached now." in preview.text
    assert words in preview.text
    assert [button.data for button in preview.buttons] == ["cast:1:send", "cast:1:test", "cast:1:stop"]
    await olga.presses("cast:1:test")
    assert (await olga.hears(re.compile(r"\AStudio"))).text == words
    await olga.presses("cast:1:send", times=3)
    assert "3 sent" in await finished(stage, olga)
    await stage.app.inbox.idle()
    for number, person in enumerate(crowd):
        assert [message.text for message in await person.heard()] == ([words] if number % 2 else [])


async def test_a_line_without_its_bar(stage: Stage) -> None:
    """What is missing is named, and the whole form shown."""
    olga = await stage.owner()
    await olga.says("/broadcast all hello everybody")
    told = await olga.hears("put a | before the text")
    assert "“hello”" in told.text
    assert "/broadcast approved city=beijing lang=zh | …" in told.text


async def test_led_through(stage: Stage, crowd: list[Person]) -> None:
    """Without arguments: two buttons and the typed words; /cancel leaves it."""
    olga = await stage.owner()
    await olga.says("/broadcast")
    await olga.presses("aim:applicants")
    await olga.presses("aim:applicants:*:en")
    await olga.hears("Now type the message")
    await olga.says("Hello | all=of you")
    preview = await olga.hears("Nothing is sent yet")
    assert "To: All applicants · English" in preview.text
    assert "Hello | all=of you" in preview.text
    await olga.presses("cast:1:stop")
    await olga.hears("nobody got this message")
    await olga.forges("aim:applicants:*:*")
    await olga.says("/cancel")
    await olga.says("these words are no broadcast")
    await asyncio.sleep(0.2)
    assert not [b for b in await olga.buttons() if (b.data or "").startswith("cast:")]


async def test_only_coordinators(stage: Stage, crowd: list[Person]) -> None:
    """Neither the command nor a forged button does anything for somebody else."""
    olga, mallory = await stage.owner(), crowd[0]
    await mallory.says("/broadcast all | Free money")
    await mallory.hears("for coordinators only")
    await olga.says("/broadcast all | Hello")
    await olga.sees_button("cast:1:send")
    for data in ("cast:1:send", "cast:1:test", "cast:1:stop", "aim:all:*:*"):
        answer = await mallory.forges(data)
        assert answer.alert
        assert "for coordinators only" in answer.text
    assert (await olga.forges("cast:1:explode")).alert
    assert (await olga.forges("cast:99:send")).text.startswith("There is no such broadcast")
    await crowd[1].hears_nothing()


async def test_every_ending_is_counted(stage: Stage, crowd: list[Person]) -> None:
    """Who blocked the bot unseen, and who may or may not have got it, are told apart."""
    olga = await stage.owner()
    await olga.says("/broadcast applicants | Hello")
    send = await olga.sees_button("cast:1:send")
    await crowd[0].changes(deactivated=True)  # unlike a block, this comes without an update
    await stage.client.fault("drop_after", "sendMessage", chat_id=crowd[1].id)
    await stage.client.fault("drop_before", "sendMessage", chat_id=crowd[2].id)
    await olga.presses(send)
    for person in (crowd[1], *crowd[3:]):
        await person.hears("Hello")
    text = await finished(stage, olga)
    assert "✅ Broadcast sent" in text
    assert "3 sent · 1 blocked the bot · 2 uncertain (not sent again)" in text
    await crowd[1].hears_nothing("Hello")
    await crowd[2].hears_nothing("Hello")


async def test_unreachable_people_are_not_counted(stage: Stage, crowd: list[Person]) -> None:
    """Who blocked the bot is no recipient; who comes back is one again."""
    olga = await stage.owner()
    await crowd[0].blocks()
    await stage.app.inbox.idle()
    await olga.says("/broadcast applicants | Hello")
    await olga.hears("5 people can be reached now.")
    await crowd[0].unblocks()
    await crowd[0].says("/start")
    await crowd[0].sees_button("consent:review")
    await olga.says("/broadcast applicants | Hello")
    await olga.hears("6 people can be reached now.")


@pytest.fixture
async def slow_stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """A stage on which ten messages go out a second."""
    stage = Stage(tmp_path, database_url)
    stage._policy = "[telegram]\nper_second = 10\nper_chat = 0\n"
    async with stage:
        yield stage


async def test_paused_restarted_resumed_and_nobody_twice(slow_stage: Stage) -> None:
    """A broadcast survives a restart in its middle, paused or not, and everybody gets it exactly once."""
    stage = slow_stage
    olga = await stage.owner()
    people = [await stage.client.person(f"P{n}") for n in range(30)]
    for person in people:
        await person.says("/start")
        await person.presses(await person.sees_button("lang:en"))
    for person in people:
        await person.sees_button("consent:review", timeout=20)
        await person.heard()
    await olga.says("/broadcast applicants | Hello")
    await olga.presses("cast:1:send")
    before = [0] * 30
    async with asyncio.timeout(20):
        while not sum(before):
            await asyncio.sleep(0.05)
            before = [len(await person.heard()) for person in people]
    await olga.presses("cast:1:pause")
    await asyncio.sleep(0.3)
    before = [known + len(await person.heard()) for known, person in zip(before, people, strict=True)]
    assert 0 < sum(before) < 30
    await stage.lower_curtain()
    await stage.raise_curtain()
    await asyncio.sleep(0.3)
    assert sum([len(await person.heard()) for person in people]) == 0, "it is still paused"
    await olga.presses("cast:1:resume")
    await asyncio.sleep(0.7)
    await stage.lower_curtain()
    await stage.raise_curtain()
    for person, count in zip(people, before, strict=True):
        if not count:
            await person.hears("Hello", timeout=20)
    for person in people:
        await person.hears_nothing("Hello", within=0.01)
    assert "30 sent" in await finished(stage, olga)
