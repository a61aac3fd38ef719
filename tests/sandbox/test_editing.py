"""Editing, deleting and answering presses."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox import Person, SandboxClient
from tests.sandbox.rawbot import RawBot
from tests.sandbox.test_sending import PNG
from tests.sandbox.test_updates import keyboard

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


async def test_an_edited_text(api: RawBot, ann: Person) -> None:
    """The same message with another text, a date of the edit, and only the keyboard that came with it."""
    sent = await api.result("sendMessage", chat_id=ann.id, text="<b>a</b>", parse_mode="HTML")
    edited = await api.result(
        "editMessageText", chat_id=ann.id, message_id=1, text="b", reply_markup=keyboard("go")
    )
    del sent["entities"]
    assert edited == {
        **sent,
        "text": "b",
        "reply_markup": keyboard("go"),
        "edit_date": edited["edit_date"],
    }
    bare = await api.result("editMessageText", chat_id=ann.id, message_id=1, text="b")
    assert "reply_markup" not in bare
    assert await ann.history() == [{"by_bot": True, "edits": 2, "message": bare}]


async def test_an_edit_must_change_something(api: RawBot, ann: Person) -> None:
    """The same text and keyboard are refused, a changed keyboard alone is not."""
    markup = keyboard("go")
    await api("sendMessage", chat_id=ann.id, text="a", reply_markup=markup)
    where = {"chat_id": ann.id, "message_id": 1}
    assert await api.refusal("editMessageText", **where, text="a", reply_markup=markup) == NOT_MODIFIED
    assert await api.refusal("editMessageReplyMarkup", **where, reply_markup=markup) == NOT_MODIFIED
    assert (await api("editMessageReplyMarkup", **where))["ok"]
    assert await api.refusal("editMessageReplyMarkup", **where) == NOT_MODIFIED
    assert await api.refusal("editMessageText", **where, text="<i></i>a", parse_mode="HTML") == NOT_MODIFIED
    assert (await api("editMessageText", **where, text="<i>a</i>", parse_mode="HTML"))["ok"]


@pytest.mark.parametrize(
    ("method", "parameters", "why"),
    [
        ("editMessageText", {"message_id": 99, "text": "x"}, "message to edit not found"),
        ("editMessageText", {"message_id": 1, "text": "x"}, "message can't be edited"),
        ("editMessageText", {"text": "x"}, "message identifier is not specified"),
        ("editMessageText", {"message_id": 2, "text": ""}, "message text is empty"),
        ("editMessageText", {"message_id": 3, "text": "x"}, "there is no text in the message to edit"),
        (
            "editMessageCaption",
            {"message_id": 2, "caption": "x"},
            "there is no caption in the message to edit",
        ),
        ("editMessageText", {"message_id": 4, "text": "x"}, "message can't be edited"),
        ("editMessageText", {"inline_message_id": "i", "text": "x"}, "MESSAGE_ID_INVALID"),
        ("deleteMessage", {"message_id": 99}, "message to delete not found"),
    ],
)
async def test_edits_that_are_refused(
    api: RawBot, ann: Person, method: str, parameters: dict[str, Any], why: str
) -> None:
    """Others' messages, lost ones, the wrong kind, and those with a reply keyboard."""
    await ann.says("mine")
    await api("sendMessage", chat_id=ann.id, text="text")
    await api.upload("sendDocument", {"document": b"x"}, chat_id=str(ann.id))
    await api("sendMessage", chat_id=ann.id, text="keys", reply_markup={"keyboard": [[{"text": "k"}]]})
    assert await api.refusal(method, chat_id=ann.id, **parameters) == f"Bad Request: {why}"


async def test_captions_and_media(api: RawBot, ann: Person) -> None:
    """A caption changes alone; a photo can become a document, a voice message nothing else."""
    chat_id = str(ann.id)
    photo = (await api.upload("sendPhoto", {"photo": PNG}, chat_id=chat_id))["result"]
    edited = await api.result("editMessageCaption", chat_id=ann.id, message_id=1, caption="new")
    assert edited == {**photo, "caption": "new", "edit_date": edited["edit_date"]}
    media = '{"type": "document", "media": "attach://f", "caption": "list"}'
    changed = await api.upload(
        "editMessageMedia", {"f": b"1,2"}, chat_id=chat_id, message_id="1", media=media
    )
    assert "photo" not in changed["result"]
    assert (changed["result"]["document"]["file_size"], changed["result"]["caption"]) == (3, "list")
    await api.upload("sendVoice", {"voice": b"x"}, chat_id=chat_id)
    voice = await api.upload("editMessageMedia", {"f": b"1"}, chat_id=chat_id, message_id="2", media=media)
    assert voice["description"] == "Bad Request: there is no media in the message to edit"
    wrong = '{"type": "voice", "media": "attach://f"}'
    refused = await api.upload("editMessageMedia", {"f": b"1"}, chat_id=chat_id, message_id="1", media=wrong)
    assert refused["description"] == "Bad Request: can't parse InputMedia: wrong type"


async def test_deleting_ends_after_two_days(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Within 48 hours one's own and the person's messages go; editing has no such limit."""
    await ann.says("mine")
    await api("sendMessage", chat_id=ann.id, text="a")
    await api("sendMessage", chat_id=ann.id, text="b")
    assert await api.result("deleteMessage", chat_id=ann.id, message_id=1) is True
    assert await api.result("deleteMessage", chat_id=ann.id, message_id=2) is True
    assert await ann.reads() == ["b"]
    await client.advance(48 * 3600 + 1)
    late = await api.refusal("deleteMessage", chat_id=ann.id, message_id=3)
    assert late == "Bad Request: message can't be deleted for everyone"
    assert (await api("editMessageText", chat_id=ann.id, message_id=3, text="c"))["ok"]


async def press(client: SandboxClient, ann: Person, **how: Any) -> dict[str, Any]:
    """Press "go" on message 1 and return what the people side says."""
    body = {"message_id": 1, "data": "go", **how}
    return dict(await client.post(f"people/{ann.id}/press", **body))


async def test_a_press_is_whole(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """The query carries who pressed, the message as it is, and the data; its answer reaches the presser."""
    message = await api.result("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("go"))
    pressed = await press(client, ann)
    [update] = await api.updates()
    query = update["callback_query"]
    assert query == {
        "id": pressed["press_id"],
        "from": {"id": ann.id, "is_bot": False, "first_name": "Ann", "language_code": "en"},
        "message": message,
        "chat_instance": query["chat_instance"],
        "data": "go",
    }
    assert await api.result("answerCallbackQuery", callback_query_id=query["id"], text="ok", show_alert=True)
    answer = await ann.answer(query["id"])
    assert (answer.text, answer.alert, answer.answered) == ("ok", True, True)


async def test_a_press_is_answered_once_and_in_time(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """A second answer, a late one and one to nobody fail alike; the time limit can be set."""
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("go"))
    first = (await press(client, ann))["press_id"]
    too_long = await api.refusal("answerCallbackQuery", callback_query_id=first, text="x" * 201)
    assert too_long == "Bad Request: MESSAGE_TOO_LONG"
    assert (await api("answerCallbackQuery", callback_query_id=first, text="x" * 200))["ok"]
    assert await api.refusal("answerCallbackQuery", callback_query_id=first) == TOO_OLD
    assert await api.refusal("answerCallbackQuery", callback_query_id="1") == TOO_OLD
    second = (await press(client, ann))["press_id"]
    await client.advance(16)
    assert await api.refusal("answerCallbackQuery", callback_query_id=second) == TOO_OLD
    await client.settings(press_timeout=3600)
    assert (await api("answerCallbackQuery", callback_query_id=second))["ok"]


async def test_presses_that_only_a_modified_client_sends(
    api: RawBot, client: SandboxClient, ann: Person
) -> None:
    """Data that is on no button takes `forged`; messages may be lost or never have been."""
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("go"))
    with pytest.raises(Exception, match="no button 'admin' on message 1"):
        await press(client, ann, data="admin")
    await press(client, ann, data="admin", forged=True)
    await press(client, ann, inaccessible=True)
    await press(client, ann, message_id=77, forged=True)
    queries = [update["callback_query"] for update in await api.updates()]
    chat = {"id": ann.id, "first_name": "Ann", "type": "private"}
    assert queries[0]["data"] == "admin"
    assert queries[1]["message"] == {"chat": chat, "message_id": 1, "date": 0}
    assert queries[2]["message"] == {"chat": chat, "message_id": 77, "date": 0}


async def test_one_press_as_many(api: RawBot, client: SandboxClient, ann: Person) -> None:
    """Several updates, each with a query id of its own or all with one."""
    await api("sendMessage", chat_id=ann.id, text="x", reply_markup=keyboard("go"))
    double = await press(client, ann, times=2)
    ids = [update["callback_query"]["id"] for update in await api.updates()]
    assert ids == double["press_ids"]
    assert len(set(ids)) == 2
    same = await press(client, ann, times=3, same_id=True)
    ids = [update["callback_query"]["id"] for update in await api.updates()]
    assert ids == same["press_ids"]
    assert len(set(ids)) == 1
