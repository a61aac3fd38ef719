"""Files to download, chats and members to look at, commands and descriptions to set."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import Person, SandboxClient
from tests.sandbox.rawbot import RawBot


async def test_a_file_comes_back(api: RawBot, ann: Person, client: SandboxClient) -> None:
    """getFile gives a path that works for an hour; the file itself is what was sent."""
    file_id = (await ann.sends_voice(b"OggS" * 1000, duration=150))["message"]["voice"]["file_id"]
    file = await api.result("getFile", file_id=file_id)
    assert file == {
        "file_id": file_id,
        "file_unique_id": file["file_unique_id"],
        "file_size": 4000,
        "file_path": "voice/file_1.oga",
    }
    link = f"{api.file_base}/{file['file_path']}"
    async with api.session.get(link) as answer:
        assert (answer.status, await answer.read()) == (200, b"OggS" * 1000)
    await client.advance(3601)
    async with api.session.get(link) as answer:
        assert (answer.status, (await answer.json())["description"]) == (404, "Not Found")
    await api.result("getFile", file_id=file_id)
    async with api.session.get(link) as answer:
        assert answer.status == 200


async def test_files_that_cannot_be_fetched(api: RawBot, ann: Person) -> None:
    """Over 20 MB, by truth or by claim; ids of nothing; paths that getFile never gave."""
    big = await ann.sends_document(bytes(20 * 2**20 + 1), "big.wav")
    document = big["message"]["document"]
    assert (document["file_size"], document["file_name"]) == (20 * 2**20 + 1, "big.wav")
    claimed = await ann.sends_document(b"x", "small.wav", file_size=30 * 2**20)
    for sent in (big, claimed):
        file_id = sent["message"]["document"]["file_id"]
        assert await api.refusal("getFile", file_id=file_id) == "Bad Request: file is too big"
    assert await api.refusal("getFile", file_id="x") == "Bad Request: invalid file_id"
    async with api.session.get(f"{api.file_base}/documents/file_1.wav") as answer:
        assert answer.status == 404
    edge = await ann.sends_document(bytes(20 * 2**20), "edge.wav")
    file = await api.result("getFile", file_id=edge["message"]["document"]["file_id"])
    assert (file["file_size"], file["file_path"]) == (20 * 2**20, "documents/file_3.wav")


async def test_chats_and_members(api: RawBot, ann: Person, client: SandboxClient) -> None:
    """What getChat and getChatMember say of people and groups."""
    chat = await api.result("getChat", chat_id=ann.id)
    assert (chat["id"], chat["type"], chat["first_name"]) == (ann.id, "private", "Ann")
    assert chat["accepted_gift_types"]["unlimited_gifts"] is False
    bob = await client.person("Bob", started=True, refuses_voice=True)
    assert (await api.result("getChat", chat_id=bob.id))["has_restricted_voice_and_video_messages"] is True
    stranger = await client.person("Stranger")
    assert await api.refusal("getChat", chat_id=stranger.id) == "Bad Request: chat not found"
    group = await client.group("G", [ann, bob], admin=True)
    members = {
        ann.id: "creator",
        bob.id: "member",
        stranger.id: "left",
        7000000001: "administrator",
    }
    for user_id, status in members.items():
        assert (await api.result("getChatMember", chat_id=group.id, user_id=user_id))["status"] == status
    assert await api.refusal("getChatMember", chat_id=group.id, user_id=5) == "Bad Request: user not found"


async def test_leaving_a_group(api: RawBot, ann: Person, client: SandboxClient) -> None:
    """After leaving, writing there is forbidden; a private chat cannot be left."""
    group = await client.group("G", [ann])
    await api.updates()
    assert await api.result("leaveChat", chat_id=group.id) is True
    [update] = await api.updates()
    assert update["my_chat_member"]["new_chat_member"]["status"] == "left"
    forbidden = "Forbidden: bot is not a member of the group chat"
    assert await api.refusal("sendMessage", chat_id=group.id, text="x") == forbidden
    assert await api.refusal("leaveChat", chat_id=group.id) == forbidden
    private = "Bad Request: chat member status can't be changed in private chats"
    assert await api.refusal("leaveChat", chat_id=ann.id) == private


def menu(*names: str) -> list[dict[str, str]]:
    """Return commands that are described by their own names."""
    return [{"command": name, "description": name} for name in names]


async def test_each_person_sees_the_narrowest_menu(api: RawBot, ann: Person, client: SandboxClient) -> None:
    """Chat before private chats before default, the person's language before none."""
    assert await ann.menu() == []
    scopes: list[tuple[dict[str, Any], str]] = [
        ({}, "default"),
        ({"scope": {"type": "all_private_chats"}}, "private"),
        ({"scope": {"type": "all_private_chats"}, "language_code": "en"}, "private_en"),
        ({"scope": {"type": "chat", "chat_id": ann.id}}, "hers"),
        ({"scope": {"type": "chat", "chat_id": ann.id}, "language_code": "en"}, "hers_en"),
    ]
    for where, name in scopes:
        assert await api.result("setMyCommands", commands=menu(name), **where) is True
        assert await ann.menu() == menu(name)
        assert await api.result("getMyCommands", **where) == menu(name)
    bob = await client.person("Bob", language_code="zh")
    assert await bob.menu() == menu("private")
    for where, name in reversed(scopes):
        assert await ann.menu() == menu(name)
        assert await api.result("deleteMyCommands", **where) is True
    assert await ann.menu() == []


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"commands": menu("Not-good")}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("x" * 33)}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a", "description": " "}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": menu(*(f"c{n}" for n in range(101)))}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": menu("a"), "language_code": "english"}, "LANG_CODE_INVALID"),
        ({"commands": menu("a"), "scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
        ({"commands": menu("a"), "scope": {"type": "planet"}}, "can't parse BotCommandScope: wrong type"),
    ],
)
async def test_menus_that_are_refused(api: RawBot, parameters: dict[str, Any], why: str) -> None:
    """Bad names, no descriptions, too many, strange scopes and languages."""
    assert await api.refusal("setMyCommands", **parameters) == f"Bad Request: {why}"


async def test_descriptions(api: RawBot) -> None:
    """Each language has its own, the one without a language stands in."""
    assert await api.result("setMyDescription", description="Hello") is True
    assert await api.result("setMyDescription", description="你好", language_code="zh") is True
    assert await api.result("getMyDescription", language_code="zh") == {"description": "你好"}
    assert await api.result("getMyDescription", language_code="de") == {"description": "Hello"}
    assert await api.result("setMyShortDescription", short_description="Hi") is True
    assert await api.result("getMyShortDescription") == {"short_description": "Hi"}
    long = await api.refusal("setMyShortDescription", short_description="x" * 121)
    assert long == "Bad Request: SHORT_DESCRIPTION_TOO_LONG"
