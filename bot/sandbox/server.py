"""The sandbox as a server: in this process for tests, or on its own until it is told to stop."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

from aiohttp import web

from bot.sandbox.botapi import BotApi
from bot.sandbox.control import PREFIX, Control
from bot.sandbox.incoming import MAX_UPLOAD
from bot.sandbox.world import World

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader
    from aiohttp.web_protocol import RequestHandler

DEFAULT_ID: Final = 7_000_000_001
_FILES: Final = "/file/bot"


def new_token(bot_id: int = DEFAULT_ID) -> str:
    """Return a random token of the shape that Telegram's have."""
    return f"{bot_id}:AA{secrets.token_urlsafe(32)[:33]}"


class Sandbox:
    """A local Bot API server: ``async with Sandbox() as sandbox`` and point the bot at `sandbox.url`.

    Port 0 takes a free one, no token means a random one. The bot's id is the number before the token's colon.
    """

    def __init__(
        self,
        port: int = 0,
        token: str | None = None,
        *,
        host: str = "127.0.0.1",
        username: str = "duologue_bot",
        first_name: str = "Duologue",
    ) -> None:
        self.host = host
        self.port = port
        self.token = token or new_token()
        number = self.token.partition(":")[0]
        self.world = World(int(number) if number.isdigit() else DEFAULT_ID, username, first_name)
        self.api = BotApi(self.world, self.token)
        self.control = Control(self.world, self.api)
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """The base address, without a slash at its end; the bot appends ``/bot<token>/<method>``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Start listening."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        await self.stop()

    async def start(self) -> None:
        """Begin to listen; `port` is the real one afterwards. Raises OSError when it is taken."""
        # The low-level server: three kinds of path need no router, and load tests count microseconds.
        server = web.Server(self._handle, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        if self.port == 0:
            self.port = self._runner.addresses[0][1]
        self.control.url = self.url

    async def stop(self) -> None:
        """Stop listening and delivering; waiting calls end."""
        await self.api.webhook.close()
        self.world.updates.release()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/bot"):
            token, _, method = path[4:].rpartition("/")
            return await self.api.handle(request, unquote(token), method)
        if path.startswith(PREFIX):
            return await self.control.handle(request)
        if path.startswith(_FILES):
            token, _, rest = path[len(_FILES) :].partition("/")
            return await self.api.download(request, unquote(token), rest)
        return web.Response(text=f"Nothing here; the sandbox answers at {PREFIX}\n", status=404)


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_UPLOAD)


async def serve(host: str = "127.0.0.1", port: int = 8081, token: str | None = None) -> None:
    """Run a sandbox until SIGINT or SIGTERM, having printed its address and token on lines of their own."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    try:
        async with Sandbox(port, token, host=host) as sandbox:
            sys.stdout.write(f"{sandbox.url}\n{sandbox.token}\n")
            sys.stdout.flush()
            await done.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
