"""The database settles races: no update is lost, no rule is broken, whoever comes second is told which."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col, select, update

from bot.services.unit import Unit, Units
from storage.database import ConflictError, Database
from storage.tables import Booking, BookingMember, City, OutboxRow, Pair, Person, Shift, Slot
from tests.helpers import NOON, a_person, a_slot, a_studio

TASKS = 30


@pytest.fixture
async def person(units: Units) -> Person:
    """Somebody whose birth year the tests count up, from 0."""
    async with units.writing("person") as unit:
        return await a_person(unit, 5, birth_year=0)


async def count_of(database: Database) -> int:
    """How far it was counted."""
    async with database.reading() as tx:
        return int(await tx.one(select(Person.birth_year)) or 0)


# --- lost updates


async def test_no_update_is_lost(database: Database, person: Person) -> None:
    """Many read, think and write at once, in two programs: each sees what the one before wrote."""
    second = Database(database.url.render_as_string())

    async def count_up(on: Database) -> None:
        async with on.writing() as tx:
            seen = await tx.one(select(Person.birth_year))
            await asyncio.sleep(random.uniform(0, 0.003))
            await tx.change(update(Person).values(birth_year=(seen or 0) + 1))

    await asyncio.gather(*(count_up((database, second)[n % 2]) for n in range(TASKS)))
    await second.close()
    assert await count_of(database) == TASKS


async def _carelessly(engine: AsyncEngine, begin: str) -> int:
    """The same without taking the lock first; how many were told that it failed."""
    failed = 0

    async def count_up() -> None:
        nonlocal failed
        async with engine.connect() as connection:
            try:
                if begin:
                    await connection.exec_driver_sql(begin)
                seen = (await connection.execute(text("SELECT birth_year FROM people"))).scalar_one()
                await asyncio.sleep(0.01)
                await connection.execute(text("UPDATE people SET birth_year = :n"), {"n": seen + 1})
                await connection.exec_driver_sql("COMMIT") if begin else await connection.commit()
            except OperationalError:
                failed += 1
                if begin:
                    await connection.exec_driver_sql("ROLLBACK")

    await asyncio.gather(*(count_up() for _ in range(TASKS)))
    return failed


@pytest.fixture
async def careless(database: Database) -> AsyncIterator[AsyncEngine]:
    """The same file through the driver's defaults."""
    engine = create_async_engine(database.url, pool_size=TASKS)
    yield engine
    await engine.dispose()


async def test_the_drivers_default_loses_updates(
    database: Database, careless: AsyncEngine, person: Person
) -> None:
    """The control: without our way to begin, most are lost, and nobody is told."""
    failed = await _carelessly(careless, begin="")
    assert await count_of(database) < TASKS - failed


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_deferred_transaction_fails_instead(database: Database, person: Person) -> None:
    """The other control: plain BEGIN notices, but only to throw most of the work away."""
    engine = create_async_engine(database.url, pool_size=TASKS, isolation_level="AUTOCOMMIT")
    failed = await _carelessly(engine, begin="BEGIN DEFERRED")
    await engine.dispose()
    assert failed > 0
    assert await count_of(database) == TASKS - failed


# --- transactions


async def test_a_block_that_raises_leaves_nothing(units: Units, database: Database) -> None:
    """Everything that it wrote is gone, and the next one can write."""

    async def fail() -> None:
        async with units.writing("fails") as unit:
            await a_person(unit, 5)
            raise RuntimeError("oops")

    with pytest.raises(RuntimeError, match="oops"):
        await fail()
    async with units.writing("works") as unit:
        assert await unit.tx.first(select(Person)) is None
        await a_person(unit, 5)


async def test_readers_wait_for_nobody_and_see_what_is_committed(units: Units, person: Person) -> None:
    """While somebody writes, others look, at one moment of the past."""
    async with units.writing("slow") as unit:
        await unit.tx.change(update(Person).values(name="New"))
        async with asyncio.timeout(1), units.reading() as look:
            assert await look.tx.one(select(Person.name)) == "Person 5"
    async with units.reading() as look:
        assert await look.tx.one(select(Person.name)) == "New"


async def test_a_savepoint_is_undone_alone(units: Units) -> None:
    """What came before it and after it stays, also when the database itself refused something inside."""
    async with units.writing("steps") as unit:
        await a_person(unit, 5)

        async def step() -> None:
            async with unit.tx.savepoint():
                await a_person(unit, 6)
                await unit.tx.add(Person(telegram_id=5, created_at=unit.now, seen_at=unit.now))

        with pytest.raises(ConflictError):
            await step()
        await a_person(unit, 7)
    async with units.reading() as look:
        assert await look.tx.all(select(Person.telegram_id).order_by(col(Person.id))) == [5, 7]


async def test_objects_show_what_the_database_has(units: Units, person: Person) -> None:
    """A statement changed the row: looking again shows it, without a word about refreshing."""
    async with units.writing("change") as unit:
        before = await unit.tx.one(select(Person))
        await unit.tx.change(update(Person).values(name="New"))
        again = await unit.tx.get(Person, before.id)
        assert again is not None
        assert again.name == "New"


async def test_times_are_utc_and_aware(units: Units, database: Database) -> None:
    """What goes in aware comes out aware; what is naive is refused."""
    async with units.writing("city") as unit:
        await unit.tx.add(City(code="beijing", created_at=NOON))
        naive = datetime(2026, 11, 20, 4, 0)  # noqa: DTZ001 - the point of it
        with pytest.raises(ValueError, match="timezone"):
            async with unit.tx.savepoint():
                await unit.tx.add(City(code="wuhan", created_at=naive))
    async with database.reading() as tx:
        assert await tx.one(select(City.created_at)) == NOON


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    """It would share one transaction among all, and be gone at the end."""
    with pytest.raises(ValueError, match="SQLite file"):
        Database(url)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_how_the_file_is_opened(database: Database, tmp_path: Path) -> None:
    """Readers beside a writer, nothing acknowledged is lost in a power cut, references are checked."""
    async with database.reading() as tx:
        found = {}
        for pragma in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout"):
            found[pragma] = (await tx.run(text(f"PRAGMA {pragma}"))).scalar_one()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}


# --- what it refuses


async def test_a_unique_key_is_named(units: Units) -> None:
    """The error names the columns, so that a service can say what it means."""
    async with units.writing("twice") as unit:
        await a_person(unit, 5)
        with pytest.raises(ConflictError) as caught:
            async with unit.tx.savepoint():
                await unit.tx.add(Person(telegram_id=5, created_at=unit.now, seen_at=unit.now))
    assert caught.value.rule == "people.telegram_id"


async def test_a_refused_change_is_named_too(units: Units) -> None:
    """An update can break a key as well as an insert."""
    async with units.writing("same") as unit:
        await a_person(unit, 5)
        await a_person(unit, 6)
        with pytest.raises(ConflictError) as caught:
            async with unit.tx.savepoint():
                await unit.tx.change(update(Person).where(col(Person.telegram_id) == 6).values(telegram_id=5))
    assert caught.value.rule == "people.telegram_id"


async def test_add_new_leaves_what_is_there(units: Units) -> None:
    """Only what no key refuses is added, and counted."""

    def row(about: str) -> OutboxRow:
        return OutboxRow(
            chat_id=5, lane=0, kind="Help", data={}, about=about, happens_at=NOON, created_at=NOON
        )

    async with units.writing("some") as unit:
        assert await unit.tx.add_new(row("a")) == 1
        assert await unit.tx.add_new(row("a"), row("b"), row("b"), row("c")) == 2
        assert await unit.tx.add_new() == 0
        assert await unit.tx.all(select(OutboxRow.about).order_by(col(OutboxRow.id))) == ["a", "b", "c"]


async def test_a_reference_to_nothing_is_refused(units: Units) -> None:
    """That is a mistake of the program and no conflict between people."""
    nobody = Pair(state="active", via="pool", created_at=NOON, dissolved_by=99)
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        async with units.writing("nobody") as unit:
            await unit.tx.add(nobody)


# --- overlaps

HOUR = timedelta(hours=1)


def member(booking: Booking, person: Person, start: datetime, **columns: Any) -> BookingMember:
    """Three hours of somebody's time."""
    return BookingMember(
        booking_id=booking.id, person_id=person.id, starts_at=start, ends_at=start + 3 * HOUR, **columns
    )


def shift(slot: Slot, person: Person, state: str) -> Shift:
    """Somebody of the staff at a slot."""
    return Shift(
        slot_id=slot.id,
        person_id=person.id,
        state=state,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        asked_at=NOON,
    )


async def a_booking(unit: Unit, slot: Slot, holder: Person, state: str = "confirmed") -> Booking:
    """A booking of a pair of its own."""
    pair = await unit.tx.add(Pair(state="active", via="pool", created_at=NOON))
    return await unit.tx.add(
        Booking(slot_id=slot.id, pair_id=pair.id, state=state, held_by=holder.id, created_at=NOON)
    )


@pytest.mark.parametrize("hours", [-2, -1, 0, 1, 2])
async def test_a_room_holds_one_slot_at_a_time(units: Units, hours: int) -> None:
    """Any overlap is refused, on insert and when something moves or comes back; touching is fine."""
    async with units.writing("slots") as unit:
        studio = await a_studio(unit)
        await a_slot(unit, studio, NOON)
        with pytest.raises(ConflictError, match="slots"):
            async with unit.tx.savepoint():
                await a_slot(unit, studio, NOON + hours * HOUR)
        await a_slot(unit, studio, NOON + 3 * HOUR)
        await a_slot(unit, studio, NOON - 3 * HOUR)
        await a_slot(unit, studio, NOON + hours * HOUR, room=2)
        cancelled = await a_slot(unit, studio, NOON + hours * HOUR, state="cancelled")
        there = col(Slot.id) == cancelled.id
        with pytest.raises(ConflictError):
            async with unit.tx.savepoint():
                await unit.tx.change(update(Slot).where(there).values(state="open"))


async def test_a_person_is_at_one_place_at_a_time(units: Units) -> None:
    """The trigger names its table; a booking that is over does not count until it would live again."""
    async with units.writing("bookings") as unit:
        studio, ann = await a_studio(unit), await a_person(unit, 5)
        first = await a_booking(unit, await a_slot(unit, studio, NOON), ann)
        second = await a_booking(unit, await a_slot(unit, studio, NOON, room=2), ann)
        await unit.tx.add(member(first, ann, NOON))
        with pytest.raises(ConflictError) as caught:
            async with unit.tx.savepoint():
                await unit.tx.add(member(second, ann, NOON + 2 * HOUR))
        assert caught.value.rule == "overlap: booking_members"
        await unit.tx.add(member(second, ann, NOON + 2 * HOUR, active=False))
        with pytest.raises(ConflictError, match="overlap: booking_members"):
            async with unit.tx.savepoint():
                await unit.tx.change(update(BookingMember).values(active=True))


async def test_staff_confirm_one_slot_at_a_time(units: Units) -> None:
    """They may be asked for both; confirming the second is refused."""
    async with units.writing("shifts") as unit:
        studio, sam = await a_studio(unit), await a_person(unit, 5)
        slots = [await a_slot(unit, studio, NOON + n * HOUR, room=n + 1) for n in range(2)]
        await unit.tx.add(shift(slots[0], sam, "confirmed"))
        asked = await unit.tx.add(shift(slots[1], sam, "asked"))
        with pytest.raises(ConflictError, match="overlap: shifts"):
            async with unit.tx.savepoint():
                await unit.tx.change(update(Shift).where(col(Shift.id) == asked.id).values(state="confirmed"))


async def test_a_slot_has_one_living_booking(units: Units) -> None:
    """Every state in which it lives is guarded, whichever way a booking comes into it."""
    async with units.writing("one") as unit:
        studio, ann = await a_studio(unit), await a_person(unit, 5)
        slot = await a_slot(unit, studio, NOON)
        over = await a_booking(unit, slot, ann, "cancelled")
        await a_booking(unit, slot, ann, "held")
        for state in ("held", "confirmed", "attending", "checked_in", "rescue"):
            with pytest.raises(ConflictError) as caught:
                async with unit.tx.savepoint():
                    await a_booking(unit, slot, ann, state)
            assert caught.value.rule == "bookings.slot_id"
            with pytest.raises(ConflictError):
                async with unit.tx.savepoint():
                    await unit.tx.change(
                        update(Booking).where(col(Booking.id) == over.id).values(state=state)
                    )


async def test_the_last_slot_goes_to_one_of_many(units: Units, database: Database) -> None:
    """Ten pairs in two programs want it at the same moment: one gets it, nine are told."""
    async with units.writing("stage") as unit:
        slot = await a_slot(unit, await a_studio(unit), NOON)
        people = [await a_person(unit, 10 + n) for n in range(10)]
    second = Units(Database(database.url.render_as_string()), units.clock, units.house)

    async def want(number: int) -> str:
        try:
            async with (units, second)[number % 2].writing(f"want {number}") as unit:
                await a_booking(unit, slot, people[number])
        except ConflictError as error:
            return error.rule
        return "mine"

    outcomes = await asyncio.gather(*(want(number) for number in range(10)))
    await second.database.close()
    assert sorted(outcomes) == ["bookings.slot_id"] * 9 + ["mine"]
