"""Killed at any moment, also while the network fails; killed in the middle of a broadcast; told to stop.

The bot is a process of its own, killed with SIGKILL and started again on the same data while people go on.
What may come twice, and how that is told from what may not, stands in `tests.journeys.trouble`. That it may die at
every single commit and sending is tried by `tests.crash`.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.demo.cast import Actor, Cast
from bot.demo.joining import onboards
from bot.demo.reviewing import NIGHT_MARKET
from bot.demo.story import Story
from bot.demo.theatre import OWNER, Theatre
from tests.journeys.trouble import Ending, Stroke, Trouble, ending, on, rows, settle, unexcused

SENDING = ("sendMessage", "sendVoice", "sendDocument")
PATIENCE = 60.0
"""Seconds: generous, because a restart on a busy machine takes some of them."""

ONCE = {
    "SampleRefused",
    "SampleQueued",
    "PairFormed",
    "BookingConfirmed",
    "BookingCancelled",
}


class RoughStory(Story):
    """The story for rough nights: what is announced to many is never sent again after a doubt, so people ask."""

    async def _hears_of_slots(self, actor: Actor) -> None:
        asked = await self.cast.mark()
        await actor.says("/slots")
        await actor.sees("book:*", since=asked)


Disturb = Callable[[Trouble], Awaitable[None]]


async def play(folder: Path, disturb: Disturb | None = None, database_url: str = "") -> Ending:
    """Play the whole story while somebody disturbs it; how it ended."""
    async with (
        Theatre(folder, env=on(database_url)) as theatre,
        Cast(theatre.client, patience=PATIENCE) as cast,
    ):
        story, trouble = RoughStory(cast, theatre), Trouble(theatre)
        theatre.bot.on_exit = lambda: cast.bot_fell(theatre.bot.fell or 0)
        disturber = asyncio.create_task(_forever(disturb, trouble)) if disturb else None
        for step in story.steps:
            if step.name == "broadcast" and disturber is not None:
                disturber.cancel()  # a broadcast that is cut off is not sent again: another test has that
                await asyncio.gather(disturber, return_exceptions=True)
                trouble.forget()
                await trouble.calm()
            cast.step = step.name
            await step.play()
        await settle(theatre)
        assert unexcused(cast, trouble.deaths) == []
        assert not disturb or trouble.deaths
        return ending(theatre, cast)


async def _forever(disturb: Disturb, trouble: Trouble) -> None:
    await disturb(trouble)
    await asyncio.Event().wait()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    """How the story ends when nothing happens."""
    return asyncio.run(play(tmp_path_factory.mktemp("calm") / "play"))


def check_same(rough: Ending, calm: Ending) -> None:
    """The same is true in the end, everybody was told everything, and what is told once was told once."""
    assert rough.stuck == ()
    assert (rough.samples, rough.votes, rough.decisions) == (calm.samples, calm.votes, calm.decisions)
    assert (rough.pairs, rough.bookings) == (calm.pairs, calm.bookings)
    assert calm.told - rough.told == {}, "somebody was not told something"
    assert {key: n for key, n in (rough.told - calm.told).items() if key[1] in ONCE} == {}


@pytest.mark.slow
async def test_a_night_without_trouble(calm: Ending) -> None:
    """The measure of the others: one verdict a sample, one pair a person, one booking a slot, nothing stuck."""
    assert calm.stuck == ()
    assert {name: n for (name, state), n in calm.samples.items() if state == "approved"} == {
        "Ann": 1,
        "李雷": 1,
        "Ben": 1,
        "韩梅梅": 1,
    }
    assert {row[0]: n for row, n in calm.pairs.items()} == {"Ann": 1, "李雷": 1, "Ben": 1, "韩梅梅": 1}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 8))
async def test_a_rough_night(tmp_path: Path, database_url: str, calm: Ending, seed: int) -> None:
    """Kills at any moment, and a network that fails before and after sending."""
    chance = random.Random(seed)

    async def disturb(trouble: Trouble) -> None:
        for _ in range(10):
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(chance.uniform(0.1, 0.4))
                kind = chance.choice(("drop_before", "drop_after", "drop_after", "malformed", "error"))
                method = chance.choice((*SENDING, "sendMessage", "getUpdates", "answerCallbackQuery", None))
                await trouble.theatre.client.fault(kind, method)
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            await trouble.kill()

    check_same(await play(tmp_path / "play", disturb, database_url), calm)


async def test_killed_during_a_broadcast(tmp_path: Path, database_url: str) -> None:
    """Nobody gets it twice; who did not get it is one of those whose copy was in the air."""
    async with (
        Theatre(tmp_path / "play", env=on(database_url)) as theatre,
        Cast(theatre.client, patience=PATIENCE) as cast,
    ):
        trouble = Trouble(theatre)
        olga = await cast.joins("Olga", "en", telegram_id=OWNER)
        await olga.says("/start")
        await olga.presses("lang:en")
        crowd = [await cast.joins(f"Person {number}", "en") for number in range(80)]
        await theatre.client.batch([{"person": one.person.id, "text": "/start"} for one in crowd])
        buttons = [await one.sees("lang:en") for one in crowd]
        presses = [{"person": b.chat_id, "message_id": b.message_id, "data": b.data} for b in buttons]
        await theatre.client.batch(presses)
        for one in crowd:
            await one.sees("consent:*:*:yes")
        since = await cast.mark()
        await olga.says("/broadcast all | The studio has a new door.")
        send = await olga.sees("cast:*:send", since=since)
        trouble.plan(Stroke(("sendMessage",), 20), Stroke(("sendMessage",), 20, before=True))
        await olga.presses(send)
        await cast.until(lambda: trouble.left == 0 or None, lambda: olga.missed("two kills"))
        await settle(theatre)
        got = {one.person.id: len(one.heard_since(since, "new door")) for one in crowd}
        lost = {chat for chat, copies in got.items() if copies == 0}
        assert max(got.values()) == 1
        assert lost
        assert lost <= trouble.deaths[0].in_the_air | trouble.deaths[1].in_the_air


async def test_told_to_stop(tmp_path: Path, database_url: str) -> None:
    """SIGTERM in the middle of work: it ends in order within ten seconds, and nothing is lost or doubled."""
    async with (
        Theatre(tmp_path / "play", env=on(database_url)) as theatre,
        Cast(theatre.client, patience=PATIENCE) as cast,
    ):
        ann = await cast.joins("Ann", "en")
        await onboards(ann, "1990", "skip", "en", city="")
        crowd = [await cast.joins(f"Person {number}", "en") for number in range(60)]
        since = await cast.mark()
        await ann.sends_voice(NIGHT_MARKET.data, NIGHT_MARKET.seconds)
        await theatre.client.batch([{"person": one.person.id, "text": "/start"} for one in crowd])
        await ann.hears("received", since=since)
        began = time.monotonic()
        assert await theatre.bot.terminate() == 0
        assert time.monotonic() - began < 10
        assert "Traceback" not in theatre.bot.log.read_text()
        assert rows(theatre, "SELECT count(*) FROM outbox WHERE state = 'sending'") == [(0,)]
        await theatre.bot.start()
        for one in crowd:
            await one.hears("language")
        await ann.presses("sample:*:agreed:yes", since=since)
        await ann.hears("reviewers", since=since)
        await settle(theatre)
        assert cast.doubles() == []
