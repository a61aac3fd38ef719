"""Finding a partner: the pool, proposals, a friend's link, both pressing at once, forged answers, leaving."""

import asyncio
import re
from datetime import timedelta

import pytest

from bot.audio.store import AudioStore
from bot.rules.consent import CONSENT_VERSION
from bot.sandbox import Person
from bot.services import people
from bot.services.joining.invitations import LASTS
from tests.helpers import a_sample
from tests.services.reviewing.review_cast import GOOD
from tests.stage import Stage

YES, NO = re.compile(r"match:\d+:yes"), re.compile(r"match:\d+:no")


async def both_find(ann: Person, bo: Person) -> None:
    """Two people ask for a partner, and are proposed to each other within seconds."""
    for person in (ann, bo):
        await person.presses("pair:find")
    for person in (ann, bo):
        await person.hears("A partner for you", timeout=10)


async def begin(*people: Person) -> None:
    """Everybody opens `/partner` and sees the two ways to one."""
    for person in people:
        await person.says("/partner")
        await person.hears("you need a partner")


async def a_pair(stage: Stage) -> tuple[Person, Person]:
    """Ann and Bo, who found each other."""
    ann, bo = await stage.approved("Ann Smith"), await stage.approved("Bo Li")
    await begin(ann, bo)
    await both_find(ann, bo)
    for person in (ann, bo):
        await person.presses(await person.sees_button(YES))
    for person in (ann, bo):
        await person.hears("You have a partner")
        await person.heard()
    return ann, bo


async def link_of(person: Person) -> str:
    """The link that somebody gets by inviting."""
    await person.presses("pair:invite")
    text = (await person.hears("Send this link")).text
    assert (await person.hears("camera", kind="photo")).kind == "photo"
    found = re.search(r"https://t\.me/\S+", text)
    assert found is not None
    return found.group()


async def test_two_people_find_each_other(stage: Stage) -> None:
    """From the pool to a private introduction: address only after both said yes."""
    ann, bo = await stage.approved("Ann Smith"), await stage.approved("Bo Li", speaks=["en", "zh"])
    await bo.changes(username="bo_li")
    await begin(ann, bo)
    for person in (ann, bo):
        await person.presses("pair:find")
        await person.hears("looking for a partner for you")
    card = await ann.hears("A partner for you", timeout=10)
    assert "Bo" in card.text
    assert "Li" not in card.text
    assert "you both speak English" in card.text
    assert "bo_li" not in card.text
    await ann.presses(await ann.sees_button(YES))
    waiting = await ann.hears("You said yes to Bo")
    assert waiting.edited
    assert "bo_li" not in waiting.text
    await ann.says("/partner")
    await ann.hears("You said yes to Bo")
    await bo.hears("A partner for you")
    await bo.presses(await bo.sees_button(YES))
    introduction = await ann.hears("You have a partner: Bo")
    assert "@bo_li" in introduction.text
    assert "/slots" in introduction.text
    await bo.hears("You have a partner: Ann")
    await ann.says("/partner")
    assert "@bo_li" in (await ann.hears("Your partner: Bo")).text
    assert "You have a partner already: Bo" in (await ann.forges("pair:find")).text
    await ann.says("/status")
    await ann.hears("Bo is your partner")


async def with_sample(stage: Stage, person: Person) -> None:
    """Give somebody the approved sample that they have, as a dialogue in the store."""
    key = await AudioStore(stage.data / "audio").put(stage.dialogue("night-market"), "ogg")
    async with stage.app.units.writing(f"the sample of {person.name}") as unit:
        row = await people.by_telegram_id(unit, person.id)
        assert row is not None
        await a_sample(unit, row, state="approved", audio_key=key, facts=GOOD.to_json())


async def test_ten_seconds_of_the_other_one(stage: Stage) -> None:
    """With consent alone, as a voice message; nothing tells who it is; taken back, it is erased."""
    ann, bo = await stage.approved("Ann Smith"), await stage.approved("Bo Li", "zh", speaks=["zh", "en"])
    await ann.changes(username="ann_smith")
    for person in (ann, bo):
        await with_sample(stage, person)
        await person.says("/partner")
        await person.sees_button("pair:find")
        await person.presses("pair:find")
    question = await ann.hears("Excerpt for a partner")
    assert "agree only if that person agrees too" in question.text
    await ann.presses(await ann.sees_button("consent:excerpt:1:yes"))
    assert "给搭子听的片段" in (await bo.hears("给搭子听的片段")).text
    await bo.presses(await bo.sees_button("consent:excerpt:1:no"))
    voice = await bo.hears("Ann", kind="voice", timeout=20)
    assert voice.text == "🔊 Ann的样音里的十秒，里面还有一位朋友的声音。"
    assert voice.message["voice"]["duration"] in (0, 9, 10)
    data = await stage.client.download(voice.file_id or "")
    assert data.startswith(b"OggS")
    assert all("Smith" not in text and "ann_smith" not in text for text in await bo.reads())
    assert not [message for message in await ann.history() if "voice" in message]
    before = len(list((stage.data / "audio").rglob("*.ogg")))
    await ann.says("/privacy")
    await ann.presses(await ann.sees_button("consent:excerpt:1:no"))
    async with asyncio.timeout(10):
        while len(list((stage.data / "audio").rglob("*.ogg"))) == before:  # noqa: ASYNC110 - a folder tells nobody
            await asyncio.sleep(0.02)


async def test_alone_in_the_pool_one_hears_why(stage: Stage) -> None:
    """Why none yet, what helps most, once more, and out again."""
    ann = await stage.approved("Ann")
    await begin(ann)
    assert (await ann.forges("pair:why")).text.startswith("You are not looking for a partner")
    await ann.presses("pair:find")
    await ann.hears("looking for a partner for you")
    await ann.presses("pair:why")
    await ann.hears("invite a friend")
    assert (await ann.presses("pair:find")).text == "We are already looking for you."
    await ann.presses("pair:leave")
    await ann.hears("we have stopped looking")
    assert "not looking" in (await ann.presses("pair:leave")).text


async def test_the_odd_one_out_hears_by_itself(stage: Stage) -> None:
    """An hour in, without having asked; one press puts them on the stand-in list, in Chinese as well."""
    ann, li = await stage.approved("Ann", speaks=["fr"]), await stage.approved("Li", "zh", speaks=["zh"])
    await ann.says("/partner")
    await ann.hears("you need a partner")
    await li.says("/partner")
    for person in (ann, li):
        await person.presses("pair:find")
        await person.heard()
    await stage.forward(hours=1)
    heard = await ann.hears("still looking for a partner for you")
    assert "no language in common" in heard.text or "none of them speaks" in heard.text
    assert "还在帮你找搭子" in (await li.hears("还在帮你找搭子")).text
    answer = await ann.presses("pair:standin")
    assert answer.text == "You are on the stand-in list."
    await ann.hears("when somebody falls out of a session that suits you, we ask you")
    await li.presses("pair:standin")
    await li.hears("你在替补名单上")
    assert (await li.presses("pair:standin")).text == "已退出替补名单。"


async def test_a_language_more_can_be_ticked_where_that_helps_most(stage: Stage) -> None:
    """Why none leads to the languages, ticked as they are; the next round finds the other one."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo", speaks=["zh"])
    await begin(ann, bo)
    for person in (ann, bo):
        await person.presses("pair:find")
        await person.hears("looking for a partner for you")
    await ann.presses("pair:why")
    await ann.hears("no language in common")
    await ann.heard()
    await ann.presses("pair:why:speaks")
    question = await ann.hears("Which languages")
    assert [b.text for b in question.buttons if b.text.startswith("✅")] == ["✅ English"]
    await ann.presses("profile:speaks:zh")
    await ann.presses("profile:speaks:done")
    await stage.forward(minutes=11)
    await bo.hears("A partner for you", timeout=10)


async def test_a_no_costs_nothing(stage: Stage) -> None:
    """The other one hears it kindly, both stay, the old card explains itself, and they do not meet again."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await begin(ann, bo)
    await both_find(ann, bo)
    yes = await bo.sees_button(YES)
    await ann.presses(await ann.sees_button(NO))
    assert "keep looking" in (await ann.hears("You said no to Bo")).text
    assert "keep looking" in (await bo.hears("did not work out with Ann")).text
    assert "did not work out with Ann" in (await bo.forges(yes.data)).text
    await bo.presses("pair:why")
    await bo.hears("said no before")


async def test_silence_ends_a_proposal_and_twice_the_place_in_the_pool(stage: Stage) -> None:
    """Reminded half way, told at the end; who is silent again is taken out, the other one stays."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await begin(ann, bo)
    await both_find(ann, bo)
    for last in (False, True):
        await ann.presses(await ann.sees_button(YES))
        await ann.hears("You said yes to Bo")
        await stage.forward(hours=6, minutes=5)
        await bo.hears("Reminder", timeout=10)
        await stage.forward(hours=6)
        assert "keep looking" in (await ann.hears("Bo did not answer in time", timeout=10)).text
        if not last:
            await bo.hears("You did not answer in time")
            for person in (ann, bo):
                await person.hears("A partner for you", timeout=10)
    await bo.hears("two proposals in a row")
    await bo.presses("pair:find")
    await bo.hears("looking for a partner for you")


async def test_a_friend_comes_by_link(stage: Stage) -> None:
    """Both approved: the link opens the question, yes makes the pair; whoever opens it later is told."""
    ann, bo, cy = [await stage.approved(name) for name in ("Ann", "Bo", "Cy")]
    await begin(ann)
    link = await link_of(ann)
    await ann.opens(link)
    await ann.hears("your own link")
    await bo.opens(link)
    await bo.hears("Ann invites you to record together")
    await ann.hears("Bo opened your link")
    await cy.opens(link)
    await cy.hears("used already")
    await bo.presses(await bo.sees_button(YES))
    await ann.hears("You have a partner: Bo")
    await bo.hears("You have a partner: Ann")
    await cy.opens(link)
    await cy.hears("Ann has found another partner")
    await bo.opens(link)
    await bo.hears("You have a partner already: Ann")
    await cy.says("/start nosuchlinkatall")
    await cy.hears("This link does not exist")


async def test_a_link_expires_and_is_taken_back(stage: Stage) -> None:
    """Too old, or replaced by a new one: both are explained."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await begin(ann)
    first = await link_of(ann)
    again = await link_of(ann)
    assert again == first
    await ann.presses("pair:invite:new")
    found = re.search(r"https://t\.me/\S+", (await ann.hears("Send this link")).text)
    assert found is not None
    assert found.group() != first
    await bo.opens(first)
    await bo.hears("not valid any more")
    await stage.forward(days=LASTS / timedelta(days=1))
    await bo.opens(found.group())
    await bo.hears("not valid any more")


async def test_a_newcomer_comes_by_a_friends_link(stage: Stage) -> None:
    """The invitation is kept through onboarding and asked in the moment of the approval."""
    ann = await stage.newcomer("Ann")
    await ann.says("/partner")
    await ann.hears("once your sample is approved")
    link = await link_of(ann)
    cleo = await stage.client.person("Cleo", language_code="en")
    await cleo.opens(link)
    await cleo.hears("Ann invites you to record together")
    await ann.hears("as soon as both of you are approved")
    await stage.onboard(cleo)
    await cleo.says("/partner")
    await cleo.hears("Ann’s invitation is kept")
    await ann.presses("pair:invite")
    await ann.hears("take that invitation back")
    await stage.approve(cleo)
    await cleo.hears("You can answer as soon as Ann is approved")
    await stage.approve(ann)
    await ann.hears("is being asked")
    await cleo.hears("Saying no costs")
    await cleo.presses(await cleo.sees_button(YES))
    for person in (ann, cleo):
        await person.hears("You have a partner")


async def test_both_press_yes_at_the_same_instant_and_twice(stage: Stage) -> None:
    """One pair, one introduction each, whatever is pressed how often."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await begin(ann, bo)
    await both_find(ann, bo)
    buttons = [await person.sees_button(YES) for person in (ann, bo)]
    await asyncio.gather(*(p.presses(b, times=2) for p, b in zip((ann, bo), buttons, strict=True)))
    for person in (ann, bo):
        await person.hears("You have a partner")
        await person.hears_nothing("You have a partner")
    assert "partners already" in (await ann.forges(buttons[0].data)).text


async def test_nobody_answers_for_others(stage: Stage) -> None:
    """A third person forges every answer; the two can still become a pair."""
    ann, bo, eve = [await stage.approved(name) for name in ("Ann", "Bo", "Eve")]
    await begin(ann, bo)
    await both_find(ann, bo)
    button = await ann.sees_button(YES)
    for data in (button.data, button.data.replace("yes", "no")):
        assert (await eve.forges(data)).text == "This proposal is not yours to answer."
    for data in (
        "match:999:yes",
        "match:1:perhaps",
        "match:x:yes",
        "pair:steal",
        "pair:leave:yes:x",
        "match:1",
    ):
        assert (await eve.forges(data)).alert
    await bo.presses(await bo.sees_button(YES))
    await ann.presses(button)
    await bo.hears("You have a partner: Ann")
    await eve.hears_nothing("partner")


async def test_who_is_not_approved_or_took_consent_back_is_told(stage: Stage) -> None:
    """Forged presses of somebody new, and the pool without consent."""
    new = await stage.newcomer("New")
    assert "once your sample is approved" in (await new.forges("pair:find")).text
    ann = await stage.approved("Ann")
    await ann.forges(f"consent:training:{CONSENT_VERSION}:no")
    assert "consent" in (await ann.forges("pair:find")).text
    await ann.says("/partner")
    await ann.sees_button(f"consent:training:{CONSENT_VERSION}:yes")


@pytest.mark.parametrize("never", [False, True])
async def test_leaving_a_pair(stage: Stage, *, never: bool) -> None:
    """Asked first, staying is easy, the other one is told; nobody is paired with the same one again."""
    ann, bo = await a_pair(stage)
    await ann.says("/partner")
    await ann.presses("pair:leave")
    await ann.hears("stop being partners with Bo?")
    await ann.presses("pair:leave:keep")
    await ann.hears("stay partners")
    await ann.presses("pair:leave")
    await ann.hears("stop being partners with Bo?")
    button = await ann.sees_button("pair:leave:never" if never else "pair:leave:yes")
    await ann.presses(button)
    left = await ann.hears("You and Bo are no longer partners")
    assert ("not bring you two together again" in left.text) is never
    assert "no longer partners" in (await ann.forges(button.data)).text
    await bo.hears("Ann has left your pair")
    for person in (ann, bo):
        await person.presses("pair:find")
        await person.hears("looking for a partner for you")
    await bo.presses("pair:why")
    await bo.hears("was your partner before")


async def test_the_bot_restarts_between_the_two_answers(stage: Stage) -> None:
    """Everything lives in rows."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await begin(ann, bo)
    await both_find(ann, bo)
    await ann.presses(await ann.sees_button(YES))
    await stage.lower_curtain()
    await stage.raise_curtain()
    await bo.presses(await bo.sees_button(YES))
    await ann.hears("You have a partner: Bo")
