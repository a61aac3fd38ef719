"""An HTTP server in the loop that everything else runs in."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

from starlette.types import ASGIApp
from uvicorn import Config, Server

GRACE: Final = 5
"""Seconds that requests in hand may take when the server stops."""

CONNECTIONS: Final = 500
"""Requests at once; on top of that 503 is answered. Telegram uses at most a hundred."""

LONGEST_HEAD: Final = 16 * 1024
"""Bytes of a request line with its headers."""


class CannotListen(Exception):
    """The address cannot be listened on; the text says why."""


class _Server(Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to the program: it stops everything in its order, this server first."""
        yield


class WebServer:
    """Serves an ASGI application on a host and port (0: any free one)."""

    def __init__(self, host: str, port: int, app: ASGIApp) -> None:
        self._address = host, port
        self._server = _Server(
            Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=GRACE,
                h11_max_incomplete_event_size=LONGEST_HEAD,
            )
        )
        self._task: asyncio.Task[None] | None = None
        self.port = port

    async def start(self) -> None:
        """Listen; raises `CannotListen`."""
        host, port = self._address
        listening = _bound(host, port)
        self.port = listening.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve([listening]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.005)

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Take no more requests, and finish those in hand."""
        self._server.should_exit = True
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)


def _bound(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address, before anything is served: what is wrong with it is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise CannotListen(f"{host}:{port} cannot be listened on ({error.strerror or error})") from None
    listening.setblocking(False)
    return listening
