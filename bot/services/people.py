"""Who is writing, which roles they hold, and what they may be sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from bot.rules.roles import Role, commands_for
from bot.services import audit, outbox
from bot.services.messages.people import CommandMenu
from bot.services.timers import ring_soon
from bot.services.unit import Unit
from storage.database import Prepared
from storage.prepared import new, setting
from storage.tables import Person, Reviewer, RoleGrant

SEEN_EVERY = timedelta(minutes=5)
"""How stale "last seen" may be: writing it at every update would cost a row each."""

BY_ID = Prepared(select(Person).where(Person.id == bindparam("person_id")))
BY_TELEGRAM_ID = Prepared(select(Person).where(Person.telegram_id == bindparam("telegram_id")))
ROLES = Prepared(select(RoleGrant.role).where(RoleGrant.person_id == bindparam("person_id")))


@dataclass(frozen=True, slots=True)
class Visitor:
    """A Telegram account as an update shows it."""

    telegram_id: int
    name: str
    username: str | None = None
    language_code: str | None = None

    @property
    def language_hint(self) -> str:
        """The language to guess until the person has chosen one."""
        return "zh" if (self.language_code or "").lower().startswith("zh") else "en"


async def arrive(unit: Unit, visitor: Visitor, *, private: bool = True) -> Person:
    """The person behind an account, made known if new; whoever writes in `private` is reachable again.

    What somebody does in a group says nothing about that: only who began the private chat can be written to.
    """
    person = await by_telegram_id(unit, visitor.telegram_id)
    if person is None:
        person = await unit.tx.add(
            Person(
                telegram_id=visitor.telegram_id,
                telegram_name=visitor.name,
                username=visitor.username,
                language_hint=visitor.language_hint,
                reachable=private,
                created_at=unit.now,
                seen_at=unit.now,
            )
        )
        if visitor.telegram_id in unit.house.owners:
            await grant(unit, person, Role.COORDINATOR)
        return person
    back = private and not person.reachable
    changed = (person.telegram_name, person.username) != (visitor.name, visitor.username)
    if changed or back or unit.now - person.seen_at > SEEN_EVERY:
        await change(
            unit,
            person,
            telegram_name=visitor.name,
            username=visitor.username,
            reachable=private or person.reachable,
            seen_at=unit.now,
        )
    if back:
        await ring_soon(unit, "person_back", f"person:{person.id}", person_id=person.id)
        await send_menu(unit, person)
    if visitor.telegram_id in unit.house.owners and Role.COORDINATOR not in await roles_of(unit, person):
        await grant(unit, person, Role.COORDINATOR)
    return person


async def lost(unit: Unit, chat_id: int) -> None:
    """Telegram brings nothing to this chat any more: a person who blocked the bot, or a group without it."""
    gone = await unit.tx.change(
        update(Person)
        .where(col(Person.telegram_id) == chat_id, col(Person.reachable))
        .values(reachable=False)
    )
    if gone or chat_id < 0:
        await ring_soon(unit, "chat_lost", f"chat:{chat_id}", chat_id=chat_id)


async def change(unit: Unit, person: Person, **values: Any) -> None:
    """Write these columns of a person, here and in the database."""
    await unit.tx.change(setting(Person, tuple(values)), row_id=person.id, **new(values))
    for name, value in values.items():
        setattr(person, name, value)


async def expect(unit: Unit, person: Person, what: str | None, **data: Any) -> None:
    """Let the next typed words of the person answer `what`; None: nothing is asked any more."""
    expecting = None if what is None else {"what": what, **data}
    if person.expecting != expecting:
        await change(unit, person, expecting=expecting)


def language_of(person: Person) -> str:
    """The language to speak with a person: the one chosen, else the likeliest."""
    return person.language or person.language_hint


def name_of(person: Person) -> str:
    """What to call somebody."""
    return person.name or person.telegram_name


def first_name(person: Person) -> str:
    """What a person is called by others: the first word of their name."""
    words = name_of(person).split()
    return words[0] if words else str(person.id)


async def roles_of(unit: Unit, person: Person) -> frozenset[Role]:
    """The roles somebody holds; whoever wants to record is an applicant."""
    granted = await unit.tx.all(ROLES, person_id=person.id)
    roles = {Role(role) for role in granted}
    if person.applying or not roles:
        roles.add(Role.APPLICANT)
    return frozenset(roles)


async def grant(unit: Unit, person: Person, role: Role, *, city: str = "", by: int | None = None) -> bool:
    """Give a role; False if it was held already."""
    added = await unit.tx.add_new(
        RoleGrant(person_id=person.id, role=role, city=city, granted_by=by, granted_at=unit.now)
    )
    if not added:
        return False
    if role is Role.REVIEWER:
        await unit.tx.add_new(Reviewer(person_id=person.id))
        await ring_soon(unit, "fill_seats", "reviews")
    await audit.record(unit, f"person:{person.id}", "role.granted", actor=by, after=role.value, city=city)
    await send_menu(unit, person)
    return True


async def dismiss_former_owners(unit: Unit) -> None:
    """Take the coordinator's role from who held it by the configuration alone and is no longer named there."""
    query = select(RoleGrant.id, Person).join(Person, col(Person.id) == col(RoleGrant.person_id))
    query = query.where(RoleGrant.role == Role.COORDINATOR.value, col(RoleGrant.granted_by).is_(None))
    for grant_id, person in await unit.tx.all(query):
        if person.telegram_id in unit.house.owners:
            continue
        await unit.tx.change(delete(RoleGrant).where(col(RoleGrant.id) == grant_id))
        await audit.record(unit, f"person:{person.id}", "role.withdrawn", before=Role.COORDINATOR.value)
        await send_menu(unit, person)


async def holders(unit: Unit, role: Role, *, city: str | None = None) -> list[Person]:
    """Everybody who holds a role, in a city if one is named, by id."""
    held = select(RoleGrant.person_id).where(RoleGrant.role == role.value)
    if city is not None:
        held = held.where(RoleGrant.city == city)
    return list(await unit.tx.all(select(Person).where(col(Person.id).in_(held)).order_by(col(Person.id))))


async def send_menu(unit: Unit, person: Person) -> None:
    """Show the person the command menu of their roles, in their language."""
    roles = await roles_of(unit, person)
    await outbox.send(unit, person.telegram_id, CommandMenu(commands=commands_for(roles)))


async def set_language(unit: Unit, person: Person, language: str) -> None:
    """Speak this language with the person from now on."""
    if person.language == language:
        return
    await change(unit, person, language=language)
    await send_menu(unit, person)


async def by_id(unit: Unit, person_id: int) -> Person:
    """The person with this id, who must exist."""
    return await unit.tx.one(BY_ID, person_id=person_id)


async def by_telegram_id(unit: Unit, telegram_id: int) -> Person | None:
    """The person behind a Telegram account, if they ever wrote."""
    return await unit.tx.first(BY_TELEGRAM_ID, telegram_id=telegram_id)


__all__ = [
    "Person",
    "Visitor",
    "arrive",
    "by_id",
    "by_telegram_id",
    "change",
    "expect",
    "first_name",
    "grant",
    "holders",
    "language_of",
    "lost",
    "roles_of",
    "send_menu",
    "set_language",
]
