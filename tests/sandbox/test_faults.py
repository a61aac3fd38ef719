"""Trouble on demand, and flood limits."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from bot.sandbox import Person, Sandbox, SandboxClient
from bot.sandbox.client import SandboxError
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
    log = [(entry["status"], entry["fault"]) for entry in await client.requests("sendMessage")]
    assert log == [(None, "drop_before"), (200, None)]


async def test_dropped_after_it_happened(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The message arrived, the answer did not: what a bot cannot tell from the other."""
    await client.fault("drop_after", "sendMessage")
    with pytest.raises(aiohttp.ClientConnectionError):
        await api("sendMessage", chat_id=ann.id, text="x")
    assert await ann.reads() == ["x"]


@pytest.mark.parametrize(("kind", "arrived"), [("hang_before", []), ("hang_after", ["x"])])
async def test_no_answer(
    api: RawBot, client: SandboxClient, ann: Person, kind: str, arrived: list[str]
) -> None:
    """Nothing is answered, whether it happened or not, and after a while the connection closes."""
    await client.fault(kind, "sendMessage", seconds=0.1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await api("sendMessage", chat_id=ann.id, text="x")
    assert await ann.reads() == arrived
    [entry] = await client.requests("sendMessage")
    assert entry["status"] is None
    assert entry["seconds"] >= 0.1


async def test_who_hangs_up_ends_the_silence(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """A bot that lost its patience is not waited for."""
    await client.fault("hang_after", "sendMessage", seconds=60)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await api("sendMessage", chat_id=ann.id, text="x")
    async with asyncio.timeout(5):
        while not await client.requests("sendMessage"):  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0.01)
    assert await ann.reads() == ["x"]


@pytest.mark.parametrize(("kind", "arrived"), [("error", []), ("error_after", ["x"])])
@pytest.mark.parametrize(
    ("status", "title"), [(200, "200 OK"), (403, "403 Forbidden"), (502, "502 Bad Gateway"), (520, "520")]
)
async def test_an_error_page(
    api: RawBot, client: SandboxClient, ann: Person, kind: str, arrived: list[str], status: int, title: str
) -> None:
    """HTML as a proxy or a login page sends it, with any status, whether it happened or not."""
    await client.fault(kind, status=status)
    url = f"{api.base}/sendMessage"
    async with api.session.post(url, json={"chat_id": ann.id, "text": "x"}) as answer:
        assert (answer.status, answer.content_type) == (status, "text/html")
        assert f"<center><h1>{title}</h1></center>" in await answer.text()
    assert await ann.reads() == arrived


async def test_half_an_answer(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """It happened; the head promises more than comes before the connection closes."""
    await client.fault("half")
    url = f"{api.base}/sendMessage"
    async with api.session.post(url, json={"chat_id": ann.id, "text": "x"}) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert await ann.reads() == ["x"]


async def test_an_answer_in_pieces(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """It is whole in the end, and not before the time is over."""
    await client.fault("trickle", seconds=0.4)
    url, pieces = f"{api.base}/sendMessage", []
    began = time.monotonic()
    async with api.session.post(url, json={"chat_id": ann.id, "text": "x"}) as answer:
        async for piece in answer.content.iter_any():
            pieces.append(piece)
    assert time.monotonic() - began >= 0.4
    assert len(pieces) > 1  # how many arrive apart is the machine's affair
    assert json.loads(b"".join(pieces))["result"]["text"] == "x"


async def test_a_connection_that_closes_afterwards(
    api: RawBot, client: SandboxClient, sandbox: Sandbox, ann: Person
) -> None:
    """A good answer that does not say that the connection ends with it, and then its end."""
    await client.fault("close")
    reader, writer = await asyncio.open_connection(sandbox.host, sandbox.port)
    ask = f"GET /bot{sandbox.token}/sendMessage?chat_id={ann.id}&text=x HTTP/1.1\r\nHost: x\r\n\r\n"
    writer.write(ask.encode())
    async with asyncio.timeout(5):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" not in head.lower()
    assert json.loads(body)["result"]["text"] == "x"
    assert (await api("sendMessage", chat_id=ann.id, text="y"))["ok"]
    assert await ann.reads() == ["x", "y"]


async def test_a_burst(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Everything that comes within the time meets it, and nothing after that."""
    await client.fault("retry_after", lasts=0.3, seconds=1)
    codes = []
    async with asyncio.timeout(5):
        while None not in codes:
            codes.append((await api("getMe")).get("error_code"))
            await asyncio.sleep(0.02)
    assert set(codes) == {429, None}
    assert await client.get("faults") == []


async def test_downloads_have_their_troubles_too(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """By the name `download`, and they are in the log."""
    data = bytes(range(256)) * 4
    await ann.sends_document(data, "a.bin")
    [update] = await api.updates()
    file = await api.result("getFile", file_id=update["message"]["document"]["file_id"])
    url = f"{api.file_base}/{file['file_path']}"
    await client.fault("half", "download")
    await client.fault("error", "download", status=404)
    async with api.session.get(url) as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    async with api.session.get(url) as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")
    async with api.session.get(url) as answer:
        assert await answer.read() == data
    log = await client.requests("download")
    assert [(entry["status"], entry["parameters"]) for entry in log] == [
        (status, {"file_path": file["file_path"]}) for status in (200, 404, 200)
    ]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"kind": "flood"}, "kind must be one of drop_before"),
        ({"kind": "error", "status": 99}, "status must be between"),
        ({"kind": "error", "lasts": "long"}, "lasts must be a number"),
        ({"kind": "error", "method": "uploadNothing"}, "no method 'uploadNothing'"),
        ({"kind": "error", "often": 3}, "a fault has no 'often'"),
    ],
)
async def test_orders_that_make_no_sense(client: SandboxClient, wanted: dict[str, Any], words: str) -> None:
    """Each is refused with what is wrong about it, and nothing strikes."""
    with pytest.raises(SandboxError, match=words):
        await client.post("faults", **wanted)
    assert await client.get("faults") == []


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
