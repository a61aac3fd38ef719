"""`/stats delivery` and the meter in a real play: what happens to people moves the numbers that coordinators see."""

from typing import Any

import pytest
from sqlmodel import func, select

from storage.tables import InboxRow, Job, OutboxRow
from tests.journeys.trouble import settle
from tests.stage import Stage


async def test_every_number_moves(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429, a hidden answer and a check: each is on the card, and the meter agrees with the rows."""
    monkeypatch.setattr("bot.delivery.outbox.DOUBT_PAUSE", 0.05)
    olga, ann = await stage.owner(), await stage.newcomer("Ann")
    await stage.client.fault("retry_after", "sendMessage", chat_id=ann.id, seconds=1)
    await ann.says("/help")
    await settle(stage)
    await stage.client.fault("drop_after", "sendMessage", chat_id=ann.id)
    await ann.says("/help")
    await settle(stage)
    await stage.sample(ann)
    await settle(stage)
    await stage.forward(hours=3)
    await olga.says("/stats delivery")
    card = (await olga.hears("📮")).text
    assert "Open whether they arrived: Help 1" in card
    assert "🎧 Checks of 24 hours: 1, usually" in card
    assert "⏱ Since the start, 3 h" in card
    assert "Telegram asked for silence (429): 1" in card
    assert "Sent again: 2" in card
    await settle(stage)
    await agrees(stage)


async def test_counts_anew_after_a_start_and_says_so(stage: Stage) -> None:
    """What rows know stays; what only the program knew begins with its start, which the card tells."""
    ann = await stage.newcomer("Ann")
    olga = await stage.owner()
    await stage.client.fault("retry_after", "sendMessage", chat_id=ann.id, seconds=1)
    await ann.says("/help")
    await settle(stage)
    assert stage.app.meter.pulse().held == 1
    sent = await count(stage, OutboxRow, OutboxRow.state == "sent")
    await stage.lower_curtain()
    await stage.raise_curtain()
    await olga.says("/stats delivery")
    card = (await olga.hears("📮")).text
    assert f"Answers: {sent} sent" in card
    assert "(429): 0" in card


async def agrees(stage: Stage) -> None:
    """What was counted is what the rows tell."""
    sample = stage.app.meter.registry.get_sample_value
    done = await count(stage, InboxRow, InboxRow.state == "done")
    assert sample("duologue_updates_total", {"ending": "done"}) == done
    assert sample("duologue_update_seconds_count") == done
    checks = await count(stage, Job, Job.kind == "check_sample", Job.state == "done")
    labels = {"kind": "check_sample", "ending": "done"}
    assert sample("duologue_job_seconds_count", labels) == checks == 1
    answers = await count(stage, OutboxRow, OutboxRow.state == "sent", OutboxRow.lane == 0)
    assert sample("duologue_messages_total", {"lane": "answer", "ending": "sent"}) == answers
    text = await stage.app.meter.text(stage.app.units)
    assert 'duologue_messages_uncertain_total{kind="Help"} 1.0' in text
    assert 'duologue_messages_waiting{lane="answer"} 0.0' in text


async def count(stage: Stage, table: Any, *conditions: Any) -> int:
    """So many rows."""
    async with stage.app.units.reading() as look:
        return int(await look.tx.one(select(func.count()).select_from(table).where(*conditions)))
