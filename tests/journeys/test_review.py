"""Reviewing in private, as reviewers, applicants and coordinators live it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Person
from bot.sandbox.heard import Heard
from bot.services import people
from tests.stage import Stage

NO = re.compile(r"^vote:a\d+:no$")
YES = re.compile(r"^vote:a\d+:yes$")


@pytest.fixture
async def strict(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """A stage where every rejection is heard once more."""
    async with Stage(tmp_path, database_url, '[review]\ncross_review = "any-rejection"\n') as stage:
        yield stage


async def card(reviewer: Person) -> Heard:
    """The next card that a reviewer is dealt, with the recording."""
    heard = await reviewer.hears(re.compile(r"^🎧 Sample \d+"), kind="voice")
    return await card(reviewer) if heard.edited else heard


async def approves(reviewer: Person) -> None:
    """A reviewer listens and approves."""
    answer = await reviewer.presses((await card(reviewer)).button(YES))
    assert answer.text.startswith("Your vote: approve.")


async def rejects(reviewer: Person, *reasons: str) -> None:
    """A reviewer listens, presses no, ticks reasons and says done."""
    answer = await reviewer.presses((await card(reviewer)).button(NO))
    assert "Tick at least one reason" in answer.text
    for reason in reasons:
        await reviewer.presses(await reviewer.sees_button(re.compile(rf"^why:a\d+:{reason}$")))
    answer = await reviewer.presses(await reviewer.sees_button(re.compile(r"^why:a\d+:done$")))
    assert answer.text.startswith("Your vote: reject.")


async def test_two_approve(stage: Stage) -> None:
    """From the sample to the verdict: both cards play the recording, both are closed, the way goes on."""
    ann = await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    await stage.sample(ann)
    dealt = await card(rita)
    assert dealt.text.startswith("🎧 Sample 1 · English · 2 min 39 sec\n\nLively")
    assert [button.data for button in dealt.buttons] == ["vote:a1:yes", "vote:a1:no", "vote:a1:skip"]
    assert dealt.file_id is not None
    assert await stage.client.download(dealt.file_id) == stage.dialogue("night-market")
    await rita.presses(dealt.buttons[0])
    own = await rita.hears("Your vote: 👍 approve. You can change it until the decision.")
    assert [button.data for button in own.buttons] == ["vote:a1:yes", "vote:a1:no"]
    await ann.hears_nothing("approved")
    await approves(rob)
    verdict = await ann.hears("approved")
    assert [button.data for button in verdict.buttons] == ["pair:find", "pair:invite"]
    for reviewer in (rita, rob):
        closed = await reviewer.hears(re.compile(r"Decided by the panel: approved"))
        assert closed.edited
        assert closed.buttons == ()
        assert "Your vote: 👍 approve" in closed.text
    stale = await rita.forges("vote:a1:no")
    assert stale.text == "This sample is decided already: approved.\nYour vote was: approve."
    assert stale.alert


async def test_they_disagree_and_a_third_decides(stage: Stage) -> None:
    """The third card says that it decides, and not a word of who voted how; the verdict names reasons."""
    ann = await stage.newcomer("Ann")
    reviewers = [await stage.reviewer(name) for name in ("Rita", "Rob", "Rex")]
    await stage.sample(ann)
    await approves(reviewers[0])
    await reviewers[2].hears_nothing("🎧")
    await rejects(reviewers[1], "noise", "thin")
    third = await card(reviewers[2])
    assert "Cross-review" in third.text
    assert "noise" not in third.text
    await ann.says("/status")
    await ann.hears("👂")
    await reviewers[2].presses(third.button(NO))
    await reviewers[2].presses(await reviewers[2].sees_button("why:a3:thin"))
    await reviewers[2].presses("why:a3:done")
    verdict = await ann.hears("was rejected")
    assert "Little substance" in verdict.text
    assert "Noise" in verdict.text
    assert "You have 2 attempts left" in verdict.text
    assert [button.data for button in verdict.buttons] == ["appeal:1"]
    closed = await reviewers[0].hears(re.compile(r"Decided by cross-review: rejected"))
    assert "Rob" not in closed.text


async def test_any_rejection_is_heard_once_more(strict: Stage) -> None:
    """By policy: both reject, the third approves, and that counts."""
    ann = await strict.newcomer("Ann")
    reviewers = [await strict.reviewer(name) for name in ("Rita", "Rob", "Rex")]
    await strict.sample(ann)
    for reviewer in reviewers[:2]:
        await rejects(reviewer, "flat")
    await ann.hears_nothing("was rejected")
    await approves(reviewers[2])
    await ann.hears("approved")


async def test_both_vote_at_the_same_instant(stage: Stage) -> None:
    """With each press coming three times: one verdict."""
    ann = await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    await stage.sample(ann)
    cards = [await card(rita), await card(rob)]
    presses = zip((rita, rob), cards, strict=True)
    await asyncio.gather(*(person.presses(dealt.button(YES), times=3) for person, dealt in presses))
    await ann.hears("approved")
    await ann.hears_nothing("approved")


async def test_a_vote_is_changed_and_needs_a_reason(stage: Stage) -> None:
    """Yes, no without a reason (refused), no with one; the card shows it each time."""
    ann = await stage.newcomer("Ann")
    rita = await stage.reviewer("Rita")
    await stage.sample(ann)
    dealt = await card(rita)
    await rita.presses(dealt.button(YES))
    await rita.presses(await rita.sees_button("vote:a1:no"))
    asked = await rita.hears("Why not?")
    assert [button.data for button in asked.buttons][:2] == ["why:a1:noise", "why:a1:quiet"]
    refused = await rita.presses("why:a1:done")
    assert "at least one reason" in refused.text
    await rita.presses("why:a1:overtalk")
    await rita.presses("why:a1:done")
    await rita.hears("Your vote: 👎 reject (talking over each other)")
    await rita.presses(await rita.sees_button("vote:a1:yes"))
    await rita.hears("Your vote: 👍 approve")


async def test_skip_pause_and_the_queue(stage: Stage) -> None:
    """Skipped goes to somebody else; a pause keeps new ones away; `/queue` shows what is open again."""
    ann = await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    rex = await stage.reviewer("Rex")
    await rex.says("/pause")
    await rex.hears("Paused")
    await stage.sample(ann)
    skipped = await rita.presses((await card(rita)).button("vote:a1:skip"))
    assert "somebody else" in skipped.text
    await rita.hears("You skipped")
    await rex.says("/queue")
    await rex.hears("Nothing is waiting")
    await rex.says("/resume")
    await rex.hears("Welcome back")
    await card(rex)
    await card(rob)
    await rob.says("/queue")
    await rob.hears("One sample is waiting")
    again = await card(rob)
    await rob.presses(again.button(YES))
    await rob.hears("Your vote: 👍 approve")
    await rob.says("/queue")
    assert "vote:a2:skip" not in [button.data for button in (await card(rob)).buttons]
    stale = await rita.forges("vote:a1:yes")
    assert "You skipped this sample" in stale.text


async def test_a_silent_reviewer_is_nudged_and_replaced(stage: Stage) -> None:
    """Four hours: the card again. A day: somebody else has it, and the old card and its press say so."""
    ann = await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    rex = await stage.reviewer("Rex")
    await stage.sample(ann)
    await card(rita)
    await approves(rob)
    await stage.forward(hours=4, minutes=1)
    assert "⏰" in (await card(rita)).text
    await rob.hears_nothing("⏰")
    await stage.forward(hours=20)
    await approves(rex)
    await rita.hears("waited too long")
    await ann.hears("approved")
    stale = await rita.forges("vote:a1:yes")
    assert "went to somebody else" in stale.text


async def test_nobody_is_left(stage: Stage) -> None:
    """The coordinator hears what is missing, once; a newcomer who says their languages gets it at once."""
    owner = await stage.owner()
    ann = await stage.newcomer("Ann")
    await stage.reviewer("Zhao", hears="zh")
    await stage.sample(ann)
    told = await owner.hears("reviewers are missing")
    assert "2 of 2 are missing" in told.text
    assert "/invite reviewer" in told.text
    rita = await stage.reviewer("Rita")
    await approves(rita)
    rob = await stage.reviewer("Rob", hears="zh,en")
    await approves(rob)
    await ann.hears("approved")


async def test_who_blocked_the_bot_is_replaced(stage: Stage) -> None:
    """Blocked before or after the card: the sample goes on to somebody who can be reached."""
    ann = await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    await rita.blocks()
    await stage.sample(ann)
    await card(rob)
    rex = await stage.reviewer("Rex")
    dealt = await card(rex)
    rosa = await stage.reviewer("Rosa")
    await rob.blocks()
    await approves(rosa)
    await rex.presses(dealt.button(YES))
    await ann.hears("approved")


async def test_strangers_and_the_applicant_vote_on_nothing(stage: Stage) -> None:
    """Forged presses: refused, and nothing is decided."""
    ann, sam = await stage.newcomer("Ann"), await stage.newcomer("Sam")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    rex = await stage.reviewer("Rex")
    await stage.sample(ann)
    await card(rita)
    dealt = await card(rob)
    for forger in (ann, sam, rex):
        for data in ("vote:a1:yes", "vote:a2:yes", "why:a1:noise", "vote:a99:yes", "vote:j1:yes"):
            assert (await forger.forges(data)).text == "This is not yours to answer."
        assert "in this chat" in (await forger.forges("vote:s1:yes")).text
    for nonsense in ("vote:a1:maybe", "vote:a1", "vote:x1:yes", "vote:a:yes", "vote:a-1:yes", "why:a1:rude"):
        assert "too old" in (await rita.forges(nonsense)).text
    assert (await sam.forges("appeal:1")).text == "This is not yours to answer."
    await ann.hears_nothing("approved")
    await rita.presses("vote:a1:yes")
    await rob.presses(dealt.button(YES))
    await ann.hears("approved")


async def test_an_appeal_to_others_and_then_to_nobody(stage: Stage) -> None:
    """Others hear it; where none is left the coordinator decides with the recording before them."""
    owner = await stage.owner()
    ann = await stage.newcomer("Ann")
    first = [await stage.reviewer(name) for name in ("Rita", "Rob")]
    await stage.sample(ann)
    for reviewer in first:
        await rejects(reviewer, "flat")
    verdict = await ann.hears("was rejected")
    await ann.says("/status")
    status = await ann.hears("Your last sample was rejected")
    assert [button.data for button in status.buttons] == ["appeal:1"]
    answer = await ann.presses(verdict.button("appeal:1"))
    assert answer.text == "Your appeal is under way."
    await ann.hears("Your appeal is under way: people who have not voted")
    judging = await owner.hears("Too few reviewers are left", kind="voice")
    assert "Appeal" in judging.text
    twice = await ann.forges("appeal:1")
    assert "once" in twice.text
    await owner.presses(judging.button("vote:j1:no"))
    refused = await owner.presses("why:j1:done")
    assert "at least one reason" in refused.text
    await owner.presses("why:j1:monologue")
    await owner.presses(await owner.sees_button("vote:j1:yes"))
    await ann.hears("Your appeal was right")
    closed = await owner.hears(re.compile(r"Decided by a coordinator: approved"))
    assert closed.buttons == ()


async def test_an_appeal_is_heard_by_new_people(stage: Stage) -> None:
    """Nobody who voted gets it again; rejected again, there is no second appeal."""
    ann = await stage.newcomer("Ann")
    first = [await stage.reviewer(name) for name in ("Rita", "Rob")]
    await stage.sample(ann)
    for reviewer in first:
        await rejects(reviewer, "flat")
    others = [await stage.reviewer(name) for name in ("Rex", "Rosa")]
    await ann.presses((await ann.hears("was rejected")).button("appeal:1"))
    for reviewer in others:
        await rejects(reviewer, "quiet")
    final = await ann.hears("heard again")
    assert "rejected" in final.text
    assert final.buttons == ()
    for reviewer in first:
        await reviewer.hears_nothing("Appeal", within=0.1)


async def test_who_refuses_voice_messages_gets_the_recording_as_audio(stage: Stage) -> None:
    """Telegram forbids voice messages to some: the card comes as an audio file, and can be voted on."""
    ann = await stage.newcomer("Ann")
    rita = await stage.reviewer("Rita")
    await rita.changes(refuses_voice=True)
    await stage.sample(ann)
    dealt = await rita.hears("Sample 1", kind="audio")
    await rita.presses(dealt.button(YES))
    await rita.hears("Your vote: 👍 approve")


async def test_a_reviewer_who_said_no_languages_is_asked(stage: Stage) -> None:
    """By `/queue`, when the first question was passed over."""
    ann = await stage.newcomer("Ann")
    rita = await stage.reviewer("Rita", hears="zh")
    await stage.sample(ann)
    await rita.says("/queue")
    await rita.hears("Nothing is waiting")
    async with stage.app.units.writing("forget") as unit:
        person = await people.by_telegram_id(unit, rita.id)
        assert person is not None
        await people.change(unit, person, speaks=[])
    await rita.says("/queue")
    await rita.hears("In which languages can you judge")
    await rita.presses(await rita.sees_button("profile:speaks:en"))
    await rita.presses(await rita.sees_button("profile:speaks:done"))
    await card(rita)
