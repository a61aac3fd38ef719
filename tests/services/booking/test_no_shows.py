"""Who did not come: who may say so, when, and what it means for the two."""

import asyncio
from datetime import timedelta

import pytest

from bot.rules.errors import NotYours
from bot.rules.roles import Role
from bot.services import people
from bot.services.booking import my_bookings, no_shows, reminders
from bot.services.booking.bookings import BookingOver
from bot.services.booking.no_shows import BOTH, MissingTooSoon
from bot.services.messages.bookings import Money, PastLine, StrikeLine, Strikes
from bot.services.messages.strikes import (
    Begun,
    MissingNoted,
    PartnerMissed,
    StrikeNoted,
    Who,
    WhoIsMissing,
)
from bot.services.studio import shift_cards
from storage.tables import Shift
from tests.helpers import a_person
from tests.services.scene import ANN, BO, CY, HOUR, MONDAY, OWNER, STRANGER, Scene

BEN, CAT = 31, 32
PAY = Money(10_000, "CNY")


async def _session(scene: Scene) -> int:
    """Ann and Bo's booking of slot 1, which Ben runs and Cat declined; gives its id."""
    booking = await scene.booked(1)
    async with scene.units.writing("the staff") as unit:
        for who, name, state in ((BEN, "Ben", "confirmed"), (CAT, "Cat", "declined")):
            person = await a_person(unit, who, name, applying=False)
            await people.grant(unit, person, Role.STAFF, city="beijing")
            shift = Shift(
                slot_id=1,
                person_id=person.id,
                state=state,
                starts_at=MONDAY,
                ends_at=MONDAY + 3 * HOUR,
                asked_at=unit.now,
            )
            await unit.tx.add(shift)
    for who in (ANN, BO):
        await scene.act(who, reminders.attend, booking)
    return booking


async def _id(scene: Scene, who: int) -> int:
    async with scene.units.reading() as look:
        person = await people.by_telegram_id(look, who)
        assert person is not None
        return person.id


async def test_one_did_not_come(scene: Scene) -> None:
    """A strike for the one, show-up pay for the other, both are told, and both see it in their list."""
    booking = await _session(scene)
    await scene.until(MONDAY)
    view, ann, bo = await scene.view(1), await _id(scene, ANN), await _id(scene, BO)
    assert (await scene.act(BEN, shift_cards.today)).begun == (Begun(booking, view),)
    two = (Who(ann, "Ann"), Who(bo, "Bo"))
    assert await scene.act(BEN, no_shows.ask, booking) == WhoIsMissing(booking, view, two)
    assert await scene.act(BEN, no_shows.ask, booking, bo) == WhoIsMissing(booking, view, two, bo)
    assert await scene.act(BEN, no_shows.note, booking, bo) == MissingNoted(view, ("Bo",))
    assert await scene.last(BO) == StrikeNoted(view, Strikes(1, 2))
    assert await scene.last(ANN) == PartnerMissed(view, "Bo", PAY)
    assert (await scene.state(booking), await scene.strikes(BO)) == ("no_show", ["no_show"])
    assert await scene.ledger() == [(ANN, "show_up", 10_000, "CNY", "no_show")]
    assert (await scene.act(BEN, shift_cards.today)).begun == ()
    mine = {who: await scene.act(who, my_bookings.overview) for who in (ANN, BO)}
    assert mine[ANN].past == (PastLine(view, "no_show", pay=PAY),)
    assert mine[BO].past == (PastLine(view, "no_show", missed=True),)
    assert mine[BO].noted == (StrikeLine(1, "no_show", view, MONDAY, "counts"),)


async def test_neither_came(scene: Scene) -> None:
    """Both have a strike, nobody is paid."""
    booking = await _session(scene)
    scene.clock.now = MONDAY + HOUR
    assert await scene.act(BEN, no_shows.note, booking, BOTH) == MissingNoted(
        await scene.view(1), ("Ann", "Bo")
    )
    assert [await scene.strikes(who) for who in (ANN, BO)] == [["no_show"], ["no_show"]]
    assert await scene.ledger() == []


@pytest.mark.parametrize("who", [ANN, CY, CAT, STRANGER])
async def test_only_who_runs_it_may_say_so(scene: Scene, who: int) -> None:
    """Not the two themselves, not other people, not staff of other sessions."""
    booking = await _session(scene)
    scene.clock.now = MONDAY
    for service, args in ((no_shows.ask, ()), (no_shows.note, (BOTH,))):
        with pytest.raises(NotYours):
            await scene.act(who, service, booking, *args)
    assert await scene.state(booking) == "attending"


async def test_only_people_of_that_session_can_be_missing(scene: Scene) -> None:
    """A forged number is nobody's."""
    booking = await _session(scene)
    scene.clock.now = MONDAY
    with pytest.raises(NotYours):
        await scene.act(BEN, no_shows.note, booking, await _id(scene, CY))


@pytest.mark.parametrize("at", [MONDAY - timedelta(seconds=1), MONDAY + timedelta(days=7)])
async def test_from_the_start_on_for_a_week(scene: Scene, at: object) -> None:
    """Before that nobody can be missing, after it it is too long ago to remember."""
    booking = await _session(scene)
    scene.clock.now = at  # type: ignore[assignment]
    with pytest.raises(MissingTooSoon):
        await scene.act(OWNER, no_shows.ask, booking)


async def test_two_say_so_at_once(scene: Scene) -> None:
    """The first word counts: one no-show, one strike, one pay, and the other is told that it is settled."""
    booking = await _session(scene)
    scene.clock.now = MONDAY
    ann, bo = await _id(scene, ANN), await _id(scene, BO)
    ends = await asyncio.gather(
        scene.act(BEN, no_shows.note, booking, bo),
        scene.act(OWNER, no_shows.note, booking, ann),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == [BookingOver.__name__, MissingNoted.__name__]
    assert sorted([*await scene.strikes(ANN), *await scene.strikes(BO)]) == ["no_show"]
    assert len(await scene.ledger()) == 1
