"""Untrusted bytes → 16 kHz mono PCM, by PyAV from memory, with a container that we chose and a cap."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from bot.audio.sniff import Container, sniff
from bot.rules.audio import Reason, Unreadable

RATE = 16_000
"""Sample rate of all decoded PCM in Hz: what the speech detector wants, and enough for levels of speech."""

_DEMUXER: dict[Container, str] = {
    "ogg": "ogg",
    "mp3": "mp3",
    "aac": "aac",
    "mp4": "mov",
    "wav": "wav",
    "flac": "flac",
    "matroska": "matroska",
}

_CODECS = (
    "opus,libopus,vorbis,mp3float,mp3,mp2,aac,alac,flac,amrnb,amrwb,adpcm_ms,adpcm_ima_wav,gsm_ms,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw"
)
"""The decoders that may touch the bytes: those of recorders and telephones, out of FFmpeg's hundreds."""

_KNOWN = frozenset(_CODECS.split(","))

# For streams that are only probed (pictures, say), and against references to anything outside the file.
_OPTIONS = {"codec_whitelist": _CODECS, "protocol_whitelist": "none"}

_MAX_ERRORS = 1000
"""Undecodable packets after which a file is given up: each costs time and yields nothing."""

_SLACK = 1.0
"""Seconds by which a header and its audio may differ: padding, priming and rounding of the encoders."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded audio. `pcm` is mono, 16 kHz, signed 16 bit, native order; the rest is as in `AudioFacts`."""

    pcm: bytes
    container: Container
    codec: str
    sample_rate: int
    channels: int
    declared: float | None
    complete: bool
    capped: bool
    damage: float

    @property
    def duration(self) -> float:
        """Seconds of decoded audio."""
        return len(self.pcm) / 2 / RATE


def decode(data: bytes, max_seconds: float) -> Decoded:
    """Decode the first audio stream of a file held in memory, at most `max_seconds` of it.

    Raises Unreadable: empty (no bytes), not_audio (no container that we know, or no audio stream of a codec
    that we know in it), corrupt (nothing could be decoded).
    """
    if not data:
        raise Unreadable(reason=Reason.empty)
    container = sniff(data)
    if container is None:
        raise Unreadable(reason=Reason.not_audio)
    try:
        source = av.open(
            io.BytesIO(data), "r", format=_DEMUXER[container], options=_OPTIONS, metadata_errors="replace"
        )
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable(reason=Reason.corrupt) from error
    with source:
        return _decode_stream(source, container, max_seconds, cut=_is_cut(container, data))


def _decode_stream(source: InputContainer, container: Container, max_seconds: float, *, cut: bool) -> Decoded:
    """Decode the first audio stream; `cut` says that the file is known to break off."""
    stream = next(iter(source.streams.audio), None)
    if stream is None or stream.codec_context is None or stream.codec_context.codec.name not in _KNOWN:
        raise Unreadable(reason=Reason.not_audio)
    reader = _Reader(source, stream, int(max_seconds * RATE) * 2)
    pcm = reader.read()
    if not pcm:
        raise Unreadable(reason=Reason.corrupt)
    declared = source.duration / av.time_base if source.duration and source.duration > 0 else None
    alone = len(source.streams) == 1
    lost = 0.0 if reader.capped or not alone else _lost(container, len(pcm) / 2 / RATE, declared)
    return Decoded(
        pcm=pcm,
        container=container,
        codec=stream.codec_context.name,
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        declared=None if declared is None else round(declared, 3),
        complete=not (reader.broke_off or cut) or reader.capped,
        capped=reader.capped,
        damage=round(max(lost, reader.errors / max(reader.packets, 1)), 4),
    )


class _Reader:
    """Reads one stream to its end, its cap or its breaking point, and keeps count of what was lost."""

    def __init__(self, source: InputContainer, stream: AudioStream, max_bytes: int) -> None:
        self.capped = self.broke_off = False
        self.errors = self.packets = 0
        self._source, self._stream, self._max_bytes = source, stream, max_bytes
        self._resampler = _resampler()

    def read(self) -> bytes:
        """All PCM up to the cap."""
        pcm = bytearray()
        for frame in self._frames():
            for part in self._resample(frame):
                pcm += memoryview(part.planes[0])[: part.samples * 2]
            if len(pcm) > self._max_bytes:
                self.capped = True
                return bytes(pcm[: self._max_bytes])
        for part in self._resample(None) if pcm else ():
            pcm += memoryview(part.planes[0])[: part.samples * 2]
        return bytes(pcm)

    def _frames(self) -> Iterator[AudioFrame]:
        """The decoded frames of all packets; those that cannot be decoded are counted."""
        try:
            for packet in self._source.demux(self._stream):
                self.packets += 1
                try:
                    yield from packet.decode()
                except (av.FFmpegError, ValueError):
                    self.errors += 1
                if self.errors > _MAX_ERRORS:
                    self.broke_off = True
                    return
        except av.FFmpegError:
            self.broke_off = True

    def _resample(self, frame: AudioFrame | None) -> list[AudioFrame]:
        """A frame as 16 kHz mono."""
        if frame is not None:
            frame.pts = None  # a jump in the time stamps must not become an hour of silence
        try:
            return self._resampler.resample(frame)
        except ValueError:  # the stream has changed its rate or layout (chained ogg, AAC)
            self._resampler = _resampler()
            return self._resampler.resample(frame)


def _resampler() -> AudioResampler:
    return AudioResampler(format="s16", layout="mono", rate=RATE)


def _lost(container: Container, duration: float, declared: float | None) -> float:
    """The share of the announced audio that did not come out.

    An mp3 header is not asked: cutting tools leave the old number in it. Nor is bare AAC, which has none.
    """
    if declared is None or container in ("mp3", "aac") or declared - duration <= _SLACK:
        return 0.0
    return 1 - duration / declared


def _is_cut(container: Container, data: bytes) -> bool:
    """Whether the file's own structure goes on after the last byte, where the header's length cannot tell."""
    if container == "ogg":
        return _ogg_is_cut(data)
    if container == "wav":
        size = int.from_bytes(data[4:8], "little")
        # Recorders that write to a pipe leave 0 or the largest number there.
        return size not in (0, 0xFFFFFFFF) and len(data) < size + 8
    return False


def _ogg_is_cut(data: bytes) -> bool:
    """Whether the last page of an Ogg file goes on after the last byte (RFC 3533, section 6).

    The end-of-stream flag is not asked: recorders that write no last page lose nothing by it.
    """
    page = data.rfind(b"OggS")
    if len(data) < page + 27:
        return True
    segments = data[page + 26]
    table = data[page + 27 : page + 27 + segments]
    return len(table) < segments or page + 27 + segments + sum(table) > len(data)
