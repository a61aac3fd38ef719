"""What holds of slots, bookings, the waitlist and strikes after every step, whoever did what."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis.stateful import invariant

from bot.rules.booking import Interval, overlap
from bot.rules.policy import PairingPolicy, Policy, RemindersPolicy
from bot.rules.states import LIVE_BOOKINGS, OPEN_PROPOSALS
from bot.rules.wishes import Kind, fits
from bot.services.messages.bookings import BookingConfirmed, HoldAsked, NotConfirmedYet, Reminder
from bot.services.messages.waitlist import SlotOffered
from storage.tables import (
    Audit,
    Booking,
    BookingMember,
    OutboxRow,
    Pair,
    PairMember,
    Person,
    Proposal,
    Shift,
    Slot,
    Strike,
    Timer,
    Waiting,
    Wish,
)
from tests.services.machines import Machine

STANDING = ("confirmed", "attending")


class BookingPromises(Machine):
    """A machine's eyes on bookings. Quiet hours are left out: they only shift when things are said."""

    policy = Policy(
        reminders=RemindersPolicy(quiet=None), pairing=PairingPolicy(every=timedelta(hours=4), repeat=True)
    )

    def __init__(self) -> None:
        super().__init__()
        self.slept = False
        """Whether the program was ever off: then reminders may have come to nothing."""
        self._trail = len(self.every(Audit))

    # --- looks

    def live(self) -> list[Booking]:
        """The bookings that keep their slots from others."""
        return [row for row in self.every(Booking) if row.state in LIVE_BOOKINGS]

    def slot(self, slot_id: int) -> Slot:
        """A slot, by id."""
        return next(slot for slot in self.every(Slot) if slot.id == slot_id)

    def members(self, booking_id: int, *, active: bool = False) -> list[BookingMember]:
        """Who is or was in a booking, or those who are in it now."""
        rows = self.every(BookingMember)
        return [row for row in rows if row.booking_id == booking_id and (row.active or not active)]

    def telegram_id(self, person_id: int) -> int:
        """The account of a person."""
        return next(person.telegram_id for person in self.every(Person) if person.id == person_id)

    # --- what always holds: slots and people

    @invariant()
    def slots_and_bookings_agree(self) -> None:
        """A slot is taken if and only if one booking has it, or it is on offer to one pair."""
        live = Counter(row.slot_id for row in self.live())
        offered = Counter(row.slot_id for row in self.every(Waiting) if row.state == "offered")
        for slot in self.every(Slot):
            claims = live[slot.id] + offered[slot.id]
            assert claims == (slot.state == "taken"), (slot, live, offered)

    @invariant()
    def a_slot_is_open_while_it_has_its_staff(self) -> None:
        """Enough have confirmed what is open, and nothing is a draft that has enough."""
        confirmed = Counter(shift.slot_id for shift in self.every(Shift) if shift.state == "confirmed")
        for slot in self.every(Slot):
            if slot.state in ("open", "draft"):
                assert (slot.state == "open") == (confirmed[slot.id] >= slot.staff_needed), slot
            assert confirmed[slot.id] <= slot.staff_needed, slot
            assert slot.state != "cancelled" or not confirmed[slot.id], slot

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        """No two active seats of a person overlap, and none is left of what has ended."""
        seats = [seat for seat in self.every(BookingMember) if seat.active]
        assert {seat.booking_id for seat in seats} <= {row.id for row in self.live()}
        for one in seats:
            for other in seats:
                if one.id < other.id and one.person_id == other.person_id:
                    times = [Interval(seat.starts_at, seat.ends_at) for seat in (one, other)]
                    assert not overlap(*times), (one, other)

    @invariant()
    def seats_fit_the_state(self) -> None:
        """Two come to what stands, one waits for a stand-in, and a move's seats do not count yet."""
        states = {row.id: row.state for row in self.live()}
        for row in self.live():
            seats = len(self.members(row.id, active=True))
            if row.state == "held":
                assert seats == (0 if row.replaces_id else 2), row
                assert row.replaces_id is None or states.get(row.replaces_id) in STANDING, row
            else:
                assert seats == (1 if row.state == "rescue" else 2), row
                times = {(seat.starts_at, seat.ends_at) for seat in self.members(row.id, active=True)}
                assert times == {(self.slot(row.slot_id).starts_at, self.slot(row.slot_id).ends_at)}, row

    @invariant()
    def nothing_is_kept_longer_than_allowed(self) -> None:
        """Holds, offers and searches end in time, and nothing is taken at less notice than is needed."""
        booking = self.policy.booking
        assert booking.hold is not None
        assert booking.min_notice is not None
        for row in self.every(Booking):
            begins = self.slot(row.slot_id).starts_at
            assert row.created_at <= begins - booking.min_notice, row
            assert row.held_until is not None, row
            assert row.held_until <= min(row.created_at + booking.hold, begins), row
            assert row.state != "held" or self.clock.now < row.held_until, row
            if row.state == "rescue":
                assert row.rescue_until is not None, row
                assert self.clock.now < row.rescue_until <= begins - booking.min_notice, row
        for waiting in self.every(Waiting):
            begins = self.slot(waiting.slot_id).starts_at
            if waiting.offered_at and waiting.offered_until:
                end = min(waiting.offered_at + booking.hold, begins - booking.min_notice)
                assert waiting.offered_until == end, waiting
                assert waiting.state != "offered" or self.clock.now < end, waiting

    # --- the waitlist

    @invariant()
    def a_freed_slot_goes_down_the_list(self) -> None:
        """Whoever waits longest and could come is offered it; it is open to all only if none of them could."""
        fresh, self._trail = self.every(Audit)[self._trail :], len(self.every(Audit))
        freed = {
            int(row.subject.partition(":")[2])
            for row in fresh
            if row.event == "slot.open" and row.at == self.clock.now
        }
        for slot_id in freed:
            slot = self.slot(slot_id)
            queue = [row for row in self.every(Waiting) if row.slot_id == slot_id]
            offers = [row.id for row in queue if row.state == "offered" and row.offered_at == self.clock.now]
            if slot.state != "open" and not offers:
                continue  # it was taken in the same step, or cancelled
            if self.clock.now >= slot.starts_at - (self.policy.booking.min_notice or timedelta()):
                continue
            offered = [row for row in queue if row.id in offers]
            limit = self._rank(offered[0], slot) if offered else None
            for row in queue:
                if row.state == "waiting" and (limit is None or self._rank(row, slot) < limit):
                    assert not self._could_come(row.pair_id, slot), (slot, row, offers)
            for wish in self._wishes_for(slot):
                if limit is None or (wish.created_at, 1, wish.id) < limit:
                    assert not self._could_come(wish.pair_id, slot), (slot, wish, offers)

    def _rank(self, row: Waiting, slot: Slot) -> tuple[datetime, int, int]:
        """Where a place stands in the line: at the earliest of what the pair waits for."""
        by = [wish for wish in self.every(Wish) if wish.waiting_id == row.id]
        if by:
            return (row.created_at, 1, by[0].id)
        wishes = [wish for wish in self._wishes_for(slot, but=row.id) if wish.pair_id == row.pair_id]
        return min([(row.created_at, 0, row.id), *((one.created_at, 1, one.id) for one in wishes)])

    def _wishes_for(self, slot: Slot, but: int = 0) -> list[Wish]:
        """The open wishes that a slot is for, of pairs that do not know it; `but`: a place that does not count."""
        knows = {
            row.pair_id
            for row in self.every(Waiting)
            if row.slot_id == slot.id and row.state != "waiting" and row.id != but
        }
        knows |= {row.pair_id for row in self.every(Booking) if row.slot_id == slot.id}
        knows |= {wish.pair_id for wish in self.every(Wish) if wish.state == "offered"}
        starts = slot.starts_at.astimezone(ZoneInfo("Asia/Shanghai"))
        # Who waits again since this very moment may have had an offer when the slot became free.
        back = {
            row.subject
            for row in self.every(Audit)
            if row.event == "wish.waiting" and row.at == self.clock.now
        }
        knows |= {wish.pair_id for wish in self.every(Wish) if f"wish:{wish.id}" in back}
        return [
            wish
            for wish in self.every(Wish)
            if wish.state == "waiting"
            and wish.pair_id not in knows
            and fits(Kind(wish.part, wish.days, wish.until), starts)
        ]

    @invariant()
    def a_wish_is_offered_one_thing_at_a_time(self) -> None:
        """It is on offer while its place is, or while the partner's yes to it is awaited; else it waits."""
        places = {row.id: row for row in self.every(Waiting)}
        held = {(row.pair_id, row.slot_id) for row in self.live() if row.state == "held"}
        for wish in self.every(Wish):
            place = places.get(wish.waiting_id or 0)
            if wish.state == "waiting":
                assert wish.lapses < 2, wish
                assert place is None or place.state not in ("waiting", "offered"), (wish, place)
            elif wish.state == "offered":
                assert place is not None, wish
                asked = place.state == "offered"
                assert asked or (place.state == "taken" and (place.pair_id, place.slot_id) in held), (
                    wish,
                    place,
                )

    def _could_come(self, pair_id: int, slot: Slot) -> bool:
        """Whether a pair that waits is neither blocked nor elsewhere at that time."""
        pair = [one.person_id for one in self.every(PairMember) if one.pair_id == pair_id and one.active]
        busy = [
            seat
            for seat in self.every(BookingMember)
            if seat.active
            and seat.person_id in pair
            and overlap(Interval(seat.starts_at, seat.ends_at), Interval(slot.starts_at, slot.ends_at))
        ]
        times = [[row.at for row in self.every(Strike) if row.person_id == person_id] for person_id in pair]
        return len(pair) == 2 and not busy and not any(blocked(at, self.clock.now) for at in times)

    @invariant()
    def what_a_pair_had_ends_with_it(self) -> None:
        """Who has parted waits for nothing and has nothing ahead, but for whom a stand-in is sought."""
        active = {pair.id for pair in self.every(Pair) if pair.state == "active"}
        for waiting in self.every(Waiting):
            assert waiting.state not in ("waiting", "offered") or waiting.pair_id in active, waiting
        for wish in self.every(Wish):
            assert wish.state not in ("waiting", "offered") or wish.pair_id in active, wish
        for row in self.live():
            ahead = self.slot(row.slot_id).starts_at > self.clock.now
            assert row.pair_id in active or row.state == "rescue" or not ahead, row
        wanting = {row.id for row in self.live() if row.state == "rescue"}
        for proposal in self.every(Proposal):
            if proposal.booking_id is not None and proposal.state in OPEN_PROPOSALS:
                assert proposal.booking_id in wanting, proposal

    # --- strikes

    @invariant()
    def strikes_are_counted_right(self) -> None:
        """One for whoever got out of what stood within the last day before it, and for nobody and nothing else."""
        due = Counter[tuple[int, int]]()
        held: dict[int, datetime] = {row.id: row.created_at for row in self.every(Booking)}
        moves = {row.replaces_id: row for row in self.every(Booking) if row.replaces_id and row.confirmed_at}
        for move in self.every(Audit):
            thing, _, number = move.subject.partition(":")
            if thing != "booking" or move.before not in STANDING or move.after not in ("cancelled", "rescue"):
                continue
            row = next(row for row in self.every(Booking) if row.id == int(number))
            begins, at, who = self.slot(row.slot_id).starts_at, move.at, move.actor_id
            if (
                row.id in moves and move.after == "cancelled"
            ):  # what a move costs was said when it was asked for
                at = held[moves[row.id].id]
                assert who == moves[row.id].held_by, move
            if who in {seat.person_id for seat in self.members(row.id)} and at > begins - timedelta(hours=24):
                due[who or 0, row.id] = 1
        assert due == Counter((row.person_id, row.booking_id) for row in self.every(Strike))

    @invariant()
    def the_yes_is_the_partners(self) -> None:
        """Whoever took a slot has said theirs: it stands by the other one's."""
        held = {f"booking:{row.id}": row.held_by for row in self.every(Booking)}
        for move in self.every(Audit):
            if move.event == "booking.confirmed" and move.before == "held":
                assert move.actor_id not in (None, held[move.subject]), move

    @invariant()
    def who_is_blocked_takes_nothing(self) -> None:
        """At no time was anything held for somebody whose strikes kept them from it."""
        strikes: dict[int, list[datetime]] = {}
        for move in self.every(Audit):
            thing, _, number = move.subject.partition(":")
            if move.event.startswith("strike."):
                strikes.setdefault(int(number), []).append(move.at)
            elif thing == "booking" and move.event == "booking.held":
                for seat in self.members(int(number)):
                    assert not blocked(strikes.get(seat.person_id, []), move.at) or seat.id > self._first(
                        number
                    )

    def _first(self, booking: str) -> int:
        """The second of a booking's seats: whoever came later stands in for somebody."""
        return sorted(seat.id for seat in self.members(int(booking)))[1]

    # --- timers and messages

    @invariant()
    def timers_fit_the_state(self) -> None:
        """Everything that lives has exactly its timers, and nothing that is dead has any."""
        pending: dict[str, list[Timer]] = {}
        by_wish = {wish.waiting_id for wish in self.every(Wish)}
        for timer in [*self.pending("booking:"), *self.pending("waiting:")]:
            pending.setdefault(timer.subject, []).append(timer)
        for row in self.every(Booking):
            timers = pending.pop(f"booking:{row.id}", [])
            assert Counter(timer.kind for timer in timers) == self._expected(row, timers), (row, timers)
        for waiting in self.every(Waiting):
            kinds = [timer.kind for timer in pending.pop(f"waiting:{waiting.id}", [])]
            expected = {"waiting": ["wait_over"], "offered": ["offer_lapsed", "wait_over"]}
            if waiting.id in by_wish:
                expected["offered"] = ["offer_lapsed"]
            assert sorted(kinds) == expected.get(waiting.state, []), (waiting, kinds)
        assert not pending
        over = [timer.subject for timer in self.pending("wish:")]
        open_ = [f"wish:{row.id}" for row in self.every(Wish) if row.state in ("waiting", "offered")]
        assert sorted(over) == sorted(open_)

    def _expected(self, row: Booking, timers: list[Timer]) -> Counter[str]:
        begins = self.slot(row.slot_id).starts_at
        if row.state == "held":
            return Counter(["hold_expired"])
        if row.state in STANDING:
            left = sum(begins - offset > self.clock.now for offset in self.policy.reminders.offsets)
            silence = [timer for timer in timers if timer.kind == "confirm_by"]
            assert all(timer.due_at == begins - timedelta(hours=12) for timer in silence)
            return Counter({"reminder": left, "confirm_by": len(silence)}) + Counter()
        if row.state == "rescue":
            asked = [one for one in self.every(Proposal) if one.booking_id == row.id]
            asked = [one for one in asked if one.state in OPEN_PROPOSALS]
            seeking = [timer.kind for timer in timers if timer.kind in ("seek_stand_in", "stand_in_declined")]
            later = row.rescue_until is not None and self.clock.now + timedelta(minutes=10) < row.rescue_until
            assert asked or seeking or not later, "nobody looks for a stand-in any more"
            return Counter(["rescue_over", *seeking])
        return Counter()

    @invariant()
    def nothing_stale_waits_to_go_out(self) -> None:
        """What is queued asks what is open still, and reminds of what stands, when and where it stands."""
        states = {row.id: row for row in self.every(Booking)}
        offers = {row.id: row.state for row in self.every(Waiting)}
        for row in self.every(OutboxRow):
            if row.state not in ("queued", "held", "sending"):
                continue
            if row.kind in (Reminder.kind, NotConfirmedYet.kind):
                booking = states[row.data["booking_id"]]
                assert booking.state in STANDING, (row, booking)
                assert booking.slot_id == row.data["slot"]["slot_id"], (row, booking)
            elif row.kind == HoldAsked.kind:
                assert states[row.data["booking_id"]].state == "held", row
            elif row.kind == SlotOffered.kind:
                assert offers[row.data["waiting_id"]] == "offered", row
            if row.kind == Reminder.kind:
                seats = self.members(row.data["booking_id"], active=True)
                assert row.chat_id in {self.telegram_id(seat.person_id) for seat in seats}, row

    @invariant()
    def everybody_is_told_and_reminded_once(self) -> None:
        """Both hear of each confirmation, and get each reminder whose time came since the last one."""
        told = Counter(
            row.data["booking_id"] for row in self.every(OutboxRow) if row.kind == BookingConfirmed.kind
        )
        said = {(row.chat_id, row.about) for row in self.every(OutboxRow)}
        confirmed: dict[int, list[datetime]] = {}
        for move in self.every(Audit):
            if move.event == "booking.confirmed":
                confirmed.setdefault(int(move.subject.partition(":")[2]), []).append(move.at)
        assert told == Counter({number: 2 * len(times) for number, times in confirmed.items()})
        for row in self.every(Booking):
            if self.slept or row.state not in STANDING:
                continue
            begins = self.slot(row.slot_id).starts_at
            for offset in self.policy.reminders.offsets:
                if confirmed[row.id][-1] < begins - offset <= self.clock.now:
                    about = f"reminder:{row.id}:{row.version}:{offset.total_seconds()}"
                    for seat in self.members(row.id, active=True):
                        assert (self.telegram_id(seat.person_id), about) in said, (row, about)


def blocked(strikes: list[datetime], at: datetime) -> bool:
    """Whether two strikes keep somebody from booking then, for thirty days; during a block none counts."""
    count, until = 0, None
    for strike in strikes:
        if until is None or strike >= until:
            count += 1
            if count == 2:
                count, until = 0, strike + timedelta(days=30)
    return until is not None and at < until
