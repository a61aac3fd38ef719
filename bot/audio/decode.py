"""Untrusted bytes → mono PCM, by PyAV from memory, with a container that we chose and a cap."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from bot.audio.ogg import survey
from bot.audio.sniff import Container, sniff
from bot.audio.tracks import Track, gather
from bot.rules.audio import Reason, Unreadable

RATE = 16_000
"""Sample rate of all decoded PCM in Hz: what the speech detector wants, and enough for levels of speech."""

_WIDE_RATE, _WIDE_SECONDS = 48_000, 300
"""The most that is kept of the sound as stored, in Hz and seconds: that only tells how high it goes."""

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

_RATES = range(4000, 400_001)
"""Sample rates (Hz) of recorders and more. A header may say 1 Hz: each of its samples would become 16,000."""

_MAX_LINKS = 100
"""Recordings in one chained file that are decoded: each is opened anew."""

_SLACK = 1.0
"""Seconds by which a header and its audio may differ: padding, priming and rounding of the encoders."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decoded audio, mono, signed 16 bit, native order; the rest is as in `AudioFacts`.

    pcm        at 16 kHz
    wide       the first five minutes at most, at `wide_rate` Hz: as stored, from 16 kHz to 48 kHz
    """

    pcm: bytes
    wide: bytes
    wide_rate: int
    container: Container
    codec: str
    sample_rate: int
    channels: int
    declared: float | None
    complete: bool
    ended: bool | None
    capped: bool
    damage: float

    @property
    def duration(self) -> float:
        """Seconds of decoded audio."""
        return len(self.pcm) / 2 / RATE


def decode(data: bytes, max_seconds: float) -> Decoded:
    """Decode the first audio stream of a file held in memory, at most `max_seconds` of it.

    The recordings that an Ogg file chains are one after the other, whatever rate and channels each has; what is
    told about them is told of the first.

    Raises Unreadable: empty (no bytes), not_audio (no container that we know, or no audio stream of a codec
    that we know in it), corrupt (nothing could be decoded).
    """
    if not data:
        raise Unreadable(reason=Reason.empty)
    container = sniff(data)
    if container is None:
        raise Unreadable(reason=Reason.not_audio)
    reader = _Reader(container, max_seconds)
    if container != "ogg":
        reader.read(data)
        return reader.decoded(cut=container == "wav" and _wav_is_cut(data), ended=None)
    pages = survey(data)
    for start, end in pages.links[:_MAX_LINKS]:
        reader.read(data[start:end])
    return reader.decoded(cut=pages.cut or len(pages.links) > _MAX_LINKS, ended=pages.ended)


def _open(data: bytes, container: Container) -> InputContainer:
    """The bytes as FFmpeg's container of that name, never one that it guesses. Raises Unreadable."""
    try:
        return av.open(
            io.BytesIO(data), "r", format=_DEMUXER[container], options=_OPTIONS, metadata_errors="replace"
        )
    except MemoryError:  # FFmpeg's own is one of its errors too, but says nothing about the file
        raise
    except (av.FFmpegError, ValueError) as error:
        raise Unreadable(reason=Reason.corrupt) from error


def _stream(source: InputContainer) -> AudioStream:
    """The first audio stream. Raises Unreadable if there is none that we decode."""
    stream = next(iter(source.streams.audio), None)
    if stream is None or stream.codec_context is None or stream.codec_context.codec.name not in _KNOWN:
        raise Unreadable(reason=Reason.not_audio)
    return stream


def _possible(frames: list[AudioFrame]) -> list[AudioFrame]:
    """The frames of a packet. Raises ValueError if one has a rate that no recording has."""
    if any(frame.sample_rate not in _RATES for frame in frames):
        raise ValueError("sample rate")
    return frames


def _declared(source: InputContainer, stream: AudioStream) -> float | None:
    """Seconds that the file claims, of the sound alone where there are moving pictures too."""
    if all(one is stream or one.disposition & Disposition.attached_pic for one in source.streams):
        return source.duration / av.time_base if source.duration and source.duration > 0 else None
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None


class _Reader:
    """Reads streams to their end, the cap or the breaking point, and keeps count of what was lost."""

    def __init__(self, container: Container, max_seconds: float) -> None:
        self._container, self._max_seconds = container, max_seconds
        self._track = Track(RATE, max_seconds)
        self._wide: Track | None = None
        self._wide_rate = 0
        self._about: tuple[str, int, int] | None = None
        self._declared: float | None = 0.0
        self._broke_off = False
        self._errors = self._packets = 0

    def read(self, data: bytes) -> None:
        """Decode one file as far as it goes. Raises Unreadable if it is the first one and holds no audio."""
        if self._track.over or self._broke_off:
            return
        try:
            with _open(data, self._container) as source:
                self._read_stream(source, _stream(source))
        except Unreadable:
            if self._about is None:
                raise
            self._broke_off = True

    def _read_stream(self, source: InputContainer, stream: AudioStream) -> None:
        context = stream.codec_context
        if self._about is None:
            self._about = (context.name, context.sample_rate, context.channels)
        declared = _declared(source, stream)
        self._declared = None if declared is None or self._declared is None else self._declared + declared
        for frame in gather(self._frames(source, stream)):
            try:
                self._add(frame)
            except MemoryError:
                raise
            except (av.FFmpegError, ValueError):
                self._errors += 1
            if self._track.over:
                return

    def _add(self, frame: AudioFrame) -> None:
        self._track.add(frame)
        if not self._wide_rate:
            # The frame knows its rate best: of some AAC the header tells half of it.
            self._wide_rate = min(max(frame.sample_rate, RATE), _WIDE_RATE)
            if self._wide_rate > RATE:
                self._wide = Track(self._wide_rate, min(self._max_seconds, _WIDE_SECONDS))
        if self._wide and not self._wide.over:
            self._wide.add(frame)

    def _frames(self, source: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
        """The decoded frames of all packets; those that cannot be decoded are counted."""
        try:
            for packet in source.demux(stream):
                self._packets += 1
                try:
                    yield from _possible(packet.decode())
                except MemoryError:
                    raise
                except (av.FFmpegError, ValueError):
                    self._errors += 1
                if self._errors > _MAX_ERRORS:
                    self._broke_off = True
                    return
        except MemoryError:
            raise
        except av.FFmpegError:
            self._broke_off = True

    def decoded(self, *, cut: bool, ended: bool | None) -> Decoded:
        """All that was read; `cut` says that the file is known to break off. Raises Unreadable for nothing."""
        capped, pcm = self._track.over, self._track.pcm()
        if self._about is None or not pcm:
            raise Unreadable(reason=Reason.corrupt)
        codec, sample_rate, channels = self._about
        lost = 0.0 if capped else _lost(self._container, len(pcm) / 2 / RATE, self._declared)
        wide = self._wide.pcm() if self._wide else pcm[: _WIDE_SECONDS * RATE * 2]
        return Decoded(
            pcm=pcm,
            wide=wide,
            wide_rate=self._wide_rate,
            container=self._container,
            codec=codec,
            sample_rate=sample_rate,
            channels=channels,
            declared=None if not self._declared else round(self._declared, 3),
            complete=not (self._broke_off or cut) or capped,
            ended=ended,
            capped=capped,
            damage=round(max(lost, self._errors / max(self._packets, 1)), 4),
        )


def _lost(container: Container, duration: float, declared: float | None) -> float:
    """The share of the announced audio that did not come out.

    An mp3 header is not asked: cutting tools leave the old number in it. Nor is bare AAC, which has none.
    """
    if declared is None or container in ("mp3", "aac") or declared - duration <= _SLACK:
        return 0.0
    return 1 - duration / declared


def _wav_is_cut(data: bytes) -> bool:
    """Whether the file's own header announces more bytes than there are."""
    size = int.from_bytes(data[4:8], "little")
    # Recorders that write to a pipe leave 0 or the largest number there.
    return size not in (0, 0xFFFFFFFF) and len(data) < size + 8
