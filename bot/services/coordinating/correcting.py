"""Correcting what somebody is owed for a session: a coordinator says why, and the person is told."""

from typing import Any

from sqlmodel import select

from bot.rules.errors import NotYours
from bot.services import outbox, people
from bot.services.booking import bookings, ledger
from bot.services.coordinating import people_story
from bot.services.coordinating.lifting import LONGEST, ReasonTooLong
from bot.services.messages.bookings import Money
from bot.services.messages.stories import AskCorrection, Corrected
from bot.services.messages.strikes import PayCorrected
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Booking, BookingMember

REASON = "correct_reason"
"""What typed words answer while the reason of a correction is asked."""


async def ask(unit: Unit, coordinator: Person, person_id: int, booking_id: int) -> AskCorrection:
    """Ask why this is corrected. Raises `LedgerMoved` if nothing is to correct, `NotYours` for a forged button."""
    person, booking = await _found(unit, person_id, booking_id)
    money = (await ledger.corrections(unit, person, [booking])).get(booking.id)
    if money is None:
        raise ledger.LedgerMoved
    asked = {"whom": person.id, "booking": booking.id, "amount": money.amount, "currency": money.currency}
    await people.expect(unit, coordinator, REASON, **asked)
    head = await people_story.head(unit, person)
    return AskCorrection(head, await bookings.view_of(unit, booking), money)


async def correct(unit: Unit, coordinator: Person, reason: str) -> Corrected:
    """Correct what was asked about, for this reason. Raises `ReasonTooLong` (asked still) and `LedgerMoved`."""
    reason = " ".join(reason.split())
    if len(reason) > LONGEST:
        raise ReasonTooLong(LONGEST, len(reason))
    asked: dict[str, Any] = coordinator.expecting or {}
    person, booking = await _found(unit, int(asked["whom"]), int(asked["booking"]))
    money = Money(int(asked["amount"]), str(asked["currency"]))
    await people.expect(unit, coordinator, None)
    await ledger.correct(unit, person, booking, money, by=coordinator, reason=reason)
    view = await bookings.view_of(unit, booking)
    about = f"ledger:{person.id}:{booking.id}:{unit.now.isoformat()}"
    await outbox.send(unit, person.telegram_id, PayCorrected(view, money, reason), about=about)
    return Corrected(await people_story.head(unit, person), money, reason)


async def _found(unit: Unit, person_id: int, booking_id: int) -> tuple[Person, Booking]:
    person = await people_story.find(unit, person_id)
    booking = await unit.tx.get(Booking, booking_id)
    member = BookingMember.booking_id == booking_id, BookingMember.person_id == person_id
    if booking is None or await unit.tx.first(select(BookingMember.id).where(*member)) is None:
        raise NotYours
    return person, booking
