"""The cast of a play on the sandbox: people and groups that act, and hear what the bot says.

They are made by `SandboxClient.person` and `SandboxClient.group`.
"""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.sandbox.heard import Answer, Heard, buttons_of, fits_data, fits_text, heard_from, words_of

if TYPE_CHECKING:
    from bot.sandbox.client import SandboxClient
    from bot.sandbox.heard import Button, Json, Pattern

PATIENCE = 5.0
"""Seconds that waiting methods wait unless told otherwise."""


class NotHeard(AssertionError):
    """What was waited for did not come; the text lists what came instead."""


class _Listener:
    """Hears one chat: keeps what was not asked for yet, so that the order of asking does not matter."""

    def __init__(self, client: SandboxClient, chat_id: int, after: int) -> None:
        self.chat_id = chat_id
        self._client = client
        self._after = after
        self._unheard: list[Heard] = []
        self._all: list[Heard] = []

    async def next(self, wanted: Pattern | None, kind: str | None, timeout: float) -> Heard:
        """Return and consume the oldest message not heard yet that fits."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self._unheard:
                if fits_text(message.text, wanted) and kind in (None, message.kind):
                    self._unheard.remove(message)
                    return message
            left = deadline - time.monotonic()
            if not await self._listen(max(left, 0.0)) and left <= 0:
                raise NotHeard(
                    f"{wanted!r} was not heard in chat {self.chat_id} within {timeout} s. "
                    f"Heard:\n{self._story()}"
                )

    async def drain(self) -> list[Heard]:
        """Return and consume everything not heard yet."""
        await self._listen(0.0)
        unheard, self._unheard = self._unheard, []
        return unheard

    async def _listen(self, timeout: float) -> bool:
        events = await self._client.events(
            self._after, timeout=min(timeout, 30.0), chat=self.chat_id, kinds="message,edited"
        )
        new = [heard_from(event) for event in events]
        if new:
            self._after = new[-1].seq
            self._unheard += new
            self._all += new
        return bool(new)

    def _story(self) -> str:
        lines = [
            f"  #{m.message_id}{' (edit)' if m.edited else ''} {m.kind}: {m.text!r}"
            f" {[b.data or b.url for b in m.buttons]}{'' if m in self._unheard else ' [taken]'}"
            for m in self._all[-20:]
        ]
        return "\n".join(lines) or "  nothing at all"


class _Place:
    """A chat seen from the people side: what was said in it and which buttons are there."""

    def __init__(self, client: SandboxClient, chat_id: int, after: int) -> None:
        self.client = client
        self.id = chat_id
        self._listener = _Listener(client, chat_id, after)

    async def hears(
        self, wanted: Pattern | None = None, *, kind: str | None = None, timeout: float = PATIENCE
    ) -> Heard:
        """Wait for a message (or an edit) not heard yet that contains a string or matches an expression.

        Each is returned once; those that do not fit stay for later calls. `kind` is text, voice, audio,
        document or photo. Raises `NotHeard`, listing what came instead.
        """
        return await self._listener.next(wanted, kind, timeout)

    async def heard(self) -> list[Heard]:
        """Return, without waiting, everything not heard yet."""
        return await self._listener.drain()

    async def hears_nothing(self, wanted: Pattern | None = None, *, within: float = 0.3) -> None:
        """Make sure that no (fitting) message comes for `within` seconds; raises `NotHeard` if one does."""
        try:
            message = await self._listener.next(wanted, None, within)
        except NotHeard:
            return
        raise NotHeard(f"chat {self.id} should have heard nothing, but: {message.text!r}")

    async def history(self) -> list[Json]:
        """Return all messages as they stand now: by_bot, edits, message."""
        return list(await self.client.get(f"chats/{self.id}/messages"))

    async def buttons(self) -> list[Button]:
        """Return the inline buttons on screen, newest message first, each message from its top left."""
        newest = reversed(await self.history())
        return [button for record in newest for button in buttons_of(record["message"])]

    async def sees_button(self, wanted: Pattern, *, timeout: float = PATIENCE) -> Button:
        """Wait for a button whose data begins with a string or matches an expression; the newest."""
        deadline = time.monotonic() + timeout
        while True:
            seq = (await self.client.info())["last_seq"]
            buttons = await self.buttons()
            for button in buttons:
                if fits_data(button, wanted):
                    return button
            left = deadline - time.monotonic()
            if left <= 0:
                shown = "\n".join(f"  {b.data or b.url} ({b.text})" for b in buttons) or "  no buttons"
                raise NotHeard(
                    f"no button {wanted!r} in chat {self.id} within {timeout} s. There are:\n{shown}"
                )
            await self.client.events(seq, timeout=min(left, 30.0), chat=self.id)


class Group(_Place):
    """A group or supergroup. `id` changes when it is upgraded."""

    def __init__(self, client: SandboxClient, chat_id: int, title: str, after: int) -> None:
        super().__init__(client, chat_id, after)
        self.title = title

    async def adds(self, *people: Person) -> None:
        """Let people join."""
        await self.client.patch(f"groups/{self.id}", add=[person.id for person in people])

    async def removes(self, *people: Person) -> None:
        """Let people leave."""
        await self.client.patch(f"groups/{self.id}", remove=[person.id for person in people])

    async def adds_bot(self, *, admin: bool = False) -> None:
        """Add the bot, or change whether it is an administrator."""
        await self.client.patch(f"groups/{self.id}", bot="administrator" if admin else "member")

    async def removes_bot(self) -> None:
        """Throw the bot out."""
        await self.client.patch(f"groups/{self.id}", bot="none")

    async def migrates(self) -> Group:
        """Upgrade to a supergroup and return it."""
        seq = (await self.client.info())["last_seq"]
        body = await self.client.post(f"groups/{self.id}/migrate")
        return Group(self.client, body["id"], self.title, seq)


class Person(_Place):
    """A person and their private chat with the bot; with ``chat=group`` they act there instead."""

    def __init__(self, client: SandboxClient, person_id: int, name: str, after: int) -> None:
        super().__init__(client, person_id, after)
        self.name = name

    def __repr__(self) -> str:
        """Show name and id."""
        return f"Person({self.name!r}, {self.id})"

    async def _do(self, what: str, chat: _Place | int | None = None, **body: Any) -> Json:
        if chat is not None:
            body["chat"] = chat if isinstance(chat, int) else chat.id
        return dict(await self.client.post(f"people/{self.id}/{what}", **body))

    async def says(self, text: str, *, chat: _Place | int | None = None, reply_to: int | None = None) -> Json:
        """Write a text; returns ``message`` and ``update_id`` (None when the bot does not see it)."""
        return await self._do("say", chat, text=text, reply_to=reply_to)

    async def starts(self, payload: str | None = None) -> Json:
        """Press START, with a deep link's payload if given."""
        return await self._do("start", payload=payload)

    async def opens(self, link: str) -> Json:
        """Open a ``https://t.me/<bot>?start=…`` link."""
        return await self._do("start", link=link)

    async def sends_file(
        self, kind: str, data: bytes, name: str, *, chat: _Place | int | None = None, **claims: Any
    ) -> Json:
        """Send a file of any kind; `claims` say what the sender's app would: duration, mime_type, file_size,
        file_name, caption, title, performer, reply_to, forwarded_from (an id or a hidden person's name)."""
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(data), filename=name, content_type="application/octet-stream")
        if chat is not None:
            claims["chat"] = chat if isinstance(chat, int) else chat.id
        for key, value in claims.items():
            form.add_field(key, "" if value is None else str(value))
        return dict(await self.client.request("POST", f"people/{self.id}/send/{kind}", data=form))

    async def sends_voice(self, data: bytes, *, duration: int = 1, **claims: Any) -> Json:
        """Send a voice message that claims to last `duration` seconds."""
        return await self.sends_file("voice", data, "voice.oga", duration=duration, **claims)

    async def sends_audio(
        self, data: bytes, name: str = "audio.mp3", *, duration: int = 1, **claims: Any
    ) -> Json:
        """Send an audio file that claims to last `duration` seconds."""
        return await self.sends_file("audio", data, name, duration=duration, **claims)

    async def sends_document(self, data: bytes, name: str = "file.bin", **claims: Any) -> Json:
        """Send a document."""
        return await self.sends_file("document", data, name, **claims)

    async def sends_photo(self, data: bytes, **claims: Any) -> Json:
        """Send a picture (PNG or JPEG)."""
        return await self.sends_file("photo", data, "photo.jpg", **claims)

    async def sends_contact(self, phone_number: str, **details: Any) -> Json:
        """Share a contact."""
        return await self._do("send/contact", phone_number=phone_number, **details)

    async def sends_location(self, latitude: float, longitude: float) -> Json:
        """Share a place."""
        return await self._do("send/location", latitude=latitude, longitude=longitude)

    async def forwards(
        self, message_id: int, *, from_chat: _Place | int | None = None, chat: _Place | int | None = None
    ) -> Json:
        """Forward a message that the person can see, by default from and to their chat with the bot."""
        source = from_chat.id if isinstance(from_chat, _Place) else from_chat
        return await self._do("forward", chat, message_id=message_id, from_chat=source)

    async def edits(self, message_id: int, text: str, *, chat: _Place | int | None = None) -> Json:
        """Change the text or caption of one's own message."""
        return await self._do("edit", chat, message_id=message_id, text=text)

    async def presses(
        self,
        button: Button | str,
        *,
        chat: _Place | None = None,
        timeout: float = PATIENCE,
        times: int = 1,
        same_id: bool = False,
        inaccessible: bool = False,
    ) -> Answer:
        """Press a button, given itself or the beginning of its data, and wait for the bot's answer.

        `times` presses it that often at once; the answer to the first one is returned.
        """
        if isinstance(button, str):
            place = self if chat is None else chat
            buttons = [b for b in await place.buttons() if b.data == button]
            button = buttons[0] if buttons else await place.sees_button(button, timeout=timeout)
        how = {"times": times, "same_id": same_id, "inaccessible": inaccessible}
        pressed = await self._do(
            "press", button.chat_id, message_id=button.message_id, data=button.data, **how
        )
        return await self.answer(pressed["press_id"], timeout=timeout)

    async def forges(
        self,
        data: str,
        *,
        message_id: int | None = None,
        chat: _Place | int | None = None,
        timeout: float = PATIENCE,
        **how: Any,
    ) -> Answer:
        """Press what is on no button, as a modified client can; by default on the newest message."""
        if message_id is None:
            place = chat if isinstance(chat, _Place) else self
            message_id = max(
                (r["message"]["message_id"] for r in await place.history() if r["by_bot"]), default=1
            )
        pressed = await self._do("press", chat, message_id=message_id, data=data, forged=True, **how)
        return await self.answer(pressed["press_id"], timeout=timeout)

    async def answer(self, press_id: str, *, timeout: float = PATIENCE) -> Answer:
        """Wait for the answer to a press; `answered` is false when none came in `timeout` seconds."""
        body = await self.client.get(f"presses/{press_id}", timeout=str(timeout))
        return Answer(
            body["text"] or "", bool(body["show_alert"]), body["answered"], body["seconds"], press_id
        )

    async def changes(self, **details: Any) -> Json:
        """Change names, language_code, blocked, refuses_voice, deactivated or started."""
        return dict(await self.client.patch(f"people/{self.id}", **details))

    async def blocks(self) -> None:
        """Block the bot."""
        await self.changes(blocked=True)

    async def unblocks(self) -> None:
        """Unblock the bot."""
        await self.changes(blocked=False)

    async def menu(self, *, chat: _Place | None = None) -> list[Json]:
        """Return the command menu that the person is shown."""
        place = self if chat is None else chat
        return list(await self.client.get(f"chats/{place.id}/commands", person=self.id))

    async def reads(self) -> list[str]:
        """Return the texts and captions of their chat with the bot, oldest first, as they stand now."""
        return [words_of(record["message"]) for record in await self.history()]
