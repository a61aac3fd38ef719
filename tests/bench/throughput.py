"""Updates a second and press-to-answer times: Duologue beside what one would write instead, in one run.

Each bot is a process of its own against the same local Bot API server, also a process of its own. People
are counted when the server has what the bot said to them, by the server's clock.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.rules.policy import Policy
from bot.sandbox import SandboxClient
from bot.services.reviewing import reviews
from bot.services.unit import House, Units
from storage import migrate
from storage.database import Database
from tests.helpers import DIALOGUES, a_reviewer, a_sample, an_approved

PEOPLE = 1000
PACED = 500
"""Presses at a steady pace, of people who did not press before."""

PACE = 100.0
"""Updates a second of the steady pace."""

FIRST = 500_000
DIALOGUE = DIALOGUES / "night-market.ogg"
NO_BUDGETS = "[telegram]\nper_second = 0\nper_chat = 0\nper_group = 0\n"


@dataclass(frozen=True)
class Bot:
    """A bot of the comparison: its name and the module that runs it."""

    name: str
    module: tuple[str, ...]
    ours: bool = False


BOTS = (
    Bot("(a) stock echo", ("tests.bench.peers.echo",)),
    Bot("(b) stock, one transaction", ("tests.bench.peers.transaction",)),
    Bot("(c) Duologue", ("bot.cli", "run"), ours=True),
)


@dataclass(frozen=True)
class Result:
    """What one bot did; rates in people answered a second, times in milliseconds."""

    name: str
    texts: float
    presses: float
    """People whose press was answered."""
    edits: float
    """The same presses, until the message has changed too."""
    p50: float
    p99: float


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[tuple[str, str]]:
    """The sandbox as a process; gives its address and the bot's token."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "sandbox", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        url, token = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
        yield url, token
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def running(bot: Bot, url: str, token: str, folder: Path) -> AsyncIterator[None]:
    """The bot as a process, with sending budgets off."""
    (folder / "duologue.toml").write_text(NO_BUDGETS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    environment |= {
        "DUOLOGUE_TOKEN": token,
        "DUOLOGUE_API_URL": url,
        "DUOLOGUE_DATA": str(folder),
        "DUOLOGUE_POLICY": str(folder / "duologue.toml"),
    }
    log = (folder / "log").open("wb")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *bot.module), env=environment, stdout=log, stderr=log
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def seed(folder: Path, voice: str) -> None:
    """People onboarded and approved, and reviewers with a card each on its way to them."""
    database = Database(f"sqlite+aiosqlite:///{folder}/duologue.db")
    await migrate.upgrade(database)
    units = Units(database, lambda: datetime.now(UTC), House(Policy()))
    samples = []
    async with units.writing("people") as unit:
        for number in range(PEOPLE + PACED):
            person = await an_approved(unit, FIRST + number)
            if number % 2 == 0:
                columns: dict[str, Any] = {"file_id": voice, "file_unique_id": f"f{number}"}
                samples.append(await a_sample(unit, person, **columns))
    async with units.writing("reviewers") as unit:
        for number in range(PEOPLE + PACED):
            await a_reviewer(unit, 2 * FIRST + number)
    async with units.writing("cards") as unit:
        await reviews.assign_waiting(unit)
    await database.close()


async def answered(client: SandboxClient, after: int, kinds: str, wanted: set[int]) -> dict[int, float]:
    """Wait until everybody wanted was answered; gives when, by the server's monotonic clock."""
    when: dict[int, float] = {}
    async with asyncio.timeout(300):
        while wanted - when.keys():
            for event in await client.events(after, timeout=10, kinds=kinds, limit=5000):
                after = event["seq"]
                person = event.get("person_id") or event["chat_id"]
                if person in wanted:
                    when.setdefault(person, event["mono"])
    return when


async def asked(client: SandboxClient, after: int, kind: str) -> dict[int, float]:
    """When each person wrote or pressed."""
    events = await client.events(after, kinds=kind, limit=100_000)
    return {event.get("person_id") or event["chat_id"]: event["mono"] for event in events}


async def burst(
    client: SandboxClient, actions: list[dict[str, Any]], asking: str, *answering: str
) -> tuple[float, ...]:
    """Everybody acts at once; gives people a second for whom each of these kinds of answers has come."""
    after = (await client.info())["last_seq"]
    await client.batch(actions)
    wanted = {action["person"] for action in actions}
    ends = [max((await answered(client, after, kind, wanted)).values()) for kind in answering]
    begun = min((await asked(client, after, asking)).values())
    return tuple(len(actions) / (end - begun) for end in ends)


async def paced(client: SandboxClient, actions: list[dict[str, Any]]) -> list[float]:
    """One press after the other at a steady pace; gives the seconds from each to its answer."""
    after = (await client.info())["last_seq"]
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number, action in enumerate(actions):
        await asyncio.sleep(max(0.0, begun + number / PACE - loop.time()))
        await client.batch([action])
    when = await answered(client, after, "answer", {action["person"] for action in actions})
    pressed = await asked(client, after, "pressed")
    return [when[person] - pressed[person] for person in when]


async def buttons(client: SandboxClient, people: list[int], label: str) -> list[dict[str, Any]]:
    """A press for each of these people: the first button that begins with `label`."""
    presses = []
    for person in people:
        found = None
        async with asyncio.timeout(120):
            while found is None:
                messages = await client.get(f"chats/{person}/messages")
                found = next(filter(None, (_button(entry, label) for entry in reversed(messages))), None)
        presses.append({"person": person, "message_id": found[0], "data": found[1]})
    return presses


def _button(entry: dict[str, Any], label: str) -> tuple[int, str] | None:
    rows = (entry["message"].get("reply_markup") or {}).get("inline_keyboard", ())
    data = [button.get("callback_data", "") for row in rows for button in row]
    hit = next((one for one in data if one.startswith(label) and not one.endswith(":no")), None)
    return (entry["message"]["message_id"], hit) if hit else None


async def measure(bot: Bot) -> Result:
    """Everything about one bot, on a fresh server."""
    applicants = [FIRST + number for number in range(PEOPLE + PACED)]
    pressers = [2 * FIRST + number for number in range(PEOPLE + PACED)] if bot.ours else applicants
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with server() as (url, token), SandboxClient(url) as client:
            for person in dict.fromkeys(applicants + pressers):
                await client.post("people", first_name=f"Person {person}", id=person, started=True)
            if bot.ours:
                await seed(folder, await a_voice(client))
            async with running(bot, url, token, folder):
                if not bot.ours:
                    starts = [{"person": person, "text": "/start"} for person in applicants]
                    await burst(client, starts, "said", "message")
                presses = await buttons(client, pressers, "vote:" if bot.ours else "ok")
                texts = [{"person": person, "text": "/status"} for person in applicants[:PEOPLE]]
                (rate,) = await burst(client, texts, "said", "message")
                # The later of the two first: looking on costs what is measured.
                edits, pressed = await burst(client, presses[:PEOPLE], "pressed", "edited", "answer")
                times = await paced(client, presses[PEOPLE:])
    quantiles = statistics.quantiles(times, n=100)
    return Result(bot.name, rate, pressed, edits, quantiles[49] * 1000, quantiles[98] * 1000)


async def a_voice(client: SandboxClient) -> str:
    """The id of a recording that the server holds."""
    somebody = await client.person("Somebody", started=True)
    await somebody.sends_voice(DIALOGUE.read_bytes(), duration=150)
    said = (await client.events(kinds="said", chat=somebody.id))[-1]
    return str(said["message"]["voice"]["file_id"])


def figures(result: Result) -> tuple[float, ...]:
    """What is compared."""
    return result.texts, result.presses, result.edits, result.p50, result.p99


def show(results: list[Result]) -> None:
    """Print the figures and the ratios to each peer."""
    table = Table(title=f"{PEOPLE} people at once, then {PACE:g} presses a second, the same server, one run")
    columns = ("/status answered/s", "presses answered/s", "with their edit/s")
    for heading in ("bot", *columns, "press to answer p50", "p99"):
        table.add_column(heading, justify="left" if heading == "bot" else "right")
    for one in results:
        rates = (f"{one.texts:.0f}", f"{one.presses:.0f}", f"{one.edits:.0f}")
        table.add_row(one.name, *rates, f"{one.p50:.1f} ms", f"{one.p99:.1f} ms")
    ours = results[-1]
    for one in results[:-1]:
        table.add_row(
            f"(c) / {one.name[:3]}",
            *(f"{a / b:.2f}" for a, b in zip(figures(ours), figures(one), strict=True)),
        )
    Console().print(table)


async def main(*names: str) -> None:
    """Measure the bots whose name contains one of `names` (all, if none) and print."""
    chosen = [bot for bot in BOTS if not names or any(name in bot.name for name in names)]
    show([await measure(bot) for bot in chosen])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
