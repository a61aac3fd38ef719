"""The child that decodes: `python -m bot.audio.worker <parent pid> <limits>`. See wire.py for its frames.

It answers one file after the other, and ends at the end of its input, after a while without work, or when
a limit strikes. It never explains its death: the client draws its conclusions from the exit status.
"""

import io
import json
import os
import select
import sys
import wave
from typing import Any, BinaryIO

import av.logging
import numpy as np

from bot.audio.bounds import Limits, allow_cpu, confine, die_with_parent
from bot.audio.decode import RATE
from bot.audio.levels import clipping
from bot.audio.measure import measure
from bot.audio.speech import SpeechDetector
from bot.audio.wire import pack, read_frame
from bot.rules.audio import Unreadable

OUT_OF_MEMORY = 86
"""Exit status after a MemoryError: what an earlier file left behind may be to blame, so it is no verdict."""


def main(parent: int, limits: Limits) -> None:
    """Serve files from standard input until it ends."""
    die_with_parent(parent)
    replies = _claim_stdout()
    av.logging.set_level(None)
    detector = SpeechDetector()
    _warm_up(detector)
    confine(limits)
    _reply(replies, {"ready": True})
    while (data := _next_file(limits)) is not None:
        allow_cpu(limits.cpu)
        _reply(replies, _answer(data, detector, limits))


def _answer(data: bytes, detector: SpeechDetector, limits: Limits) -> dict[str, Any]:
    """The reply about one file. Ends the process when memory is short."""
    try:
        return {"facts": measure(data, detector, limits.max_decoded).to_json()}
    except Unreadable as error:
        return {"unreadable": error.reason}
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def _claim_stdout() -> BinaryIO:
    """The way to the client. Whatever a library prints from now on goes to standard error."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return replies


def _next_file(limits: Limits) -> bytes | None:
    """The next file, None when there will be none or none has come for a while."""
    waiting, _, _ = select.select([sys.stdin.buffer], [], [], limits.idle)
    return read_frame(sys.stdin.buffer, limits.max_bytes) if waiting else None


def _reply(replies: BinaryIO, answer: dict[str, Any]) -> None:
    replies.write(pack(json.dumps(answer).encode()))
    replies.flush()


def _warm_up(detector: SpeechDetector) -> None:
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
    measure(memory.getvalue(), detector, 6)
    # Noise is no speech, of which alone the clipping is measured.
    clipping(samples, np.ones(len(samples), dtype=np.bool_), RATE)


if __name__ == "__main__":
    main(int(sys.argv[1]), Limits.loads(sys.argv[2]))
