"""What people saw of a night: read from the sandbox's log alone, in a form that two nights can be compared in.

What differs from night to night without meaning anything (ids in buttons, links, the minute) is masked.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.heard import Heard, heard_from

KEPT = ("09:00–12:00", "14:00–17:00", "09:00", "14:00")
"""Times that are part of the story; any other depends on how long the night is."""

_TALLY = re.compile(r"(?m)^\d+ (?:sent|blocked the bot|uncertain|left)\b.*")
_DOUBTS = re.compile(r"\n\n📤.*(?:\n.*\S.*)*")
"""What `/pending` says of messages that were cut off, if any were."""


_MASKS = (
    (re.compile(r"(?<!\d)(?:\d\d:\d\d–\d\d:\d\d|\d\d:\d\d)"), lambda m: m[0] if m[0] in KEPT else "··:··"),
    (re.compile(r"(start=)[\w-]+"), lambda m: f"{m[1]}···"),
    (re.compile(r"\d+ \w+ \(median|, [\w ]+ ago"), lambda _m: "···"),
    (_DOUBTS, lambda _m: ""),
    (_TALLY, lambda _m: "(who got it)"),
)
_IDS = re.compile(r"(?<=:)[a-z]?\d+")


def mask(text: str) -> str:
    """A text without what means nothing."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How a message looks: its words, its buttons, what it carries."""

    text: str
    buttons: tuple[str, ...] = ()
    carries: str = "text"

    @classmethod
    def of(cls, heard: Heard) -> "Look":
        """As a person sees it."""
        buttons = tuple(
            f"[{mask(button.text)}|{_IDS.sub('#', button.data or button.url or '')}]"
            for button in heard.buttons
        )
        name = heard.message.get(heard.kind, {}).get("file_name", "") if heard.kind == "document" else ""
        return cls(mask(heard.text), buttons, f"{heard.kind} {name}".strip())

    def __str__(self) -> str:
        words = " / ".join(line for line in self.text.splitlines() if line)
        return f"{'' if self.carries == 'text' else f'({self.carries}) '}“{words}” {' '.join(self.buttons)}".strip()


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the bot: when it came (seconds), after which act, how it looked then, and in the end."""

    chat: str
    act: int
    first: Look
    last: Look
    mono: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What everybody saw: the messages in their order, the answers to presses, and the menus in the end."""

    said: tuple[Said, ...]
    edited: Mapping[tuple[str, int, Look], Look] = field(default_factory=dict)
    """What messages became, to whom and after which act, and how each had come."""
    answers: Mapping[str, int] = field(default_factory=dict)
    """How often each press was answered."""
    menus: Mapping[str, str] = field(default_factory=dict)
    tally: str = ""
    """The line in which the broadcast's card says who got it."""


def seen(
    events: Sequence[Mapping[str, Any]],
    requests: Iterable[Mapping[str, Any]],
    names: Mapping[int, str],
    marks: Sequence[int],
) -> Seen:
    """Read the sandbox's log: events, the bot's calls, who is who, and after which event each act ended."""
    first: dict[tuple[int, int], tuple[Heard, int]] = {}
    last: dict[tuple[int, int], Heard] = {}
    edited: dict[tuple[str, int, Look], Look] = {}
    menus: dict[str, str] = {}
    for event in events:
        if event["kind"] in ("message", "edited"):
            heard = heard_from(dict(event))
            place, act = (heard.chat_id, heard.message_id), sum(mark < heard.seq for mark in marks)
            first.setdefault(place, (heard, act))
            last[place] = heard
            if heard.edited:
                edited[names.get(heard.chat_id, "?"), act, Look.of(heard)] = Look.of(first[place][0])
        elif event["kind"] == "commands" and event["chat_id"] in names:
            menus[names[event["chat_id"]]] = str([one["command"] for one in event["commands"] or ()])
    asked = (call["parameters"] for call in requests if call["method"] == "answerCallbackQuery")
    return Seen(
        tuple(
            Said(names.get(heard.chat_id, "?"), act, Look.of(heard), Look.of(last[place]), heard.mono)
            for place, (heard, act) in first.items()
        ),
        edited,
        Counter(given["callback_query_id"] for given in asked),
        menus,
        next((found[0] for heard in last.values() if (found := _TALLY.search(heard.text))), ""),
    )
