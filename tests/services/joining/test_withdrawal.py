"""Consent taken back: what rested on it ends in the same moment."""

import pytest
from sqlmodel import col, select

from bot.rules.consent import CONSENT_VERSION
from bot.services import people
from bot.services.joining.withdrawal import answer_consent
from bot.services.messages.reviews import ReviewCard, ReviewClosed
from bot.services.pairing import pairs, pool
from bot.services.reviewing import reviews
from bot.services.unit import Units
from storage.tables import Assignment, Job, Sample
from tests.helpers import a_reviewer, a_sample, an_approved, told


async def test_without_review_nobody_hears_the_sample_any_more(units: Units) -> None:
    """The sample is withdrawn, its seats end, its audio is erased, and no attempt is used up."""
    async with units.writing("set up") as unit:
        await a_reviewer(unit, 11)
        await a_reviewer(unit, 12)
        ann = await an_approved(unit, 2, "Ann", approved_at=None)
        sample = await a_sample(unit, ann)
        await reviews.start(unit, sample)
    async with units.writing("take back") as unit:
        ann = await people.by_id(unit, ann.id)
        await answer_consent(unit, ann, "review", CONSENT_VERSION, agree=False)
    async with units.reading() as look:
        (sample,) = await look.tx.all(select(Sample))
        seats = await look.tx.all(select(Assignment.state).order_by(col(Assignment.id)))
        erased = await look.tx.all(select(Job.kind, Job.data))
    assert (sample.state, sample.counted, sample.audio_key) == ("withdrawn", False, None)
    assert seats == ["void", "void"]
    assert [tuple(row) for row in erased] == [("erase_audio", {"key": f"key-{ann.id}.ogg"})]
    cards = [m for m in await told(units, 11) if isinstance(m, ReviewCard | ReviewClosed)]
    assert cards == []  # what was not sent yet never is


@pytest.mark.parametrize("purpose", ["review", "recording", "training"])
async def test_without_a_needed_purpose_nobody_takes_part(units: Units, purpose: str) -> None:
    """Whoever takes one back is in no pair and in no pool any more."""
    async with units.writing("set up") as unit:
        ann, ben, cat = [await an_approved(unit, number) for number in (2, 3, 4)]
        await pairs.form(unit, ann, ben, via="pool")
        await pool.join(unit, cat)
        for person in (ann, cat):
            await answer_consent(unit, person, purpose, CONSENT_VERSION, agree=False)
    async with units.reading() as look:
        assert await pairs.active_pair(look, ann) is None
        assert await pairs.active_pair(look, ben) is None
        assert await pool.since(look, cat) is None


async def test_saying_no_to_cloning_changes_nothing_else(units: Units) -> None:
    """An optional purpose is answered by itself."""
    async with units.writing("set up") as unit:
        ann, ben = [await an_approved(unit, number) for number in (2, 3)]
        await pairs.form(unit, ann, ben, via="pool")
        await answer_consent(unit, ann, "cloning", CONSENT_VERSION, agree=False)
        assert await pairs.active_pair(unit, ann) is not None
