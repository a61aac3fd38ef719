"""People who go through the story as fast as they are answered, and a Telegram that brings what they do until it is
kept."""

import asyncio
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from bot.rules.consent import CONSENT_VERSION
from bot.web.site import SECRET_HEADER
from tests.cluster.api import Api, Said

PATIENCE = 300.0
"""Seconds that a person waits for an answer: in the end more is asked than a small machine can answer at once."""


VOTE = re.compile(r"vote:a\d+:yes")


class Telegram:
    """Delivers updates to whichever program takes them; of one person's, the next after the one before."""

    def __init__(self, targets: Callable[[], Sequence[str]], secret: str) -> None:
        self.api = Api(self._heard)
        self._targets, self._secret = targets, secret
        self._numbers, self._turns = itertools.count(1), itertools.count()
        self._changed: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self._session: aiohttp.ClientSession | None = None
        self.taken: dict[int, int] = {}
        """Updates that were acknowledged, with their senders."""
        self.refused = 0
        """Tries that no program acknowledged."""

    async def start(self) -> None:
        """Open."""
        await self.api.start()
        timeout = aiohttp.ClientTimeout(total=3.0)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=200))

    async def stop(self) -> None:
        """Close."""
        if self._session is not None:
            await self._session.close()
        await self.api.stop()

    def _heard(self, chat: int) -> None:
        self._changed[chat].set()

    async def changed(self, chat: int) -> None:
        """Wait until something changes in a chat."""
        self._changed[chat].clear()
        await self._changed[chat].wait()

    async def deliver(self, person: int, **what: Any) -> None:
        """Bring an update to a program, and to another one until one has kept it."""
        assert self._session is not None
        number = next(self._numbers)
        update = {"update_id": number, **what}
        while True:
            targets = self._targets()
            target = targets[next(self._turns) % len(targets)]
            try:
                async with self._session.post(
                    f"{target}/in/telegram", json=update, headers={SECRET_HEADER: self._secret}
                ) as answer:
                    if answer.status == 200:
                        self.taken[number] = person
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.refused += 1
            await asyncio.sleep(0.05)


class Person:
    """Somebody with a chat."""

    def __init__(self, telegram: Telegram, number: int) -> None:
        self.id = number
        self._telegram = telegram
        self._account = {"id": number, "is_bot": False, "first_name": f"P{number}", "language_code": "en"}
        self._chat = {"id": number, "type": "private", "first_name": f"P{number}"}

    @property
    def heard(self) -> list[Said]:
        """Everything in the chat."""
        return self._telegram.api.chats[self.id]

    async def says(self, text: str) -> None:
        """Type something."""
        message: dict[str, Any] = {
            "message_id": 0,
            "date": 0,
            "chat": self._chat,
            "from": self._account,
            "text": text,
        }
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        await self._telegram.deliver(self.id, message=message)

    async def records(self, data: bytes, seconds: int) -> None:
        """Send a voice note."""
        file_id = f"voice-{self.id}"
        self._telegram.api.files[file_id] = data
        voice = {
            "file_id": file_id,
            "file_unique_id": file_id,
            "duration": seconds,
            "mime_type": "audio/ogg",
            "file_size": len(data),
        }
        message = {"message_id": 0, "date": 0, "chat": self._chat, "from": self._account, "voice": voice}
        await self._telegram.deliver(self.id, message=message)

    async def presses(self, data: str, said: Said) -> None:
        """Press a button."""
        message = {
            "message_id": said.message_id,
            "date": 0,
            "chat": self._chat,
            "from": {**self._account, "id": 1},
        }
        query = {
            "id": f"{self.id}-{said.message_id}-{data}-{len(self._telegram.taken)}",
            "from": self._account,
            "message": {**message, "text": said.text},
            "chat_instance": "1",
            "data": data,
        }
        await self._telegram.deliver(self.id, callback_query=query)

    async def sees(self, pattern: str) -> tuple[str, Said]:
        """Wait for a button; the newest that fits."""
        wanted = re.compile(pattern)

        def look() -> tuple[str, Said] | None:
            found = (
                (one, said) for said in reversed(self.heard) for one in said.buttons if wanted.fullmatch(one)
            )
            return next(found, None)

        return await self._until(look, pattern)

    async def hears(self, *words: str, after: int = 0) -> Said:
        """Wait for a message with one of these words behind so many others."""

        def look() -> Said | None:
            return next(
                (said for said in self.heard[after:] if any(word in said.text for word in words)), None
            )

        return await self._until(look, words)

    async def _until(self, look: Callable[[], Any], what: object) -> Any:
        async with asyncio.timeout(PATIENCE):
            while (found := look()) is None:
                await self._telegram.changed(self.id)
        return found

    async def press(self, pattern: str) -> None:
        """Wait for a button and press it."""
        await self.presses(*await self.sees(pattern))

    # --- the story

    async def joins(self) -> None:
        """All questions of onboarding."""
        await self.says("/start")
        await self.press("lang:en")
        for purpose in ("review", "recording", "training"):
            await self.press(f"consent:{purpose}:{CONSENT_VERSION}:yes")
        await self.press("profile:name:keep")
        await self.hears("1998")
        await self.says("1990")
        await self.press("city:beijing")
        for wanted in ("gender:skip", "speaks:en", "speaks:done", "dialect:skip", "partner:any"):
            await self.press(f"profile:{wanted}")
        await self.hears("🎙")

    async def is_heard(self, data: bytes, seconds: int) -> None:
        """Send a sample, and be approved by two reviewers."""
        await self.records(data, seconds)
        await self.press(r"sample:\d+:agreed:yes")
        await self.hears("<b>approved</b>")

    async def reviews(self) -> None:
        """Say yes to every sample that comes, until cancelled."""
        voted: set[str] = set()
        while True:
            votes = ((one, said) for said in self.heard for one in said.buttons if VOTE.fullmatch(one))
            vote = next((found for found in votes if found[0] not in voted), None)
            if vote is None:
                await self._telegram.changed(self.id)
                continue
            voted.add(vote[0])
            await self.presses(*vote)

    async def invites(self, friend: "Person") -> None:
        """Become partners by a link."""
        await self.says("/partner")
        await self.press("pair:invite")
        token = re.search(r"start=([\w-]+)", (await self.hears("start=")).text)
        assert token
        await friend.says(f"/start {token[1]}")
        await friend.press(r"match:\d+:yes")
        await self.hears("You have a partner")

    async def books(self, friend: "Person", choice: int) -> bool:
        """Take a free time with the friend; another one if somebody was first. False if none was to be had."""
        for attempt in range(20):
            before = len(self.heard)
            await self.says("/slots")
            shown = await self.hears("ree times", after=before)
            free = [one for one in shown.buttons if re.fullmatch(r"book:\d+", one)]
            if not free:
                return False
            known = len(self.heard)
            await self.presses(free[(choice + attempt) % len(free)], shown)
            answer = await self.hears("", after=known)
            if "Held for you and" in answer.text:
                await friend.press(r"hold:\d+:yes")
                await asyncio.gather(self.hears("<b>confirmed</b>"), friend.hears("<b>confirmed</b>"))
                return True
        return False
