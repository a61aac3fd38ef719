"""Whom the rounds leave over: told by itself, once, by day, and again days later."""

from datetime import timedelta

from bot.rules.pairing import Reasons
from bot.services import people
from bot.services.messages import Message
from bot.services.messages.partners import Elsewhere, OddOneOut
from bot.services.pairing import matches, pairs, pool, stand_ins
from bot.services.pairing.proposals import Seat, offer
from bot.services.unit import Units
from storage.tables import City
from tests.helpers import NOON, MovableClock, a_slot, a_studio, an_approved, ring, told


async def words(units: Units, who: int = 11) -> list[Message]:
    """What somebody was told of it."""
    return [message for message in await told(units, who) if isinstance(message, OddOneOut)]


async def a_seeker(units: Units, who: int = 11, name: str = "Ann") -> people.Person:
    """Somebody in the pool."""
    async with units.writing(f"{name} joins") as unit:
        await unit.tx.add_new(City(code="beijing", names={"en": "Beijing"}, created_at=unit.now))
        person = await people.by_telegram_id(unit, who) or await an_approved(unit, who, name, city="beijing")
        await pool.join(unit, person)
        return person


async def pass_(units: Units, clock: MovableClock, **span: float) -> None:
    """Let time pass, and what is due be done."""
    clock.forward(**span)
    await ring(units)


async def test_the_only_one_in_the_pool(units: Units, clock: MovableClock) -> None:
    """After an hour, with the reason; again after three days, and so on, but not sooner."""
    ann = await a_seeker(units)
    await pass_(units, clock, minutes=59)
    assert await words(units) == []
    await pass_(units, clock, minutes=1)
    (first,) = await words(units)
    assert isinstance(first, OddOneOut)
    assert (first.why.reason, first.since, first.elsewhere, first.standing_in) == (
        "nobody_waiting",
        NOON,
        (),
        False,
    )
    await pass_(units, clock, days=2, hours=23)
    assert len(await words(units)) == 1
    await pass_(units, clock, hours=1)
    assert len(await words(units)) == 2
    async with units.writing("leave") as unit:
        await pool.leave(unit, ann)
    await pass_(units, clock, days=9)
    assert len(await words(units)) == 2


async def test_leaving_and_coming_back(units: Units, clock: MovableClock) -> None:
    """The hour begins anew; nothing of before rings."""
    ann = await a_seeker(units)
    clock.forward(minutes=50)
    async with units.writing("leave") as unit:
        await pool.leave(unit, ann)
    await a_seeker(units)
    await pass_(units, clock, minutes=30)
    assert await words(units) == []
    await pass_(units, clock, minutes=30)
    assert len(await words(units)) == 1


async def test_nobody_is_woken_up(units: Units, clock: MovableClock) -> None:
    """What would come at night comes in the morning (22:00 to 08:00 by the studio's clock)."""
    async with units.writing("studio") as unit:
        await a_studio(unit)
    clock.forward(hours=9, minutes=30)  # 21:30 in Shanghai
    await a_seeker(units)
    await pass_(units, clock, hours=2)
    assert await words(units) == []
    clock.now = NOON + timedelta(hours=20)  # 08:00 there
    await ring(units)
    assert len(await words(units)) == 1


async def test_who_has_more_to_hear_is_not_told(units: Units, clock: MovableClock) -> None:
    """With a proposal open, or a partner, there is nothing to console about; after the proposal there may be."""
    await a_seeker(units)
    await a_seeker(units, 12, "Bo")
    await pass_(units, clock, seconds=3)
    from_pool = [message.kind for message in await told(units, 11)]
    assert "OddOneOut" not in from_pool
    async with units.writing("pair") as unit:
        two = [await people.by_telegram_id(unit, who) for who in (11, 12)]
        assert two[0] is not None
        assert two[1] is not None
        await pairs.form(unit, two[0], two[1], "pool")
    await pass_(units, clock, hours=2)
    assert await words(units) == []


async def test_after_a_proposal_that_came_to_nothing(units: Units, clock: MovableClock) -> None:
    """An hour after the look that found it open, not days later."""
    await a_seeker(units)
    async with units.writing("a proposal") as unit:
        ann, bo = await people.by_telegram_id(unit, 11), await an_approved(unit, 12, "Bo", city="beijing")
        assert ann is not None
        seats = (Seat(ann, Reasons(())), Seat(bo, Reasons(())))
        made = await offer(unit, "pool", seats, expires_at=None)
    await pass_(units, clock, hours=1)
    assert await words(units) == []
    async with units.writing("no") as unit:
        await matches.answer(unit, bo, made.id, agree=False)
    await pass_(units, clock, hours=1)
    assert len(await words(units)) == 1


async def test_what_there_is_meanwhile(units: Units, clock: MovableClock) -> None:
    """Other cities by their free times, not one's own, not what is taken or too near; whether one is on the list."""
    async with units.writing("studios") as unit:
        here, there = await a_studio(unit), await a_studio(unit, city="oslo")
        await a_slot(unit, here, NOON + timedelta(days=2))
        await a_slot(unit, there, NOON + timedelta(days=2))
        await a_slot(unit, there, NOON + timedelta(days=3))
        await a_slot(unit, there, NOON + timedelta(days=4), state="taken")
        await a_slot(unit, there, NOON + timedelta(minutes=30))
        names = (await unit.tx.get(City, "oslo")).names  # type: ignore[union-attr]
    ann = await a_seeker(units)
    async with units.writing("list") as unit:
        await stand_ins.toggle(unit, ann)
    await pass_(units, clock, hours=1)
    (first,) = await words(units)
    assert isinstance(first, OddOneOut)
    assert (first.elsewhere, first.standing_in) == ((Elsewhere("oslo", names, 2),), True)
