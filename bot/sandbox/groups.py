"""What happens to groups: the bot and people come and go, and a group becomes a supergroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.errors import ControlError, Json, NotDelivered
from bot.sandbox.world import IN_GROUP

if TYPE_CHECKING:
    from bot.sandbox.world import Chat, Person, World


def _service(world: World, chat: Chat, by: Json, content: Json) -> int | None:
    """Add a service message; the bot sees those even in privacy mode, while it is in the group."""
    record = world.new_message(chat, by, content, by_bot=False)
    update_id = None
    if chat.bot_status in IN_GROUP:
        update_id = world.tell_bot("message", record.message, f"chat:{chat.id}")
    world.feed.publish("said", chat.id, message=record.message, update_id=update_id)
    return update_id


def _group(chat: Chat) -> None:
    if chat.person is not None:
        raise ControlError(400, f"{chat.id} is a private chat, not a group")
    if chat.migrated_to is not None:
        raise NotDelivered(f"chat {chat.id} has become {chat.migrated_to}")


def _anyone(world: World, chat: Chat, by: Person | None) -> Json:
    """Return who does it: the given person, else the group's first member."""
    if by is not None:
        return by.user()
    for member in chat.members:
        return world.people[member].user()
    raise ControlError(400, "say by whom: the group has no members")


def add_bot(world: World, chat: Chat, by: Person | None, *, admin: bool) -> None:
    """Add the bot, or make it an administrator or an ordinary member again."""
    _group(chat)
    actor = _anyone(world, chat, by)
    old, new = chat.bot_status, "administrator" if admin else "member"
    if old == new:
        return
    chat.bot_status = new
    world.member_changed(chat, actor, old, new)
    if old not in IN_GROUP:
        _service(world, chat, actor, {"new_chat_members": [world.bot_user()]})


def remove_bot(world: World, chat: Chat, by: Person | None) -> None:
    """Throw the bot out."""
    _group(chat)
    if chat.bot_status not in IN_GROUP:
        return
    old, chat.bot_status = chat.bot_status, "kicked"
    world.member_changed(chat, _anyone(world, chat, by), old, "kicked")


def add_people(world: World, chat: Chat, people: list[Person], status: str = "member") -> None:
    """Add people, or change their standing (``member``, ``administrator``, ``creator``)."""
    _group(chat)
    if status not in {"member", "administrator", "creator"}:
        raise ControlError(400, "status must be member, administrator or creator")
    new = [person for person in people if person.id not in chat.members]
    for person in people:
        chat.members[person.id] = status
    if new:
        _service(world, chat, new[0].user(), {"new_chat_members": [person.user() for person in new]})


def remove_people(world: World, chat: Chat, people: list[Person]) -> None:
    """Let people leave."""
    _group(chat)
    for person in people:
        if chat.members.pop(person.id, None) is not None:
            _service(world, chat, person.user(), {"left_chat_member": person.user()})


def rename(world: World, chat: Chat, title: str) -> None:
    """Give the group another title."""
    _group(chat)
    chat.title = title
    _service(world, chat, _anyone(world, chat, None), {"new_chat_title": title})


def migrate(world: World, chat: Chat) -> Chat:
    """Upgrade a group to a supergroup with a new id; the old id answers with ``migrate_to_chat_id``."""
    _group(chat)
    if chat.type != "group":
        raise ControlError(400, f"{chat.id} is a supergroup already")
    new = world.add_group(chat.title or "", dict(chat.members), supergroup=True, chat_id=None)
    new.bot_status = chat.bot_status
    actor = _anyone(world, chat, None)
    _service(world, chat, actor, {"migrate_to_chat_id": new.id})
    chat.migrated_to = new.id
    _service(world, new, actor, {"migrate_from_chat_id": chat.id})
    return new
