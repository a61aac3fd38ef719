"""The playground in a real browser: whoever opens the page can be everybody."""

import asyncio
import re
from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot.demo.reviewing import DIALOGUES
from bot.demo.story import Story
from bot.demo.theatre import next_noon
from bot.playground.server import Playground
from tests.playground.conftest import Opener, quiet, ready
from tests.playground.fingers import FingerCast

pytestmark = pytest.mark.browser


async def adds(page: Page, role: str, tongue: str = "in English") -> None:
    """Add somebody by the menu."""
    await page.get_by_role("button", name="Add a person").click()
    await page.get_by_role("menuitem", name=f"{role} {tongue}").click()


async def chooses(page: Page, menu: str, item: str) -> None:
    """Choose something from a menu of the desk."""
    await page.locator(".desk").get_by_role("button", name=menu).click()
    await page.get_by_role("menuitem", name=item).click()


async def opens_calendar_entry(page: Page) -> None:
    """The session's file opens as a calendar would show it."""
    await page.locator(".file", has_text=".ics").first.click()
    await expect(page.locator("dialog")).to_contain_text("Asia/Shanghai")
    await expect(page.locator("dialog dd").first).to_have_text(
        re.compile(r"\d{4}-\d\d-\d\d 09:00 – 12:00 Asia/Shanghai")
    )
    await page.locator("dialog").get_by_role("button", name="Close").click()


async def test_the_whole_story_by_clicking(playground: Playground, opens: Opener) -> None:
    """Every act of the story is done on the phones; what people hear is the same as ever."""
    page = await opens(width=4200, height=1000)
    stage = playground.stage
    stage.set_clock(next_noon())  # nothing shall depend on the hour at which it is played
    async with FingerCast(page, stage.client) as cast:
        story = Story(cast, stage)
        for step in story.steps:
            await step.play()
            if step.name == "booking":
                await opens_calendar_entry(page)
    assert [[(line.actor.name, line.text) for line in lines] for lines in cast.doubles()] == []


async def test_a_newcomer_presses_start_and_chooses_a_language(opens: Opener) -> None:
    """START, the bot's question with its buttons, the press, and the answer."""
    page = await opens()
    await adds(page, "Applicant", "in Chinese")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_role("button", name="中文").click()
    await expect(phone.locator(".messages")).to_contain_text("Duologue")
    await expect(phone.locator(".keyboard").last).to_contain_text("同意")


async def test_the_command_menu_is_that_of_the_role(opens: Opener) -> None:
    """A reviewer's menu in Chinese offers the queue."""
    page = await opens()
    await adds(page, "Reviewer", "in Chinese")
    phone = (
        page.locator(".phone", has_text="审核").or_(page.locator(".phone", has_text="Reviewer · zh")).first
    )
    await expect(phone.locator(".messages")).to_contain_text("/queue")
    await phone.get_by_label("Menu").click()
    await expect(page.locator(".popup")).to_contain_text("/queue")


async def test_what_a_microphone_hears_is_sent_as_a_voice_message(
    opens: Opener, playground: Playground
) -> None:
    """Chromium records webm; the bot gets OGG/Opus of the length that was recorded."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_label("Record a voice message").click()
    await expect(phone.locator(".recording .clock")).to_contain_text("0:02", timeout=10_000)
    await phone.get_by_label("Send the recording").click()
    await expect(phone.locator(".mine .voice")).to_have_count(1)
    await expect(phone.locator(".mine .voice .clock")).to_have_text("0:02", timeout=10_000)
    (chat,) = playground.stage.sandbox.world.chats.values()
    voice = next(r.message["voice"] for r in chat.records.values() if "voice" in r.message)
    file = playground.stage.sandbox.world.files.get(voice["file_id"])
    assert file is not None
    assert (voice["mime_type"], file.data[:4], b"OpusHead" in file.data[:100]) == ("audio/ogg", b"OggS", True)


async def test_a_voice_message_plays(opens: Opener) -> None:
    """The wave fills while it plays, and its clock shows how far it is."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_label("Attach").click()
    await page.get_by_role("menuitem", name="whisper").click()
    voice = phone.locator(".mine .voice")
    await expect(voice.locator(".clock")).to_have_text("0:33")
    await voice.get_by_role("button", name="Play").click()
    await expect(voice.locator(".clock")).to_have_text("0:02", timeout=10_000)
    assert await voice.locator("i.done").count() >= 2
    await voice.get_by_role("button", name="Pause").click()


async def test_stickers_pictures_nonsense_and_forwards(opens: Opener, playground: Playground) -> None:
    """Whatever people send, Telegram brings it to the bot as what it is."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    for item in ("A sticker", "Contact", "Location", "Nonsense"):
        await phone.get_by_label("Attach").click()
        await page.get_by_role("menuitem", name=item).click()
    await phone.get_by_label("Attach").click()
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("menuitem", name="A photo").click()
    await (await choosing.value).set_files(DIALOGUES.parents[2] / "docs" / "sample.png")
    await expect(phone.locator(".mine .photo")).to_have_count(1)
    await phone.locator(".message:not(.mine) .more").first.click()
    await page.get_by_role("menuitem", name="Forward to the bot").click()
    await expect(phone.locator(".mine .origin")).to_have_count(1)
    (chat,) = playground.stage.sandbox.world.chats.values()
    theirs = [r.message for r in chat.records.values() if not r.by_bot]
    kinds = ("sticker", "contact", "location", "text", "photo", "forward_origin")
    assert [[kind for kind in kinds if kind in message] for message in theirs[1:]] == [
        ["sticker"],
        ["contact"],
        ["location"],
        ["text"],
        ["photo"],
        ["text", "forward_origin"],
    ]


async def test_a_recording_can_be_discarded(opens: Opener) -> None:
    """Nothing is sent, and one can write again."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_label("Record a voice message").click()
    await phone.get_by_label("Discard").click()
    await expect(phone.locator("textarea")).to_be_visible()
    await expect(phone.locator(".mine .voice")).to_have_count(0)


async def test_the_bot_can_be_killed_and_started(opens: Opener) -> None:
    """The light shows it; what was said meanwhile is answered after the start, and the page goes on by itself."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await expect(phone.locator(".message:not(.mine)")).to_have_count(1)
    await chooses(page, "The bot runs", "Kill the bot")
    await expect(page.locator(".light")).to_contain_text("was killed")
    await phone.locator("textarea").fill("/help")
    await phone.locator("textarea").press("Enter")
    await chooses(page, "The bot was killed", "Start it again")
    await expect(page.locator(".light")).to_contain_text("The bot runs")
    await expect(phone.locator(".message:not(.mine)")).to_have_count(2, timeout=20_000)


async def test_the_clock_goes_on_and_the_bot_follows(opens: Opener, playground: Playground) -> None:
    """A day on, by a click, in Telegram and in the bot."""
    page = await opens()
    before = playground.stage.now
    await chooses(page, "🕐", "A day on")
    async with asyncio.timeout(10):
        while playground.stage.now - before < timedelta(hours=23):  # noqa: ASYNC110 (a click away)
            await asyncio.sleep(0.05)
    world = playground.stage.sandbox.world
    assert abs(world.clock.now() - playground.stage.now.timestamp()) < 1
    written = float((playground.stage.folder / "clock").read_text())
    assert abs(written - world.clock.offset) < 1


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ("Drop the next message", "drop_before"),
        ("Deliver the next one, drop the answer", "drop_after"),
        ("Too many requests (429), 5 s", "retry_after"),
        ("Slow network for 20 s", "delay"),
    ],
)
async def test_each_trouble_strikes(opens: Opener, playground: Playground, trouble: str, kind: str) -> None:
    """The next call of the bot meets it, and the person gets the message all the same, once."""
    page = await opens()
    await adds(page, "Applicant")
    await chooses(page, "Trouble", trouble)
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await expect(phone.locator(".message:not(.mine)")).to_have_count(
        2 if kind == "drop_after" else 1, timeout=30_000
    )
    struck = {call["fault"] for call in playground.stage.sandbox.api.log if call["fault"]}
    assert struck == {kind}


async def test_pressing_twice_and_an_update_again_change_nothing(opens: Opener) -> None:
    """Two presses for one click, and the last update once more: the question is answered once."""
    page = await opens()
    await adds(page, "Applicant")
    await chooses(page, "Trouble", "Press everything twice")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_role("button", name="English").click()
    await expect(phone.locator("[data-press^='consent:']").first).to_be_visible()
    await chooses(page, "Trouble", "Deliver the last update again")
    await phone.locator("textarea").fill("/help")
    await phone.locator("textarea").press("Enter")
    await expect(phone.locator(".message:not(.mine)").last).to_contain_text("/language")
    assert await phone.locator("[data-press^='consent:review:'][data-press$=':yes']").count() == 1


async def test_everything_is_still_there_after_a_reload(opens: Opener) -> None:
    """People, chats and which phones are put away."""
    page = await opens()
    for _ in range(2):
        await adds(page, "Applicant")
    await expect(page.locator(".phone")).to_have_count(2)
    first = page.locator(".phone").first
    await first.locator(".start").click()
    await expect(first.locator(".message:not(.mine)")).to_have_count(1)
    await page.locator(".phone").last.get_by_label("More").click()
    await page.get_by_role("menuitem", name="Hide this phone").click()
    told = await first.locator(".messages").inner_text()
    await page.reload()
    await ready(page)
    await expect(page.locator(".phone")).to_have_count(1)
    assert await page.locator(".phone .messages").inner_text() == told


async def test_the_story_can_be_stopped_and_left(opens: Opener, playground: Playground) -> None:
    """It plays by itself, stops before the next act, goes on, and can be left with everybody on stage."""
    page = await opens()
    await page.get_by_role("button", name="Play the story for me").click()
    await expect(page.locator(".phone").first).to_be_visible(timeout=20_000)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator(".story")).to_contain_text("Paused")
    assert playground.storyteller.telling.state == "stopped"
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.get_by_role("button", name="Leave the story").click()
    await expect(page.get_by_role("button", name="Play the story for me")).to_be_visible()
    await expect(page.locator(".phone").first).to_be_visible()


async def test_blocking_and_unblocking(opens: Opener, playground: Playground) -> None:
    """A person who blocked the bot has only one button, and it lets the bot in again."""
    page = await opens()
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_label("More").first.click()
    await page.get_by_role("menuitem", name="Block the bot").click()
    await expect(phone.locator(".start")).to_have_text("Unblock the bot")
    (person,) = playground.stage.sandbox.world.people.values()
    assert person.blocked
    await phone.locator(".start").click()
    await expect(phone.locator("textarea")).to_be_visible()
    assert not person.blocked


EVIL = "<img src=x onerror=alert(1)><b>Mallory</b>"


async def test_what_people_write_is_text(opens: Opener, playground: Playground) -> None:
    """Names and texts that look like pages are shown as they were written, and nothing of them runs."""
    page = await opens()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    person = await playground.stage.client.person(EVIL, language_code="en")
    phone = page.locator(".phone")
    await expect(phone.locator("h2")).to_have_text(EVIL)
    await person.starts()
    await person.says(f"{EVIL} javascript:alert(1) [x](javascript:alert(2))")
    await expect(phone.locator(".mine .words").last).to_contain_text("<img src=x onerror=alert(1)>")
    assert (
        await page.locator("img[src='x']").count(),
        await page.locator("a[href^='javascript']").count(),
    ) == (0, 0)
    assert dialogs == []


@pytest.mark.parametrize("width", [360, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_barrier(opens: Opener, width: int, scheme: str) -> None:
    """axe finds nothing serious, with phones, messages, a voice message and an open menu."""
    page = await opens(width=width, height=760)
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await adds(page, "Applicant")
    phone = page.locator(".phone")
    await phone.locator(".start").click()
    await phone.get_by_role("button", name="English").click()
    await phone.get_by_label("Attach").click()
    await page.get_by_role("menuitem", name="whisper").click()
    await expect(phone.locator(".mine .voice")).to_have_count(1)
    await page.locator(".desk").get_by_role("button", name="Trouble").click()
    await page.wait_for_timeout(600)  # a toast may be fading; what is seen for long is judged
    found = await Axe().run(page)
    serious = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in serious] == []


async def test_by_keyboard_alone(opens: Opener) -> None:
    """Somebody is added, starts and presses a button without a pointer."""
    page = await opens()
    await page.get_by_role("button", name="Add a person").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    phone = page.locator(".phone")
    await phone.locator(".start").focus()
    await page.keyboard.press("Enter")
    await phone.get_by_role("button", name="English").focus()
    await page.keyboard.press("Enter")
    await expect(phone.locator("[data-press^='consent:']").first).to_be_visible()


async def test_one_phone_at_360_pixels(opens: Opener) -> None:
    """A switcher instead of a row; nothing reaches over the edge."""
    page = await opens(width=360, height=740)
    for _ in range(3):
        await adds(page, "Applicant")
    await expect(page.locator(".switcher button")).to_have_count(3)
    await page.locator(".switcher button").nth(1).click()
    assert await page.locator(".phone:visible").count() == 1
    assert await page.evaluate("document.documentElement.scrollWidth") == 360


async def test_the_page_in_chinese(opens: Opener) -> None:
    """A browser set to Chinese gets a Chinese desk, and can change it."""
    page = await opens(language="zh-CN")
    await expect(page.locator(".desk")).to_contain_text("试玩台")
    await page.get_by_role("button", name="English").click()
    await ready(page)
    await expect(page.locator(".desk")).to_contain_text("Duologue playground")


async def test_five_hundred_messages_stay_smooth(opens: Opener, playground: Playground) -> None:
    """Of a long chat only what was asked for is on the page, and what is out of sight is not laid out."""
    page = await opens()
    person = await playground.stage.client.person("Ann", language_code="en", started=True)
    chat = playground.stage.sandbox.world.chats[person.id]
    for number in range(500):
        playground.stage.sandbox.world.new_message(
            chat, chat.as_json(), {"text": f"message {number}"}, by_bot=False
        )
    await page.reload()
    await ready(page)
    phone = page.locator(".phone")
    await expect(phone.locator(".message").last).to_contain_text("message 499")
    assert await phone.locator(".message").count() == 60
    await phone.locator(".older").click()
    await expect(phone.locator(".message")).to_have_count(120)
    visibility = await phone.locator(".message").first.evaluate("e => getComputedStyle(e).contentVisibility")
    assert visibility == "auto"


async def test_the_page_waits_for_a_playground_that_is_gone(opens: Opener, playground: Playground) -> None:
    """It says so, instead of pretending."""
    page = await opens()
    async with quiet(opens, "ERR_", "Failed to load"):
        await playground.stop()
        await expect(page.locator(".notes")).to_contain_text("No connection", timeout=10_000)
