"""How light the playground's page is: its weight, its first paint, a new message in a long chat, beside the goals."""

import asyncio
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright
from rich.console import Console
from rich.table import Table

from bot.playground.play import serving
from bot.playground.server import PAGES, Playground
from tests.playground.chromium import CHROMIUM, MISSING

OPENINGS = 5
LONG = 500
NEW = 100
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
GOALS = {"page weight": (150.0, "KB"), "first paint, median": (500.0, "ms"), "a new message": (16.0, "ms")}


async def main() -> None:
    """Open the page in Chromium several times, and let messages come into a long chat."""
    if CHROMIUM is None:
        Console().print(f"[red]{MISSING}")
        return
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as playground, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            paints = []
            for _ in range(OPENINGS):
                page = await browser.new_page()
                await opened(page, playground)
                paints.append(await page.evaluate(PAINT))
                await page.close()
            page = await browser.new_page()
            each = await a_new_message(page, playground)
            await browser.close()
    weight = sum(path.stat().st_size for path in PAGES.iterdir()) / 1024
    show({"page weight": weight, "first paint, median": statistics.median(paints), "a new message": each})


async def opened(page: Page, playground: Playground) -> None:
    """Wait until the phones are there."""
    await page.goto(playground.url)
    await page.wait_for_selector("html[data-ready]")


async def a_new_message(page: Page, playground: Playground) -> float:
    """Milliseconds of script, style, layout and paint that one more message costs, by Chromium's own count."""
    world = playground.stage.sandbox.world
    person = await playground.stage.client.person("Ann", language_code="en", started=True)
    chat = world.chats[person.id]

    def says(number: int) -> None:
        content = {"text": f"Message {number}: " + "something to read, on more than one line. " * 3}
        record = world.new_message(chat, world.bot_user(), content, by_bot=True)
        world.feed.publish("message", chat.id, message=record.message)

    await opened(page, playground)
    for number in range(LONG):
        says(number)
    await page.locator(".message").nth(LONG - 1).wait_for(state="attached")
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    before = await _spent(session)
    for number in range(LONG, LONG + NEW):
        says(number)
        await asyncio.sleep(0.02)
    await page.locator(".message").nth(LONG + NEW - 1).wait_for(state="attached")
    return (await _spent(session) - before) / NEW


async def _spent(session: object) -> float:
    metrics = (await session.send("Performance.getMetrics"))["metrics"]  # type: ignore[attr-defined]
    return 1000 * next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def show(figures: dict[str, float]) -> None:
    """Print each beside its goal."""
    table = Table("what", "measured", "goal", "ratio", title="the playground in Chromium")
    for name, value in figures.items():
        goal, unit = GOALS[name]
        table.add_row(name, f"{value:.1f} {unit}", f"{goal:.0f} {unit}", f"{value / goal:.2f}")
    Console().print(table)
