"""Who and what exists in the sandbox: the bot, people, chats and messages."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Final

from bot.sandbox.errors import ControlError, Json
from bot.sandbox.feed import Feed
from bot.sandbox.files import FileStore
from bot.sandbox.settings import Clock, Settings
from bot.sandbox.updates import UpdateQueue

FIRST_PERSON: Final = 5_000_000_001
"""People's ids start above 32 bits, as new Telegram accounts do: a column too narrow should fail here."""
FIRST_GROUP: Final = 4_000_000_001
IN_GROUP: Final = frozenset({"member", "administrator"})


@dataclass(slots=True)
class Person:
    """A person; `started` means they wrote to the bot, so it may write to them."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    started: bool = False
    blocked: bool = False
    refuses_voice: bool = False
    deactivated: bool = False

    def user(self) -> Json:
        """Return Telegram's User object."""
        user: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        for name in ("last_name", "username", "language_code"):
            if value := getattr(self, name):
                user[name] = value
        return user

    def as_json(self) -> Json:
        """Return everything about the person, for the people side."""
        flags = ("started", "blocked", "refuses_voice", "deactivated")
        return {**self.user(), **{name: getattr(self, name) for name in flags}}


@dataclass(slots=True)
class Record:
    """A message as it stands now; the dict is replaced, never changed, so that events can keep theirs."""

    message: Json
    by_bot: bool
    edits: int = 0
    editable: bool = True

    def as_json(self) -> Json:
        """Return the message and what happened to it, for the people side."""
        return {"by_bot": self.by_bot, "edits": self.edits, "message": self.message}


@dataclass(slots=True)
class Chat:
    """A private chat (its id is the person's), a group or a supergroup, with the messages in it."""

    id: int
    type: str
    title: str | None = None
    person: Person | None = None
    members: dict[int, str] = field(default_factory=dict)
    bot_status: str = "left"
    migrated_to: int | None = None
    records: dict[int, Record] = field(default_factory=dict)
    last_message_id: int = 0
    instance: str = ""

    def as_json(self) -> Json:
        """Return Telegram's Chat object."""
        if self.person is None:
            return {"id": self.id, "type": self.type, "title": self.title}
        user = self.person.user()
        names: Json = {key: user[key] for key in ("username", "first_name", "last_name") if key in user}
        return {"id": self.id, **names, "type": "private"}


@dataclass(slots=True)
class Press:
    """A press on a button; `at` is sandbox time, `answer` what the bot said to it."""

    id: str
    person_id: int
    chat_id: int
    message_id: int
    data: str
    at: float
    mono: float
    update_id: int | None = None
    answer: Json | None = None
    answered_mono: float = 0.0
    _waiting: asyncio.Event | None = None

    async def wait(self, timeout: float) -> None:
        """Return when the bot has answered, or after `timeout` seconds."""
        self._waiting = self._waiting or asyncio.Event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._waiting.wait()

    def answered(self, text: str, *, show_alert: bool) -> None:
        """Note the bot's answer and wake whoever waits for it."""
        self.answer = {"text": text, "show_alert": show_alert}
        self.answered_mono = time.monotonic()
        if self._waiting is not None:
            self._waiting.set()


class World:
    """The state that both sides share. Nothing in here awaits, so every call is one step."""

    def __init__(self, bot_id: int, username: str, first_name: str) -> None:
        self.bot_id = bot_id
        self.username = username
        self.first_name = first_name
        self.settings = Settings()
        self.clock = Clock()
        self.feed = Feed(self.clock)
        self.updates = UpdateQueue(self.clock)
        self.files = FileStore()
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.presses: dict[str, Press] = {}
        self.commands: dict[tuple[str, int, int, str], list[Json]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        # Ids go on after a reset: the bot's database may still know the old ones.
        self._person_ids = itertools.count(FIRST_PERSON)
        self._group_ids = itertools.count(FIRST_GROUP)

    def bot_user(self) -> Json:
        """Return the bot as a User object in messages."""
        return {"id": self.bot_id, "is_bot": True, "first_name": self.first_name, "username": self.username}

    def reset(self) -> None:
        """Forget people, chats, files, presses and waiting updates; the bot's own set-up stays."""
        self.people.clear()
        self.chats.clear()
        self.presses.clear()
        self.files.clear()
        self.updates.clear()
        self.clock.offset = 0.0
        self.settings = Settings()
        for key in [k for k in self.commands if k[1]]:
            del self.commands[key]
        self.feed.publish("reset", None)

    def ids_go_on(self) -> None:
        """Give new people and groups ids above those of all that are here."""
        people = max((i for i in self.people if i >= FIRST_PERSON), default=FIRST_PERSON - 1)
        numbers = [abs(i) % 1_000_000_000_000 for i in self.chats if i < 0]
        self._person_ids = itertools.count(people + 1)
        self._group_ids = itertools.count(max([*numbers, FIRST_GROUP - 1]) + 1)

    def add_person(self, person_id: int | None, first_name: str, **details: Any) -> Person:
        """Create a person and their private chat with the bot; the id is theirs or the next free one."""
        if person_id is None:
            person_id = next(i for i in self._person_ids if i not in self.people)
        elif person_id in self.people or person_id == self.bot_id:
            raise ControlError(409, f"there is already a user {person_id}")
        person = Person(person_id, first_name, **details)
        self.people[person_id] = person
        self.chats[person_id] = Chat(person_id, "private", person=person, instance=str(person_id * 7919))
        return person

    def add_group(
        self, title: str, members: dict[int, str], *, supergroup: bool, chat_id: int | None
    ) -> Chat:
        """Create a group or supergroup that the bot is not in yet."""
        if chat_id is None:
            number = next(self._group_ids)
            chat_id = -1_000_000_000_000 - number if supergroup else -number
        elif chat_id in self.chats or chat_id >= 0:
            raise ControlError(409, f"{chat_id} is taken or no group's id (those are negative)")
        kind = "supergroup" if supergroup else "group"
        chat = Chat(chat_id, kind, title, members=members, instance=str(-chat_id * 7919))
        self.chats[chat_id] = chat
        return chat

    def person(self, person_id: int) -> Person:
        """Return a person; `ControlError` 404 when there is none."""
        person = self.people.get(person_id)
        if person is None:
            raise ControlError(404, f"no person {person_id}")
        return person

    def chat(self, chat_id: int) -> Chat:
        """Return a chat; `ControlError` 404 when there is none."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise ControlError(404, f"no chat {chat_id}")
        return chat

    def new_message(self, chat: Chat, sender: Json, content: Json, *, by_bot: bool) -> Record:
        """Add a message to a chat and return its record; order of keys as in Telegram."""
        chat.last_message_id += 1
        message: Json = {
            "message_id": chat.last_message_id,
            "from": sender,
            "chat": chat.as_json(),
            "date": int(self.clock.now()),
            **content,
        }
        record = Record(message, by_bot)
        chat.records[chat.last_message_id] = record
        return record

    def changed(self, record: Record, message: Json) -> None:
        """Put a new version of a message in the old one's place."""
        record.message = message
        record.edits += 1

    def tell_bot(self, kind: str, payload: Json, lane: str) -> int | None:
        """Queue an update for the bot; returns its id, or None when the bot does not want this kind."""
        settings = self.settings
        lives = settings.press_lives if kind == "callback_query" else settings.update_lives
        return self.updates.put(kind, payload, lane, lives)

    def member_changed(self, chat: Chat, by: Json, old: str, new: str) -> int | None:
        """Tell the bot that its own standing in a chat changed (my_chat_member)."""
        payload = {
            "chat": chat.as_json(),
            "from": by,
            "date": int(self.clock.now()),
            "old_chat_member": self.bot_member(old),
            "new_chat_member": self.bot_member(new),
        }
        update_id = self.tell_bot("my_chat_member", payload, f"chat:{chat.id}")
        self.feed.publish("member", chat.id, old=old, new=new, update_id=update_id)
        return update_id

    def bot_member(self, status: str) -> Json:
        """Return the ChatMember object of the bot with that status."""
        return chat_member(self.bot_user(), status)


_RIGHT_NAMES: Final = """
can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_change_info
can_invite_users can_pin_messages
"""
_RIGHTS: Final = _RIGHT_NAMES.split()
_NO_RIGHT_NAMES: Final = """
can_be_edited can_promote_members can_post_stories can_edit_stories can_delete_stories is_anonymous
"""
_NO_RIGHTS: Final = _NO_RIGHT_NAMES.split()


def chat_member(user: Json, status: str) -> Json:
    """Return Telegram's ChatMember object, with the usual rights for an administrator."""
    member: Json = {"user": user, "status": status}
    if status == "administrator":
        member |= dict.fromkeys(_RIGHTS, True) | dict.fromkeys(_NO_RIGHTS, False)
    elif status == "creator":
        member["is_anonymous"] = False
    elif status == "kicked":
        member["until_date"] = 0
    return member
