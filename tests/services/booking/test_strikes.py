"""Strikes as their person meets them: noted, blocking, over, lifted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.rules.errors import NotYours
from bot.services import people
from bot.services.booking import cancelling, my_bookings, strikes
from bot.services.booking.bookings import BookingBlocked
from bot.services.booking.strikes import StrikeGone
from bot.services.coordinating import lifting, people_story
from bot.services.coordinating.lifting import ReasonTooLong
from bot.services.messages.bookings import StrikeLine, Strikes
from bot.services.messages.stories import AskReason, Head, Lifted
from bot.services.messages.strikes import BlockOver, StrikesLifted
from bot.services.people import Person
from bot.services.unit import Unit
from storage.tables import Strike
from tests.services.scene import ANN, BO, HOUR, MONDAY, OWNER, Scene

ZONE = "Asia/Shanghai"
FIRST, SECOND = MONDAY - 3 * HOUR, MONDAY - 2.5 * HOUR
ENDS = SECOND + timedelta(days=30)


async def _twice_late(scene: Scene) -> None:
    """Ann cancels two sessions late: she is blocked from `SECOND` on."""
    for slot, at in ((1, FIRST), (3, SECOND)):
        booking = await scene.booked(slot)
        scene.clock.now = at
        await scene.act(ANN, cancelling.cancel, booking)


async def _id(scene: Scene, who: int) -> int:
    async with scene.units.reading() as look:
        person = await people.by_telegram_id(look, who)
        assert person is not None
        return person.id


async def _of(unit: Unit, person: Person) -> Strikes:
    return await strikes.of(unit, person)


async def test_the_end_of_a_block_is_told(scene: Scene) -> None:
    """Thirty days later, not before the morning, once; and the person can book again."""
    await _twice_late(scene)
    assert await scene.act(ANN, _of) == Strikes(2, 2, True, ENDS)
    night = datetime(2026, 12, 22, 22, 30, tzinfo=UTC)  # 06:30 in Shanghai
    assert night == ENDS
    await scene.until(ENDS + HOUR)
    assert [m for m in await scene.told(ANN) if isinstance(m, BlockOver)] == []
    await scene.until(ENDS + 2 * HOUR)
    assert [m for m in await scene.told(ANN) if isinstance(m, BlockOver)] == [BlockOver(2)]
    assert [m for m in await scene.told(BO) if isinstance(m, BlockOver)] == []
    await scene.hold(ANN, await scene.slot(ENDS + 48 * HOUR))


async def test_one_strike_ends_nothing(scene: Scene) -> None:
    """There is no block to end, so nothing is promised."""
    booking = await scene.booked(1)
    scene.clock.now = FIRST
    await scene.act(ANN, cancelling.cancel, booking)
    assert await scene.timers(f"person:{await _id(scene, ANN)}") == []


async def test_a_lifted_strike_stays_in_sight_and_counts_no_more(scene: Scene) -> None:
    """The block ends with it, the person is told why, the row says who, and the audit trail too."""
    await _twice_late(scene)
    view = await scene.view(3, "open")
    ann = await _id(scene, ANN)
    head = Head(ann, ANN, "Ann", None, ZONE, blocked=True)
    line = StrikeLine(2, "late_cancel", view, SECOND, "counts")
    assert await scene.act(OWNER, lifting.ask_strike, 2) == AskReason(head, line)
    done = await scene.act(OWNER, lifting.lift, "  Her  train broke down ")
    assert done == Lifted(Head(ann, ANN, "Ann", None, ZONE), 1, "Her train broke down")
    assert await scene.last(ANN) == StrikesLifted(
        1, "Her train broke down", Strikes(1, 2), free=True, zone=ZONE
    )
    row = await scene.one(select(Strike).where(Strike.id == 2))
    lifted = (row.lifted_at, row.lifted_by, row.lift_reason)
    assert lifted == (SECOND, await _id(scene, OWNER), "Her train broke down")
    assert (await scene.moves(f"person:{ann}"))[-1] == "strike.lifted"
    mine = await scene.act(ANN, my_bookings.overview)
    assert [(one.does, one.reason) for one in mine.noted] == [
        ("lifted", "Her train broke down"),
        ("counts", ""),
    ]
    await scene.hold(ANN, await scene.slot(MONDAY + 48 * HOUR))
    await scene.until(ENDS + 3 * HOUR)
    assert [m for m in await scene.told(ANN) if isinstance(m, BlockOver)] == []


async def test_a_block_is_lifted_whole(scene: Scene) -> None:
    """Every strike that it is made of, at once, with one word to the person."""
    await _twice_late(scene)
    with pytest.raises(BookingBlocked):
        await scene.hold(BO, 2)
    ann = await _id(scene, ANN)
    await scene.act(OWNER, lifting.ask_block, ann)
    await scene.act(OWNER, lifting.lift, "A mistake of ours")
    assert await scene.last(ANN) == StrikesLifted(2, "A mistake of ours", Strikes(0, 2), free=True, zone=ZONE)
    assert await scene.act(ANN, _of) == Strikes(0, 2)


async def test_nothing_is_lifted_twice(scene: Scene) -> None:
    """Nor what never was, nor the block of who is not blocked."""
    await _twice_late(scene)
    ann = await _id(scene, ANN)
    await scene.act(OWNER, lifting.ask_strike, 1)
    await scene.act(OWNER, lifting.lift, "Once")
    for service, wrong in ((lifting.ask_strike, 1), (lifting.ask_strike, 99), (lifting.ask_block, ann)):
        with pytest.raises(StrikeGone):
            await scene.act(OWNER, service, wrong)
    with pytest.raises(NotYours):
        await scene.act(OWNER, lifting.ask_block, 999)
    assert len([m for m in await scene.told(ANN) if isinstance(m, StrikesLifted)]) == 1


async def test_a_reason_that_is_too_long_is_asked_for_again(scene: Scene) -> None:
    """Nothing is lifted by it, and the next words count."""
    await _twice_late(scene)
    await scene.act(OWNER, lifting.ask_strike, 1)
    with pytest.raises(ReasonTooLong, match="limit=200, length=201"):
        await scene.act(OWNER, lifting.lift, "x" * 201)
    assert (await scene.act(OWNER, lifting.lift, "x" * 200)).count == 1


async def test_the_story_shows_each_strike_to_the_coordinator(scene: Scene) -> None:
    """With what it does, the latest first."""
    await _twice_late(scene)

    async def story(unit: Unit, _coordinator: Person) -> list[tuple[int, str]]:
        person = await people_story.find(unit, await _id(scene, ANN))
        found = await people_story.noted(unit, person)
        return [(one.strike_id, one.does) for one in found.lines]

    assert await scene.act(OWNER, story) == [(2, "blocks"), (1, "blocks")]
