"""Urgency lanes: their order, what silences all of them, and that none waits for ever."""

from bot.delivery.budget import Budget, Window
from bot.delivery.claim import candidates
from bot.delivery.outbox import FAIR_EVERY, Outbox
from bot.rules.policy import TelegramPolicy
from bot.services.messages import Lane
from bot.services.ports import RetryAfter
from bot.services.unit import Units
from tests.delivery.mouths import Card, Mouth, put, row, settled, states
from tests.delivery.waiting import until

LANES = list(Lane)
NAMES = [lane.name for lane in LANES]


async def one_of_each(units: Units) -> None:
    """One message in each lane, the least urgent queued first, each to somebody else."""
    for lane in reversed(LANES):
        await put(units, 100 + lane, Card(lane.name), lane=lane)


def one_a_turn() -> Budget:
    """Lets one message go in each turn of the outbox."""
    budget = Budget(TelegramPolicy(per_second=0, per_chat=0, per_group=0))
    budget._all = Window(100, 0.01)
    return budget


async def test_the_most_urgent_goes_first(units: Units) -> None:
    """Answers, imminent sessions, reviews, reminders, broadcasts, whenever they were queued."""
    await one_of_each(units)
    async with units.reading() as look:
        assert [one.lane for one in await candidates(look, (), 10)] == LANES
        assert [one.lane for one in await candidates(look, (), 10, broad=False)] == LANES[:-1]


async def test_a_fair_choice_begins_at_the_oldest(units: Units) -> None:
    """Whatever its lane, what was queued first goes, unless its chat is busy."""
    await one_of_each(units)
    async with units.reading() as look:
        assert (await candidates(look, (), 10, fair=True))[0].lane == Lane.BROADCAST
        assert (await candidates(look, {100 + Lane.BROADCAST}, 10, fair=True))[0].lane == Lane.REMINDER


async def test_no_lane_starves(units: Units, mouth: Mouth) -> None:
    """With more answers than may be sent, each other lane's message goes at its fair turn, the oldest first."""
    await one_of_each(units)
    for chat_id in range(1000, 1000 + FAIR_EVERY * len(LANES)):
        await put(units, chat_id, Card("answer"))
    slow = Outbox(units, mouth, one_a_turn())
    await slow.start()
    said = await mouth.has_said(FAIR_EVERY * len(LANES))
    await slow.stop()
    others = [text for text in said if text not in ("answer", "ANSWER")]
    assert others == ["BROADCAST", "REMINDER", "REVIEW", "IMMINENT"]
    assert said.count("answer") >= (FAIR_EVERY - 2) * len(LANES)


async def test_retry_after_silences_every_lane(units: Units, mouth: Mouth) -> None:
    """Not only the call that met it: nothing of any lane is claimed before, and then the most urgent is first."""
    mouth.answers("first", RetryAfter(3600))
    [first] = await put(units, 7, Card("first"))
    budget = one_a_turn()
    outbox = Outbox(units, mouth, budget)
    await outbox.start()
    await until(lambda: budget.wait_all(budget._held_until - 1) > 0.5)
    await one_of_each(units)
    outbox.wake()
    await until(lambda: not outbox._air)
    for _ in range(20):  # it is woken again and again, looks, and lets all of it be
        outbox.wake()
        await until(lambda: not outbox._woken.is_set())
    assert await states(units) == ["queued"] * (1 + len(LANES))
    assert mouth.said == [(7, "first", None)]
    budget._held_until = 0.0
    outbox.wake()
    assert await settled(units) == ["sent"] * (1 + len(LANES))
    assert [text for _, text, _ in mouth.said][1:3] == ["first", "ANSWER"]
    assert (await row(units, first)).attempts == 1
    await outbox.stop()
