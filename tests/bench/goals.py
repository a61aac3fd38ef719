"""How quick and how large the bot is, each figure beside the goal it is held against.

Everything is measured on the real program in a process of its own, over HTTP, against the sandbox. The figures
depend on the machine and on what else it does; the ratios say more than the numbers.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Person, Sandbox, SandboxClient

DIALOGUE = Path(__file__).resolve().parents[2] / "bot" / "demo" / "dialogues" / "night-market.ogg"
PRESSES = 200
STARTS = 3


@dataclass(frozen=True)
class Figure:
    """One measured value and the goal it should not exceed, in the same unit."""

    name: str
    value: float
    goal: float
    unit: str


@contextlib.asynccontextmanager
async def running(sandbox: Sandbox, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot as a process, with sending budgets off."""
    (folder / "duologue.toml").write_text("[telegram]\nper_second = 0\nper_chat = 0\nper_group = 0\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DUOLOGUE_")}
    environment |= {
        "DUOLOGUE_TOKEN": sandbox.token,
        "DUOLOGUE_API_URL": sandbox.url,
        "DUOLOGUE_DATA": str(folder / "data"),
        "DUOLOGUE_POLICY": str(folder / "duologue.toml"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "run", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def start_to_answer() -> float:
    """Seconds from starting the program on an empty folder to the first answer in a chat."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(port=0) as sandbox, SandboxClient(sandbox.url) as client:
            person = await client.person("Ann")
            await person.says("/start")
            begun = time.perf_counter()
            async with running(sandbox, Path(folder)):
                await person.sees_button("lang:en", timeout=30)
                return time.perf_counter() - begun


async def press_to_effect(person: Person) -> tuple[list[float], list[float]]:
    """Seconds from a press to its answer, and to the edit that it causes, over many presses of a toggle."""
    answers, effects = [], []
    for _ in range(PRESSES):
        ticked = await person.sees_button("profile:speaks:fr")
        begun = time.perf_counter()
        answer = await person.presses(ticked)
        answers.append(answer.seconds)
        async with asyncio.timeout(10):
            while (await person.sees_button("profile:speaks:fr")).text == ticked.text:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        effects.append(time.perf_counter() - begun)
    return answers, effects


async def until_speaks(person: Person) -> None:
    """Answer onboarding up to the question with the toggles."""
    await person.says("/start")
    for wanted in (
        "lang:en",
        *(f"consent:{p}:{CONSENT_VERSION}:yes" for p in ("review", "recording", "training")),
    ):
        await person.presses(await person.sees_button(wanted))
    await person.presses(await person.sees_button("profile:name:keep"))
    await person.hears("1998")
    await person.says("1990")
    await person.presses(await person.sees_button("profile:gender:skip"))


async def sample_judged(person: Person) -> float:
    """Seconds from sending a sample of nearly three minutes to what the checks found."""
    for wanted in ("profile:speaks:en", "profile:speaks:done", "profile:dialect:skip", "profile:partner:any"):
        await person.presses(await person.sees_button(wanted))
    await person.hears("🎙")
    begun = time.perf_counter()
    await person.sends_voice(DIALOGUE.read_bytes(), duration=170)
    await person.hears("checks passed", timeout=60)
    return time.perf_counter() - begun


def resident_megabytes(pid: int) -> float:
    """The memory that a process holds now (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


async def measure() -> list[Figure]:
    """Every figure."""
    starts = [await start_to_answer() for _ in range(STARTS)]
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Sandbox(port=0) as sandbox,
            SandboxClient(sandbox.url) as client,
            running(sandbox, Path(folder)) as process,
        ):
            person = await client.person("Ann")
            await until_speaks(person)
            answers, effects = await press_to_effect(person)
            judged = await sample_judged(person)
            memory = resident_megabytes(process.pid)
    return [
        Figure("start to first answer, median", statistics.median(starts), 3, "s"),
        Figure("press to its answer, median", statistics.median(answers) * 1000, 100, "ms"),
        Figure(
            "press to its answer, 99th of 100", statistics.quantiles(answers, n=100)[98] * 1000, 100, "ms"
        ),
        Figure("press to its effect in the chat, median", statistics.median(effects) * 1000, 100, "ms"),
        Figure("three-minute sample judged, cold checks", judged, 5, "s"),
        Figure("memory of the main process", memory, 150, "MB"),
    ]


def show(figures: list[Figure], title: str = "Duologue beside its goals (below 1.00 is better)") -> None:
    """Print the figures beside their goals."""
    table = Table(title=title)
    for heading in ("what", "measured", "goal", "ratio"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:.1f} {figure.unit}",
            f"{figure.goal:.4g} {figure.unit}",
            f"{figure.value / figure.goal:.2f}",
        )
    Console().print(table)


async def main() -> None:
    """Measure and print."""
    show(await measure())


if __name__ == "__main__":
    asyncio.run(main())
