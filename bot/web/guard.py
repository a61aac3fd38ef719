"""What stands before every page: how much may be sent, how often one may ask, and what a browser may do with it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST: Final = 1024 * 1024
"""Bytes of a request's body. An update of Telegram's has a few thousand."""

TOO_LARGE: Final = f"more than {LARGEST} bytes"

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}

PER_SECOND: Final = 2.0
"""Requests that one address may go on making."""

AT_ONCE: Final = 60.0
"""Requests that it may make at once after a silence: a few monitors behind one router."""

ADDRESSES: Final = 10_000
"""Addresses that are remembered, those heard of last."""


class Limits:
    """A bucket of requests for each address; what asks least recently is forgotten first."""

    def __init__(
        self,
        rate: float = PER_SECOND,
        burst: float = AT_ONCE,
        most: int = ADDRESSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._burst, self._most, self._clock = rate, burst, most, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take one request of an address: 0.0, or the seconds until it has one."""
        now = self._clock()
        left, since = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        short = max(0.0, 1.0 - left)
        self._left[address] = (left if short else left - 1.0, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return short / self._rate


class Guard:
    """ASGI middleware: refuses what is too large (413) or too often (429), and adds `HEADERS` to every answer.

    `trusted` says whose requests no limit counts, by their headers and path: Telegram delivers from few addresses.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, trusted: Callable[[str, Mapping[str, str]], bool]
    ) -> None:
        self._app, self._limits, self._trusted = app, limits, trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def sends(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, sends)
            return
        await self._app(scope, _capped(receive), sends)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if not self._trusted(scope["path"], headers):
            address = (scope.get("client") or ("?", 0))[0]
            if (wait := self._limits.wait(address)) > 0:
                return PlainTextResponse("too many requests\n", 429, {"Retry-After": str(int(wait) + 1)})
        length = headers.get("content-length", "0")
        return _too_large() if not length.isdecimal() or int(length) > LARGEST else None


def _too_large() -> PlainTextResponse:
    return PlainTextResponse(TOO_LARGE, 413, {"Connection": "close"})


def _capped(receive: Receive) -> Receive:
    """The same body, as long as it is no longer than allowed, whatever its header said."""
    length = 0

    async def receives() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > LARGEST:
            raise HTTPException(413, TOO_LARGE)
        return message

    return receives
