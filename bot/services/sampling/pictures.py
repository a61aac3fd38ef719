"""The picture of a recording: drawn while it is checked, in every language, and shown to its sender."""

import asyncio

import structlog

from bot.rules.audio import AudioFacts, Finding, Heard
from bot.services import outbox
from bot.services.messages.samples import Picture, SamplePicture
from bot.services.people import Person
from bot.services.ports import Ports
from bot.services.unit import Unit
from storage.tables import Sample

log = structlog.get_logger()

PATIENCE = 20.0
"""Seconds that the answer to a sample waits for its pictures."""


async def draw(ports: Ports, sample_id: int, heard: Heard, findings: tuple[Finding, ...]) -> dict[str, str]:
    """Draw a recording and keep the pictures: their keys by language.

    A picture is worth less than an answer: what cannot be drawn or kept in time is left out.
    """
    kept: dict[str, str] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            for language, png in (await ports.artist.draw(sample_id, heard, findings)).items():
                kept[language] = await ports.store.put(png, "png")
    except Exception as error:
        log.warning("sample.no_picture", sample=sample_id, error=repr(error))
    return kept


def picture_of(sample: Sample) -> Picture | None:
    """A sample's picture, if there is one."""
    if not sample.pictures or not sample.facts:
        return None
    facts = AudioFacts.from_json(sample.facts)
    return Picture(sample.pictures, facts.duration, facts.shares, facts.longest_turn, facts.longest_silence)


async def show(unit: Unit, person: Person, sample: Sample) -> None:
    """Let its sender see what was heard, once."""
    picture = picture_of(sample)
    if picture is not None:
        about = f"sample:{sample.id}:picture"
        message = SamplePicture(sample.id, picture)
        await outbox.send(unit, person.telegram_id, message, about=about, topic=f"sample:{sample.id}")
