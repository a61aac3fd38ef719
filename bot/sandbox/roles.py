"""The people side over HTTP, first half: creating people and groups, and letting them act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from bot.sandbox import groups, people
from bot.sandbox.ask import as_integer
from bot.sandbox.errors import ControlError, Json
from bot.sandbox.world import Press

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.ask import Ask
    from bot.sandbox.world import Chat, Person, World

_NAMES: Final = ("last_name", "username", "language_code")
_FLAGS: Final = ("refuses_voice", "deactivated")
MOST_TIMES: Final = 1000


def _who(world: World, ask: Ask) -> Person:
    return world.person(as_integer(ask.ident, "the person's id"))


def _chat(world: World, ask: Ask, name: str = "chat") -> Chat:
    """Return the chat a request names, by default the person's own with the bot."""
    return world.chat(ask.integer(name, as_integer(ask.ident, "id")))


async def create_person(world: World, ask: Ask) -> Json:
    """``POST people``: create a person; ``started`` means they have written to the bot before."""
    details: dict[str, Any] = {name: ask.text(name, None) for name in _NAMES}
    details |= {name: ask.flag(name) for name in ("started", "blocked", *_FLAGS)}
    first_name, person_id = ask.text("first_name"), ask.integer("id", None)
    ask.finish()
    if not first_name:
        raise ControlError(400, "first_name must not be empty")
    return world.add_person(person_id, first_name, **details).as_json()


async def list_people(world: World, ask: Ask) -> list[Json]:
    """``GET people``: everybody."""
    return [person.as_json() for person in world.people.values()]


async def get_person(world: World, ask: Ask) -> Json:
    """``GET people/<id>``: one person."""
    return _who(world, ask).as_json()


async def change_person(world: World, ask: Ask) -> Json:
    """``PATCH people/<id>``: rename, block or unblock the bot, refuse voice messages, vanish."""
    person = _who(world, ask)
    names = {name: ask.text(name, None) for name in ("first_name", *_NAMES) if name in ask}
    flags = {name: ask.flag(name) for name in (*_FLAGS, "started", "blocked") if name in ask}
    ask.finish()
    if names.get("first_name", "x") in ("", None):
        raise ControlError(400, "first_name must not be empty")
    blocked = flags.pop("blocked", person.blocked)
    for name, value in (*names.items(), *flags.items()):
        setattr(person, name, value)
    people.set_blocked(world, person, blocked)
    return person.as_json()


async def say(world: World, ask: Ask) -> Json:
    """``POST people/<id>/say``: write a text, to the bot or into a group."""
    person, chat = _who(world, ask), _chat(world, ask)
    text, reply_to = ask.text("text"), ask.integer("reply_to", None)
    ask.finish()
    return people.say(world, person, chat, text, reply_to)


async def start(world: World, ask: Ask) -> Json:
    """``POST people/<id>/start``: press START, with a `payload` or by opening a `link` to the bot."""
    payload, link = ask.text("payload", None), ask.text("link", None)
    ask.finish()
    if link is not None:
        parts = urlsplit(link)
        if parts.netloc not in {"t.me", "telegram.me"} or parts.path.strip("/") != world.username:
            raise ControlError(400, f"{link} does not lead to https://t.me/{world.username}")
        payload = parse_qs(parts.query).get("start", [None])[0]
    return people.start(world, _who(world, ask), payload)


def _origin(world: World, sender: Any) -> Json:
    """Return where a forwarded message came from: a person by id, or somebody hidden by name."""
    date = int(world.clock.now())
    try:
        user = world.person(int(sender)).user()
    except ValueError:
        return {"type": "hidden_user", "sender_user_name": str(sender), "date": date}
    return {"type": "user", "sender_user": user, "date": date}


def file_sender(kind: str) -> Callable[[World, Ask], Awaitable[Json]]:
    """Return the handler of ``POST people/<id>/send/<kind>`` for one kind of file."""

    async def send(world: World, ask: Ask) -> Json:
        upload = ask.uploads.get("file")
        if upload is None:
            raise ControlError(400, 'send the bytes as multipart/form-data, in a part "file" with a filename')
        person, chat = _who(world, ask), _chat(world, ask)
        claims: Json = {}
        for name in ("caption", "mime_type", "file_name", "title", "performer"):
            if name in ask:
                claims[name] = ask.text(name) or None
        for name in ("duration", "file_size", "reply_to"):
            if name in ask:
                claims[name] = ask.integer(name)
        if "forwarded_from" in ask:
            claims["forward_origin"] = _origin(world, ask.given["forwarded_from"])
            ask.used.add("forwarded_from")
        ask.finish()
        return people.send_file(world, person, chat, kind, upload, claims)

    return send


async def send_contact(world: World, ask: Ask) -> Json:
    """``POST people/<id>/send/contact``: share a contact, by default one's own."""
    person, chat = _who(world, ask), _chat(world, ask)
    contact = {
        "phone_number": ask.text("phone_number"),
        "first_name": ask.text("first_name", person.first_name),
    }
    if user_id := ask.integer("user_id", None):
        contact["user_id"] = user_id
    ask.finish()
    return people.post(world, person, chat, {"contact": contact})


async def send_location(world: World, ask: Ask) -> Json:
    """``POST people/<id>/send/location``: share a place."""
    person, chat = _who(world, ask), _chat(world, ask)
    place = {"latitude": ask.number("latitude", 0.0), "longitude": ask.number("longitude", 0.0)}
    ask.finish()
    return people.post(world, person, chat, {"location": place})


async def forward(world: World, ask: Ask) -> Json:
    """``POST people/<id>/forward``: forward `message_id` of `from_chat` into `chat`."""
    person, chat, source = _who(world, ask), _chat(world, ask), _chat(world, ask, "from_chat")
    message_id = ask.integer("message_id")
    ask.finish()
    return people.forward(world, person, chat, source, message_id)


async def edit(world: World, ask: Ask) -> Json:
    """``POST people/<id>/edit``: change one's own text or caption."""
    person, chat = _who(world, ask), _chat(world, ask)
    message_id, text = ask.integer("message_id"), ask.text("text")
    ask.finish()
    return people.edit(world, person, chat, message_id, text)


async def press(world: World, ask: Ask) -> Json:
    """``POST people/<id>/press``: press a button; the answer is waited for at ``GET presses/<press_id>``."""
    person, chat = _who(world, ask), _chat(world, ask)
    message_id, data = ask.integer("message_id"), ask.text("data")
    how = {name: ask.flag(name) for name in ("forged", "same_id", "inaccessible")}
    times = ask.integer("times", 1)
    ask.finish()
    if not 1 <= times <= MOST_TIMES:
        raise ControlError(400, f"times must be 1 to {MOST_TIMES}")
    done = people.press(world, person, chat, message_id, data, {**how, "times": times})
    return {
        "press_id": done[0].id,
        "press_ids": [press.id for press in done],
        "update_id": done[-1].update_id,
    }


async def press_answer(world: World, ask: Ask) -> Json:
    """``GET presses/<id>?timeout=5``: what the bot answered, waiting up to `timeout` seconds."""
    found = world.presses.get(ask.ident)
    if found is None:
        raise ControlError(404, f"no press {ask.ident}")
    if found.answer is None and (timeout := ask.number("timeout", 0)) > 0:
        await found.wait(min(timeout, 60))
    return press_json(found)


def press_json(found: Press) -> Json:
    """Return a press and the answer to it, if there is one."""
    seconds = None if found.answer is None else found.answered_mono - found.mono
    return {
        "press_id": found.id,
        "person_id": found.person_id,
        "chat_id": found.chat_id,
        "message_id": found.message_id,
        "data": found.data,
        "answered": found.answer is not None,
        "text": found.answer["text"] if found.answer else None,
        "show_alert": found.answer["show_alert"] if found.answer else None,
        "seconds": seconds,
    }


def _group_json(chat: Chat) -> Json:
    members = [{"id": user_id, "status": status} for user_id, status in chat.members.items()]
    return {
        **chat.as_json(),
        "bot_status": chat.bot_status,
        "members": members,
        "migrated_to": chat.migrated_to,
    }


async def create_group(world: World, ask: Ask) -> Json:
    """``POST groups``: create a group of `members` (the first is its creator), with the bot if ``bot``."""
    members = {world.person(user_id).id: "member" for user_id in ask.integers("members")}
    if members:
        members[next(iter(members))] = "creator"
    title, chat_id = ask.text("title"), ask.integer("id", None)
    supergroup, with_bot, admin = ask.flag("supergroup"), ask.flag("bot"), ask.flag("admin")
    ask.finish()
    if with_bot and not members:
        raise ControlError(400, "a group needs a member who adds the bot")
    chat = world.add_group(title, members, supergroup=supergroup, chat_id=chat_id)
    if with_bot:
        groups.add_bot(world, chat, None, admin=admin)
    return _group_json(chat)


async def list_groups(world: World, ask: Ask) -> list[Json]:
    """``GET groups``: all groups and supergroups."""
    return [_group_json(chat) for chat in world.chats.values() if chat.person is None]


async def get_group(world: World, ask: Ask) -> Json:
    """``GET groups/<id>``: one group."""
    return _group_json(world.chat(as_integer(ask.ident, "the group's id")))


async def change_group(world: World, ask: Ask) -> Json:
    """``PATCH groups/<id>``: title; ``add``/``remove`` people; ``bot``: member, administrator or none."""
    chat = world.chat(as_integer(ask.ident, "the group's id"))
    title, bot, by = ask.text("title", None), ask.text("bot", None), ask.integer("by", None)
    joining = [world.person(user_id) for user_id in ask.integers("add")]
    leaving = [world.person(user_id) for user_id in ask.integers("remove")]
    status = ask.text("status", "member")
    ask.finish()
    if bot not in {None, "member", "administrator", "none"}:
        raise ControlError(400, "bot must be member, administrator or none")
    actor = None if by is None else world.person(by)
    if joining:
        groups.add_people(world, chat, joining, status)
    if leaving:
        groups.remove_people(world, chat, leaving)
    if title is not None:
        groups.rename(world, chat, title)
    if bot == "none":
        groups.remove_bot(world, chat, actor)
    elif bot is not None:
        groups.add_bot(world, chat, actor, admin=bot == "administrator")
    return _group_json(chat)


async def migrate_group(world: World, ask: Ask) -> Json:
    """``POST groups/<id>/migrate``: make it a supergroup; returns the new one."""
    return _group_json(groups.migrate(world, world.chat(as_integer(ask.ident, "the group's id"))))


ROUTES: Final[dict[str, Callable[[World, Ask], Awaitable[object]]]] = {
    "POST people": create_person,
    "GET people": list_people,
    "GET people/*": get_person,
    "PATCH people/*": change_person,
    "POST people/*/say": say,
    "POST people/*/start": start,
    **{f"POST people/*/send/{kind}": file_sender(kind) for kind in people.FILE_KINDS},
    "POST people/*/send/contact": send_contact,
    "POST people/*/send/location": send_location,
    "POST people/*/forward": forward,
    "POST people/*/edit": edit,
    "POST people/*/press": press,
    "GET presses/*": press_answer,
    "POST groups": create_group,
    "GET groups": list_groups,
    "GET groups/*": get_group,
    "PATCH groups/*": change_group,
    "POST groups/*/migrate": migrate_group,
}
