"""A balancer in front of several programs: each request goes to the next one, past those that do not answer."""

import itertools
from collections.abc import Callable, Sequence

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.web.server import WebServer

PATIENCE = 2.0
"""Seconds after which a program that does not answer is passed by."""


class Balancer:
    """Listens on a port and passes requests on to what `targets` names at that moment."""

    def __init__(self, targets: Callable[[], Sequence[str]]) -> None:
        self._targets = targets
        self._client = httpx.AsyncClient(timeout=PATIENCE)
        self._turns = itertools.count()
        route = Route("/{path:path}", self._pass_on, methods=["GET", "POST"])
        self._server = WebServer("127.0.0.1", 0, Starlette(routes=[route]))
        self.passed: dict[str, int] = {}

    async def start(self) -> None:
        """Listen."""
        await self._server.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.port}"

    async def stop(self) -> None:
        """Listen no more."""
        await self._server.stop()
        await self._client.aclose()

    async def _pass_on(self, request: Request) -> Response:
        body = await request.body()
        targets = list(self._targets())
        turn = next(self._turns)
        for place in range(len(targets)):
            target = targets[(turn + place) % len(targets)]
            try:
                answer = await self._client.request(
                    request.method, f"{target}{request.url.path}", content=body, headers=dict(request.headers)
                )
            except httpx.HTTPError:
                continue
            if answer.status_code == 503:
                continue
            self.passed[target] = self.passed.get(target, 0) + 1
            return Response(answer.content, answer.status_code)
        return Response("nobody answers\n", 503)
