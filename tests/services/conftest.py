"""What tests of the services share."""

import pytest

from bot.services.unit import Units
from tests.helpers import MovableClock
from tests.services.scene import Scene


@pytest.fixture
async def scene(units: Units, clock: MovableClock) -> Scene:
    """A studio, four slots on Monday, three pairs and the owner."""
    return await Scene(units, clock).build()
