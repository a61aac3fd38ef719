"""What a person sees: text and buttons, perhaps on something to hear or to keep."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from html import unescape
from re import sub
from typing import Any, TypeVar

from bot.services.messages import Message
from bot.texts import Html, Speech


@dataclass(frozen=True, slots=True)
class Button:
    """A press (`data`, at most 64 bytes) or a link (`url`)."""

    label: str
    data: str = ""
    url: str = ""


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """Something to hear, known to Telegram by `file_id`, sent the way it came (`media`).

    Without a `file_id` it is our own, a voice note under `audio_key`.
    """

    file_id: str
    media: str
    audio_key: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes to keep, with the name that they are saved under."""

    name: str
    data: bytes
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """One message as it will look. `commands` is no message but the list behind the menu button.

    `picture` is a key of the audio store; where that holds it no more, the text stands alone.
    """

    text: Html = Html("")  # noqa: RUF009 - immutable
    buttons: Rows = ()
    recording: Recording | None = None
    attachment: Attachment | None = None
    picture: str | None = None
    commands: tuple[tuple[str, str], ...] | None = None


M = TypeVar("M", bound=Message)


@singledispatch
def screen(message: Any, say: Speech) -> Screen:
    """The screen of a message in a language; `handlers.render` holds one function a kind."""
    raise NotImplementedError(f"no words for {type(message).__name__}")


def renders(kind: type[M]) -> Callable[[Callable[[M, Speech], Screen]], Callable[[M, Speech], Screen]]:
    """Register the function that makes the screen of a kind of message."""

    def register(make: Callable[[M, Speech], Screen]) -> Callable[[M, Speech], Screen]:
        screen.register(kind, make)
        return make

    return register


def rows(buttons: list[Button], width: int) -> Rows:
    """Buttons in rows of so many."""
    return tuple(tuple(buttons[i : i + width]) for i in range(0, len(buttons), width))


def lines(*parts: str) -> Html:
    """Lines of HTML; empty ones are left out."""
    return Html("\n".join(part for part in parts if part))


def paragraphs(*parts: str) -> Html:
    """Paragraphs of HTML with a blank line between them; empty ones are left out."""
    return Html("\n\n".join(part for part in parts if part))


def plain(html: str) -> str:
    """HTML as plain text, for buttons and press answers."""
    return unescape(sub(r"<[^>]+>", "", html))
