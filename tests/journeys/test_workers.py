"""Several programs behind a balancer, on one server: the same story, whoever of them lives."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Sandbox, SandboxClient
from storage.database import Database
from tests.balancer import Balancer
from tests.programs import Program
from tests.stage import NO_BUDGETS, OWNER

PATIENCE = 30.0
"""Seconds that anything may take here: programs start, die and take over meanwhile."""


@pytest.fixture
def engine() -> str:
    """On a file there is one program only."""
    return "postgresql"


class House:
    """A sandbox, a balancer, and programs behind it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder, self.database_url = folder, database_url
        self.workers: list[Program] = []
        self.sandbox = Sandbox(port=0)
        self.balancer = Balancer(lambda: [worker.url for worker in self.workers])

    async def __aenter__(self) -> "House":
        """Open."""
        (self.folder / "duologue.toml").write_text(NO_BUDGETS)
        await self.sandbox.start()
        await self.balancer.start()
        self.client = SandboxClient(self.sandbox.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await asyncio.gather(*(worker.end() for worker in self.workers))
        await self.client.close()
        await self.balancer.stop()
        await self.sandbox.stop()

    async def hire(self) -> Program:
        """Start another program."""
        environment = {
            "DUOLOGUE_TOKEN": self.sandbox.token,
            "DUOLOGUE_API_URL": self.sandbox.url,
            "DUOLOGUE_DATABASE_URL": self.database_url,
            "DUOLOGUE_OWNERS": str(OWNER),
            "DUOLOGUE_POLICY": str(self.folder / "duologue.toml"),
            "DUOLOGUE_WEBHOOK_URL": f"{self.balancer.url}/in/telegram",
        }
        worker = Program(self.folder / str(len(self.workers)), environment)
        self.workers.append(worker)
        await worker.start()
        return worker

    async def onboard(self, name: str) -> None:
        """Lead somebody through the questions, each answered as soon as it is there; none comes twice."""
        person = await self.client.person(name)

        async def press(wanted: str) -> None:
            button = await person.sees_button(wanted, timeout=PATIENCE)
            await person.presses(button, timeout=PATIENCE)

        await person.says("/start")
        await press("lang:en")
        for purpose in ("review", "recording", "training"):
            await press(f"consent:{purpose}:{CONSENT_VERSION}:yes")
        await press("profile:name:keep")
        await person.hears("1998", timeout=PATIENCE)
        await person.says("1990")
        for wanted in ("gender:skip", "speaks:en", "speaks:done", "dialect:skip", "partner:any"):
            await press(f"profile:{wanted}")
        await person.hears("🎙", timeout=PATIENCE)
        said = [record["message"].get("text", "") for record in await person.history() if record["by_bot"]]
        assert len(said) == len(set(said)), said


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """With two programs at work."""
    async with House(tmp_path, database_url) as house:
        await asyncio.gather(house.hire(), house.hire())
        yield house


async def test_people_notice_nothing_of_who_answers(house: House) -> None:
    """Both are asked in turn, and each person hears every question once, in its order."""
    await asyncio.gather(*(house.onboard(f"Ann {number}") for number in range(4)))
    assert len(house.balancer.passed) == 2
    assert min(house.balancer.passed.values()) > 10


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
async def test_one_that_goes_away_is_not_missed(house: House, how: signal.Signals) -> None:
    """Killed, stopped for good or told to end, in the middle of the questions: whoever is left goes on."""
    going = [asyncio.create_task(house.onboard(f"Ann {number}")) for number in range(3)]
    await asyncio.sleep(1.0)
    house.workers[0].signal(how)
    await asyncio.gather(*going)
    await house.onboard("Bo")
    third = await house.hire()
    await house.workers[1].end()
    await house.onboard("Cy")
    assert house.balancer.passed[third.url] > 5


async def test_two_that_poll_are_one_too_many(database_url: str) -> None:
    """Telegram would answer each of them in turn: the second is told at its start."""
    database = Database(database_url)
    async with database.alone() as first, database.alone() as second:
        assert (first, second) == (True, False)
    await database.close()
