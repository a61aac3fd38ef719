"""A sample's way: received at once, both questions, everything that the checks found, on to the reviewers."""

from pathlib import Path

import pytest
from sqlmodel import select

from storage.tables import Sample
from tests.stage import Stage


async def samples(stage: Stage) -> list[Sample]:
    """Every sample, oldest first."""
    async with stage.app.units.reading() as look:
        return list(await look.tx.all(select(Sample).order_by(Sample.id)))


async def test_a_good_sample_reaches_the_reviewers(stage: Stage) -> None:
    """Received at once; agreed; within seconds on its way to the reviewers."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    received = await ann.hears("received")
    assert [button.data for button in received.buttons] == ["sample:1:agreed:yes", "sample:1:agreed:no"]
    await ann.presses(received.buttons[0])
    await ann.hears("on its way to the reviewers", timeout=20)
    (sample,) = await samples(stage)
    assert (sample.state, sample.agreed, sample.language, sample.counted) == ("queued", True, "en", True)
    assert sample.facts is not None
    assert sample.facts["container"] == "ogg"


async def test_all_findings_come_together(stage: Stage) -> None:
    """Too short and too quiet: one message says both, with what was measured, wanted, and what to do."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("whisper"), duration=150)
    told = await ann.hears("not accepted", timeout=20)
    assert "Too short" in told.text
    assert "at least 2 minutes" in told.text
    assert "Too quiet" in told.text
    assert "2 attempts left" in told.text
    assert [sample.state for sample in await samples(stage)] == ["refused"]


async def test_whoever_speaks_several_languages_is_asked_which(stage: Stage) -> None:
    """Both questions stand under "received"; each answer shows in place, and both are needed."""
    mei = await stage.newcomer("Mei", "en", speaks="zh,en")
    await mei.sends_voice(stage.dialogue("hotpot"), duration=170)
    received = await mei.hears("received")
    assert [button.data for button in received.buttons][2:] == ["sample:1:lang:zh", "sample:1:lang:en"]
    await mei.presses(received.buttons[2])
    await mei.hears("The checks passed. With your answer", timeout=20)
    await mei.presses("sample:1:agreed:yes")
    await mei.hears("on its way to the reviewers")
    assert [sample.language for sample in await samples(stage)] == ["zh"]


async def test_without_the_other_persons_agreement_nobody_hears_it(stage: Stage) -> None:
    """It is thrown away, costs nothing, and the way goes on."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.hears("received")
    await ann.presses("sample:1:agreed:no")
    await ann.hears("thrown away")
    (sample,) = await samples(stage)
    assert (sample.state, sample.counted) == ("withdrawn", False)
    stale = await ann.forges(
        "sample:1:agreed:yes", message_id=(await ann.history())[-1]["message"]["message_id"]
    )
    assert "thrown away" in stale.text
    await ann.sends_voice(stage.dialogue("lost-in-the-hills"), duration=170)
    await ann.hears("received")


async def test_one_sample_at_a_time(stage: Stage) -> None:
    """A second one while the first is under way is explained and lost to nobody."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.hears("received")
    await ann.sends_voice(stage.dialogue("lost-in-the-hills"), duration=170)
    await ann.hears("One at a time")
    assert len(await samples(stage)) == 1


async def test_attempts_run_out_and_come_back(stage: Stage) -> None:
    """The third refused sample is the last for now; after the window there is a new attempt."""
    ann = await stage.newcomer("Ann")
    for left in ("2 attempts", "one attempt", "last attempt for now"):
        await ann.sends_voice(stage.dialogue("whisper"), duration=150)
        await ann.hears(left, timeout=20)
    await ann.sends_voice(stage.dialogue("whisper"), duration=150)
    await ann.hears("used all your attempts")
    await stage.forward(days=8)
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.hears("received")


async def test_forwarded_audio_is_refused(stage: Stage) -> None:
    """A sample has to be one's own."""
    ann = await stage.newcomer("Ann")
    ben = await stage.client.person("Ben")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170, forwarded_from=ben.id)
    await ann.hears("forwarded")
    assert await samples(stage) == []


async def test_a_sample_before_onboarding_is_led_on(stage: Stage) -> None:
    """No audio is taken before consent; the person is told and asked the next question."""
    ann = await stage.client.person("Ann", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    await ann.hears("Do you agree")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.hears("cannot take a sample before")
    await ann.hears("Do you agree")
    assert await samples(stage) == []


async def test_somebody_elses_sample_is_nobody_elses_business(stage: Stage) -> None:
    """A forged press on another person's sample changes nothing."""
    ann = await stage.newcomer("Ann")
    eve = await stage.newcomer("Eve")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.hears("received")
    message = (await eve.history())[-1]["message"]["message_id"]
    answer = await eve.forges("sample:1:agreed:yes", message_id=message)
    assert answer.text == "This is not yours to answer."
    assert [sample.agreed for sample in await samples(stage)] == [None]


@pytest.mark.parametrize("media", ["audio", "document"])
async def test_audio_files_and_documents_are_samples_too(stage: Stage, media: str) -> None:
    """However it arrives, it is judged by what it holds."""
    ann = await stage.newcomer("Ann")
    data = stage.dialogue("night-market")
    if media == "audio":
        await ann.sends_audio(data, duration=170)
    else:
        await ann.sends_document(data, "dialogue.ogg", mime_type="audio/ogg")
    await ann.hears("received")
    await ann.hears("checks passed", timeout=20)
    assert [sample.media for sample in await samples(stage)] == [media]


async def test_real_speech(stage: Stage, shared_audio: Path) -> None:
    """Real two-person dialogues pass; a real short one is refused for its length alone."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice((shared_audio / "bad_too_short_40s.ogg").read_bytes(), duration=150)
    told = await ann.hears("not accepted", timeout=20)
    assert told.text.count("•") == 1
    assert "Too short" in told.text
    await ann.sends_voice((shared_audio / "good_en_mf.ogg").read_bytes(), duration=1)
    await ann.hears("checks passed", timeout=20)
