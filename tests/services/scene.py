"""A small operation for tests of bookings: a studio, its slots, three pairs and the owner."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlmodel import col, select

from bot.services import people
from bot.services.booking import holds
from bot.services.messages import Message
from bot.services.messages.slots import SlotView
from bot.services.pairing import matches, pairs
from bot.services.studio.slots import slot_view
from bot.services.unit import Units
from storage.tables import Audit, Booking, BookingMember, LedgerEntry, OutboxRow, Slot, Strike, Timer, Waiting
from tests.helpers import MovableClock, a_slot, a_studio, an_approved, ring, told

T = TypeVar("T")

OWNER = 1
ANN, BO, CY, DI, EVE, FAY, STRANGER = 11, 12, 13, 14, 15, 16, 17
NAMES = {ANN: "Ann", BO: "Bo", CY: "Cy", DI: "Di", EVE: "Eve", FAY: "Fay", STRANGER: "Zoe"}
PAIRS = ((ANN, BO), (CY, DI), (EVE, FAY))

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""Monday, 23 November 2026, 09:00 in Shanghai: 69 hours after the clock of the tests starts."""
HOUR = timedelta(hours=1)
ALARMS = (24 * HOUR, 2 * HOUR, HOUR / 2)
"""When a phone speaks up before a session that is booked in time."""


class Scene:
    """People who act on a real database; slots 1 and 2 are Monday 09:00 in two rooms, 3 and 4 are 14:00 there."""

    def __init__(self, units: Units, clock: MovableClock) -> None:
        self.units = units
        self.clock = clock

    async def build(self) -> "Scene":
        """Three pairs (Ann and Bo, Cy and Di, Eve and Fay), a stranger, the owner, four slots."""
        async with self.units.writing("build") as unit:
            studio = await a_studio(unit)
            persons = {tid: await an_approved(unit, tid, name, city="beijing") for tid, name in NAMES.items()}
            await people.arrive(unit, people.Visitor(OWNER, "Olga"))
            for first, second in PAIRS:
                await pairs.form(unit, persons[first], persons[second], "pool")
            for hours in (0, 5):
                for room in (1, 2):
                    await a_slot(unit, studio, MONDAY + hours * HOUR, room=room)
        return self

    async def slot(self, starts_at: datetime, **columns: Any) -> int:
        """One more open slot; gives its id."""
        async with self.units.writing(f"slot {starts_at} {columns}") as unit:
            found = await unit.tx.one(select(Slot).where(Slot.id == 1))
            room = columns.pop("room_id", found.room_id)
            ends = columns.pop("ends_at", starts_at + 3 * HOUR)
            made = await unit.tx.add(
                Slot(
                    room_id=room,
                    state="open",
                    starts_at=starts_at,
                    ends_at=ends,
                    staff_needed=0,
                    created_at=unit.now,
                    **columns,
                )
            )
            return made.id

    async def act(self, who: int, service: Callable[..., Awaitable[T]], *args: Any, **named: Any) -> T:
        """Let somebody do something, in a unit of work of its own."""
        async with self.units.writing(f"{who} {service.__name__} {args} {named}") as unit:
            person = await people.by_telegram_id(unit, who)
            return await service(unit, person, *args, **named)

    async def hold(self, who: int, slot_id: int, moving: int | None = None) -> int:
        """Let somebody take a slot; gives the booking's id."""
        await self.act(who, holds.book, slot_id, moving)
        async with self.units.reading() as look:
            newest = await look.tx.one(select(Booking.id).order_by(col(Booking.id).desc()).limit(1))
            return int(newest)

    async def booked(self, slot_id: int, first: int = ANN, second: int = BO) -> int:
        """A confirmed booking; gives its id."""
        booking_id = await self.hold(first, slot_id)
        await self.act(second, holds.agree, booking_id)
        return booking_id

    async def forward(self, **span: float) -> None:
        """Move the clock and run what is due."""
        self.clock.forward(**span)
        await ring(self.units)

    async def until(self, moment: datetime) -> None:
        """Move the clock to a moment, running what is due on the way in its order."""
        while True:
            async with self.units.reading() as look:
                due = await look.tx.first(
                    select(Timer.due_at)
                    .where(Timer.state == "pending", Timer.due_at <= moment)
                    .order_by(col(Timer.due_at))
                )
            if due is None:
                break
            self.clock.now = max(self.clock.now, due)
            await ring(self.units)
        self.clock.now = max(self.clock.now, moment)

    # --- what is seen

    async def told(self, who: int) -> list[Message]:
        """Everything somebody was told so far."""
        return await told(self.units, who)

    async def last(self, who: int, *, kind: type[Message] | None = None) -> Message:
        """The last thing somebody was told (of a kind)."""
        return [m for m in await self.told(who) if kind is None or isinstance(m, kind)][-1]

    async def kinds(self, who: int) -> list[str]:
        """The kinds of everything that somebody was told so far, but for the menu."""
        return [m.kind for m in await self.told(who) if m.kind != "CommandMenu"]

    async def view(self, slot_id: int, state: str = "taken") -> SlotView:
        """A slot as messages show it, in the state in which it was when they were written."""
        async with self.units.reading() as look:
            found = await slot_view(look, slot_id)
        assert found is not None
        return replace(found, state=state)

    async def state(self, booking_id: int) -> str:
        """Where a booking stands."""
        return (await self.booking(booking_id)).state

    async def booking(self, booking_id: int) -> Booking:
        """A booking's row."""
        return await self.one(select(Booking).where(Booking.id == booking_id))

    async def slot_state(self, slot_id: int) -> str:
        """Where a slot stands."""
        return (await self.one(select(Slot).where(Slot.id == slot_id))).state

    async def one(self, query: Any) -> Any:
        """The only row of a query."""
        async with self.units.reading() as look:
            return await look.tx.one(query)

    async def all(self, query: Any) -> list[Any]:
        """Every row of a query."""
        async with self.units.reading() as look:
            return list(await look.tx.all(query))

    async def timers(self, subject: str) -> list[str]:
        """The kinds of the pending timers about something, in the order in which they are due."""
        query = select(Timer.kind).where(Timer.subject == subject, Timer.state == "pending")
        return await self.all(query.order_by(col(Timer.due_at), col(Timer.id)))

    async def active(self, booking_id: int) -> list[int]:
        """The Telegram ids of the active members of a booking."""
        query = (
            select(people.Person.telegram_id)
            .join(BookingMember, col(BookingMember.person_id) == col(people.Person.id))
            .where(BookingMember.booking_id == booking_id, col(BookingMember.active))
            .order_by(col(people.Person.telegram_id))
        )
        return await self.all(query)

    async def strikes(self, who: int) -> list[str]:
        """The kinds of somebody's strikes."""
        query = (
            select(Strike.kind)
            .join(people.Person, col(people.Person.id) == col(Strike.person_id))
            .where(people.Person.telegram_id == who)
        )
        return await self.all(query.order_by(col(Strike.id)))

    async def ledger(self) -> list[tuple[int, str, int, str, str]]:
        """Every entry of the ledger: whose, what, how much, of which currency, why."""
        query = (
            select(
                people.Person.telegram_id,
                LedgerEntry.kind,
                LedgerEntry.amount,
                LedgerEntry.currency,
                LedgerEntry.reason,
            )
            .join(people.Person, col(people.Person.id) == col(LedgerEntry.person_id))
            .order_by(col(LedgerEntry.id))
        )
        return [tuple(row) for row in await self.all(query)]

    async def answer(self, who: int, proposal_id: int, *, agree: bool) -> None:
        """Answer a proposal."""
        await self.act(who, matches.answer, proposal_id, agree=agree)

    async def waiting(self, slot_id: int) -> list[str]:
        """The states of all places on a slot's list, the oldest first."""
        return await self.all(
            select(Waiting.state).where(Waiting.slot_id == slot_id).order_by(col(Waiting.id))
        )

    async def moves(self, subject: str) -> list[str]:
        """The audit trail of a thing: its events in order."""
        return await self.all(select(Audit.event).where(Audit.subject == subject).order_by(col(Audit.id)))

    async def row(self, who: int, kind: type[Message]) -> OutboxRow:
        """The newest queued row of a kind to somebody."""
        rows = await self.all(
            select(OutboxRow)
            .where(OutboxRow.chat_id == who, OutboxRow.kind == kind.kind)
            .order_by(col(OutboxRow.id))
        )
        found: OutboxRow = rows[-1]
        return found
