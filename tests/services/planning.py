"""A small operation for tests of planning: a studio in Beijing, the owner, staff, and those who could book."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlmodel import col, select

from bot.rules.policy import BookingPolicy
from bot.rules.roles import Role
from bot.rules.slots import parse
from bot.services import people
from bot.services.messages import Message
from bot.services.messages.slots import BatchCard, BatchPreview
from bot.services.pairing import pairs
from bot.services.studio import batches
from bot.services.unit import Units
from storage.tables import Shift, Slot
from tests.helpers import MovableClock, a_person, a_studio, an_approved, ring, told

T = TypeVar("T")

OWNER, BEN, CAT, DAN = 1, 21, 22, 23
STAFF = {BEN: "Ben", CAT: "Cat", DAN: "Dan"}
ANN, BO, ZOE = 11, 12, 13
WEEK = "beijing 2026-12-01..2026-12-02 09:00,14:00 3h"
"""Two days with two times: four slots in the one room, 1 to 4 in order of time."""


class Planning:
    """People who act on a real database; the studio has one room, and `staff` people work there."""

    def __init__(self, units: Units, clock: MovableClock) -> None:
        self.units = units
        self.clock = clock

    async def build(
        self, *, staff: int = 2, needed: int = 2, rooms: int = 1, ask_next: timedelta | None = None
    ) -> "Planning":
        """The owner Olga, `staff` people who run sessions, a pair (Ann and Bo) and Zoe, approved and alone.

        The staff are asked all at once unless `ask_next` says otherwise.
        """
        booking = replace(BookingPolicy(), staff=needed, ask_next=ask_next)
        policy = replace(self.units.house.policy, booking=booking)
        self.units.house = replace(self.units.house, policy=policy)
        async with self.units.writing("build") as unit:
            await a_studio(unit, rooms=rooms)
            await people.arrive(unit, people.Visitor(OWNER, "Olga"))
            for telegram_id in list(STAFF)[:staff]:
                person = await a_person(unit, telegram_id, STAFF[telegram_id], applying=False)
                await people.grant(unit, person, Role.STAFF, city="beijing")
            ann = await an_approved(unit, ANN, "Ann", city="beijing")
            bo = await an_approved(unit, BO, "Bo", city="beijing")
            await an_approved(unit, ZOE, "Zoe", city="beijing")
            await pairs.form(unit, ann, bo, "pool")
        return self

    async def act(self, who: int, service: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:
        """Let somebody do something, in a unit of work of its own."""
        async with self.units.writing(f"{who} {service.__name__} {args} {named}") as unit:
            person = await people.by_telegram_id(unit, who)
            return await service(unit, person, *args, **named)

    async def preview(self, line: str = WEEK) -> BatchPreview:
        """What Olga is shown for a line."""
        return await self.act(OWNER, batches.preview, parse(line))

    async def opened(self, line: str = WEEK) -> BatchCard:
        """A batch that Olga has opened."""
        shown = await self.preview(line)
        return await self.act(OWNER, batches.open_, shown.batch_id)

    async def forward(self, **span: float) -> None:
        """Move the clock and run what is due."""
        self.clock.forward(**span)
        await ring(self.units)

    # --- what is seen

    async def states(self) -> list[str]:
        """The states of all slots, by id."""
        async with self.units.reading() as look:
            return list(await look.tx.all(select(Slot.state).order_by(col(Slot.id))))

    async def shift(self, who: int, slot_id: int) -> int:
        """The id of somebody's shift for a slot."""
        async with self.units.reading() as look:
            person = await people.by_telegram_id(look, who)
            assert person is not None
            query = select(Shift.id).where(Shift.slot_id == slot_id, Shift.person_id == person.id)
            return int(await look.tx.one(query))

    async def shift_states(self, who: int) -> list[str]:
        """The states of somebody's shifts, by slot."""
        async with self.units.reading() as look:
            person = await people.by_telegram_id(look, who)
            assert person is not None
            query = select(Shift.state).where(Shift.person_id == person.id).order_by(col(Shift.slot_id))
            return list(await look.tx.all(query))

    async def told(self, who: int, kind: type[Message] | None = None) -> list[Any]:
        """Everything (of a kind) that somebody was told so far, edits too."""
        return [m for m in await told(self.units, who) if kind is None or isinstance(m, kind)]
