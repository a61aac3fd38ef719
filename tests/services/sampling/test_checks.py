"""The check of a sample: where it cannot be done, and what becomes of its warnings."""

import pytest
from sqlmodel import select

from bot.rules.audio import Code, Finding, Reason, Severity
from bot.services import people
from bot.services.messages.reviews import ReviewCard
from bot.services.messages.samples import SampleQueued, SampleRefused
from bot.services.sampling import checks, samples
from bot.services.unit import Units
from storage.tables import Job, Sample
from tests.helpers import a_person, a_reviewer, a_sample, told
from tests.services.sampling.booth import ANN, Booth


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


@pytest.mark.parametrize("agreed", [True, False], ids=["at once", "later"])
async def test_a_warning_reaches_sender_and_reviewer(booth: Booth, *, agreed: bool) -> None:
    """Whether the sender's answer or the check comes first."""
    async with booth.units.writing("reviewer") as unit:
        await a_reviewer(unit, 21)
    await booth.sends(ANN, "quiet market", agreed=agreed)
    await booth.work()
    if not agreed:
        async with booth.units.writing("agrees") as unit:
            ann = await people.by_id(unit, (await booth.sample(1)).person_id)
            await samples.answer_agreed(unit, ann, 1, agree=True)
    warning = Finding(Code.quiet, Severity.warn, -37.0, -36.0, "loudness")
    assert await booth.told(ANN, SampleQueued) == [SampleQueued(1, (warning,))]
    assert [card.playback.warnings for card in await booth.told(21, ReviewCard)] == [(warning,)]
