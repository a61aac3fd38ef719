"""What people do, and what the bot gets to hear of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import Person, SandboxClient, SandboxError
from tests.sandbox.rawbot import RawBot
from tests.sandbox.test_sending import PNG


async def only_message(api: RawBot) -> dict[str, Any]:
    """Return the one message that waits."""
    [update] = await api.updates()
    message: dict[str, Any] = update["message"]
    return message


async def test_a_person_is_created_and_changed(client: SandboxClient) -> None:
    """Everything about a person can be set and seen."""
    zhao = await client.person("Zhao", last_name="Li", username="zhao", language_code="zh", id=6_000_000_000)
    expected = {
        "id": 6_000_000_000,
        "is_bot": False,
        "first_name": "Zhao",
        "last_name": "Li",
        "username": "zhao",
        "language_code": "zh",
        "started": False,
        "blocked": False,
        "refuses_voice": False,
        "deactivated": False,
    }
    assert await client.get(f"people/{zhao.id}") == expected
    changed = await zhao.changes(first_name="Chao", last_name=None, refuses_voice=True, started=True)
    expected.update(first_name="Chao", refuses_voice=True, started=True)
    del expected["last_name"]
    assert changed == expected
    assert await client.get("people") == [expected]


async def test_a_start_link(api: RawBot, client: SandboxClient) -> None:
    """Opening a link says /start with its payload; payloads that Telegram refuses are refused."""
    ann = await client.person("Ann")
    await ann.opens("https://t.me/duologue_bot?start=abc_-1")
    assert (await only_message(api))["text"] == "/start abc_-1"
    await ann.starts()
    assert (await only_message(api))["text"] == "/start"
    for link in ("https://t.me/other_bot?start=a", "https://example.org?start=a"):
        with pytest.raises(SandboxError, match="does not lead to"):
            await ann.opens(link)
    for payload in ("", "x" * 65, "a b", "ä"):
        with pytest.raises(SandboxError, match="a start payload is 1 to 64"):
            await ann.starts(payload)


async def test_blocking_and_coming_back(api: RawBot, ann: Person) -> None:
    """The bot hears of both; while blocked only /start gets through, and unblocks."""
    await ann.blocks()
    [update] = await api.updates()
    change = update["my_chat_member"]
    bot = {"id": 7000000001, "is_bot": True, "first_name": "Duologue", "username": "duologue_bot"}
    assert change == {
        "chat": {"id": ann.id, "first_name": "Ann", "type": "private"},
        "from": {"id": ann.id, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "date": change["date"],
        "old_chat_member": {"user": bot, "status": "member"},
        "new_chat_member": {"user": bot, "status": "kicked", "until_date": 0},
    }
    assert (
        await api.refusal("sendMessage", chat_id=ann.id, text="x") == "Forbidden: bot was blocked by the user"
    )
    with pytest.raises(SandboxError, match="Ann has blocked the bot"):
        await ann.says("hello")
    await ann.starts()
    kinds = [sorted(update)[0] for update in await api.updates()]
    assert kinds == ["my_chat_member", "message"]
    await ann.blocks()
    await ann.unblocks()
    assert len(await api.updates()) == 2
    assert (await api("sendMessage", chat_id=ann.id, text="x"))["ok"]


async def test_a_voice_message_claims_what_its_sender_says(api: RawBot, ann: Person) -> None:
    """Duration, type and size are claims; the size may be missing altogether."""
    await ann.sends_voice(b"1234", duration=999, mime_type="audio/mp4", file_size=7)
    voice = (await only_message(api))["voice"]
    ids = {key: voice.pop(key) for key in ("file_id", "file_unique_id")}
    assert all(isinstance(value, str) for value in ids.values())
    assert voice == {"duration": 999, "mime_type": "audio/mp4", "file_size": 7}
    await ann.sends_voice(b"1234", file_size=None, mime_type=None)
    voice = (await only_message(api))["voice"]
    assert sorted(voice) == ["duration", "file_id", "file_unique_id"]


async def test_every_other_kind(api: RawBot, ann: Person) -> None:
    """Audio, documents, photos, stickers, video notes, contacts and places."""
    await ann.sends_audio(b"a", "song.mp3", duration=9, title="T", performer="P", caption="see /help")
    audio = await only_message(api)
    assert (audio["audio"]["title"], audio["audio"]["file_name"], audio["caption"]) == (
        "T",
        "song.mp3",
        "see /help",
    )
    assert audio["caption_entities"] == [{"offset": 4, "length": 5, "type": "bot_command"}]
    await ann.sends_document(b"d", "a.wav", mime_type="audio/x-wav")
    document = (await only_message(api))["document"]
    assert (document["file_name"], document["mime_type"]) == ("a.wav", "audio/x-wav")
    await ann.sends_photo(PNG)
    assert (await only_message(api))["photo"][0]["width"] == 640
    await ann.sends_file("sticker", b"s", "s.webp")
    assert (await only_message(api))["sticker"]["type"] == "regular"
    await ann.sends_file("video_note", b"v", "v.mp4", duration=5)
    assert (await only_message(api))["video_note"]["duration"] == 5
    await ann.sends_contact("+10000", user_id=ann.id)
    assert (await only_message(api))["contact"] == {
        "phone_number": "+10000",
        "first_name": "Ann",
        "user_id": ann.id,
    }
    await ann.sends_location(39.9, 116.4)
    assert (await only_message(api))["location"] == {"latitude": 39.9, "longitude": 116.4}


async def test_forwarding(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """A forwarded message says where it came from; only what one sees can be forwarded."""
    sent = await api.result("sendMessage", chat_id=ann.id, text="news")
    await ann.forwards(sent["message_id"])
    message = await only_message(api)
    assert message["forward_origin"] == {"type": "user", "sender_user": sent["from"], "date": sent["date"]}
    assert message["text"] == "news"
    bob = await client.person("Bob", started=True)
    with pytest.raises(SandboxError, match="Bob sees no message 1"):
        await bob.forwards(1, from_chat=ann)
    await ann.sends_voice(b"v", forwarded_from=bob.id)
    origin = (await only_message(api))["forward_origin"]
    assert (origin["type"], origin["sender_user"]["id"]) == ("user", bob.id)
    await ann.sends_voice(b"v", forwarded_from="Somebody")
    origin = (await only_message(api))["forward_origin"]
    assert (origin["type"], origin["sender_user_name"]) == ("hidden_user", "Somebody")


async def test_editing_and_replying(api: RawBot, ann: Person) -> None:
    """An edit comes as an update of its own, a reply with the message it answers."""
    said = await ann.says("helo")
    await ann.edits(said["message"]["message_id"], "hello /now")
    await ann.says("and?", reply_to=1)
    first, second, third = await api.updates()
    assert second["edited_message"] == {
        **first["message"],
        "text": "hello /now",
        "entities": [{"offset": 6, "length": 4, "type": "bot_command"}],
        "edit_date": second["edited_message"]["edit_date"],
    }
    assert third["message"]["reply_to_message"]["text"] == "hello /now"
    await api("sendMessage", chat_id=ann.id, text="mine")
    with pytest.raises(SandboxError, match="Ann sent no message 3"):
        await ann.edits(3, "yours")


async def test_renaming_shows_from_then_on(api: RawBot, ann: Person) -> None:
    """Later updates carry the new name and language."""
    await ann.changes(first_name="Anna", language_code="zh")
    await ann.says("x")
    message = await only_message(api)
    assert (
        message["from"]["first_name"],
        message["from"]["language_code"],
        message["chat"]["first_name"],
    ) == (
        "Anna",
        "zh",
        "Anna",
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        ("GET", "people/1", None, 404, "no person 1"),
        ("GET", "people/x", None, 400, "the person's id must be a whole number"),
        ("POST", "people", {}, 400, "first_name is missing"),
        ("POST", "people", {"first_name": ""}, 400, "first_name must not be empty"),
        ("POST", "people", {"first_name": "A", "premium": True}, 400, "unknown field 'premium'"),
        ("POST", "people", {"first_name": "A", "started": "perhaps"}, 400, "started must be true or false"),
        ("POST", "people", {"first_name": "A", "id": 7000000001}, 409, "there is already a user 7000000001"),
        ("POST", "people/5000000001/say", {"text": ""}, 400, "a text has 1 to 4096"),
        ("POST", "people/5000000001/say", {"text": "x" * 4097}, 400, "a text has 1 to 4096"),
        ("POST", "people/5000000001/say", {"text": "x", "reply_to": 9}, 404, "no message 9 in chat"),
        ("POST", "people/5000000001/say", {"text": "x", "chat": -5}, 404, "no chat -5"),
        ("POST", "people/5000000001/send/voice", {}, 400, "multipart/form-data"),
        (
            "POST",
            "people/5000000001/dance",
            {},
            404,
            "no such endpoint: POST /sandbox/people/5000000001/dance",
        ),
        ("POST", "people/5000000001/press", {"message_id": 1, "data": "x", "times": 0}, 400, "times must be"),
        ("GET", "presses/1", None, 404, "no press 1"),
        ("POST", "updates/1/redeliver", {}, 404, "no update 1 is remembered"),
        ("POST", "faults", {"kind": "fire"}, 400, "kind must be one of"),
        ("POST", "faults", {"kind": "delay", "method": "sendNothing"}, 400, "no method 'sendNothing'"),
        ("POST", "faults", {"kind": "delay", "count": 2}, 400, "a fault has no 'count'"),
        ("PATCH", "settings", {"privcy": True}, 400, "unknown setting 'privcy'"),
        ("PATCH", "settings", {"privacy": 1}, 400, "privacy must be true or false"),
        ("PATCH", "settings", {"limits": {"burst": "x"}}, 400, "burst must be a number"),
        ("GET", "files/x", None, 404, "no file x"),
    ],
)
async def test_mistakes_on_the_people_side(
    client: SandboxClient, ann: Person, method: str, path: str, body: Any, status: int, why: str
) -> None:
    """Every refusal has a status and says what is wrong."""
    arguments = {} if body is None else {"json": body}
    with pytest.raises(SandboxError) as refused:
        await client.request(method, path, **arguments)
    assert refused.value.status == status
    assert why in str(refused.value)


async def test_other_sites_pages_are_kept_out(client: SandboxClient) -> None:
    """A page from elsewhere, open in a browser here, cannot drive the sandbox; its own page can."""
    with pytest.raises(SandboxError, match="other web pages"):
        await client.request("GET", "people", headers={"Origin": "https://example.org"})
    assert await client.request("GET", "people", headers={"Origin": client.url}) == []


async def test_reset_forgets_people_but_not_the_bot(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """People, waiting updates, faults and settings go; update numbers and ids go on."""
    said = await ann.says("x")
    await client.fault("delay", "getChat", seconds=9)
    await client.settings(privacy=False)
    await api("setMyCommands", commands=[{"command": "a", "description": "b"}])
    await client.reset()
    assert await client.get("people") == []
    assert await client.get("faults") == []
    assert (await client.settings())["privacy"] is True
    assert await api.result("getUpdates") == []
    assert len(await api.result("getMyCommands")) == 1
    new = await client.person("New")
    assert new.id > ann.id
    assert (await new.says("y"))["update_id"] == said["update_id"] + 1


async def test_many_actions_in_one_request(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Texts and presses are done in order; what cannot be done says so in its place."""
    markup = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=markup)
    done = await client.batch(
        [
            {"person": ann.id, "text": "a"},
            {"person": ann.id, "message_id": 1, "data": "go"},
            {"person": ann.id, "message_id": 1, "data": "stop"},
        ]
    )
    message, query = await api.updates()
    assert done[0] == {"message_id": 2, "update_id": message["update_id"]}
    assert done[1] == {"press_id": query["callback_query"]["id"], "update_id": query["update_id"]}
    assert done[2] == {"error": f"no button 'stop' on message 1 in chat {ann.id}: ['go']"}
