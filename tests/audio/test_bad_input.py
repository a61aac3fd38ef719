"""Every kind of bad, odd and hostile file that people send, through the real worker: what is told about each."""

from collections.abc import AsyncIterator
from datetime import timedelta

import numpy as np
import pytest
import pytest_asyncio

from bot.audio.client import AudioWorker
from bot.rules.audio import AudioFacts, Code, Reason, SampleChecks, judge
from tests.audio import forged
from tests.audio.files import damaged, encode, film, noise, silence_bomb, wav
from tests.audio.processes import proc, reads_proc, refusal

OGG = encode(noise(20), "ogg", "libopus")
MP3 = encode(noise(20), "mp3", "libmp3lame", rate=44_100)
M4A = encode(noise(20), "mp4", "aac", rate=44_100)
AAC = encode(noise(20), "adts", "aac", rate=44_100)
FLAC = encode(noise(20), "flac", "flac")
WAV = wav(noise(20), 16_000)
STEREO = encode(noise(20), "ogg", "libopus", layout="stereo")
VORBIS = encode(noise(20), "ogg", "vorbis", rate=22_050, layout="stereo")

TWELVE_HOURS = 12 * 3600

FILE_CODES = frozenset({Code.too_long, Code.unended, Code.unreadable})
"""What a file can be blamed for, whatever can be heard in it."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[AudioWorker]:
    """One worker for all of them: what one file leaves behind would show in the next."""
    async with AudioWorker() as worker:
        yield worker


def _told(facts: AudioFacts) -> set[Code]:
    found = judge(facts, SampleChecks(), shortest=None, longest=timedelta(minutes=3))
    return {finding.code for finding in found} & FILE_CODES


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", Reason.empty, id="no bytes"),
        pytest.param(b"I could not record, sorry.", Reason.not_audio, id="text"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(5000), Reason.not_audio, id="picture"),
        pytest.param(OGG[: OGG.index(b"OggS", 4)], Reason.corrupt, id="ogg header only"),
        pytest.param(WAV[:44], Reason.corrupt, id="wav header only"),
        pytest.param(M4A[:40], Reason.corrupt, id="m4a header only"),
        pytest.param(M4A[: M4A.index(b"moov")], Reason.corrupt, id="m4a without its index"),
        pytest.param(FLAC[:42], Reason.corrupt, id="flac header only"),
        pytest.param(forged.wav_header(bytes(96_000), channels=0), Reason.corrupt, id="0 channels"),
        pytest.param(forged.wav_header(bytes(96_000), channels=200), Reason.corrupt, id="200 channels"),
        pytest.param(forged.wav_header(bytes(96_000), channels=65_535), Reason.corrupt, id="65535 channels"),
        pytest.param(forged.wav_header(bytes(96_000), rate=0), Reason.corrupt, id="0 Hz"),
        pytest.param(forged.wav_header(bytes(96_000), rate=1), Reason.corrupt, id="1 Hz"),
        pytest.param(
            forged.wav_header(bytes(96_000), rate=4_000_000_000), Reason.corrupt, id="4,000,000,000 Hz"
        ),
        pytest.param(
            forged.mp4_field(forged.mp4_field(M4A, b"stsz", 4, 1), b"stsz", 8, 0x0FFFFFFF),
            Reason.corrupt,
            id="m4a with an index of 268 million entries",
        ),
        pytest.param(film(), Reason.not_audio, id="film without sound"),
    ],
)
async def test_files_that_hold_no_recording(worker: AudioWorker, data: bytes, reason: Reason) -> None:
    """Each is refused with its reason."""
    assert await refusal(worker, data) is reason


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("data", "seconds", "codes"),
    [
        pytest.param(damaged(OGG, 10), None, {Code.unreadable}, id="corrupt middle"),
        pytest.param(OGG[: OGG.rindex(b"OggS") - 500], None, {Code.unreadable}, id="cut within a page"),
        pytest.param(OGG[: OGG.rindex(b"OggS")], None, {Code.unended}, id="cut between two pages"),
        pytest.param(WAV[: len(WAV) // 2], 10, {Code.unreadable}, id="wav cut in half"),
        pytest.param(FLAC[: len(FLAC) // 2], 10, {Code.unreadable}, id="flac cut in half"),
        pytest.param(
            forged.ogg_until(OGG, TWELVE_HOURS * 48_000), 20, {Code.unreadable}, id="ogg that claims 12 h"
        ),
        pytest.param(forged.ogg_until(OGG, 2**62), 20, set(), id="ogg that claims 3 million years"),
        pytest.param(
            forged.wav_header(WAV[44:], rate=16_000, size=TWELVE_HOURS * 32_000),
            20,
            {Code.unreadable},
            id="wav that claims 12 h",
        ),
        pytest.param(
            forged.mp4_field(M4A, b"mvhd", 16, TWELVE_HOURS * 1000),
            20,
            set(),  # FFmpeg counts its packets instead
            id="m4a that claims 12 h",
        ),
        pytest.param(silence_bomb(2), 900, {Code.too_long}, id="two hours of silence in 2 MB"),
    ],
)
async def test_files_that_break_off_lie_or_last_too_long(
    worker: AudioWorker, data: bytes, seconds: float | None, codes: set[Code]
) -> None:
    """What is there is heard, and what is wrong with the file is told."""
    facts = (await worker.measure(data)).facts
    assert _told(facts) == codes
    if seconds is not None:
        assert facts.duration == pytest.approx(seconds, abs=0.3)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("data", "seconds", "container", "rate", "channels"),
    [
        pytest.param(
            encode(noise(3), "wav", "pcm_s16le", layout="7.1"), 3, "wav", 48_000, 8, id="8 channels"
        ),
        pytest.param(encode(noise(3), "ogg", "libopus", layout="7.1"), 3, "ogg", 48_000, 8, id="8 of opus"),
        pytest.param(encode(noise(3), "wav", "pcm_s16le", rate=8000), 3, "wav", 8000, 1, id="8 kHz"),
        pytest.param(encode(noise(3), "flac", "flac", rate=192_000), 3, "flac", 192_000, 1, id="192 kHz"),
        pytest.param(film("mp4", "aac"), 2, "mp4", 48_000, 1, id="mp4 film"),
        pytest.param(film("matroska", "libopus"), 2, "matroska", 48_000, 1, id="webm film"),
        pytest.param(
            forged.with_cover(noise(3), "mp3", "libmp3lame"), 3, "mp3", 44_100, 1, id="mp3 with a cover"
        ),
        pytest.param(
            forged.with_id3(MP3, b"\xff\xd8\xff" + bytes(50_000)),
            20,
            "mp3",
            44_100,
            1,
            id="mp3, broken cover",
        ),
        pytest.param(
            forged.with_cover(noise(3), "flac", "flac"), 3, "flac", 44_100, 1, id="flac with a cover"
        ),
        pytest.param(forged.with_cover(noise(3), "mp4", "aac"), 3, "mp4", 44_100, 1, id="m4a with a cover"),
        pytest.param(
            forged.variable_mp3(np.concatenate([noise(5), np.zeros(80_000, np.float32)])),
            10,
            *("mp3", 44_100, 1),
            id="mp3 of variable rate",
        ),
        pytest.param(OGG + STEREO, 40, "ogg", 48_000, 1, id="chained with stereo"),
        pytest.param(VORBIS + OGG, 40, "ogg", 22_050, 2, id="chained with another codec and rate"),
        pytest.param(forged.browser_webm(noise(3)), 3, "matroska", 48_000, 1, id="webm of a browser"),
        pytest.param(M4A, 20, "mp4", 44_100, 1, id="m4a with its index at the end"),
        pytest.param(AAC, 20, "aac", 44_100, 1, id="bare aac"),
    ],
)
async def test_odd_files_are_heard_whole(
    worker: AudioWorker, data: bytes, seconds: float, container: str, rate: int, channels: int
) -> None:
    """Nothing is held against them, and all of the sound comes out."""
    facts = (await worker.measure(data)).facts
    assert _told(facts) == set()
    assert (facts.container, facts.sample_rate, facts.channels) == (container, rate, channels)
    assert facts.duration == pytest.approx(seconds, abs=0.15)


@reads_proc
@pytest.mark.asyncio(loop_scope="module")
async def test_all_of_that_cost_bounded_memory(worker: AudioWorker) -> None:
    """The worker that heard them, or at least the last of them, never held 450 MB."""
    await worker.measure(wav(np.tile(noise(19), 30), 48_000))
    status = proc(worker.pids[0], "status").splitlines()
    (peak,) = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
    assert peak < 450 * 1024
