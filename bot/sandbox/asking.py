"""The methods that ask or set up: getMe, getFile, chats, members, commands, descriptions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import Json, bad_request, forbidden
from bot.sandbox.reach import find_chat
from bot.sandbox.world import IN_GROUP, chat_member

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.sandbox.validate import Call
    from bot.sandbox.world import World

_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}\Z")
_LANGUAGE: Final = re.compile(r"[a-z]{2}\Z")
COMMANDS_LIMIT: Final = 100


def get_me(world: World, call: Call) -> Json:
    """Return the bot itself."""
    return world.bot_user() | {
        "can_join_groups": True,
        "can_read_all_group_messages": not world.settings.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def get_file(world: World, call: Call) -> Json:
    """Return a file's path for download, up to 20 MB."""
    return world.files.link(call.args["file_id"], world.clock.now(), world.settings)


def get_chat(world: World, call: Call) -> Json:
    """Return a chat with what is always in ChatFullInfo."""
    chat = find_chat(world, call.args["chat_id"])
    if chat.person is not None and not chat.person.started:
        raise bad_request("chat not found")
    gifts = dict.fromkeys(
        (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        ),
        False,
    )
    info = chat.as_json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
    if chat.person is not None:
        if chat.person.refuses_voice:
            info["has_restricted_voice_and_video_messages"] = True
    elif chat.bot_status not in IN_GROUP:
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    return info


def get_chat_member(world: World, call: Call) -> Json:
    """Return how a user stands in a chat."""
    chat = find_chat(world, call.args["chat_id"])
    user_id = call.args["user_id"]
    if user_id == world.bot_id:
        return world.bot_member("member" if chat.person is not None else chat.bot_status)
    person = world.people.get(user_id)
    if person is None:
        raise bad_request("user not found")
    if chat.person is not None:
        if chat.person is not person:
            raise bad_request("PARTICIPANT_ID_INVALID")
        return chat_member(person.user(), "member")
    if chat.bot_status not in IN_GROUP:
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    return chat_member(person.user(), chat.members.get(user_id, "left"))


def leave_chat(world: World, call: Call) -> bool:
    """Leave a group."""
    chat = find_chat(world, call.args["chat_id"])
    if chat.person is not None:
        raise bad_request("chat member status can't be changed in private chats")
    if chat.bot_status not in IN_GROUP:
        raise forbidden(f"bot is not a member of the {chat.type} chat")
    old, chat.bot_status = chat.bot_status, "left"
    world.member_changed(chat, world.bot_user(), old, "left")
    return True


def _scope(world: World, args: Json) -> tuple[str, int, int, str]:
    scope = args.get("scope", {"type": "default"})
    language = args.get("language_code", "")
    if language and not _LANGUAGE.match(language):
        raise bad_request("LANG_CODE_INVALID")
    chat_id = scope.get("chat_id", 0)
    if "chat_id" in scope:
        chat_id = find_chat(world, chat_id).id
    return scope["type"], chat_id, scope.get("user_id", 0), language


def set_my_commands(world: World, call: Call) -> bool:
    """Set the command menu of a scope and language; an empty list removes it."""
    commands = call.args["commands"]
    if len(commands) > COMMANDS_LIMIT:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    cleaned = []
    for command in commands:
        name = command["command"].removeprefix("/").lower()
        if not _COMMAND.match(name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(command["description"].strip()) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        cleaned.append({"command": name, "description": command["description"].strip()})
    key = _scope(world, call.args)
    if cleaned:
        world.commands[key] = cleaned
    else:
        world.commands.pop(key, None)
    _commands_changed(world, key, cleaned)
    return True


def _commands_changed(world: World, key: tuple[str, int, int, str], commands: list[Json]) -> None:
    scope, chat_id, user_id, language = key
    world.feed.publish(
        "commands",
        chat_id or None,
        scope=scope,
        user_id=user_id or None,
        language_code=language,
        commands=commands,
    )


def get_my_commands(world: World, call: Call) -> list[Json]:
    """Return the menu set for exactly that scope and language."""
    return world.commands.get(_scope(world, call.args), [])


def delete_my_commands(world: World, call: Call) -> bool:
    """Remove the menu of a scope and language, so that the next wider one shows."""
    key = _scope(world, call.args)
    world.commands.pop(key, None)
    _commands_changed(world, key, [])
    return True


def menu_for(world: World, user_id: int, chat_id: int, language: str) -> list[Json]:
    """Return the commands a person is shown in a chat: the narrowest scope and language that has any.

    Order as in core.telegram.org/bots/api#determining-list-of-commands.
    """
    chat = world.chats[chat_id]
    scopes: list[tuple[str, int, int]] = [("default", 0, 0)]
    if chat.person is not None:
        scopes = [("chat", chat_id, 0), ("all_private_chats", 0, 0), *scopes]
    else:
        scopes = [("chat", chat_id, 0), ("all_group_chats", 0, 0), *scopes]
        if chat.members.get(user_id) in {"administrator", "creator"}:
            scopes.insert(1, ("all_chat_administrators", 0, 0))
            scopes.insert(0, ("chat_administrators", chat_id, 0))
        scopes.insert(0, ("chat_member", chat_id, user_id))
    for scope in scopes:
        for code in dict.fromkeys((language[:2], "")):
            if commands := world.commands.get((*scope, code)):
                return commands
    return []


def _description(
    field: str, limit: int
) -> tuple[Callable[[World, Call], bool], Callable[[World, Call], Json]]:
    def set_it(world: World, call: Call) -> bool:
        text = call.args.get(field, "")
        if utf16_length(text) > limit:
            raise bad_request(f"{field.upper()}_TOO_LONG")
        world.descriptions[field, call.args.get("language_code", "")] = text
        return True

    def get_it(world: World, call: Call) -> Json:
        language = call.args.get("language_code", "")
        texts = world.descriptions
        return {field: texts.get((field, language)) or texts.get((field, ""), "")}

    return set_it, get_it


_set_description, _get_description = _description("description", 512)
_set_short_description, _get_short_description = _description("short_description", 120)

METHODS: Final[dict[str, Callable[[World, Call], Json | list[Json] | bool]]] = {
    "getMe": get_me,
    "getFile": get_file,
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "leaveChat": leave_chat,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyDescription": _set_description,
    "getMyDescription": _get_description,
    "setMyShortDescription": _set_short_description,
    "getMyShortDescription": _get_short_description,
}
