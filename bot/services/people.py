"""Who is writing, which roles they hold, and what they may be sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import col, select, update

from bot.rules.roles import Role, commands_for
from bot.services import audit, outbox
from bot.services.messages.people import CommandMenu
from bot.services.unit import Unit
from storage.tables import Person, Reviewer, RoleGrant

SEEN_EVERY = timedelta(minutes=5)
"""How stale "last seen" may be: writing it at every update would cost a row each."""


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


async def arrive(unit: Unit, visitor: Visitor) -> Person:
    """The person behind an account, made known if new; whoever writes is reachable again."""
    person = await unit.tx.first(select(Person).where(Person.telegram_id == visitor.telegram_id))
    if person is None:
        person = await unit.tx.add(
            Person(
                telegram_id=visitor.telegram_id,
                telegram_name=visitor.name,
                username=visitor.username,
                language_hint=visitor.language_hint,
                created_at=unit.now,
                seen_at=unit.now,
            )
        )
        if visitor.telegram_id in unit.house.owners:
            await grant(unit, person, Role.COORDINATOR)
        return person
    changed = (person.telegram_name, person.username) != (visitor.name, visitor.username)
    if changed or not person.reachable or unit.now - person.seen_at > SEEN_EVERY:
        await change(
            unit,
            person,
            telegram_name=visitor.name,
            username=visitor.username,
            reachable=True,
            seen_at=unit.now,
        )
    if visitor.telegram_id in unit.house.owners and Role.COORDINATOR not in await roles_of(unit, person):
        await grant(unit, person, Role.COORDINATOR)
    return person


async def change(unit: Unit, person: Person, **values: Any) -> None:
    """Write these columns of a person, here and in the database."""
    await unit.tx.change(update(Person).where(col(Person.id) == person.id).values(**values))
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


async def roles_of(unit: Unit, person: Person) -> frozenset[Role]:
    """The roles somebody holds; whoever wants to record is an applicant."""
    granted = await unit.tx.all(select(RoleGrant.role).where(RoleGrant.person_id == person.id))
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
    await audit.record(unit, f"person:{person.id}", "role.granted", actor=by, after=role.value, city=city)
    await send_menu(unit, person)
    return True


async def holders(unit: Unit, role: Role, *, city: str | None = None) -> list[Person]:
    """Everybody who holds a role, in a city if one is named, by id."""
    query = select(Person).join(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
    query = query.where(RoleGrant.role == role.value).order_by(col(Person.id)).distinct()
    if city is not None:
        query = query.where(RoleGrant.city == city)
    return list(await unit.tx.all(query))


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
    return await unit.tx.one(select(Person).where(Person.id == person_id))


__all__ = [
    "Person",
    "Visitor",
    "arrive",
    "by_id",
    "change",
    "expect",
    "grant",
    "holders",
    "language_of",
    "roles_of",
    "send_menu",
    "set_language",
]
