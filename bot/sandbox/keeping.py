"""What the sandbox knows as plain JSON, with files beside it, so that a stage can be left and entered again."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from bot.sandbox.files import StoredFile
from bot.sandbox.world import Chat, Person, Record, World

if TYPE_CHECKING:
    from pathlib import Path

    from bot.sandbox.errors import Json

_CHAT: Final = ("id", "type", "title", "bot_status", "migrated_to", "last_message_id", "instance")


def freeze(world: World, folder: Path) -> Json:
    """Return people, chats, menus, waiting updates and settings; the bytes of files go into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for file in world.files.all():
        path = folder / file.unique_id
        if not path.exists():
            path.write_bytes(file.data)
        files.append({f.name: getattr(file, f.name) for f in fields(file) if f.name != "data"})
    return {
        "people": [asdict(person) for person in world.people.values()],
        "chats": [_chat(chat) for chat in world.chats.values()],
        "commands": [[list(key), value] for key, value in world.commands.items()],
        "descriptions": [[list(key), value] for key, value in world.descriptions.items()],
        "files": files,
        "updates": [json.loads(update.body) for update in world.updates.pending.values()],
        "last_update": world.updates.last_id,
        "settings": world.settings.as_json(),
        "offset": world.clock.offset,
    }


def _chat(chat: Chat) -> Json:
    own: Json = {name: getattr(chat, name) for name in _CHAT}
    own["members"] = list(chat.members.items())
    own["records"] = [asdict(record) for record in chat.records.values()]
    return own


def thaw(world: World, kept: Json, folder: Path) -> None:
    """Put into an empty world what `freeze` returned; raises `ValueError` or `KeyError` if it is something else."""
    world.settings.change(kept["settings"])
    world.clock.offset = kept["offset"]
    for person in kept["people"]:
        world.people[person["id"]] = Person(**person)
    for own in kept["chats"]:
        world.chats[own["id"]] = _thawed(world, own)
    world.commands = {_key(key): value for key, value in kept["commands"]}
    world.descriptions = {_key(key): value for key, value in kept["descriptions"]}
    for file in kept["files"]:
        world.files.put_back(StoredFile(**file, data=(folder / file["unique_id"]).read_bytes()))
    for update in kept["updates"]:
        world.updates.inject(update, world.settings.update_lives)
    world.updates.last_id = max(world.updates.last_id, kept["last_update"])
    world.ids_go_on()


def _key(key: list[Any]) -> Any:
    return tuple(key)


def _thawed(world: World, own: Json) -> Chat:
    chat = Chat(**{name: own[name] for name in _CHAT}, members=dict(own["members"]))
    chat.person = world.people.get(chat.id)
    chat.records = {record["message"]["message_id"]: Record(**record) for record in own["records"]}
    return chat
