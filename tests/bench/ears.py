"""What hearing a sample costs: time beside plain decoding, memory, a crowd at once, and the bot meanwhile.

The steps take turns in one run, so that another program disturbs them alike. The limits are by the clock; where
two threads share the work, what the processor spends stands beside them.
"""

import asyncio
import contextlib
import functools
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest import mock

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from bot.audio import fingerprint, levels, measure
from bot.audio.bounds import Limits
from bot.audio.client import AudioWorker
from bot.audio.decode import RATE, decode
from bot.audio.measure import Listener, compare
from bot.audio.speech import SpeechDetector
from bot.sandbox import Person, Sandbox, SandboxClient
from tests.audio.files import encode, silence_bomb
from tests.audio.processes import proc
from tests.bench.goals import DIALOGUE, Figure, running, show, until_speaks

SECONDS = 180
ROUNDS = 3
CROWD = 200
CROWD_SECONDS = 10
PRINTS = 10_000
SENDERS = 3
PRESSES = 150
"""At least so many on a quiet bot, and as many as it takes while samples are checked."""

PARTS = (
    (measure, "decode"),
    (SpeechDetector, "probabilities"),
    (measure, "hear_voices"),
    (fingerprint, "words"),
    (measure, "bandwidth"),
    (measure, "noise"),
    (measure, "synthetic"),
    (measure, "loop"),
    (measure, "envelope"),
    (levels, "loudness"),
    (levels, "clipping"),
    (levels, "longest_silence"),
)
"""The steps of measuring, where they are looked up."""


def samples() -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Three minutes of dialogue at 16 kHz: a shipped one, and the start of another behind it."""
    files = (DIALOGUE, DIALOGUE.with_name("hotpot.ogg"))
    pcm = b"".join(decode(file.read_bytes(), SECONDS).pcm for file in files)
    return np.frombuffer(pcm, np.int16)[: SECONDS * RATE].astype(np.float32) / np.float32(32768)


def decode_alone(data: bytes) -> None:
    """What anybody needs who decodes the file by PyAV, and does nothing with it."""
    with av.open(io.BytesIO(data), "r", format="ogg") as source:
        for _ in source.decode(audio=0):
            pass


def decode_to_hear(data: bytes) -> None:
    """The same, with the conversion that hearing needs: mono samples at 16 kHz."""
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(io.BytesIO(data), "r", format="ogg") as source:
        for frame in source.decode(audio=0):
            resampler.resample(frame)


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of the processor by all threads together."""

    clock: float
    processor: float

    @classmethod
    def by(cls, step: Callable[[], object]) -> "Spent":
        """What a step takes."""
        clock, processor = time.perf_counter(), time.process_time()
        step()
        return cls(time.perf_counter() - clock, time.process_time() - processor)

    @classmethod
    def median(cls, several: Sequence["Spent"]) -> "Spent":
        """The middle one of each."""
        return cls(
            statistics.median(one.clock for one in several),
            statistics.median(one.processor for one in several),
        )


@contextlib.contextmanager
def split(times: dict[str, float]) -> Iterator[None]:
    """Have each part of measuring add what it spends to `times`."""

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any) -> Any:
            begun = time.process_time()
            try:
                return function(*args)
            finally:
                times[name] += time.process_time() - begun

        return run

    with contextlib.ExitStack() as stack:
        for place, name in PARTS:
            stack.enter_context(mock.patch.object(place, name, timed(name, getattr(place, name))))
        yield


def against_decoding(data: bytes) -> list[Figure]:
    """Facts, and facts with the predicted quality, beside plain decoding; prints the parts."""
    listener = Listener()
    steps: dict[str, Callable[[], object]] = {
        "alone": lambda: decode_alone(data),
        "to hear": lambda: decode_to_hear(data),
        "facts": lambda: listener.measure(data, 900),
        "rate": lambda: listener.rate(data, 900),
    }
    rounds: dict[str, list[Spent]] = {name: [] for name in steps}
    times = dict.fromkeys((name for _, name in PARTS), 0.0)
    for step in steps.values():
        step()
    for _ in range(ROUNDS):
        for name, step in steps.items():
            with split(times) if name == "facts" else contextlib.nullcontext():
                rounds[name].append(Spent.by(step))
    spent = {name: Spent.median(several) for name, several in rounds.items()}
    parts = {
        name: seconds / ROUNDS for name, seconds in sorted(times.items(), key=itemgetter(1), reverse=True)
    }
    rest = statistics.mean(one.processor for one in rounds["facts"]) - sum(parts.values())
    show_parts(parts | {"the rest": rest, "rate": spent["rate"].processor}, spent["alone"].processor)
    return [*ratios(spent, "alone", "PyAV decoding alone"), *ratios(spent, "to hear", "and converting")]


def ratios(spent: dict[str, Spent], unit: str, name: str) -> list[Figure]:
    """How many times as long as that unit the facts take, without the predicted quality and with it."""
    facts, rate, base = spent["facts"], spent["rate"], spent[unit]
    return [
        Figure(f"facts but the quality / {name}", facts.clock / base.clock, 12, "x"),
        Figure("  by processor time", facts.processor / base.processor, 12, "x"),
        Figure(f"facts with the quality / {name}", (facts.clock + rate.clock) / base.clock, 20, "x"),
        Figure("  by processor time", (facts.processor + rate.processor) / base.processor, 20, "x"),
    ]


def show_parts(parts: dict[str, float], base: float) -> None:
    """Print what each part spends, beside plain decoding."""
    table = Table(title=f"Parts of hearing {SECONDS} s")
    for heading in ("part", "processor", "times decoding"):
        table.add_column(heading, justify="left" if heading == "part" else "right")
    for name, seconds in parts.items():
        table.add_row(name, f"{seconds:.2f} s", f"{seconds / base:.2f}")
    Console().print(table)


def comparing() -> Figure:
    """One fingerprint against ten thousand of strangers, as long as a sample."""
    rng = np.random.default_rng(0)
    size = int(SECONDS / fingerprint.STEP) * 4
    seconds = 0.0
    for _ in range(PRINTS // 1000):
        others = [rng.bytes(size) for _ in range(1000)]
        begun = time.process_time()
        compare(rng.bytes(size), others)
        seconds += time.process_time() - begun
    return Figure(f"one fingerprint against {PRINTS:,}", seconds, Limits().cpu, "s")


async def worker_peak(data: bytes) -> Figure:
    """The most that a worker ever held, over a sample, its rating and two hours of silence (Linux)."""
    async with AudioWorker() as worker:
        for file in (data, silence_bomb(2)):
            await worker.measure(file)
            await worker.rate(file)
        (peak,) = [
            int(line.split()[1]) / 1024
            for line in proc(worker.pids[0], "status").splitlines()
            if line.startswith("VmHWM")
        ]
    return Figure("worker's memory, peak", peak, 450, "MB")


async def crowd(x: "np.ndarray[Any, np.dtype[np.float32]]") -> list[Figure]:
    """Two hundred short samples at once, one of which is a bomb: seconds for all, and whether the order held."""
    starts = np.linspace(0, len(x) - CROWD_SECONDS * RATE, 20).astype(int)
    files = [encode(x[start : start + CROWD_SECONDS * RATE], "ogg", "libopus") for start in starts]
    crowd = [silence_bomb(2), *(files[index % len(files)] for index in range(1, CROWD))]
    answered: list[int] = []
    async with AudioWorker(children=2) as worker:
        await asyncio.gather(worker.measure(files[0]), worker.measure(files[1]))

        async def ask(index: int, file: bytes) -> None:
            await worker.measure(file)
            answered.append(index)

        begun = time.perf_counter()
        await asyncio.gather(*(ask(index, file) for index, file in enumerate(crowd)))
        seconds = time.perf_counter() - begun
    people = [index for index in answered if index]
    early = max(index - place for place, index in enumerate(people, 1))
    return [
        Figure(f"{CROWD} samples of {CROWD_SECONDS} s at once, each", seconds / CROWD, CROWD_SECONDS, "s"),
        Figure("  who was answered too early, by how many places", early, 1, "places"),
        Figure("  answered while the bomb was heard", answered.index(0), CROWD - 1, "samples"),
    ]


async def onboarded(client: SandboxClient, name: str) -> Person:
    """Somebody who is asked for a sample."""
    person = await client.person(name)
    await until_speaks(person)
    for wanted in ("profile:speaks:en", "profile:speaks:done", "profile:dialect:skip", "profile:partner:any"):
        await person.presses(await person.sees_button(wanted))
    await person.hears("🎙")
    return person


async def checked(person: Person, data: bytes) -> None:
    """Send a sample and wait for what the checks find."""
    await person.sends_voice(data, duration=SECONDS)
    await person.hears("checks passed", timeout=120)


async def presses(person: Person, busy: Callable[[], bool]) -> list[float]:
    """Milliseconds from a press to its answer, again and again: so many at least, and while `busy`."""
    times: list[float] = []
    while len(times) < PRESSES or busy():
        answer = await person.presses(await person.sees_button("profile:speaks:fr"))
        assert answer.seconds is not None
        times.append(answer.seconds * 1000)
        await asyncio.sleep(0.02)
    return times


async def pressing(data: bytes) -> list[Figure]:
    """Presses on the running bot, quiet and while it checks the samples of others."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            Sandbox(port=0) as sandbox,
            SandboxClient(sandbox.url) as client,
            running(sandbox, Path(folder)),
        ):
            ann = await client.person("Ann")
            await until_speaks(ann)
            senders = [await onboarded(client, f"Sender {index}") for index in range(SENDERS)]
            quiet = await presses(ann, lambda: False)
            checks = asyncio.gather(*(checked(person, data) for person in senders))
            loaded = await presses(ann, lambda: not checks.done())
            await checks
    figures = []
    for name, quantile in (("median", 50), ("99th of 100", 99)):
        before, during = (statistics.quantiles(times, n=100)[quantile - 1] for times in (quiet, loaded))
        figures.append(Figure(f"press during checks beside without, {name} (ms)", during, before, "ms"))
    return figures


async def main() -> None:
    """Measure and print."""
    x = samples()
    data = encode(x, "ogg", "libopus")
    figures = [*against_decoding(data), comparing(), await worker_peak(data), *await crowd(x)]
    show([*figures, *await pressing(data)], "What hearing costs, beside its limits (below 1.00 is better)")
