"""getUpdates: what waits, what is confirmed, what is allowed, who polls."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bot.sandbox import Person, Sandbox, SandboxClient
from tests.sandbox.rawbot import RawBot

OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


def texts(updates: list[dict[str, Any]]) -> list[str]:
    """Return the texts of message updates."""
    return [update["message"]["text"] for update in updates]


async def test_an_update_is_whole(sandbox: Sandbox, api: RawBot, ann: Person) -> None:
    """A message arrives exactly as Telegram shapes it."""
    said = await ann.says("/start abc")
    [update] = await api.updates()
    user = {"id": ann.id, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    assert update == {
        "update_id": said["update_id"],
        "message": {
            "message_id": 1,
            "from": user,
            "chat": {"id": ann.id, "first_name": "Ann", "type": "private"},
            "date": update["message"]["date"],
            "text": "/start abc",
            "entities": [{"offset": 0, "length": 6, "type": "bot_command"}],
        },
    }
    assert abs(update["message"]["date"] - time.time()) < 5
    assert sandbox.world.updates.last_id == update["update_id"] > 2**26


async def test_updates_stay_until_confirmed(api: RawBot, ann: Person) -> None:
    """Without an offset the same ones come again; an offset confirms all before it."""
    for text in "abc":
        await ann.says(text)
    first = await api.result("getUpdates")
    assert texts(first) == ["a", "b", "c"]
    assert await api.result("getUpdates") == first
    assert await api.result("getUpdates", offset=first[1]["update_id"]) == first[1:]
    assert await api.result("getUpdates") == first[1:]
    assert await api.result("getUpdates", offset=first[2]["update_id"] + 1) == []
    assert await api.result("getUpdates") == []


async def test_a_limit_is_kept_and_corrected(api: RawBot, ann: Person) -> None:
    """The limit is 1 to 100; others are corrected, not refused."""
    for number in range(3):
        await ann.says(str(number))
    assert texts(await api.result("getUpdates", limit=2)) == ["0", "1"]
    assert texts(await api.result("getUpdates", limit=0)) == ["0"]
    assert texts(await api.result("getUpdates", limit=1000)) == ["0", "1", "2"]


async def test_a_negative_offset_keeps_the_last(api: RawBot, ann: Person) -> None:
    """-n gives the last n and forgets all before."""
    for text in "abcd":
        await ann.says(text)
    assert texts(await api.result("getUpdates", offset=-2)) == ["c", "d"]
    assert texts(await api.result("getUpdates")) == ["c", "d"]


async def test_an_offset_from_another_age_starts_anew(api: RawBot, ann: Person) -> None:
    """Telegram restarts numbering at random after a quiet week: a far higher offset loses nothing."""
    await ann.says("a")
    assert texts(await api.result("getUpdates", offset=2_000_000_000)) == ["a"]


async def test_a_long_poll_ends_with_the_first_update(api: RawBot, ann: Person) -> None:
    """Waiting ends at once when something comes, and empty when nothing does."""
    began = time.monotonic()
    poll = asyncio.create_task(api.updates(timeout=10))
    await asyncio.sleep(0.05)
    await ann.says("now")
    assert texts(await poll) == ["now"]
    assert time.monotonic() - began < 5
    assert await api.updates(timeout=1) == []


async def test_a_second_poll_ends_the_first(api: RawBot, ann: Person) -> None:
    """Two instances: the older call gets the conflict, the newer one the update."""
    first = asyncio.create_task(api("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(api("getUpdates", timeout=10))
    assert await first == {"ok": False, "error_code": 409, "description": OTHER}
    await ann.says("x")
    assert texts((await second)["result"]) == ["x"]


async def test_allowed_updates_persist(api: RawBot, ann: Person) -> None:
    """What is not allowed is never queued; leaving the list out keeps it, an empty one is the default."""
    await ann.says("first")
    assert texts(await api.updates(allowed_updates=["callback_query"])) == ["first"]
    assert (await ann.says("second"))["update_id"] is None
    assert await api.updates() == []
    assert await api.updates(allowed_updates=[]) == []
    await ann.says("third")
    assert texts(await api.updates()) == ["third"]


async def test_updates_grow_old(client: SandboxClient, api: RawBot, ann: Person) -> None:
    """A press waits 150 seconds, a message 24 hours."""
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("go"))
    await ann.says("hello")
    await client.post(f"people/{ann.id}/press", message_id=1, data="go")
    await client.advance(149)
    assert len(await api.result("getUpdates")) == 2
    await client.advance(2)
    assert texts(await api.result("getUpdates")) == ["hello"]
    await client.advance(24 * 3600)
    assert await api.result("getUpdates") == []


async def test_raw_updates_come_as_they_are(client: SandboxClient, api: RawBot) -> None:
    """Whatever object is injected, valid or not, is delivered with its own number or the next one."""
    number = await client.inject({"message": {"text": 5}})
    assert await api.updates() == [{"update_id": number, "message": {"text": 5}}]
    assert await client.inject({"update_id": number + 7, "nonsense": []}) == number + 7
    assert await api.updates() == [{"update_id": number + 7, "nonsense": []}]
    assert await client.inject({"update_id": 3, "x": 1}) == 3
    assert await api.result("getUpdates", offset=api.offset) == [{"update_id": 3, "x": 1}]
    assert await api.result("getUpdates", offset=api.offset) == []


async def test_an_update_is_delivered_again(client: SandboxClient, api: RawBot, ann: Person) -> None:
    """A confirmed update can come once more under its old number, before the fresh ones."""
    said = await ann.says("twice")
    first = await api.updates()
    await client.redeliver(said["update_id"])
    await ann.says("fresh")
    again = await api.result("getUpdates", offset=api.offset)
    assert again[0] == first[0]
    assert texts(again) == ["twice", "fresh"]


async def test_redelivery_wakes_a_poll(client: SandboxClient, api: RawBot, ann: Person) -> None:
    """It does not wait for something new to come."""
    said = await ann.says("x")
    await api.updates()
    poll = asyncio.create_task(api.result("getUpdates", offset=api.offset, timeout=10))
    await asyncio.sleep(0.05)
    await client.redeliver(said["update_id"])
    assert texts(await poll) == ["x"]


def keyboard(*data: str) -> dict[str, Any]:
    """Return a keyboard of one row."""
    return {"inline_keyboard": [[{"text": each, "callback_data": each} for each in data]]}
