"""Consent taken back: what rested on it ends in the same moment."""

from bot.rules.onboarding import REQUIRED_PURPOSES, Purpose
from bot.services.joining import onboarding
from bot.services.pairing import excerpts, partings
from bot.services.people import Person
from bot.services.sampling import erasing, samples
from bot.services.unit import Unit


async def answer_consent(unit: Unit, person: Person, purpose: str, version: int, *, agree: bool) -> None:
    """Keep an answer to one purpose, and draw the consequences of a no.

    Without a purpose that is needed nobody takes part: the person leaves pool and pair, and sessions are
    cancelled as when partners part. Without review nobody hears a sample any more, and all audio is erased.
    Raises `NotOffered` for a purpose or a version of the text that is not being asked any more.
    """
    await onboarding.answer_consent(unit, person, purpose, version, agree=agree)
    if purpose == Purpose.EXCERPT:
        await (excerpts.share_all if agree else excerpts.forget)(unit, person)
    if agree or Purpose(purpose) not in REQUIRED_PURPOSES:
        return
    if purpose == Purpose.REVIEW:
        await _silence(unit, person)
    await partings.withdraw(unit, person)


async def _silence(unit: Unit, person: Person) -> None:
    live = await samples.live_sample(unit, person)
    if live is not None:
        await samples.withdraw(unit, person, live)
    await erasing.forget_all(unit, person)
