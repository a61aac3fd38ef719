"""The check of a sample, where it cannot be done."""

from sqlmodel import select

from bot.rules.audio import Reason
from bot.services.messages.samples import SampleRefused
from bot.services.sampling import checks
from bot.services.unit import Units
from storage.tables import Job, Sample
from tests.helpers import a_person, a_sample, told


async def test_a_sample_that_takes_the_program_down_is_refused(units: Units) -> None:
    """Its sender is told once, that it cannot be read, and it costs no attempt."""
    async with units.writing("a sample") as unit:
        ann = await a_person(unit, 5, "Ann")
        sample = await a_sample(unit, ann, state="received", checked_at=None, facts=None, audio_key=None)
    assert await checks.give_up(units, sample.id) is True
    assert await checks.give_up(units, sample.id) is False
    (message,) = await told(units, 5)
    assert isinstance(message, SampleRefused)
    assert [(finding.code, finding.reason) for finding in message.findings] == [
        ("unreadable", Reason.took_too_long)
    ]
    assert (message.counted, message.attempts_left) == (False, 3)
    async with units.reading() as look:
        assert await look.tx.one(select(Sample.state)) == "refused"
        assert await look.tx.all(select(Job)) == []


async def test_a_sample_that_was_checked_all_the_same_is_left_alone(units: Units) -> None:
    """The program ended after the check was written down, and before its job was."""
    async with units.writing("a sample") as unit:
        sample = await a_sample(unit, await a_person(unit, 5, "Ann"))
    assert await checks.give_up(units, sample.id) is False
    assert await checks.give_up(units, 77) is False
    assert await told(units, 5) == []
