"""The same recording twice: refused as one's own, fine among people who know each other, told of strangers."""

from dataclasses import asdict

import pytest
from sqlmodel import select

from bot.rules.audio import Reason, Unreadable
from bot.services import people
from bot.services.joining import invitations
from bot.services.messages.partners import Contact
from bot.services.messages.reviews import Copy, ReviewCard, SameRecording
from bot.services.messages.samples import SampleHeardBefore
from bot.services.pairing import pairs
from bot.services.sampling import copies
from storage.tables import Audit, Sample
from tests.helpers import MovableClock, a_reviewer, an_approved
from tests.services.sampling.booth import ANN, BEN, CAT, OWNER, Booth


async def notes(booth: Booth, sample_id: int) -> list[Copy]:
    """The copies that are noted on a sample."""
    return [Copy(**copy) for copy in (await booth.sample(sample_id)).copies or []]


async def on_cards(booth: Booth, reviewer: int) -> list[tuple[Copy, ...]]:
    """What a reviewer's cards say of copies, edits too."""
    return [card.playback.copies for card in await booth.told(reviewer, ReviewCard)]


# --- one's own


async def test_ones_own_recording_is_known_again_however_it_is_encoded(booth: Booth) -> None:
    """It was with the reviewers, so it is refused and costs no attempt; nothing of its sound is kept."""
    await booth.sent(ANN, "market")
    await booth.concludes(1, approve=False)
    again = await booth.sent(ANN, "market as mp3")
    assert (again.state, again.counted, again.audio_key) == ("refused", False, None)
    assert await booth.told(ANN, SampleHeardBefore) == [SampleHeardBefore()]
    assert await booth.fingerprints() == [1]
    assert booth.outside.asked[-1] == (1, False)  # by who waits, and of one's own alone


async def test_a_refused_one_is_no_duplicate(booth: Booth) -> None:
    """The reviewers never heard it: better sound of the same talk is what was asked for."""
    await booth.sent(ANN, "broken market")
    await booth.sent(ANN, "short market")
    again = await booth.sent(ANN, "short market as mp3")
    assert (again.state, again.counted) == ("refused", True)  # too short, and nothing else
    assert await booth.told(ANN, SampleHeardBefore) == []


async def test_one_that_was_taken_back_is_no_duplicate(booth: Booth) -> None:
    """Nothing is kept to find it by."""
    await booth.sent(ANN, "market")
    await booth.withdraws(ANN)
    await booth.agrees(ANN)
    again = await booth.sent(ANN, "market as mp3")
    assert again.state == "queued"


async def test_where_nothing_can_be_compared_the_sample_is_taken(booth: Booth) -> None:
    """A comparison that takes too long is no reason to refuse anybody."""
    await booth.sent(ANN, "market")
    await booth.concludes(1, approve=False)
    booth.outside.comparing = Unreadable(Reason.took_too_long)
    await booth.sends(ANN, "market as mp3")
    await booth.work("check_sample")
    assert (await booth.sample(2)).state == "queued"


# --- a stranger's


async def test_a_strangers_copy_is_told_and_reviewed_all_the_same(booth: Booth) -> None:
    """The coordinators hear who and how much; the later one's cards say it, and name nobody."""
    async with booth.units.writing("reviewer") as unit:
        await a_reviewer(unit, 21)
    await booth.sent(ANN, "market")
    later = await booth.sent(BEN, "market as mp3")
    copy = Copy(1, 149.0, linked=False)
    assert await notes(booth, 2) == [copy]
    assert await notes(booth, 1) == []
    assert await booth.told(OWNER, SameRecording) == [
        SameRecording(2, "Ben", Contact(BEN), 1, "Ann", Contact(ANN), 149.0)
    ]
    assert later.state == "in_review"
    assert (await on_cards(booth, 21))[-1] == (copy,)


async def test_two_that_are_queued_at_once_meet_once(booth: Booth) -> None:
    """Whichever of them is compared first: the one that was queued later is the copy, and is told of once."""
    for who, recording in ((ANN, "market"), (BEN, "market as mp3")):
        await booth.sends(who, recording)
    await booth.work("check_sample")
    for sample_id in (2, 1):
        await copies.compare(booth.units, booth.outside.ports, sample_id)
    assert await notes(booth, 2) == [Copy(1, 149.0, linked=False)]
    assert await notes(booth, 1) == []
    assert len(await booth.told(OWNER, SameRecording)) == 1


async def test_the_clock_may_go_back_between_the_two(booth: Booth, clock: MovableClock) -> None:
    """They still meet; which of them is the later one, only the clock can tell."""
    await booth.sent(ANN, "market")
    clock.forward(hours=-1)
    await booth.sent(BEN, "market as mp3")
    assert await notes(booth, 1) == [Copy(2, 149.0, linked=False)]
    assert len(await booth.told(OWNER, SameRecording)) == 1


async def test_compared_again_nothing_changes(booth: Booth) -> None:
    """The program died before it could note that the job was done."""
    for who, recording in ((ANN, "market"), (BEN, "market as mp3"), (CAT, "market as wav")):
        await booth.sent(who, recording)
    before = await notes(booth, 3), await booth.kinds(OWNER)
    assert before[0] == [Copy(1, 149.0, linked=False), Copy(2, 149.0, linked=False)]
    await booth.again()
    assert (await notes(booth, 3), await booth.kinds(OWNER)) == before
    async with booth.units.reading() as look:
        assert len(await look.tx.all(select(Audit).where(Audit.event == "sample.copy"))) == 3


async def test_what_reviewers_never_had_is_no_copy(booth: Booth) -> None:
    """Neither a refused sample nor one whose sender has not answered yet."""
    await booth.sent(ANN, "short market")
    async with booth.units.writing("two languages") as unit:
        ben = await people.by_telegram_id(unit, BEN)
        assert ben is not None
        await people.change(unit, ben, speaks=["en", "zh"])
    waiting = await booth.sent(BEN, "market")
    assert (waiting.state, await booth.fingerprints()) == ("received", [2])
    await booth.sent(CAT, "market as mp3")
    assert await notes(booth, 3) == []
    assert await booth.told(OWNER, SameRecording) == []


async def test_all_others_are_compared_some_at_a_time(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, a question stays small, lets others pass, and nobody is left out."""
    monkeypatch.setattr("bot.services.sampling.copies._HEARD", copies._HEARD.limit(2))
    async with booth.units.writing("crowd") as unit:
        crowd = [await an_approved(unit, 100 + number, approved_at=None) for number in range(5)]
    for person in crowd:
        await booth.sends(person.telegram_id, "market" if person is crowd[4] else f"talk {person.id}")
    await booth.work("check_sample")
    await booth.sends(ANN, "market as mp3")
    await booth.work("check_sample")
    booth.outside.asked.clear()
    await copies.compare(booth.units, booth.outside.ports, 6)
    assert booth.outside.asked == [(2, True), (2, True), (1, True)]
    assert await notes(booth, 6) == [Copy(5, 149.0, linked=False)]


async def test_a_copy_that_is_withdrawn_meanwhile_is_not_told(booth: Booth) -> None:
    """What nobody may hear any more is nobody's business."""
    await booth.sent(ANN, "market")
    await booth.sends(BEN, "market as mp3")
    await booth.work("check_sample")
    compare = booth.outside.compare

    async def slow(*args: object, **named: object) -> object:
        await booth.withdraws(ANN)
        return await compare(*args, **named)  # type: ignore[arg-type]

    booth.outside.compare = slow  # type: ignore[method-assign, assignment]
    await booth.work()
    assert await notes(booth, 2) == []
    assert await booth.told(OWNER, SameRecording) == []


async def test_a_withdrawn_copys_notice_that_is_not_sent_yet_never_is(booth: Booth) -> None:
    """It names the one who withdrew."""
    await booth.sent(ANN, "market")
    await booth.sent(BEN, "market as mp3")
    await booth.withdraws(BEN)
    assert await booth.taken_back(SameRecording) == [OWNER]
    assert (await booth.sample(2)).copies is None


# --- somebody linked


@pytest.mark.parametrize("link", ["partners", "former partners", "invited", "inviter"])
async def test_a_linked_persons_copy_is_noted_and_fine(booth: Booth, link: str) -> None:
    """They recorded it together: the cards say so, and no coordinator is troubled."""
    async with booth.units.writing("link") as unit:
        await a_reviewer(unit, 21)
        ann, ben = [await people.by_telegram_id(unit, who) for who in (ANN, BEN)]
        assert ann
        assert ben
        if "partners" in link:
            pair = await pairs.form(unit, ann, ben, via="invitation")
            if link == "former partners":
                await pairs.dissolve(unit, pair, by=ann)
        else:
            maker, user = (ann, ben) if link == "invited" else (ben, ann)
            token = await invitations.create(unit, maker, invitations.PARTNER)
            await invitations.use(unit, user, await invitations.find(unit, token))
    await booth.sent(ANN, "market")
    await booth.sent(BEN, "market as mp3")
    copy = Copy(1, 149.0, linked=True)
    assert await notes(booth, 2) == [copy]
    assert (await on_cards(booth, 21))[-1] == (copy,)
    assert await booth.told(OWNER, SameRecording) == []


async def test_what_is_noted_is_plain_json(booth: Booth) -> None:
    """As the row has it."""
    await booth.sent(ANN, "market")
    await booth.sent(BEN, "market as mp3")
    async with booth.units.reading() as look:
        assert await look.tx.one(select(Sample.copies).where(Sample.id == 2)) == [
            asdict(Copy(1, 149.0, linked=False))
        ]
