"""What is heard in a sample, as people see it: a picture, and the same recording known again."""

import asyncio
import io
from pathlib import Path

import numpy as np
from PIL import Image
from sqlmodel import select

from bot.audio.decode import RATE, decode
from bot.rules.consent import CONSENT_VERSION
from bot.rules.states import SampleState
from bot.sandbox import Person
from bot.sandbox.heard import Heard
from bot.services import audit
from bot.services.reviewing import verdicts
from storage.tables import Fingerprint, Job, Sample
from tests.audio.files import encode
from tests.stage import Stage


async def picture(stage: Stage, person: Person) -> tuple[Heard, Image.Image]:
    """The next picture that somebody is shown."""
    shown = await person.hears("🖼", kind="photo", timeout=20)
    assert shown.file_id is not None
    data = await stage.client.download(shown.file_id)
    assert data.startswith(b"\x89PNG")
    assert len(data) < 100_000
    return shown, Image.open(io.BytesIO(data))


def mp3(recording: bytes) -> bytes:
    """The same recording, a second shorter and encoded anew."""
    pcm = np.frombuffer(decode(recording, 900).pcm, dtype=np.int16)[RATE:]
    return encode(pcm.astype(np.float32) / 32768, "mp3", "libmp3lame", rate=24_000)


async def done(stage: Stage) -> None:
    """Wait until no job is left."""
    async with asyncio.timeout(60):
        while True:
            async with stage.app.units.reading() as look:
                if not await look.tx.all(select(Job.id).where(Job.state != "done")):
                    return
            await asyncio.sleep(0.05)  # rows have no event


async def rejected(stage: Stage, sample_id: int) -> None:
    """What the reviewers' verdict does."""
    async with stage.app.units.writing(f"{sample_id} is rejected") as unit:
        sample = await unit.tx.one(select(Sample).where(Sample.id == sample_id))
        if sample.state == SampleState.QUEUED:
            await audit.move(unit, sample, SampleState.IN_REVIEW)
        await verdicts.conclude(unit, sample, approve=False, by="panel", reasons=("flat",))


async def test_each_sees_the_picture_in_their_own_language(stage: Stage) -> None:
    """An accepted sample: its sender after the answer, a reviewer above the card, the words beneath as well."""
    ann = await stage.newcomer("Ann")
    lan = await stage.reviewer("Lan", language="zh")
    await stage.sample(ann)
    own, image = await picture(stage, ann)
    assert image.width == 800
    assert own.text.startswith("🖼 Your sample as the checks heard it\n\nLength: 2 min 39 sec\nTwo voices: A")
    theirs, other = await picture(stage, lan)
    assert other.width == 800
    assert theirs.text.startswith("🖼 样音1，检查听下来是这样\n\n时长：2分钟39秒\n两个声音：线上面的A说了")
    assert image.tobytes() != other.tobytes()
    card = await lan.hears("🎧", kind="voice")
    assert card.message_id > theirs.message_id
    await lan.says("/queue")
    await lan.hears("🎧", kind="voice")
    await lan.hears_nothing("🖼")


async def test_a_refused_sample_is_shown_in_chinese(stage: Stage) -> None:
    """Too short and too quiet: the picture comes after the reasons."""
    li = await stage.newcomer("李雷", "zh")
    await li.sends_voice(stage.dialogue("whisper"), duration=150)
    told = await li.hears("未通过检查", timeout=20)
    shown, image = await picture(stage, li)
    assert shown.message_id > told.message_id
    assert shown.text.startswith("🖼 你的样音，检查听下来是这样\n\n时长：")
    assert image.width == 800


async def test_the_group_sees_it_once(stage: Stage) -> None:
    """Above its card."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita = await stage.reviewer("Rita")
    group = await stage.client.group("Reviewers", [owner, rita])
    await owner.says("/reviewers here", chat=group)
    await group.hears("reviewed in this group")
    await stage.sample(ann)
    shown = await group.hears("🖼 Sample 1", kind="photo", timeout=20)
    card = await group.hears("🎧 Sample 1", kind="voice")
    assert card.message_id > shown.message_id
    await rita.hears_nothing("🖼")


async def test_ones_own_recording_is_known_again(stage: Stage) -> None:
    """Cut, and encoded anew: refused without costing an attempt; a refused one may come again."""
    ann = await stage.newcomer("Ann")
    dialogue = stage.dialogue("night-market")
    await stage.sample(ann)
    await rejected(stage, 1)
    await ann.hears("was rejected")
    await ann.sends_audio(mp3(dialogue), duration=158)
    told = await ann.hears("heard this very recording before", timeout=20)
    assert "does not count" in told.text
    await ann.sends_voice(stage.dialogue("whisper"), duration=150)
    await ann.hears("not accepted", timeout=20)
    await ann.sends_voice(mp3(stage.dialogue("whisper")), duration=150)
    again = await ann.hears("not accepted", timeout=20)
    assert "Too short" in again.text


async def test_a_strangers_copy_is_told_and_heard_all_the_same(stage: Stage) -> None:
    """The coordinator learns who they are, the reviewer only that there is another; both samples are heard."""
    owner = await stage.owner()
    ann, ben = await stage.newcomer("Ann"), await stage.newcomer("Ben")
    rita = await stage.reviewer("Rita")
    await stage.sample(ann)
    await ben.sends_audio(mp3(stage.dialogue("night-market")), duration=158)
    await ben.presses(await ben.sees_button("sample:2:agreed:yes"))
    await ben.hears("on its way to the reviewers", timeout=20)
    told = await owner.hears("same recording", timeout=20)
    assert "sample 2 by Ben are in the earlier sample 1 by Ann too" in told.text
    assert "2 min 3" in told.text  # of 158 seconds, nearly all
    card = await rita.hears("in sample 1 too, by somebody who is not linked", timeout=20)
    assert card.text.startswith("🎧 Sample 2")
    assert "Ann" not in card.text
    assert "Ben" not in card.text
    await rita.presses(await rita.sees_button("vote:a2:yes"))
    await rita.hears("Your vote: 👍 approve")


async def test_everything_is_erased_with_the_consent(stage: Stage) -> None:
    """Not one file is left, nor anything to find the recordings by: of the refused and of the one under way."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("whisper"), duration=150)
    await ann.hears("not accepted", timeout=20)
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.presses(await ann.sees_button("sample:2:agreed:yes"))
    await ann.hears("on its way to the reviewers", timeout=20)
    await done(stage)
    assert len(kept(stage.data)) == 5  # two pictures of each, and the sound of one
    await ann.says("/privacy")
    await ann.presses(await ann.sees_button(f"consent:review:{CONSENT_VERSION}:no"))
    await done(stage)
    assert kept(stage.data) == []
    async with stage.app.units.reading() as look:
        assert await look.tx.all(select(Fingerprint.sample_id)) == []
        assert (
            await look.tx.all(select(Sample.audio_key, Sample.pictures, Sample.copies))
            == [(None, None, None)] * 2
        )


def kept(data: Path) -> list[str]:
    """The files of the audio store."""
    return sorted(path.name for path in (data / "audio").glob("*/*"))


async def test_the_quality_follows(stage: Stage) -> None:
    """It is predicted when everybody is answered, and kept with the other facts."""
    ann = await stage.newcomer("Ann")
    await ann.sends_voice(stage.dialogue("night-market"), duration=170)
    await ann.presses(await ann.sees_button("sample:1:agreed:yes"))
    await ann.hears("🖼", kind="photo", timeout=20)
    await done(stage)
    async with stage.app.units.reading() as look:
        (facts,) = await look.tx.all(select(Sample.facts))
    assert set(facts["quality"]) == {"signal", "background", "overall"}
    assert all(1 <= value <= 5 for value in facts["quality"].values())
