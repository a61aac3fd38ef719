"""Stand-ins: the best of the pool is asked for a booking that lost somebody, and takes the place with a yes."""

from datetime import timedelta

from sqlmodel import col, select, update

from bot.services import people
from bot.services.booking import holds, rescue
from bot.services.messages.partners import LeftPair, PairFormed, ProposalCard, ProposalOver
from bot.services.pairing import pairs, pool
from bot.services.pairing.matches import answer
from bot.services.people import Person
from bot.services.unit import Units
from storage.tables import Booking, BookingMember, Pair, Proposal, ProposalMember
from tests.helpers import NOON, MovableClock, a_slot, a_studio, an_approved, ring, told

IN_THREE_DAYS = NOON + timedelta(days=3)


async def left_alone(units: Units) -> tuple[Person, Person]:
    """Ann and Bo have two sessions; Bo cannot come to the first. Gives both."""
    async with units.writing("booked") as unit:
        studio = await a_studio(unit)
        ann, bo = [await an_approved(unit, n, name, city="beijing") for n, name in ((11, "Ann"), (12, "Bo"))]
        await pairs.form(unit, ann, bo, "pool")
        for days in (3, 4):
            slot = await a_slot(unit, studio, NOON + timedelta(days=days))
            await holds.book(unit, ann, slot.id)
            booking = (await unit.tx.all(select(Booking).order_by(col(Booking.id).desc())))[0]
            await holds.agree(unit, bo, booking.id)
    return ann, bo


async def leaves(units: Units, person: Person) -> None:
    """Somebody gets out of the first booking alone."""
    async with units.writing("leaves") as unit:
        await rescue.leave(unit, person, 1)


async def seeks(units: Units, telegram_id: int, name: str, **columns: object) -> Person:
    """Somebody who looks for a partner."""
    async with units.writing(f"{name} seeks") as unit:
        person = await an_approved(unit, telegram_id, name, **{"city": "beijing", **columns})
        await pool.join(unit, person)
    return person


async def asked(units: Units) -> list[tuple[str, list[int]]]:
    """Every proposal's state with the telegram ids of its two."""
    async with units.reading() as look:
        rows = await look.tx.all(select(Proposal).order_by(col(Proposal.id)))
        seats = await look.tx.all(
            select(ProposalMember.proposal_id, Person.telegram_id)
            .join(Person, col(Person.id) == col(ProposalMember.person_id))
            .order_by(col(ProposalMember.id))
        )
    return [(row.state, [who for proposal_id, who in seats if proposal_id == row.id]) for row in rows]


async def test_the_best_of_the_pool_is_asked_and_both_see_the_session(units: Units) -> None:
    """Musts hold (nobody of another language), betters choose; it stands as long as a hold."""
    ann, bo = await left_alone(units)
    await seeks(units, 13, "Cy", dialect="british")
    await seeks(units, 14, "Di", dialect="american")
    await seeks(units, 15, "Ed", speaks=["zh"])
    async with units.writing("dialect") as unit:
        await people.change(unit, ann, dialect="american")
    await leaves(units, bo)
    assert await asked(units) == [("offered", [11, 14])]
    cards = [[m for m in await told(units, n) if isinstance(m, ProposalCard)] for n in (11, 14)]
    (stayer,), (stand_in,) = cards
    assert (stayer.via, stayer.standing_in, stand_in.standing_in) == ("rescue", False, True)
    assert stayer.slot == stand_in.slot
    assert stand_in.slot is not None
    assert stand_in.slot.starts_at == IN_THREE_DAYS
    assert stayer.reasons == ("same_city", "shared_language", "same_dialect")
    assert stand_in.expires_at == NOON + timedelta(minutes=30)


async def test_two_yes_give_the_booking_to_the_new_pair(units: Units) -> None:
    """The old pair ends with what else it had booked, and the one who left is told."""
    ann, bo = await left_alone(units)
    cy = await seeks(units, 13, "Cy")
    await leaves(units, bo)
    for person in (cy, ann):
        async with units.writing(f"yes {person.id}") as unit:
            await answer(unit, person, 1, agree=True)
    async with units.reading() as look:
        assert [(p.state, p.via) for p in await look.tx.all(select(Pair).order_by(col(Pair.id)))] == [
            ("dissolved", "pool"),
            ("active", "rescue"),
        ]
        bookings = await look.tx.all(select(Booking).order_by(col(Booking.id)))
        assert [(b.state, b.pair_id) for b in bookings] == [("confirmed", 2), ("cancelled", 1)]
        seats = select(BookingMember.person_id).where(
            BookingMember.booking_id == 1, col(BookingMember.active)
        )
        assert set(await look.tx.all(seats)) == {ann.id, cy.id}
        assert await pool.since(look, cy) is None
    formed = next(m for m in await told(units, 13) if isinstance(m, PairFormed))
    assert formed.partner.name == "Ann"
    assert formed.booked
    assert LeftPair("Ann", by_self=False, bookings=1, rescued=True) in await told(units, 12)


async def test_a_no_or_silence_brings_the_next_one_and_nobody_is_asked_twice(
    units: Units, clock: MovableClock
) -> None:
    """Three wait: one says no, one is silent, one is asked last; a no to a session rules no pair out."""
    ann, bo = await left_alone(units)
    cy, di, ed = [await seeks(units, n, name) for n, name in ((13, "Cy"), (14, "Di"), (15, "Ed"))]
    await leaves(units, bo)
    async with units.writing("no") as unit:
        await answer(unit, cy, 1, agree=False)
    await ring(units)
    assert await asked(units) == [("declined", [11, 13]), ("offered", [11, 14])]
    assert ProposalOver("rescue", "declined", "Cy", in_pool=False) in await told(units, 11)
    async with units.writing("yes") as unit:
        await answer(unit, ann, 2, agree=True)
    clock.forward(minutes=31)
    await ring(units)
    await ring(units)
    assert (await asked(units))[1:] == [("expired", [11, 14]), ("offered", [11, 15])]
    assert ProposalOver("rescue", "ignored", "Ann", in_pool=True) in await told(units, 14)
    async with units.writing("no again") as unit:
        await answer(unit, ed, 3, agree=False)
        own = await pool.waiting(unit, [cy.id, di.id, ed.id])
    assert [one.declined for one in own] == [frozenset()] * 3
    await ring(units)
    assert [state for state, _ in await asked(units)] == ["declined", "expired", "declined"]


async def test_a_session_that_is_off_needs_nobody(units: Units) -> None:
    """A yes that comes after that is told so, and no pair is made."""
    ann, bo = await left_alone(units)
    cy = await seeks(units, 13, "Cy")
    await leaves(units, bo)
    async with units.writing("yes") as unit:
        await answer(unit, ann, 1, agree=True)
        await unit.tx.change(update(Booking).where(col(Booking.id) == 1).values(state="cancelled"))
    async with units.writing("late") as unit:
        assert await answer(unit, cy, 1, agree=True) == "gone"
        assert await pairs.partner_of(unit, cy) is None
    assert (await told(units, 13))[-1] == ProposalOver("rescue", "gone", "Ann", in_pool=True)
