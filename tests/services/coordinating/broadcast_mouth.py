"""A network for the broadcast machine: how each sending ends is chosen before, and what arrived is written down."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError

from bot.delivery.budget import Budget
from bot.rules.policy import TelegramPolicy
from bot.services.ports import Blocked, NotSent, Outcome, Outgoing, RetryAfter, Sent, Uncertain
from bot.services.unit import House, Units
from storage.database import Database, Transaction
from storage.tables import OutboxRow

FATES: dict[str, tuple[Outcome | None, bool]] = {
    "sent": (Sent(1), True),
    "blocked": (Blocked("blocked"), False),
    "retry": (RetryAfter(0.002), False),
    "offline": (NotSent("no network"), False),
    "refused": (NotSent("refused", again=False), False),
    "came, we do not know": (Uncertain("cut off"), True),
    "lost, we do not know": (Uncertain("cut off"), False),
    "came, no answer": (None, True),
    "lost, no answer": (None, False),
}
"""How a sending can end: what we are told (None: nothing for ever), and whether the message arrived."""

KEPT = ("retry", "offline")
"""Fates after which any message goes again."""
DOUBTS = tuple(fate for fate in FATES if fate not in KEPT and "we do not know" in fate)
"""Fates after which its kind decides whether it does."""


@dataclass
class Delivery:
    """One sending: of which row, how it ends, and whether that was written down."""

    row_id: int
    chat_id: int
    words: str
    fate: str
    written: bool = False

    @property
    def arrived(self) -> bool:
        """Whether the person has the message."""
        return FATES[self.fate][1]


class Watched(Units):
    """Units that tell of each commit, and whose outbox may lose its database."""

    def __init__(self, database: Database, clock: Callable[[], datetime], house: House) -> None:
        super().__init__(database, clock, house, self._woken)
        self.commits = asyncio.Condition()
        self.failing = 0
        """So many of the outbox's next commits fail."""
        self.listener: Callable[[], None] = lambda: None

    def _woken(self, _wake: Any) -> None:
        self.listener()

    @asynccontextmanager
    async def transaction(self, step: str) -> AsyncIterator[Transaction]:
        """One writing transaction, committed when the block ends, unless it is one of those that fail."""
        async with super().transaction(step) as tx:
            yield tx
            if step == "outbox.turn" and self.failing:
                self.failing -= 1
                raise OperationalError("COMMIT", None, sqlite3.OperationalError("database or disk is full"))
        async with self.commits:
            self.commits.notify_all()


class Quota(Budget):
    """Lets so many messages go, and no more."""

    def __init__(self, left: int) -> None:
        super().__init__(TelegramPolicy(per_second=0, per_chat=0, per_group=0))
        self.left = left

    def wait_all(self, now: float) -> float:
        """Nothing, while there is something left; else long."""
        return super().wait_all(now) if self.left else 60.0

    def take(self, chat_id: int, now: float, **how: bool) -> None:
        """One less."""
        self.left -= 1
        super().take(chat_id, now, **how)


class Air:
    """Where messages are while they are being sent: all of them until they are let land."""

    def __init__(
        self,
        fates: Sequence[str],
        deliveries: list[Delivery],
        row_in_air: Callable[[int], OutboxRow],
        changed: asyncio.Condition,
    ) -> None:
        self._fates, self._row_in_air, self._changed = fates, row_in_air, changed
        self._deliveries = deliveries
        self._gate = asyncio.Event()
        self._tries: dict[int, int] = {}
        self.waiting = 0
        """How many are in the air and will land."""
        self.gone = 0
        """How many never will."""

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """The port. A chat has its fate once; what goes there later in this run arrives."""
        row = self._row_in_air(outgoing.chat_id)
        tries = self._tries[outgoing.chat_id] = self._tries.get(outgoing.chat_id, 0) + 1
        fate = self._fates[outgoing.chat_id % len(self._fates)] if tries == 1 and self._fates else "sent"
        words = getattr(outgoing.message, "words", "")
        self._deliveries.append(Delivery(row.id, outgoing.chat_id, words, fate))
        outcome = FATES[fate][0]
        if outcome is None:
            self.gone += 1
            await self._tell()
            await asyncio.Event().wait()
            raise AssertionError("nothing ends this but being cancelled")
        self.waiting += 1
        await self._tell()
        await self._gate.wait()
        self.waiting -= 1
        await self._tell()
        return outcome

    def let_land(self) -> None:
        """Everything in the air lands, and what comes from now on at once."""
        self._gate.set()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
