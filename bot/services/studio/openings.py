"""What is ahead in each city, by day: free, taken, lacking staff."""

from collections import Counter, defaultdict
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select as columns
from sqlmodel import col

from bot.rules.states import SlotState
from bot.services.joining import onboarding
from bot.services.messages.slots import CityOpenings, Openings, OpeningsDay
from bot.services.studio import announcements, batch_cards
from bot.services.unit import Unit
from storage.tables import Room, Slot, Studio

DAYS = 14
"""Days of a city that are listed; the further ones are only counted."""


async def openings(unit: Unit) -> Openings:
    """Everything ahead in every city that has a studio or something ahead; free cities too."""
    ahead = (SlotState.OPEN, SlotState.TAKEN, SlotState.DRAFT)
    rows = await unit.tx.all(
        columns(col(Studio.city), col(Studio.zone), col(Slot.starts_at), col(Slot.state))
        .join(Room, col(Room.id) == col(Slot.room_id))
        .join(Studio, col(Studio.id) == col(Room.studio_id))
        .where(col(Slot.starts_at) > unit.now, col(Slot.state).in_(ahead))
        .order_by(col(Slot.starts_at))
    )
    by_city: defaultdict[str, defaultdict[date, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for city, zone, starts_at, state in rows:
        by_city[city][starts_at.astimezone(ZoneInfo(zone)).date()][state] += 1
    found = []
    for city in await onboarding.cities(unit):
        days = by_city[city.code]
        listed = tuple(_day(day, days[day]) for day in sorted(days)[:DAYS])
        found.append(
            CityOpenings(
                city.code,
                city.names,
                listed,
                max(0, len(days) - DAYS),
                await batch_cards.zone_of_city(unit, city.code),
                await announcements.of_city(unit, city.code),
            )
        )
    return Openings(tuple(found))


def _day(day: date, states: Counter[str]) -> OpeningsDay:
    return OpeningsDay(
        day=day,
        free=states[SlotState.OPEN],
        taken=states[SlotState.TAKEN],
        lacking=states[SlotState.DRAFT],
    )
