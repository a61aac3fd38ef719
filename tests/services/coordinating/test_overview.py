"""`/pending`: each thing that waits for a human is found, and nothing that goes on by itself is."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import update

from bot.services.coordinating import overview
from bot.services.messages.overview import Pending, SetAside, Stuck, Unconfirmed, Understaffed
from bot.services.people import Person
from bot.services.studio.slots import slot_view
from bot.services.unit import Unit, Units
from storage.tables import (
    Assignment,
    Booking,
    BookingMember,
    InboxRow,
    Job,
    OutboxRow,
    Pair,
    ReviewGroup,
    Sample,
    Shift,
    Slot,
    Studio,
    Timer,
)
from tests.helpers import NOON, MovableClock, a_person, a_sample, a_slot, a_studio

NOTHING = Pending(at=NOON, samples=Stuck(), appeals=Stuck())


async def looked(units: Units) -> Pending:
    """What waits."""
    async with units.reading() as look:
        return await overview.pending(look)


async def queued(unit: Unit, person: Person, state: str, **columns: Any) -> Sample:
    """A Chinese sample that was queued an hour ago, unless told otherwise."""
    known = {"language": "zh", "queued_at": unit.now - timedelta(hours=1)}
    return await a_sample(unit, person, state=state, **{**known, **columns})


async def seat(unit: Unit, sample: Sample, reviewer: Person, number: int, state: str) -> None:
    """A seat at a sample."""
    await unit.tx.add(
        Assignment(
            sample_id=sample.id,
            reviewer_id=reviewer.id,
            round=sample.round,
            seat=number,
            state=state,
            created_at=unit.now,
        )
    )


async def test_nothing_waits(units: Units) -> None:
    """A fresh house has nothing to do."""
    assert await looked(units) == NOTHING


async def test_samples_without_reviewers(units: Units) -> None:
    """A seat that nobody holds counts; one that is held, or voted on, does not; nor does what is decided."""
    async with units.writing("samples") as unit:
        people = [await a_person(unit, n) for n in range(1, 12)]
        first, second = people[9:]
        await queued(unit, people[0], "queued")
        await queued(unit, people[1], "queued", language="en", queued_at=unit.now - timedelta(hours=9))
        half = await queued(unit, people[2], "in_review")
        await seat(unit, half, first, 0, "voted")
        await seat(unit, half, second, 1, "skipped")
        full = await queued(unit, people[3], "in_review")
        await seat(unit, full, first, 0, "voted")
        await seat(unit, full, second, 1, "open")
        crossing = await queued(unit, people[4], "cross_review")
        await seat(unit, crossing, first, 0, "voted")
        await seat(unit, crossing, second, 1, "voted")
        for person, state in zip(people[5:9], ("received", "refused", "approved", "rejected"), strict=True):
            await queued(unit, person, state)
    expected = Stuck(count=4, since=NOON - timedelta(hours=9), languages=("en", "zh"))
    assert await looked(units) == Pending(at=NOON, samples=expected, appeals=Stuck())


async def test_appeals_have_a_line_of_their_own(units: Units) -> None:
    """Votes of the first round are no seats of the appeal."""
    async with units.writing("appeal") as unit:
        applicant, first, second = [await a_person(unit, n) for n in range(1, 4)]
        sample = await queued(unit, applicant, "in_review")
        await seat(unit, sample, first, 0, "voted")
        await seat(unit, sample, second, 1, "voted")
        await unit.tx.change(update(Sample).values(round=2, state="appealed"))
    stuck = Stuck(1, NOON - timedelta(hours=1), ("zh",))
    assert await looked(units) == Pending(at=NOON, samples=Stuck(), appeals=stuck)


async def test_a_group_is_given_time(units: Units, clock: MovableClock) -> None:
    """In a reviewers' group a free seat is normal, until a reviewer would have been nudged."""
    async with units.writing("group") as unit:
        applicant = await a_person(unit, 1)
        group = ReviewGroup(chat_id=-5, language="zh", created_by=applicant.id, created_at=unit.now)
        await unit.tx.add(group)
        await queued(unit, applicant, "queued")
    assert await looked(units) == Pending(at=NOON, samples=Stuck(), appeals=Stuck(), in_group=True)
    clock.forward(hours=3)
    assert (await looked(units)).samples.count == 1


@pytest.fixture
async def studio(units: Units) -> Studio:
    """A studio with five rooms."""
    async with units.writing("studio") as unit:
        return await a_studio(unit, rooms=5)


async def a_booking(unit: Unit, slot: Slot, state: str, *answers: bool | None, ahead: float = 72) -> Booking:
    """A booking of two people who answered so, confirmed so many hours before the session."""
    pair = await unit.tx.add(Pair(state="active", via="pool", created_at=unit.now))
    members = [await a_person(unit, 100 * slot.id + n, f"P{slot.id}{n} Smith") for n in range(2)]
    booking = await unit.tx.add(
        Booking(
            slot_id=slot.id,
            pair_id=pair.id,
            state=state,
            held_by=members[0].id,
            created_at=unit.now,
            confirmed_at=slot.starts_at - timedelta(hours=ahead),
        )
    )
    for member, attending in zip(members, answers, strict=True):
        await unit.tx.add(
            BookingMember(
                booking_id=booking.id,
                person_id=member.id,
                attending=attending,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
            )
        )
    return booking


async def test_bookings_that_nobody_answered(units: Units, studio: Studio) -> None:
    """Within the deadline and not all have answered; not what is further away, answered, over or late-booked."""
    async with units.writing("bookings") as unit:
        near, answered, far, over, late = [
            await a_slot(unit, studio, NOON + timedelta(hours=hours), room=room, state="taken")
            for room, hours in enumerate((2, 6, 13, -2, 9), 1)
        ]
        await a_booking(unit, near, "confirmed", True, None)
        await a_booking(unit, answered, "attending", True, True)
        await a_booking(unit, far, "confirmed", None, None)
        await a_booking(unit, over, "confirmed", None, None)
        await a_booking(unit, late, "confirmed", None, None, ahead=10)
        first = await slot_view(unit, near.id)
    assert first is not None
    assert await looked(units) == Pending(
        at=NOON,
        samples=Stuck(),
        appeals=Stuck(),
        unconfirmed=(Unconfirmed(first, ("P11 Smith",)),),
    )


async def test_slots_that_lack_staff(units: Units, studio: Studio) -> None:
    """The nearest five of the next week are named with what they have and need; the rest is counted."""
    async with units.writing("slots") as unit:
        staff = await a_person(unit, 50)
        slots = [
            await a_slot(unit, studio, NOON + timedelta(days=day), state="draft", staff_needed=2)
            for day in range(1, 9)
        ]
        await a_slot(unit, studio, NOON + timedelta(days=1), room=2, staff_needed=0)
        await a_slot(unit, studio, NOON + timedelta(days=2), room=2, staff_needed=1, state="cancelled")
        await unit.tx.add(
            Shift(
                slot_id=slots[0].id,
                person_id=staff.id,
                state="confirmed",
                starts_at=slots[0].starts_at,
                ends_at=slots[0].ends_at,
                asked_at=unit.now,
            )
        )
        views = [await slot_view(unit, slot.id) for slot in slots[:5]]
    found = await looked(units)
    assert found.understaffed == tuple(
        Understaffed(view, 1 if number == 0 else 0, 2) for number, view in enumerate(views) if view
    )
    assert len(found.understaffed) == 5
    assert found.more_understaffed == 2, "the eighth day is far away"


async def test_what_went_wrong(units: Units, clock: MovableClock) -> None:
    """Updates set aside with their reasons, messages of the last week, work that was given up."""
    async with units.writing("trouble") as unit:
        for number, state in enumerate(("failed", "failed", "done", "new")):
            error = f"RuntimeError({number})" + "x" * 500 if state == "failed" else ""
            await unit.tx.add(InboxRow(update_id=number, raw={}, state=state, error=error, received_at=NOON))
        rows = [("failed", 0), ("failed", 8), ("uncertain", 1), ("uncertain", 1), ("sent", 0), ("blocked", 0)]
        for number, (state, days) in enumerate(rows):
            await unit.tx.add(
                OutboxRow(
                    chat_id=5,
                    lane=0,
                    kind="Help",
                    data={},
                    about=f"{number}",
                    state=state,
                    happens_at=NOON,
                    created_at=NOON - timedelta(days=days),
                )
            )
        await unit.tx.add(Job(kind="x", about="1", state="failed", run_at=NOON, created_at=NOON))
        await unit.tx.add(Job(kind="x", about="2", state="done", run_at=NOON, created_at=NOON))
        for state in ("failed", "dropped", "pending"):
            await unit.tx.add(
                Timer(kind="x", subject="x:1", due_at=NOON, happens_at=NOON, state=state, created_at=NOON)
            )
    assert await looked(units) == Pending(
        at=NOON,
        samples=Stuck(),
        appeals=Stuck(),
        set_aside=tuple(
            SetAside(number + 1, "unknown", NOON, reason=(f"RuntimeError({number})" + "x" * 500)[:120])
            for number in range(2)
        ),
        failed=1,
        uncertain=2,
        given_up=2,
    )
