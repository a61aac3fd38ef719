"""The pages, asked as Telegram, a monitor and a stranger would."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from bot.web.guard import Limits
from bot.web.site import SECRET_HEADER, Doors, Hook, site

SECRET = "s3cret-of-the-hook"
KNOWN = {SECRET_HEADER: SECRET}

Ask = Callable[..., Awaitable[httpx.Response]]


class Bot:
    """What the pages ask: it keeps updates unless it is told to fail."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.failing = False
        self.ailing: list[str] = []
        self.unready: list[str] = []
        self.calendars = {"s3cret": b"BEGIN:VCALENDAR\r\n"}

    async def keep(self, raw: dict[str, Any]) -> None:
        """Keep an update."""
        if self.failing:
            raise RuntimeError("the disk is full")
        self.kept.append(raw)

    async def is_unready(self) -> list[str]:
        """What keeps it from working."""
        return self.unready

    async def calendar(self, secret: str) -> bytes | None:
        """One that is there, unless it is told to fail."""
        if self.failing:
            raise RuntimeError("the disk is full")
        return self.calendars.get(secret)

    async def metrics(self) -> str:
        """Some text."""
        return "duologue_up 1\n"


@pytest.fixture
def bot() -> Bot:
    """One that is well."""
    return Bot()


def asking(bot: Bot, *, webhook: bool = True) -> Ask:
    """A client of the bot's pages."""
    hook = Hook("https://bot.example.org/in/telegram", SECRET, bot.keep) if webhook else None
    app = site(
        Doors(lambda: bot.ailing, bot.is_unready, bot.metrics, hook, bot.calendar),
        Limits(rate=1.0, burst=5.0),
    )

    async def ask(method: str, path: str, address: str = "203.0.113.9", **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
            return await client.request(method, path, **options)

    return ask


@pytest.fixture
def ask(bot: Bot) -> Ask:
    """A client of the pages of a bot with a webhook."""
    return asking(bot)


async def test_an_update_is_kept_before_it_is_acknowledged(bot: Bot, ask: Ask) -> None:
    """Whatever it holds."""
    update = {"update_id": 7, "message": {"text": "你好"}}
    answer = await ask("POST", "/in/telegram", json=update, headers=KNOWN)
    assert (answer.status_code, bot.kept) == (200, [update])


async def test_what_is_not_kept_is_not_acknowledged(bot: Bot, ask: Ask) -> None:
    """It comes again; the reason is told to nobody outside."""
    bot.failing = True
    answer = await ask("POST", "/in/telegram", json={"update_id": 7}, headers=KNOWN)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "try again\n", "1")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {SECRET_HEADER: ""},
        {SECRET_HEADER: SECRET[:-1]},
        {SECRET_HEADER: SECRET + "x"},
        {"X-Secret": SECRET},
    ],
)
async def test_without_the_secret_nothing_is_kept(bot: Bot, ask: Ask, headers: dict[str, str]) -> None:
    """Nor read."""
    answer = await ask("POST", "/in/telegram", json={"update_id": 7}, headers=headers)
    assert (answer.status_code, answer.text, bot.kept) == (403, "no\n", [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"{}",
        b'{"update_id": "7"}',
        b'{"update_id": true}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_update_does_not_come_again(bot: Bot, ask: Ask, body: bytes) -> None:
    """A refusal would bring it back for a day, and hold up everything of its chat."""
    answer = await ask("POST", "/in/telegram", content=body, headers=KNOWN)
    assert (answer.status_code, answer.text, bot.kept) == (200, "this is no update\n", [])


async def test_telegram_is_never_told_to_wait(bot: Bot, ask: Ask) -> None:
    """Strangers are, before the secret is even looked at for the answer."""
    updates = [{"update_id": number} for number in range(20)]
    for update in updates:
        assert (await ask("POST", "/in/telegram", json=update, headers=KNOWN)).status_code == 200
    assert bot.kept == updates
    codes = [(await ask("POST", "/in/telegram", json={})).status_code for _ in range(7)]
    assert codes == [403] * 5 + [429] * 2
    assert (await ask("POST", "/in/telegram", json={"update_id": 99}, headers=KNOWN)).status_code == 200


async def test_the_hook_is_only_there_for_who_has_one(bot: Bot) -> None:
    """And only by POST."""
    assert (
        await asking(bot, webhook=False)("POST", "/in/telegram", json={}, headers=KNOWN)
    ).status_code == 404
    assert (await asking(bot)("GET", "/in/telegram", headers=KNOWN)).status_code == 405


async def test_health_and_readiness(bot: Bot, ask: Ask) -> None:
    """A part that ended makes it unhealthy, a database that does not answer unready."""
    assert [(await ask("GET", path)).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    bot.unready = ["the database does not answer"]
    health, ready = await ask("GET", "/healthz"), await ask("GET", "/readyz", "203.0.113.8")
    assert (health.status_code, health.json()) == (200, {"ailing": []})
    assert (ready.status_code, ready.json()) == (503, {"unready": ["the database does not answer"]})
    bot.ailing = ["clock"]
    health, ready = await ask("GET", "/healthz"), await ask("GET", "/readyz", "203.0.113.8")
    assert (health.status_code, health.json()) == (503, {"ailing": ["clock"]})
    assert ready.json() == {"unready": ["clock", "the database does not answer"]}


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::7"])
async def test_metrics_are_for_machines_nearby(ask: Ask, address: str) -> None:
    """In Prometheus' text format."""
    answer = await ask("GET", "/metrics", address)
    assert (answer.status_code, answer.text) == (200, "duologue_up 1\n")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("8.8.8.8", {}),
        ("2606:4700::1111", {}),
        ("10.1.2.3", {"X-Forwarded-For": "203.0.113.9"}),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}),
    ],
)
async def test_metrics_are_for_nobody_else(ask: Ask, address: str, headers: dict[str, str]) -> None:
    """Nor for what a server in front passes on: then they are not there."""
    assert (await ask("GET", "/metrics", address, headers=headers)).status_code == 404


# --- calendars


async def test_a_calendar_is_read_by_its_secret(ask: Ask) -> None:
    """As a file that is kept by nobody on the way, and fetched again only when it has changed."""
    answer = await ask("GET", "/calendar/s3cret.ics")
    assert (answer.status_code, answer.content) == (200, b"BEGIN:VCALENDAR\r\n")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    tag = answer.headers["ETag"]
    for known in (tag, f'"x", W/{tag}'):
        again = await ask("GET", "/calendar/s3cret.ics", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    head = await ask("HEAD", "/calendar/s3cret.ics")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", tag)


async def test_a_calendar_that_changed_is_given_anew(bot: Bot, ask: Ask) -> None:
    """Its tag is another one."""
    tag = (await ask("GET", "/calendar/s3cret.ics")).headers["ETag"]
    bot.calendars["s3cret"] = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    again = await ask("GET", "/calendar/s3cret.ics", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["ETag"] != tag) == (200, True)


@pytest.mark.parametrize("path", ["wrong.ics", "s3cret", ".ics", "s3cret.ics/x", "../calendar/s3cret.icsx"])
async def test_without_the_secret_there_is_no_calendar(ask: Ask, path: str) -> None:
    """Nothing tells one that ended from one that never was."""
    answer = await ask("GET", f"/calendar/{path}")
    assert (answer.status_code, answer.text.strip()) == (404, "Not Found")


async def test_a_calendar_is_only_read(ask: Ask) -> None:
    """Nothing can be written into it."""
    assert (await ask("POST", "/calendar/s3cret.ics")).status_code == 405


async def test_a_calendar_that_cannot_be_read_now(bot: Bot, ask: Ask) -> None:
    """Programs keep what they have and come again; the reason is told to nobody outside."""
    bot.failing = True
    answer = await ask("GET", "/calendar/s3cret.ics")
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "try again\n", "60")


async def test_guessing_secrets_is_slow(ask: Ask) -> None:
    """Like everything else that is asked too often."""
    answers = [(await ask("GET", f"/calendar/{number}.ics")).status_code for number in range(8)]
    assert answers == [404] * 5 + [429] * 3
