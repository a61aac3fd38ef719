"""A mouth for the outbox, and messages to put into it."""

import asyncio
import itertools
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sqlmodel import col, select

from bot.services import outbox
from bot.services.messages import IfUncertain, Lane, Message
from bot.services.ports import Outcome, Outgoing, Sent
from bot.services.unit import Units
from storage.tables import OutboxRow


@dataclass(frozen=True)
class Card(Message):
    """Must arrive."""

    text: str


@dataclass(frozen=True)
class Knock(Message):
    """Goes once more at most."""

    lane: ClassVar[Lane] = Lane.REMINDER
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.ONCE_MORE

    text: str


@dataclass(frozen=True)
class Leaflet(Message):
    """Never goes again."""

    lane: ClassVar[Lane] = Lane.BROADCAST
    if_uncertain: ClassVar[IfUncertain] = IfUncertain.NEVER

    text: str


@dataclass(frozen=True)
class Wordless(Message):
    """Leaves nothing in the chat."""

    in_chat: ClassVar[bool] = False

    text: str = ""


@dataclass
class Mouth:
    """Takes down what is delivered; ends as the test says, by text or chat, else well."""

    said: list[tuple[int, str, int | None]] = field(default_factory=list)
    """Chat, text, and the id of the message that was edited."""
    languages: list[str] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        """Nothing is planned, nothing is held back."""
        self._plans: defaultdict[object, deque[Outcome | Exception]] = defaultdict(deque)
        self._gate = asyncio.Event()
        self._gate.set()
        self._changed = asyncio.Condition()
        self._ids = itertools.count(101)
        self._in_chat: defaultdict[int, int] = defaultdict(int)

    def answers(self, to: object, *outcomes: Outcome | Exception) -> None:
        """The next deliveries of a text, or to a chat, end so; an exception is raised."""
        self._plans[to].extend(outcomes)

    def hold(self) -> None:
        """Let every delivery stay in the air."""
        self._gate.clear()

    def let_go(self) -> None:
        """Let those in the air arrive."""
        self._gate.set()

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """The port."""
        text = getattr(outgoing.message, "text", "")
        self.languages.append(outgoing.language)
        self._in_chat[outgoing.chat_id] += 1
        self.most_at_once = max(self.most_at_once, *self._in_chat.values())
        async with self._changed:
            self.said.append((outgoing.chat_id, text, outgoing.edits))
            self._changed.notify_all()
        await self._gate.wait()
        self._in_chat[outgoing.chat_id] -= 1
        for plan in (self._plans[text], self._plans[outgoing.chat_id]):
            if plan:
                outcome = plan.popleft()
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
        return Sent(outgoing.edits or next(self._ids))

    async def has_said(self, count: int) -> list[str]:
        """Wait until so many deliveries began; their texts in order."""
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: len(self.said) >= count)
        return [text for _, text, _ in self.said]


async def put(units: Units, chat_id: int, *messages: Message, **options: Any) -> list[int]:
    """Queue messages in one transaction; their row ids."""
    async with units.writing("put") as unit:
        before = await unit.tx.first(select(OutboxRow.id).order_by(col(OutboxRow.id).desc())) or 0
        for message in messages:
            about = options.get("about") or f"{chat_id} {getattr(message, 'text', message.kind)}"
            await outbox.send(unit, chat_id, message, **{**options, "about": about})
        ids = await unit.tx.all(select(OutboxRow.id).where(OutboxRow.id > before).order_by(col(OutboxRow.id)))
    return list(ids)


async def states(units: Units) -> list[str]:
    """The state of every row, by id."""
    async with units.reading() as look:
        return list(await look.tx.all(select(OutboxRow.state).order_by(col(OutboxRow.id))))


async def row(units: Units, row_id: int) -> OutboxRow:
    """One row as it stands."""
    async with units.reading() as look:
        return await look.tx.one(select(OutboxRow).where(OutboxRow.id == row_id))


async def settled(units: Units, moving: Sequence[str] = ("queued", "sending")) -> list[str]:
    """Wait until nothing is on its way; the state of every row, by id."""
    async with asyncio.timeout(5):
        while any(state in moving for state in await states(units)):  # noqa: ASYNC110 - rows have no event
            await asyncio.sleep(0.01)
    return await states(units)
