"""Decoded frames of any kind → mono PCM at one rate."""

from collections.abc import Iterable, Iterator

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

_BATCH = 16_384
"""Samples that are converted at once: a resampler has costs of its own for each frame, 20 ms of speech mostly."""

Kind = tuple[str, str, int]


def gather(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The same samples in fewer and larger frames, none of which mixes formats. Time stamps are dropped.

    So a jump in them does not become an hour of silence.
    """
    waiting, kind = AudioFifo(), None
    for frame in frames:
        frame.pts = None
        if _kind(frame) != kind:  # that also happens on the way: chained files, AAC
            yield from _all(waiting)
            waiting, kind = AudioFifo(), _kind(frame)
        waiting.write(frame)
        if waiting.samples >= _BATCH:
            yield from _all(waiting)
    yield from _all(waiting)


def _all(waiting: AudioFifo) -> Iterator[AudioFrame]:
    """What waits, as one frame."""
    frame = waiting.read() if waiting.samples else None
    if frame is not None:
        frame.pts = None
        yield frame


def _kind(frame: AudioFrame) -> Kind:
    return frame.format.name, frame.layout.name, frame.sample_rate


class Track:
    """Mono PCM, signed 16 bit, native order, at `rate` Hz; at most `seconds` of it are kept."""

    def __init__(self, rate: int, seconds: float) -> None:
        self._rate = rate
        self._size = int(seconds * rate) * 2
        self._pcm = bytearray()
        self._kind: Kind | None = None
        self._resampler = AudioResampler()

    @property
    def over(self) -> bool:
        """Whether more was added than is kept."""
        return len(self._pcm) > self._size

    def add(self, frame: AudioFrame) -> None:
        """Take one more frame. Raises FFmpegError for what cannot be mixed: a hundred channels, say."""
        kind = _kind(frame)
        if kind != self._kind:
            self._flush()
            self._kind = None
            self._resampler = AudioResampler(format="s16", layout="mono", rate=self._rate)
        self._take(self._resampler.resample(frame))
        self._kind = kind

    def pcm(self) -> bytes:
        """What is kept, to be asked for at the end."""
        self._flush()
        return bytes(memoryview(self._pcm)[: self._size])

    def _flush(self) -> None:
        """Take what the filter still holds."""
        if self._kind is not None:
            self._take(self._resampler.resample(None))

    def _take(self, frames: Iterable[AudioFrame | None]) -> None:
        for frame in frames:
            if frame is not None:  # a resampler with nothing to do hands back even the end
                self._pcm += memoryview(frame.planes[0])[: frame.samples * 2]
