"""Updates by webhook: the same bot, and a change between the two ways in that loses nothing."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, timedelta
from pathlib import Path

import httpx
import pytest
from icalendar import Calendar
from sqlmodel import col, select

from bot import config
from bot.app import App, StartError
from bot.sandbox import Sandbox, SandboxClient
from bot.web.site import SECRET_HEADER
from storage.tables import InboxRow
from tests.helpers import a_slot, a_studio
from tests.programs import SECRET, free_port
from tests.stage import Stage


class Hooked(Stage):
    """A stage whose bot can be told of updates as well as ask for them."""

    def __init__(self, folder: Path, *, webhook: bool = True) -> None:
        super().__init__(folder)
        self.webhook = webhook
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where Telegram delivers."""
        return f"http://127.0.0.1:{self.port}/in/telegram"

    def config(self) -> config.Config:
        """As on any stage, with a web side."""
        plain = {
            "DUOLOGUE_TOKEN": self.sandbox.token,
            "DUOLOGUE_API_URL": self.sandbox.url,
            "DUOLOGUE_DATA": str(self.data),
            "DUOLOGUE_CLOCK": str(self.folder / "clock"),
            "DUOLOGUE_WEBHOOK_URL": self.url,
            "DUOLOGUE_WEBHOOK_SECRET": SECRET,
            "DUOLOGUE_LISTEN": f"127.0.0.1:{self.port}",
        }
        return config.load(plain, self.folder)

    async def raise_curtain(self) -> None:
        """Start the bot on the same data."""
        self.app = await App(self.config(), webhook=self.webhook).__aenter__()

    async def turn_to(self, *, webhook: bool) -> None:
        """Stop the bot, and start it with the other way in."""
        await self.lower_curtain()
        self.webhook = webhook

    async def texts(self) -> list[str]:
        """What was kept of what people wrote, in its order."""
        async with self.app.units.reading() as look:
            rows = await look.tx.all(select(InboxRow).order_by(col(InboxRow.id)))
        return [row.raw["message"]["text"] for row in rows if "message" in row.raw]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Hooked]:
    """A bot with a webhook."""
    async with Hooked(tmp_path) as stage:
        yield stage


async def test_onboarding_by_webhook(stage: Hooked) -> None:
    """Every question comes once, every answer counts, and nothing waits at Telegram."""
    ann = await stage.newcomer("Ann")
    await ann.says("/status")
    await ann.hears("🎙")
    async with asyncio.timeout(10):
        while stage.sandbox.world.updates.pending:  # noqa: ASYNC110 - the queue has no event for it
            await asyncio.sleep(0.01)
    assert stage.sandbox.api.webhook.info()["url"] == stage.url


async def test_changing_the_way_in_loses_nothing(stage: Hooked) -> None:
    """What comes between waits at Telegram; what comes twice counts once; there and back again."""
    ann = await stage.client.person("Ann")
    said = []

    async def says(text: str) -> None:
        said.append(text)
        await ann.says(text)

    async def kept() -> None:
        async with asyncio.timeout(20):
            while await stage.texts() != said:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.02)

    await says("/start")
    await kept()
    for webhook in (False, True, False):
        await stage.turn_to(webhook=webhook)
        for number in range(3):
            await says(f"{webhook} {number}")
        await stage.raise_curtain()
        await says("and on")
        await kept()
    assert stage.sandbox.api.webhook.info()["url"] == ""


async def test_the_web_side_of_a_running_bot(stage: Hooked) -> None:
    """Healthy and ready, it counts, it keeps out whoever does not know the secret, and takes one update once."""
    ann = await stage.client.person("Ann")
    await ann.says("/start")
    await ann.sees_button("lang:en")
    (raw,) = [row async for row in _raws(stage)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stage.port}") as client:
        assert (await client.get("/healthz")).json() == {"ailing": []}
        assert (await client.get("/readyz")).json() == {"unready": []}
        metrics = (await client.get("/metrics")).text
        assert 'duologue_updates_total{ending="done"} 1.0' in metrics
        assert 'duologue_messages_oldest_seconds{lane="' in metrics
        assert (await client.post("/in/telegram", json=raw)).status_code == 403
        again = await client.post("/in/telegram", json=raw, headers={SECRET_HEADER: SECRET})
        assert again.status_code == 200
    assert await stage.texts() == ["/start"]


async def _raws(stage: Hooked) -> AsyncIterator[dict[str, object]]:
    async with stage.app.units.reading() as look:
        for row in await look.tx.all(select(InboxRow)):
            yield row.raw


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_calendar_that_is_subscribed_to(stage: Hooked, language: str) -> None:
    """From the button to the calendar program, which sees a booking come; and no more once the link has ended."""
    ann, bo = [await stage.approved(name, language) for name in ("Ann", "Bo")]
    await stage.pair(ann, bo)
    await ann.says("/bookings")
    await ann.presses(await ann.sees_button("feed:me"))
    await ann.presses(await ann.sees_button("feed:me:new"))
    told = await ann.hears("/calendar/")
    (url,) = re.findall(r"http://\S+\.ics", told.text)
    async with stage.app.units.writing("a slot") as unit:
        slot = await a_slot(unit, await a_studio(unit), unit.now + timedelta(days=3))
    async with httpx.AsyncClient() as client:
        empty = await client.get(url)
        assert (empty.status_code, Calendar.from_ical(empty.text).walk("VEVENT")) == (200, [])
        assert (await client.get(url, headers={"If-None-Match": empty.headers["ETag"]})).status_code == 304
        await ann.says("/slots")
        await ann.presses(await ann.sees_button(f"book:{slot.id}"))
        await bo.presses(await bo.sees_button(re.compile("hold:.*:yes")))
        await ann.hears("confirmed" if language == "en" else "已确认")
        (entry,) = Calendar.from_ical((await client.get(url)).text).walk("VEVENT")
        assert "Bo" in str(entry["SUMMARY"])
        assert entry.decoded("DTSTART").astimezone(UTC) == slot.starts_at.replace(microsecond=0)
        pressed = await ann.presses(await ann.sees_button("feed:me:end"))
        assert pressed.text == ("The link has ended." if language == "en" else "链接已作废。")
        async with asyncio.timeout(10):
            while url in str(await ann.history()):  # noqa: ASYNC110 - an edit has no event of its own here
                await asyncio.sleep(0.02)
        assert (await client.get(url)).status_code == 404


async def test_a_part_that_ended_is_noticed(stage: Hooked) -> None:
    """By the page that a supervisor looks at."""
    await stage.app.jobs.stop()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{stage.port}") as client:
        health = await client.get("/healthz")
        assert (health.status_code, health.json()) == (503, {"ailing": ["jobs"]})


async def test_polling_with_a_web_side(tmp_path: Path) -> None:
    """Health is there for whoever polls as well; the webhook's page is not."""
    async with Hooked(tmp_path, webhook=False) as stage, httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{stage.port}/healthz")).status_code == 200
        hook = await client.post(stage.url, json={}, headers={SECRET_HEADER: SECRET})
        assert hook.status_code == 404


async def test_what_a_webhook_needs(tmp_path: Path) -> None:
    """The variables that are missing are named; an address in use as well."""
    async with Sandbox(port=0) as sandbox, SandboxClient(sandbox.url):
        plain = {"DUOLOGUE_TOKEN": sandbox.token, "DUOLOGUE_API_URL": sandbox.url}
        with pytest.raises(StartError, match="needs DUOLOGUE_WEBHOOK_SECRET and DUOLOGUE_LISTEN as well"):
            App(
                config.load({**plain, "DUOLOGUE_WEBHOOK_URL": "http://127.0.0.1:1/x"}, tmp_path), webhook=True
            )
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            taken = config.load({**plain, "DUOLOGUE_LISTEN": f"127.0.0.1:{port}"}, tmp_path)
            with pytest.raises(StartError, match=rf"{port} cannot be listened on .*; see DUOLOGUE_LISTEN"):
                await App(taken).__aenter__()
