"""An outbox with a mouth that a test speaks for, on a real database."""

from collections.abc import AsyncIterator

import pytest

from bot.delivery.budget import Budget
from bot.delivery.outbox import Outbox
from bot.rules.policy import TelegramPolicy
from bot.services.unit import Units
from tests.delivery.mouths import Mouth


@pytest.fixture
def mouth() -> Mouth:
    """Delivers at once, unless told otherwise."""
    return Mouth()


@pytest.fixture
async def outbox(units: Units, mouth: Mouth, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbox]:
    """An outbox without budgets and without long pauses, not started yet."""
    monkeypatch.setattr("bot.delivery.outbox.LOOK_EVERY", 0.02)
    monkeypatch.setattr("bot.delivery.outbox.DOUBT_PAUSE", 0.01)
    monkeypatch.setattr("bot.delivery.outbox.OUTAGE_PAUSES", (0.01, 0.02))
    box = Outbox(units, mouth, Budget(TelegramPolicy(per_second=0, per_chat=0, per_group=0)))
    yield box
    mouth.let_go()
    await box.stop()
