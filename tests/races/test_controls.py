"""The negative controls: take a guard away, and the same look at the same town finds what it guards against."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlmodel import col, select, update

from bot.services import people
from bot.services.pairing import pairs
from bot.services.unit import Unit
from storage.constraints import drop_exclusion
from storage.database import ConflictError
from storage.tables import Booking, BookingMember, Slot, Waiting
from tests.races.town import Town

Careless = Callable[[Unit, int, int, bool], Awaitable[None]]
"""What a program would do that looked whether the slot is free before this transaction, and does not look again."""


async def book(unit: Unit, slot_id: int, pair_number: int, _seen: bool) -> None:
    """Take a slot for a pair without the conditional update."""
    await _write(unit, slot_id, pair_number)
    await unit.tx.change(update(Slot).where(col(Slot.id) == slot_id).values(state="taken"))


async def sit(unit: Unit, slot_id: int, _pair_number: int, _seen: bool) -> None:
    """Take a slot for the first pair, whatever else it has at that time."""
    await book(unit, slot_id, 0, _seen)


async def offer(unit: Unit, slot_id: int, pair_number: int, _seen: bool) -> None:
    """Offer a freed slot to a pair that waits, as if nobody else could have been offered it."""
    pair_id = await _pair_id(unit, pair_number)
    await unit.tx.add(Waiting(slot_id=slot_id, pair_id=pair_id, state="offered", created_at=unit.now))
    await unit.tx.change(update(Slot).where(col(Slot.id) == slot_id).values(state="taken"))


async def free(unit: Unit, slot_id: int, pair_number: int, seen: bool) -> None:
    """Set a slot free because its booking was cancelled, though another one may have it by now."""
    await unit.tx.change(update(Slot).where(col(Slot.id) == slot_id).values(state="open"))
    if pair_number:
        await book(unit, slot_id, pair_number, seen)
        await unit.tx.change(update(Slot).where(col(Slot.id) == slot_id).values(state="open"))


async def _write(unit: Unit, slot_id: int, pair_number: int) -> None:
    slot = await unit.tx.one(select(Slot).where(Slot.id == slot_id))
    booking = await unit.tx.add(
        Booking(
            slot_id=slot_id,
            pair_id=await _pair_id(unit, pair_number),
            state="held",
            held_by=1,
            created_at=unit.now,
        )
    )
    for telegram_id in (1_000 + 2 * pair_number, 1_001 + 2 * pair_number):
        person = await people.by_telegram_id(unit, telegram_id)
        assert person is not None
        await unit.tx.add(
            BookingMember(
                booking_id=booking.id, person_id=person.id, starts_at=slot.starts_at, ends_at=slot.ends_at
            )
        )


async def _pair_id(unit: Unit, number: int) -> int:
    person = await people.by_telegram_id(unit, 1_000 + 2 * number)
    assert person is not None
    pair = await pairs.active_pair(unit, person)
    assert pair is not None
    return pair.id


GUARDS = {
    "double booking": (book, "DROP INDEX uq_bookings_live_slot", "bookings.slot_id"),
    "in two places": (sit, "DROP TRIGGER no_overlap_booking_members_insert", "overlap: booking_members"),
    "offered twice": (offer, "DROP INDEX uq_waitlist_offered", "waitlist.slot_id"),
}
"""By what goes wrong: who does it, what takes the guard away, and whom the guard refuses."""


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("what", list(GUARDS))
async def test_the_guard_is_what_holds(town: Town, what: str, guarded: bool) -> None:
    """All look, then all write: with the guard one of them is served, without it the town shows what broke."""
    careless, drop, rule = GUARDS[what]
    await town.build(6, times=1)
    if not guarded:
        async with town.doors[0].writing("drop") as unit:
            there = town.doors[0].database.on_a_server and "TRIGGER" in drop
            await unit.tx.run(text(drop_exclusion("booking_members") if there else drop))
    outcomes = await everybody(town, careless, spread=what == "in two places")
    refused = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    broken = set(await town.broken())
    if guarded:
        assert {error.rule for error in refused} == {rule}
        assert (outcomes.count(None), broken) == (1, set())
    else:
        assert refused == []
        assert broken == {"double booking" if what == "offered twice" else what}


async def test_a_slot_that_is_freed_without_looking_is_lost(town: Town) -> None:
    """The eye for lost slots sees one: open for all, and yet somebody's."""
    await town.build(2, times=1, rooms=1)
    (slot,) = town.slots
    async with town.doors[0].writing("careless") as unit:
        await free(unit, slot, 1, seen=True)
    assert await town.broken() == ["lost slot"]


async def everybody(town: Town, careless: Careless, *, spread: bool) -> list[BaseException | None]:
    """Every pair looks whether a slot is free, waits until all have looked, and then acts on it."""
    seen = asyncio.Barrier(2 if spread else 6)

    async def one(number: int, slot_id: int) -> None:
        door = town.doors[number % 2]
        async with door.reading() as look:
            is_open = (await look.tx.one(select(Slot).where(Slot.id == slot_id))).state == "open"
        assert is_open
        await seen.wait()
        async with door.writing(f"careless {number}") as unit:
            await careless(unit, slot_id, number, is_open)

    presses = (
        [(n, slot) for n, slot in enumerate(town.slots)] if spread else [(n, town.slots[0]) for n in range(6)]
    )
    return list(await asyncio.gather(*(one(*press) for press in presses), return_exceptions=True))
