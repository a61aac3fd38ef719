"""Draws recordings for people: the handlers have the words, the audio worker has the pencil."""

from bot.audio.client import AudioWorker
from bot.audio.sketch import Figure, Mark, Share, Sketch, silences
from bot.rules.audio import Finding, Heard
from bot.texts import LANGUAGES, speech
from handlers.render.pictures import captions


class Artist:
    """Draws each recording once in every language that the bot speaks."""

    def __init__(self, worker: AudioWorker) -> None:
        self._worker = worker

    async def draw(self, sample_id: int, heard: Heard, findings: tuple[Finding, ...]) -> dict[str, bytes]:
        """The pictures (PNG) by language. Raises what `AudioWorker.draw` raises."""
        drawn = {}
        for language in LANGUAGES:
            sketch = sketch_of(sample_id, heard, findings, language)
            drawn[language] = await self._worker.draw(sketch.to_json())
        return drawn


def sketch_of(sample_id: int, heard: Heard, findings: tuple[Finding, ...], language: str) -> Sketch:
    """What is drawn of a recording, with its words in a language."""
    facts = heard.facts
    words = captions(sample_id, facts, findings, speech(language))
    return Sketch(
        title=words.title,
        duration=facts.duration,
        envelope=heard.envelope,
        turns=facts.turns,
        silences=silences(heard.envelope, facts.duration, facts.loudness),
        silence=words.silence,
        marks=tuple(Mark(label, *(place or (None, None))) for label, place in words.marks),
        shares=tuple(Share(label, share) for label, share in words.shares),
        figures=tuple(Figure(value, label) for value, label in words.figures),
    )
