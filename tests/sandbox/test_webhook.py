"""Webhooks: the secret, order, repeats until taken, and the way back to polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.sandbox import Person, SandboxClient
from tests.sandbox.rawbot import RawBot

REFUSED = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


class Hook:
    """A bot's web side: notes what comes, and fails as often as it is told."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.failed: list[dict[str, Any]] = []
        self.secrets: set[str | None] = set()
        self.fail_on: dict[str, int] = {}
        self.url = ""
        self._news = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        """Take an update, or answer 500."""
        update = await request.json()
        self._news.set()
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        text = update.get("message", {}).get("text", "")
        if self.fail_on.get(text, 0) > 0:
            self.fail_on[text] -= 1
            self.failed.append(update)
            return web.Response(status=500)
        self.taken.append(update)
        return web.Response()

    async def texts(self, count: int) -> list[str]:
        """Wait until `count` updates were taken and return their texts."""
        async with asyncio.timeout(5):
            while len(self.taken) < count:
                self._news.clear()
                await self._news.wait()
        return [update["message"]["text"] for update in self.taken]


@pytest.fixture
async def hook(client: SandboxClient) -> AsyncIterator[Hook]:
    """A web server for the bot; failed deliveries come again soon."""
    await client.settings(webhook_retry=0.02, webhook_retry_max=0.05)
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    server = TestServer(app)
    await server.start_server()
    hook.url = f"http://127.0.0.1:{server.port}/hook"
    yield hook
    await server.close()


async def test_updates_come_with_the_secret(api: RawBot, ann: Person, hook: Hook) -> None:
    """Those that waited come first; each is the object that polling would give."""
    await ann.says("before")
    waiting = await api.result("getUpdates")
    assert await api.result("setWebhook", url=hook.url, secret_token="s-3_cret") is True
    await ann.says("after")
    assert await hook.texts(2) == ["before", "after"]
    assert hook.taken[0] == waiting[0]
    assert hook.secrets == {"s-3_cret"}
    assert await api.result("getWebhookInfo") == {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 40,
    }


async def test_failures_come_again_in_order(
    api: RawBot, client: SandboxClient, ann: Person, hook: Hook
) -> None:
    """One person's messages wait behind the failed one; another's do not."""
    bob = await client.person("Bob")
    hook.fail_on["one"] = 3
    await api.result("setWebhook", url=hook.url)
    await ann.says("one")
    await ann.says("two")
    await bob.says("other")
    texts = await hook.texts(3)
    assert [text for text in texts if text != "other"] == ["one", "two"]
    assert len(hook.failed) == 3
    info = await api.result("getWebhookInfo")
    assert (info["pending_update_count"], info["last_error_message"]) == (
        0,
        "Wrong response from the webhook: 500 Internal Server Error",
    )


async def test_nobody_listens(api: RawBot, client: SandboxClient, ann: Person, hook: Hook) -> None:
    """Updates wait while the bot is down, and are counted."""
    await api.result("setWebhook", url="http://127.0.0.1:9/hook")
    await ann.says("x")
    [event] = await client.events(kinds="webhook_error", timeout=5, limit=1)
    assert event["error"] == "Connection refused"
    info = await api.result("getWebhookInfo")
    assert (info["pending_update_count"], info["last_error_message"]) == (1, "Connection refused")
    await api.result("setWebhook", url=hook.url)
    assert await hook.texts(1) == ["x"]


async def test_polling_and_webhook_exclude_each_other(
    api: RawBot, client: SandboxClient, ann: Person, hook: Hook
) -> None:
    """A set webhook ends a poll and refuses new ones; deleting it gives polling back what waits."""
    poll = asyncio.create_task(api("getUpdates", timeout=10))
    await asyncio.sleep(0.05)
    await api.result("setWebhook", url=hook.url)
    assert (await poll)["description"] == "Conflict: terminated by setWebhook request"
    assert await api("getUpdates") == {"ok": False, "error_code": 409, "description": REFUSED}
    hook.fail_on["kept"] = 1000
    await ann.says("kept")
    assert await client.events(kinds="webhook_error", timeout=5)
    assert await api.result("deleteWebhook") is True
    assert [u["message"]["text"] for u in await api.updates()] == ["kept"]
    assert (await api.result("getWebhookInfo"))["url"] == ""


async def test_pending_updates_can_be_dropped(api: RawBot, ann: Person, hook: Hook) -> None:
    """Dropped ones never come, neither by webhook nor by polling."""
    await ann.says("old")
    await api.result("setWebhook", url=hook.url, drop_pending_updates=True, allowed_updates=["message"])
    await ann.says("new")
    assert await hook.texts(1) == ["new"]
    assert (await api.result("getWebhookInfo"))["allowed_updates"] == ["message"]
    hook.fail_on["lost"] = 1000
    await ann.says("lost")
    await api.result("deleteWebhook", drop_pending_updates=True)
    assert await api.result("getUpdates") == []


async def test_an_update_is_delivered_again(
    api: RawBot, client: SandboxClient, ann: Person, hook: Hook
) -> None:
    """The same update, taken already, can come once more."""
    await api.result("setWebhook", url=hook.url)
    said = await ann.says("twice")
    await hook.texts(1)
    await client.redeliver(said["update_id"])
    assert await hook.texts(2) == ["twice", "twice"]
    assert hook.taken[0] == hook.taken[1]


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"url": "http://example.org/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://example.org", "secret_token": "no spaces"},
            "secret token contains illegal characters or is too long",
        ),
        ({"url": "https://example.org", "max_connections": 101}, "max_connections must be between 1 and 100"),
    ],
)
async def test_webhooks_that_are_refused(api: RawBot, parameters: dict[str, Any], why: str) -> None:
    """Addresses without TLS (but for this machine), bad secrets, too many connections."""
    assert await api.refusal("setWebhook", **parameters) == f"Bad Request: {why}"
