"""Files that refer to other files and to hosts: a canary and a listening socket see that nobody comes."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from bot.audio.client import AudioWorker
from bot.audio.decode import decode
from bot.rules.audio import Unreadable
from tests.audio import forged
from tests.audio.files import encode, noise

OGG = encode(noise(2), "ogg", "libopus")
M4A = encode(noise(2), "mp4", "aac", rate=44_100)

PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "asx": '<asx version="3.0"><entry><ref href="{}"/></entry></asx>',
    "pls": "[playlist]\nNumberOfEntries=1\nFile1={}\n",
    "dash": '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
    "quicktime rtsp": "RTSPtextRTSP://{}",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\na=control:{}\n",
}
"""Ways to refer to something else, with a place for what."""

DISGUISES: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: text,
    "ogg magic": lambda text: b"OggS" + text,
    "ogg page": lambda text: OGG[: OGG.index(b"OggS", 4)] + text,
    "behind ogg": lambda text: OGG + text,
    "riff": lambda text: b"RIFF\xff\xff\xff\x7fWAVE" + text,
    "id3": lambda text: forged.with_id3(text, b""),
    "id3 picture": lambda text: forged.with_id3(encode(noise(1), "mp3", "libmp3lame", rate=44_100), text),
    "mp4": lambda text: M4A[: M4A.index(b"mdat") + 4] + text + M4A[M4A.index(b"mdat") + 4 + len(text) :],
    "matroska": lambda text: b"\x1a\x45\xdf\xa3" + text,
}


@dataclass
class Trap:
    """A file and an address that tell when somebody comes."""

    file: str
    url: str
    touched: set[str]

    def close(self) -> None:
        """Let the thread that waits behind the file end."""
        os.close(os.open(self.file, os.O_RDONLY | os.O_NONBLOCK))


@pytest.fixture
async def trap(tmp_path: Path) -> AsyncIterator[Trap]:
    """The canary is a named pipe: opening it for writing waits until somebody opens it for reading."""
    canary = tmp_path / "canary.ogg"
    os.mkfifo(canary)
    touched: set[str] = set()

    def wait() -> None:
        with canary.open("wb") as pipe, contextlib.suppress(BrokenPipeError):
            touched.add("file")
            pipe.write(OGG)

    async def come(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        touched.add("host")
        writer.close()

    waiting = threading.Thread(target=wait)
    waiting.start()
    server = await asyncio.start_server(come, "127.0.0.1", 0)
    trap = Trap(str(canary), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a.ogg", touched)
    try:
        yield trap
    finally:
        server.close()
        if waiting.is_alive():
            trap.close()
        waiting.join()


async def test_the_trap_works(trap: Trap) -> None:
    """FFmpeg let loose on a playlist opens the file, and whoever asks for the address is seen."""

    def loose() -> None:
        text = f"ffconcat version 1.0\nfile '{trap.file}'\n"
        path = Path(trap.file).with_suffix(".txt")
        path.write_text(text)
        with av.open(str(path), format="concat", options={"safe": "0"}) as source:
            next(source.decode(audio=0))

    await asyncio.to_thread(loose)
    with contextlib.suppress(av.FFmpegError):
        await asyncio.to_thread(av.open, trap.url, timeout=10)
    assert trap.touched == {"file", "host"}


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("playlist", PLAYLISTS)
async def test_no_reference_is_followed(trap: Trap, playlist: str, disguise: str) -> None:
    """Not even in this process, where nothing but the choice of formats forbids it."""
    for goal in (trap.file, f"file://{trap.file}", trap.url):
        data = DISGUISES[disguise](PLAYLISTS[playlist].format(goal).encode())
        with contextlib.suppress(Unreadable):
            await asyncio.to_thread(decode, data, 60)
    assert trap.touched == set()


async def test_the_worker_follows_none_either(trap: Trap, worker: AudioWorker) -> None:
    """All of them through the worker, which afterwards hears a good file."""
    for playlist in PLAYLISTS.values():
        for goal in (f"file://{trap.file}", trap.url):
            for disguise in DISGUISES.values():
                with contextlib.suppress(Unreadable):
                    await worker.measure(disguise(playlist.format(goal).encode()))
    assert trap.touched == set()
    assert (await worker.measure(OGG)).facts.complete


async def test_sound_that_an_mp4_file_keeps_elsewhere_is_not_fetched(trap: Trap) -> None:
    """A data reference that says "not in this file" (ISO/IEC 14496-12, 8.7.2) leads nowhere."""
    data = forged.mp4_field(M4A, b"url ", 0, 0)
    with contextlib.suppress(Unreadable):
        await asyncio.to_thread(decode, data, 60)
    assert trap.touched == set()
