"""Reminders from their rows to people's chats: the nearest session first, within the limits, each once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.delivery.budget import Budget
from bot.delivery.clock import Clock
from bot.delivery.outbox import Outbox
from bot.rules.policy import TelegramPolicy
from bot.services.booking import cancelling
from bot.services.due import RINGS
from bot.services.messages.bookings import Reminder
from bot.services.ports import NotSent, Outcome, Outgoing, Sent
from bot.services.unit import Units, Wake
from storage.tables import OutboxRow
from tests import crowd
from tests.delivery.waiting import until
from tests.helpers import NOON, MovableClock
from tests.services.scene import ANN, BO, CY, DI, HOUR, MONDAY, Scene

OFFSETS = (timedelta(hours=24), timedelta(hours=2), timedelta(minutes=30))


@dataclass
class Chats:
    """Takes down the reminders that arrive: when, in which chat, which; the first of each chat may be held back."""

    arrived: list[tuple[float, int, Reminder]] = field(default_factory=list)
    fails: set[int] = field(default_factory=set)
    """Chats whose next reminder does not arrive."""

    def __post_init__(self) -> None:
        """Nothing is held back."""
        self.begun: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """The port."""
        if isinstance(outgoing.message, Reminder):
            at = asyncio.get_running_loop().time()
            self.begun.append(outgoing.chat_id)
            await self.gate.wait()
            if outgoing.chat_id in self.fails:
                self.fails.discard(outgoing.chat_id)
                return NotSent("no connection")
            self.arrived.append((at, outgoing.chat_id, outgoing.message))
        return Sent(1)

    def starts(self) -> list[datetime]:
        """The start of the session that each arrived reminder is about, in order."""
        return [reminder.slot.starts_at for _, _, reminder in self.arrived]

    def counted(self) -> Counter[tuple[int, bool, bool]]:
        """How often each chat got which reminder."""
        return Counter((chat, reminder.asks, reminder.last) for _, chat, reminder in self.arrived)


@pytest.fixture
def chats() -> Chats:
    """Everything arrives."""
    return Chats()


@pytest.fixture
async def scene(units: Units, clock: MovableClock) -> Scene:
    """Three pairs and four slots on Monday."""
    return await Scene(units, clock).build()


@asynccontextmanager
async def sending(units: Units, chats: Chats, *, ticks: bool = True, **limits: float) -> AsyncIterator[Clock]:
    """An outbox at work, and beside it a clock that ticks, or that the test itself lets look."""
    policy = TelegramPolicy(**{"per_second": 0, "per_chat": 0, "per_group": 0, **limits})  # type: ignore[arg-type]
    outbox = Outbox(units, chats, Budget(policy))
    clock = Clock(units, RINGS, sweep=0.05)

    def wake(wake: Wake) -> None:
        if Wake.OUTBOX in wake:
            outbox.wake()
        if ticks and Wake.TIMERS in wake:
            clock.wake()

    units.wake = wake
    await outbox.start()
    if ticks:
        await clock.start()
    try:
        yield clock
    finally:
        chats.gate.set()
        if ticks:
            await clock.stop()
        await outbox.stop()


async def nothing_waits(units: Units) -> None:
    """Wait until what may go has gone."""
    waits = select(OutboxRow.id).where(col(OutboxRow.state).in_(("queued", "sending")))
    async with asyncio.timeout(5):
        while True:
            async with units.reading() as look:
                if not await look.tx.all(waits.where(col(OutboxRow.not_before).is_(None))):
                    return
            await asyncio.sleep(0.005)


async def test_the_nearest_session_first_at_the_permitted_rate(
    units: Units, clock: MovableClock, chats: Chats
) -> None:
    """Hundreds due within one minute, in any order: those who must leave the house first hear first."""
    starts = [NOON + timedelta(seconds=number) + OFFSETS[number % 3] for number in range(60)] * 2
    random.Random(7).shuffle(starts)
    clock.forward(hours=-1)
    sessions = await crowd.confirmed(units, starts)
    clock.forward(hours=1, minutes=1)
    async with sending(units, chats, per_second=150, per_chat=1, burst=5):
        await until(lambda: len(chats.arrived) >= 240, timeout=30)
        await asyncio.sleep(0.05)
    assert chats.starts() == sorted(chats.starts())
    heard = Counter((chat, reminder.booking_id) for _, chat, reminder in chats.arrived)
    assert heard == Counter((chat, one.booking_id) for one in sessions for chat in one.people)
    times = [at for at, _, _ in chats.arrived]
    spans = [later - sooner for sooner, later in zip(times, times[150:], strict=False)]
    assert min(spans) > 0.9, "more than the permitted ones within a second"


async def test_a_nearer_session_overtakes_those_that_wait(
    units: Units, clock: MovableClock, chats: Chats
) -> None:
    """A reminder that becomes due while others wait for their turn goes before those about later sessions."""
    clock.forward(hours=-1)
    nearest = NOON + timedelta(minutes=30, seconds=30)
    await crowd.confirmed(units, [NOON + timedelta(hours=24, seconds=n) for n in range(30)] + [nearest])
    clock.forward(hours=1, seconds=29)
    async with sending(units, chats, per_second=20):
        await until(lambda: len(chats.arrived) >= 5)
        clock.forward(seconds=2)
        await until(lambda: len(chats.arrived) >= 62, timeout=30)
    place = chats.starts().index(nearest)
    assert 5 <= place < 50
    assert chats.starts()[place : place + 2] == [nearest] * 2


@pytest.mark.parametrize("in_the_air", [False, True], ids=["queued", "in-the-air"])
async def test_cancelled_between_ring_and_sending(
    scene: Scene, units: Units, chats: Chats, *, in_the_air: bool
) -> None:
    """What was rung but did not arrive yet is not sent any more; other bookings' reminders are."""
    booking = await scene.booked(1)
    await scene.booked(2, CY, DI)
    if in_the_air:
        chats.gate.clear()
        chats.fails = {ANN, BO}
        async with sending(units, chats):
            scene.clock.now = MONDAY - 24 * HOUR
            await until(lambda: {ANN, BO} <= set(chats.begun))
            await scene.act(ANN, cancelling.cancel, booking)
            chats.gate.set()
            await until(lambda: len(chats.arrived) >= 2)
            await asyncio.sleep(0.6)  # longer than the pause after a call that did not go out
    else:
        await scene.until(MONDAY - 24 * HOUR)
        await scene.act(ANN, cancelling.cancel, booking)
        async with sending(units, chats):
            await until(lambda: len(chats.arrived) >= 2)
            await asyncio.sleep(0.1)
    assert {chat for _, chat, _ in chats.arrived} == {CY, DI}


async def test_a_clock_that_jumps_an_hour_and_back(scene: Scene, units: Units, chats: Chats) -> None:
    """Wherever it jumps on its way to the session, each of both gets each reminder once."""
    await scene.booked(1)
    chance = random.Random(3)
    async with sending(units, chats, ticks=False) as jumpy:
        true = scene.clock.now
        while true < MONDAY:
            true += timedelta(minutes=20)
            for jump in (0, *chance.choices((-60, 0, 60), k=2), 0):
                scene.clock.now = true + timedelta(minutes=jump)
                await jumpy.run_due()
                await nothing_waits(units)
    parts = ((True, False), (False, False), (False, True))
    assert chats.counted() == Counter((who, *part) for who in (ANN, BO) for part in parts)
