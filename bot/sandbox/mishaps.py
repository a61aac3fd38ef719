"""What the bot meets when a fault strikes: connections that close or hang, pages instead of JSON, slow answers."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bot.sandbox.errors import too_many_requests

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.faults import Fault

_PAGE: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
_STEP: Final = 0.02
"""Seconds between looks whether the other side of a hanging connection is still there."""
_PIECES: Final = 20
"""How many pieces a trickling answer comes in."""


class HangUpError(Exception):
    """The connection closes without (the rest of) an answer; what was begun is all that the bot gets."""


async def suffer(
    fault: Fault, request: web.BaseRequest, perform: Callable[[], Awaitable[web.Response]]
) -> web.StreamResponse:
    """Answer a call that met a fault; `perform` carries it out and gives the answer that it deserves.

    Raises `HangUpError`, and `ApiError` for a 429 or for whatever `perform` refuses.
    """
    match fault.kind:
        case "drop_before":
            raise HangUpError
        case "hang_before":
            await _hang(request, fault.seconds)
        case "error":
            return _page(fault.status)
        case "retry_after":
            raise too_many_requests(int(fault.seconds))
        case "delay":
            await asyncio.sleep(fault.seconds)
    return await _spoilt(fault, request, await perform())


async def _spoilt(fault: Fault, request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
    """It happened; what is left of its answer."""
    match fault.kind:
        case "drop_after":
            raise HangUpError
        case "hang_after":
            await _hang(request, fault.seconds)
        case "error_after":
            return _page(fault.status)
        case "malformed":
            return web.Response(body=b'{"ok":true,"result":', content_type="application/json")
        case "half":
            return await _half(request, answer)
        case "trickle":
            return await _trickle(request, answer, fault.seconds)
        case "close":
            await answer.prepare(request)
            await answer.write_eof()
            _close(request)
    return answer


def _page(status: int) -> web.Response:
    try:
        title = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        title = str(status)
    return web.Response(text=_PAGE.format(title), status=status, content_type="text/html")


async def _hang(request: web.BaseRequest, seconds: float) -> None:
    """Say nothing for so long, or until the other side has gone; then hang up."""
    for _ in range(max(1, round(seconds / _STEP))):
        if request.transport is None or request.transport.is_closing():
            break
        await asyncio.sleep(_STEP)
    raise HangUpError


async def _begun(request: web.BaseRequest, answer: web.Response) -> tuple[web.StreamResponse, bytes]:
    """The answer's head, sent; and its body, which is still to come."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    response.content_length = len(body)
    await response.prepare(request)
    return response, body


async def _half(request: web.BaseRequest, answer: web.Response) -> web.StreamResponse:
    response, body = await _begun(request, answer)
    await response.write(body[: len(body) // 2])
    _close(request)
    return response


async def _trickle(request: web.BaseRequest, answer: web.Response, seconds: float) -> web.StreamResponse:
    response, body = await _begun(request, answer)
    size = len(body) // _PIECES + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / _PIECES)
        if request.transport is None or request.transport.is_closing():
            raise HangUpError
        await response.write(body[start : start + size])
    return response


def _close(request: web.BaseRequest) -> None:
    """Close the connection as soon as what was written has gone out."""
    if request.transport is not None:
        request.transport.close()
