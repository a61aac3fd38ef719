"""A sandbox, a person on it, and python-telegram-bot over our own transport."""

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from bot.sandbox import Person, Sandbox, SandboxClient
from handlers.telegram.transport import AiohttpRequest


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A running sandbox with a token of Telegram's shape."""
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    """Its people side."""
    async with SandboxClient(sandbox.url) as connected:
        yield connected


@pytest.fixture
async def ann(client: SandboxClient) -> Person:
    """Somebody the bot may write to."""
    return await client.person("Ann", started=True)


@pytest.fixture
async def bot(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    """The library's bot over our transport."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # it warns of the change otherwise, and warnings are errors
    bot = Bot(
        sandbox.token,
        base_url=f"{sandbox.url}/bot",
        base_file_url=f"{sandbox.url}/file/bot",
        request=AiohttpRequest(read_timeout=0.5),
        get_updates_request=AiohttpRequest(read_timeout=0.5),
    )
    async with bot:
        yield bot
