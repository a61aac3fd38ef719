"""Waiting for any time of a kind, as people ask for it: choosing which, joining, leaving, coming back."""

from datetime import date, timedelta

from sqlmodel import col, select

from bot.rules import wishes as rules
from bot.rules.errors import DomainError, NotYours
from bot.rules.states import WishState
from bot.services import audit
from bot.services.booking import bookings, free_times, wishes
from bot.services.booking.bookings import Party
from bot.services.booking.waitlist import NotWaiting
from bot.services.messages.people import CityChoice
from bot.services.messages.wishes import AskWish, WishLeft, WishNoted
from bot.services.pairing import pairs
from bot.services.people import Person, name_of
from bot.services.studio import studios
from bot.services.unit import Unit
from storage.tables import Wish


class WishDayOver(DomainError):
    """The day until which they would wait is past, or further off than one can wait."""


async def ask(unit: Unit, person: Person, city: str = "", part: str = "", days: str = "") -> AskWish:
    """The next question on the way to a wish, given what is answered.

    Raises what keeps the pair from booking, `UnknownCity` and `NoStudioYet`.
    """
    party = await bookings.party_of(unit, person)
    cities = await _cities(unit, party)
    if not city and len(cities) == 1:
        city = cities[0].code
    if not city:
        return AskWish("city", cities)
    found = await studios.city(unit, city)
    if not part:
        return AskWish("part", city=city, city_names=found.names)
    if not days:
        return AskWish("days", city=city, city_names=found.names, part=part)
    today = await wishes.today_in(unit, city)
    dates = tuple(today + timedelta(days=span) for span in rules.SPANS)
    return AskWish("until", city=city, city_names=found.names, part=part, days=days, dates=dates)


async def _cities(unit: Unit, party: Party) -> tuple[CityChoice, ...]:
    """Where the two live and a studio stands; every city with one, if that leaves none."""
    standing = await studios.choices(unit)
    home = {one.city for one in party.people}
    return tuple(city for city in standing if city.code in home) or standing


async def join(unit: Unit, person: Person, city: str, part: str, days: str, until: date) -> WishNoted:
    """Let the person's pair wait for any time of this kind; gives what to show.

    Whoever waits for it already keeps the place and gets the new last day. Raises `WishDayOver` and as `ask`.
    """
    party = await bookings.party_of(unit, person)
    await bookings.check_blocks(unit, person, party)
    await studios.city(unit, city)
    today = await wishes.today_in(unit, city)
    if not today <= until <= today + timedelta(days=rules.LONGEST):
        raise WishDayOver
    wish, added = await _noted(unit, party, city, rules.Kind(part, days, until))
    view, position = await wishes.view_of(unit, wish), await wishes.position_of(unit, wish)
    other = party.other(person)
    if added:
        await audit.record(unit, wishes.subject_of(wish), "wish.joined", actor=person.id)
        noted = WishNoted(view, position, name_of(person), you=False)
        await wishes.tell(unit, other, wish, view, noted, "joined")
    free = await free_times.of_kind(unit, party, city, wishes.kind_of(wish))
    return WishNoted(view, position, name_of(other), free=free)


async def _noted(unit: Unit, party: Party, city: str, kind: rules.Kind) -> tuple[Wish, bool]:
    """The pair's open wish of this kind, and whether it is new; either way it ends with the day given now."""
    wish = Wish(
        pair_id=party.pair_id,
        city=city,
        part=kind.part,
        days=kind.days,
        until=kind.until,
        state=WishState.WAITING.value,
        lapses=await wishes.lapses_of(unit, party.pair_id),
        created_at=unit.now,
    )
    added = await unit.tx.add_new(wish)
    same = (Wish.pair_id == party.pair_id, Wish.city == city, Wish.part == kind.part, Wish.days == kind.days)
    wish = await unit.tx.one(select(Wish).where(*same, col(Wish.state).in_(wishes.OPEN)))
    await wishes.open_until(unit, wish, kind.until)
    return wish, bool(added)


async def leave(unit: Unit, person: Person, wish_id: int) -> WishLeft:
    """Wait no longer; gives what to show. Raises `NotYours`, and `NotWaiting` if it has ended already."""
    wish = await _own(unit, person, wish_id)
    party = await bookings.party_of(unit, person)
    if wish.state not in wishes.OPEN or not await wishes.close(unit, wish, by=person):
        raise NotWaiting
    view, other = await wishes.view_of(unit, wish), party.other(person)
    await wishes.tell(unit, other, wish, view, WishLeft(view, name_of(person), you=False), "left")
    return WishLeft(view, name_of(other))


async def again(unit: Unit, person: Person, wish_id: int) -> AskWish:
    """Come back to what one has waited for: only the last day is asked anew. Raises `NotYours` and as `ask`."""
    wish = await _own(unit, person, wish_id)
    return await ask(unit, person, wish.city, wish.part, wish.days)


async def _own(unit: Unit, person: Person, wish_id: int) -> Wish:
    wish = await unit.tx.get(Wish, wish_id)
    if wish is None or not await pairs.is_in(unit, person, wish.pair_id):
        raise NotYours
    return wish
