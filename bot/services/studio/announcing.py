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
from bot.rules.waves import head_start
from bot.services import audit, outbox, timers
from bot.services.messages.slots import SlotsOpened, SlotView
from bot.services.people import Person
from bot.services.studio import announcements, batch_cards, slots, waves
from bot.services.unit import Unit
from storage.tables import (
    AnnouncedSlot,
    Announcement,
    BookingMember,
    City,
    PairMember,
    Slot,
    SlotBatch,
    Timer,
)

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
    about = f"announce:{batch.id}:{number}"
    row = await announcements.note(unit, batch.city, about, subject, ids, batch.id)
    views = await slots.slot_views(unit, ids)
    told = await _first_wave(unit, batch, row, views) or await _announce(unit, row, views)
    await audit.record(unit, subject, "batch.announced", slots=len(ids), people=told)
    await batch_cards.refresh(unit, batch.id)
    return told


async def _first_wave(unit: Unit, batch: SlotBatch, row: Announcement, views: Sequence[SlotView]) -> int:
    """Tell the first wave, if the batch opens in waves and somebody would have to wait; gives how many are told.

    What could hardly be booked after the head start is open to all at once.
    """
    over = head_start(unit.policy.booking.wave, unit.now)
    if over is None or not waves.planned(unit, batch):
        return 0
    opens_at = await _awake(unit, batch.city, over)
    kept = waves.kept(unit, views, opens_at)
    able = {one.id: one for one in await _can_book(unit, batch.city)}
    chosen = await waves.choose(unit, list(able), len(kept)) if kept else frozenset()
    if not chosen:
        return 0
    await waves.begin(unit, row, opens_at)
    await announcements.note_people(unit, row, sorted(chosen), first=True)
    await timers.set_timer(unit, "wave_over", f"announcement:{row.id}", opens_at)
    message = _message(views, paired=True, first_until=opens_at)
    first = [able[one] for one in sorted(chosen)]
    return sum([await _tell(unit, row, one, message) for one in first])


async def wave_over(unit: Unit, timer: Timer) -> None:
    """The head start is over: tell everybody else what is left."""
    row = await unit.tx.get(Announcement, timers.id_of(timer))
    if row is None:
        return
    left = await unit.tx.all(
        select(Slot.id)
        .join(AnnouncedSlot, col(AnnouncedSlot.slot_id) == col(Slot.id))
        .where(AnnouncedSlot.announcement_id == row.id, Slot.state == SlotState.OPEN)
    )
    views = await slots.slot_views(unit, list(left))
    await _announce(
        unit, row, [one for one in views if book_by(unit.policy.booking, one.starts_at) > unit.now]
    )
    await batch_cards.refresh(unit, row.batch_id)


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
    about = f"announce:{city}:{row.announcements}"
    announced = await announcements.note(unit, city, about, subject, [view.slot_id for view in views])
    await _announce(unit, announced, views, again=True)


async def ring_city(unit: Unit, timer: Timer) -> None:
    """The quiet hours are over: announce a city."""
    await _announce_city(unit, timer.data["city"])


async def _bookable(unit: Unit, city: str) -> Sequence[SlotView]:
    """What everybody can book: what is kept for a first wave is not announced to all."""
    notice = unit.policy.booking.min_notice or timedelta()
    free = await slots.open_slots(unit, city, after=unit.now + notice, limit=MOST)
    kept = await waves.kept_from(unit, (), free)
    return [slot for slot in free if slot.slot_id not in kept]


# --- the message and whom it is for


async def _announce(unit: Unit, row: Announcement, views: Sequence[SlotView], *, again: bool = False) -> int:
    """Tell everybody who was not told yet; gives how many."""
    if not views:
        return 0
    told = 0
    for paired, everybody in ((True, await _can_book(unit, row.city)), (False, await _alone(unit, row.city))):
        message = _message(views, paired=paired, again=again)
        await announcements.note_people(unit, row, [one.id for one in everybody])
        told += sum([await _tell(unit, row, one, message) for one in everybody])
    return told


def _message(
    views: Sequence[SlotView], *, paired: bool, again: bool = False, first_until: datetime | None = None
) -> SlotsOpened:
    return SlotsOpened(
        city_names=views[0].city_names,
        count=len(views),
        first=views[0].starts_at,
        last=views[-1].starts_at,
        zone=views[0].zone,
        slots=earliest(views, BUTTONS) if paired else (),
        paired=paired,
        again=again,
        first_until=first_until,
    )


async def _tell(unit: Unit, row: Announcement, person: Person, message: SlotsOpened) -> bool:
    return await outbox.send(unit, person.telegram_id, message, about=row.about, topic=row.topic)


def earliest(views: Sequence[SlotView], count: int) -> tuple[SlotView, ...]:
    """The first of each time: rooms that are free at one time are one choice, not several."""
    by_time: dict[datetime, SlotView] = {}
    for view in views:
        by_time.setdefault(view.starts_at, view)
    return tuple(list(by_time.values())[:count])


_PAIRED = select(PairMember.person_id).where(col(PairMember.active))


async def _can_book(unit: Unit, city: str) -> Sequence[Person]:
    """The paired people of a city who have no session ahead."""
    booked = select(BookingMember.person_id).where(
        col(BookingMember.active), col(BookingMember.ends_at) > unit.now
    )
    return await unit.tx.all(
        _approved(city).where(col(Person.id).in_(_PAIRED), col(Person.id).not_in(booked))
    )


async def _alone(unit: Unit, city: str) -> Sequence[Person]:
    """The approved people of a city who have no partner."""
    return await unit.tx.all(_approved(city).where(col(Person.id).not_in(_PAIRED)))


def _approved(city: str) -> SelectOfScalar[Person]:
    here = or_(col(Person.city) == city, col(Person.city).is_(None))
    return (
        select(Person)
        .where(col(Person.approved_at).is_not(None), col(Person.reachable), here)
        .order_by(col(Person.id))
    )
