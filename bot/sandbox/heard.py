"""What a client sees of messages: texts, buttons, files; plain values that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Pattern = str | re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button and where it is; `data` is None for links."""

    text: str
    data: str | None
    url: str | None
    chat_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The bot's answer to a press: the toast (or, with `alert`, the dialog) that the presser sees.

    `seconds` is how long it took; `answered` is false when none came in time.
    """

    text: str
    alert: bool
    answered: bool
    seconds: float | None
    press_id: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One message of the bot, as sent or as edited; `mono` is the sandbox's monotonic clock in seconds."""

    chat_id: int
    message_id: int
    text: str
    buttons: tuple[Button, ...]
    edited: bool
    seq: int
    time: float
    mono: float
    message: Json = field(repr=False)
    keyboard: Json | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """``text``, or what kind of file it carries."""
        kinds = ("voice", "audio", "document", "photo")
        return next((kind for kind in kinds if kind in self.message), "text")

    @property
    def file_id(self) -> str | None:
        """The id of the file it carries, if any; `SandboxClient.download` fetches it."""
        body = self.message.get(self.kind)
        if isinstance(body, list):
            return str(body[-1]["file_id"])
        return str(body["file_id"]) if isinstance(body, dict) else None

    def button(self, wanted: Pattern) -> Button:
        """Return the first button whose data begins with a string or matches an expression."""
        for button in self.buttons:
            if fits_data(button, wanted):
                return button
        raise LookupError(f"no button {wanted!r} among {[b.data or b.url for b in self.buttons]}")


def buttons_of(message: Json) -> tuple[Button, ...]:
    """Return the inline buttons of a Telegram Message, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    where = message["chat"]["id"], message["message_id"]
    return tuple(
        Button(button["text"], button.get("callback_data"), button.get("url"), *where)
        for row in rows
        for button in row
    )


def words_of(message: Json) -> str:
    """Return the text or caption of a Telegram Message."""
    return str(message.get("text") or message.get("caption") or "")


def heard_from(event: Json) -> Heard:
    """Return the message that a ``message`` or ``edited`` event is about."""
    message = event["message"]
    return Heard(
        chat_id=message["chat"]["id"],
        message_id=message["message_id"],
        text=words_of(message),
        buttons=buttons_of(message),
        edited=event["kind"] == "edited",
        seq=event["seq"],
        time=event["time"],
        mono=event["mono"],
        message=message,
        keyboard=event.get("keyboard"),
    )


def fits_text(text: str, wanted: Pattern | None) -> bool:
    """Tell whether `text` contains a string (in any case) or matches a regular expression somewhere."""
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return wanted.casefold() in text.casefold()
    return wanted.search(text) is not None


def fits_data(button: Button, wanted: Pattern) -> bool:
    """Tell whether a button's data begins with a string or matches an expression somewhere."""
    if button.data is None:
        return False
    return (
        button.data.startswith(wanted) if isinstance(wanted, str) else wanted.search(button.data) is not None
    )
