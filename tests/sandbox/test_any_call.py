"""Whatever a bot sends, the sandbox answers or refuses; it never breaks."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox import asking, editing, sending
from bot.sandbox.errors import ApiError
from bot.sandbox.methods import METHODS
from bot.sandbox.updates import dumps
from bot.sandbox.validate import check_call
from bot.sandbox.world import World

HANDLERS = {**sending.METHODS, **editing.METHODS, **asking.METHODS}
BUTTON = {"text": "a", "callback_data": "b"}
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        ["<b>x</b>", "HTML", "typing", "attach://x", "@x", "{", "[[]]", '{"inline_keyboard": []}']
    ),
    st.sampled_from([0, 1, 2, 5, -5]),
)
KEYS = st.sampled_from(["type", "text", "inline_keyboard", "url", "message_id", "media", "chat_id", "offset"])
ANYTHING = st.one_of(
    PLAIN,
    st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
    st.sampled_from(
        [
            {"inline_keyboard": [[BUTTON]]},
            {"inline_keyboard": [[{"text": "a", "url": "http://["}]]},
            {"type": "chat", "chat_id": 5},
            {"type": "photo", "media": "x"},
            [{"command": "a", "description": "b"}],
            [{"type": "bold", "offset": 0, "length": 1}],
        ]
    ),
)


def small_world() -> World:
    """Return a world with a person (5), a group (-5), and a message with a button in each."""
    world = World(7, "x_bot", "X")
    ann = world.add_person(5, "Ann", started=True)
    group = world.add_group("G", {ann.id: "creator"}, supergroup=False, chat_id=-5)
    group.bot_status = "member"
    for chat in world.chats.values():
        content = {"text": "x", "reply_markup": {"inline_keyboard": [[BUTTON]]}}
        world.new_message(chat, world.bot_user(), content, by_bot=True)
    return world


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_call_is_answered_or_refused(data: st.DataObject) -> None:
    """Any values for a method's parameters give a result that is JSON, or a refusal in Telegram's shape."""
    method = data.draw(st.sampled_from(sorted(HANDLERS)))
    given_parameters: dict[str, Any] = {}
    for name, kind in METHODS[method].items():
        if kind.endswith("!") or data.draw(st.booleans()):
            known = st.sampled_from([5, -5]) if name == "chat_id" else ANYTHING
            given_parameters[name] = data.draw(known | ANYTHING)
    answer: dict[str, Any]
    try:
        result = HANDLERS[method](small_world(), check_call(method, given_parameters, {}))
        answer = {"ok": True, "result": result}
    except ApiError as refusal:
        answer = refusal.body()
    assert dumps(answer)
    assert answer["ok"] or answer["error_code"] in {400, 403}
    assert answer["ok"] or answer["description"].startswith(("Bad Request: ", "Forbidden: "))
