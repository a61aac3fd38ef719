"""The webhook is set, looked after, and left standing; a poller takes its own away and nobody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs
from telegram import Bot

from bot.sandbox import Person, Sandbox, SandboxClient
from handlers.telegram.fetch import HOOK_ELSEWHERE, OTHER_POLLER, Poller
from handlers.telegram.hook import TAKEN, HookKeeper, HookRefused
from handlers.telegram.transport import Patience
from tests.handlers.test_fetch import Keeper

OURS = "http://127.0.0.1:9/telegram"
"""Nobody answers there."""

PATIENCE = Patience(poll=1.0, poll_spare=0.3)


async def until(logs: list[dict[str, object]], event: str) -> dict[str, object]:
    """Wait for a line in the log, and give it."""
    async with asyncio.timeout(10):
        while not (found := [line for line in logs if line["event"] == event]):  # noqa: ASYNC110 - a log has no event
            await asyncio.sleep(0.01)
    return found[0]


@pytest.fixture
async def hook(bot: Bot) -> AsyncIterator[HookKeeper]:
    """One that looks often, running."""
    keeper = HookKeeper(bot, OURS, "secret", look_every=0.05)
    await keeper.start()
    yield keeper
    await keeper.stop()


async def test_what_telegram_is_told(sandbox: Sandbox, hook: HookKeeper, bot: Bot) -> None:
    """Where, with which secret, and what for; it stays when the program stops."""
    await hook.stop()
    assert not hook.alive
    set_up = sandbox.api.webhook
    assert (set_up.url, set_up.secret, set_up.max_connections) == (OURS, "secret", 100)
    info = await bot.get_webhook_info()
    assert info.allowed_updates == ("message", "edited_message", "callback_query", "my_chat_member")


async def test_a_url_that_telegram_does_not_take(bot: Bot) -> None:
    """It is said in Telegram's words, and nothing runs."""
    keeper = HookKeeper(bot, "ftp://bot.example.org/x", "secret")
    with pytest.raises(HookRefused, match="https url must be provided"):
        await keeper.start()
    assert not keeper.alive
    await keeper.stop()


async def test_a_start_without_telegram(client: SandboxClient, sandbox: Sandbox, bot: Bot) -> None:
    """It is set when Telegram is back, and nobody is accused of having taken it."""
    await client.fault("error", "setWebhook", times=1, status=502)
    keeper = HookKeeper(bot, OURS, "secret", look_every=0.05)
    with capture_logs() as logs:
        await keeper.start()
        await until(logs, "hook.not_set")
        async with asyncio.timeout(10):
            while sandbox.api.webhook.url != OURS:  # noqa: ASYNC110 - the sandbox has no event for it
                await asyncio.sleep(0.01)
    await keeper.stop()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == []


async def test_who_takes_it_away_is_noticed(sandbox: Sandbox, hook: HookKeeper, bot: Bot) -> None:
    """It is set again, and the log says what is going on, without the other one's secrets."""
    with capture_logs() as logs:
        await bot.set_webhook("https://other.example.org/path-with-a-secret")
        line = await until(logs, "hook.taken")
    assert line == {
        "event": "hook.taken",
        "log_level": "error",
        "by": "other.example.org",
        "hint": TAKEN,
    }
    async with asyncio.timeout(10):
        while sandbox.api.webhook.url != OURS:  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0.01)
    assert hook.alive


async def test_what_telegram_complains_of_is_told_once(hook: HookKeeper, ann: Person) -> None:
    """That it cannot deliver."""
    with capture_logs() as logs:
        await ann.says("hello")
        line = await until(logs, "hook.not_delivered")
        await asyncio.sleep(0.2)
    assert (line["reason"], line["waiting"]) == ("Connection refused", 1)
    assert (
        len([one for one in logs if one["event"] == "hook.not_delivered"]) <= 2
    )  # a new second is a new complaint


async def test_a_poller_takes_its_own_webhook_away(bot: Bot, ann: Person) -> None:
    """What waited there comes by polling."""
    await bot.set_webhook(OURS)
    await ann.says("hello")
    keeper = Keeper()
    poller = Poller(bot, keeper.accept, PATIENCE, OURS)
    await poller.start()
    try:
        assert await keeper.has(1) == ["hello"]
    finally:
        await poller.stop()
    assert (await bot.get_webhook_info()).url == ""


async def test_a_poller_leaves_the_webhook_of_others(
    bot: Bot, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says whose it is; when that is gone, it goes on by itself."""
    monkeypatch.setattr("handlers.telegram.fetch.CONFLICT_PAUSE", 0.05)
    await bot.set_webhook("https://other.example.org/path-with-a-secret")
    await ann.says("hello")
    keeper = Keeper()
    poller = Poller(bot, keeper.accept, PATIENCE, OURS)
    with capture_logs() as logs:
        await poller.start()
        try:
            line = await until(logs, "poll.webhook")
            assert (line["host"], line["hint"]) == ("other.example.org", HOOK_ELSEWHERE)
            assert keeper.texts == []
            await bot.delete_webhook()
            assert await keeper.has(1) == ["hello"]
        finally:
            await poller.stop()


async def test_a_webhook_that_comes_later_wins_while_somebody_answers_there(
    bot: Bot, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of our own programs do not fight: the poller that ran before gives way, and says so."""
    monkeypatch.setattr("handlers.telegram.fetch.CONFLICT_PAUSE", 0.05)
    poller = Poller(bot, Keeper().accept, PATIENCE, OURS)
    await poller.start()
    try:
        async with asyncio.timeout(10):
            while not poller._has_polled:  # noqa: ASYNC110 - nobody else needs to know
                await asyncio.sleep(0.01)
        with capture_logs() as logs:
            await bot.set_webhook(OURS)
            await until(logs, "poll.webhook")
        assert sandbox.api.webhook.url == OURS
        assert poller.alive
    finally:
        await poller.stop()


async def test_a_second_poller_is_noticed(bot: Bot) -> None:
    """And explained: one of the two has to go."""
    first, second = (Poller(bot, Keeper().accept, PATIENCE) for _ in range(2))
    with capture_logs() as logs:
        await first.start()
        await second.start()
        try:
            line = await until(logs, "poll.conflict")
        finally:
            await first.stop()
            await second.stop()
    assert line == {"event": "poll.conflict", "log_level": "error", "hint": OTHER_POLLER}
