"""Cutting an excerpt: the right stretch, as a voice note, with nothing else in it."""

import io

import av
import numpy as np
import pytest

from bot.audio.client import AudioWorker
from bot.audio.decode import RATE, decode
from bot.audio.excerpt import LEVEL, cut
from bot.rules.audio import Reason, Unreadable
from tests.audio.files import encode, sine
from tests.helpers import DIALOGUES


def heard(data: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """What a file holds, full scale 1."""
    return np.frombuffer(decode(data, 60).pcm, dtype=np.int16).astype(np.float32) / 32768


def tones() -> bytes:
    """Twenty seconds of 300 Hz, ten of 900 Hz, both quiet."""
    return encode(np.concatenate([sine(20, 0.02, 300), sine(10, 0.02, 900)]), "ogg", "libopus")


def test_the_stretch_that_was_asked_for() -> None:
    """Ten seconds of it, brought to the level of speech, from silence to silence."""
    x = heard(cut(tones(), 20.0, 10.0, 900))
    assert len(x) / RATE == pytest.approx(10.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(x[RATE : 9 * RATE]))
    assert np.argmax(spectrum) / 8 == pytest.approx(900, abs=2)
    assert np.sqrt(np.mean(x[RATE : 9 * RATE] ** 2)) == pytest.approx(LEVEL, rel=0.1)
    assert max(np.max(np.abs(x[:200])), np.max(np.abs(x[-200:]))) < 0.02


def test_it_is_a_voice_note_and_nothing_else() -> None:
    """OGG with one Opus stream, mono; no title, name or date of the file is in it; twice the same."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="ogg") as file:
        file.metadata["title"] = "Ann Smith at home"
        stream = file.add_stream("libopus", rate=48_000, layout="mono")
        for packet in (*_frames(stream), *stream.encode(None)):
            file.mux(packet)
    data = memory.getvalue()
    assert b"Ann Smith" in data
    made = cut(data, 1.0, 2.0, 900)
    assert b"Ann" not in made
    assert made == cut(data, 1.0, 2.0, 900)
    with av.open(io.BytesIO(made)) as file:
        (stream,) = file.streams
        assert (file.format.name, stream.codec_context.name, stream.codec_context.layout.name) == (
            "ogg",
            "opus",
            "mono",
        )


def _frames(stream: object) -> "list[av.Packet]":
    assert isinstance(stream, av.AudioStream)
    frame = av.AudioFrame.from_ndarray(
        (sine(4, 0.1, rate=48_000) * 32767).astype(np.int16)[None], format="s16", layout="mono"
    )
    frame.sample_rate = 48_000
    resampler = av.AudioResampler("s16", "mono", 48_000, frame_size=960)
    return [packet for part in resampler.resample(frame) for packet in stream.encode(part)]


@pytest.mark.parametrize(
    ("data", "start", "reason"), [(b"", 0.0, Reason.empty), (b"x" * 99, 0.0, Reason.not_audio)]
)
def test_what_cannot_be_cut(data: bytes, start: float, reason: Reason) -> None:
    """It is refused as anywhere else."""
    with pytest.raises(Unreadable) as refused:
        cut(data, start, 10.0, 900)
    assert refused.value.reason is reason


def test_beyond_the_end_there_is_nothing() -> None:
    """Nor is what is not there made up."""
    with pytest.raises(Unreadable):
        cut(tones(), 31.0, 10.0, 900)


def test_silence_stays_silence() -> None:
    """It is not raised."""
    assert (
        np.max(np.abs(heard(cut(encode(np.zeros(2 * RATE, np.float32), "ogg", "libopus"), 0.0, 2.0, 900))))
        < 0.001
    )


async def test_the_confined_worker_cuts() -> None:
    """Without a file or a socket, as it measures."""
    data = (DIALOGUES / "night-market.ogg").read_bytes()
    async with AudioWorker() as worker:
        made = await worker.excerpt(data, 30.0, 10.0)
    assert len(heard(made)) / RATE == pytest.approx(10.0, abs=0.1)
    assert len(made) < 60_000
