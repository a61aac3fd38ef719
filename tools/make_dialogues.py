"""Make the demo's recordings: `python tools/make_dialogues.py [name …]`.

Reads bot/demo/dialogues/dialogues.toml and the script beside it, has every line spoken by flite or
espeak-ng (Debian: `apt-get install flite espeak-ng`), shifts, paces and levels the voices, puts them into a
small room, and writes Ogg/Opus like a voice note. The same programs and scripts give the same sound: every
random number comes from a seed. Needs the bot's own libraries (numpy, av); the demo itself needs none of it.
"""

import io
import subprocess
import sys
import tempfile
import tomllib
import wave
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from bot.audio.levels import loudness

FOLDER = Path(__file__).resolve().parent.parent / "bot" / "demo" / "dialogues"
RATE = 16_000  # Hz: flite's own rate; the codec gets 48 kHz
BITS = 20_000  # a second: a little under what voice notes have, enough for speech
WORDS = 165  # a minute: espeak-ng's default is 175

Samples = npt.NDArray[np.float32]


def main(names: list[str]) -> None:
    """Make the named dialogues, or all of them."""
    for name, plan in tomllib.loads((FOLDER / "dialogues.toml").read_text("utf-8")).items():
        if not names or name in names:
            sound = make(name, plan)
            encoded = encode(sound)
            (FOLDER / f"{name}.ogg").write_bytes(encoded)
            print(f"{name}: {len(sound) / RATE:.1f} s, {len(encoded) / 1000:.0f} kB")


def make(name: str, plan: dict[str, Any]) -> Samples:
    """One dialogue as samples at 16 kHz: its lines in turn, in a room, at the planned loudness."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    rooms = [impulse(rng, 0.02), impulse(rng, 0.03)]  # two seats, one a little farther from the microphone
    lines = [line.partition(": ") for line in (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()]
    parts = [np.zeros(int(0.6 * RATE), np.float32)]
    for who, _, text in lines:
        seat = "AB".index(who)
        lively = plan["lively"] * rng.uniform(-1, 1)
        spoken = speak(text, plan["voices"][seat], 1 + 0.06 * lively)
        wet = np.convolve(spoken, rooms[seat])[: len(spoken) + RATE // 5].astype(np.float32)
        parts += [wet * decibels(1.5 * lively), np.zeros(int(pause(rng, plan["pause"]) * RATE), np.float32)]
    sound = np.concatenate([*parts, np.zeros(RATE // 2, np.float32)])
    sound *= decibels(plan["level"] - loudness(sound, RATE))
    return soft_limit(sound + room_tone(rng, len(sound)) * decibels(plan["level"] - 38))


def pause(rng: np.random.Generator, mean: float) -> float:
    """Seconds until the next turn: mostly short, now and then a thought."""
    return float(np.clip(rng.gamma(2.5, mean / 2.5), 0.08, 2.0))


def speak(text: str, voice: dict[str, Any], rate: float) -> Samples:
    """One line in one voice at a common level.

    Pitch and formants are shifted together by playing faster, after having it spoken slower by as much.
    """
    program, _, name = voice["voice"].partition(":")
    speed = voice["rate"] * rate / voice["pitch"]
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "line.wav"
        if program == "flite":
            command = ["flite", "-voice", name, "--setf", f"duration_stretch={1 / speed:.4f}", "-t", text]
            command += ["-o", str(wav)]
        else:
            command = ["espeak-ng", "-v", name, "-s", str(round(WORDS * speed)), "-w", str(wav), text]
        subprocess.run(command, capture_output=True, check=True)
        x = resample(*read_wav(wav), voice["pitch"])
    return x * decibels(-20 + voice["level"] - max(-60.0, loudness(x, RATE)))


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples and rate of a mono file of 16 bits."""
    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
        return np.frombuffer(frames, np.int16).astype(np.float32) / 32768, file.getframerate()


def resample(x: Samples, rate: int, pitch: float) -> Samples:
    """To 16 kHz, played faster by `pitch`; band-limited, by the spectrum."""
    length = round(len(x) * RATE / rate / pitch)
    spectrum = np.fft.rfft(x)
    bins = length // 2 + 1
    fitted = np.zeros(bins, spectrum.dtype)
    fitted[: min(bins, len(spectrum))] = spectrum[:bins]
    return (np.fft.irfft(fitted, length) * (length / len(x))).astype(np.float32)


def impulse(rng: np.random.Generator, wet: float) -> Samples:
    """A small furnished room: the direct sound, and noise that decays by 60 dB in a quarter of a second."""
    t = np.arange(RATE // 4) / RATE
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / 0.25)
    tail[: int(0.004 * RATE)] = 0
    response = wet * tail
    response[0] = 1.0
    return response.astype(np.float32)


def room_tone(rng: np.random.Generator, length: int) -> Samples:
    """Pink noise at 0 dB RMS: an air conditioner next door."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / RATE), 50))
    tone = np.fft.irfft(spectrum, length)
    return (tone / tone.std()).astype(np.float32)


def soft_limit(x: Samples) -> Samples:
    """Peaks over -3 dBFS rounded, nothing else touched."""
    knee = decibels(-3)
    over = np.maximum(np.abs(x) - knee, 0)
    return np.where(over > 0, np.sign(x) * (knee + (1 - knee) * np.tanh(over / (1 - knee))), x).astype(
        np.float32
    )


def decibels(level: float) -> np.float32:
    """A level as a factor."""
    return np.float32(10 ** (level / 20))


def encode(x: Samples) -> bytes:
    """Ogg/Opus, 48 kHz, mono, tuned for speech."""
    memory = io.BytesIO()
    # Bit-exact: the muxer writes no random serial number and no version.
    with av.open(memory, "w", format="ogg", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("libopus", rate=48_000, layout="mono", options={"application": "voip"})
        stream.bit_rate = BITS
        resampler = av.AudioResampler(
            "s16", "mono", 48_000, frame_size=stream.codec_context.frame_size or 960
        )
        frame = av.AudioFrame.from_ndarray((x * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return memory.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
