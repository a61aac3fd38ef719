"""`/stats`: the funnel counts people, the flow counts what is there, and neither counts twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.services.coordinating import flow, numbers
from bot.services.messages import Lane
from bot.services.messages.overview import (
    CheckNumbers,
    CityNumbers,
    DeliveryNumbers,
    Funnel,
    KindNumbers,
    LaneNumbers,
    RunNumbers,
)
from bot.services.pulse import Pulse
from bot.services.unit import Unit, Units
from storage.tables import (
    Booking,
    BookingMember,
    InboxRow,
    Job,
    OutboxRow,
    Pair,
    PairMember,
    Sample,
    Seeker,
    Timer,
)
from tests.helpers import NOON, a_person, a_slot, a_studio


async def samples(unit: Unit, person_id: int, *states: str, hours: float | None = None) -> None:
    """Samples of a person; decided so many hours after they were queued, if that is given."""
    for state in states:
        queued = NOON - timedelta(days=1) if hours is not None else None
        decided = queued + timedelta(hours=hours) if queued and hours is not None else None
        await unit.tx.add(
            Sample(
                person_id=person_id,
                state=state,
                file_id="f",
                file_unique_id="u",
                media="voice",
                created_at=NOON,
                queued_at=queued,
                decided_at=decided,
            )
        )


async def test_an_empty_house(units: Units) -> None:
    """Zeros, and no median of nothing."""
    async with units.reading() as look:
        assert await numbers.funnel(look) == Funnel(*[0] * 11)
        lanes = tuple(LaneNumbers(lane.value) for lane in Lane)
        assert await flow.delivery(look) == DeliveryNumbers(lanes)


async def test_the_funnel(units: Units) -> None:
    """People are counted once at each stage they reached, whatever they did twice there."""
    async with units.writing("story") as unit:
        beijing = await a_studio(unit, "beijing")
        await a_studio(unit, "shanghai")
        await a_person(unit, 1, applying=False)  # a coordinator is in no funnel
        await a_person(unit, 2, onboarded_at=None, city="beijing")
        refused = await a_person(unit, 3, city="shanghai")
        await samples(unit, refused.id, "refused", "refused", "received")
        waiting = await a_person(unit, 4, city="beijing")
        await samples(unit, waiting.id, "queued")
        rejected = await a_person(unit, 5)
        await samples(unit, rejected.id, "rejected", hours=2)
        pair = await unit.tx.add(Pair(state="active", via="pool", created_at=NOON))
        slot = await a_slot(unit, beijing, NOON + timedelta(days=1), state="taken")
        past = await a_slot(unit, beijing, NOON - timedelta(days=1), state="done")
        members = []
        for number in (6, 7, 8):
            person = await a_person(unit, number, city="beijing", approved_at=NOON)
            await samples(unit, person.id, "approved", hours=number)
            members.append(person)
        await unit.tx.add(Seeker(person_id=members.pop().id, since=NOON))
        for on, state, active in ((slot, "confirmed", True), (past, "recorded", False)):
            booking = await unit.tx.add(
                Booking(slot_id=on.id, pair_id=pair.id, state=state, held_by=members[0].id, created_at=NOON)
            )
            for person in members:
                await unit.tx.add(
                    BookingMember(
                        booking_id=booking.id,
                        person_id=person.id,
                        active=active,
                        starts_at=on.starts_at,
                        ends_at=on.ends_at,
                    )
                )
        for person in members:
            await unit.tx.add(PairMember(pair_id=pair.id, person_id=person.id))
    async with units.reading() as look:
        found = await numbers.funnel(look)
    assert found == Funnel(
        began=7,
        onboarded=6,
        sent=6,
        refused=1,
        in_review=1,
        rejected=1,
        approved=3,
        waiting=1,
        paired=2,
        booked=2,
        sessions=1,
        to_decision=timedelta(hours=6.5),
        cities=(
            CityNumbers({"en": "Beijing"}, "beijing", began=5, approved=3, paired=2, sessions=1),
            CityNumbers({"en": "Shanghai"}, "shanghai", began=1, approved=0, paired=0, sessions=0),
        ),
    )


async def test_the_flow(units: Units) -> None:
    """What waits counts whatever its age, what ended only for a day; delayed messages do not wait."""

    def message(lane: Lane, state: str, number: int, **columns: Any) -> OutboxRow:
        created = NOON - timedelta(minutes=number)
        known = {"kind": "Help", "created_at": created, "happens_at": NOON, **columns}
        return OutboxRow(chat_id=5, lane=lane, data={}, about=f"{lane}{state}{number}", state=state, **known)

    old = {"created_at": NOON - timedelta(hours=25)}
    async with units.writing("flow") as unit:
        for row in (
            message(Lane.BROADCAST, "queued", 1, **old),
            message(Lane.ANSWER, "sent", 2, uncertain=True, **old),
            message(Lane.ANSWER, "failed", 3, **old),
            message(Lane.REMINDER, "queued", 90, not_before=NOON + timedelta(hours=1)),
            message(Lane.ANSWER, "sent", 50),
            message(Lane.ANSWER, "sent", 49),
            message(Lane.ANSWER, "cancelled", 48),
            message(Lane.REVIEW, "uncertain", 47, uncertain=True),
            message(Lane.ANSWER, "sent", 42, uncertain=True),
            message(Lane.REMINDER, "sent", 41, uncertain=True, kind="Reminder"),
            message(Lane.REVIEW, "failed", 46),
            message(Lane.BROADCAST, "held", 45),
            message(Lane.BROADCAST, "sending", 44),
            message(Lane.BROADCAST, "blocked", 43),
        ):
            await unit.tx.add(row)
        for number, state in enumerate(("new", "new", "failed", "done")):
            received = NOON - timedelta(seconds=10 * (number + 1))
            await unit.tx.add(InboxRow(update_id=number, raw={}, state=state, received_at=received))
        await unit.tx.add(InboxRow(update_id=9, raw={}, state="unread", received_at=NOON))
        for state, minutes in (("pending", 10), ("pending", -10), ("done", -10)):
            due = NOON + timedelta(minutes=minutes)
            await unit.tx.add(
                Timer(kind="x", subject="x:1", due_at=due, happens_at=due, state=state, created_at=NOON)
            )
        for about, state in (("1", "queued"), ("2", "done")):
            await unit.tx.add(Job(kind="x", about=about, state=state, run_at=NOON, created_at=NOON))
    async with units.reading() as look:
        found = await flow.delivery(look)
    assert found == DeliveryNumbers(
        lanes=(
            LaneNumbers(Lane.ANSWER, sent=3),
            LaneNumbers(Lane.IMMINENT),
            LaneNumbers(Lane.REVIEW, failed=1, uncertain=1),
            LaneNumbers(Lane.REMINDER, waiting=1, sent=1),
            LaneNumbers(Lane.BROADCAST, waiting=3, blocked=1, oldest=timedelta(hours=25)),
        ),
        updates=2,
        oldest_update=timedelta(seconds=20),
        set_aside=1,
        timers=2,
        overdue=1,
        jobs=1,
        unread=1,
        uncertain=(KindNumbers("Help", 2), KindNumbers("Reminder", 1)),
    )


async def test_how_long_checks_take(units: Units) -> None:
    """From the upload to the verdict, of checks that ended, begun within a day."""

    async def check(unit: Unit, about: str, hours: int, seconds: int | None, kind: str = flow.CHECK) -> None:
        begun = NOON - timedelta(hours=hours)
        done_at = begun + timedelta(seconds=seconds) if seconds is not None else None
        state = "done" if done_at else "running"
        await unit.tx.add(
            Job(kind=kind, about=about, state=state, run_at=begun, created_at=begun, done_at=done_at)
        )

    async with units.writing("checks") as unit:
        await check(unit, "old", 25, 1000)
        await check(unit, "a", 23, 4)
        await check(unit, "b", 22, 50)
        await check(unit, "c", 21, 6)
        await check(unit, "other", 20, 2000, "solve_pool")
        await check(unit, "running", 1, None)
    async with units.reading() as look:
        found = (await flow.delivery(look)).checks
    assert found == CheckNumbers(3, timedelta(seconds=6), timedelta(seconds=50))


async def test_what_only_the_program_knows(units: Units) -> None:
    """Comes with the house, and with since when it counts; nothing of it is told where nobody counts."""
    async with units.reading() as look:
        assert (await flow.delivery(look)).run is None
    pulse = Pulse(NOON - timedelta(hours=2), 1, 2, 30, 29, timedelta(seconds=4))
    units.house = replace(units.house, pulse=lambda: pulse)
    async with units.reading() as look:
        found = (await flow.delivery(look)).run
    assert found == RunNumbers(timedelta(hours=2), 1, 2, 30, 29, timedelta(seconds=4))
