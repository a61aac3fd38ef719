"""Somebody floods the bot: one polite answer for them, and for everybody else nothing that they would notice."""

import time
from typing import Any

from handlers.telegram.ears import SLOW_DOWN_EVERY
from tests.journeys.trouble import rows, settle
from tests.stage import Stage

MESSAGES = 1000
OTHERS = 10
SLOW_DOWN = "I left part of it unread"


async def test_a_flood_of_a_thousand(stage: Stage) -> None:
    """What was read is answered, the rest is kept unread and said so once; the others come in between."""
    await past_the_change(stage)
    flooder = await stage.approved("Flo")
    others = [await stage.approved(f"Person {number}") for number in range(OTHERS)]
    flood: list[dict[str, Any]] = [{"person": flooder.id, "text": "/help"}] * (MESSAGES // 2)
    asked = [{"person": other.id, "text": "/status"} for other in others]
    await stage.client.batch([*flood, *asked, *flood])
    await settle(stage)
    for other in others:
        assert len(await other.heard()) == 1
    heard = [message.text for message in await flooder.heard()]
    taken = dict(rows(stage, f"SELECT state, count(*) FROM inbox WHERE sender = {flooder.id} GROUP BY state"))
    assert sum(SLOW_DOWN in text for text in heard) == 1
    assert taken["unread"] > 0
    assert taken == {"done": len(heard) - 1, "unread": MESSAGES - len(heard) + 1}
    assert max([overtaken(stage, flooder.id, other.id) for other in others]) <= 3


async def past_the_change(stage: Stage) -> None:
    """Go to the middle of a stretch in which one polite answer is given."""
    every = SLOW_DOWN_EVERY.total_seconds()
    await stage.forward(seconds=1.5 * every - time.time() % every)


def overtaken(stage: Stage, flooder: int, other: int) -> int:
    """How many of the flooder's messages were handled between the arrival of the other's and its end."""
    query = f"""SELECT count(*) FROM inbox f JOIN inbox o ON o.sender = {other}
        WHERE f.sender = {flooder} AND f.state = 'done' AND f.done_at > o.received_at AND f.done_at < o.done_at"""
    [(count,)] = rows(stage, query)
    return int(count)
