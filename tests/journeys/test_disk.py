"""Full disks, read-only folders and held databases under the real bot: clear words, nothing lost, nothing twice."""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from bot.app import StartError
from bot.logs import in_plain_words
from bot.sandbox import Person
from storage import trouble
from tests.journeys.trouble import rows, settle
from tests.stage import Stage
from tests.storage.disks import Disk, Holder, watched

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65_534


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short, and nobody waits long for a lock: what is tried is what happens, not how long it takes."""
    for name, value in {
        "bot.delivery.inbox.DATABASE_PAUSES": (0.01, 0.05),
        "bot.delivery.outbox.DATABASE_PAUSES": (0.01, 0.05),
        "bot.delivery.outbox.LOOK_EVERY": 0.05,
        "bot.delivery.jobs.LOOK_EVERY": 0.05,
        "bot.delivery.jobs.SETTLE_PAUSES": (0.01, 0.05),
        "handlers.telegram.fetch.PAUSES": (0.01, 0.05),
        "storage.sqlite.BUSY": 100,
        "storage.driver.BUSY": 100,
    }.items():
        monkeypatch.setattr(name, value)


@pytest.fixture
def database_url() -> str:
    """The bot's own file: all of this is about files."""
    return ""


def database_of(stage: Stage) -> Path:
    """The bot's database."""
    return stage.data / "duologue.db"


@pytest.fixture
def disk(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of the bot that plays."""
    disk = watched(Disk(database_of(stage)), monkeypatch)
    disk.make_heavy()
    return disk


@pytest.fixture
async def people(stage: Stage) -> list[Person]:
    """Some who chose their language."""
    found = [await stage.client.person(f"Person {number}", language_code="en") for number in range(5)]
    await asyncio.gather(*(person.says("/start") for person in found))
    await asyncio.gather(*(person.presses("lang:en") for person in found))
    await asyncio.gather(*(person.sees_button("consent:review") for person in found))
    await settle(stage)
    for person in found:
        await person.heard()
    return found


async def until(found: Any) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(15):
        while not found():  # noqa: ASYNC110 - a log and a counter have no event
            await asyncio.sleep(0.01)


@pytest.fixture
def log() -> Iterator[list[Any]]:
    """What is logged, with trouble put into plain words."""
    capture = LogCapture()
    structlog.configure(processors=[in_plain_words, capture])
    yield capture.entries
    structlog.reset_defaults()


def told(log: list[Any], event: str) -> set[tuple[str | None, str | None]]:
    """What was said to be wrong, and what to do, each time that an event was logged."""
    return {(line.get("trouble"), line.get("hint")) for line in log if line["event"] == event}


async def each_is_helped(stage: Stage, people: list[Person], times: int = 1) -> None:
    """Everybody who asked for /help is answered, so often, and nothing is left to do."""
    async with asyncio.timeout(15):
        while min(await helped(people)) < times:  # noqa: ASYNC110 - it is each one's own chat
            await asyncio.sleep(0.02)
    await settle(stage)
    assert await helped(people) == [times] * len(people)
    assert rows(stage, "SELECT DISTINCT state FROM inbox") == [("done",)]
    assert rows(stage, "SELECT DISTINCT state FROM outbox") == [("sent",)]


async def helped(people: list[Person]) -> list[int]:
    """How often each of them was helped."""
    return [sum("/language" in text for text in await person.reads()) for person in people]


ACCEPT, HANDLE, SEND = "inbox.accept", "inbox.handle", "outbox.turn"


@pytest.mark.parametrize("how", [Disk.full, Disk.read_only])
@pytest.mark.parametrize(
    ("step", "event"),
    [(ACCEPT, "poll.not_kept"), (HANDLE, "inbox.not_committed"), (SEND, "outbox.turn_failed")],
)
async def test_no_room_for_a_step(
    stage: Stage, disk: Disk, people: list[Person], log: list[Any], how: Any, step: str, event: str
) -> None:
    """Whichever step meets it says what is wrong, waits, and is done once when the disk is good again."""
    calls = len(await stage.client.requests("sendMessage"))
    how(disk, step)
    await asyncio.gather(*(person.says("/help") for person in people))
    await until(lambda: disk.refused.count(step) >= 3)
    waiting, said = len(stage.sandbox.world.updates.pending), len(await stage.client.requests("sendMessage"))
    disk.good()
    await each_is_helped(stage, people)
    wrong = trouble.FULL if how is Disk.full else trouble.READ_ONLY
    assert told(log, event) == {(wrong.what, wrong.hint)}
    assert waiting == (len(people) if step == ACCEPT else 0), "Telegram keeps what could not be kept here"
    assert said == calls, "nothing is said of what is not written down"
    assert len(await stage.client.requests("sendMessage")) == calls + len(people)


async def test_sent_and_not_written_down(stage: Stage, disk: Disk, people: list[Person]) -> None:
    """The messages are in the air when the disk fills up: they are not sent again, and it is written down later."""
    calls = len(await stage.client.requests("sendMessage"))
    for person in people:
        await stage.client.fault("delay", "sendMessage", chat_id=person.id, seconds=0.3)
    await asyncio.gather(*(person.says("/help") for person in people))
    await until(lambda: rows(stage, "SELECT count(*) FROM outbox WHERE state = 'sending'") == [(5,)])
    disk.full(SEND)
    await until(lambda: disk.refused.count(SEND) >= 5)
    await asyncio.gather(*(person.hears("/language") for person in people))
    assert rows(stage, "SELECT count(*) FROM outbox WHERE state = 'sending'") == [(5,)]
    disk.good()
    await each_is_helped(stage, people)
    assert len(await stage.client.requests("sendMessage")) == calls + len(people)
    assert rows(stage, "SELECT count(*) FROM outbox WHERE uncertain") == [(0,)]


async def test_full_for_everybody(stage: Stage, disk: Disk, people: list[Person]) -> None:
    """Every step fails for a while, those of the clock and the jobs too, and then everything flows on by itself."""
    disk.full()
    await asyncio.gather(*(person.says("/help") for person in people))
    await stage.forward(hours=30)
    await until(lambda: len(disk.refused) >= 10)
    disk.good()
    await each_is_helped(stage, people)


# --- a disk that is really full


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = Path(tempfile.mkdtemp())
    order = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(order, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
async def small_stage(small_disk: Path) -> AsyncIterator[Stage]:
    """A bot whose data folder is on it."""
    async with Stage(small_disk) as stage:
        yield stage


async def test_a_disk_that_is_full(small_stage: Stage, log: list[Any]) -> None:
    """Not one byte is left: what comes in waits at Telegram, nothing is lost, and with room everybody is answered."""
    stage = small_stage
    people = [await stage.client.person(f"Person {number}", language_code="en") for number in range(5)]
    await asyncio.gather(*(person.says("/start") for person in people))
    await asyncio.gather(*(person.presses("lang:en") for person in people))
    await settle(stage)
    ballast = stage.folder / "ballast"
    await asyncio.to_thread(fill, ballast)
    for _ in range(8):  # the database's log has some room of its own at first
        await asyncio.gather(*(person.says("/help " + "x" * 3000) for person in people))
    await until(lambda: told(log, "poll.not_kept"))
    assert told(log, "poll.not_kept") == {(trouble.FULL.what, trouble.FULL.hint)}
    assert stage.sandbox.world.updates.pending
    await asyncio.to_thread(ballast.unlink)
    await asyncio.gather(*(person.says("/help") for person in people))
    await each_is_helped(stage, people, 9)
    assert rows(stage, "PRAGMA integrity_check") == [("ok",)]


def fill(ballast: Path) -> None:
    """Write until nothing more goes."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


# --- the start


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere; for a moment we are somebody who may not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def shut_stage(open_folder: Path) -> AsyncIterator[Stage]:
    """A stage with a closed curtain."""
    async with Stage(open_folder) as stage:
        await stage.lower_curtain()
        yield stage
        await stage.raise_curtain()  # nothing was damaged


@asynccontextmanager
async def cannot_start(stage: Stage, words: str) -> AsyncIterator[None]:
    """The bot says why it cannot start and how to mend it, and leaves nothing open."""
    yield
    with unprivileged(), pytest.raises(StartError, match=re.escape(words)) as caught:
        await stage.raise_curtain()
    assert str(stage.data) in str(caught.value)


async def test_a_folder_that_cannot_be_written_to(shut_stage: Stage) -> None:
    """Neither the lock nor the database can be made."""
    async with cannot_start(shut_stage, str(trouble.READ_ONLY)):
        for path in shut_stage.data.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        shut_stage.data.chmod(0o555)
    shut_stage.data.chmod(0o755)
    database_of(shut_stage).chmod(0o644)
    (shut_stage.data / "duologue.lock").chmod(0o644)


async def test_a_database_that_cannot_be_written_to(shut_stage: Stage) -> None:
    """The folder is open to all, the file in it belongs to somebody else."""
    async with cannot_start(shut_stage, str(trouble.READ_ONLY)):
        for path in (shut_stage.data, *shut_stage.data.rglob("*")):
            path.chmod(0o777)
        database_of(shut_stage).chmod(0o444)
    database_of(shut_stage).chmod(0o644)


async def test_a_file_where_the_folder_should_be(shut_stage: Stage) -> None:
    """It is said which, and nothing is deleted."""
    aside = shut_stage.data.rename(shut_stage.folder / "aside")
    shut_stage.data.write_text("a file")
    async with cannot_start(shut_stage, "a file is in its place"):
        shut_stage.folder.chmod(0o755)
    assert shut_stage.data.read_text() == "a file"
    shut_stage.data.unlink()
    aside.rename(shut_stage.data)


async def test_something_else_in_the_databases_place(shut_stage: Stage) -> None:
    """It is left as it is."""
    database = database_of(shut_stage)
    kept = database.read_bytes()
    for path in (shut_stage.data, *shut_stage.data.rglob("*")):
        path.chmod(0o777)
    async with cannot_start(shut_stage, str(trouble.NO_DATABASE)):
        database.write_bytes(b"something else" * 100)
        database.chmod(0o777)
    assert database.read_bytes() == b"something else" * 100
    database.write_bytes(kept)


@pytest.mark.parametrize("command", [("run",), ("db", "upgrade")], ids=" ".join)
async def test_no_room_at_the_start(stage: Stage, command: tuple[str, ...]) -> None:
    """As a program: one sentence, no traceback, and an exit status that tells."""
    program = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        f"sys.argv = {['duologue', *command]}; runpy.run_module('bot.cli', run_name='__main__')"
    )
    environment = {
        "DUOLOGUE_TOKEN": stage.sandbox.token,
        "DUOLOGUE_API_URL": stage.sandbox.url,
        "DUOLOGUE_DATA": str(stage.folder / "full"),
        "DUOLOGUE_OWNERS": "5",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env=environment,
        cwd=stage.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, said = await process.communicate()
    [line] = said.decode().splitlines()
    assert line.removesuffix(f" (data folder: {stage.folder / 'full'})") in {
        f"duologue: {wrong}" for wrong in (trouble.FULL, trouble.FAULTY)
    }
    assert process.returncode == 1


# --- a backup


async def test_a_backup_holds_the_database(stage: Stage, people: list[Person], log: list[Any]) -> None:
    """Longer than anybody waits for it: nobody is answered meanwhile, everybody is when it lets go, once."""
    holder = Holder(database_of(stage))
    holder.hold()
    await asyncio.gather(*(person.says("/help") for person in people))
    await until(lambda: sum(line["event"] == "poll.not_kept" for line in log) >= 3)
    assert len(stage.sandbox.world.updates.pending) == len(people)
    holder.let_go()
    await each_is_helped(stage, people)
    assert told(log, "poll.not_kept") == {(trouble.LOCKED.what, trouble.LOCKED.hint)}
    assert not any(line["event"] == "inbox.failed" for line in log), "an update is not to blame for a lock"


async def test_a_backup_in_the_middle_of_work(stage: Stage, people: list[Person]) -> None:
    """It takes hold again and again, whoever is just writing: the same."""
    stop = asyncio.Event()

    async def back_up() -> None:
        while not stop.is_set():
            holder = Holder(database_of(stage))
            await asyncio.to_thread(holder.hold)
            await asyncio.sleep(0.15)
            holder.let_go()
            await asyncio.sleep(0.05)

    backing_up = asyncio.create_task(back_up())
    for person in people:
        await person.says("/help")
        await asyncio.sleep(0.03)
    await asyncio.gather(*(person.hears("/language", timeout=15) for person in people))
    stop.set()
    await backing_up
    await each_is_helped(stage, people)


async def test_a_start_waits_for_a_backup(stage: Stage, people: list[Person], log: list[Any]) -> None:
    """It does not fail and is not started over and over: it says that it waits, and starts when it can."""
    await stage.lower_curtain()
    holder = Holder(database_of(stage))
    holder.hold()
    starting = asyncio.create_task(stage.raise_curtain())
    await until(lambda: sum(line["event"] == "start.locked" for line in log) >= 2)
    assert not starting.done()
    holder.let_go()
    async with asyncio.timeout(10):
        await starting
    assert told(log, "start.locked") == {(None, str(trouble.LOCKED))}
    await people[0].says("/help")
    await people[0].hears("/language")


async def test_a_backup_that_never_ends(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some tries the start says what is wrong."""
    monkeypatch.setattr("bot.app.LOCK_TRIES", 2)
    await stage.lower_curtain()
    holder = Holder(database_of(stage))
    holder.hold()
    with pytest.raises(StartError, match=re.escape(str(trouble.LOCKED))):
        await stage.raise_curtain()
    holder.let_go()
    await stage.raise_curtain()
    assert sqlite3.connect(database_of(stage)).execute("PRAGMA quick_check").fetchone() == ("ok",)
