"""Fetching: what was kept is confirmed and nothing else, and no page is taken for a file."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from telegram import Bot

from bot.sandbox import Person, Sandbox, SandboxClient
from bot.sandbox.updates import Update
from bot.services.ports import FileGoneError, OutageError
from handlers.telegram.fetch import Poller, TelegramFiles
from handlers.telegram.transport import Patience

PATIENCE = Patience(poll=1.0, poll_spare=0.3)


@dataclass
class Keeper:
    """Keeps what a poller brings, once, unless it is told to fail."""

    texts: list[str] = field(default_factory=list)
    brought: int = 0
    failures: int = 0

    def __post_init__(self) -> None:
        """Nobody waits yet."""
        self._changed = asyncio.Condition()
        self._seen: set[int] = set()

    async def accept(self, raws: Sequence[dict[str, Any]]) -> None:
        """What a poller calls."""
        self.brought += len(raws)
        if self.failures:
            self.failures -= 1
            raise OSError("no room")
        async with self._changed:
            for raw in raws:
                if raw["update_id"] not in self._seen:
                    self._seen.add(raw["update_id"])
                    self.texts.append(raw.get("message", {}).get("text", "?"))
            self._changed.notify_all()

    async def has(self, count: int) -> list[str]:
        """Wait until so many were kept."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.texts) >= count)
        return self.texts


@pytest.fixture
def keeper() -> Keeper:
    """Somebody who keeps updates."""
    return Keeper()


@pytest.fixture
async def poller(bot: Bot, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Poller]:
    """A poller with short pauses, running."""
    monkeypatch.setattr("handlers.telegram.fetch.PAUSES", (0.01, 0.05))
    running = Poller(bot, keeper.accept, PATIENCE)
    await running.start()
    yield running
    await running.stop()


async def confirmed(sandbox: Sandbox) -> None:
    """Wait until nothing waits for the bot any more."""
    async with asyncio.timeout(10):
        while sandbox.world.updates.pending:  # noqa: ASYNC110 - the queue has no event for it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "times", "seconds"),
    [
        *((kind, 3, 0) for kind in ("drop_before", "drop_after", "error", "error_after", "malformed")),
        *((kind, 3, 0) for kind in ("half", "close", "retry_after")),
        *((kind, 1, 3) for kind in ("hang_before", "hang_after", "delay", "trickle")),
    ],
)
async def test_any_trouble(
    poller: Poller,
    keeper: Keeper,
    sandbox: Sandbox,
    client: SandboxClient,
    ann: Person,
    kind: str,
    times: int,
    seconds: float,
) -> None:
    """Polls go wrong: everything is kept once all the same, in order, and confirmed."""
    await client.fault(kind, "getUpdates", times=times, seconds=seconds)
    for number in range(5):
        await ann.says(f"{number}")
    assert await keeper.has(5) == ["0", "1", "2", "3", "4"]
    await confirmed(sandbox)


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 409, 500, 503])
async def test_a_page_of_any_status(
    poller: Poller, keeper: Keeper, sandbox: Sandbox, client: SandboxClient, ann: Person, status: int
) -> None:
    """A login page's 401 is no wrong token, and no long pause follows it."""
    await client.fault("error", "getUpdates", times=3, status=status)
    await ann.says("Hello")
    assert await keeper.has(1) == ["Hello"]
    await confirmed(sandbox)


async def test_what_was_not_kept_is_not_confirmed(
    poller: Poller, keeper: Keeper, sandbox: Sandbox, ann: Person
) -> None:
    """It is brought again until it could be kept, and waits at Telegram meanwhile."""
    keeper.failures = 3
    await ann.says("Hello")
    assert await keeper.has(1) == ["Hello"]
    assert keeper.brought >= 4
    await confirmed(sandbox)


async def test_numbers_that_begin_anew(
    poller: Poller, keeper: Keeper, sandbox: Sandbox, client: SandboxClient
) -> None:
    """After an idle week Telegram may go on counting anywhere, lower too: nothing is waited for in vain."""
    updates = sandbox.world.updates
    for text, first in (("high", 800_000_000), ("low", 1_000), ("middle", 400_000_000)):
        updates.last_id = first
        await client.inject({"message": {"text": text}})
        await client.inject({"message": {"text": f"{text}er"}})
        await confirmed(sandbox)
    assert keeper.texts == ["high", "higher", "low", "lower", "middle", "middleer"]


@pytest.mark.parametrize("number", ['"seven"', "true", "null", "1.5"])
async def test_what_is_no_update(
    poller: Poller, keeper: Keeper, sandbox: Sandbox, client: SandboxClient, ann: Person, number: str
) -> None:
    """A number that is none stops nobody, alone or among others."""
    updates = sandbox.world.updates
    for _ in range(2):
        odd = Update(1, "message", f'{{"update_id":{number},"message":{{}}}}'.encode(), "", time.time() + 60)
        updates._repeat(odd)
        await ann.says("Hello")
        await confirmed(sandbox)
    assert (keeper.texts, keeper.brought) == (["Hello", "Hello"], 2)


# --- files


@pytest.fixture
async def file_id(bot: Bot, ann: Person) -> str:
    """A file that somebody sent."""
    await ann.sends_document(b"RIFF" * 1000, "a.wav")
    [update] = await bot.get_updates(timeout=5, read_timeout=10)
    assert update.message is not None
    assert update.message.document is not None
    return update.message.document.file_id


@pytest.mark.parametrize("method", ["getFile", "download"])
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("drop_before", 0),
        ("half", 0),
        ("error", 502),
        ("error", 404),
        ("error", 403),
        ("error", 200),
    ],
)
async def test_trouble_with_a_file_is_an_outage(
    bot: Bot, client: SandboxClient, file_id: str, method: str, kind: str, status: int
) -> None:
    """Nobody is told that their file is gone or cannot be read because of a network; later it is there."""
    files = TelegramFiles(bot)
    await client.fault(kind, method, times=9, seconds=60, status=status or 502)
    with pytest.raises(OutageError):
        await files.fetch(file_id)
    await client.request("DELETE", "faults")
    assert await files.fetch(file_id) == b"RIFF" * 1000


async def test_a_wait_is_an_outage_too(bot: Bot, client: SandboxClient, file_id: str) -> None:
    """Telegram wants silence: the file is there afterwards."""
    await client.fault("retry_after", "getFile", seconds=3)
    with pytest.raises(OutageError):
        await TelegramFiles(bot).fetch(file_id)


async def test_a_file_that_is_gone(bot: Bot, file_id: str) -> None:
    """What Telegram itself says does not change by asking again."""
    with pytest.raises(FileGoneError):
        await TelegramFiles(bot).fetch(f"{file_id}x")
