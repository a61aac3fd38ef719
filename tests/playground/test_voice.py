"""Sound for the phones."""

import io
from pathlib import Path

import av
import pytest

from bot.demo.reviewing import DIALOGUES
from bot.playground.voice import BARS, HIGHEST, NoSound, as_voice_note, wave
from tests.audio.files import encode, noise


@pytest.mark.parametrize(
    ("container", "codec"), [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac"), ("wav", "pcm_s16le")]
)
def test_what_browsers_record_becomes_a_voice_note(container: str, codec: str) -> None:
    """OGG/Opus, one channel, as long as it was."""
    note, seconds = as_voice_note(encode(noise(3), container, codec))
    with av.open(io.BytesIO(note), "r") as heard:
        stream = heard.streams.audio[0]
        samples = sum(frame.samples for frame in heard.decode(audio=0))
        told = (heard.format.name, stream.codec_context.name, stream.codec_context.channels)
    assert told == ("ogg", "opus", 1)
    assert seconds == 3
    assert abs(samples / 48_000 - 3) < 0.1


@pytest.mark.parametrize("data", [b"", b"no sound at all", (DIALOGUES / "README.md").read_bytes()])
def test_what_holds_no_sound_is_refused(data: bytes) -> None:
    """Neither a voice message nor a wave is made of it."""
    with pytest.raises(NoSound):
        as_voice_note(data)
    with pytest.raises(NoSound):
        wave(data)


def test_a_wave_shows_where_it_is_loud() -> None:
    """Half silence, half noise: low bars, then high ones."""
    sound = noise(4)
    sound[: len(sound) // 2] = 0
    shown = wave(encode(sound, "wav", "pcm_s16le"))
    assert (shown.seconds, len(shown.heights), max(shown.heights)) == (4.0, BARS, HIGHEST)
    assert set(shown.heights[: BARS // 2 - 1]) == {0}
    assert min(shown.heights[BARS // 2 + 1 :]) > HIGHEST // 2


def test_a_dialogue_s_length_is_that_of_its_file() -> None:
    """Not the one that anybody claims."""
    assert round(wave(Path(DIALOGUES / "whisper.ogg").read_bytes()).seconds) == 33
