"""What `/bookings` shows: everything to come with what it waits for, the waitlist, what was, and the strikes."""

from sqlmodel import col, select

from bot.rules.states import LIVE_BOOKINGS, BookingState, WaitState
from bot.services.booking import bookings, ledger, line, reminders, reserves, strikes, waitlist, wishes
from bot.services.calendars import links
from bot.services.messages.bookings import BookingLine, MyBookings, PastLine, WaitLine
from bot.services.people import Person, name_of
from bot.services.places import zone_of
from bot.services.studio import slots
from bot.services.unit import Unit
from storage.tables import Booking, BookingMember, PairMember, Slot, Strike, Timer, Waiting

PAST = 5
"""So many bookings that are over are listed, the latest ones."""

NOTED = 5
"""So many strikes are listed, the latest ones."""

TOLD = (
    BookingState.RECORDED,
    BookingState.NO_SHOW,
    BookingState.CANCELLED,
)
"""States of past bookings that are worth a line; a hold that came to nothing is not."""


async def overview(unit: Unit, person: Person) -> MyBookings:
    """Everything of a person's bookings; questions that are open come with their buttons again."""
    found = await strikes.reckoned(unit, person)
    return MyBookings(
        tuple([await _line(unit, person, booking) for booking in await upcoming(unit, person)]),
        await _waits(unit, person),
        await _past(unit, person),
        found.now if found.now.count and found.now.limit else None,
        await zone_of(unit, person),
        await strikes.lines(unit, found.rows[:NOTED]),
        max(0, len(found.rows) - NOTED),
        tuple(await wishes.of_person(unit, person)),
        await reserves.of_person(unit, person),
        links.offered(unit),
    )


async def upcoming(unit: Unit, person: Person) -> list[Booking]:
    """The person's living bookings that are not over, the earliest first; moves that wait for a yes too."""
    query = (
        select(Booking)
        .join(BookingMember, col(BookingMember.booking_id) == col(Booking.id))
        .where(BookingMember.person_id == person.id, col(Booking.state).in_(LIVE_BOOKINGS))
        .where(col(BookingMember.active) | (col(Booking.state) == BookingState.HELD.value))
        .where(BookingMember.ends_at > unit.now)
        .order_by(col(BookingMember.starts_at), col(Booking.id))
    )
    return list(await unit.tx.all(query))


async def _line(unit: Unit, person: Person, booking: Booking) -> BookingLine:
    other = await bookings.other_in(unit, booking, person)
    old = await unit.tx.get(Booking, booking.replaces_id) if booking.replaces_id else None
    held = booking.state == BookingState.HELD
    asks = ""
    if held and booking.held_by != person.id:
        asks = "hold"
    elif booking.state in reminders.STANDING and await _asked_to_come(unit, person, booking):
        asks = "attend"
    return BookingLine(
        booking.id,
        await bookings.view_of(unit, booking),
        booking.state,
        name_of(other) if other else "",
        asks,
        booking.held_until if held else booking.rescue_until,
        await bookings.view_of(unit, old) if old and held else None,
    )


async def _asked_to_come(unit: Unit, person: Person, booking: Booking) -> bool:
    """Whether the first reminder went out and the person has not answered it."""
    asked = await unit.tx.all(
        select(Timer).where(
            Timer.kind == "reminder", Timer.subject == bookings.subject_of(booking), Timer.state == "done"
        )
    )
    answer = await unit.tx.first(
        select(BookingMember).where(
            BookingMember.booking_id == booking.id, BookingMember.person_id == person.id
        )
    )
    return any(timer.data["asks"] for timer in asked) and answer is not None and not answer.attending


async def _waits(unit: Unit, person: Person) -> tuple[WaitLine, ...]:
    query = (
        select(Waiting)
        .join(PairMember, col(PairMember.pair_id) == col(Waiting.pair_id))
        .join(Slot, col(Slot.id) == col(Waiting.slot_id))
        .where(PairMember.person_id == person.id, col(PairMember.active))
        .where(col(Waiting.state).in_(line.QUEUED))
        .order_by(col(Slot.starts_at), col(Waiting.id))
    )
    found = []
    for waiting in await unit.tx.all(query):
        (view,) = await slots.slot_views(unit, [waiting.slot_id])
        until = waiting.offered_until if waiting.state == WaitState.OFFERED else None
        found.append(WaitLine(waiting.id, view, await waitlist.position_of(unit, waiting), until))
    return tuple(found)


async def _past(unit: Unit, person: Person) -> tuple[PastLine, ...]:
    """What ended, but for bookings that were moved: they live on as the one that replaced them."""
    moved = select(Booking.replaces_id).where(
        col(Booking.replaces_id).is_not(None), col(Booking.confirmed_at).is_not(None)
    )
    query = (
        select(Booking, BookingMember)
        .join(BookingMember, col(BookingMember.booking_id) == col(Booking.id))
        .where(BookingMember.person_id == person.id, col(Booking.id).not_in(moved))
        .where(col(Booking.confirmed_at).is_not(None))
        .where(
            col(Booking.state).in_(TOLD)
            | (col(BookingMember.ends_at) <= unit.now)
            | (~col(BookingMember.active) & (col(Booking.state) != BookingState.HELD.value))
        )
        .order_by(col(BookingMember.starts_at).desc(), col(Booking.id).desc())
        .limit(PAST)
    )
    rows = await unit.tx.all(query)
    pay = await ledger.owed(unit, person, [booking.id for booking, _ in rows])
    return tuple(
        [
            PastLine(
                await bookings.view_of(unit, booking),
                booking.state,
                left=member.attending is False,
                missed=await _missed(unit, person, booking),
                pay=pay.get(booking.id),
            )
            for booking, member in rows
        ]
    )


async def _missed(unit: Unit, person: Person, booking: Booking) -> bool:
    """Whether it was this person who did not come."""
    if booking.state != BookingState.NO_SHOW:
        return False
    found = select(Strike.id).where(
        Strike.booking_id == booking.id, Strike.person_id == person.id, Strike.kind == "no_show"
    )
    return await unit.tx.first(found) is not None
