"""Many sessions at once: rows written straight into the tables, reminders as the services write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rules.policy import Policy, RemindersPolicy
from bot.services.booking import bookings, reminders
from bot.services.unit import House, Unit, Units
from storage.tables import Booking, BookingMember, City, Pair, PairMember, Person, Room, Slot, Studio

FIRST = 1_000_000
"""The Telegram id of the first person; the two of the n-th session are FIRST + 2n and the next."""

ROOMS = 10
"""Rooms of each studio."""

AT_ONCE = 100
"""Sessions written in one commit."""

AWAKE = House(Policy(reminders=RemindersPolicy(quiet=None)))
"""No hours of quiet: what is measured by the real clock does not hang on the time of day."""


@dataclass(frozen=True)
class Session:
    """A booking that both confirmed."""

    booking_id: int
    starts_at: datetime
    people: tuple[int, int]
    """Their Telegram ids."""


async def confirmed(units: Units, starts: Sequence[datetime]) -> list[Session]:
    """A confirmed booking at each of these times, each in a room and of a pair of its own, with its reminders."""
    made = []
    for begin in range(0, len(starts), AT_ONCE):
        async with units.writing(f"sessions from {begin}") as unit:
            await unit.tx.add_new(City(code="beijing", names={"en": "Beijing"}, created_at=unit.now))
            for number, starts_at in enumerate(starts[begin : begin + AT_ONCE], begin):
                room_id = await _room(unit, number)
                made.append(await _session(unit, number, room_id, starts_at))
    return made


async def _room(unit: Unit, number: int) -> int:
    studio_id = number // ROOMS + 1
    if number % ROOMS == 0:
        zone, names = "Asia/Shanghai", {"en": f"Studio {studio_id}"}
        await unit.tx.add(Studio(id=studio_id, city="beijing", names=names, zone=zone, created_at=unit.now))
    return (await unit.tx.add(Room(studio_id=studio_id, number=number % ROOMS + 1))).id


async def _session(unit: Unit, number: int, room_id: int, starts_at: datetime) -> Session:
    now, ends_at = unit.now, starts_at + timedelta(hours=3)
    slot = await unit.tx.add(
        Slot(
            room_id=room_id,
            state="taken",
            starts_at=starts_at,
            ends_at=ends_at,
            staff_needed=0,
            created_at=now,
        )
    )
    pair = await unit.tx.add(Pair(state="active", via="pool", created_at=now))
    two = [await _person(unit, FIRST + 2 * number + seat) for seat in (0, 1)]
    booking = await unit.tx.add(
        Booking(
            slot_id=slot.id,
            pair_id=pair.id,
            state="confirmed",
            held_by=two[0].id,
            created_at=now,
            confirmed_at=now,
        )
    )
    for person in two:
        await unit.tx.add(PairMember(pair_id=pair.id, person_id=person.id, active=True))
        await unit.tx.add(
            BookingMember(booking_id=booking.id, person_id=person.id, starts_at=starts_at, ends_at=ends_at)
        )
    await reminders.plan(unit, booking, await bookings.view_of(unit, booking))
    return Session(booking.id, starts_at, (two[0].telegram_id, two[1].telegram_id))


async def _person(unit: Unit, telegram_id: int) -> Person:
    return await unit.tx.add(
        Person(
            telegram_id=telegram_id,
            telegram_name=f"Person {telegram_id}",
            name=f"Person {telegram_id}",
            language="en",
            city="beijing",
            applying=True,
            onboarded_at=unit.now,
            approved_at=unit.now,
            created_at=unit.now,
            seen_at=unit.now,
        )
    )
