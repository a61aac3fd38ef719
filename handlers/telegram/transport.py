"""python-telegram-bot's network seam over aiohttp: fast, bounded, and clear about what certainly failed.

The stock transport is several times slower and cannot say whether a request ever left; see
`docs/decisions/001-own-transport.md`. No error made here carries the URL, because the URL carries the token.
"""

import asyncio
import io
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

from handlers.telegram.answers import AnswerLost, NeverSent, understood

DOWNLOAD_LIMIT = 21_000_000
"""Bytes of an answer; Telegram gives bots files of 20 MB at most."""

SLOWEST = 20_000
"""Bytes a second that a large request or answer takes at least; what comes slower counts as broken off."""

HARMLESS = frozenset({"answerCallbackQuery", "deleteMyCommands", "getFile", "setMyCommands"})
"""Calls that may be carried out twice: they are made again at once when they failed quickly. So are downloads."""

REPEATS = (0.1, 0.4)
"""Seconds before a harmless call is made for the second and the third time."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

QUICKLY = 1.0
"""Seconds. What failed later than this would keep its caller waiting too long if it was made again."""


class AnswerTooLarge(TelegramError):
    """The answer is larger than any that the bot can want."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds."""

    place: float = 10.0
    """For one of the pool's connections."""
    connection: float = 5.0
    """For a new one to be made."""
    answer: float = 15.0
    """For an answer to begin, and between its pieces."""
    poll: float = 25.0
    """How long Telegram is asked to hold a poll open while there is nothing."""
    poll_spare: float = 10.0
    """How much longer than that a poll's answer may take."""


class AiohttpRequest(BaseRequest):
    """One pool of connections. Timeouts are in seconds."""

    def __init__(
        self,
        *,
        connections: int = 64,
        connect_timeout: float = 5.0,
        read_timeout: float = 15.0,
        pool_timeout: float = 10.0,
    ) -> None:
        self._connections = connections
        self._connect = connect_timeout
        self._read = read_timeout
        self._pool = pool_timeout
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def of(cls, patience: Patience, connections: int = 64) -> "AiohttpRequest":
        """One that waits so long."""
        return cls(
            connections=connections,
            connect_timeout=patience.connection,
            read_timeout=patience.answer,
            pool_timeout=patience.place,
        )

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer, where a call names none."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)

    async def shutdown(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request, a harmless one up to three times; gives status and body.

        Raises `NeverSent` if it certainly did not happen, `AnswerLost` if it is open what happened.
        """
        connect = _seconds(connect_timeout, self._connect)
        timeout = aiohttp.ClientTimeout(
            total=None,
            connect=_seconds(pool_timeout, self._pool) + connect,
            sock_connect=connect,
            sock_read=_seconds(read_timeout, self._read),
        )
        harmless = method == "GET" or url.rpartition("/")[2] in HARMLESS
        for pause in REPEATS if harmless else ():
            began = time.monotonic()
            try:
                return await self._request(url, method, request_data, timeout)
            except (NeverSent, AnswerLost):
                if time.monotonic() - began > QUICKLY:
                    raise
            await asyncio.sleep(pause)
        return await self._request(url, method, request_data, timeout)

    async def _request(
        self, url: str, method: str, request_data: RequestData | None, timeout: aiohttp.ClientTimeout
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise NeverSent("the transport is not open")
        read = timeout.sock_read or 0.0
        body = _body(request_data)
        headers = FORM if isinstance(body, bytes) else None
        # aiohttp begins to count when everything is written, and anew with each byte that comes.
        most = (timeout.connect or 0.0) + read + _size(request_data) / SLOWEST
        try:
            async with (
                asyncio.timeout(most) as deadline,
                self._session.request(
                    method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
                ) as response,
            ):
                answer = await _read_bounded(response, deadline, read)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise NeverSent(type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AnswerLost(type(error).__name__) from None
        if method == "GET" and 200 <= response.status < 300:  # a file, whatever is in it
            return response.status, answer
        return understood(response.status, answer, response.headers.get("Retry-After"))


def _seconds(given: Any, default: float) -> float:
    return float(given) if isinstance(given, int | float) else default


def _size(request_data: RequestData | None) -> int:
    """Bytes of the files that go out with a request."""
    if request_data is None or not request_data.contains_files:
        return 0
    contents = (content for _, content, _ in (request_data.multipart_data or {}).values())
    return sum(len(content) for content in contents if isinstance(content, bytes))


def _body(request_data: RequestData | None) -> aiohttp.FormData | bytes | None:
    if request_data is None:
        return None
    if not request_data.contains_files:  # nearly all: aiohttp's form would prepare for files that do not come
        return urlencode(request_data.json_parameters).encode()
    form = aiohttp.FormData(request_data.json_parameters)
    for name, (filename, content, mime) in (request_data.multipart_data or {}).items():
        # Large bytes as they are would block the loop while they are written.
        form.add_field(
            name,
            io.BytesIO(content) if isinstance(content, bytes) else content,
            filename=filename,
            content_type=mime,
        )
    return form


async def _read_bounded(
    response: aiohttp.ClientResponse, deadline: asyncio.Timeout, patience: float
) -> bytes:
    """The body, in bounded memory and time: it may take `patience` seconds, and longer the more has come."""
    body = bytearray()
    ends = asyncio.get_running_loop().time() + patience
    deadline.reschedule(ends)
    async for piece in response.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > DOWNLOAD_LIMIT:
            raise AnswerTooLarge("the answer is too large")
        deadline.reschedule(ends + len(body) / SLOWEST)
    return bytes(body)
