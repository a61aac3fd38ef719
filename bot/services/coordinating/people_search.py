"""Finding somebody for `/people`: by a part of the name, a username, a number, or in a list."""

from typing import Any

from sqlmodel import col, func, or_, select

from bot.services import people
from bot.services.messages.stories import AskPerson, Found, FoundPeople
from bot.services.people import Person, name_of
from bot.services.unit import Unit
from storage.tables import Strike

SEARCH = "people_search"
"""What typed words answer while somebody is looked for."""

SHOWN = 8
"""How many of those who were found are named."""

LONGEST = 64
"""Characters of a search; what follows is left out."""

LISTS = ("recent", "strikes")
"""Lists by a button: who wrote lately, and who has strikes that nobody lifted."""


async def begin(unit: Unit, coordinator: Person) -> AskPerson:
    """Let the next typed words be a search."""
    await people.expect(unit, coordinator, SEARCH)
    return AskPerson()


async def search(unit: Unit, words: str) -> FoundPeople:
    """Who fits: `@username` from its beginning, a numeric id of Telegram or of the bot, else a part of a name."""
    words = " ".join(words.split())[:LONGEST]
    matching = _condition(words)
    return await _found(unit, select(Person).where(matching), words)


def _condition(words: str) -> Any:
    if words.startswith("@"):
        return col(Person.username).istartswith(words[1:] or "@", autoescape=True)
    number = words.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) <= 18:
        return or_(col(Person.id) == int(number), col(Person.telegram_id) == int(number))
    names = (col(Person.name), col(Person.telegram_name), col(Person.username))
    return or_(*(name.icontains(words, autoescape=True) for name in names))


async def listed(unit: Unit, view: str) -> FoundPeople:
    """One of `LISTS`."""
    query = select(Person)
    if view == "strikes":
        standing = select(Strike.person_id).where(col(Strike.lifted_at).is_(None))
        query = query.where(col(Person.id).in_(standing))
    return await _found(unit, query, "", view)


async def _found(unit: Unit, query: Any, words: str, view: str = "") -> FoundPeople:
    count = await unit.tx.one(select(func.count()).select_from(query.subquery()))
    latest = query.order_by(col(Person.seen_at).desc(), col(Person.id).desc()).limit(SHOWN)
    found = await unit.tx.all(latest)
    shown = tuple(Found(one.id, name_of(one), one.username) for one in found)
    return FoundPeople(words, shown, int(count) - len(shown), view)
