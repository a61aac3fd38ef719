"""Sending: what a message becomes at Telegram, and every way in which that can end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot
from telegram.error import RetryAfter as TelegramRetryAfter

from bot.audio.store import AudioStore
from bot.sandbox import Person, Sandbox, SandboxClient
from bot.services.messages import KINDS, Message
from bot.services.messages.people import CommandMenu
from bot.services.ports import (
    Blocked,
    Moved,
    NotSent,
    Outcome,
    Outgoing,
    RetryAfter,
    Sent,
    Uncertain,
)
from bot.texts import Html, Speech
from handlers.screen import Attachment, Button, Recording, Screen, screen
from handlers.telegram.send import TelegramSender, seconds_of
from handlers.telegram.transport import AiohttpRequest

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc00000000300"
    "01189ddb8e0000000049454e44ae426082"
)


@dataclass(frozen=True)
class Shown(Message):
    """A message of these tests; what it looks like lies beside it."""

    look: int = 0


LOOKS: list[Screen] = []


@pytest.fixture(autouse=True)
def _known() -> Iterator[None]:
    """The kind is known in these tests only."""
    screen.register(Shown, lambda message, _say: LOOKS[message.look])
    yield
    LOOKS.clear()
    KINDS.pop("Shown", None)


@pytest.fixture
async def store(tmp_path: Path) -> AudioStore:
    """A store with nothing in it."""
    return AudioStore(tmp_path / "audio")


@pytest.fixture
async def sender(bot: Bot, store: AudioStore) -> TelegramSender:
    """What the outbox delivers through."""
    return TelegramSender(bot, store)


async def deliver(sender: TelegramSender, chat_id: int, look: Screen, edits: int | None = None) -> Outcome:
    """Deliver a message that looks so."""
    LOOKS.append(look)
    return await sender.deliver(Outgoing(chat_id, "en", Shown(len(LOOKS) - 1), edits))


def text(words: str, *buttons: Button) -> Screen:
    """A screen of words and one row of buttons."""
    return Screen(Html(words), (buttons,) if buttons else ())


# --- what arrives


async def test_text_and_buttons(sender: TelegramSender, ann: Person) -> None:
    """HTML is understood, labels are plain, a button presses or links."""
    buttons = (Button(Html("A &amp; B"), "vote:1:yes"), Button("Map", url="https://example.org/"))
    outcome = await deliver(sender, ann.id, text("<b>Yes</b> &lt;or&gt; no", *buttons))
    heard = await ann.hears()
    assert outcome == Sent(heard.message_id)
    assert heard.text == "Yes <or> no"
    assert [(b.text, b.data, b.url) for b in heard.buttons] == [
        ("A & B", "vote:1:yes", None),
        ("Map", None, "https://example.org/"),
    ]


async def test_words_in_the_readers_language(sender: TelegramSender, ann: Person) -> None:
    """The same message, made into words by the language it is delivered in."""
    seen = []

    def look(_message: Shown, say: Speech) -> Screen:
        seen.append(say.language)
        return text("x")

    screen.register(Shown, look)
    for language in ("en", "zh", "xx"):
        await sender.deliver(Outgoing(ann.id, language, Shown()))
    assert seen == ["en", "zh", "en"]


async def test_a_command_menu_is_no_message(sender: TelegramSender, ann: Person) -> None:
    """It is set for the chat, and leaves nothing to be edited."""
    outcome = await sender.deliver(Outgoing(ann.id, "en", CommandMenu(("help", "status"))))
    assert outcome == Sent(None)
    assert [entry["command"] for entry in await ann.menu()] == ["help", "status"]
    assert await ann.history() == []


@pytest.mark.parametrize(("picture", "kind"), [(False, "document"), (True, "photo")])
async def test_attachments(
    sender: TelegramSender, client: SandboxClient, ann: Person, picture: bool, kind: str
) -> None:
    """A file to keep, or a picture to look at, with the words as its caption."""
    look = Screen(Html("<i>Here</i>"), attachment=Attachment("slots.png", PNG, picture=picture))
    outcome = await deliver(sender, ann.id, look)
    heard = await ann.hears("Here", kind=kind)
    assert outcome == Sent(heard.message_id)
    assert await client.download(heard.file_id or "") == PNG


async def test_a_kept_picture(
    sender: TelegramSender, client: SandboxClient, store: AudioStore, ann: Person
) -> None:
    """By its key, with the words as its caption, which an edit changes."""
    look = Screen(Html("<b>Here</b>"), picture=await store.put(PNG, "png"))
    outcome = await deliver(sender, ann.id, look)
    heard = await ann.hears("Here", kind="photo")
    assert outcome == Sent(heard.message_id)
    assert await client.download(heard.file_id or "") == PNG
    changed = Screen(Html("There"), picture=look.picture)
    assert await deliver(sender, ann.id, changed, heard.message_id) == Sent(heard.message_id)
    assert await ann.reads() == ["There"]


async def test_a_picture_that_was_erased(sender: TelegramSender, store: AudioStore, ann: Person) -> None:
    """Its words stand alone."""
    key = await store.put(PNG, "png")
    await store.delete(key)
    outcome = await deliver(sender, ann.id, Screen(Html("Here"), picture=key))
    heard = await ann.hears("Here", kind="text")
    assert outcome == Sent(heard.message_id)


async def test_a_picture_that_telegram_does_not_take(
    sender: TelegramSender, store: AudioStore, ann: Person
) -> None:
    """Its words stand alone; what else is wrong with a call is told as ever."""
    key = await store.put(b"no picture", "png")
    outcome = await deliver(sender, ann.id, Screen(Html("Here"), picture=key))
    heard = await ann.hears("Here", kind="text")
    assert outcome == Sent(heard.message_id)
    assert await deliver(sender, 999_999, Screen(Html("Here"), picture=key)) == Blocked("Chat not found")


async def given_voice(bot: Bot, client: SandboxClient, store: AudioStore, data: bytes) -> Recording:
    """A recording that somebody sent, kept in the store."""
    giver = await client.person("Giver")
    await giver.sends_voice(data, duration=150)
    [update] = await bot.get_updates(timeout=5, read_timeout=10)
    assert update.message is not None
    assert update.message.voice is not None
    return Recording(update.message.voice.file_id, "voice", await store.put(data, "ogg"))


async def test_a_recording_is_passed_on(
    sender: TelegramSender, bot: Bot, client: SandboxClient, store: AudioStore, ann: Person
) -> None:
    """By its id, without uploading it again, with words and buttons under it."""
    recording = await given_voice(bot, client, store, b"OggS" * 50)
    look = Screen(Html("Sample 5"), ((Button("Approve", "vote:5:yes"),),), recording=recording)
    outcome = await deliver(sender, ann.id, look)
    heard = await ann.hears("Sample 5", kind="voice")
    assert outcome == Sent(heard.message_id)
    assert heard.file_id == recording.file_id
    assert [b.data for b in heard.buttons] == ["vote:5:yes"]


async def test_who_refuses_voice_gets_the_audio(
    sender: TelegramSender, bot: Bot, client: SandboxClient, store: AudioStore
) -> None:
    """Premium users can refuse voice messages: the same bytes come as an audio file."""
    recording = await given_voice(bot, client, store, b"OggS" * 50)
    shy = await client.person("Shy", started=True, refuses_voice=True)
    outcome = await deliver(sender, shy.id, Screen(Html("Sample 5"), recording=recording))
    heard = await shy.hears("Sample 5", kind="audio")
    assert outcome == Sent(heard.message_id)
    assert await client.download(heard.file_id or "") == b"OggS" * 50


async def test_voice_refused_and_nothing_kept(
    sender: TelegramSender, bot: Bot, client: SandboxClient, store: AudioStore
) -> None:
    """Without the bytes there is no other way: certainly not sent."""
    recording = await given_voice(bot, client, store, b"OggS" * 50)
    shy = await client.person("Shy", started=True, refuses_voice=True)
    look = Screen(Html("Sample 5"), recording=Recording(recording.file_id, "voice"))
    outcome = await deliver(sender, shy.id, look)
    assert isinstance(outcome, NotSent)
    assert not outcome.again
    assert await shy.history() == []


async def test_a_voice_note_of_our_own(
    sender: TelegramSender, client: SandboxClient, ann: Person, store: AudioStore
) -> None:
    """It goes as a voice message, to who refuses those as a file, and to nobody once it was erased."""
    key = await store.put(b"OggS" * 50, "ogg")
    look = Screen(Html("Ten seconds"), recording=Recording("", "voice", key))
    await deliver(sender, ann.id, look)
    heard = await ann.hears("Ten seconds", kind="voice")
    assert await client.download(heard.file_id or "") == b"OggS" * 50
    shy = await client.person("Shy", started=True, refuses_voice=True)
    await deliver(sender, shy.id, look)
    heard = await shy.hears("Ten seconds", kind="audio")
    assert await client.download(heard.file_id or "") == b"OggS" * 50
    await store.delete(key)
    outcome = await deliver(sender, ann.id, look)
    assert outcome == NotSent("the recording was erased", again=False)


# --- edits


async def test_an_edit_changes_text_and_buttons(sender: TelegramSender, ann: Person) -> None:
    """The message stays the same one; buttons that are not there any more go."""
    first = await deliver(sender, ann.id, text("One", Button("Yes", "a:1")))
    assert isinstance(first, Sent)
    assert await deliver(sender, ann.id, text("<b>Two</b>"), edits=first.message_id) == first
    await ann.hears("Two")
    assert await ann.reads() == ["Two"]
    assert await ann.buttons() == []


async def test_an_edit_that_changes_nothing_is_done(sender: TelegramSender, ann: Person) -> None:
    """Telegram complains that nothing changed; that is what was wanted."""
    first = await deliver(sender, ann.id, text("One"))
    assert isinstance(first, Sent)
    assert await deliver(sender, ann.id, text("One"), edits=first.message_id) == first


async def test_an_edit_of_a_recording_changes_its_caption(
    sender: TelegramSender, bot: Bot, client: SandboxClient, store: AudioStore, ann: Person
) -> None:
    """The recording itself stays: Telegram cannot replace a voice message."""
    recording = await given_voice(bot, client, store, b"OggS" * 50)
    first = await deliver(sender, ann.id, Screen(Html("Sample 5"), recording=recording))
    assert isinstance(first, Sent)
    outcome = await deliver(
        sender, ann.id, Screen(Html("You approved"), recording=recording), edits=first.message_id
    )
    assert outcome == first
    assert await ann.reads() == ["You approved"]


async def test_an_edit_of_what_is_gone(sender: TelegramSender, ann: Person) -> None:
    """There is nothing to change, and trying again does not help."""
    outcome = await deliver(sender, ann.id, text("Two"), edits=987)
    assert isinstance(outcome, NotSent)
    assert not outcome.again


# --- how it can end


async def test_blocked(sender: TelegramSender, client: SandboxClient, ann: Person) -> None:
    """Blocked, deleted, never begun, unknown: nobody to write to."""
    await ann.blocks()
    deleted = await client.person("Deleted", started=True, deactivated=True)
    stranger = await client.person("Stranger")
    for chat_id in (ann.id, deleted.id, stranger.id, 424_242):
        outcome = await deliver(sender, chat_id, text("Hello"))
        assert isinstance(outcome, Blocked), outcome


async def test_thrown_out_of_a_group(sender: TelegramSender, client: SandboxClient, ann: Person) -> None:
    """A group without the bot is a chat that cannot be written to."""
    group = await client.group("Reviewers", [ann])
    assert isinstance(await deliver(sender, group.id, text("Hello")), Sent)
    await group.removes_bot()
    assert isinstance(await deliver(sender, group.id, text("Hello")), Blocked)


async def test_a_group_that_moved(sender: TelegramSender, client: SandboxClient, ann: Person) -> None:
    """Nothing was sent; the new id is told."""
    group = await client.group("Reviewers", [ann])
    moved = await group.migrates()
    assert await deliver(sender, group.id, text("Hello")) == Moved(moved.id)


async def test_silence_is_wanted(sender: TelegramSender, client: SandboxClient, ann: Person) -> None:
    """For so many seconds, as a number, however the library is told to give it."""
    await client.fault("retry_after", "sendMessage", seconds=7)
    assert await deliver(sender, ann.id, text("Hello")) == RetryAfter(7.0)


def test_seconds_of_both_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An integer in today's library, a timedelta in the next one and where somebody opted in."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    assert seconds_of(TelegramRetryAfter(35)) == 35.0
    monkeypatch.delenv("PTB_TIMEDELTA")
    with pytest.warns(match="retry_after"):
        assert seconds_of(TelegramRetryAfter(35)) == 35.0


@pytest.mark.parametrize(
    "words", ["<b>never closed", "<blink>x</blink>", "", "x" * 5000], ids=["open", "unknown", "empty", "long"]
)
async def test_what_telegram_refuses(sender: TelegramSender, ann: Person, words: str) -> None:
    """A mistake in our own words: certainly not sent, and not tried again."""
    outcome = await deliver(sender, ann.id, text(words))
    assert isinstance(outcome, NotSent)
    assert not outcome.again
    assert outcome.reason


@pytest.mark.parametrize(
    "fault",
    ["drop_after", "drop_before", "malformed", "error", "error_after", "half", "hang_before", "hang_after"],
)
async def test_left_open(sender: TelegramSender, client: SandboxClient, ann: Person, fault: str) -> None:
    """A broken connection, an answer that is none or does not come, a gateway's page: nobody knows."""
    await client.fault(fault, "sendMessage", seconds=60)
    assert isinstance(await deliver(sender, ann.id, text("Hello")), Uncertain)


@pytest.mark.parametrize("status", [302, 401, 403, 404, 407])
async def test_turned_away(sender: TelegramSender, client: SandboxClient, ann: Person, status: int) -> None:
    """A proxy or a login page did not pass it on: nobody blocked the bot, and it goes again."""
    await client.fault("error", "sendMessage", status=status)
    outcome = await deliver(sender, ann.id, text("Hello"))
    assert outcome == NotSent(f"a page with status {status} instead of an answer")
    assert isinstance(await deliver(sender, ann.id, text("Hello")), Sent)
    assert await ann.reads() == ["Hello"]


async def test_an_outage_puts_nothing_else_in_doubt(
    sender: TelegramSender, client: SandboxClient, ann: Person
) -> None:
    """After a doubt Telegram is asked first whether it is there; until it is, nothing is tried and nothing open."""
    await client.fault("error", status=502, times=3)
    assert isinstance(await deliver(sender, ann.id, text("First")), Uncertain)
    for _ in range(2):
        outcome = await deliver(sender, ann.id, text("Second"))
        assert isinstance(outcome, NotSent)
        assert outcome.again
    assert isinstance(await deliver(sender, ann.id, text("Third")), Sent)
    calls = [(entry["method"], entry["status"]) for entry in await client.requests()]
    assert calls[1:] == [
        ("sendMessage", 502),
        ("getMe", 502),
        ("getMe", 502),
        ("getMe", 200),
        ("sendMessage", 200),
    ]


async def test_many_ask_once(sender: TelegramSender, client: SandboxClient, ann: Person) -> None:
    """Whoever wants to send meanwhile waits for the same answer, and goes when it is good."""
    await client.fault("drop_before", "sendMessage")
    assert isinstance(await deliver(sender, ann.id, text("x")), Uncertain)
    await client.fault("delay", "getMe", seconds=0.1)
    outcomes = await asyncio.gather(*(deliver(sender, ann.id, text(f"{n}")) for n in range(5)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert len(await client.requests("getMe")) == 2  # the first was made at the start
    assert sorted(await ann.reads()) == ["0", "1", "2", "3", "4"]


async def test_silence_wanted_of_the_question(
    sender: TelegramSender, client: SandboxClient, ann: Person
) -> None:
    """A 429 for it holds everybody, like any other."""
    await client.fault("drop_before", "sendMessage")
    assert isinstance(await deliver(sender, ann.id, text("x")), Uncertain)
    await client.fault("retry_after", "getMe", seconds=7)
    assert await deliver(sender, ann.id, text("x")) == RetryAfter(7.0)


@pytest.fixture
async def lonely(sandbox: Sandbox, store: AudioStore) -> AsyncIterator[TelegramSender]:
    """A sender whose server has gone away since it began."""
    bot = Bot(sandbox.token, base_url=f"{sandbox.url}/bot", request=AiohttpRequest(connect_timeout=0.5))
    async with bot:
        await sandbox.stop()
        yield TelegramSender(bot, store)


async def test_nobody_there(lonely: TelegramSender) -> None:
    """No connection: certainly not sent, and worth trying again."""
    outcome = await deliver(lonely, 5, text("Hello"))
    assert isinstance(outcome, NotSent)
    assert outcome.again


async def test_a_token_that_is_refused_later(sender: TelegramSender, sandbox: Sandbox, ann: Person) -> None:
    """Revoked while the bot runs: nothing is lost, it waits for a new one."""
    sandbox.api.token = "5:other"
    outcome = await deliver(sender, ann.id, text("Hello"))
    assert isinstance(outcome, NotSent)
    assert outcome.again


async def test_no_ending_knows_the_token(
    sender: TelegramSender, sandbox: Sandbox, client: SandboxClient, ann: Person
) -> None:
    """The reasons go into the database."""
    secret = sandbox.token.partition(":")[2]
    for fault in ("drop_after", "error", "malformed", "retry_after"):
        await client.fault(fault, "sendMessage")
        assert secret not in repr(await deliver(sender, ann.id, text("Hello")))
    assert secret not in repr(await deliver(sender, ann.id, text("<b>")))


async def test_a_recording_of_another_bots_id(
    sender: TelegramSender, client: SandboxClient, store: AudioStore, ann: Person
) -> None:
    """After the token was replaced by another bot's, old ids are worth nothing: the kept bytes go instead."""
    key = await store.put(b"OggS" * 50, "ogg")
    outcome = await deliver(
        sender, ann.id, Screen(Html("S"), recording=Recording("of-another-bot", "voice", key))
    )
    heard = await ann.hears("S", kind="audio")
    assert outcome == Sent(heard.message_id)
    assert await client.download(heard.file_id or "") == b"OggS" * 50


@pytest.fixture
async def bare(store: AudioStore) -> AsyncIterator[TelegramSender]:
    """A sender to a server that knows its bot and nothing else."""

    async def answer(request: web.Request) -> web.Response:
        if request.match_info["method"] == "getMe":
            me = {"id": 5, "is_bot": True, "first_name": "Bare", "username": "bare_bot"}
            return web.json_response({"ok": True, "result": me})
        unknown = {"ok": False, "error_code": 404, "description": "Not Found"}
        return web.json_response(unknown, status=404)

    application = web.Application()
    application.router.add_post("/bot5:x/{method}", answer)
    async with (
        TestServer(application) as server,
        Bot("5:x", base_url=str(server.make_url("/bot")), request=AiohttpRequest()) as bot,
    ):
        yield TelegramSender(bot, store)


@pytest.fixture
async def odd(store: AudioStore) -> AsyncIterator[TelegramSender]:
    """A sender to a server whose good answers have an odd shape."""

    async def answer(request: web.Request) -> web.Response:
        me = {"id": 5, "is_bot": True, "first_name": "Odd", "username": "odd_bot"}
        result = me if request.match_info["method"] == "getMe" else {"message_id": "one"}
        return web.json_response({"ok": True, "result": result})

    application = web.Application()
    application.router.add_post("/bot5:x/{method}", answer)
    async with (
        TestServer(application) as server,
        Bot("5:x", base_url=str(server.make_url("/bot")), request=AiohttpRequest()) as bot,
    ):
        yield TelegramSender(bot, store)


async def test_an_answer_of_another_shape(odd: TelegramSender) -> None:
    """Good news that the library cannot read: it may well have arrived."""
    assert isinstance(await deliver(odd, 5, text("Hello")), Uncertain)


async def test_a_server_without_menus(bare: TelegramSender) -> None:
    """A menu that nobody can show is done with: whatever comes after it shall not wait."""
    assert await bare.deliver(Outgoing(5, "en", CommandMenu(("start",)))) == Sent(None)


async def test_a_server_without_the_method(bare: TelegramSender) -> None:
    """Trying again would hold up everybody for ever."""
    outcome = await deliver(bare, 5, text("Hello"))
    assert isinstance(outcome, NotSent)
    assert not outcome.again
