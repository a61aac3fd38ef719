"""Starting and stopping, in this process and as one of its own."""

from __future__ import annotations

import asyncio
import signal
import sys

import aiohttp
import pytest

from bot.sandbox import Sandbox, SandboxClient, wait_for_sandbox

PROGRAM = "import asyncio, bot.sandbox; asyncio.run(bot.sandbox.serve(port=0, token={token!r}))"


async def test_two_sandboxes_know_nothing_of_each_other() -> None:
    """Free ports and random tokens; people of one are strangers to the other."""
    async with Sandbox() as one, Sandbox() as other:
        assert (one.port != other.port, one.token != other.token) == (True, True)
        async with SandboxClient(one.url) as first, SandboxClient(other.url) as second:
            await first.person("Ann")
            assert await second.get("people") == []
            info = await first.info()
    assert info == {
        "bot": {
            "id": 7000000001,
            "is_bot": True,
            "first_name": "Duologue",
            "username": "duologue_bot",
        },
        "token": one.token,
        "url": one.url,
        "api_url": f"{one.url}/bot{one.token}",
        "file_url": f"{one.url}/file/bot{one.token}",
        "people": 1,
        "chats": 1,
        "last_seq": 0,
        "pending_updates": 0,
        "requests": 0,
        "flood_refusals": 0,
        "webhook": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
    }


async def test_it_listens_here_only_and_stops() -> None:
    """Bound to the loopback address; after stopping nobody answers."""
    async with Sandbox(token="42:x") as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"
        assert sandbox.world.bot_id == 42
        async with aiohttp.ClientSession() as session, session.get(f"{sandbox.url}/elsewhere") as answer:
            assert answer.status == 404
    async with SandboxClient(sandbox.url) as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.info()


async def test_stopping_ends_a_waiting_call() -> None:
    """A poll does not hold the server up."""
    sandbox = Sandbox(token="42:x")
    await sandbox.start()
    async with aiohttp.ClientSession() as session:
        url = f"{sandbox.url}/bot42:x/getUpdates"
        poll = asyncio.create_task(session.post(url, json={"timeout": 30}))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await sandbox.stop()
            answer = await poll
        assert await answer.json() == {"ok": True, "result": []}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_as_a_program(number: signal.Signals) -> None:
    """It prints its address and token on lines of their own, serves, and ends well when told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM.format(token="42:secret"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        url = (await process.stdout.readline()).decode().strip()
        token = (await process.stdout.readline()).decode().strip()
        assert token == "42:secret"
        assert (await wait_for_sandbox(url))["token"] == "42:secret"
        process.send_signal(number)
        rest, _ = await process.communicate()
    assert (process.returncode, rest) == (0, b"")


async def test_waiting_for_nobody_ends() -> None:
    """A sandbox that never comes is reported."""
    with pytest.raises(TimeoutError):
        await wait_for_sandbox("http://127.0.0.1:9", timeout=0.2)
