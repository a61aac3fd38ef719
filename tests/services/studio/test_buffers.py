"""Setting up and cleaning up: kept between sessions by plans and by the database, told to the staff alone."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules.commands import ChangeStudio, parse_studio
from bot.services.messages.shifts import ShiftRequest
from bot.services.messages.slots import SlotsOpened
from bot.services.messages.studios import ConfirmClosing, StudioCard
from bot.services.studio import studio_changes
from bot.services.unit import Units
from storage.database import ConflictError
from storage.tables import Slot
from tests.helpers import MovableClock
from tests.services.planning import ANN, BEN, OWNER, Planning

FIRST = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""
QUARTER = timedelta(minutes=15)


@pytest.fixture
async def free(units: Units, clock: MovableClock) -> Planning:
    """Sessions that need nobody of the staff."""
    return await Planning(units, clock).build(staff=0, needed=0)


async def change(planning: Planning, line: str) -> StudioCard | ConfirmClosing:
    """What Olga is shown for `/studio change …`."""
    wanted = parse_studio(line)
    assert isinstance(wanted, ChangeStudio)
    return await planning.act(OWNER, studio_changes.change, wanted)


async def busy(planning: Planning) -> list[tuple[datetime | None, datetime | None]]:
    """When each slot's room is busy around it, by id."""
    async with planning.units.reading() as look:
        query = select(Slot.busy_from, Slot.busy_until).order_by(col(Slot.id))
        return [tuple(row) for row in await look.tx.all(query)]


async def test_plans_keep_neighbours_apart(free: Planning) -> None:
    """Sessions that touch are fine without buffers; with them, the second is left out and the preview says why."""
    line = "beijing 2026-12-01 09:00,12:00,15:30 3h"
    assert (await free.preview(line)).count == 3
    card = await change(free, "change 1 setup=15m cleanup=15m")
    assert isinstance(card, StudioCard)
    assert (card.studio.setup, card.studio.cleanup, card.close) == (15, 15, 0)
    shown = await free.preview(line)
    assert (shown.count, shown.clashes, shown.tight, shown.gap) == (2, 0, 1, 30)
    await free.opened(line)
    assert await busy(free) == [
        (FIRST - QUARTER, FIRST + timedelta(hours=3) + QUARTER),
        (FIRST + timedelta(hours=6.5) - QUARTER, FIRST + timedelta(hours=9.5) + QUARTER),
    ]


async def test_the_database_refuses_what_is_too_near(free: Planning) -> None:
    """Not only what overlaps the session, but what overlaps the time around it."""
    await change(free, "change 1 setup=15m cleanup=15m")
    await free.opened("beijing 2026-12-01 09:00,13:00 3h")
    begins = FIRST + timedelta(hours=3.25)
    nearer = update(Slot).where(col(Slot.id) == 2)
    nearer = nearer.values(starts_at=begins, ends_at=begins + timedelta(hours=3), busy_from=begins - QUARTER)
    with pytest.raises(ConflictError, match="overlap: slots"):
        async with free.units.writing("nearer") as unit:
            await unit.tx.change(nearer)


async def test_changed_buffers_reach_what_is_planned_as_far_as_they_fit(free: Planning) -> None:
    """What stands too near stays where it is, without them, and is counted; taken away, all is as before."""
    await free.opened("beijing 2026-12-01 09:00,12:00,18:00 3h")
    card = await change(free, "change 1 setup=15m")
    assert isinstance(card, StudioCard)
    assert card.close == 1
    evening = FIRST + timedelta(hours=9)
    assert await busy(free) == [(FIRST - QUARTER, None), (None, None), (evening - QUARTER, None)]
    card = await change(free, "change 1 setup=0")
    assert isinstance(card, StudioCard)
    assert card.close == 0
    assert await busy(free) == [(None, None)] * 3


async def test_only_the_staff_hear_of_setting_up(units: Units, clock: MovableClock) -> None:
    """They are told when it begins; who records is told when the session does."""
    planning = await Planning(units, clock).build(staff=1, needed=1)
    await change(planning, "change 1 setup=15m")
    await planning.opened("beijing 2026-12-01 09:00 3h")
    (request,) = await planning.told(BEN, ShiftRequest)
    assert request.shifts[0].slot.busy_from == FIRST - QUARTER
    assert request.shifts[0].slot.starts_at == FIRST
    assert await planning.told(ANN, SlotsOpened) == []
