"""Reviewing in a group, as its members and those outside it live it."""

import asyncio
import re

from bot.sandbox import Group, Person
from bot.sandbox.heard import Button
from tests.stage import Stage


async def opened(stage: Stage, owner: Person, *members: Person) -> Group:
    """A group with the owner, the bot and these people, where reviewing happens from now on."""
    group = await stage.client.group("Reviewers", [owner, *members])
    await owner.says("/reviewers here", chat=group)
    await group.hears("reviewed in this group")
    return group


async def button(group: Group, data: str) -> Button:
    """A button of the newest card in the group."""
    return await group.sees_button(data)


async def test_the_first_two_who_press_decide(stage: Stage) -> None:
    """One card; each press answers its presser only; no vote shows before the decision; then all is closed."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob, rex = [await stage.reviewer(name) for name in ("Rita", "Rob", "Rex")]
    group = await opened(stage, owner, rita, rob, rex, ann)
    await stage.sample(ann)
    dealt = await group.hears("🎧 Sample 1", kind="voice")
    assert [each.data for each in dealt.buttons] == ["vote:s1:yes", "vote:s1:no"]
    assert "0 of 2" in dealt.text
    await rita.hears_nothing("🎧")
    answer = await rita.presses(dealt.buttons[0], chat=group)
    assert answer.text.startswith("Your vote: approve. Only you see it")
    counted = await group.hears("1 of 2")
    assert "Rita" not in counted.text
    refused = await ann.presses(dealt.buttons[0], chat=group)
    assert "Only reviewers vote here" in refused.text
    await rob.presses(await button(group, "vote:s1:yes"), chat=group)
    await ann.hears("is approved")
    closed = await group.hears(re.compile(r"Decided by the panel: approved"))
    assert closed.buttons == ()
    assert "vote" not in closed.text.lower()
    late = await rex.forges("vote:s1:yes", chat=group)
    assert late.text == "This sample is decided already: approved."


async def test_three_press_at_once(stage: Stage) -> None:
    """Two get the seats and decide; the third hears that others were faster or what was decided."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    people = [await stage.reviewer(name) for name in ("Rita", "Rob", "Rex")]
    group = await opened(stage, owner, *people)
    await stage.sample(ann)
    yes = await button(group, "vote:s1:yes")
    answers = await asyncio.gather(*(person.presses(yes, chat=group) for person in people))
    assert sorted(answer.text[:14] for answer in answers) == [
        "This sample is",
        "Your vote: app",
        "Your vote: app",
    ]
    await ann.hears("is approved")


async def test_reasons_are_given_in_private(stage: Stage) -> None:
    """No in the group asks for reasons in the private chat; the group sees only that somebody has voted."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob, rex = [await stage.reviewer(name) for name in ("Rita", "Rob", "Rex")]
    group = await opened(stage, owner, rita, rob, rex)
    await stage.sample(ann)
    answer = await rita.presses(await button(group, "vote:s1:no"), chat=group)
    assert "in our private chat" in answer.text
    await rita.hears("Why not?", kind="voice")
    await rita.presses("why:a1:noise")
    await rita.presses("why:a1:done")
    shown = await group.hears("1 of 2")
    assert "oise" not in shown.text
    await rob.presses(await button(group, "vote:s1:yes"), chat=group)
    await group.hears("One more reviewer")
    again = await rita.presses(await button(group, "vote:s1:yes"), chat=group)
    assert again.text.startswith("Your vote: approve")
    await ann.hears("is approved")
    await rita.hears(re.compile(r"Decided.*approved"))
    assert (await rex.forges("vote:s1:no", chat=group)).text == "This sample is decided already: approved."


async def test_whom_the_bot_cannot_write_to_is_asked_to_open_the_chat(stage: Stage) -> None:
    """The press itself says so; after /start the reasons are asked."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    group = await opened(stage, owner, rita, rob)
    await rita.blocks()
    await stage.sample(ann)
    answer = await rita.presses(await button(group, "vote:s1:no"), chat=group)
    assert answer.alert
    assert "/start" in answer.text
    await rita.unblocks()
    await rita.says("/start")
    await rita.hears("Why not?")
    await rita.presses("why:a1:flat")
    await rita.presses("why:a1:done")
    await group.hears("1 of 2")


async def test_only_a_coordinator_says_where(stage: Stage) -> None:
    """Nobody else moves reviewing; alone the command shows where it happens and both ways as buttons."""
    owner, rita = await stage.owner(), await stage.reviewer("Rita")
    group = await stage.client.group("Reviewers", [owner, rita])
    await rita.says("/reviewers here", chat=group)
    await group.hears("coordinators")
    await owner.says("/reviewers", chat=group)
    shown = await group.hears("Reviewing is private")
    assert [each.data for each in shown.buttons] == ["reviewers:here"]
    assert "coordinators" in (await rita.presses(shown.buttons[0], chat=group)).text
    await owner.presses(shown.buttons[0], chat=group)
    await group.hears("reviewed in this group")
    await owner.says("/reviewers")
    state = await owner.hears("“Reviewers”")
    assert [each.data for each in state.buttons] == ["reviewers:private"]
    await owner.presses(state.buttons[0])
    await owner.hears("private from now on")
    await owner.says("/reviewers here")
    await owner.hears("in that group")


async def test_back_in_private_what_is_open_is_dealt_out(stage: Stage) -> None:
    """A vote from the group counts on; the group's card is closed."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    group = await opened(stage, owner, rita, rob)
    await stage.sample(ann)
    await rita.presses(await button(group, "vote:s1:yes"), chat=group)
    await owner.says("/reviewers private", chat=group)
    await group.hears("private from now on")
    await rob.hears("🎧 Sample 1", kind="voice")
    stale = await rob.forges("vote:s1:yes", chat=group)
    assert "in this chat" in stale.text
    await rob.presses("vote:a2:yes")
    await ann.hears("is approved")


async def test_the_bot_is_thrown_out(stage: Stage) -> None:
    """Reviewing is private again, the coordinator hears it, and what waits is dealt out."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    group = await opened(stage, owner, rita, rob)
    await stage.sample(ann)
    await group.hears("🎧 Sample 1")
    await group.removes_bot()
    await owner.hears("no longer in the group “Reviewers”")
    for reviewer in (rita, rob):
        await reviewer.hears("🎧 Sample 1", kind="voice")


async def test_a_silent_group_is_nudged_and_reported(stage: Stage) -> None:
    """The card comes again after four hours; after a day the coordinator hears of it."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    group = await opened(stage, owner, rita, rob)
    await stage.sample(ann)
    await group.hears("🎧 Sample 1")
    await stage.forward(hours=4, minutes=1)
    again = await group.hears("⏰")
    await stage.forward(hours=20)
    await owner.hears("0 of 2")
    await rita.presses(again.buttons[0], chat=group)
    await rob.presses(again.buttons[0], chat=group)
    await ann.hears("is approved")


async def test_the_group_becomes_a_supergroup(stage: Stage) -> None:
    """Everything goes on under its new id."""
    owner, ann = await stage.owner(), await stage.newcomer("Ann")
    rita, rob = await stage.reviewer("Rita"), await stage.reviewer("Rob")
    group = await opened(stage, owner, rita, rob)
    group = await group.migrates()
    await stage.sample(ann)
    dealt = await group.hears("🎧 Sample 1", kind="voice")
    await rita.presses(dealt.buttons[0], chat=group)
    await rob.presses(dealt.buttons[0], chat=group)
    await ann.hears("is approved")
    await group.hears(re.compile(r"Decided.*approved"))
