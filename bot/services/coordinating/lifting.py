"""Lifting strikes and blocks: a coordinator says why in their own words, and the person is told."""

from typing import Any

from bot.rules.errors import DomainError
from bot.services import people
from bot.services.booking import strikes
from bot.services.coordinating import people_story
from bot.services.messages.stories import AskReason, Lifted
from bot.services.people import Person
from bot.services.unit import Unit

REASON = "lift_reason"
"""What typed words answer while the reason for lifting is asked."""

LONGEST = 200
"""Characters of a reason: it goes into messages."""


class ReasonTooLong(DomainError):
    """The reason is longer than a message wants."""

    limit: int
    length: int


async def ask_strike(unit: Unit, coordinator: Person, strike_id: int) -> AskReason:
    """Ask why one strike is to be lifted; raises `StrikeGone`."""
    row = await strikes.find(unit, strike_id)
    person = await people.by_id(unit, row.person_id)
    shown = await strikes.lines(unit, [(row, "counts")])
    await people.expect(unit, coordinator, REASON, whom=person.id, strike=strike_id)
    return AskReason(await people_story.head(unit, person), shown[0])


async def ask_block(unit: Unit, coordinator: Person, person_id: int) -> AskReason:
    """Ask why somebody's block is to be lifted; raises `StrikeGone` if there is none, and `NotYours`."""
    person = await people_story.find(unit, person_id)
    await strikes.blocking(unit, person)
    await people.expect(unit, coordinator, REASON, whom=person.id)
    return AskReason(await people_story.head(unit, person))


async def lift(unit: Unit, coordinator: Person, reason: str) -> Lifted:
    """Lift what was asked about, for this reason. Raises `ReasonTooLong` (asked still) and `StrikeGone`."""
    reason = " ".join(reason.split())
    if len(reason) > LONGEST:
        raise ReasonTooLong(LONGEST, len(reason))
    asked: dict[str, Any] = coordinator.expecting or {}
    person = await people_story.find(unit, int(asked["whom"]))
    await people.expect(unit, coordinator, None)
    strike = asked.get("strike")
    ids = await strikes.blocking(unit, person) if strike is None else [int(strike)]
    count = await strikes.lift(unit, person, ids, by=coordinator, reason=reason)
    return Lifted(await people_story.head(unit, person), count, reason)
