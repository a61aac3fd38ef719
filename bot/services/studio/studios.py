"""Studios and their cities: which there are, and adding one."""

from collections.abc import Sequence

from sqlmodel import col, func, select, update

from bot.rules.commands import AddStudio
from bot.rules.errors import DomainError
from bot.rules.roles import Role
from bot.rules.states import ClosureState
from bot.rules.studios import city_names_in, names_in
from bot.services import audit, outbox, people
from bot.services.calendars import links
from bot.services.joining import onboarding
from bot.services.messages import Lane
from bot.services.messages.people import AskCity, CityChoice
from bot.services.messages.studios import StudioAdded, StudioCard, StudioList, StudioView
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import City, Room, RoomClosure, Studio


class UnknownCity(DomainError):
    """No studio stands in a city of this code; `known` are the codes of those where one does."""

    code: str
    known: tuple[str, ...]


class NoStudioYet(DomainError):
    """There is no studio at all yet."""


class UnknownStudio(DomainError):
    """No studio has this number; `known` are the numbers of those that stand."""

    studio: int
    known: tuple[int, ...]


class StudioExists(DomainError):
    """A studio of this name stands in this city already, under this number."""

    name: str
    studio: int


class StudioIsClosed(DomainError):
    """The studio was closed before."""

    studio: int


# --- looking


async def city(unit: Unit, code: str) -> City:
    """The city of a code in which a studio stands; raises `UnknownCity` or `NoStudioYet`."""
    standing = await onboarding.cities(unit)
    for found in standing:
        if found.code == code:
            return found
    if not standing:
        raise NoStudioYet
    raise UnknownCity(code, tuple(found.code for found in standing))


async def choices(unit: Unit) -> tuple[CityChoice, ...]:
    """The cities to choose from; raises `NoStudioYet` if there is none."""
    standing = await onboarding.cities(unit)
    if not standing:
        raise NoStudioYet
    return tuple(CityChoice(found.code, found.names) for found in standing)


async def standing(unit: Unit, city_code: str | None = None) -> Sequence[Studio]:
    """The studios that are not closed, in a city or everywhere, by city and number."""
    query = select(Studio).where(col(Studio.closed_at).is_(None)).order_by(Studio.city, col(Studio.id))
    if city_code is not None:
        query = query.where(Studio.city == city_code)
    return await unit.tx.all(query)


async def rooms(unit: Unit, studio: Studio) -> Sequence[Room]:
    """The rooms of a studio that are not closed, by number."""
    return await unit.tx.all(
        select(Room)
        .where(Room.studio_id == studio.id, col(Room.closed_at).is_(None))
        .order_by(col(Room.number))
    )


async def view(unit: Unit, studio: Studio) -> StudioView:
    """A studio as coordinators see it."""
    home = await unit.tx.one(select(City).where(City.code == studio.city))
    return StudioView(
        studio_id=studio.id,
        city=studio.city,
        city_names=home.names,
        names=studio.names,
        zone=studio.zone,
        rooms=len(await rooms(unit, studio)),
        address=studio.address,
        map_url=studio.map_url,
        setup=studio.setup,
        cleanup=studio.cleanup,
        closures=await _closures(unit, studio),
    )


async def _closures(unit: Unit, studio: Studio) -> int:
    query = select(func.count()).where(
        RoomClosure.studio_id == studio.id,
        RoomClosure.state == ClosureState.APPLIED,
        RoomClosure.ends_at > unit.now,
    )
    return int(await unit.tx.one(query))


async def listing(unit: Unit) -> StudioList:
    """Every studio that is not closed."""
    return StudioList(tuple([await view(unit, studio) for studio in await standing(unit)]))


async def get(unit: Unit, studio_id: int) -> Studio:
    """A studio that is not closed; raises `UnknownStudio` or `StudioIsClosed`."""
    found = await unit.tx.get(Studio, studio_id)
    if found is None:
        raise UnknownStudio(studio_id, tuple(studio.id for studio in await standing(unit)))
    if found.closed_at is not None:
        raise StudioIsClosed(studio_id)
    return found


async def card(unit: Unit, studio_id: int) -> StudioCard:
    """One studio with what can be done to it; raises `UnknownStudio` or `StudioIsClosed`."""
    return await shown(unit, await get(unit, studio_id))


async def shown(unit: Unit, studio: Studio, *, changed: bool = False, close: int = 0) -> StudioCard:
    """The card of a studio; right after a change, `close` sessions stand too near to others for it."""
    return StudioCard(await view(unit, studio), changed, close, links.offered(unit))


# --- adding


async def add(
    unit: Unit, person: Person, wanted: AddStudio, city_names: dict[str, str] | None = None
) -> StudioAdded:
    """Add a studio with its rooms, and its city if that is new.

    The first studio of all, or of a city, lets everybody who was onboarded without a city choose theirs now.
    Raises `StudioExists`.
    """
    names = names_in(wanted)
    for other in await standing(unit, wanted.city):
        for name in set(names.values()) & set(other.names.values()):
            raise StudioExists(name, other.id)
    first = wanted.city not in {found.code for found in await onboarding.cities(unit)}
    await name_city(unit, wanted.city, city_names or city_names_in(wanted))
    studio = await unit.tx.add(
        Studio(
            city=wanted.city,
            names=names,
            address=wanted.address or "",
            map_url=wanted.map or "",
            zone=wanted.zone,
            created_at=unit.now,
            setup=wanted.setup,
            cleanup=wanted.cleanup,
        )
    )
    await set_rooms(unit, studio, wanted.rooms)
    await audit.record(unit, f"studio:{studio.id}", "studio.added", actor=person.id, city=wanted.city)
    return StudioAdded(
        studio=await view(unit, studio),
        asked=await ask_for_city(unit, wanted.city) if first else 0,
        staff=len(await people.holders(unit, Role.STAFF, city=wanted.city)),
        staff_needed=unit.policy.booking.staff,
    )


async def name_city(unit: Unit, code: str, names: dict[str, str]) -> None:
    """Give a city these names; a new one without an English name is called by its code."""
    known = await unit.tx.get(City, code)
    if known is None:
        fallback = {"en": code.replace("-", " ").title()}
        await unit.tx.add_new(City(code=code, names={**fallback, **names}, created_at=unit.now))
    elif names:
        named = {**known.names, **names}
        await unit.tx.change(update(City).where(col(City.code) == code).values(names=named))


async def ask_for_city(unit: Unit, code: str) -> int:
    """Ask everybody who was onboarded without a city where they want to record; gives how many.

    `code` is the city that made this worth asking: nobody is asked twice because of the same one.
    """
    cities = tuple(CityChoice(found.code, found.names) for found in await onboarding.cities(unit))
    without = await unit.tx.all(
        select(Person.telegram_id)
        .where(col(Person.applying), col(Person.onboarded_at).is_not(None))
        .where(col(Person.city).is_(None), col(Person.reachable))
        .order_by(col(Person.id))
    )
    await outbox.cancel(unit, "city", [AskCity])
    asked = 0
    for telegram_id in without:
        asked += await outbox.send(
            unit, telegram_id, AskCity(cities), about=f"city:{code}", topic="city", lane=Lane.BROADCAST
        )
    return asked


async def set_rooms(unit: Unit, studio: Studio, count: int) -> None:
    """Let the studio have the rooms 1 to `count`, opening those that were closed."""
    await unit.tx.add_new(*(Room(studio_id=studio.id, number=number) for number in range(1, count + 1)))
    own = col(Room.studio_id) == studio.id
    await unit.tx.change(update(Room).where(own, col(Room.number) <= count).values(closed_at=None))
    gone = update(Room).where(own, col(Room.number) > count, col(Room.closed_at).is_(None))
    await unit.tx.change(gone.values(closed_at=unit.now))
