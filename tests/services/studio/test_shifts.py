"""Shifts: who of the staff runs which slot, and what opens and closes with that."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.rules.roles import Role
from bot.services import outbox, people
from bot.services.booking import holds
from bot.services.joining import invitations
from bot.services.messages.shifts import ShiftRequest, ShiftWanted, StaffGone, Today
from bot.services.messages.slots import BatchCard, Lack
from bot.services.studio import batches, shift_cards, shifts
from bot.services.studio.shifts import Answers, NotYourShift, SeatsFilled, ShiftOver, ShiftOverlap
from bot.services.unit import Units
from storage.tables import Audit, Shift, Slot
from tests.helpers import MovableClock, deliver
from tests.services.planning import ANN, BEN, BO, CAT, DAN, OWNER, Planning

ONE = "beijing 2026-12-01 09:00 3h"


@pytest.fixture
async def planning(units: Units, clock: MovableClock) -> Planning:
    """Two of the staff, and each session needs both."""
    return await Planning(units, clock).build()


async def say(planning: Planning, who: int, slot_id: int, *, yes: bool) -> Shift:
    """Somebody's answer for a slot."""
    return await planning.act(who, shifts.answer, await planning.shift(who, slot_id), yes=yes)


async def test_a_slot_opens_with_its_last_confirmation(planning: Planning) -> None:
    """One of two is not enough; the coordinator's card follows, and the same answer twice changes nothing."""
    await planning.opened()
    async with planning.units.writing("card") as unit:
        card = await batches.card(unit, 1)
        await outbox.send(unit, OWNER, card, about="batch:1")
    await say(planning, BEN, 1, yes=True)
    await say(planning, BEN, 1, yes=True)
    assert await planning.states() == ["draft"] * 4
    await say(planning, CAT, 1, yes=True)
    assert await planning.states() == ["open", "draft", "draft", "draft"]
    (shown,) = await planning.told(OWNER, BatchCard)
    assert (shown.free, shown.lacks) == (1, (Lack(3, 2),))
    assert await planning.shift_states(BEN) == ["confirmed", "asked", "asked", "asked"]


async def test_the_last_place_has_one_taker(units: Units, clock: MovableClock) -> None:
    """Two who press at once: one runs it, the other is told that it has its people."""
    planning = await Planning(units, clock).build(needed=1)
    await planning.opened(ONE)
    ids = {who: await planning.shift(who, 1) for who in (BEN, CAT)}

    async def press(who: int) -> str:
        try:
            await planning.act(who, shifts.answer, ids[who], yes=True)
        except SeatsFilled:
            return "filled"
        return "runs it"

    assert sorted(await asyncio.gather(press(BEN), press(CAT))) == ["filled", "runs it"]
    assert sorted(await planning.shift_states(BEN) + await planning.shift_states(CAT)) == [
        "asked",
        "confirmed",
    ]
    assert await planning.states() == ["open"]


async def test_nobody_is_in_two_rooms_at_once(units: Units, clock: MovableClock) -> None:
    """The other room at the same time is refused, with the session that stands in the way."""
    planning = await Planning(units, clock).build(staff=1, needed=1, rooms=2)
    await planning.opened(ONE)
    first = await say(planning, BEN, 1, yes=True)
    with pytest.raises(ShiftOverlap) as caught:
        await say(planning, BEN, 2, yes=True)
    assert caught.value == ShiftOverlap(first.starts_at, first.ends_at, "Asia/Shanghai")
    assert await planning.states() == ["open", "draft"]
    await say(planning, BEN, 1, yes=False)
    await say(planning, BEN, 2, yes=True)
    assert await planning.states() == ["draft", "open"]


async def test_a_whole_card_is_answered_at_once(units: Units, clock: MovableClock) -> None:
    """As many as do not overlap, the earliest first; what is impossible stays open and is counted."""
    planning = await Planning(units, clock).build(staff=2, needed=1, rooms=2)
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    assert await planning.act(BEN, shifts.answer_card, 1, 1, yes=True) == Answers(2, 0, 2)
    assert await planning.shift_states(BEN) == ["confirmed", "asked", "confirmed", "asked"]
    assert await planning.act(CAT, shifts.answer_card, 1, 1, yes=False) == Answers(0, 4, 0)
    with pytest.raises(NotYourShift):
        await planning.act(OWNER, shifts.answer_card, 1, 1, yes=True)


async def test_who_drops_out_of_a_free_slot_closes_it(units: Units, clock: MovableClock) -> None:
    """It is a draft again, and the others are asked; who said no is left alone, nobody is alarmed."""
    planning = await Planning(units, clock).build(staff=3, needed=1)
    await planning.opened(ONE)
    await say(planning, DAN, 1, yes=False)
    await say(planning, BEN, 1, yes=True)
    await say(planning, BEN, 1, yes=False)
    assert await planning.states() == ["draft"]
    (wanted,) = await planning.told(CAT, ShiftWanted)
    assert (wanted.shift.slot.slot_id, wanted.shift.state, wanted.fresh) == (1, "asked", True)
    assert await planning.told(DAN, ShiftWanted) == []
    assert await planning.told(OWNER, StaffGone) == []
    await say(planning, CAT, 1, yes=True)
    assert await planning.states() == ["open"]


async def test_who_drops_out_of_a_booked_session_is_replaced(units: Units, clock: MovableClock) -> None:
    """It stays with its pair; coordinators are told, and everybody else is asked, whatever they said before."""
    planning = await Planning(units, clock).build(staff=3, needed=1)
    await planning.opened(ONE)
    await say(planning, DAN, 1, yes=False)
    await say(planning, BEN, 1, yes=True)
    await planning.act(ANN, holds.book, 1, None)
    await planning.act(BO, holds.agree, 1)
    await say(planning, BEN, 1, yes=False)
    assert await planning.states() == ["taken"]
    (alarm,) = await planning.told(OWNER, StaffGone)
    assert (alarm.person, alarm.confirmed, alarm.needed, alarm.asked) == ("Ben", 0, 1, 2)
    assert alarm.slot.slot_id == 1
    for who in (CAT, DAN):
        assert len(await planning.told(who, ShiftWanted)) == 1
    await say(planning, DAN, 1, yes=True)
    assert await planning.shift_states(DAN) == ["confirmed"]
    assert await planning.states() == ["taken"]


async def test_one_more_than_needed_closes_nothing(planning: Planning) -> None:
    """After the need was lowered, one of two may go."""
    await planning.opened(ONE)
    for who in (BEN, CAT):
        await say(planning, who, 1, yes=True)
    async with planning.units.writing("lower") as unit:
        await unit.tx.change(update(Slot).values(staff_needed=1))
    await say(planning, BEN, 1, yes=False)
    assert await planning.states() == ["open"]
    assert await planning.told(CAT, ShiftWanted) == []


async def test_the_others_see_when_nobody_else_is_needed(units: Units, clock: MovableClock) -> None:
    """Their card is edited when the places are filled, and again when one is free."""
    planning = await Planning(units, clock).build(needed=1)
    await planning.opened(ONE)
    await deliver(units)
    await say(planning, BEN, 1, yes=True)
    (*_, card) = await planning.told(CAT, ShiftRequest)
    assert card.shifts[0].full
    with pytest.raises(SeatsFilled):
        await say(planning, CAT, 1, yes=True)
    await say(planning, BEN, 1, yes=False)
    (*_, card) = await planning.told(CAT, ShiftRequest)
    assert not card.shifts[0].full


async def test_only_ones_own_shifts_can_be_answered(planning: Planning) -> None:
    """Forged ids, other people's shifts, sessions that have begun or were called off."""
    await planning.opened()
    theirs = await planning.shift(BEN, 1)
    for shift_id in (theirs, 999):
        with pytest.raises(NotYourShift):
            await planning.act(CAT, shifts.answer, shift_id, yes=True)
    planning.clock.now = planning.clock.now + timedelta(days=11)
    with pytest.raises(ShiftOver) as caught:
        await planning.act(BEN, shifts.answer, theirs, yes=True)
    assert caught.value == ShiftOver("running")
    await planning.act(OWNER, batches.take_back, 1)
    with pytest.raises(ShiftOver) as caught:
        await say(planning, BEN, 4, yes=True)
    assert caught.value == ShiftOver("cancelled")
    assert await planning.shift_states(BEN) == ["asked"] * 4


async def test_newcomers_are_asked_for_what_lacks_people(units: Units, clock: MovableClock) -> None:
    """By the link that makes them staff, and only for that city's slots that still wait."""
    planning = await Planning(units, clock).build(staff=1, needed=1)
    await planning.opened("beijing 2026-12-01 09:00,14:00 3h")
    await say(planning, BEN, 1, yes=True)
    async with units.writing("join") as unit:
        olga = await people.arrive(unit, people.Visitor(OWNER, "Olga"))
        token = await invitations.create(unit, olga, Role.STAFF, city="beijing")
        eve = await people.arrive(unit, people.Visitor(30, "Eve"))
        await invitations.accept_role(unit, eve, await invitations.find(unit, token))
    (request,) = await planning.told(30, ShiftRequest)
    assert [view.slot.slot_id for view in request.shifts] == [2]


async def test_a_long_plan_is_asked_for_in_cards(planning: Planning) -> None:
    """Days stay together, and no card has more than eight."""
    await planning.opened("beijing 2026-12-01..2026-12-05 09:00,14:00,18:00 3h")
    cards = await planning.told(BEN, ShiftRequest)
    assert [(card.card, len(card.shifts)) for card in cards] == [(1, 6), (2, 6), (3, 3)]


async def test_today_lists_what_to_answer_and_what_is_confirmed(planning: Planning) -> None:
    """Not what was declined, is over, or has its people."""
    await planning.opened()
    await say(planning, BEN, 1, yes=True)
    await say(planning, BEN, 2, yes=False)
    async with planning.units.reading() as look:
        ben = await people.by_telegram_id(look, BEN)
        assert ben is not None
        shown = await shift_cards.today(look, ben)
    assert [view.slot.slot_id for view in shown.confirmed] == [1]
    assert [view.slot.slot_id for view in shown.to_answer] == [3, 4]
    planning.clock.forward(days=30)
    async with planning.units.reading() as look:
        assert await shift_cards.today(look, ben) == Today((), ())


async def test_every_answer_is_in_the_audit_trail(units: Units, clock: MovableClock) -> None:
    """Who confirmed what, and that the slot opened."""
    planning = await Planning(units, clock).build(needed=1)
    await planning.opened(ONE)
    await say(planning, BEN, 1, yes=True)
    async with units.reading() as look:
        ben = await people.by_telegram_id(look, BEN)
        rows = await look.tx.all(
            select(Audit).where(col(Audit.subject).in_(["shift:1", "slot:1"])).order_by(col(Audit.id))
        )
    assert ben is not None
    assert [(row.event, row.actor_id) for row in rows] == [("shift.confirmed", ben.id), ("slot.open", None)]
