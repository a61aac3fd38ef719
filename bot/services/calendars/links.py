"""The secret links: making one, showing how it stands, ending it, and whose a link is that somebody reads.

A link is its secret: whoever has it reads the calendar, without any account. So it has 256 bits, is told once, is
kept as a digest only, and is ended by making another or by a press. What it shows is decided anew at each reading.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from bot.rules.errors import DomainError, NotYours
from bot.rules.roles import Role
from bot.services import audit, outbox, people
from bot.services.messages.calendars import CalendarLink, CalendarLinkEnded, CalendarStands, StudioName
from bot.services.people import Person
from bot.services.places import zone_of
from bot.services.unit import Unit
from storage.database import Prepared
from storage.tables import CalendarFeed, RoleGrant, Studio

SECRET_BYTES = 32

NOTED_EVERY = timedelta(hours=1)
"""How stale "last read" may be: writing it at every reading would cost a commit each."""

OF_DIGEST = Prepared(select(CalendarFeed).where(CalendarFeed.digest == bindparam("digest")))


class NoPublicPages(DomainError):
    """Nobody outside can reach the web side, so there is nothing a calendar could read."""


def offered(unit: Unit) -> bool:
    """Whether links can be made here at all: only where people reach the web side."""
    return bool(unit.house.public_url)


async def stands(unit: Unit, person: Person, studio_id: int | None = None) -> CalendarStands:
    """Whether there is a link to a person's own calendar or to a studio's, since when, and whether it is used.

    Raises `NoPublicPages`, and `NotYours` for a studio that is not theirs to see.
    """
    studio = await _checked(unit, person, studio_id)
    feed = await _feed(unit, person, studio_id)
    return CalendarStands(
        zone=studio.zone if studio else await zone_of(unit, person),
        studio=StudioName(studio.id, studio.names) if studio else None,
        made_at=feed.made_at if feed else None,
        read_at=feed.read_at if feed else None,
        studios=() if studio else tuple(StudioName(one.id, one.names) for one in await _seen(unit, person)),
    )


async def make(unit: Unit, person: Person, studio_id: int | None = None) -> None:
    """Tell the person a new link, which ends the one before. Raises as `stands` does."""
    studio = await _checked(unit, person, studio_id)
    await _forget(unit, person, studio_id)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    feed = await unit.tx.add(
        CalendarFeed(person_id=person.id, studio_id=studio_id, digest=_digest(secret), made_at=unit.now)
    )
    await audit.record(
        unit, f"person:{person.id}", "person.calendar_made", actor=person.id, studio=studio_id or 0
    )
    name = StudioName(studio.id, studio.names) if studio else None
    link = CalendarLink(f"{unit.house.public_url}/calendar/{secret}.ics", name)
    await outbox.send(unit, person.telegram_id, link, topic=_topic(feed))


async def end(unit: Unit, person: Person, studio_id: int | None = None) -> CalendarStands:
    """Let nobody read under the link any more; gives how it stands then. Raises as `stands` does."""
    await _checked(unit, person, studio_id)
    if await _forget(unit, person, studio_id):
        await audit.record(
            unit, f"person:{person.id}", "person.calendar_ended", actor=person.id, studio=studio_id or 0
        )
    return await stands(unit, person, studio_id)


async def behind(unit: Unit, secret: str) -> CalendarFeed | None:
    """The link that has this secret, if it stands and its person may still see what it shows."""
    feed = await unit.tx.first(OF_DIGEST, digest=_digest(secret))
    if feed is None or feed.studio_id is None:
        return feed
    person = await people.by_id(unit, feed.person_id)
    return feed if feed.studio_id in [studio.id for studio in await _seen(unit, person)] else None


def is_stale(unit: Unit, feed: CalendarFeed) -> bool:
    """Whether it is to be noted that the link was read."""
    return feed.read_at is None or unit.now - feed.read_at > NOTED_EVERY


async def note_read(unit: Unit, feed_id: int) -> None:
    """Note that a link was read now."""
    await unit.tx.change(update(CalendarFeed).where(col(CalendarFeed.id) == feed_id).values(read_at=unit.now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _topic(feed: CalendarFeed) -> str:
    return f"calendar:{feed.digest[:16]}"  # the number of a link that ended may be given again


async def _feed(unit: Unit, person: Person, studio_id: int | None) -> CalendarFeed | None:
    return await unit.tx.first(
        select(CalendarFeed).where(
            CalendarFeed.person_id == person.id,
            col(CalendarFeed.studio_id).is_(None)
            if studio_id is None
            else CalendarFeed.studio_id == studio_id,
        )
    )


async def _forget(unit: Unit, person: Person, studio_id: int | None) -> bool:
    """End the link there is; the message that told it says so from then on. False if there is none."""
    feed = await _feed(unit, person, studio_id)
    if feed is None:
        return False
    await outbox.cancel(unit, _topic(feed))
    await outbox.edit_topic(unit, _topic(feed), CalendarLink, CalendarLinkEnded())
    await unit.tx.change(delete(CalendarFeed).where(col(CalendarFeed.id) == feed.id))
    return True


async def _checked(unit: Unit, person: Person, studio_id: int | None) -> Studio | None:
    """The studio that is meant, if one is."""
    if not offered(unit):
        raise NoPublicPages
    if studio_id is None:
        return None
    for studio in await _seen(unit, person):
        if studio.id == studio_id:
            return studio
    raise NotYours


async def _seen(unit: Unit, person: Person) -> Sequence[Studio]:
    """The studios whose sessions somebody may see: a coordinator all, staff those of their cities."""
    standing = select(Studio).where(col(Studio.closed_at).is_(None)).order_by(Studio.city, col(Studio.id))
    if Role.COORDINATOR not in await people.roles_of(unit, person):
        cities = select(RoleGrant.city).where(
            RoleGrant.person_id == person.id, RoleGrant.role == Role.STAFF.value
        )
        standing = standing.where(col(Studio.city).in_(cities))
    return await unit.tx.all(standing)
