"""One person's whole story, page by page, for coordinators."""

from collections.abc import Sequence

from sqlmodel import SQLModel, col, func, or_, select

from bot.rules.booking import may_miss
from bot.rules.errors import NotYours
from bot.rules.states import LIVE_BOOKINGS
from bot.services import people
from bot.services.booking import bookings, ledger, reminders, strikes
from bot.services.messages import Message
from bot.services.messages.bookings import Strikes
from bot.services.messages.stories import (
    DutyLine,
    Head,
    LogLine,
    PersonCard,
    PersonLog,
    PersonSamples,
    PersonSessions,
    PersonShifts,
    PersonStrikes,
    SampleLine,
    SessionLine,
)
from bot.services.pairing import pairs, pool
from bot.services.people import Person, name_of
from bot.services.places import zone_of
from bot.services.studio import slots
from bot.services.unit import Unit
from storage.tables import Audit, Booking, BookingMember, City, PairMember, ProposalMember, Sample, Shift

LISTED = 6
"""Lines on one page."""


async def find(unit: Unit, person_id: int) -> Person:
    """The person with this id; raises `NotYours` where there is none: the button is forged."""
    person = await unit.tx.get(Person, person_id)
    if person is None:
        raise NotYours
    return person


async def head(unit: Unit, person: Person, *, now: Strikes | None = None) -> Head:
    """Who it is; `now` are the person's strikes, where the caller has looked at them already."""
    now = now or await strikes.of(unit, person)
    zone = await zone_of(unit, person)
    return Head(person.id, person.telegram_id, name_of(person), person.username, zone, now.blocked)


async def card(unit: Unit, person: Person) -> PersonCard:
    """Where somebody stands."""
    partner = await pairs.partner_of(unit, person)
    sample = await unit.tx.first(
        select(Sample.state).where(Sample.person_id == person.id).order_by(col(Sample.id).desc())
    )
    ahead = await unit.tx.one(
        select(func.count())
        .select_from(BookingMember)
        .join(Booking, col(Booking.id) == col(BookingMember.booking_id))
        .where(BookingMember.person_id == person.id, col(BookingMember.active))
        .where(col(Booking.state).in_(LIVE_BOOKINGS), BookingMember.starts_at > unit.now)
    )
    city = await unit.tx.get(City, person.city) if person.city else None
    roles = await people.roles_of(unit, person)
    now = await strikes.of(unit, person)
    return PersonCard(
        await head(unit, person, now=now),
        await _stands(unit, person, partner),
        person.created_at,
        person.seen_at,
        person.reachable,
        tuple(sorted(role.value for role in roles)),
        person.city,
        city.names if city else {},
        tuple(person.speaks),
        person.dialect,
        name_of(partner) if partner else "",
        sample,
        int(ahead),
        now,
    )


async def _stands(unit: Unit, person: Person, partner: Person | None) -> str:
    if partner is not None:
        return "pair"
    if await pool.since(unit, person) is not None:
        return "pool"
    if person.approved_at is not None:
        return "approved"
    return "onboarded" if person.onboarded_at is not None else "new"


async def samples(unit: Unit, person: Person) -> PersonSamples:
    """The samples with their verdicts."""
    query = select(Sample).where(Sample.person_id == person.id).order_by(col(Sample.id).desc())
    rows: Sequence[Sample] = await unit.tx.all(query.limit(LISTED))
    shown = tuple(SampleLine(row.created_at, row.state, tuple(row.reasons)) for row in rows)
    return PersonSamples(await head(unit, person), shown, await _more(unit, Sample, person))


async def sessions(unit: Unit, person: Person) -> PersonSessions:
    """The bookings, to come and past."""
    rows = await unit.tx.all(
        select(Booking, BookingMember)
        .join(BookingMember, col(BookingMember.booking_id) == col(Booking.id))
        .where(BookingMember.person_id == person.id)
        .order_by(col(BookingMember.starts_at).desc(), col(Booking.id).desc())
        .limit(LISTED)
    )
    pay = await ledger.owed(unit, person, [booking.id for booking, _ in rows])
    right = await ledger.corrections(unit, person, [booking for booking, _ in rows])
    shown = [
        SessionLine(
            booking.id,
            await bookings.view_of(unit, booking),
            booking.state,
            await _partners(unit, booking, person),
            left=member.attending is False,
            missable=booking.state in reminders.STANDING and may_miss(member.starts_at, unit.now),
            pay=pay.get(booking.id),
            correction=right.get(booking.id),
        )
        for booking, member in rows
    ]
    return PersonSessions(await head(unit, person), tuple(shown), await _more(unit, BookingMember, person))


async def _partners(unit: Unit, booking: Booking, person: Person) -> str:
    """The name of the other one of a booking: of the last, where a stand-in came."""
    other = await unit.tx.first(
        select(Person)
        .join(BookingMember, col(BookingMember.person_id) == col(Person.id))
        .where(BookingMember.booking_id == booking.id, BookingMember.person_id != person.id)
        .order_by(col(BookingMember.id).desc())
    )
    return name_of(other) if other else ""


async def noted(unit: Unit, person: Person) -> PersonStrikes:
    """The strikes, with what each does."""
    found = await strikes.reckoned(unit, person)
    shown = await strikes.lines(unit, found.rows[:LISTED])
    return PersonStrikes(
        await head(unit, person, now=found.now), found.now, shown, max(0, len(found.rows) - LISTED)
    )


async def shifts(unit: Unit, person: Person) -> PersonShifts:
    """The shifts, of who is or was staff."""
    rows = await unit.tx.all(
        select(Shift)
        .where(Shift.person_id == person.id)
        .order_by(col(Shift.starts_at).desc(), col(Shift.id).desc())
        .limit(LISTED)
    )
    views = {one.slot_id: one for one in await slots.slot_views(unit, [row.slot_id for row in rows])}
    shown = tuple(DutyLine(views[row.slot_id], row.state) for row in rows)
    return PersonShifts(await head(unit, person), shown, await _more(unit, Shift, person))


async def _more(unit: Unit, table: type[Sample] | type[BookingMember] | type[Shift], person: Person) -> int:
    """How many rows of a person a page leaves out."""
    rows: type[SQLModel] = table
    count = await unit.tx.one(select(func.count()).select_from(rows).where(table.person_id == person.id))
    return max(0, int(count) - LISTED)


# --- what happened


async def log(unit: Unit, person: Person, page: int = 0) -> PersonLog:
    """A page of the audit trail: what the person did, and what happened to what is theirs."""
    query = (
        select(Audit)
        .where(or_(col(Audit.actor_id) == person.id, col(Audit.subject).in_(await _subjects(unit, person))))
        .order_by(col(Audit.id).desc())
        .offset(page * LISTED)
        .limit(LISTED + 1)
    )
    rows = await unit.tx.all(query)
    names = await _names(unit, {row.actor_id for row in rows if row.actor_id is not None})
    shown = tuple(
        LogLine(
            row.at,
            row.event,
            row.subject,
            names.get(row.actor_id or 0, ""),
            str(row.data.get("reason", "")),
        )
        for row in rows[:LISTED]
    )
    return PersonLog(await head(unit, person), shown, page, more=len(rows) > LISTED)


async def _subjects(unit: Unit, person: Person) -> list[str]:
    """What is a person's, as the audit trail names it."""
    found = [f"person:{person.id}"]
    samples_ = select(Sample.id).where(Sample.person_id == person.id)
    found += [f"sample:{one}" for one in await unit.tx.all(samples_)]
    booked = select(BookingMember.booking_id).where(BookingMember.person_id == person.id)
    found += [f"booking:{one}" for one in await unit.tx.all(booked)]
    paired = select(PairMember.pair_id).where(PairMember.person_id == person.id)
    found += [f"pair:{one}" for one in await unit.tx.all(paired)]
    proposed = select(ProposalMember.proposal_id).where(ProposalMember.person_id == person.id)
    found += [f"proposal:{one}" for one in await unit.tx.all(proposed)]
    run = select(Shift.id).where(Shift.person_id == person.id)
    found += [f"shift:{one}" for one in await unit.tx.all(run)]
    return found


async def _names(unit: Unit, ids: set[int]) -> dict[int, str]:
    rows = await unit.tx.all(select(Person).where(col(Person.id).in_(ids)))
    return {row.id: name_of(row) for row in rows}


PAGES = {"card": card, "samples": samples, "sessions": sessions, "strikes": noted, "shifts": shifts}
"""The pages but for the audit trail's, by the word in their button."""


async def page(unit: Unit, person_id: int, name: str, number: int = 0) -> Message | None:
    """One page of somebody's story; None where there is no such page. Raises `NotYours` for nobody's id."""
    person = await find(unit, person_id)
    if name == "log":
        return await log(unit, person, number)
    make = PAGES.get(name)
    return await make(unit, person) if make is not None else None
