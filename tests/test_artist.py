"""Drawing a recording for people: the words of each language on the same picture."""

import io
from dataclasses import replace

from PIL import Image

from bot.artist import Artist, sketch_of
from bot.audio.client import AudioWorker
from bot.audio.sketch import Figure, Mark, Share, Sketch
from bot.rules.audio import Code, Finding, Heard, Severity, Turn
from tests.rules.recordings import GOOD

FACTS = replace(
    GOOD,
    duration=40.0,
    longest_silence=10.0,
    snr=31.0,
    turns=(Turn(0, 0.0, 20.0), Turn(1, 30.0, 40.0)),
    shares=(0.67, 0.33),
    longest_turn=20.0,
)
HEARD = Heard(FACTS, b"", bytes((156, 100)) * 400 + bytes((0, 0)) * 200 + bytes((156, 100)) * 200)
"""Twenty seconds of talk, ten of nothing, ten of talk."""
FINDINGS = (Finding(Code.too_short, Severity.refuse, 40.0, 120.0, "duration"),)


def test_what_is_drawn_is_what_was_heard() -> None:
    """The measured numbers and times, with the words of the reader's language."""
    assert sketch_of(7, HEARD, FINDINGS, "en") == Sketch(
        title="Sample 7",
        duration=40.0,
        envelope=HEARD.envelope,
        turns=FACTS.turns,
        silences=((20.0, 30.0),),
        silence="silence",
        marks=(Mark("Too short: 0:40"),),
        shares=(Share("Voice A 67%", 0.67), Share("Voice B 33%", 0.33)),
        figures=(
            Figure("0:40", "length"),
            Figure("31 dB", "above the noise"),
            Figure("0:20", "longest turn"),
        ),
    )


async def test_every_language_has_its_picture() -> None:
    """Drawn by the worker: as wide as a phone likes it, and not the same."""
    async with AudioWorker() as worker:
        drawn = await Artist(worker).draw(7, HEARD, FINDINGS)
    images = {language: Image.open(io.BytesIO(png)) for language, png in drawn.items()}
    assert {language: (image.format, image.width) for language, image in images.items()} == {
        "en": ("PNG", 800),
        "zh": ("PNG", 800),
    }
    assert images["en"].tobytes() != images["zh"].tobytes()
