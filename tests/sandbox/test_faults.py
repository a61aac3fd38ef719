"""Trouble on demand, and flood limits."""

from __future__ import annotations

import time

import aiohttp
import pytest

from bot.sandbox import Person, SandboxClient
from bot.sandbox.flood import Flood
from bot.sandbox.settings import FloodLimits
from tests.sandbox.rawbot import RawBot


async def test_dropped_before_it_happened(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The connection closes and nothing was sent; the next call is served."""
    await client.fault("drop_before", "sendMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await api("sendMessage", chat_id=ann.id, text="x")
    assert await ann.reads() == []
    assert (await api("sendMessage", chat_id=ann.id, text="y"))["ok"]
    assert [entry["status"] for entry in await client.requests("sendMessage")] == [None, 200]


async def test_dropped_after_it_happened(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The message arrived, the answer did not: what a bot cannot tell from the other."""
    await client.fault("drop_after", "sendMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await api("sendMessage", chat_id=ann.id, text="x")
    assert await ann.reads() == ["x"]


@pytest.mark.parametrize("status", [500, 502])
async def test_an_error_page(api: RawBot, client: SandboxClient, ann: Person, status: int) -> None:
    """HTML as a proxy sends it, and nothing happened."""
    await client.fault("error", status=status)
    url = f"{api.base}/sendMessage"
    async with api.session.post(url, json={"chat_id": ann.id, "text": "x"}) as answer:
        assert (answer.status, answer.content_type) == (status, "text/html")
        assert "<center>nginx/1.18.0</center>" in await answer.text()
    assert await ann.reads() == []


async def test_malformed_json(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """It happened, but the answer breaks off."""
    await client.fault("malformed")
    url = f"{api.base}/sendMessage"
    async with api.session.post(url, json={"chat_id": ann.id, "text": "x"}) as answer:
        assert (answer.status, await answer.read()) == (200, b'{"ok":true,"result":')
    assert await ann.reads() == ["x"]


async def test_a_delay_and_a_wait(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """A slow answer is a good one; 429 says how long to wait."""
    await client.fault("delay", seconds=0.2)
    began = time.monotonic()
    assert (await api("getMe"))["ok"]
    assert time.monotonic() - began >= 0.2
    await client.fault("retry_after", seconds=7)
    assert await api("sendMessage", chat_id=ann.id, text="x") == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7},
    }


async def test_faults_strike_what_they_are_meant_for(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """By method, by chat, as often as ordered, and not after they were called off."""
    bob = await client.person("Bob", started=True)
    await client.fault("retry_after", "sendmessage", chat_id=ann.id, times=2, seconds=1)
    assert (await api("getMe"))["ok"]
    assert (await api("sendMessage", chat_id=bob.id, text="x"))["ok"]
    codes = [(await api("sendMessage", chat_id=ann.id, text="x")).get("error_code") for _ in range(3)]
    assert codes == [429, 429, None]
    await client.fault("retry_after")
    [waiting] = await client.get("faults")
    assert (waiting["kind"], waiting["times"]) == ("retry_after", 1)
    await client.request("DELETE", "faults")
    assert (await api("getMe"))["ok"]
    events = await client.events(kinds="fault")
    assert [(e["method"], e["fault"]) for e in events] == [("sendMessage", "retry_after")] * 2


async def test_flood_limits_are_off_until_wanted(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Switched on, the seventh message at once to one chat is refused and counted."""
    for _ in range(10):
        assert (await api("sendMessage", chat_id=ann.id, text="x"))["ok"]
    await client.settings(flood=True)
    codes = [(await api("sendMessage", chat_id=ann.id, text="x")).get("error_code") for _ in range(8)]
    assert codes == [None] * 6 + [429] * 2
    assert (await client.info())["flood_refusals"] == 2
    bob = await client.person("Bob", started=True)
    assert (await api("sendMessage", chat_id=bob.id, text="x"))["ok"]


def test_one_chat() -> None:
    """A burst, then one a second."""
    flood, limits = Flood(), FloodLimits(burst=2)
    assert [flood.check(limits, 1, now) for now in (0.0, 0.0, 0.0, 0.5, 1.1, 1.2)] == [0, 0, 1, 1, 0, 1]
    assert flood.refused == 3


def test_one_group() -> None:
    """Twenty in any minute, however spread."""
    flood, limits = Flood(), FloodLimits(burst=100)
    assert [flood.check(limits, -1, float(now)) for now in range(20)] == [0] * 20
    assert flood.check(limits, -1, 30.0) == 30
    assert flood.check(limits, -1, 60.5) == 0
    assert flood.check(limits, -1, 60.6) == 1


def test_all_chats_together() -> None:
    """Thirty at once, then thirty a second."""
    flood, limits = Flood(), FloodLimits()
    assert sum(flood.check(limits, chat, 0.0) == 0 for chat in range(1, 41)) == 30
    assert sum(flood.check(limits, chat, 0.5) == 0 for chat in range(101, 141)) == 15
