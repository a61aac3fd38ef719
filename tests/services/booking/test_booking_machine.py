"""Anything in any order: whatever people press and however time passes, the rules of bookings hold."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import col, select, update

from bot.rules.booking import Interval, overlap
from bot.rules.errors import DomainError
from bot.rules.policy import Policy, RemindersPolicy
from bot.rules.states import LIVE_BOOKINGS, OPEN_PROPOSALS, SlotState
from bot.services import audit
from bot.services.booking import cancelling, holds, reminders, rescue, waitlist
from bot.services.pairing import matches, pairs, pool
from bot.services.people import Person
from bot.services.unit import House, Unit, Units
from storage import migrate
from storage.database import Database
from storage.tables import Booking, BookingMember, Proposal, Slot, Timer, Waiting
from tests.helpers import MovableClock
from tests.services.scene import ANN, BO, CY, DI, EVE, FAY, HOUR, MONDAY, OWNER, STRANGER, Scene

EVERYBODY = st.sampled_from([ANN, BO, CY, DI, EVE, FAY, STRANGER])
PICK = st.integers(0, 50)
SLOTS = st.integers(1, 6)
POLICY = Policy(reminders=RemindersPolicy(quiet=None))


@cache
def _template() -> Path:
    """A file with the scene in it, made once: every run begins with a copy."""
    path = Path(tempfile.mkdtemp()) / "scene.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate.upgrade(database)
        clock = MovableClock()
        scene = await Scene(Units(database, clock, House(POLICY, frozenset({OWNER}))), clock).build()
        await scene.slot(MONDAY + 24 * HOUR)
        await scene.slot(MONDAY + 4 * HOUR + 24 * HOUR)
        async with scene.units.writing("half an hour later") as unit:
            slot = await unit.tx.one(select(Slot).where(Slot.id == 2))
            await unit.tx.change(_shifted(slot))
        await database.close()

    asyncio.run(make())
    return path


def _shifted(slot: Slot) -> Any:
    """Let slot 2 overlap slot 1 next door instead of beginning with it."""
    half = timedelta(minutes=30)
    values = {"starts_at": slot.starts_at + half, "ends_at": slot.ends_at + half}
    return update(Slot).where(col(Slot.id) == slot.id).values(**values)


async def part(unit: Unit, person: Person) -> None:
    """Leave one's partner."""
    pair = await pairs.active_pair(unit, person)
    if pair is not None:
        await cancelling.cancel_for_pair(unit, pair, person)
        await pairs.dissolve(unit, pair, by=person)


async def close(unit: Unit, person: Person, slot_id: int) -> None:
    """Let the studio cancel a slot."""
    slot = await unit.tx.one(select(Slot).where(Slot.id == slot_id))
    if slot.state in (SlotState.OPEN, SlotState.TAKEN):
        await audit.move(unit, slot, SlotState.CANCELLED, actor=person.id)
        await cancelling.cancel_for_slot(unit, slot_id, by=person)


async def join_pool(unit: Unit, person: Person) -> None:
    """Ask for a partner."""
    await pool.join(unit, person)


class Bookings(RuleBasedStateMachine):
    """Six people in three pairs and one alone press what they like, at slots that overlap and that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(_template(), self.folder / "test.db")
        self.runner = asyncio.Runner()
        self.clock = MovableClock()
        self.database = Database(f"sqlite+aiosqlite:///{self.folder / 'test.db'}")
        units = Units(self.database, self.clock, House(POLICY, frozenset({OWNER})))
        self.scene = Scene(units, self.clock)

    def teardown(self) -> None:
        """Close the file and throw it away."""
        self.runner.run(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    @initialize(stand_in=st.booleans(), busy=st.booleans())
    def on_an_ordinary_day(self, stand_in: bool, busy: bool) -> None:
        """Two sessions stand, one is waited for, perhaps somebody could stand in."""
        if busy:
            self._act(ANN, holds.book, 1)
            self._act(CY, holds.book, 3)
            self.everybody_agrees()
            self._act(EVE, waitlist.join, 1)
        if stand_in:
            self._act(STRANGER, join_pool)

    def _act(self, who: int, service: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> None:
        """What the rules refuse is fine, anything else that is raised is a fault."""
        with suppress(DomainError):
            self.runner.run(self.scene.act(who, service, *args, **named))

    @rule(who=EVERYBODY, slots=st.lists(SLOTS, min_size=1, max_size=4))
    def book(self, who: int, slots: list[int]) -> None:
        """Take slots, whether they overlap or not."""
        for slot in slots:
            self._act(who, holds.book, slot)

    @rule(slot=SLOTS, pick=PICK, seat=PICK)
    def move(self, slot: int, pick: int, seat: int) -> None:
        """Take a slot instead of another."""
        booking = self._booking(pick)
        self._act(self._seat(booking, seat), holds.book, slot, booking)

    @rule(pick=PICK, seat=PICK, yes=st.booleans())
    def answer(self, pick: int, seat: int, yes: bool) -> None:
        """Answer a hold, or try to."""
        booking = self._booking(pick)
        self._act(self._seat(booking, seat), holds.agree if yes else holds.decline, booking)

    @rule()
    def everybody_agrees(self) -> None:
        """Whoever is asked says yes: else hardly any booking would ever be confirmed."""
        for row in self._all(select(Booking).where(Booking.state == "held")):
            for seat in (1, 2):
                self._act(self._seat(row.id, seat), holds.agree, row.id)

    @rule(pick=PICK, seat=PICK)
    def cancel(self, pick: int, seat: int) -> None:
        """Cancel for both."""
        booking = self._booking(pick)
        self._act(self._seat(booking, seat), cancelling.cancel, booking)

    @rule(pick=PICK, seat=st.integers(1, 2), yes=st.integers(0, 4))
    def leave(self, pick: int, seat: int, yes: int) -> None:
        """Get out of a session alone; who is found to stand in is asked at once."""
        standing = [row.id for row in self._live() if row.state in reminders.STANDING]
        if standing:
            booking = standing[pick % len(standing)]
            self._act(self._seat(booking, seat), rescue.leave, booking)
            self.answer_proposals(yes)

    @rule(pick=PICK, seats=st.lists(PICK, max_size=3))
    def attend(self, pick: int, seats: list[int]) -> None:
        """Say that one comes."""
        booking = self._booking(pick)
        for seat in seats:
            self._act(self._seat(booking, seat), reminders.attend, booking)

    @rule(who=EVERYBODY, slot=SLOTS, off=st.integers(0, 4))
    def wait(self, who: int, slot: int, off: int) -> None:
        """Onto the waitlist or, sometimes, off it."""
        self._act(who, waitlist.join if off else waitlist.leave, slot)

    @rule(pick=PICK, who=EVERYBODY, yes=st.booleans())
    def answer_offer(self, pick: int, who: int, yes: bool) -> None:
        """Everybody from one on tries to answer an offer: those whom it was made to can."""
        offers = self._all(select(Waiting.id).order_by(col(Waiting.id).desc()))
        for other in range(who, FAY + 1):
            if offers:
                service = holds.take_offer if yes else waitlist.decline
                self._act(other, service, offers[pick % len(offers)])

    @rule(who=EVERYBODY)
    def look_for_a_partner(self, who: int) -> None:
        """Join the pool, from which stand-ins come."""
        self._act(who, join_pool)

    @rule(yes=st.integers(0, 4))
    def answer_proposals(self, yes: int) -> None:
        """Everybody who is asked to stand in, or offered somebody who would, answers; mostly with yes."""
        for proposal in self._all(select(Proposal.id).where(col(Proposal.state).in_(OPEN_PROPOSALS))):
            for who in (STRANGER, ANN, BO, CY, DI, EVE, FAY):
                self._act(who, matches.answer, proposal, agree=yes > 0)

    def _booking(self, pick: int) -> int:
        """A booking that lives, if there is any; now and then one that does not."""
        live = [row.id for row in self._live()]
        return live[pick % len(live)] if live and pick % 7 else pick % 9

    def _seat(self, booking: int, seat: int) -> int:
        """One of a booking's people; now and then a stranger."""
        seats = self._all(
            select(Person.telegram_id)
            .join(BookingMember, col(BookingMember.person_id) == col(Person.id))
            .where(BookingMember.booking_id == booking)
        )
        return seats[seat % len(seats)] if seats and seat % 7 else STRANGER

    @rule(who=EVERYBODY)
    @precondition(lambda self: self.clock.now > MONDAY - 50 * HOUR)
    def leave_partner(self, who: int) -> None:
        """Dissolve one's pair; not at once, or nobody would be left to book."""
        self._act(who, part)

    @rule(slot=SLOTS)
    @precondition(lambda self: self.clock.now > MONDAY - 40 * HOUR)
    def studio_cancels(self, slot: int) -> None:
        """A coordinator closes a slot."""
        self._act(OWNER, close, slot)

    @rule(minutes=st.sampled_from([1, 10, 29, 30, 31, 120, 600]))
    def time_passes(self, minutes: int) -> None:
        """The clock runs, and rings what is due."""
        self.runner.run(self.scene.until(self.clock.now + timedelta(minutes=minutes)))

    # --- what must always hold

    @invariant()
    def slots_and_bookings_agree(self) -> None:
        """A slot is taken if and only if one booking has it, or it is on offer to one pair."""
        live = Counter(row.slot_id for row in self._live())
        offered = Counter(row.slot_id for row in self._all(select(Waiting).where(Waiting.state == "offered")))
        for slot in self._all(select(Slot)):
            claims = live[slot.id] + offered[slot.id]
            assert claims == (slot.state == "taken"), (slot, live, offered)

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        """No two active seats of a person overlap, and none is left of what has ended."""
        seats = self._all(select(BookingMember).where(col(BookingMember.active)))
        live = {row.id for row in self._live()}
        assert {seat.booking_id for seat in seats} <= live
        for one in seats:
            for other in seats:
                if one.id < other.id and one.person_id == other.person_id:
                    times = [Interval(seat.starts_at, seat.ends_at) for seat in (one, other)]
                    assert not overlap(*times), (one, other)

    @invariant()
    def seats_fit_the_state(self) -> None:
        """Two come to what stands, one waits for a stand-in, and a move's seats do not count yet."""
        seats = Counter(
            seat.booking_id for seat in self._all(select(BookingMember).where(col(BookingMember.active)))
        )
        states = {row.id: row.state for row in self._live()}
        for row in self._live():
            if row.state == "held":
                assert seats[row.id] == (0 if row.replaces_id else 2), row
                assert row.replaces_id is None or states[row.replaces_id] in ("confirmed", "attending"), row
            else:
                assert seats[row.id] == (1 if row.state == "rescue" else 2), row

    @invariant()
    def timers_fit_the_state(self) -> None:
        """Everything that lives has exactly its timers, and nothing that is dead has any."""
        pending: dict[str, list[Timer]] = {}
        for timer in self._all(select(Timer).where(Timer.state == "pending")):
            assert timer.due_at >= self.clock.now, timer
            pending.setdefault(timer.subject, []).append(timer)
        for row in self._all(select(Booking)):
            timers = pending.pop(f"booking:{row.id}", [])
            assert Counter(timer.kind for timer in timers) == self._expected(row, timers), (row, timers)
        for waiting in self._all(select(Waiting)):
            kinds = [timer.kind for timer in pending.pop(f"waiting:{waiting.id}", [])]
            expected = {"waiting": ["wait_over"], "offered": ["offer_lapsed", "wait_over"]}
            assert sorted(kinds) == expected.get(waiting.state, []), (waiting, kinds)
        assert not [subject for subject in pending if subject.startswith(("booking:", "waiting:"))]

    def _expected(self, row: Booking, timers: list[Timer]) -> Counter[str]:
        start = next(slot.starts_at for slot in self._all(select(Slot)) if slot.id == row.slot_id)
        if row.state == "held":
            return Counter(["hold_expired"])
        if row.state in ("confirmed", "attending"):
            left = sum(start - offset > self.clock.now for offset in POLICY.reminders.offsets)
            silence = [timer for timer in timers if timer.kind == "confirm_by"]
            assert all(timer.due_at == start - timedelta(hours=12) for timer in silence)
            return Counter({"reminder": left, "confirm_by": len(silence)}) + Counter()
        if row.state == "rescue":
            asked = select(Proposal).where(
                Proposal.booking_id == row.id, col(Proposal.state).in_(OPEN_PROPOSALS)
            )
            seeking = [timer.kind for timer in timers if timer.kind in ("seek_stand_in", "stand_in_declined")]
            later = row.rescue_until is not None and self.clock.now + timedelta(minutes=10) < row.rescue_until
            assert self._all(asked) or seeking or not later, "nobody looks for a stand-in any more"
            return Counter(["rescue_over", *seeking])
        return Counter()

    def _live(self) -> list[Any]:
        return self._all(select(Booking).where(col(Booking.state).in_(LIVE_BOOKINGS)))

    def _all(self, query: Any) -> list[Any]:
        return self.runner.run(self.scene.all(query))


TestBookings = Bookings.TestCase
TestBookings.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
