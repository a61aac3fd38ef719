"""Hundreds of pairs, a few slots, and two programs on one database: what races are run in, and what must hold after."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from sqlmodel import SQLModel, col, select

from bot.rules.booking import Interval, overlap
from bot.rules.errors import DomainError
from bot.rules.states import LIVE_BOOKINGS
from bot.services import people
from bot.services.messages.bookings import NextBest
from bot.services.pairing import pairs
from bot.services.unit import Units
from storage.tables import Booking, BookingMember, Slot, Waiting
from tests.helpers import NOON, a_slot, a_studio, an_approved

FIRST = 1_000
"""The Telegram id of the first person; the two of the n-th pair are FIRST + 2n and the next."""

OWNER = 1
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

Service = Callable[..., Awaitable[Any]]


@dataclass
class Town:
    """Pairs who press, over two programs (`doors`) that know of each other only through the database."""

    doors: tuple[Units, Units]
    random: Random
    slots: list[int] = field(default_factory=list)
    _presses: int = 0

    async def build(self, many: int, times: int, rooms: int = 2) -> "Town":
        """So many pairs, and slots at so many times, three days ahead and later, in each of the rooms."""
        async with self.doors[0].writing("studio") as unit:
            studio = await a_studio(unit, rooms=rooms)
            await people.arrive(unit, people.Visitor(OWNER, "Olga"))
            for number in range(times):
                for room in range(1, rooms + 1):
                    slot = await a_slot(unit, studio, NOON + 3 * DAY + number * 4 * HOUR, room=room)
                    self.slots.append(slot.id)
        for number in range(many):
            async with self.doors[number % 2].writing(f"pair {number}") as unit:
                two = [
                    await an_approved(unit, FIRST + 2 * number + k, f"P{number}{'ab'[k]}", city="beijing")
                    for k in (0, 1)
                ]
                await pairs.form(unit, two[0], two[1], "pool")
        return self

    def pair(self, number: int) -> tuple[int, int]:
        """The Telegram ids of a pair's two."""
        return FIRST + 2 * number, FIRST + 2 * number + 1

    async def act(self, who: int, service: Service, *args: Any, **named: Any) -> Any:
        """Let somebody do something at one of the two programs; gives what they are answered, or the refusal."""
        self._presses += 1
        cause = f"press {self._presses} of {who}"
        door = self.doors[self.random.randrange(2)]
        try:
            async with door.writing(cause) as unit:
                person = await people.by_telegram_id(unit, who)
                return await service(unit, person, *args, **named)
        except DomainError as refused:
            return refused

    async def at_once(self, presses: Sequence[Awaitable[Any]]) -> list[Any]:
        """All of it at the same time, in any order; gives each one's answer, in the order of the presses."""
        order = list(range(len(presses)))
        self.random.shuffle(order)
        tasks: dict[int, asyncio.Future[Any]] = {}
        for index in order:
            tasks[index] = asyncio.ensure_future(presses[index])
        return list(await asyncio.gather(*(tasks[index] for index in range(len(presses)))))

    async def rows(self, table: type[SQLModel]) -> list[Any]:
        """All rows of a table, in their order."""
        async with self.doors[0].reading() as look:
            return list(await look.tx.all(select(table).order_by(col(table.id))))  # type: ignore[attr-defined]

    async def live(self) -> list[Booking]:
        """The bookings that keep their slots from others."""
        return [row for row in await self.rows(Booking) if row.state in LIVE_BOOKINGS]

    async def broken(self) -> list[str]:
        """What does not hold: double bookings, lost slots, people in two places; empty when all is well."""
        found = []
        claims = Counter(row.slot_id for row in await self.live())
        claims.update(row.slot_id for row in await self.rows(Waiting) if row.state == "offered")
        for slot in await self.rows(Slot):
            if claims[slot.id] > 1:
                found.append("double booking")
            elif claims[slot.id] != (slot.state == "taken"):
                found.append("lost slot")
        return found + await self._in_two_places()

    async def _in_two_places(self) -> list[str]:
        seats: dict[int, list[Interval]] = {}
        found = []
        for seat in await self.rows(BookingMember):
            if seat.active:
                times = Interval(seat.starts_at, seat.ends_at)
                if any(overlap(times, other) for other in seats.get(seat.person_id, [])):
                    found.append("in two places")
                seats.setdefault(seat.person_id, []).append(times)
        return found


def losers(answers: Sequence[Any]) -> list[NextBest]:
    """Those who came too late, with what they were offered."""
    return [answer for answer in answers if isinstance(answer, NextBest)]
