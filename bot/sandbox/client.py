"""A typed client for the people side: ``ann = await client.person("Ann")``, ``await ann.says("/start")``.

It speaks plain HTTP to ``/sandbox/…`` (docs/sandbox.md), so the sandbox may run in another process.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from bot.sandbox.cast import Group, Person

if TYPE_CHECKING:
    from types import TracebackType

    from bot.sandbox.heard import Json


class SandboxError(Exception):
    """The people side refused a request; `status` is the HTTP status, the text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class SandboxClient:
    """A connection to a sandbox's people side; use it as an async context manager or `close` it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request to ``/sandbox/<path>`` and return the answer; raises `SandboxError`."""
        if self._session is None:
            timeout, connector = aiohttp.ClientTimeout(total=120), aiohttp.TCPConnector(limit=0)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        async with self._session.request(method, f"{self.url}/sandbox/{path}", **arguments) as answer:
            body = await answer.read()
            if answer.status >= 400:
                raise SandboxError(answer.status, _reason(body))
            return json.loads(body) if answer.content_type == "application/json" else body

    async def get(self, path: str, **query: Any) -> Any:
        """GET, leaving out what is None."""
        return await self.request("GET", path, params={k: v for k, v in query.items() if v is not None})

    async def post(self, path: str, **body: Any) -> Any:
        """POST a JSON object, leaving out what is None."""
        return await self.request("POST", path, json={k: v for k, v in body.items() if v is not None})

    async def patch(self, path: str, **body: Any) -> Any:
        """PATCH with a JSON object; None is sent as null."""
        return await self.request("PATCH", path, json=body)

    async def info(self) -> Json:
        """Return token, addresses and counts."""
        return dict(await self.get(""))

    async def person(self, first_name: str, **details: Any) -> Person:
        """Create a person; `details`: last_name, username, language_code, id, started, blocked …"""
        body = await self.post("people", first_name=first_name, **details)
        return Person(self, body["id"], first_name, (await self.info())["last_seq"])

    async def group(
        self,
        title: str,
        members: list[Person],
        *,
        bot: bool = True,
        admin: bool = False,
        supergroup: bool = False,
    ) -> Group:
        """Create a group of people, the first as its creator, with the bot in it unless told otherwise."""
        seq = (await self.info())["last_seq"]
        ids = [person.id for person in members]
        body = await self.post(
            "groups", title=title, members=ids, bot=bot, admin=admin, supergroup=supergroup
        )
        return Group(self, body["id"], title, seq)

    async def settings(self, **changes: Any) -> Json:
        """Change settings (privacy, flood, press_timeout …) and return all of them."""
        return dict(await self.patch("settings", **changes))

    async def advance(self, seconds: float) -> float:
        """Move the sandbox's clock forward; returns its new offset in seconds."""
        return float((await self.patch("clock", forward=seconds))["offset"])

    async def fault(self, kind: str, method: str | None = None, **details: Any) -> int:
        """Order trouble for the next matching calls; `details`: chat_id, times, seconds, status,
        lasts; see docs/sandbox.md."""
        return int((await self.post("faults", kind=kind, method=method, **details))["id"])

    async def inject(self, update: Json) -> int:
        """Queue a raw update, valid or not; returns its id."""
        return int((await self.request("POST", "updates", json=update))["update_id"])

    async def redeliver(self, update_id: int) -> None:
        """Deliver an update once more."""
        await self.request("POST", f"updates/{update_id}/redeliver")

    async def events(
        self,
        after: int = 0,
        *,
        timeout: float = 0.0,
        chat: int | None = None,
        kinds: str | None = None,
        limit: int | None = None,
    ) -> list[Json]:
        """Return events numbered above `after`, waiting up to `timeout` (at most 60) seconds."""
        body = await self.get(
            "events", after=after, timeout=str(timeout), chat=chat, kinds=kinds, limit=limit
        )
        return list(body["events"])

    async def requests(self, method: str | None = None, after: int = 0) -> list[Json]:
        """Return the log of the bot's calls."""
        return list(await self.get("requests", method=method, after=after))

    async def batch(self, actions: list[Json]) -> list[Json]:
        """Do many texts and presses in one request; see docs/sandbox.md."""
        return list(await self.request("POST", "batch", json={"actions": actions}))

    async def download(self, file_id: str) -> bytes:
        """Return the bytes of a file that went through the sandbox."""
        return bytes(await self.get(f"files/{file_id}"))

    async def reset(self) -> None:
        """Forget people, chats, waiting updates, faults and logs; the bot's own set-up stays."""
        await self.post("reset")


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]


async def wait_for_sandbox(url: str, timeout: float = 10.0) -> Json:
    """Wait until a sandbox answers at `url` and return its info; raises TimeoutError."""
    async with SandboxClient(url) as client, asyncio.timeout(timeout):
        while True:
            try:
                return await client.info()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
