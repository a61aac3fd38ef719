"""The picture of a recording: to its sender and its reviewers, never in the way of an answer, and not for ever."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select, update

from bot.rules.policy import Policy, RetentionPolicy
from bot.services import people
from bot.services.messages.reviews import GroupCard, ReviewCard, ReviewPicture
from bot.services.messages.samples import (
    Picture,
    SampleHeardBefore,
    SamplePicture,
    SampleQueued,
    SampleRefused,
)
from bot.services.reviewing import appeals, review_groups, review_queue
from bot.services.unit import House
from storage.tables import ReviewGroup, Sample, Timer
from tests.helpers import MovableClock, a_reviewer, all_sent, ring
from tests.services.sampling.booth import ANN, BEN, OWNER, Booth

GROUP = -100

GOOD = Picture({"en": "1 150.0 [] en.png", "zh": "1 150.0 [] zh.png"}, 150.0, (0.53, 0.47), 80.0, 1.2)
"""Ann's first sample."""


async def test_an_accepted_sample_is_shown_to_its_sender(booth: Booth) -> None:
    """After the answer; in both languages, since nobody knows which one is read then."""
    sample = await booth.sent(ANN, "market")
    assert sample.pictures == GOOD.keys
    assert booth.outside.kept["1 150.0 [] zh.png"] == b"1 150.0 [] zh"
    assert (await booth.kinds(ANN))[-2:] == [SampleQueued.kind, SamplePicture.kind]
    assert await booth.told(ANN, SamplePicture) == [SamplePicture(1, GOOD)]


async def test_a_refused_sample_is_shown_too(booth: Booth) -> None:
    """What is wrong with it is drawn; its sound is erased, and nothing is left to find it by."""
    sample = await booth.sent(ANN, "short market")
    keys = {language: f"1 40.0 ['too_short'] {language}.png" for language in ("en", "zh")}
    assert (await booth.kinds(ANN))[-2:] == [SampleRefused.kind, SamplePicture.kind]
    assert await booth.told(ANN, SamplePicture) == [
        SamplePicture(1, Picture(keys, 40.0, (0.53, 0.47), 80.0, 1.2))
    ]
    assert (sample.state, sample.audio_key, sample.pictures) == ("refused", None, keys)
    assert set(booth.outside.kept) == set(keys.values())
    assert await booth.fingerprints() == []


async def test_of_what_cannot_be_read_there_is_no_picture(booth: Booth) -> None:
    """The refusal says all."""
    sample = await booth.sent(ANN, "broken market")
    assert (sample.state, sample.pictures) == ("refused", None)
    assert await booth.told(ANN, SamplePicture) == []


@pytest.mark.parametrize("trouble", ["drawing", "keeping"])
async def test_without_a_picture_the_sample_goes_its_way(booth: Booth, trouble: str) -> None:
    """A pencil that breaks, a full disk: no try is used up, and nobody waits."""
    setattr(booth.outside, trouble, OSError("no pencil"))
    sample = await booth.sent(ANN, "market")
    assert (sample.state, sample.pictures) == ("queued", None)
    assert (await booth.kinds(ANN))[-1] == SampleQueued.kind
    assert await booth.told(ANN, SamplePicture) == []


async def test_a_picture_that_takes_for_ever_is_not_waited_for(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes without it."""
    monkeypatch.setattr("bot.services.sampling.pictures.PATIENCE", 0.01)
    for_ever = asyncio.Event()

    async def slow(*_what: object) -> dict[str, bytes]:
        await for_ever.wait()
        return {}

    monkeypatch.setattr(booth.outside, "draw", slow)
    sample = await booth.sent(ANN, "market")
    assert (sample.state, sample.pictures) == ("queued", None)


async def test_a_check_that_is_done_again_shows_it_once(booth: Booth) -> None:
    """The program died before it could note the end of its jobs."""
    await booth.sent(ANN, "market")
    before = await booth.kinds(ANN), dict(booth.outside.kept)
    await booth.again()
    assert (await booth.kinds(ANN), booth.outside.kept) == before


# --- reviewers


async def test_a_reviewer_gets_it_once_above_the_card(booth: Booth, clock: MovableClock) -> None:
    """Not with the reminder, and not when the queue is shown again."""
    async with booth.units.writing("reviewers") as unit:
        rita = await a_reviewer(unit, 21)
        await a_reviewer(unit, 22)
    await booth.sent(ANN, "market")
    assert (await booth.kinds(21))[-2:] == [ReviewPicture.kind, ReviewCard.kind]
    assert await booth.told(21, ReviewPicture) == [ReviewPicture(1, GOOD)]
    assert await booth.told(22, ReviewPicture) == [ReviewPicture(1, GOOD)]
    await all_sent(booth.units)
    clock.forward(hours=5)
    await ring(booth.units)
    await all_sent(booth.units)
    async with booth.units.writing("queue") as unit:
        await review_queue.show(unit, rita)
    assert len(await booth.told(21, ReviewCard)) == 3
    assert len(await booth.told(21, ReviewPicture)) == 1


async def test_the_group_gets_it_once(booth: Booth, clock: MovableClock) -> None:
    """With the first card there; whoever gives reasons in private has seen it."""
    async with booth.units.writing("group") as unit:
        rita = await a_reviewer(unit, 21)
        await unit.tx.add(ReviewGroup(chat_id=GROUP, language="en", created_by=rita.id, created_at=unit.now))
    await booth.sent(ANN, "market")
    assert await booth.kinds(GROUP) == [ReviewPicture.kind, GroupCard.kind]
    await all_sent(booth.units)
    async with booth.units.writing("rejects") as unit:
        await review_groups.ask_reasons(unit, await review_groups.sit_down(unit, rita, GROUP, 1))
    assert ReviewCard.kind in await booth.kinds(21)
    clock.forward(hours=5)
    await ring(booth.units)
    assert len(await booth.told(GROUP, GroupCard)) == 2
    assert len(await booth.told(GROUP, ReviewPicture)) == 1
    assert await booth.told(21, ReviewPicture) == []


async def test_a_picture_that_is_not_sent_yet_goes_with_its_card(booth: Booth) -> None:
    """Nobody is shown a sample that they shall not hear."""
    async with booth.units.writing("reviewers") as unit:
        await a_reviewer(unit, 21)
    await booth.sent(ANN, "market")
    await booth.withdraws(ANN)
    assert await booth.taken_back(ReviewPicture) == [21]
    assert await booth.taken_back(SamplePicture) == [ANN]


async def test_a_coordinator_who_decides_an_appeal_gets_it_too(booth: Booth) -> None:
    """Above the card, and with it it is taken back when it is not needed any more."""
    await booth.sent(ANN, "market")
    await booth.concludes(1, approve=False)
    async with booth.units.writing("appeal") as unit:
        ann = await people.by_id(unit, (await booth.sample(1)).person_id)
        await appeals.appeal(unit, ann, 1)
    assert (await booth.kinds(OWNER))[-2:] == [ReviewPicture.kind, ReviewCard.kind]
    async with booth.units.writing("decides") as unit:
        owner = await people.by_telegram_id(unit, OWNER)
        assert owner is not None
        await appeals.uphold(unit, owner, await appeals.case_of(unit, owner, 1))
    assert await booth.taken_back(ReviewPicture) == [OWNER]


# --- erased everywhere


async def test_withdrawn_consent_erases_everything(booth: Booth) -> None:
    """The sound, the pictures and the fingerprints: of the sample under way and of those that were refused."""
    await booth.sent(ANN, "short market")
    await booth.sent(ANN, "hills")
    other = await booth.sent(BEN, "printer")
    await booth.withdraws(ANN)
    await booth.work()
    mine = [await booth.sample(number) for number in (1, 2)]
    assert [(one.state, one.audio_key, one.pictures) for one in mine] == [
        ("refused", None, None),
        ("withdrawn", None, None),
    ]
    assert await booth.fingerprints() == [other.id]
    assert set(booth.outside.kept) == {other.audio_key, *(other.pictures or {}).values()}


async def test_what_was_thrown_away_during_its_check_leaves_nothing(booth: Booth) -> None:
    """It was fetched, heard, drawn and kept, and nobody wants it any more."""
    await booth.sends(ANN, "market")
    fetch = booth.outside.fetch

    async def slow(file_id: str) -> bytes:
        await booth.withdraws(ANN)
        return await fetch(file_id)

    booth.outside.fetch = slow  # type: ignore[method-assign]
    await booth.work()
    sample = await booth.sample(1)
    assert (sample.state, sample.audio_key, sample.pictures) == ("withdrawn", None, None)
    assert booth.outside.kept == {}
    assert await booth.fingerprints() == []


async def test_a_rejected_sample_is_erased_when_its_time_is_over(booth: Booth, clock: MovableClock) -> None:
    """With its pictures, and nothing is left to find it by."""
    await booth.sent(ANN, "market")
    await booth.concludes(1, approve=False)
    clock.forward(days=29)
    await ring(booth.units)
    await booth.work()
    assert (await booth.fingerprints(), len(booth.outside.kept)) == ([1], 3)
    clock.forward(days=1)
    await ring(booth.units)
    await booth.work()
    sample = await booth.sample(1)
    assert (sample.audio_key, sample.pictures, await booth.fingerprints()) == (None, None, [])
    assert booth.outside.kept == {}


@pytest.mark.parametrize(
    ("kept", "due"),
    [
        (timedelta(days=30), timedelta(days=30)),
        (timedelta(), timedelta(hours=1)),  # long enough to be sent
        (None, None),
    ],
)
async def test_a_refused_samples_picture_is_kept_as_long_as_rejected_audio(
    booth: Booth, clock: MovableClock, kept: timedelta | None, due: timedelta | None
) -> None:
    """Then it is erased, at once when nothing shall be kept, and never when everything shall."""
    booth.units.house = House(
        Policy(retention=RetentionPolicy(rejected_audio=kept)), frozenset({OWNER}), "duologue_bot"
    )
    await booth.sent(ANN, "short market")
    async with booth.units.reading() as look:
        timers = await look.tx.all(select(Timer.due_at).where(Timer.kind == "forget_refused"))
    assert timers == ([] if due is None else [clock.now + due])
    clock.forward(days=40)
    await ring(booth.units)
    await booth.work()
    assert len(booth.outside.kept) == (0 if due is not None else 2)
    assert ((await booth.sample(1)).pictures is None) == (due is not None)


async def test_a_picture_that_two_samples_share_is_kept_for_the_other(booth: Booth) -> None:
    """Keys are made of the content: who erases must know that nobody else needs it."""
    await booth.sent(ANN, "market")
    other = await booth.sent(BEN, "hills")
    async with booth.units.writing("share") as unit:
        await unit.tx.change(update(Sample).where(Sample.id == other.id).values(pictures=GOOD.keys))
    await booth.withdraws(ANN)
    await booth.work()
    assert set(GOOD.keys.values()) <= set(booth.outside.kept)


async def test_a_duplicate_is_shown_too(booth: Booth) -> None:
    """Whoever is told that it was heard before sees what was heard."""
    await booth.sent(ANN, "market")
    await booth.concludes(1, approve=False)
    await booth.sent(ANN, "market as mp3")
    assert (await booth.kinds(ANN))[-2:] == [SampleHeardBefore.kind, SamplePicture.kind]
