"""What tests of samples share."""

import pytest

from bot.services.unit import Units
from tests.services.sampling.booth import Booth


@pytest.fixture
async def booth(units: Units) -> Booth:
    """Ann, Ben and Cat, who may send samples, and Olga, who coordinates."""
    return await Booth(units).open()
