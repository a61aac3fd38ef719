"""Tell those who can book that times are open: a batch's when they open, a city's when a coordinator asks.

Never in the quiet hours of the studio's zone, and each person once an announcement, not once a slot.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.booking import book_by
from bot.rules.errors import DomainError
from bot.rules.reminders import after_quiet
from bot.rules.states import SlotState
from bot.services import audit, outbox, timers
from bot.services.messages.slots import SlotsOpened, SlotView
from bot.services.people import Person
from bot.services.studio import batch_cards, slots
from bot.services.unit import Unit
from storage.tables import BookingMember, City, PairMember, Slot, SlotBatch, Timer

GATHER = timedelta(minutes=2)
"""From the first slot of a batch that opens to its announcement, so that more can open meanwhile."""

AGAIN = timedelta(hours=3)
"""Between two announcements of a batch that its staff open bit by bit."""

PAUSE = timedelta(minutes=1)
"""Between two announcements of a city by hand: a double press is one."""

BUTTONS = 6
"""Times that an announcement offers at once."""

MOST = 1000
"""Slots that an announcement counts."""


class NothingOpen(DomainError):
    """No time is free in this city."""


class JustAnnounced(DomainError):
    """It was announced within the last minute."""


# --- a batch whose slots open


async def opened(unit: Unit, batch_id: int | None, *, gather: bool = False) -> None:
    """Slots of a batch have opened: announce them, at once if none waits for staff any more, else soon.

    `gather`: more may follow in any case.
    """
    batch = await unit.tx.get(SlotBatch, batch_id) if batch_id is not None else None
    if batch is None or not await _fresh(unit, batch):
        return
    subject = batch_cards.about(batch.id)
    whole = not gather and not await batch_cards.lacking(unit, batch.id)
    due = unit.now
    if not whole:
        due = max(unit.now + GATHER, batch.announced_at + AGAIN if batch.announced_at else unit.now)
    due = await _awake(unit, batch.city, due)
    waits = select(Timer.id).where(
        Timer.subject == subject, Timer.kind == "announce_batch", Timer.state == "pending"
    )
    if whole:
        await timers.drop_timers(unit, subject, ["announce_batch"])
    elif await unit.tx.first(waits):
        return
    if due <= unit.now:
        await announce_batch(unit, batch)
    else:
        await timers.set_timer(unit, "announce_batch", subject, due, batch=batch.id)


async def _awake(unit: Unit, city: str, at: datetime) -> datetime:
    """That moment, or the end of the quiet hours it lies in."""
    zone = ZoneInfo(await batch_cards.zone_of_city(unit, city))
    return after_quiet(at, zone, unit.policy.reminders.quiet)


async def _fresh(unit: Unit, batch: SlotBatch) -> Sequence[Slot]:
    """The open slots of a batch that can still be booked and were not announced yet, by time."""
    open_ = await unit.tx.all(
        select(Slot)
        .where(Slot.batch_id == batch.id, Slot.state == SlotState.OPEN, col(Slot.announced_at).is_(None))
        .order_by(col(Slot.starts_at), col(Slot.id))
    )
    return [slot for slot in open_ if book_by(unit.policy.booking, slot.starts_at) > unit.now]


async def announce_batch(unit: Unit, batch: SlotBatch) -> int:
    """Tell everybody who can book about the slots not announced yet; gives how many are told."""
    fresh = await _fresh(unit, batch)
    if not fresh:
        return 0
    ids = [slot.id for slot in fresh]
    number = batch.announcements + 1
    await unit.tx.change(update(Slot).where(col(Slot.id).in_(ids)).values(announced_at=unit.now))
    await unit.tx.change(
        update(SlotBatch)
        .where(col(SlotBatch.id) == batch.id)
        .values(announced_at=unit.now, announcements=number)
    )
    subject = batch_cards.about(batch.id)
    views = await slots.slot_views(unit, ids)
    told = await _announce(unit, batch.city, views, f"announce:{batch.id}:{number}", subject)
    await audit.record(unit, subject, "batch.announced", slots=len(ids), people=told)
    await batch_cards.refresh(unit, batch.id)
    return told


async def ring_batch(unit: Unit, timer: Timer) -> None:
    """The time to announce a batch has come."""
    batch = await unit.tx.get(SlotBatch, timer.data["batch"])
    if batch is not None:
        await announce_batch(unit, batch)


# --- a city, when a coordinator asks


async def announce_again(unit: Unit, person: Person, city: str) -> datetime:
    """Announce everything that is free in a city once more; gives when: now, or after the quiet hours.

    Raises `NothingOpen`, and `JustAnnounced` within a minute of the last time.
    """
    if not await _bookable(unit, city):
        raise NothingOpen
    free = or_(col(City.announced_at).is_(None), col(City.announced_at) <= unit.now - PAUSE)
    claimed = await unit.tx.change(
        update(City)
        .where(col(City.code) == city, free)
        .values(announced_at=unit.now, announcements=col(City.announcements) + 1)
    )
    if not claimed:
        raise JustAnnounced
    await audit.record(unit, f"city:{city}", "city.announced", actor=person.id)
    due = await _awake(unit, city, unit.now)
    await timers.drop_timers(unit, f"city:{city}", ["announce_city"])
    if due <= unit.now:
        await _announce_city(unit, city)
    else:
        await timers.set_timer(unit, "announce_city", f"city:{city}", due, city=city)
    return due


async def _announce_city(unit: Unit, city: str) -> None:
    row = await unit.tx.one(select(City).where(City.code == city))
    subject = f"city:{city}"
    await outbox.cancel(unit, subject, [SlotsOpened])
    views = await _bookable(unit, city)
    await _announce(unit, city, views, f"announce:{city}:{row.announcements}", subject, again=True)


async def ring_city(unit: Unit, timer: Timer) -> None:
    """The quiet hours are over: announce a city."""
    await _announce_city(unit, timer.data["city"])


async def _bookable(unit: Unit, city: str) -> Sequence[SlotView]:
    notice = unit.policy.booking.min_notice or timedelta()
    return await slots.open_slots(unit, city, after=unit.now + notice, limit=MOST)


# --- the message and whom it is for


async def _announce(
    unit: Unit, city: str, views: Sequence[SlotView], about: str, topic: str, *, again: bool = False
) -> int:
    if not views:
        return 0
    told = 0
    for paired, everybody in ((True, await _can_book(unit, city)), (False, await _alone(unit, city))):
        message = SlotsOpened(
            city_names=views[0].city_names,
            count=len(views),
            first=views[0].starts_at,
            last=views[-1].starts_at,
            zone=views[0].zone,
            slots=earliest(views, BUTTONS) if paired else (),
            paired=paired,
            again=again,
        )
        for telegram_id in everybody:
            told += await outbox.send(unit, telegram_id, message, about=about, topic=topic)
    return told


def earliest(views: Sequence[SlotView], count: int) -> tuple[SlotView, ...]:
    """The first of each time: rooms that are free at one time are one choice, not several."""
    by_time: dict[datetime, SlotView] = {}
    for view in views:
        by_time.setdefault(view.starts_at, view)
    return tuple(list(by_time.values())[:count])


_PAIRED = select(PairMember.person_id).where(col(PairMember.active))


async def _can_book(unit: Unit, city: str) -> Sequence[int]:
    """Telegram ids of the paired people of a city who have no session ahead."""
    booked = select(BookingMember.person_id).where(
        col(BookingMember.active), col(BookingMember.ends_at) > unit.now
    )
    return await unit.tx.all(
        _approved(city).where(col(Person.id).in_(_PAIRED), col(Person.id).not_in(booked))
    )


async def _alone(unit: Unit, city: str) -> Sequence[int]:
    """Telegram ids of the approved people of a city who have no partner."""
    return await unit.tx.all(_approved(city).where(col(Person.id).not_in(_PAIRED)))


def _approved(city: str) -> SelectOfScalar[int]:
    here = or_(col(Person.city) == city, col(Person.city).is_(None))
    return (
        select(Person.telegram_id)
        .where(col(Person.approved_at).is_not(None), col(Person.reachable), here)
        .order_by(col(Person.id))
    )
