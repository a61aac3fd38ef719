"""Files that lie, leave out, or carry more than sound."""

import io
import struct

import av
import numpy as np
from av.stream import Disposition

from tests.audio.files import Samples, write


def ogg_until(data: bytes, granule: int) -> bytes:
    """An Ogg file whose last page claims to end at that sample (48 kHz), with the right checksum."""
    at = data.rindex(b"OggS")
    page = bytearray(data[at:])
    page[6:14], page[22:26] = struct.pack("<q", granule), bytes(4)
    page[22:26] = struct.pack("<I", _ogg_crc(page))
    return data[:at] + bytes(page)


def _ogg_crc(page: bytes | bytearray) -> int:
    """The checksum of a page (RFC 3533, section 6): polynomial 0x04c11db7, nothing reflected."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def wav_header(data: bytes, *, channels: int = 1, rate: int = 48_000, size: int | None = None) -> bytes:
    """16-bit PCM under a WAV header that says what it is told to."""
    size = len(data) if size is None else size
    form = struct.pack(
        "<HHIIHH", 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16
    )
    parts = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFE)) + b"WAVE" + parts


def mp4_field(data: bytes, atom: bytes, offset: int, value: int) -> bytes:
    """An mp4 file with a 32-bit number changed, that many bytes behind the name of its first such atom."""
    at = data.index(atom) + 4 + offset
    return data[:at] + struct.pack(">I", value) + data[at + 4 :]


def with_cover(x: Samples, container: str, codec: str) -> bytes:
    """Sound with a picture attached to it, as music is."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as file:
        audio = file.add_stream(codec, rate=44_100, layout="mono")
        cover = file.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        for packet in [*cover.encode(picture), *cover.encode(None)]:
            file.mux(packet)
        write(file, audio, x, 44_100, "mono")
    return memory.getvalue()


def with_id3(data: bytes, picture: bytes) -> bytes:
    """A file with an ID3v2.3 tag in front that carries a picture, or what claims to be one."""
    body = b"\0image/jpeg\0\x03\0" + picture
    frame = b"APIC" + struct.pack(">I", len(body)) + bytes(2) + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + data


def variable_mp3(x: Samples) -> bytes:
    """An mp3 of variable bit rate, with the header that such files have."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp3") as file:
        stream = file.add_stream("libmp3lame", rate=44_100, layout="mono")
        stream.codec_context.qscale, stream.codec_context.global_quality = True, 4 * 118
        write(file, stream, x, 44_100, "mono")
    return memory.getvalue()


class _Pipe(io.RawIOBase):
    """A place to write to, without a way back."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is not: nothing can be filled in afterwards."""
        return False

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Add some bytes."""
        self.data += data
        return len(data)


def browser_webm(x: Samples) -> bytes:
    """What MediaRecorder in a browser writes: no length in the header, no index."""
    pipe = _Pipe()
    with av.open(pipe, "w", format="webm", options={"live": "1"}) as file:
        write(file, file.add_stream("libopus", rate=48_000, layout="mono"), x, 48_000, "mono")
    return bytes(pipe.data)
