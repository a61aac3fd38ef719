"""Sound as Telegram's own recorders send it."""

import io
from collections.abc import Iterable
from itertools import chain

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

RATE = 48_000
"""Samples a second."""

BITS = 32_000
"""Bits a second."""


def encode(frames: Iterable[AudioFrame]) -> tuple[bytes, float]:
    """Frames of sound as a voice note (OGG/Opus, mono), and its length in seconds.

    The same frames give the same bytes; no title, date or other word is in them. Raises what the frames do, and
    `av.FFmpegError`.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    made = io.BytesIO()
    samples = 0
    with av.open(made, "w", format="ogg", options={"fflags": "+bitexact"}) as target:
        stream = target.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = BITS
        for frame in chain(frames, [None]):  # at last what the resampler still holds
            for piece in resampler.resample(frame):
                samples += piece.samples
                target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return made.getvalue(), samples / RATE
