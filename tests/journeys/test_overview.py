"""`/pending` and `/stats` over the real bot, in both languages."""

import re
from datetime import UTC, datetime

from storage.tables import InboxRow
from tests.stage import Stage


async def test_nothing_waits_and_then_something(stage: Stage) -> None:
    """The same message shows what came up since, when it is asked to look again."""
    olga = await stage.owner()
    await olga.says("/pending")
    await olga.hears("✅ Nothing needs a human")
    async with stage.app.units.writing("trouble") as unit:
        row = InboxRow(
            update_id=7, raw={}, state="failed", error="ValueError('<x>')", received_at=datetime.now(UTC)
        )
        await unit.tx.add(row)
    await olga.presses("pending")
    heard = await olga.hears("1 message or press could not be handled")
    assert heard.edited
    assert "ValueError('<x>')" in heard.text


async def test_numbers(stage: Stage) -> None:
    """The funnel and the flow lead to each other; people who came are counted."""
    olga = await stage.owner()
    await stage.newcomer("Ann")
    await olga.says("/stats")
    funnel = await olga.hears("📊")
    assert "1  began\n1  answered every question\n0  sent a sample" in funnel.text
    await olga.presses("stats:delivery")
    flow = await olga.hears("📮")
    assert flow.edited
    assert "Broadcasts: nothing" in flow.text
    await olga.presses("stats:funnel")
    await olga.hears("📊")
    await olga.says("/stats delivery")
    assert not (await olga.hears("📮")).edited
    await olga.presses("stats:pool")
    assert "Nobody is looking for a partner right now." in (await olga.hears("🔎")).text


async def test_in_chinese(stage: Stage) -> None:
    """Every part has its words in the other language too."""
    olga = await stage.owner()
    await olga.says("/language")
    await olga.presses("lang:zh")
    for command, sign in (
        ("/pending", "✅"),
        ("/stats", "📊"),
        ("/stats delivery", "📮"),
        ("/stats pool", "🔎"),
        ("/broadcast", "📣"),
    ):
        await olga.says(command)
        heard = await olga.hears(re.compile(f"^{sign}"))
        words = " ".join([heard.text, *(button.text for button in heard.buttons)])
        assert heard.buttons
        assert re.findall("[a-z]{4,}", words) == [], "nothing is left in English"


async def test_for_coordinators_only(stage: Stage) -> None:
    """Neither the commands nor the buttons tell anything to somebody else."""
    ann = await stage.newcomer("Ann")
    for command in ("/pending", "/stats", "/stats delivery", "/stats pool"):
        await ann.says(command)
        await ann.hears("for coordinators only")
    for data in ("pending", "stats:funnel", "stats:delivery", "stats:pool"):
        assert "for coordinators only" in (await ann.forges(data)).text
