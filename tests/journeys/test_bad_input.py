"""Kind to bad input: everything gets the next useful step, and nothing is lost."""

import re

import pytest
from sqlmodel import select

from bot.rules.consent import CONSENT_VERSION
from bot.services.pairing.qr import png
from storage.tables import InboxRow, Person, Sample
from tests.audio.files import encode, noise, silence_bomb
from tests.stage import Stage

GARBAGE = "This is a text and no audio at all. " * 40


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "voice.ogg", "empty"),
        (GARBAGE.encode(), "voice.ogg", "no audio that I know"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "voice.ogg", "no audio that I know"),
        (b"OggS" + bytes(4000), "voice.ogg", "cannot be read"),
    ],
)
async def test_files_that_are_no_audio(stage: Stage, data: bytes, name: str, words: str) -> None:
    """Each says that it cannot be read, why, and what to do; it costs no attempt."""
    ann = await stage.newcomer("Ann")
    await ann.sends_document(data, name, mime_type="audio/ogg")
    await ann.hears("received")
    told = await ann.hears("not accepted", timeout=20)
    assert words in told.text
    assert "cannot be read" in told.text
    assert "does not count as an attempt" in told.text
    assert "3 attempts left" in told.text


async def test_a_truncated_recording(stage: Stage) -> None:
    """Cut off in the middle: told as damaged, together with what else is wrong."""
    ann = await stage.newcomer("Ann")
    whole = stage.dialogue("night-market")
    await ann.sends_voice(whole[: len(whole) // 3], duration=170)
    told = await ann.hears("not accepted", timeout=20)
    assert "damaged or cut off" in told.text


async def test_hours_of_silence_in_two_megabytes(stage: Stage) -> None:
    """A bomb is a sample that is too long and silent, and costs nobody else anything."""
    ann, ben = await stage.newcomer("Ann"), await stage.newcomer("Ben")
    await ann.sends_voice(silence_bomb(2), duration=150)
    await ann.hears("received")
    await ben.says("/status")
    await ben.hears("not sent a sample", timeout=5)
    told = await ann.hears("not accepted", timeout=40)
    assert "Too long" in told.text
    assert "Silence" in told.text


async def test_more_than_telegram_hands_out(stage: Stage) -> None:
    """21 MB is refused before trying, kindly, and costs no attempt."""
    ann = await stage.newcomer("Ann")
    await ann.sends_document(bytes(21_000_000), "long.wav", mime_type="audio/wav")
    told = await ann.hears("too large")
    assert "21.0 MB" in told.text
    assert "20 MB" in told.text
    async with stage.app.units.reading() as look:
        assert await look.tx.all(select(Sample)) == []


async def test_a_wrong_type_is_no_reason_to_refuse(stage: Stage) -> None:
    """The sender's claims prove nothing: a good mp3 called a wav of one second passes."""
    ann = await stage.newcomer("Ann")
    mp3 = encode(noise(130.0), "mp3", "mp3")
    await ann.sends_document(mp3, "talk.wav", mime_type="audio/x-wav")
    await ann.hears("received")
    told = await ann.hears(re.compile("checks passed|not accepted"), timeout=30)
    assert "cannot be read" not in told.text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("<b>Ann</b> & Söhne", "<b>Ann</b> & Söhne"),
        ("👩‍👩‍👧 小美 مريم", "👩‍👩‍👧 小美 مريم"),
        ("Ann\u202eevil\u202c", "Annevil"),
        ("  Ann \n  Lee ", "Ann Lee"),
    ],
)
async def test_names_of_every_kind(stage: Stage, typed: str, kept: str) -> None:
    """Markup, emoji, right-to-left and stray spaces: kept as a name, harmless in every message."""
    ann = await _until_name(stage)
    await ann.says(typed)
    await ann.hears("In which year")
    async with stage.app.units.reading() as look:
        assert await look.tx.one(select(Person.name).where(Person.telegram_id == ann.id)) == kept


async def test_a_name_of_4000_characters(stage: Stage) -> None:
    """Too long is said with both numbers, and the question stays open."""
    ann = await _until_name(stage)
    await ann.says("A" * 4000)
    told = await ann.hears("too long")
    assert "4,000" in told.text or "4000" in told.text
    await ann.says("Ann")
    await ann.hears("In which year")


async def _until_name(stage: Stage):  # type: ignore[no-untyped-def]
    ann = await stage.client.person("A<i>nn", language_code="en")
    await ann.says("/start")
    await ann.presses(await ann.sees_button("lang:en"))
    for purpose in ("review", "recording", "training"):
        await ann.presses(await ann.sees_button(f"consent:{purpose}:{CONSENT_VERSION}:yes"))
    await ann.hears("What shall we call you")
    return ann


@pytest.mark.parametrize(
    "data",
    [
        "nonsense",
        "vote:99999999:yes",
        "vote::",
        "sample:1:agreed:maybe",
        "sample:x:agreed:yes",
        "sample:99999999999999999999999:agreed:yes",
        "consent:review:0:yes",
        "consent:everything:1:yes",
        "profile:gender:tree",
        "profile:unknown:x",
        "city:atlantis",
        "match:1:yes",
        "book:1",
        "hold:1:yes",
        "cancel:1:all",
        "offer:1:yes",
        "shift:1:yes",
        "slots:1:open",
        "cast:1:send",
        "appeal:1",
        "why:1:noise",
        "lang:xx",
    ],
)
async def test_forged_presses_are_answered_and_change_nothing(stage: Stage, data: str) -> None:
    """Any client can send any callback data: it gets a word, and no error is set aside."""
    ann = await stage.newcomer("Ann")
    message = (await ann.history())[-1]["message"]["message_id"]
    answer = await ann.forges(data, message_id=message)
    assert answer.answered
    assert answer.text
    assert await _set_aside(stage) == []


async def test_a_press_on_a_message_that_is_gone(stage: Stage) -> None:
    """A year-old button, its message no longer accessible, still does what it can."""
    ann = await stage.newcomer("Ann")
    button = await ann.sees_button("lang:zh")
    answer = await ann.presses(button, inaccessible=True)
    assert answer.answered
    await ann.hears("中文")


@pytest.mark.parametrize("what", ["sticker", "photo", "contact", "location", "video_note", "text", "command"])
async def test_nothing_meets_silence(stage: Stage, what: str) -> None:
    """Whatever is sent to the bot, an answer comes and says how to go on."""
    ann = await stage.newcomer("Ann")
    await ann.heard()
    if what == "text":
        await ann.says("Hello? Anybody?")
    elif what == "command":
        await ann.says("/nonsense")
    elif what == "contact":
        await ann.sends_contact("+861234567")
    elif what == "location":
        await ann.sends_location(39.9, 116.4)
    else:
        await ann.sends_file(what, png("https://example.org"), "file.png")
    told = await ann.hears(timeout=5)
    assert told.text


async def test_updates_nobody_understands(stage: Stage) -> None:
    """An unknown type is passed over, one that does not parse is set aside, and the next person is served."""
    await stage.client.inject({"some_future_thing": {"id": 1}})
    await stage.client.inject({"message": {"message_id": "no number", "chat": 5, "date": None}})
    await stage.client.inject(
        {"message": {"message_id": 7, "date": 1, "chat": {"id": 1}, "from": {"id": "x"}}}
    )
    ann = await stage.newcomer("Ann")
    assert ann.id
    assert len(await _set_aside(stage)) >= 1


async def _set_aside(stage: Stage) -> list[InboxRow]:
    async with stage.app.units.reading() as look:
        return list(await look.tx.all(select(InboxRow).where(InboxRow.state == "failed")))


async def test_a_group_is_left_in_peace(stage: Stage) -> None:
    """In groups only commands, mentions and replies are answered, and what is private stays private."""
    ann = await stage.newcomer("Ann")
    group = await stage.client.group("Waiting room", [ann], admin=True)
    await ann.says("anyone record with me?", chat=group)
    await group.hears_nothing(within=0.5)
    await ann.says("@duologue_bot hello", chat=group)
    await group.hears("private chat")
    await ann.says("/status", chat=group)
    await group.hears("private chat")


async def test_a_thousand_messages_from_one_person_keep_nobody_waiting(stage: Stage) -> None:
    """A flood is served in turn: another person's press is answered long before its end."""
    ann = await stage.newcomer("Ann")
    flooder = await stage.newcomer("Flo")
    batch = [{"person": flooder.id, "text": "again!"} for _ in range(300)]
    await stage.client.batch(batch)
    await ann.says("/status")
    await ann.hears("not sent a sample", timeout=5)
    assert len(await flooder.history()) < 900
