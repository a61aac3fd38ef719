"""What the outside must offer, and how it can end. The one place where services and adapters meet."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.rules.audio import Finding, Heard, Match, Quality
from bot.services.messages import Message
from bot.services.unit import Unit
from storage.trouble import trouble_of


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way: to a chat, in a language; `edits` is the id of the message it changes."""

    chat_id: int
    language: str
    message: Message
    edits: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """It arrived; `message_id` is None for what leaves no message (a command menu)."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """The person cannot be reached until they write again. Never retried."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Telegram wants silence for so many seconds, from everybody."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not arrive. `again` tells whether trying again can help."""

    reason: str
    again: bool = True


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The network left it open whether it arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The group lives under another id now; nothing was sent."""

    chat_id: int


Outcome = Sent | Blocked | RetryAfter | NotSent | Uncertain | Moved


class Deliver(Protocol):
    """Makes words and buttons of a message and sends them."""

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """Send or edit; every way it can end is an outcome, none is an exception."""
        ...


Effect = Callable[[], Awaitable[None]]
"""Something worthless a moment later (a press answer): done after the commit, lost if that fails."""


class UnintelligibleError(Exception):
    """An update that cannot be parsed: trying again cannot help."""


class Understand(Protocol):
    """Turns updates into intents: the handlers' side of the inbox."""

    def sender_of(self, raw: Mapping[str, Any]) -> int:
        """Whose order an update keeps: the person's id, else the chat's, else 0."""
        ...

    async def handle(self, raw: dict[str, Any], unit: Unit) -> Sequence[Effect]:
        """Do what the update asks, inside `unit`; raises whatever goes wrong."""
        ...

    async def slow_down(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell the person, once in a while, that they write faster than they can be read."""
        ...

    async def give_up(self, raw: dict[str, Any], unit: Unit) -> None:
        """Tell the person, once, that their update could not be handled."""
        ...


class FileGoneError(Exception):
    """Telegram does not give the file: too big, too old, or unknown. Trying again will not help."""


class OutageError(Exception):
    """The network is to blame: nothing is wrong with what was asked for, and later it works again."""


def is_outage(error: BaseException) -> bool:
    """Whether the network or the disk is behind an error: whoever met it is not to blame, and waits."""
    trouble = trouble_of(error)
    return isinstance(error, OutageError) or (trouble is not None and trouble.passing)


class FetchFile(Protocol):
    """Fetches what a person uploaded."""

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes; raises `FileGoneError`, `OutageError`, or any other error if trying again may help."""
        ...


class HearAudio(Protocol):
    """Turns untrusted bytes into facts, in bounded memory and time."""

    async def measure(self, data: bytes) -> Heard:
        """All facts but the predicted quality. Raises `bot.rules.audio.Unreadable` for what cannot be read."""
        ...

    async def rate(self, data: bytes) -> Quality | None:
        """The predicted quality of what was measured before, None without speech. Raises `Unreadable`."""
        ...

    async def excerpt(self, data: bytes, start: float, seconds: float) -> bytes:
        """So many seconds of what was measured before, from `start` on, as OGG/Opus. Raises `Unreadable`."""
        ...

    async def compare(
        self, fingerprint: bytes, others: Sequence[bytes], *, can_wait: bool = False
    ) -> list[Match | None]:
        """For each of the other fingerprints how much of the same recording it holds, None for nothing of it.

        Who `can_wait` lets everybody pass who waits for facts.
        """
        ...


class DrawAudio(Protocol):
    """Draws recordings for people to see."""

    async def draw(self, sample_id: int, heard: Heard, findings: tuple[Finding, ...]) -> Mapping[str, bytes]:
        """The picture (PNG) with its words in each language that the bot speaks; any error may come."""
        ...


class AudioStore(Protocol):
    """Keeps the audio of samples and the pictures of it, by content."""

    async def put(self, data: bytes, suffix: str) -> str:
        """Keep the bytes and give their key; the same bytes have the same key."""
        ...

    async def get(self, key: str) -> bytes:
        """The bytes of a key; raises `FileNotFoundError`."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the bytes; fine if they are gone already."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that long work may need."""

    files: FetchFile
    ears: HearAudio
    artist: DrawAudio
    store: AudioStore
