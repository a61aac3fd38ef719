"""Plays with a killed bot can fail: forgetful bots are caught, and an excuse holds for what it excuses only."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.cast import Cast, Missed
from bot.demo.theatre import Theatre
from tests.journeys.trouble import Stroke, Trouble, on, settle, unexcused

BROKEN = Path(__file__).with_name("broken.py")


@asynccontextmanager
async def small_stage(
    folder: Path, database_url: str, how: str | None = None, patience: float = 30.0
) -> AsyncIterator[tuple[Cast, Trouble]]:
    """A bot (a forgetful one, if told `how`), people, and trouble."""
    command = [sys.executable, str(BROKEN), how, "run"] if how else None
    async with (
        Theatre(folder, command=command, env=on(database_url)) as theatre,
        Cast(theatre.client, patience=patience) as cast,
    ):
        yield cast, Trouble(theatre)


async def test_a_lost_update_is_noticed(tmp_path: Path, database_url: str) -> None:
    """Somebody who wrote to a bot that acknowledged too early waits in vain."""
    async with small_stage(tmp_path / "play", database_url, "acknowledges_before_keeping", patience=5.0) as (
        cast,
        trouble,
    ):
        ann = await cast.joins("Ann", "en")
        await ann.says("/start")
        async with asyncio.timeout(30):
            while (await cast.client.info())["pending_updates"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await trouble.kill()
        with pytest.raises(Missed, match="lang:en"):
            await ann.sees("lang:en")


async def test_a_copy_without_excuse_is_noticed(tmp_path: Path, database_url: str) -> None:
    """What had arrived and was written down must not come again, whenever the bot was killed."""
    async with small_stage(tmp_path / "play", database_url, "sends_again_after_a_start") as (cast, trouble):
        ann = await cast.joins("Ann", "en")
        await ann.says("/start")
        await ann.sees("lang:en")
        await settle(trouble.theatre)
        await trouble.kill()
        await cast.until(lambda: cast.doubles() or None, lambda: ann.missed("a copy"))
        (complaint,) = unexcused(cast, trouble.deaths)
        assert complaint.startswith("Ann got '👋 Welcome")


@pytest.mark.parametrize("kind", ["drop_after", "malformed"])
async def test_a_copy_after_a_broken_connection_is_excused(
    tmp_path: Path, database_url: str, kind: str
) -> None:
    """The network hid that the message had arrived: it may come again, once."""
    async with small_stage(tmp_path / "play", database_url) as (cast, trouble):
        ann = await cast.joins("Ann", "en")
        await cast.client.fault(kind, "sendMessage")
        await ann.says("/start")
        await cast.until(lambda: cast.doubles() or None, lambda: ann.missed("a copy"))
        await settle(trouble.theatre)
        ((first, second),) = cast.doubles()
        assert first.text == second.text
        assert unexcused(cast, trouble.deaths) == []


async def test_a_copy_after_a_death_in_the_air_is_excused(tmp_path: Path, database_url: str) -> None:
    """The bot died before it could write down that the message had arrived."""
    async with small_stage(tmp_path / "play", database_url) as (cast, trouble):
        ann = await cast.joins("Ann", "en")
        trouble.plan(Stroke(("sendMessage",), 1))
        await ann.says("/start")
        await cast.until(lambda: cast.doubles() or None, lambda: ann.missed("a copy"))
        await settle(trouble.theatre)
        assert len(cast.doubles()) == 1
        assert [death.in_the_air for death in trouble.deaths] == [{ann.person.id}]
        assert unexcused(cast, trouble.deaths) == []
        assert len(unexcused(cast, [])) == 1
