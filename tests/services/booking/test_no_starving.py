"""Whoever answers is not starved by those who never do: what silence costs the others has a bound."""

from itertools import product

import pytest
from sqlmodel import col, select

from bot.rules.wishes import SILENT
from bot.services.booking import cancelling, holds, wishing
from bot.services.pairing import pairs
from storage.tables import PairMember, Person, Waiting, Wish
from tests.helpers import an_approved
from tests.services.booking.test_wishes import FRIDAY
from tests.services.scene import ANN, CY, DI, EVE, FAY, HOUR, MONDAY, Scene

GUS, HAL = 18, 19
WAITING = ((CY, DI), (EVE, FAY), (GUS, HAL))


async def offered(scene: Scene) -> tuple[int, tuple[int, int]] | None:
    """The offer that is open, and the accounts of the two whom it was made to."""
    rows = await scene.all(select(Waiting).where(Waiting.state == "offered"))
    if not rows:
        return None
    (row,) = rows
    first, second = await scene.all(
        select(Person.telegram_id)
        .join(PairMember, col(PairMember.person_id) == col(Person.id))
        .where(PairMember.pair_id == row.pair_id)
        .order_by(col(Person.telegram_id))
    )
    return row.id, (first, second)


@pytest.mark.parametrize("answers", list(product((True, False), repeat=len(WAITING))))
async def test_silence_costs_at_most_two_holds_a_pair(scene: Scene, answers: tuple[bool, ...]) -> None:
    """Slots become free one after the other; who answers has one after at most two holds for each silent pair.

    In the end every silent pair has left the line, so that it costs nobody anything any more.
    """
    async with scene.units.writing("one more pair") as unit:
        gus = await an_approved(unit, GUS, "Gus", city="beijing")
        hal = await an_approved(unit, HAL, "Hal", city="beijing")
        await pairs.form(unit, gus, hal, "pool")
    for first, _ in WAITING:
        await scene.act(first, wishing.join, "beijing", "any", "any", FRIDAY)
    silent = {pair for pair, answer in zip(WAITING, answers, strict=True) if not answer}
    lapses, served = 0, []
    for number in range(len(WAITING) + SILENT):
        slot = await scene.slot(MONDAY + (24 + 4 * number) * HOUR)
        booking = await scene.booked(slot)
        await scene.act(ANN, cancelling.cancel, booking)
        while (offer := await offered(scene)) is not None:
            waiting_id, pair = offer
            if pair in silent:
                lapses += 1
                await scene.forward(minutes=30)
            else:
                await scene.act(pair[0], holds.take_offer, waiting_id)
                await scene.act(pair[1], holds.take_offer, waiting_id)
                served.append(pair)
                assert lapses <= SILENT * len(silent)
    assert served == [pair for pair in WAITING if pair not in silent], "in the order in which they joined"
    assert lapses == SILENT * len(silent)
    states = await scene.all(select(Wish.state).order_by(col(Wish.id)))
    assert states == ["met" if answer else "lapsed" for answer in answers]
