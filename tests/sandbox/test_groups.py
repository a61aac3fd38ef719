"""Groups: who is in, what the bot is shown, and becoming a supergroup."""

from __future__ import annotations

import pytest

from bot.sandbox import Person, SandboxClient, SandboxError
from tests.sandbox.rawbot import RawBot


async def test_the_bot_is_added_and_thrown_out(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Each change is told as my_chat_member; after the last, writing is forbidden."""
    group = await client.group("Reviewers", [ann], bot=False)
    not_in = "Forbidden: bot is not a member of the group chat"
    assert await api.refusal("sendMessage", chat_id=group.id, text="x") == not_in
    await group.adds_bot()
    await group.adds_bot(admin=True)
    await group.removes_bot()
    updates = await api.updates()
    changes = [
        (u["my_chat_member"]["old_chat_member"]["status"], u["my_chat_member"]["new_chat_member"]["status"])
        for u in updates
        if "my_chat_member" in u
    ]
    assert changes == [("left", "member"), ("member", "administrator"), ("administrator", "kicked")]
    joined = next(u["message"] for u in updates if "message" in u)
    assert joined["chat"] == {"id": group.id, "type": "group", "title": "Reviewers"}
    assert [user["username"] for user in joined["new_chat_members"]] == ["duologue_bot"]
    kicked = "Forbidden: bot was kicked from the group chat"
    assert await api.refusal("sendMessage", chat_id=group.id, text="x") == kicked


async def test_privacy_mode(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Only commands, mentions, replies to the bot and service messages are shown."""
    bob = await client.person("Bob")
    group = await client.group("G", [ann, bob])
    await api.updates()
    await ann.says("just talking", chat=group)
    await ann.says("/queue", chat=group)
    await ann.says("/queue@Duologue_bot now", chat=group)
    await ann.says("/queue@other_bot", chat=group)
    await ann.says("hey @duologue_bot!", chat=group)
    await ann.says("hey @duologue_bot_2", chat=group)
    sent = await api.result("sendMessage", chat_id=group.id, text="card")
    await ann.says("to the bot", chat=group, reply_to=sent["message_id"])
    await ann.says("to Ann", chat=group, reply_to=3)
    await group.removes(bob)
    seen = [u["message"].get("text") or "service" for u in await api.updates()]
    assert seen == ["/queue", "/queue@Duologue_bot now", "hey @duologue_bot!", "to the bot", "service"]
    history = [r["message"].get("text") for r in await group.history() if not r["by_bot"]]
    assert len([text for text in history if text]) == 8


@pytest.mark.parametrize("way", ["setting", "administrator"])
async def test_without_privacy_all_is_seen(api: RawBot, client: SandboxClient, ann: Person, way: str) -> None:
    """Privacy off, or the bot an administrator: every message comes."""
    group = await client.group("G", [ann], admin=way == "administrator")
    if way == "setting":
        await client.settings(privacy=False)
        assert (await api.result("getMe"))["can_read_all_group_messages"] is True
    await api.updates()
    await ann.says("just talking", chat=group)
    assert [u["message"]["text"] for u in await api.updates()] == ["just talking"]


async def test_only_members_act_in_a_group(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Outsiders neither write nor press; those who left do no longer; a modified client may."""
    bob = await client.person("Bob")
    group = await client.group("G", [ann])
    with pytest.raises(SandboxError, match=f"Bob is not in chat {group.id}"):
        await bob.says("/hi", chat=group)
    markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "vote:1:yes"}]]}
    await api("sendMessage", chat_id=group.id, text="card", reply_markup=markup)
    with pytest.raises(SandboxError, match=f"Bob is not in chat {group.id}"):
        await bob.presses("vote:", chat=group)
    await group.adds(bob)
    await api.updates()
    answer = await bob.presses("vote:", chat=group, timeout=0.01)
    assert (answer.answered, answer.text) == (False, "")
    [update] = await api.updates()
    assert update["callback_query"]["from"]["id"] == bob.id
    assert update["callback_query"]["message"]["chat"]["id"] == group.id


async def test_bots_delete_others_messages_only_as_administrators(
    api: RawBot, client: SandboxClient, ann: Person
) -> None:
    """An ordinary member may delete only its own messages."""
    group = await client.group("G", [ann])
    said = await ann.says("/x", chat=group)
    where = {"chat_id": group.id, "message_id": said["message"]["message_id"]}
    assert await api.refusal("deleteMessage", **where) == "Bad Request: message can't be deleted"
    await group.adds_bot(admin=True)
    assert await api.result("deleteMessage", **where) is True


async def test_a_group_becomes_a_supergroup(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The old id answers with the new one; both chats tell of the change."""
    group = await client.group("G", [ann])
    await api.updates()
    new = await group.migrates()
    assert str(new.id).startswith("-100")
    old_message, new_message = [u["message"] for u in await api.updates()]
    assert (old_message["chat"]["id"], old_message["migrate_to_chat_id"]) == (group.id, new.id)
    assert (new_message["chat"], new_message["migrate_from_chat_id"]) == (
        {"id": new.id, "type": "supergroup", "title": "G"},
        group.id,
    )
    assert await api("sendMessage", chat_id=group.id, text="x") == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new.id},
    }
    assert (await api("sendMessage", chat_id=new.id, text="x"))["ok"]
    with pytest.raises(SandboxError, match=f"has become {new.id}"):
        await ann.says("/x", chat=group)
    await ann.says("/x", chat=new)


async def test_message_numbers_are_per_chat(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Two chats have messages of the same number: only chat and number together name one."""
    group = await client.group("G", [ann], bot=False)
    await group.adds_bot(admin=False)
    first = await api.result("sendMessage", chat_id=ann.id, text="a")
    second = await api.result("sendMessage", chat_id=group.id, text="b")
    assert (first["message_id"], second["message_id"]) == (1, 2)


async def test_a_group_is_seen_whole(client: SandboxClient, ann: Person) -> None:
    """Members with their standing, the bot's, and a new title."""
    bob = await client.person("Bob")
    group = await client.group("G", [ann, bob], supergroup=True)
    seen = await client.patch(f"groups/{group.id}", title="H", add=[bob.id], status="administrator")
    assert seen == {
        "id": group.id,
        "type": "supergroup",
        "title": "H",
        "bot_status": "member",
        "members": [{"id": ann.id, "status": "creator"}, {"id": bob.id, "status": "administrator"}],
        "migrated_to": None,
    }
    assert await client.get("groups") == [seen]
