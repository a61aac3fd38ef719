"""Several workers at once: who waits for whom, and what becomes of those who wait.

The workers are of our own making: they log what they are asked, give the file back as its own fingerprint, and
are busy with a file named "busy" until they are let go.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.audio.client import AudioWorker, AudioWorkerDown
from bot.rules.audio import Heard
from tests.audio.processes import gone, impostor, until
from tests.rules.recordings import GOOD


class Scene:
    """Workers that keep a log, and the file that lets the busy ones go."""

    def __init__(self, folder: Path, children: int) -> None:
        self._log, self._go = folder / "log", folder / "go"
        self._log.touch()
        self.worker = AudioWorker(children=children, command=self._command())

    def _command(self) -> tuple[str, ...]:
        return impostor(f"""
            head, file = question
            with open({str(self._log)!r}, "a") as log:
                log.write(head["do"] + " " + file.decode() + "\\n")
            while file == b"busy" and not os.path.exists({str(self._go)!r}):
                time.sleep(0.005)
            if head["do"] == "rate":
                reply({{"quality": None}})
            else:
                reply({{"facts": {GOOD.to_json()!r}, "fingerprint": len(file)}}, file)
        """)

    @property
    def asked(self) -> list[str]:
        """What the workers were asked, in order."""
        return self._log.read_text().splitlines()

    async def busy(self, count: int = 1) -> list["asyncio.Task[Heard]"]:
        """So many workers at work on a file that takes long."""
        tasks = [asyncio.create_task(self.worker.measure(b"busy")) for _ in range(count)]
        await until(lambda: len(self.asked) == count)
        return tasks

    def let_go(self) -> None:
        """The busy ones come to an end."""
        self._go.touch()


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Scene]:
    """A pool of one worker."""
    scene = Scene(tmp_path, 1)
    async with scene.worker:
        yield scene


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Scene]:
    """A pool of two workers."""
    scene = Scene(tmp_path, 2)
    async with scene.worker:
        yield scene


def heard(file: bytes) -> Heard:
    """What these workers hear."""
    return Heard(GOOD, file)


async def test_a_file_that_takes_long_delays_nobody(two: Scene) -> None:
    """The other worker answers everybody else meanwhile."""
    (slow,) = await two.busy()
    files = [b"%d" % index for index in range(20)]
    assert await asyncio.gather(*map(two.worker.measure, files)) == list(map(heard, files))
    assert not slow.done()
    two.let_go()
    assert await slow == heard(b"busy")


async def test_two_hundred_at_once_are_served_in_the_order_they_came(one: Scene) -> None:
    """Hence each person's files too; and each gets the answer to their own."""
    files = [b"person-%d-file-%d" % (index % 20, index // 20) for index in range(200)]
    assert await asyncio.gather(*map(one.worker.measure, files)) == list(map(heard, files))
    assert one.asked == [f"measure {file.decode()}" for file in files]


async def test_two_workers_share_two_hundred(two: Scene) -> None:
    """Nobody's answer goes to somebody else, whichever of them is quicker."""
    files = [b"%d" % index for index in range(200)]
    assert await asyncio.gather(*map(two.worker.measure, files)) == list(map(heard, files))
    assert sorted(two.asked) == sorted(f"measure {file.decode()}" for file in files)
    assert len(two.worker.pids) == 2


async def test_ratings_wait_behind_facts(one: Scene) -> None:
    """Nobody waits for a rating: facts that were asked for later come first."""
    (busy,) = await one.busy()
    ratings = [asyncio.create_task(one.worker.rate(b"r%d" % index)) for index in range(3)]
    await asyncio.sleep(0)
    facts = [asyncio.create_task(one.worker.measure(b"m%d" % index)) for index in range(3)]
    await asyncio.sleep(0)
    one.let_go()
    await asyncio.gather(busy, *ratings, *facts)
    assert one.asked == [
        "measure busy",
        *("measure m0", "measure m1", "measure m2"),
        *("rate r0", "rate r1", "rate r2"),
    ]


async def test_ratings_leave_a_worker_to_who_comes_next(two: Scene) -> None:
    """Two ratings that take long: a file that comes later is heard at once."""
    ratings = [asyncio.create_task(two.worker.rate(b"busy")) for _ in range(2)]
    await until(lambda: two.asked == ["rate busy"])
    assert await two.worker.measure(b"file") == heard(b"file")
    assert not any(rating.done() for rating in ratings)
    two.let_go()
    assert await asyncio.gather(*ratings) == [None, None]


async def test_who_gives_up_waiting_costs_nothing(one: Scene) -> None:
    """No worker sees that file, none is ended for it, and the others keep their order."""
    (busy,) = await one.busy()
    pids = one.worker.pids
    files = [b"a", b"b", b"c"]
    tasks = [asyncio.create_task(one.worker.measure(file)) for file in files]
    await asyncio.sleep(0)
    tasks[1].cancel()
    one.let_go()
    results = await asyncio.gather(busy, *tasks, return_exceptions=True)
    assert [results[0], results[1], results[3]] == [heard(b"busy"), heard(b"a"), heard(b"c")]
    assert isinstance(results[2], asyncio.CancelledError)
    assert one.asked == ["measure busy", "measure a", "measure c"]
    assert one.worker.pids == pids


async def test_closing_lets_the_files_in_hand_finish(two: Scene) -> None:
    """Who waits is told that there is no worker, which blames no file; then no process is left."""
    busy = await two.busy(2)
    pids = two.worker.pids
    waiting = [asyncio.create_task(two.worker.measure(b"m")), asyncio.create_task(two.worker.rate(b"r"))]
    await asyncio.sleep(0)
    closing = asyncio.create_task(two.worker.close())
    await asyncio.sleep(0)
    two.let_go()
    assert await asyncio.gather(*busy) == [heard(b"busy")] * 2
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [AudioWorkerDown] * 2
    await closing
    assert two.asked == ["measure busy"] * 2
    assert all(gone(pid) for pid in pids)


async def test_the_end_of_one_worker_leaves_the_other_at_work(two: Scene) -> None:
    """kill -9 of one: its file is tried again, the other one's never was in danger."""
    busy = await two.busy(2)
    killed, kept = two.worker.pids
    os.kill(killed, signal.SIGKILL)
    await until(lambda: len(two.asked) == 3)
    two.let_go()
    assert await asyncio.gather(*busy) == [heard(b"busy")] * 2
    assert kept in two.worker.pids
    assert two.asked == ["measure busy"] * 3
