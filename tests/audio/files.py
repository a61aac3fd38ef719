"""Audio files made for the tests: what encoders write, and what an attacker or a bad line makes of it."""

import io
import wave

import av
import numpy as np
import numpy.typing as npt

RATE = 16_000
Samples = npt.NDArray[np.float32]


def noise(seconds: float, level: float = 0.1, seed: int = 0) -> Samples:
    """White noise at 16 kHz with that standard deviation."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal(int(seconds * RATE))).astype(np.float32)


def sine(seconds: float, amplitude: float, frequency: float = 997.0, rate: int = RATE) -> Samples:
    """A tone, full scale ±1."""
    t = np.arange(int(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


def encode(x: Samples, container: str, codec: str, *, rate: int = 48_000, layout: str = "mono") -> bytes:
    """Mono samples at 16 kHz as an encoded file."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as file:
        # FFmpeg's own Vorbis encoder calls itself experimental.
        options = {"strict": "experimental"} if codec == "vorbis" else {}
        stream = file.add_stream(codec, rate=rate, layout=layout, options=options)
        write(file, stream, x, rate, layout)
    return memory.getvalue()


def write(file: av.container.OutputContainer, stream: object, x: Samples, rate: int, layout: str) -> None:
    """Mono samples at 16 kHz as all the packets of a stream of sound."""
    assert isinstance(stream, av.AudioStream)
    context = stream.codec_context
    resampler = av.AudioResampler(context.format.name, layout, rate, frame_size=context.frame_size or 1024)
    frame = av.AudioFrame.from_ndarray(
        (np.clip(x, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono"
    )
    frame.sample_rate = RATE
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        file.mux(stream.encode(part))
    file.mux(stream.encode(None))


def wav(x: Samples, rate: int) -> bytes:
    """Mono samples as a WAV file at that rate, unchanged but for rounding to 16 bits."""
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((np.clip(x, -1, 1) * 32767).astype(np.int16).tobytes())
    return memory.getvalue()


def silence_bomb(hours: float) -> bytes:
    """Hours of silence as a small Ogg/Opus file."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=48_000, layout="mono", options={"frame_duration": "60"})
        stream.bit_rate = 6000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 2880), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        packet = bytes(next(iter(stream.encode(frame))))
        for index in range(int(hours * 3600 / 0.06)):
            copy = av.Packet(packet)
            copy.stream, copy.pts, copy.dts, copy.duration = stream, index * 2880, index * 2880, 2880
            file.mux(copy)
    return memory.getvalue()


def film(container: str = "mp4", codec: str | None = None) -> bytes:
    """Two seconds of black pictures, with noise in that codec or without sound."""
    memory = io.BytesIO()
    with av.open(memory, "w", format=container) as file:
        video = file.add_stream("mpeg4", rate=25)
        video.width = video.height = 64
        audio = file.add_stream(codec, rate=48_000, layout="mono") if codec else None
        for _ in range(50):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            file.mux(video.encode(picture))
        file.mux(video.encode(None))
        if audio:
            write(file, audio, noise(2), 48_000, "mono")
    return memory.getvalue()


def damaged(data: bytes, count: int, *, spare: int = 2000, seed: int = 0) -> bytes:
    """The same file with that many bytes changed, its first `spare` bytes left alone."""
    broken = bytearray(data)
    for index in np.random.default_rng(seed).integers(spare, len(data), count):
        broken[index] ^= 0x5A
    return bytes(broken)
