"""The cast: hearing, seeing and pressing, and failures that tell what was there instead."""

from __future__ import annotations

import asyncio
import json
import re
import time

import aiohttp
import pytest

from bot.sandbox import Answer, Button, NotHeard, Person, SandboxClient
from tests.sandbox.rawbot import RawBot
from tests.sandbox.test_updates import keyboard


async def test_each_message_is_heard_once_in_any_order(api: RawBot, ann: Person) -> None:
    """What does not fit stays for later; what was heard is gone."""
    for text in ("first", "second", "third"):
        await api("sendMessage", chat_id=ann.id, text=text)
    assert (await ann.hears("SECOND")).text == "second"
    assert (await ann.hears()).text == "first"
    assert (await ann.hears(re.compile("^th"))).text == "third"
    with pytest.raises(NotHeard):
        await ann.hears("second", timeout=0.05)
    await ann.hears_nothing(within=0.05)
    await api("sendMessage", chat_id=ann.id, text="fourth")
    with pytest.raises(NotHeard, match="should have heard nothing, but: 'fourth'"):
        await ann.hears_nothing(within=0.05)


async def test_hearing_waits(api: RawBot, ann: Person) -> None:
    """A message that comes later is heard when it comes, an edit like a message."""
    waiting = asyncio.create_task(ann.hears("later"))
    await asyncio.sleep(0.05)
    await api("sendMessage", chat_id=ann.id, text="now")
    await api("editMessageText", chat_id=ann.id, message_id=1, text="later", reply_markup=keyboard("a"))
    heard = await waiting
    assert (heard.edited, heard.kind, heard.file_id, heard.message_id) == (True, "text", None, 1)
    assert heard.buttons == (Button("a", "a", None, ann.id, 1),)
    assert heard.button("a") == heard.button(re.compile("a$")) == heard.buttons[0]
    with pytest.raises(LookupError, match=r"no button 'b' among \['a'\]"):
        heard.button("b")
    assert [message.text for message in await ann.heard()] == ["now"]
    assert await ann.heard() == []


async def test_a_failure_tells_the_story(api: RawBot, ann: Person) -> None:
    """What came instead is listed, with buttons, and what was taken already."""
    await api("sendMessage", chat_id=ann.id, text="one")
    await api("sendMessage", chat_id=ann.id, text="two", reply_markup=keyboard("go", "stop"))
    await ann.hears("one")
    with pytest.raises(NotHeard) as failure:
        await ann.hears("three", timeout=0.05)
    assert str(failure.value) == (
        f"'three' was not heard in chat {ann.id} within 0.05 s. Heard:\n"
        "  #1 text: 'one' [] [taken]\n"
        "  #2 text: 'two' ['go', 'stop']"
    )


async def test_the_newest_button_is_seen(api: RawBot, ann: Person) -> None:
    """By the beginning of its data or an expression; removed ones are gone; one can wait for it."""
    await api("sendMessage", chat_id=ann.id, text="1", reply_markup=keyboard("vote:1:yes", "vote:1:no"))
    await api("sendMessage", chat_id=ann.id, text="2", reply_markup=keyboard("vote:2:yes"))
    assert (await ann.sees_button("vote:")).data == "vote:2:yes"
    assert (await ann.sees_button(re.compile(":no$"))).message_id == 1
    await api("editMessageReplyMarkup", chat_id=ann.id, message_id=2)
    assert (await ann.sees_button("vote:")).data == "vote:1:yes"
    with pytest.raises(NotHeard, match="no button 'book:' in chat") as failure:
        await ann.sees_button("book:", timeout=0.05)
    assert "  vote:1:yes (vote:1:yes)\n  vote:1:no (vote:1:no)" in str(failure.value)
    waiting = asyncio.create_task(ann.sees_button("book:"))
    await asyncio.sleep(0.05)
    await api("sendMessage", chat_id=ann.id, text="3", reply_markup=keyboard("book:7"))
    assert await waiting == Button("book:7", "book:7", None, ann.id, 3)


async def test_a_press_gets_its_answer(api: RawBot, ann: Person) -> None:
    """The toast comes back with the time it took; without an answer, that is said."""
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("yes", "yes:more"))
    pressing = asyncio.create_task(ann.presses("yes"))
    [update] = await api.updates(timeout=5)
    query = update["callback_query"]
    await api("answerCallbackQuery", callback_query_id=query["id"], text="Noted", show_alert=True)
    answer = await pressing
    assert answer.seconds is not None
    assert 0 < answer.seconds < 5
    assert answer == Answer("Noted", True, True, answer.seconds, query["id"])
    assert query["data"] == "yes"
    silent = await ann.presses("yes:", timeout=0.05)
    assert silent == Answer("", False, False, None, silent.press_id)
    forged = await ann.forges("admin:1", timeout=0.05)
    assert not forged.answered
    data = [u["callback_query"]["data"] for u in await api.updates()]
    assert data == ["yes:more", "admin:1"]


async def test_the_feed_tells_everything_in_order(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Numbered, timed, by chat and kind; a reader can wait for what comes next."""
    said = await ann.says("hello")
    await api("sendMessage", chat_id=ann.id, text="hi", reply_markup=keyboard("go"))
    await ann.presses("go", timeout=0.01)
    await api("deleteMessage", chat_id=ann.id, message_id=2)
    events = await client.events()
    assert [e["kind"] for e in events] == ["said", "message", "pressed", "deleted"]
    assert [e["seq"] for e in events] == [1, 2, 3, 4]
    assert [e["mono"] for e in events] == sorted(e["mono"] for e in events)
    assert all(abs(e["time"] - time.time()) < 10 for e in events)
    assert (events[0]["message"], events[0]["update_id"]) == (said["message"], said["update_id"])
    assert [e["seq"] for e in await client.events(kinds="said,deleted")] == [1, 4]
    assert await client.events(chat=1) == []
    assert [e["seq"] for e in await client.events(after=2, limit=1)] == [3]
    waiting = asyncio.create_task(client.events(after=4, timeout=5, chat=ann.id))
    await asyncio.sleep(0.05)
    bob = await client.person("Bob", started=True)
    await api("sendMessage", chat_id=bob.id, text="not hers")
    await api("sendMessage", chat_id=ann.id, text="hers")
    assert [e["message"]["text"] for e in await waiting] == ["hers"]
    assert await client.events(after=6, timeout=0.05) == []


async def test_the_stream_tells_the_same(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Server-sent events with the same numbers; a reader goes on where it broke off."""
    await ann.says("one")
    await ann.says("two")
    headers = {"Last-Event-ID": "1"}
    url = f"{client.url}/sandbox/stream"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.content_type == "text/event-stream"
        lines = [await answer.content.readline() for _ in range(4)]
        assert lines[:2] == [b"id: 2\n", b"event: said\n"]
        assert json.loads(lines[2].removeprefix(b"data: "))["message"]["text"] == "two"
        await ann.says("three")
        assert await answer.content.readline() == b"id: 3\n"
