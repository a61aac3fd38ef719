"""Anything in any order: whatever people press and however time passes, the rules of bookings hold."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlmodel import col, select, update

from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import OPEN_PROPOSALS
from bot.rules.wishes import PARTS
from bot.services import people
from bot.services.booking import (
    cancelling,
    free_times,
    holds,
    my_bookings,
    reminders,
    rescue,
    waitlist,
    wishing,
)
from bot.services.pairing import matches, partings, pool, proposals
from bot.services.studio import calling_off, shifts
from bot.services.unit import Unit, Units
from storage.tables import Booking, Job, PairMember, Person, Proposal, Shift, Slot, Waiting, Wish
from tests.databases import Databases
from tests.helpers import MovableClock, a_person
from tests.services.booking.booking_promises import STANDING, BookingPromises
from tests.services.machines import PICK, long, run_machine, short
from tests.services.scene import ANN, BO, CY, DI, EVE, FAY, HOUR, MONDAY, OWNER, STRANGER, Scene

BEN = 31
"""Who runs the sessions of slots 5 and 6."""
EVERYBODY = st.sampled_from([ANN, BO, CY, DI, EVE, FAY, STRANGER])
SLOTS = st.sampled_from([1, 1, 2, 3, 3, 4, 5, 6, 7, 8])


async def build(units: Units) -> None:
    """Three pairs, one alone, one who runs sessions, and slots: 2 overlaps 1, 5 and 6 wait for their staff."""
    scene = await Scene(units, MovableClock()).build()
    for hours in (24, 28, 7 * 24, 7 * 24 + 5):
        await scene.slot(MONDAY + hours * HOUR)
    async with units.writing("half an hour later, and staff") as unit:
        ben = await a_person(unit, BEN, "Ben", applying=False)
        await people.grant(unit, ben, Role.STAFF, city="beijing")
        for slot in await unit.tx.all(select(Slot)):
            own = update(Slot).where(col(Slot.id) == slot.id)
            if slot.id == 2:
                half = timedelta(minutes=30)
                await unit.tx.change(own.values(starts_at=slot.starts_at + half, ends_at=slot.ends_at + half))
            elif slot.id in (5, 6):
                await unit.tx.change(own.values(state="draft", staff_needed=1))
                times = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
                await unit.tx.add(
                    Shift(slot_id=slot.id, person_id=ben.id, state="asked", asked_at=unit.now, **times)
                )


# --- presses, as the buttons put them together


async def close(unit: Unit, person: Person, slot_id: int) -> None:
    """Let the studio cancel a slot."""
    slot = await unit.tx.one(select(Slot).where(Slot.id == slot_id))
    if slot.state in ("draft", "open", "taken"):
        await calling_off.call_off(unit, person, [slot])


async def take_what_is_shown(unit: Unit, person: Person, moving: int | None) -> None:
    """Whatever is shown as free can be taken, whatever is shown as taken can be waited for."""
    page = await free_times.page(unit, person, moving_id=moving)
    for slot in page.slots:
        try:
            async with unit.tx.savepoint():
                if slot.state == "open":
                    await holds.book(unit, person, slot.slot_id, moving)
                else:
                    await waitlist.join(unit, person, slot.slot_id)
                raise Undo
        except Undo:
            pass
        except DomainError as refused:
            raise AssertionError(f"{slot} was shown: {refused}") from refused


class Undo(Exception):
    """It was only tried."""


class Bookings(BookingPromises):
    """Three pairs and one alone press what they like, at slots that overlap and that do not."""

    build = build

    @initialize(
        stand_in=st.booleans(),
        busy=st.booleans(),
        waiting=st.sampled_from([(EVE,), (EVE, CY), (CY, EVE)]),
        hours=st.sampled_from([0, 0, 46, 60]),
    )
    def on_an_ordinary_day(self, stand_in: bool, busy: bool, waiting: tuple[int, ...], hours: int) -> None:
        """Two sessions stand, one is waited for, perhaps somebody could stand in, perhaps it is soon."""
        self.pass_time(timedelta(hours=hours))
        if busy:
            self.press(ANN, holds.book, 1)
            self.press(CY, holds.book, 3)
            self.everybody_agrees()
            for who in waiting:
                self.press(who, waitlist.join, 1)
        if stand_in:
            self.press(STRANGER, pool.join)

    @rule(who=EVERYBODY, slots=st.lists(SLOTS, min_size=1, max_size=4), agreed=st.integers(0, 2))
    def book(self, who: int, slots: list[int], agreed: int) -> None:
        """Take slots, whether they overlap or not; mostly the partner says yes."""
        for slot in slots:
            self.press(who, holds.book, slot)
        if agreed:
            self.everybody_agrees()

    @rule(slot=PICK, pick=PICK, seat=PICK, agreed=st.booleans())
    def move(self, slot: int, pick: int, seat: int, agreed: bool) -> None:
        """Take a slot, mostly a free one, instead of another, mostly one that stands."""
        standing = [row.id for row in self.live() if row.state in STANDING]
        booking = standing[pick % len(standing)] if standing and pick % 7 else self._booking(pick)
        free = [row.id for row in self.every(Slot) if row.state == "open" or slot % 5 == 0]
        self.press(self._seat(booking, seat), holds.book, free[slot % len(free)] if free else 1, booking)
        if agreed:
            self.everybody_agrees()

    @rule(pick=PICK, yes=st.integers(0, 3))
    def answer_at_the_last_moment(self, pick: int, yes: int) -> None:
        """The answer to a hold or an offer arrives in the very moment in which its time is over."""
        limits = [timer for timer in self.pending() if timer.kind in ("hold_expired", "offer_lapsed")]
        if not limits:
            return
        timer = limits[pick % len(limits)]
        number = int(timer.subject.partition(":")[2])
        if timer.kind == "hold_expired":
            row = next(row for row in self.every(Booking) if row.id == number)
            who = next(seat.person_id for seat in self.members(number) if seat.person_id != row.held_by)
            self.press_meanwhile(self.telegram_id(who), holds.agree if yes else holds.decline, number)
        else:
            pair = next(row.pair_id for row in self.every(Waiting) if row.id == number)
            who = next(row.person_id for row in self.every(PairMember) if row.pair_id == pair)
            self.press_meanwhile(self.telegram_id(who), holds.take_offer if yes else waitlist.decline, number)
        self.pass_time(timer.due_at - self.clock.now, asleep=True)

    @rule(pick=PICK, seat=PICK, yes=st.booleans())
    def answer(self, pick: int, seat: int, yes: bool) -> None:
        """Answer a hold, or try to."""
        booking = self._booking(pick)
        self.press(self._seat(booking, seat), holds.agree if yes else holds.decline, booking)

    @rule()
    def everybody_agrees(self) -> None:
        """Whoever is asked says yes: else hardly any booking would ever be confirmed."""
        for row in self.every(Booking):
            for seat in self.members(row.id) if row.state == "held" else ():
                if seat.person_id != row.held_by:
                    self.press(self.telegram_id(seat.person_id), holds.agree, row.id)

    @rule(pick=PICK, seat=PICK)
    def cancel(self, pick: int, seat: int) -> None:
        """Cancel for both."""
        booking = self._booking(pick)
        self.press(self._seat(booking, seat), cancelling.cancel, booking)

    @rule(pick=PICK, seat=st.integers(1, 2), yes=st.integers(0, 4))
    def leave(self, pick: int, seat: int, yes: int) -> None:
        """Get out of a session alone; who is found to stand in mostly answers at once."""
        standing = [row.id for row in self.live() if row.state in STANDING]
        if standing:
            booking = standing[pick % len(standing)]
            self.press(self._seat(booking, seat), rescue.leave, booking)
            if yes > 1:
                self.answer_proposals(yes)

    @rule(pick=PICK, seats=st.lists(PICK, max_size=3))
    def attend(self, pick: int, seats: list[int]) -> None:
        """Say that one comes."""
        booking = self._booking(pick)
        for seat in seats:
            self.press(self._seat(booking, seat), reminders.attend, booking)

    @rule(who=st.lists(EVERYBODY, min_size=1, max_size=3), slot=PICK)
    def wait(self, who: list[int], slot: int) -> None:
        """Onto the list of a slot that is taken, mostly."""
        taken = [row.id for row in self.every(Slot) if row.state == "taken" or slot % 7 == 0]
        for one in who if taken else ():
            self.press(one, waitlist.join, taken[slot % len(taken)])

    @rule(pick=PICK, seat=st.integers(0, 1))
    def wait_no_more(self, pick: int, seat: int) -> None:
        """Off the list, whether it is one's turn or not."""
        queue = [row for row in self.every(Waiting) if row.state in ("waiting", "offered")]
        if queue:
            row = queue[pick % len(queue)]
            two = [one.person_id for one in self.every(PairMember) if one.pair_id == row.pair_id]
            self.press(self.telegram_id(two[seat]), waitlist.leave, row.slot_id)

    @rule(
        who=st.lists(EVERYBODY, min_size=1, max_size=3),
        part=st.sampled_from(PARTS),
        days=st.sampled_from(["any", "any", "weekdays", "weekend"]),
        ahead=st.integers(0, 12),
    )
    def wish(self, who: list[int], part: str, days: str, ahead: int) -> None:
        """Wait for any time of a kind, until some day."""
        until = (self.clock.now + timedelta(days=ahead)).date()
        for one in who:
            self.press(one, wishing.join, "beijing", part, days, until)

    @rule(pick=PICK, seat=st.integers(0, 1))
    def wish_no_more(self, pick: int, seat: int) -> None:
        """Give up a wish, whatever has become of it."""
        wishes = self.every(Wish)
        if wishes:
            row = wishes[pick % len(wishes)]
            two = [one.person_id for one in self.every(PairMember) if one.pair_id == row.pair_id]
            self.press(self.telegram_id(two[seat]), wishing.leave, row.id)

    @rule(pick=PICK, yes=st.integers(0, 3), both=st.booleans())
    def answer_offer(self, pick: int, yes: int, both: bool) -> None:
        """An offer is answered by one or both of those whom it was made to, now and then by somebody else."""
        offers = [row for row in self.every(Waiting) if row.state == "offered" or pick % 7 == 0]
        if offers:
            offer = offers[pick % len(offers)]
            two = [row.person_id for row in self.every(PairMember) if row.pair_id == offer.pair_id]
            for one in two[: 1 + both]:
                who = self.telegram_id(one) if pick % 9 else STRANGER
                self.press(who, holds.take_offer if yes else waitlist.decline, offer.id)

    @rule(who=EVERYBODY)
    def look_for_a_partner(self, who: int) -> None:
        """Join the pool, from which stand-ins come."""
        self.press(who, pool.join)

    @rule()
    def everybody_finds_somebody(self) -> None:
        """Those who have no partner ask for one, are matched, and say yes."""
        paired = {row.person_id for row in self.every(PairMember) if row.active}
        for person in self.every(Person):
            if person.approved_at and person.id not in paired:
                self.press(person.telegram_id, pool.join)
        self.pass_time(timedelta(seconds=2))
        for job in [job for job in self.every(Job) if job.kind == "solve_pool" and job.state == "queued"]:
            self.run(self._solve(job))
        self.answer_proposals(1)

    async def _solve(self, job: Job) -> None:
        await proposals.solve_pool(self.units, job.data["round"])
        await self.job_done(job.id)

    @rule(yes=st.integers(0, 4))
    def answer_proposals(self, yes: int) -> None:
        """Everybody who is asked to stand in, or offered somebody who would, answers; mostly with yes."""
        for proposal in [row.id for row in self.every(Proposal) if row.state in OPEN_PROPOSALS]:
            for who in (STRANGER, ANN, BO, CY, DI, EVE, FAY):
                self.press(who, matches.answer, proposal, agree=yes > 0)

    @rule(
        who=EVERYBODY,
        pick=PICK,
        what=st.sampled_from([cancelling.ask, cancelling.keep, my_bookings.overview]),
    )
    def look_around(self, who: int, pick: int, what: Any) -> None:
        """See what one has, and what cancelling would mean."""
        self.press(who, what, *([] if what is my_bookings.overview else [self._booking(pick)]))

    @rule(who=EVERYBODY, pick=PICK, moves=st.booleans())
    def look_at_times(self, who: int, pick: int, moves: bool) -> None:
        """See what there is to take, for a booking or instead of one: all of that can be had."""
        booking = self._booking(pick) if moves else None
        self.press(self._seat(booking, pick) if booking else who, take_what_is_shown, booking)

    @rule(slot=st.integers(5, 6), yes=st.integers(0, 3))
    def staff_answers(self, slot: int, yes: int) -> None:
        """Who runs a session confirms it, or drops out."""
        shift = next(shift.id for shift in self.every(Shift) if shift.slot_id == slot)
        self.press(BEN, shifts.answer, shift, yes=yes > 0)

    @rule(who=EVERYBODY, sure=st.integers(0, 2))
    @precondition(lambda self: self.clock.now > MONDAY - 50 * HOUR)
    def leave_partner(self, who: int, sure: int) -> None:
        """Dissolve one's pair; neither at once nor often, or nobody would be left to book."""
        if sure == 2:
            self.press(who, partings.leave)

    @rule(slot=SLOTS, sure=st.integers(0, 2))
    @precondition(lambda self: self.clock.now > MONDAY - 40 * HOUR)
    def studio_cancels(self, slot: int, sure: int) -> None:
        """A coordinator closes a slot, now and then."""
        if sure == 2:
            self.press(OWNER, close, slot)

    @rule()
    def mail(self) -> None:
        """What is queued goes out."""
        self.mail_goes_out()

    @rule(
        minutes=st.sampled_from([1, 10, 29, 30, 31, 120, 600]), asleep=st.sampled_from([False, False, True])
    )
    def time_passes(self, minutes: int, asleep: bool) -> None:
        """The clock runs and rings what is due, or the program was off for so long."""
        self.slept |= asleep
        self.pass_time(timedelta(minutes=minutes), asleep=asleep)

    @rule(times=st.integers(1, 3))
    def it_rings(self, times: int) -> None:
        """The clock runs until something is due."""
        self.until_it_rings(times)

    def _booking(self, pick: int) -> int:
        """A booking that lives, if there is any; now and then one that does not."""
        live = [row.id for row in self.live()]
        return live[pick % len(live)] if live and pick % 7 else pick % 9

    def _seat(self, booking: int, seat: int) -> int:
        """One of a booking's people; now and then a stranger."""
        seats = [self.telegram_id(row.person_id) for row in self.members(booking)]
        return seats[seat % len(seats)] if seats and seat % 7 else STRANGER


def test_bookings_hold_whatever_is_pressed(databases: Databases) -> None:
    """Short, and the same every time."""
    run_machine(Bookings, databases, short(30, 70))


@pytest.mark.slow
def test_bookings_hold_at_length(databases: Databases) -> None:
    """Long, and other runs every time."""
    run_machine(Bookings, databases, long(300, 60))
