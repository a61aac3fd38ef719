"""The predicted quality: it comes when everybody is answered, and only notes can come of it."""

from dataclasses import asdict, replace

import pytest

from bot.rules.audio import Code, Finding, Quality, Reason, SampleChecks, Severity, Unreadable
from bot.rules.policy import Policy, SamplePolicy
from bot.services.messages.reviews import GroupCard, ReviewCard
from bot.services.unit import House
from storage.tables import ReviewGroup
from tests.helpers import a_reviewer, all_sent
from tests.services.sampling.booth import ANN, OWNER, Booth

POOR = Quality(2.0, 2.0, 1.5)
FINE = Quality(3.8, 4.0, 3.5)
GROUP = -100


@pytest.fixture
async def reviewed(booth: Booth) -> Booth:
    """Ann's sample is with a reviewer, and not rated yet."""
    async with booth.units.writing("reviewer") as unit:
        await a_reviewer(unit, 21)
    await booth.sends(ANN, "market")
    await booth.work("check_sample", "compare_sample")
    await all_sent(booth.units)
    return booth


async def test_a_good_quality_is_kept_and_nobody_is_told(reviewed: Booth) -> None:
    """One fact more; no card is written anew."""
    reviewed.outside.quality = FINE
    before = await reviewed.kinds(21)
    await reviewed.work()
    sample = await reviewed.sample(1)
    assert sample.facts is not None
    assert (sample.facts["quality"], sample.findings) == (asdict(FINE), [])
    assert await reviewed.kinds(21) == before


async def test_a_poor_quality_is_noted_on_open_cards(reviewed: Booth) -> None:
    """The sender is told nothing: it refuses nobody."""
    reviewed.outside.quality = POOR
    before = await reviewed.kinds(ANN)
    await reviewed.work()
    note = _note(reviewed)
    sample = await reviewed.sample(1)
    assert sample.findings == [asdict(note)]
    (first, *_, last) = await reviewed.told(21, ReviewCard)
    assert (first.playback.notes, last.playback.notes) == ((), (note,))
    assert await reviewed.kinds(ANN) == before


async def test_the_groups_card_says_it_too(booth: Booth) -> None:
    """However many have voted."""
    async with booth.units.writing("group") as unit:
        rita = await a_reviewer(unit, 21)
        await unit.tx.add(ReviewGroup(chat_id=GROUP, language="en", created_by=rita.id, created_at=unit.now))
    booth.outside.quality = POOR
    await booth.sent(ANN, "market")
    assert (await booth.told(GROUP, GroupCard))[-1].playback.notes == (_note(booth),)


async def test_what_is_decided_is_not_written_anew(reviewed: Booth) -> None:
    """The fact is kept all the same."""
    await reviewed.concludes(1, approve=True)
    before = await reviewed.kinds(21)
    reviewed.outside.quality = POOR
    await reviewed.work()
    assert await reviewed.kinds(21) == before
    assert ((await reviewed.sample(1)).facts or {})["quality"] == asdict(POOR)


async def test_rated_again_nothing_changes(reviewed: Booth) -> None:
    """The program died before it could note that the job was done."""
    reviewed.outside.quality = POOR
    await reviewed.work()
    before = (await reviewed.sample(1)).findings, await reviewed.kinds(21)
    await reviewed.again()
    assert ((await reviewed.sample(1)).findings, await reviewed.kinds(21)) == before


async def test_a_stricter_policy_refuses_nothing_afterwards(reviewed: Booth) -> None:
    """What was taken stays taken, and is not warned of either: only notes can be added."""
    strict = SamplePolicy(checks=replace(SampleChecks(), loudness=-10.0))
    reviewed.units.house = House(Policy(sample=strict), frozenset({OWNER}), "duologue_bot")
    reviewed.outside.quality = POOR
    await reviewed.work()
    sample = await reviewed.sample(1)
    assert (sample.state, [finding["code"] for finding in sample.findings]) == ("in_review", ["quality"])


@pytest.mark.parametrize("why", ["no speech", "erased", "unreadable"])
async def test_without_a_rating_everything_stays_as_it_is(reviewed: Booth, why: str) -> None:
    """Nobody waited for it."""
    if why == "erased":
        reviewed.outside.kept.clear()
    if why == "unreadable":

        async def fails(_data: bytes) -> Quality | None:
            raise Unreadable(Reason.took_too_long)

        reviewed.outside.rate = fails  # type: ignore[method-assign]
    assert await reviewed.work() == ["rate_sample"]
    sample = await reviewed.sample(1)
    assert (sample.state, (sample.facts or {})["quality"], sample.findings) == ("in_review", None, [])


async def test_what_is_thrown_away_meanwhile_is_left_alone(reviewed: Booth) -> None:
    """A withdrawn sample learns nothing more."""

    async def slow(_data: bytes) -> Quality | None:
        await reviewed.withdraws(ANN)
        return POOR

    reviewed.outside.rate = slow  # type: ignore[method-assign]
    await reviewed.work()
    sample = await reviewed.sample(1)
    assert (sample.state, (sample.facts or {})["quality"], sample.findings) == ("withdrawn", None, [])


def _note(booth: Booth) -> Finding:
    """What the rules note of a poor quality."""
    limit = booth.units.house.policy.sample.checks.quality
    return Finding(Code.quality, Severity.note, POOR.overall, limit, "quality")
