"""The child that decodes: `python -m bot.audio.worker <parent pid> <limits>`. See wire.py for its frames.

It answers one file after the other, and ends at the end of its input, after a while without work, or when
a limit strikes. It never explains its death: the client draws its conclusions from the exit status.
"""

import io
import os
import select
import sys
import wave
from collections.abc import Callable
from dataclasses import asdict
from itertools import accumulate, pairwise
from typing import Any, BinaryIO

import av.logging
import numpy as np

from bot.audio.bounds import Limits, allow_cpu, confine, die_with_parent, stand_back
from bot.audio.decode import RATE
from bot.audio.draw import Artist
from bot.audio.excerpt import cut
from bot.audio.levels import clipping
from bot.audio.measure import Listener, compare
from bot.audio.sketch import Sketch
from bot.audio.wire import pack, read
from bot.rules.audio import Unreadable

OUT_OF_MEMORY = 86
"""Exit status after a MemoryError: what an earlier file left behind may be to blame, so it is no verdict."""

Head = dict[str, Any]


class Worker:
    """Everything loaded once, and what can be asked of it: each question is a head and a body, so is its answer."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._listener = Listener()
        self._artist = Artist()
        self._does: dict[str, Callable[[Head, bytes], tuple[Head, bytes]]] = {
            "measure": self._measure,
            "rate": self._rate,
            "compare": self._compare,
            "draw": self._draw,
            "excerpt": self._excerpt,
        }

    def answer(self, head: Head, body: bytes) -> tuple[Head, bytes]:
        """Do what is asked. Raises KeyError for what is not known: the bot asks for no such thing."""
        try:
            return self._does[head["do"]](head, body)
        except Unreadable as error:
            return {"unreadable": error.reason}, b""

    def _measure(self, _head: Head, data: bytes) -> tuple[Head, bytes]:
        heard = self._listener.measure(data, self._limits.max_decoded)
        found = {"facts": heard.facts.to_json(), "fingerprint": len(heard.fingerprint)}
        return found, heard.fingerprint + heard.envelope

    def _rate(self, _head: Head, data: bytes) -> tuple[Head, bytes]:
        quality = self._listener.rate(data, self._limits.max_decoded)
        return {"quality": quality and asdict(quality)}, b""

    def _compare(self, head: Head, body: bytes) -> tuple[Head, bytes]:
        bounds = accumulate(head["lengths"], initial=0)
        first, *others = (body[start:end] for start, end in pairwise(bounds))
        return {"matches": [match and asdict(match) for match in compare(first, others)]}, b""

    def _excerpt(self, head: Head, data: bytes) -> tuple[Head, bytes]:
        return {}, cut(data, head["start"], head["seconds"], self._limits.max_decoded)

    def _draw(self, head: Head, _body: bytes) -> tuple[Head, bytes]:
        return {}, self._artist.draw(Sketch.from_json(head["sketch"]))


def main(parent: int, limits: Limits) -> None:
    """Serve questions from standard input until it ends."""
    die_with_parent(parent)
    stand_back()
    answers = _claim_stdout()
    av.logging.set_level(None)
    worker = Worker(limits)
    _warm_up(worker)
    confine(limits)
    _say(answers, {"ready": True})
    while (question := _next(limits)) is not None:
        allow_cpu(limits.cpu)
        try:
            answer = worker.answer(*question)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        _say(answers, *answer)


def _claim_stdout() -> BinaryIO:
    """The way to the client. Whatever a library prints from now on goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _next(limits: Limits) -> tuple[Head, bytes] | None:
    """The next question, None when there will be none or none has come for a while."""
    waiting, _, _ = select.select([sys.stdin.buffer], [], [], limits.idle)
    return read(sys.stdin.buffer, limits.max_bytes) if waiting else None


def _say(answers: BinaryIO, head: Head, body: bytes = b"") -> None:
    answers.write(pack(head, body))
    answers.flush()


def _warm_up(worker: Worker) -> None:
    """Use everything once: libraries import parts of themselves at first use, and later cannot open a file.

    A broken installation shows here, before it can be taken for a broken recording.
    """
    samples = np.random.default_rng(0).normal(0, 0.1, 6 * RATE).astype(np.float32)
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype(np.int16).tobytes())
    worker.answer({"do": "measure"}, memory.getvalue())
    worker.answer({"do": "excerpt", "start": 0.0, "seconds": 1.0}, memory.getvalue())
    # Noise is no speech, of which alone the clipping is measured.
    clipping(samples, np.ones(len(samples), dtype=np.bool_), RATE)


if __name__ == "__main__":
    main(int(sys.argv[1]), Limits.loads(sys.argv[2]))
