"""A playground that listens, and phones in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.playground.play import serving
from bot.playground.server import Playground
from tests.playground.chromium import CHROMIUM, MISSING

FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
"""The first, because tests may run as root; the microphone is Chromium's own beeping one."""

expect.set_options(timeout=30_000)  # milliseconds: what is expected comes in one, but the machine may be busy


@pytest.fixture
async def playground(tmp_path: Path) -> AsyncIterator[Playground]:
    """One with nobody on it, and a bot that runs."""
    async with serving(tmp_path / "stage") as one:
        yield one


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


class Opener:
    """Opens the playground in pages that must not complain."""

    def __init__(self, browser: Browser, playground: Playground) -> None:
        self._browser = browser
        self._playground = playground
        self.complaints: list[str] = []

    async def __call__(self, *, width: int = 1920, height: int = 1000, language: str = "en-GB") -> Page:
        """A page of this size, in a browser set to this language."""
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, locale=language, permissions=["microphone"]
        )
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(self._playground.url)
        await ready(page)
        return page

    def _heard(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.complaints.append(getattr(message, "text", ""))


async def ready(page: Page) -> None:
    """Wait until the page knows who is on stage."""
    await page.wait_for_selector("html[data-ready]")


@pytest.fixture
async def opens(browser: Browser, playground: Playground) -> AsyncIterator[Opener]:
    """Open a page; at the end none may have complained."""
    opener = Opener(browser, playground)
    yield opener
    assert opener.complaints == []


@asynccontextmanager
async def quiet(opener: Opener, *allowed: str) -> AsyncIterator[None]:
    """Within it, complaints that hold one of these words are no complaints."""
    before = len(opener.complaints)
    yield
    opener.complaints[before:] = [
        c for c in opener.complaints[before:] if not any(word in c for word in allowed)
    ]
