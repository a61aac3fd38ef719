"""What a queued message is: facts with a kind, never words.

A message is a frozen dataclass of plain facts. It is stored as its kind and its JSON, and made into text
and buttons when it is sent, in the language the person reads at that moment.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter


class Lane(IntEnum):
    """Urgency: a lower lane goes first."""

    ANSWER = 0
    IMMINENT = 1
    REVIEW = 2
    REMINDER = 3
    BROADCAST = 4


class IfUncertain(StrEnum):
    """What becomes of a message when the network leaves it open whether it arrived."""

    AGAIN = "again"
    """Cards, questions, verdicts: a stale press is harmless, a missing question is not."""
    ONCE_MORE = "once_more"
    """Reminders, pictures."""
    NEVER = "never"
    """Broadcasts."""


@dataclass(frozen=True, slots=True)
class Message:
    """The base of all messages; a subclass is named as the event that it tells."""

    kind: ClassVar[str] = ""
    lane: ClassVar[Lane] = Lane.ANSWER
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.AGAIN
    in_chat: ClassVar[bool] = True
    """False for what leaves no message in the chat, and so uses none of the chat's budget."""

    def __init_subclass__(cls) -> None:
        """Register the kind under the class's name: stored rows find their class by it."""
        cls.kind = cls.__name__
        KINDS[cls.kind] = cls


KINDS: dict[str, type[Message]] = {}
"""Every kind of message by its stored name."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


def dump(message: Message) -> dict[str, Any]:
    """The message's facts as plain JSON."""
    facts: dict[str, Any] = _adapter(message.kind).dump_python(message, mode="json")
    return facts


def load(kind: str, data: dict[str, Any]) -> Message:
    """The message of a stored row.

    Raises `KeyError` for a kind that this program does not know and `pydantic.ValidationError` for facts
    that do not fit it.
    """
    message: Message = _adapter(kind).validate_python(data)
    return message
