"""Two programs on one real database."""

from collections.abc import AsyncIterator

import pytest

from bot.services.unit import House, Units
from storage.database import Database
from tests.helpers import MovableClock
from tests.races.town import Random, Town

SEEDS = range(3)
"""Orders in which everybody presses."""


@pytest.fixture(params=SEEDS, ids=lambda seed: f"seed {seed}")
def random(request: pytest.FixtureRequest) -> Random:
    """An order of its own."""
    return Random(request.param)


@pytest.fixture
async def town(database: Database, clock: MovableClock, house: House, random: Random) -> AsyncIterator[Town]:
    """Nobody in it yet."""
    other = Database(database.url.render_as_string(hide_password=False))
    yield Town((Units(database, clock, house), Units(other, clock, house)), random)
    await other.close()
