"""A sandbox, its people side, and a bot that is nothing but HTTP calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.sandbox import Person, Sandbox, SandboxClient
from tests.sandbox.rawbot import RawBot

TOKEN = "7000000001:test-token"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A running sandbox."""
    async with Sandbox(token=TOKEN) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    """Its people side."""
    async with SandboxClient(sandbox.url) as connected:
        yield connected


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[RawBot]:
    """Its bot side."""
    bot = RawBot(sandbox.url, sandbox.token)
    yield bot
    await bot.session.close()


@pytest.fixture
async def ann(client: SandboxClient) -> Person:
    """A person the bot may write to."""
    return await client.person("Ann", language_code="en", started=True)
