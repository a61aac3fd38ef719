"""What an announcement was and what came of it: sent, opened, booked.

Telegram tells no bot what was read, so "opened" means that somebody pressed one of its buttons.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam
from sqlmodel import col, func, select, update

from bot.services.messages.slots import AnnouncementReport, SlotsOpened
from bot.services.people import Person
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import AnnouncedSlot, AnnouncedTo, Announcement, Booking, OutboxRow

SHOWN = 3
"""Announcements of one batch whose numbers are shown, the latest ones."""

ARRIVED = ("sent", "uncertain")
"""States of rows whose message people have, as far as is known."""

PRESSED = Prepared(
    select(OutboxRow.about).where(
        OutboxRow.chat_id == bindparam("chat_id"),
        OutboxRow.message_id == bindparam("message_id"),
        OutboxRow.kind == SlotsOpened.kind,
        col(OutboxRow.edits).is_(None),
    )
)


async def note(
    unit: Unit, city: str, about: str, topic: str, slot_ids: Iterable[int], batch_id: int | None = None
) -> Announcement:
    """Write down that these slots are announced by messages about `about`, filed under `topic`."""
    row = await unit.tx.add(Announcement(city=city, batch_id=batch_id, about=about, topic=topic, at=unit.now))
    await unit.tx.add_new(*[AnnouncedSlot(announcement_id=row.id, slot_id=slot_id) for slot_id in slot_ids])
    return row


async def note_people(
    unit: Unit, announcement: Announcement, people: Iterable[int], *, first: bool = False
) -> None:
    """Write down for whom (ids of people) an announcement is; who is noted already stays as noted."""
    rows = [AnnouncedTo(announcement_id=announcement.id, person_id=one, first=first) for one in people]
    await unit.tx.add_new(*rows)


async def pressed(unit: Unit, person: Person, chat_id: int, message_id: int) -> None:
    """Somebody pressed a button: if it is an announcement's, they have opened it; only the first time counts."""
    about = await unit.tx.first(PRESSED, chat_id=chat_id, message_id=message_id)
    if about is None:
        return
    named = select(Announcement.id).where(Announcement.about == about).scalar_subquery()
    await unit.tx.change(
        update(AnnouncedTo)
        .where(col(AnnouncedTo.announcement_id) == named, col(AnnouncedTo.person_id) == person.id)
        .where(col(AnnouncedTo.seen_at).is_(None))
        .values(seen_at=unit.now)
    )


# --- what came of it


async def of_batch(unit: Unit, batch_id: int) -> tuple[AnnouncementReport, ...]:
    """The numbers of a batch's latest announcements, the newest first."""
    query = select(Announcement).where(Announcement.batch_id == batch_id)
    return await _reports(unit, await unit.tx.all(query.order_by(col(Announcement.id).desc()).limit(SHOWN)))


async def of_city(unit: Unit, city: str) -> tuple[AnnouncementReport, ...]:
    """The numbers of the latest announcement that a coordinator made of a whole city, if there is one."""
    query = select(Announcement).where(Announcement.city == city, col(Announcement.batch_id).is_(None))
    return await _reports(unit, await unit.tx.all(query.order_by(col(Announcement.id).desc()).limit(1)))


async def _reports(unit: Unit, rows: Sequence[Announcement]) -> tuple[AnnouncementReport, ...]:
    return tuple([await _report(unit, row) for row in rows])


async def _report(unit: Unit, row: Announcement) -> AnnouncementReport:
    mine = (OutboxRow.topic == row.topic, OutboxRow.about == row.about, OutboxRow.state != "cancelled")
    told = select(func.count()).select_from(OutboxRow).where(*mine)
    opened = select(func.count()).where(
        AnnouncedTo.announcement_id == row.id, col(AnnouncedTo.seen_at).is_not(None)
    )
    offered = select(AnnouncedSlot.slot_id).where(AnnouncedSlot.announcement_id == row.id)
    heard = select(AnnouncedTo.person_id).where(AnnouncedTo.announcement_id == row.id)
    booked = select(func.count()).where(
        col(Booking.slot_id).in_(offered),
        col(Booking.held_by).in_(heard),
        col(Booking.confirmed_at).is_not(None),
        Booking.created_at >= row.at,
    )
    return AnnouncementReport(
        at=row.at,
        told=int(await unit.tx.one(told)),
        sent=int(await unit.tx.one(told.where(col(OutboxRow.state).in_(ARRIVED)))),
        opened=int(await unit.tx.one(opened)),
        booked=int(await unit.tx.one(booked)),
        opens_at=row.opens_at if row.opens_at and row.opens_at > unit.now else None,
    )
