"""Delivering updates to a webhook: in order within a chat or a person's presses, again until it is taken."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.errors import Json, bad_request

if TYPE_CHECKING:
    from bot.sandbox.updates import Update
    from bot.sandbox.world import World

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "::1"})
REQUEST_TIMEOUT: Final = 60.0


class Webhook:
    """The bot's webhook, if it has one. Each lane of updates has one task, so order holds within it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._lanes: dict[str, deque[Update]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(40)
        self.url = ""
        self.secret = ""
        self.max_connections = 40
        self._last_error: tuple[int, str] | None = None

    def set(self, args: Json) -> None:
        """Begin delivering to a URL as setWebhook says; everything that waits goes there first."""
        url, secret = args["url"], args.get("secret_token", "")
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.match(secret):
            raise bad_request("secret token contains illegal characters or is too long")
        connections = args.get("max_connections", 40)
        if not 1 <= connections <= 100:
            raise bad_request("max_connections must be between 1 and 100")
        self._stop_lanes()
        self.url, self.secret, self.max_connections = url, secret, connections
        self._places = asyncio.Semaphore(connections)
        self._last_error = None
        updates = self._world.updates
        updates.on_put = self._put
        updates.stop_polling()
        for update in list(updates.pending.values()):
            self._put(update)

    def delete(self) -> None:
        """Stop delivering; what waits, waits for getUpdates."""
        self._stop_lanes()
        self.url = self.secret = ""
        self._world.updates.on_put = None

    def info(self) -> Json:
        """Return Telegram's WebhookInfo."""
        updates = self._world.updates
        info: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending),
        }
        if self.url:
            info["max_connections"] = self.max_connections
            if self._last_error is not None:
                info["last_error_date"], info["last_error_message"] = self._last_error
        if updates.allowed_as_given:
            info["allowed_updates"] = updates.allowed_as_given
        return info

    def drop(self) -> None:
        """Forget what waits in the lanes, after the queue was cleared."""
        for lane in self._lanes.values():
            lane.clear()

    async def close(self) -> None:
        """Stop everything."""
        tasks = list(self._tasks)
        self.delete()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _stop_lanes(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._lanes = {}

    def _put(self, update: Update) -> None:
        lane = self._lanes.get(update.lane)
        if lane is not None:
            lane.append(update)
            return
        self._lanes[update.lane] = lane = deque([update])
        task = asyncio.create_task(self._run(update.lane, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: str, lane: deque[Update]) -> None:
        while lane:
            update = lane[0]
            await self._deliver(update)
            # `drop` may have emptied the lane meanwhile
            if lane and lane[0] is update:
                lane.popleft()
        if self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _deliver(self, update: Update) -> None:
        settings, clock = self._world.settings, self._world.clock
        pause = settings.webhook_retry
        while update.expires > clock.now():
            async with self._places:
                error = await self._post(update)
            if error is None:
                self._world.updates.confirm(update.id)
                return
            self._last_error = (int(clock.now()), error)
            self._world.feed.publish("webhook_error", None, update_id=update.id, error=error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, settings.webhook_retry_max)
        self._world.updates.confirm(update.id)

    async def _post(self, update: Update) -> str | None:
        """Return None when the webhook took the update, else what went wrong."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT)
            connector = aiohttp.TCPConnector(limit=100)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        try:
            async with self._session.post(
                self.url, data=update.body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientError as error:
            return f"Connection failed: {type(error).__name__}"
