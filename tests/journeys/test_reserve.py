"""In reserve for a day, through the chat: asked first when a session is freed late, in both languages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.helpers import a_slot, a_studio
from tests.stage import Stage

POLICY = '[booking]\nreserve = 2\nstaff = 0\n[reminders]\nquiet = ""\n'
START = (datetime.now(UTC) + timedelta(hours=20)).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncIterator[Stage]:
    """A bot whose policy wants two pairs in reserve."""
    async with Stage(tmp_path, database_url, POLICY) as stage:
        yield stage


async def test_the_reserve_is_asked_first(stage: Stage) -> None:
    """From the button under the free times to the session; who waits for it is asked only after them."""
    async with stage.app.units.writing("studio") as unit:
        await a_slot(unit, await a_studio(unit), START)
    cast = [
        await stage.approved(name, language, city="beijing", speaks=["zh", "en"])
        for name, language in (("Ann", "en"), ("Bo", "en"), ("Cy", "en"), ("Di", "zh"))
    ]
    ann, bo, cy, di = cast
    for one, other in (cast[:2], cast[2:]):
        await stage.pair(one, other)
    await ann.says("/slots")
    await ann.presses(await ann.sees_button("book:1"))
    await bo.presses(await bo.sees_button("hold:1:yes"))
    await ann.hears("confirmed")

    await cy.says("/slots")
    await cy.presses(await cy.sees_button("reserve:days"))
    await cy.hears("the first to be asked when a session in Beijing becomes free")
    day = START.astimezone(ZoneInfo("Asia/Shanghai")).date()
    await cy.presses(await cy.sees_button(f"reserve:beijing:{day.isoformat()}"))
    await cy.hears("You and Di are in reserve")
    assert "待命" in (await di.hears("Cy给你们俩报名了待命")).text
    await di.says("/bookings")
    await di.hears("🙋 待命")
    await di.sees_button("reserve:leave:1")

    await ann.presses("cancel:1")
    await ann.presses(await ann.sees_button("cancel:1:all"))
    await cy.hears("You are in reserve, and a time has become free")
    await di.hears("你们在待命，刚好空出一场")
    await di.presses(await di.sees_button("offer:1:yes"))
    await cy.presses(await cy.sees_button("hold:2:yes"))
    await cy.hears("confirmed")
    await cy.says("/bookings")
    assert "reserve" not in (await cy.hears("with Di")).text.lower()
