"""The real python-telegram-bot speaks to the sandbox as to Telegram."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, NetworkError, RetryAfter, TimedOut

from bot.sandbox import Person, Sandbox, SandboxClient
from tests.sandbox.test_sending import PNG


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[telegram.Bot]:
    """The library's bot, pointed at the sandbox."""
    async with telegram.Bot(
        sandbox.token, base_url=f"{sandbox.url}/bot", base_file_url=f"{sandbox.url}/file/bot"
    ) as started:
        yield started


async def test_a_conversation(bot: telegram.Bot, ann: Person) -> None:
    """Text in, text with buttons out, a press, its answer, an edit."""
    assert (bot.id, bot.username) == (7000000001, "duologue_bot")
    await ann.says("/start x")
    [update] = await bot.get_updates(timeout=5, allowed_updates=["message", "callback_query"])
    assert update.message is not None
    assert (update.message.text, update.message.chat.id) == ("/start x", ann.id)
    button = telegram.InlineKeyboardButton("Yes", callback_data="consent:review:1:yes")
    await update.message.reply_html(
        "Do you <b>agree</b>?", reply_markup=telegram.InlineKeyboardMarkup([[button]]), do_quote=True
    )
    heard = await ann.hears("agree")
    assert heard.message["entities"] == [{"offset": 7, "length": 5, "type": "bold"}]
    pressing = asyncio.create_task(ann.presses("consent:review:"))
    [update] = await bot.get_updates(offset=update.update_id + 1, timeout=5)
    query = update.callback_query
    assert query is not None
    await query.answer("Thank you")
    await query.edit_message_text("Agreed.")
    answer = await pressing
    assert (answer.text, answer.alert) == ("Thank you", False)
    assert (await ann.hears("Agreed.")).edited


async def test_files_both_ways(bot: telegram.Bot, client: SandboxClient, ann: Person) -> None:
    """Download what a person sent; send voice, audio, document and photo; send again by id."""
    await ann.sends_voice(b"OggS" * 100, duration=150)
    [update] = await bot.get_updates(timeout=5)
    assert update.message is not None
    assert update.message.voice is not None
    file = await update.message.voice.get_file()
    assert bytes(await file.download_as_bytearray()) == b"OggS" * 100
    sent = await bot.send_voice(ann.id, update.message.voice.file_id, caption="again")
    assert sent.voice == update.message.voice
    await bot.send_audio(ann.id, b"a", filename="a.mp3", title="T", performer="P", duration=3)
    await bot.send_document(
        ann.id, io.BytesIO(b"1,2"), filename="list.csv", caption="<i>c</i>", parse_mode="HTML"
    )
    photo = await bot.send_photo(ann.id, PNG)
    assert (photo.photo[0].width, photo.photo[0].height) == (640, 480)
    changed = await bot.edit_message_media(
        telegram.InputMediaDocument(b"new", filename="new.csv"), chat_id=ann.id, message_id=photo.message_id
    )
    assert isinstance(changed, telegram.Message)
    heard = [await ann.hears(kind=kind) for kind in ("voice", "audio", "document", "photo", "document")]
    data = [await client.download(message.file_id or "") for message in heard]
    assert data == [b"OggS" * 100, b"a", b"1,2", PNG, b"new"]


async def test_refusals_become_the_librarys_errors(
    bot: telegram.Bot, client: SandboxClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each description is one that the library knows."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    stranger = await client.person("Stranger")
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(stranger.id, "x")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    shy = await client.person("Shy", started=True, refuses_voice=True)
    with pytest.raises(BadRequest, match="Voice_messages_forbidden"):
        await bot.send_voice(shy.id, b"x")
    group = await client.group("G", [ann])
    new = await group.migrates()
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(group.id, "x")
    assert migrated.value.new_chat_id == new.id
    await client.fault("retry_after", seconds=3)
    with pytest.raises(RetryAfter, match=r"Retry in 0:00:03"):
        await bot.send_message(ann.id, "x")
    await client.fault("error", status=502)
    with pytest.raises(NetworkError, match="502"):
        await bot.send_message(ann.id, "x")
    await client.fault("drop_before")
    with pytest.raises(NetworkError):
        await bot.send_message(ann.id, "x")
    await client.fault("delay", seconds=0.5)
    with pytest.raises(TimedOut):
        await bot.send_message(ann.id, "x", read_timeout=0.1)


async def test_setting_up(bot: telegram.Bot, ann: Person) -> None:
    """Commands, descriptions, webhook, chats and members."""
    commands = [telegram.BotCommand("start", "Begin")]
    assert await bot.set_my_commands(commands, scope=telegram.BotCommandScopeChat(ann.id), language_code="en")
    assert await ann.menu() == [{"command": "start", "description": "Begin"}]
    assert await bot.get_my_commands(telegram.BotCommandScopeChat(ann.id), "en") == tuple(commands)
    assert await bot.delete_my_commands(telegram.BotCommandScopeChat(ann.id), "en")
    assert await bot.set_my_description("Hello")
    assert (await bot.get_my_description()).description == "Hello"
    assert await bot.set_my_short_description("Hi")
    assert (await bot.get_chat(ann.id)).first_name == "Ann"
    assert (await bot.get_chat_member(ann.id, ann.id)).status == "member"
    assert await bot.send_chat_action(ann.id, "typing")
    assert await bot.set_webhook("https://example.org/hook", secret_token="s", allowed_updates=["message"])
    assert (await bot.get_webhook_info()).allowed_updates == ("message",)
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    assert await bot.delete_webhook()


async def test_every_update_can_be_read(bot: telegram.Bot, client: SandboxClient, ann: Person) -> None:
    """The library parses whatever people can do, with nothing left over."""
    await ann.sends_contact("+1")
    await ann.sends_location(1.5, 2.5)
    await ann.sends_photo(PNG)
    await ann.sends_file("sticker", b"s", "s.webp")
    await ann.sends_file("video_note", b"v", "v.mp4")
    await ann.sends_voice(b"v", forwarded_from="Hidden")
    await ann.edits((await ann.says("x"))["message"]["message_id"], "y")
    await ann.blocks()
    await ann.unblocks()
    group = await client.group("G", [ann], admin=True)
    await group.migrates()
    await ann.forges("x:1", inaccessible=True, timeout=0.01)
    updates = await bot.get_updates(limit=100)
    kinds = [
        key for update in updates for key in ("message", "edited_message", "callback_query", "my_chat_member")
        if getattr(update, key) is not None
    ]  # fmt: skip
    assert kinds == [
        *["message"] * 7,
        "edited_message",
        "my_chat_member",
        "my_chat_member",
        "my_chat_member",
        *["message"] * 3,
        "callback_query",
    ]
    assert [update.api_kwargs for update in updates] == [{}] * len(updates)
    messages = [update.effective_message for update in updates if update.message]
    assert [dict(message.api_kwargs) for message in messages if message] == [{}] * len(messages)
    last = updates[-1].callback_query
    assert last is not None
    assert last.message is not None
    assert not last.message.is_accessible
