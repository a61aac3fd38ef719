"""Take the README's pictures of the playground in the middle of the story: `make screenshots`. Run from the root.

Needs Chromium. docs/playground.png shows the phones, docs/playground-zh.png one phone in Chinese in the dark, and
docs/playground-360.png the page on a phone.
"""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bot.playground.play import serving
from bot.playground.server import Playground
from tests.playground.chromium import CHROMIUM, MISSING

DOCS = Path("docs")
STOP_AFTER = "booking"
"""The step after which the story is stopped: everybody has something on the phone."""
PATIENCE = 180_000
"""Milliseconds."""


async def page_of(
    browser: Browser, playground: Playground, width: int, height: int, scheme: str, language: str
) -> Page:
    """The playground in a page of this size."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale=language,
        timezone_id="Asia/Shanghai",
    )
    page = await context.new_page()
    await page.goto(playground.url)
    await page.wait_for_selector("html[data-ready]")
    return page


async def told_until(playground: Playground, step: str) -> None:
    """Tell the story as fast as it goes, up to the end of a step."""
    teller = playground.storyteller
    await teller.begin(speed=100)
    async with asyncio.timeout(PATIENCE / 1000):
        past = False
        while not past or teller.telling.name == step:
            await asyncio.sleep(0.02)
            past = past or teller.telling.name == step
            if teller.telling.state in ("broken", "over"):
                raise SystemExit(f"the story went wrong: {teller.telling}")
    teller.stop()
    await asyncio.sleep(2)  # what was said last arrives


async def main() -> None:
    """Take all three."""
    if CHROMIUM is None:
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as playground, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            await told_until(playground, STOP_AFTER)
            page = await page_of(browser, playground, 1480, 900, "light", "en-GB")
            for name in ("Tariq", "王师傅", "Sun", "Rosa"):
                await hide(page, name)
            await shot(page, "playground.png")
            page = await page_of(browser, playground, 400, 760, "dark", "zh-CN")
            await page.locator(".switcher button", has_text="李雷").click()
            await shot(page, "playground-zh.png")
            page = await page_of(browser, playground, 360, 700, "light", "en-GB")
            await page.locator(".switcher button", has_text="Ann").click()
            await shot(page, "playground-360.png")
            await browser.close()


async def hide(page: Page, name: str) -> None:
    """Put somebody's phone away."""
    phone = page.locator(".phone").filter(has=page.get_by_role("heading", name=name, exact=True))
    await phone.locator("header").get_by_role("button").click()
    await page.get_by_role("menuitem", name="Hide this phone").click()


async def shot(page: Page, name: str) -> None:
    """The page as it stands."""
    await page.wait_for_timeout(1500)  # waves and pictures are loaded when they are first seen
    await page.screenshot(path=DOCS / name)


asyncio.run(main())
