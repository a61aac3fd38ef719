"""Several programs behind a balancer, on one server: the same story, whoever of them lives."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Sandbox, SandboxClient
from storage.database import Database
from tests.balancer import Balancer
from tests.databases import rows
from tests.programs import Program
from tests.stage import NO_BUDGETS, OWNER

TODAY = ("-m", "bot.cli")
NEWER = (str(Path(__file__).with_name("newer.py")),)

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

    async def hire(self, *command: str) -> Program:
        """Start another program; of the version of today, unless a command is told."""
        environment = {
            "DUOLOGUE_TOKEN": self.sandbox.token,
            "DUOLOGUE_API_URL": self.sandbox.url,
            "DUOLOGUE_DATABASE_URL": self.database_url,
            "DUOLOGUE_OWNERS": str(OWNER),
            "DUOLOGUE_POLICY": str(self.folder / "duologue.toml"),
            "DUOLOGUE_WEBHOOK_URL": f"{self.balancer.url}/in/telegram",
        }
        worker = Program(self.folder / str(len(self.workers)), environment, command or TODAY)
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


async def test_people_notice_nothing_of_an_upgrade(house: House, database_url: str) -> None:
    """One program after the other makes room for its next version, while people go on.

    The older ones work on the newer schema, what only the newer ones can say is said by them, and at no moment is
    anything cut off.
    """
    busy = True

    async def keeps_coming(name: str) -> int:
        count = 0
        while busy:
            count += 1
            await house.onboard(f"{name} {count}")
        return count

    going = [asyncio.create_task(keeps_coming(name)) for name in ("Ann", "Bo", "Cy")]
    dee = await house.client.person("Dee")
    await dee.says("/start")
    await dee.presses(await dee.sees_button("lang:en", timeout=PATIENCE), timeout=PATIENCE)
    await asyncio.sleep(1.0)
    for old in house.workers[:2]:
        newer = await house.hire(*NEWER)
        for _ in range(6):  # whichever of the two versions answers, and whichever sends
            await dee.says("/help")
            await dee.hears(
                re.compile("Greetings from the next version|two people for a dialogue"), timeout=PATIENCE
            )
        assert await old.leaves() == 0
        house.workers.remove(old)
        assert house.balancer.passed[newer.url] > 0
    await dee.says("/help")
    await dee.hears("Greetings from the next version, with", timeout=PATIENCE)
    busy = False
    assert min(await asyncio.gather(*going)) > 0
    with pytest.raises(RuntimeError, match="the database is of a newer Duologue"):
        await house.hire()
    house.workers.pop()
    assert rows(database_url, "SELECT DISTINCT state FROM inbox") == [("done",)]
    found = rows(database_url, "SELECT state, uncertain, count(*) FROM outbox GROUP BY state, uncertain")
    assert {(state, uncertain) for state, uncertain, _ in found} <= {("sent", False), ("cancelled", False)}
    assert rows(database_url, "SELECT count(*) > 0 FROM outbox WHERE kind = 'FutureHelp'") == [(True,)]


async def test_two_that_poll_are_one_too_many(database_url: str) -> None:
    """Telegram would answer each of them in turn: the second is told at its start."""
    database = Database(database_url)
    async with database.alone() as first, database.alone() as second:
        assert (first, second) == (True, False)
    await database.close()
