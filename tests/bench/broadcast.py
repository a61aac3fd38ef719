"""A broadcast at the limit: blocked people, refusals, broken connections, and a kill in the middle.

The real program against a local Bot API server that counts what comes too fast. The rate is that of the time
in which sending was allowed: what a 429 ordered to wait, and the time from the kill to the next message, are apart.
"""

import asyncio
import contextlib
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.sandbox import Person, SandboxClient
from bot.services.unit import Units
from storage import migrate
from storage.database import Database
from tests import crowd
from tests.bench.throughput import server
from tests.helpers import an_approved

RECIPIENTS = 5000
RATE = 200
"""Messages a second that policy and server permit. Telegram's 30 would take three minutes."""

OWNER = 777
FIRST = 2_000_000
BLOCKED, REFUSING = 50, 100
"""Every so-many-th blocked the bot (2 %), or refuses voice messages (1 %)."""

HOLD = 1.0
"""Seconds that an injected 429 orders to wait."""

Faults = tuple[tuple[str, int], ...]
FAULTS: Faults = (("retry_after", 3), ("drop_before", 20), ("drop_after", 20), ("error", 10))
TEXT = "The studio has a new door."


@dataclass(frozen=True)
class Course:
    """How a broadcast went."""

    recipients: int
    ends: Counter[str]
    """Recipients by the state in which they ended."""
    twice: int
    """Recipients who got it more than once."""
    unheard: int
    """Recipients marked as sent who got nothing."""
    permitted: float
    reached: float
    """Calls a second, over the time in which sending was allowed: who blocked the bot costs one too."""
    downtime: float
    """Seconds from the kill to the next message."""
    holds: int
    """429s that were injected."""
    avoidable: int
    """429s that the server gave because too much came."""
    reminder: float
    """Seconds from when a reminder was due, in the middle of it, to when it arrived."""


class Bot:
    """The program as a process that can be killed and started again on the same data."""

    def __init__(self, folder: Path, url: str, token: str) -> None:
        self._folder = folder
        self._environment = {
            "DUOLOGUE_TOKEN": token,
            "DUOLOGUE_API_URL": url,
            "DUOLOGUE_DATA": str(folder),
            "DUOLOGUE_POLICY": str(folder / "duologue.toml"),
            "DUOLOGUE_OWNERS": str(OWNER),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "run"),
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Tell it to stop."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


@contextlib.asynccontextmanager
async def running(bot: Bot) -> AsyncIterator[None]:
    """Started, and told to stop at the end."""
    await bot.start()
    try:
        yield
    finally:
        await bot.stop()


async def seed(folder: Path, recipients: int, due: datetime) -> int:
    """Approved people, and two of a session whose reminder is due then; the Telegram id of one of the two."""
    database = Database(f"sqlite+aiosqlite:///{folder}/duologue.db")
    await migrate.upgrade(database)
    units = Units(database, lambda: datetime.now(UTC), crowd.AWAKE)
    async with units.writing("people") as unit:
        for number in range(recipients):
            await an_approved(unit, FIRST + number)
    (session,) = await crowd.confirmed(units, [due + timedelta(hours=24)])
    await database.close()
    return session.people[0]


async def people(client: SandboxClient, recipients: int) -> None:
    """Let everybody have begun the chat; some blocked the bot since, some refuse voice messages."""
    for chat in (crowd.FIRST, crowd.FIRST + 1):
        await client.post("people", first_name=f"Person {chat}", id=chat, started=True)
    for number in range(recipients):
        await client.post(
            "people",
            first_name=f"Person {number}",
            id=FIRST + number,
            started=True,
            blocked=number % BLOCKED == 0 or None,
            refuses_voice=number % REFUSING == 1 or None,
        )


async def measure(recipients: int = RECIPIENTS, rate: float = RATE, faults: Faults = FAULTS) -> Course:
    """Send one broadcast through all of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "duologue.toml").write_text(
            f'[telegram]\nper_second = {rate:g}\n[reminders]\nquiet = ""\n', encoding="utf-8"
        )
        async with server() as (url, token), SandboxClient(url) as client:
            await people(client, recipients)
            limits = {"per_chat": 1, "burst": 6, "per_group": 20, "per_second": rate}
            await client.settings(flood=True, limits=limits)
            due = datetime.now(UTC) + timedelta(seconds=6 + recipients / 250)
            reminded = await seed(folder, recipients, due)
            bot = Bot(folder, url, token)
            async with running(bot):
                since = await send_off(client)
                killed = await trouble(client, bot, since, recipients, faults)
                await finished(folder, patience=120 + 4 * recipients / rate)
                await reminded_of(client, reminded)
            ends = states(folder)
            return await course(client, ends, since, killed, (reminded, due), rate)


async def send_off(client: SandboxClient) -> int:
    """The owner broadcasts to everybody approved; gives the number of the last event before."""
    owner: Person = await client.person("Olga", id=OWNER, language_code="en")
    await owner.says("/start")
    await owner.presses(await owner.sees_button("lang:en", timeout=30))
    await owner.says(f"/broadcast approved | {TEXT}")
    button = await owner.sees_button(re.compile(r"cast:\d+:send"), timeout=60)
    since = int((await client.info())["last_seq"])
    await owner.presses(button)
    return since


async def trouble(client: SandboxClient, bot: Bot, since: int, recipients: int, faults: Faults) -> float:
    """Break what can break while it is sent, and kill the program in the middle; gives when (monotonic)."""
    for share, (kind, times) in zip((0.1, 0.2, 0.3, 0.6), faults, strict=True):
        await heard(client, since, round(share * recipients))
        for _ in range(times):
            await client.fault(kind, "sendMessage", seconds=HOLD)
            if kind == "retry_after":
                await asyncio.sleep(2 * HOLD)
        if share == 0.3:
            await heard(client, since, round(0.45 * recipients))
            killed = time.monotonic()
            await bot.kill()
            await bot.start()
    return killed


async def heard(client: SandboxClient, since: int, count: int) -> None:
    """Wait until so many got it."""
    chats: set[int] = set()
    async with asyncio.timeout(300):
        while len(chats) < count:
            for event in await client.events(since, timeout=10, kinds="message", limit=5000):
                since = event["seq"]
                chats.add(event["chat_id"])


async def reminded_of(client: SandboxClient, chat: int) -> dict[str, Any]:
    """The reminder that somebody got, before the broadcast began if that took so long; waits for it."""
    async with asyncio.timeout(120):
        since = 0
        while True:
            for event in await client.events(since, timeout=10, kinds="message", limit=5000):
                since = event["seq"]
                if event["chat_id"] == chat and "eminder" in event["message"].get("text", ""):
                    return event


def rows(folder: Path) -> list[tuple[str, int]]:
    """State and chat of every recipient."""
    connection = sqlite3.connect(f"file:{folder}/duologue.db?mode=ro", uri=True, timeout=20)
    try:
        query = "SELECT state, chat_id FROM outbox WHERE topic LIKE 'broadcast:%' AND kind = 'BroadcastWords'"
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def finished(folder: Path, patience: float) -> None:
    """Wait until nobody's copy is on its way any more."""
    async with asyncio.timeout(patience):
        while any(state in ("queued", "sending", "held") for state, _ in rows(folder)):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def states(folder: Path) -> dict[int, str]:
    """How each recipient ended."""
    return {chat: state for state, chat in rows(folder)}


async def course(
    client: SandboxClient,
    ends: dict[int, str],
    since: int,
    killed: float,
    reminder: tuple[int, datetime],
    rate: float,
) -> Course:
    """What the server saw, beside what the program says."""
    events = await client.events(since, kinds="message", limit=200_000)
    got = [event for event in events if TEXT in event["message"].get("text", "")]
    copies = Counter(event["chat_id"] for event in got)
    moments = sorted(event["mono"] for event in got)
    after = next(moment for moment in moments if moment > killed + 0.3)
    before = max(moment for moment in moments if moment < after)
    calls = [call for call in await client.requests("sendMessage") if TEXT in str(call["parameters"])]
    refused = [call for call in calls if call["status"] == 429]
    injected = [call for call in refused if call.get("fault")]
    down = after - min(killed, before)
    allowed = moments[-1] - moments[0] - down - HOLD * len(injected)
    chat, due = reminder
    told = await reminded_of(client, chat)
    return Course(
        recipients=len(ends),
        ends=Counter(ends.values()),
        twice=sum(count > 1 for count in copies.values()),
        unheard=sum(state == "sent" and not copies[chat] for chat, state in ends.items()),
        permitted=rate,
        reached=(len(calls) - 1) / allowed,
        downtime=down,
        holds=len(injected),
        avoidable=len(refused) - len(injected),
        reminder=told["time"] - due.timestamp(),
    )


def show(found: Course) -> None:
    """Print it."""
    table = Table(title=f"A broadcast to {found.recipients:,} with trouble, and a kill in the middle")
    table.add_column("what")
    table.add_column("value", justify="right")
    for state, count in sorted(found.ends.items()):
        table.add_row(f"ended as {state}", f"{count:,}")
    table.add_row("got it twice · marked as sent and got nothing", f"{found.twice} · {found.unheard}")
    table.add_row("permitted", f"{found.permitted:g}/s")
    table.add_row("reached while sending was allowed", f"{found.reached:.0f}/s")
    table.add_row("ratio (goal 0.95)", f"{found.reached / found.permitted:.2f}")
    table.add_row("429s injected · avoidable (goal 0)", f"{found.holds} · {found.avoidable}")
    table.add_row("kill to the next message", f"{found.downtime:.1f} s")
    table.add_row("reminder due meanwhile came after (goal 1 s)", f"{found.reminder:.2f} s")
    Console().print(table)


async def main(*arguments: int) -> None:
    """Measure and print; `arguments` as those of `measure`."""
    show(await measure(*arguments))


if __name__ == "__main__":
    asyncio.run(main(*(int(argument) for argument in sys.argv[1:])))
