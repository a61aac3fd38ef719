"""People whose every act is done in the browser: a cast that writes into the phones and clicks on them."""

import asyncio
from typing import Any

from playwright.async_api import Locator, Page

from bot.demo.cast import Actor, Cast
from bot.demo.reviewing import DIALOGUES
from bot.sandbox.heard import Button

PATIENCE = 30.0
"""Seconds."""


class FingerCast(Cast):
    """A cast on one page, which has one pointer: people act one at a time."""

    def __init__(self, page: Page, client: Any) -> None:
        super().__init__(client, patience=PATIENCE)
        self.page = page
        self.pointer = asyncio.Lock()

    async def joins(
        self, name: str, language: str, *, telegram_id: int | None = None, colour: str = ""
    ) -> Actor:
        """Somebody comes on stage, with fingers."""
        actor = await super().joins(name, language, telegram_id=telegram_id, colour=colour)
        with_fingers = Fingers(self, actor.person, language, colour)
        self.actors[actor.person.id] = with_fingers
        await self.page.wait_for_selector(f"[data-person='{actor.person.id}']")
        return with_fingers


class Fingers(Actor):
    """A person who does everything on their phone."""

    cast: FingerCast

    @property
    def phone(self) -> Locator:
        """Theirs."""
        return self.cast.page.locator(f"[data-person='{self.person.id}']")

    async def says(self, text: str) -> None:
        """Write it and send it; who is new presses START first, and that is all there is to write."""
        async with self.cast.pointer:
            start = self.phone.locator(".start")
            if text == "/start" and await start.is_visible():
                await start.click()
                return
            await self.phone.locator("textarea").fill(text)
            await self.phone.locator("textarea").press("Enter")

    async def opens(self, link: str) -> None:
        """Click it where somebody got it, and say who opens it."""
        async with self.cast.pointer:
            await self.cast.page.locator(f"a[href='{link}']").last.click()
            await self.cast.page.locator(".popup").get_by_role("menuitem", name=self.name).click()

    async def sends_voice(self, recording: bytes, seconds: int) -> None:
        """Choose it among the dialogues."""
        name = next(p.stem for p in DIALOGUES.glob("*.ogg") if p.read_bytes() == recording)
        async with self.cast.pointer:
            await self.phone.get_by_label("Attach").click()
            await (
                self.cast.page.locator(".popup").get_by_role("menuitem", name=name.replace("-", " ")).click()
            )

    async def presses(self, wanted: str | Button, *, since: int = 0) -> Button:
        """Click the button."""
        button = wanted if isinstance(wanted, Button) else await self.sees(wanted, since=since)
        async with self.cast.pointer:
            message = self.phone.locator(f"[data-id='{button.message_id}']")
            await message.locator(f"[data-press='{button.data}']").click()
        return button
