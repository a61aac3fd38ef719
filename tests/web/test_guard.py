"""What stands before every page."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web.guard import HEADERS, LARGEST, Guard, Limits

Ask = Callable[..., Awaitable[httpx.Response]]


async def echo(request: Request) -> PlainTextResponse:
    """How much came."""
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def now() -> list[float]:
    """The time of the limits, to be moved."""
    return [0.0]


@pytest.fixture
def ask(now: list[float]) -> Ask:
    """A client of a guarded page that tells the length of what was sent; three requests at once, one a second."""
    limits = Limits(rate=1.0, burst=3.0, most=2, clock=lambda: now[0])
    app = Guard(
        Starlette(routes=[Route("/", echo, methods=["GET", "POST"])]),
        limits,
        lambda path, headers: path == "/" and headers.get("x-known") == "yes",
    )

    async def ask(address: str = "203.0.113.1", **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            return await client.request("POST", "/", **options)

    return ask


async def test_every_answer_has_the_headers(ask: Ask) -> None:
    """Also a refusal."""
    for answer in (await ask(content=b"x"), await ask(content=b"x" * (LARGEST + 1))):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_a_body_as_large_as_allowed(ask: Ask) -> None:
    """It comes whole."""
    answer = await ask(content=b"x" * LARGEST)
    assert (answer.status_code, answer.text) == (200, str(LARGEST))


async def test_a_body_that_says_it_is_too_large(ask: Ask) -> None:
    """It is refused before a byte of it is read."""
    answer = await ask(content=b"x" * (LARGEST + 1))
    assert (answer.status_code, answer.text) == (413, "more than 1048576 bytes")


async def test_a_body_that_does_not_say_so(ask: Ask) -> None:
    """It is cut off when it goes on beyond."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(LARGEST // 65_536 + 1):
            yield b"x" * 65_536

    answer = await ask(content=body())
    assert (answer.status_code, answer.text) == (413, "more than 1048576 bytes")


async def test_a_length_that_is_none(ask: Ask) -> None:
    """It is refused: nobody knows what it means."""
    assert (await ask(content=b"x", headers={"Content-Length": "-1"})).status_code == 413


async def test_who_asks_too_often_waits(ask: Ask, now: list[float]) -> None:
    """For as long as it is told; others are not held up, and who is known is not counted."""
    assert [(await ask()).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (await ask()).headers["Retry-After"] == "2"
    assert (await ask("203.0.113.2")).status_code == 200
    assert (await ask(headers={"X-Known": "yes"})).status_code == 200
    now[0] = 1.0
    assert [(await ask()).status_code for _ in range(2)] == [200, 429]


def test_only_so_many_addresses_are_remembered() -> None:
    """A flood from everywhere costs fixed memory: who asked least recently is forgotten."""
    limits = Limits(rate=1.0, burst=1.0, most=2, clock=lambda: 0.0)
    assert [limits.wait(address) for address in ("a", "b", "a")] == [0.0, 0.0, 1.0]
    assert limits.wait("c") == 0.0  # b is forgotten
    assert [limits.wait(address) for address in ("a", "b")] == [1.0, 0.0]


def test_asking_in_vain_costs_nothing() -> None:
    """Who goes on asking has the next request no later than who waits."""
    ticks = itertools.chain([0.0, 0.2, 0.4, 1.0], itertools.repeat(1.0))
    limits = Limits(rate=1.0, burst=1.0, clock=lambda: next(ticks))
    assert [limits.wait("a") for _ in range(3)] == [0.0, pytest.approx(0.8), pytest.approx(0.6)]
    assert limits.wait("a") == pytest.approx(0.0)
