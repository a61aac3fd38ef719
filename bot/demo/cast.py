"""The cast: people who write, press and listen, and remember all that they were told.

Everything comes from one source, the sandbox's feed, read once and in order: what a person got is what they
are judged by, and the transcript is made of the same lines.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.demo.words import CHINESE, WORDS, fingerprint, says
from bot.sandbox import Person, SandboxClient
from bot.sandbox.heard import Button, Heard, heard_from

T = TypeVar("T")
KINDS = "message,edited,answer,said,pressed,fault"


class Missed(Exception):
    """Somebody did not get what the story promises; `heard` is what they got instead."""

    def __init__(self, who: str, expected: str, heard: Sequence[str]) -> None:
        super().__init__(f"{who}: {expected}")
        self.who = who
        self.expected = expected
        self.heard = tuple(heard)


class BotEnded(Exception):
    """The bot's process ended in the middle of the play; `status` is its exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the bot ended by itself, with status {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the play: something a person did, or something the bot told them. `mono` is in seconds."""

    seq: int
    mono: float
    step: str
    actor: "Actor"
    kind: str
    text: str
    heard: Heard | None = None
    answers: str = ""
    """The id of the press that was made or answered."""
    alert: bool = False


@dataclass(slots=True, eq=False)
class Actor:
    """A person of the play. Waiting ends when what is waited for came, or with `Missed`."""

    cast: "Cast"
    person: Person
    language: str
    colour: str = ""
    lines: list[Line] = field(default_factory=list)
    _taken: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """What they are called on Telegram."""
        return self.person.name

    def word(self, word: str) -> str:
        """A word of `WORDS` in the person's language; any other as it is."""
        return WORDS.get(word, word) if self.language == "zh" else word

    # --- doing

    async def says(self, text: str) -> None:
        """Write to the bot."""
        await self.cast.breathe()
        await self.person.says(text)

    async def opens(self, link: str) -> None:
        """Open a link to the bot."""
        await self.cast.breathe()
        await self.person.opens(link)

    async def sends_voice(self, recording: bytes, seconds: int) -> None:
        """Send a recording as a voice message."""
        await self.cast.breathe()
        await self.person.sends_voice(recording, duration=seconds)

    async def presses(self, wanted: str | Button, *, since: int = 0) -> Button:
        """Press a button, waiting for it if only its pattern is given; returns it. Nothing waits for the answer:
        it is worthless a moment later, and whoever needs what the press does waits for that."""
        button = wanted if isinstance(wanted, Button) else await self.sees(wanted, since=since)
        await self.cast.breathe()
        await self.cast.client.post(
            f"people/{self.person.id}/press", message_id=button.message_id, data=button.data
        )
        return button

    # --- listening

    async def hears(
        self,
        *words: str,
        since: int = 0,
        kind: str | None = None,
        where: Callable[[Heard], bool] = lambda _heard: True,
    ) -> Heard:
        """The oldest message after `since`, not taken before, that holds each of `words`, in the person's language
        where they stand in `WORDS`. A second copy of a message that was taken is not taken again."""
        wanted = [self.word(word) for word in words]

        def find() -> Heard | None:
            for line in self._told(since):
                heard = line.heard
                if heard is None or heard.seq in self._taken or kind not in (None, heard.kind):
                    continue
                if all(says(heard.text, word) for word in wanted) and where(heard):
                    self._take(heard)
                    return heard
            return None

        what = " and ".join(f"“{word}”" for word in wanted) or (f"a {kind}" if kind else "a message")
        return await self.cast.until(find, lambda: self.missed(f"should have heard {what}"))

    def _take(self, heard: Heard) -> None:
        same = (
            line.heard for line in self.lines if line.heard and fingerprint(line.heard) == fingerprint(heard)
        )
        self._taken.update(copy.seq for copy in same)
        self._taken.add(heard.seq)

    def _told(self, since: int = 0) -> Iterable[Line]:
        return (line for line in self.lines if line.heard is not None and line.seq > since)

    async def sees(self, pattern: str, *, since: int = 0) -> Button:
        """The newest button on screen whose data fits, in a message that came or changed after `since`."""
        return await self.cast.until(
            lambda: next(iter(self.buttons(pattern, since=since)), None),
            lambda: self.missed(f"should have seen a button {pattern}"),
        )

    def buttons(self, pattern: str, *, since: int = 0) -> list[Button]:
        """The buttons on screen whose data fits (`*`: anything but a colon), the newest message's first."""
        fits = re.compile(re.escape(pattern).replace(r"\*", "[^:]+") + r"\Z")
        screens = (screen for screen in self.screens() if screen.seq > since)
        return [b for screen in screens for b in screen.buttons if b.data and fits.match(b.data)]

    def screens(self) -> list[Heard]:
        """The bot's messages as they stand now, the newest first."""
        now = {line.heard.message_id: line.heard for line in self._told() if line.heard}
        return sorted(now.values(), key=lambda screen: screen.message_id, reverse=True)

    def heard_since(self, since: int, *words: str) -> list[Heard]:
        """What came after `since` and holds each of `words`, without waiting."""
        told = (line.heard for line in self._told(since) if line.heard)
        return [heard for heard in told if all(says(heard.text, self.word(word)) for word in words)]

    def not_in_chinese(self) -> list[Line]:
        """What somebody who chose Chinese was told without a word of it."""
        if self.language != "zh":
            return []
        told = (line for line in self.lines if line.kind in ("message", "edited", "answer") and line.text)
        return [line for line in told if not CHINESE.search(line.text)]

    def missed(self, expected: str) -> Missed:
        """The complaint that this person did not get what was expected, with what they got last."""
        got = (
            line for line in self.lines if line.kind in ("message", "edited") or (line.alert and line.text)
        )
        return Missed(self.name, expected, [_told_as(line) for line in got][-6:])


def _told_as(line: Line) -> str:
    """A message, or the answer to a press, on one line with the data of its buttons."""
    text = " / ".join(part for part in line.text.splitlines() if part.strip())
    if line.heard is None:
        return f"(answer to a press) {text}"
    buttons = " ".join(f"[{button.data or button.url}]" for button in line.heard.buttons)
    return f"{'(edited) ' if line.heard.edited else ''}{text} {buttons}".rstrip()


class Cast:
    """`async with Cast(client) as cast:` – everybody on stage, and everything that happened so far."""

    def __init__(self, client: SandboxClient, *, patience: float = 20.0, pause: float = 0.0) -> None:
        self.client = client
        self.patience = patience
        self.actors: dict[int, Actor] = {}
        self.lines: list[Line] = []
        self.step = ""
        self.on_line: Callable[[Line], None] = lambda _line: None
        self.seq = 0
        self._pause = pause
        self._news = asyncio.Event()
        self._fell: int | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def joins(
        self, name: str, language: str, *, telegram_id: int | None = None, colour: str = ""
    ) -> Actor:
        """Somebody new comes on stage; `language` is what their Telegram shows."""
        person = await self.client.person(name, language_code=language, id=telegram_id)
        actor = Actor(self, person, language, colour)
        self.actors[person.id] = actor
        return actor

    async def mark(self) -> int:
        """A point in time: what comes later is newer than everything so far."""
        return int((await self.client.info())["last_seq"])

    async def breathe(self) -> None:
        """Pause before somebody acts, so that people can follow."""
        if self._pause:
            await asyncio.sleep(self._pause)

    def bot_fell(self, status: int) -> None:
        """The bot's process is gone: whoever waits, waits in vain."""
        self._fell = status
        self._news.set()

    async def until(self, find: Callable[[], T | None], missed: Callable[[], Missed]) -> T:
        """Wait until `find` finds something; raises what `missed` makes when patience ends, or `BotEnded`."""
        deadline = time.monotonic() + self.patience
        while (found := find()) is None:
            if self._fell is not None:
                raise BotEnded(self._fell)
            if self._reader is not None and self._reader.done():
                self._reader.result()
            news = self._news
            try:  # not by wait_for: that one loses a Ctrl-C which comes together with the news (Python 3.11)
                async with asyncio.timeout(deadline - time.monotonic()):
                    await news.wait()
            except TimeoutError:
                raise missed() from None
        return found

    def doubles(self) -> list[tuple[Line, ...]]:
        """The messages that somebody got more than once, each with its copies in order."""
        copies: defaultdict[tuple[object, ...], list[Line]] = defaultdict(list)
        for line in self.lines:
            if line.heard is not None:
                copies[fingerprint(line.heard)].append(line)
        return [tuple(lines) for lines in copies.values() if len(lines) > 1]

    async def _read(self) -> None:
        while True:
            for event in await self.client.events(self.seq, timeout=30.0, kinds=KINDS):
                self._note(event)
            news, self._news = self._news, asyncio.Event()
            news.set()

    def _note(self, event: dict[str, Any]) -> None:
        self.seq = event["seq"]
        actor = self.actors.get(event["chat_id"])
        if actor is None:
            return
        heard = heard_from(event) if event["kind"] in ("message", "edited") else None
        line = Line(
            seq=event["seq"],
            mono=event["mono"],
            step=self.step,
            actor=actor,
            kind=event["kind"],
            text=heard.text if heard else _words_of(event, actor),
            heard=heard,
            answers=event.get("press_id", ""),
            alert=bool(event.get("show_alert")),
        )
        actor.lines.append(line)
        self.lines.append(line)
        self.on_line(line)


def _words_of(event: dict[str, Any], actor: Actor) -> str:
    """What an event that is no message of the bot says."""
    match event["kind"]:
        case "said":
            message = event["message"]
            voice = message.get("voice")
            if voice is None:
                return str(message.get("text") or "")
            return f"🎤 {voice['duration'] // 60}:{voice['duration'] % 60:02d}"
        case "pressed":
            pressed = (event["message_id"], event["data"])
            shown = (button for screen in actor.screens() for button in screen.buttons)
            return next((b.text for b in shown if (b.message_id, b.data) == pressed), event["data"])
        case "answer":
            return str(event["text"] or "")
        case kind:
            return f"{kind}: {event.get('fault', '')}"
