"""Who did not come: noted by the staff of a session, or by a coordinator, once it has begun.

One word ends the booking as a no-show: one of the two is missing, or both. Who is missing has a strike; who came has
the policy's show-up pay (`bot.services.booking.ledger`). A mistake is mended by lifting the strike and by
correcting the pay, each by itself.
"""

from datetime import timedelta

from sqlmodel import col, select

from bot.rules.booking import may_miss
from bot.rules.errors import DomainError, NotYours
from bot.rules.roles import Role
from bot.rules.states import BookingState, ShiftState
from bot.services import outbox, people
from bot.services.booking import bookings, ledger, releasing, reminders, strikes
from bot.services.booking.bookings import BookingOver, subject_of
from bot.services.messages.slots import SlotView
from bot.services.messages.strikes import Begun, MissingNoted, PartnerMissed, StrikeNoted, Who, WhoIsMissing
from bot.services.people import Person, name_of
from bot.services.unit import Unit
from storage.tables import Booking, Shift

LISTED_FOR = timedelta(hours=24)
"""How long after its start a session is offered in `/today`."""

BOTH = 0
"""In place of a person's number: neither of the two came."""


class MissingTooSoon(DomainError):
    """Who did not come can be noted once the session has begun, and for a week; not now."""


async def ask(unit: Unit, person: Person, booking_id: int, missing: int | None = None) -> WhoIsMissing:
    """The question who did not come, or whether `missing` (a person's id, or `BOTH`) is right.

    Raises `NotYours` for who neither runs the session nor coordinates, `BookingOver` and `MissingTooSoon`.
    """
    booking, slot, two = await _markable(unit, person, booking_id)
    if missing is not None:
        _chosen(two, missing)
    return WhoIsMissing(booking.id, slot, tuple(Who(one.id, name_of(one)) for one in two), missing)


async def note(unit: Unit, person: Person, booking_id: int, missing: int) -> MissingNoted:
    """Note who did not come: strikes for them, pay for who did, and both are told. Raises as `ask`."""
    booking, slot, two = await _markable(unit, person, booking_id)
    absent = _chosen(two, missing)
    if not await bookings.end(unit, booking, BookingState.NO_SHOW, by=person):
        raise BookingOver(booking.state)
    await releasing.drop_move(unit, booking, by=person)
    topic = subject_of(booking)
    for one in two:
        if one in absent:
            found = await strikes.note(unit, one, booking, "no_show")
            news: StrikeNoted | PartnerMissed = StrikeNoted(slot, found)
        else:
            pay = await ledger.pay_show_up(unit, one, booking, slot, "no_show")
            news = PartnerMissed(slot, name_of(absent[0]), pay)
        await outbox.send(unit, one.telegram_id, news, about=f"{topic}:no_show", topic=topic)
    return MissingNoted(slot, tuple(name_of(one) for one in absent))


def _chosen(two: list[Person], missing: int) -> list[Person]:
    absent = [one for one in two if missing in (one.id, BOTH)]
    if not absent:
        raise NotYours
    return absent


async def _markable(unit: Unit, person: Person, booking_id: int) -> tuple[Booking, SlotView, list[Person]]:
    booking = await unit.tx.get(Booking, booking_id)
    if booking is None or not await _in_charge(unit, person, booking):
        raise NotYours
    if booking.state not in reminders.STANDING:
        raise BookingOver(booking.state)
    slot = await bookings.view_of(unit, booking)
    if not may_miss(slot.starts_at, unit.now):
        raise MissingTooSoon
    return booking, slot, await bookings.people_in(unit, booking)


async def _in_charge(unit: Unit, person: Person, booking: Booking) -> bool:
    """Whether somebody runs this session, being staff still, or is a coordinator."""
    roles = await people.roles_of(unit, person)
    if Role.COORDINATOR in roles:
        return True
    runs = select(Shift.id).where(
        Shift.slot_id == booking.slot_id,
        Shift.person_id == person.id,
        Shift.state == ShiftState.CONFIRMED.value,
    )
    return Role.STAFF in roles and await unit.tx.first(runs) is not None


async def begun(unit: Unit, person: Person) -> tuple[Begun, ...]:
    """The sessions that somebody of the staff runs and that have begun lately, with a booking that stands."""
    rows = await unit.tx.all(
        select(Booking)
        .join(Shift, col(Shift.slot_id) == col(Booking.slot_id))
        .where(Shift.person_id == person.id, Shift.state == ShiftState.CONFIRMED.value)
        .where(col(Shift.starts_at) <= unit.now, col(Shift.starts_at) > unit.now - LISTED_FOR)
        .where(col(Booking.state).in_(reminders.STANDING))
        .order_by(col(Shift.starts_at), col(Booking.id))
    )
    return tuple([Begun(row.id, await bookings.view_of(unit, row)) for row in rows])
