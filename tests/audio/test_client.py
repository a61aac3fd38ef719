"""The worker from the bot's side: good files, bad files, and workers that die, hang or lie."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.audio.bounds import MEBI, Limits
from bot.audio.client import AudioWorker, AudioWorkerDown
from bot.audio.measure import Listener
from bot.audio.wire import BrokenFrame, pack, read
from bot.rules.audio import Reason
from tests.audio.files import encode, noise
from tests.audio.processes import gone, impostor, refusal, until
from tests.helpers import DIALOGUES

GOOD = encode(noise(3), "ogg", "libopus")


async def test_facts_are_those_measured_in_the_child(worker: AudioWorker) -> None:
    """The way through the pipe changes nothing; one process serves all files."""
    expected = Listener().measure(GOOD, 900)
    assert await worker.measure(GOOD) == expected
    pids = worker.pids
    assert await asyncio.gather(worker.measure(GOOD), worker.measure(GOOD)) == [expected] * 2
    assert worker.pids == pids


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.empty),
        (b"text renamed to voice.ogg", Reason.not_audio),
        (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", Reason.not_audio),
        (b"OggS" + bytes(4000), Reason.corrupt),
        (bytes(20 * MEBI + 1), Reason.too_large),
    ],
)
async def test_bad_files_are_refused(worker: AudioWorker, data: bytes, reason: Reason) -> None:
    """Each with its reason, and a good file passes right after it."""
    assert await refusal(worker, data) is reason
    assert (await worker.measure(GOOD)).facts.complete


async def test_one_worker_hears_and_rates_one_dialogue_after_another(worker: AudioWorker) -> None:
    """It never runs out of the address space that it may use, so none of them costs a new worker."""
    dialogues = [path.read_bytes() for path in sorted(DIALOGUES.glob("*.ogg"))]
    assert len(dialogues) == 6
    await worker.measure(dialogues[0])
    pids = worker.pids
    for data in dialogues * 2:
        assert (await worker.measure(data)).facts.duration > 0
        assert await worker.rate(data) is not None
        assert worker.pids == pids


async def test_empty_and_too_large_cost_no_process() -> None:
    """What can be told from the length alone starts no worker."""
    async with AudioWorker(command=("/nonexistent",)) as worker:
        assert await refusal(worker, b"") is Reason.empty
        assert await refusal(worker, bytes(20 * MEBI + 1)) is Reason.too_large


async def test_a_worker_killed_at_work_is_replaced(worker: AudioWorker) -> None:
    """kill -9 in the middle of a file: the file is measured by the next worker, and nobody notices."""
    expected = await worker.measure(GOOD)
    (first,) = worker.pids
    os.kill(first, signal.SIGSTOP)  # so that the kill certainly comes before the answer
    job = asyncio.create_task(worker.measure(GOOD))
    await asyncio.sleep(0.05)
    os.kill(first, signal.SIGKILL)
    assert await job == expected
    assert first not in worker.pids
    assert gone(first)


async def test_a_worker_killed_while_idle_is_replaced(worker: AudioWorker) -> None:
    """The next file does not fail for it."""
    expected = await worker.measure(GOOD)
    assert worker.pids
    os.kill(worker.pids[0], signal.SIGKILL)
    assert await worker.measure(GOOD) == expected


async def test_a_worker_ends_itself_when_idle() -> None:
    """Its memory is given back; the next file starts another."""
    async with AudioWorker(Limits(idle=0.05)) as worker:
        expected = await worker.measure(GOOD)
        await until(lambda: not worker.pids)
        assert await worker.measure(GOOD) == expected


async def test_a_file_that_kills_every_worker_is_refused(tmp_path: Path) -> None:
    """Two workers are given to it, not more."""
    log = tmp_path / "starts"
    command = impostor(f"open({str(log)!r}, 'a').write('x'); os.kill(os.getpid(), signal.SIGSEGV)")
    async with AudioWorker(command=command) as worker:
        assert await refusal(worker, GOOD) is Reason.corrupt
        assert not worker.pids
    assert log.read_text() == "xx"


async def test_a_worker_that_hangs_is_killed(tmp_path: Path) -> None:
    """Over the wall clock: refused at once, without a second try, and the process is gone."""
    log = tmp_path / "starts"
    command = impostor(f"open({str(log)!r}, 'a').write(str(os.getpid())); time.sleep(600)")
    async with AudioWorker(Limits(wall=0.3), command=command) as worker:
        assert await refusal(worker, GOOD) is Reason.took_too_long
        assert not worker.pids
    assert gone(int(log.read_text()))


async def test_a_worker_that_spins_is_ended_by_the_kernel() -> None:
    """Over its CPU time it gets SIGXCPU, which is told from other deaths."""
    command = impostor("allow_cpu(0)\nwhile True: pass")
    async with AudioWorker(command=command) as worker:
        assert await refusal(worker, GOOD) is Reason.took_too_long


@pytest.mark.parametrize(
    "body",
    [
        "reply(['no object'])",
        "reply({'facts': {'duration': 'long'}, 'fingerprint': 0})",
        "reply({'facts': {}, 'fingerprint': 'long'})",
        "reply({'unreadable': 'because'})",
        "reply({})",
        "raw(b'\\xff\\xff\\xff\\xff')",
        "raw(frame(b'{}'), b'\\xff\\xff\\xff\\xff')",
        "raw(frame(b'{'), frame(b''))",
        "raw(b'\\x00'); sys.exit()",
        "raw(frame(b'[' * 60000), frame(b''))",
    ],
)
async def test_a_worker_that_lies_is_not_believed(body: str) -> None:
    """A taken-over worker can send what it likes: it is replaced, and the file refused."""
    async with AudioWorker(command=impostor(body)) as worker:
        assert await refusal(worker, GOOD) is Reason.corrupt


@pytest.mark.parametrize(
    "command",
    [
        ("/nonexistent/python",),
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "print('hello, I am something else')"),
    ],
)
async def test_a_broken_installation_is_not_the_files_fault(command: tuple[str, ...]) -> None:
    """No worker at all is an error of its own, so that no sample is refused for it."""
    async with AudioWorker(command=command) as worker:
        with pytest.raises(AudioWorkerDown):
            await worker.measure(GOOD)


async def test_a_cancelled_job_does_not_answer_the_next(tmp_path: Path) -> None:
    """Cancelling ends the worker; the next file gets its own answer, the others in the queue too."""
    async with AudioWorker() as worker:
        expected = await worker.measure(GOOD)
        assert worker.pids
        os.kill(worker.pids[0], signal.SIGSTOP)
        job = asyncio.create_task(worker.measure(encode(noise(1), "wav", "pcm_s16le")))
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(worker.measure(GOOD))
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert await waiting == expected


async def test_closing_leaves_nothing_behind() -> None:
    """No process, no zombie; closing twice is fine, measuring afterwards is an error."""
    worker = AudioWorker()
    await worker.measure(GOOD)
    (pid,) = worker.pids
    await worker.close()
    await worker.close()
    assert gone(pid)
    with pytest.raises(AudioWorkerDown):
        await worker.measure(GOOD)


def test_frames(tmp_path: Path) -> None:
    """Questions come back whole. The end may come between them only, and none may be too long or no object."""
    path = tmp_path / "frames"
    path.write_bytes(pack({"do": "one"}, b"1") + pack({}) + pack({"do": "three"}, b"three"))
    with path.open("rb") as stream:
        assert [read(stream, 5) for _ in range(4)] == [
            ({"do": "one"}, b"1"),
            ({}, b""),
            ({"do": "three"}, b"three"),
            None,
        ]
    whole = pack({}, b"three")
    no_object = whole.replace(b"{}", b"[]")
    cut = [(whole[:end], 5) for end in range(1, len(whole))]
    for broken, limit in (*cut, (whole, 4), (no_object, 5)):
        path.write_bytes(broken)
        with path.open("rb") as stream, pytest.raises(BrokenFrame):
            read(stream, limit)
