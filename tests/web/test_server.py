"""The server itself, over real connections."""

import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web.server import CannotListen, WebServer


async def hello(_request: Request) -> PlainTextResponse:
    """A word."""
    return PlainTextResponse("hello")


async def test_it_serves_until_it_is_stopped() -> None:
    """On a free port, and tells nothing of what it is made of."""
    server = WebServer("127.0.0.1", 0, Starlette(routes=[Route("/", hello)]))
    assert not server.alive
    await server.start()
    assert server.alive
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        answer = await client.get("/")
        assert (answer.text, "server" in answer.headers) == ("hello", False)
        await server.stop()
        assert not server.alive
        with pytest.raises(httpx.ConnectError):
            await client.get("/")


async def test_requests_in_hand_are_finished() -> None:
    """Stopping waits for them."""
    inside, may_go = asyncio.Event(), asyncio.Event()

    async def slow(_request: Request) -> PlainTextResponse:
        inside.set()
        await may_go.wait()
        return PlainTextResponse("done")

    server = WebServer("127.0.0.1", 0, Starlette(routes=[Route("/", slow)]))
    await server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
        asking = asyncio.create_task(client.get("/"))
        await inside.wait()
        stopping = asyncio.create_task(server.stop())
        await asyncio.sleep(0)
        may_go.set()
        assert (await asking).text == "done"
        await stopping


async def test_an_address_in_use() -> None:
    """It is named, and nothing is left behind."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = WebServer("127.0.0.1", port, Starlette())
        with pytest.raises(
            CannotListen, match=rf"127\.0\.0\.1:{port} cannot be listened on \(Address already in use\)"
        ):
            await server.start()
    await server.stop()


async def test_an_address_of_another_machine() -> None:
    """It is named as well."""
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1:0 cannot be listened on"):
        await WebServer("192.0.2.1", 0, Starlette()).start()
